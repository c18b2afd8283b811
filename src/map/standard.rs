//! The maps and the alias database of a configuration, over this machine's resolver and users.

use std::sync::Arc;

use super::program::RunDirectly;
use super::{MapEnv, MapSet, Problem, safe};
use crate::alias::database::{AliasDb, Understand};
use crate::alias::source;
use crate::cf::{Config, MapDef};
use crate::dns::{Resolver, SystemResolver};
use crate::user::Users;

/// What says things about maps to people.
pub type Notice = Arc<dyn Fn(&str) + Send + Sync>;

/// The environment that the maps of `config` get. Programs run as the default user when this process is root's.
pub fn environment(config: &Config, resolver: &Arc<SystemResolver>, users: Arc<dyn Users>, notice: Notice) -> MapEnv {
    let mut env = MapEnv::new(Arc::clone(resolver) as Arc<dyn Resolver>, users);
    let switch = Arc::clone(resolver);
    env.switch = Arc::new(move |service| switch.switch(service));
    let own = config.classes.get("w").cloned().unwrap_or_default();
    env.is_own_name = Arc::new(move |name| own.contains(name));
    let user = &config.options.default_user;
    if nix::unistd::geteuid().is_root() {
        env.run = Arc::new(RunDirectly { user: Some((user.uid.unwrap_or(1), user.gid.unwrap_or(1))) });
    }
    env.notice = notice;
    let (blame, trusted) = (config.options.dont_blame_sendmail, config.options.trusted_user.uid);
    env.unsafe_file = Arc::new(move |path| safe::unsafe_path(path, blame, trusted));
    env
}

/// The maps of `config`: its `K` lines, `host`, and the alias sources under the names `Alias0`..., `aliases.files` and `aliases`.
pub fn maps(config: &Config, env: MapEnv) -> (MapSet, Vec<Problem>) {
    let define = |name: String, class: &str, args: Vec<u8>| MapDef {
        name,
        class: class.to_owned(),
        args,
        file: String::new(),
        line: 0,
    };
    let mut definitions = Vec::new();
    let mut members = Vec::new();
    for source in config.options.alias_file.0.iter().flat_map(|value| source::parse(value)) {
        if source.is_known() {
            let name = format!("Alias{}", members.len());
            definitions.push(define(name.clone(), &source.class, source.args));
            members.push(name);
        }
    }
    definitions.push(define("aliases.files".into(), "sequence", members.join(" ").into_bytes()));
    definitions.push(define("aliases".into(), "switch", b"aliases".to_vec()));
    definitions.extend(config.maps.iter().cloned());
    MapSet::open(&definitions, env)
}

/// The alias database of `config`. `understand` reads names in sources that are text.
pub fn aliases(config: &Config, env: MapEnv, understand: Box<Understand>) -> (AliasDb, Vec<Problem>) {
    let values: Vec<&[u8]> = config.options.alias_file.0.iter().map(Vec::as_slice).collect();
    AliasDb::open(&values, env, understand)
}
