//! `-bt`: the address test mode over this machine's maps and resolver.

use std::sync::Arc;

use crate::cli::settings::Settings;
use crate::cli::test_mode::{Out, TestMode, debug_level};
use crate::dns::Resolver;
use crate::dns::system::{Settings as ResolverSettings, SystemResolver};
use crate::map::{MapEnv, MapSet};

/// Reads commands from standard input.
pub fn run(settings: Settings) -> u8 {
    let out = Out::stdout();
    let resolver = Arc::new(SystemResolver::new(ResolverSettings::from_config(&settings.config)));
    let mut env = MapEnv::new(Arc::clone(&resolver) as Arc<dyn Resolver>, Arc::new(crate::user::Passwd));
    let switch = Arc::clone(&resolver);
    env.switch = Arc::new(move |service| switch.switch(service));
    let notices = out.clone();
    env.notice = Arc::new(move |text| notices.text(text));
    let own = settings.config.classes.get("w").cloned().unwrap_or_default();
    env.is_own_name = Arc::new(move |name| own.contains(name));
    let (maps, _) = MapSet::open(&settings.config.maps, env);
    let level = settings.flags.debug.iter().filter_map(|spec| debug_level(spec)).next_back().unwrap_or(0);
    let exit = crate::cf::problem::exit_code(&settings.problems);
    let mut mode = TestMode::new(settings.config, Arc::new(maps), resolver, out, level, exit);
    mode.run(&mut std::io::stdin().lock())
}
