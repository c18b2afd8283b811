//! The services that every process and mode builds alike from the configuration: resolver, maps, aliases, users.

use crate::alias::Aliases;
use crate::alias::database::{AliasDb, Understand};
use crate::alias::rebuild::Name;
use crate::cf::Config;
use crate::dns::{Resolver, Settings, SystemResolver};
use crate::map::{MapEnv, MapSet, standard};
use crate::rewrite::service::Maps;
use crate::rewrite::{self, Kind, Scope};
use crate::smtp::server::facts::set_compressed;
use crate::user::{Passwd, Users};
use std::sync::Arc;

/// The services that need nobody else's rights.
#[derive(Clone)]
pub struct Base {
    /// Host names and addresses.
    pub resolver: Arc<dyn Resolver>,
    /// The maps of the `K` lines.
    pub maps: Arc<dyn Maps>,
    /// The alias database.
    pub aliases: Arc<dyn Aliases>,
    /// The password file.
    pub users: Arc<dyn Users>,
}

impl Base {
    /// Opens what the configuration names; maps and aliases that cannot be opened are logged and answer so.
    pub fn open(config: &Arc<Config>) -> Base {
        set_compressed(config.options.use_compressed_ipv6_addresses);
        let resolver = resolver(config);
        let env = map_env(config, resolver.clone());
        let (maps, problems) = MapSet::open(&config.maps, env.clone());
        let maps: Arc<dyn Maps> = Arc::new(maps);
        let sources: Vec<&[u8]> = config.options.alias_file.0.iter().map(Vec::as_slice).collect();
        let (aliases, more) = AliasDb::open(&sources, env, understand(config.clone(), maps.clone()));
        for problem in problems.iter().chain(&more) {
            crate::log::process_notice(&problem.text);
        }
        Base { resolver, maps, aliases: Arc::new(aliases), users: Arc::new(Passwd) }
    }
}

/// The resolver that the configuration describes.
pub fn resolver(config: &Config) -> Arc<SystemResolver> {
    Arc::new(SystemResolver::new(Settings::from_config(config)))
}

/// What maps need from here: messages go to the log.
pub fn map_env(config: &Arc<Config>, resolver: Arc<SystemResolver>) -> MapEnv {
    let watched = config.options.verbose;
    let told = std::sync::Mutex::new(std::collections::HashSet::new());
    let notice = move |text: &str| match text.ends_with(crate::map::host::LATE) {
        false => crate::log::process_notice(text),
        // A name is looked up more than once; that it is late is told once.
        true if watched && told.lock().is_ok_and(|mut told| told.insert(text.to_owned())) => {
            crate::deliver::transport::tell(text.as_bytes());
        }
        true => {}
    };
    standard::environment(config, &resolver, Arc::new(Passwd), Arc::new(notice))
}

/// The left-hand sides of aliases, understood by rule sets as recipients are.
pub fn understand(config: Arc<Config>, maps: Arc<dyn Maps>) -> Box<Understand> {
    Box::new(move |name: &[u8]| {
        let mut macros = config.layer();
        let mut scope = Scope::new(&config, &mut macros, &*maps);
        match rewrite::parse_address(&mut scope, name, Kind::EnvelopeRecipient) {
            Ok(parsed) if config.mailers.get(parsed.mailer).is_some_and(|m| m.flags.has(b'A')) => {
                Name::Local(parsed.user)
            }
            Ok(_) => Name::Foreign(Vec::new()),
            Err(refusal) => Name::Foreign(vec![refusal.text]),
        }
    })
}
