//! `-bi` and newaliases: table files from the texts of `AliasFile`.

use crate::alias::rebuild::{self, Unable};
use crate::alias::source;
use crate::cf::Config;
use crate::cli::settings::Settings;
use crate::log::{Field, Id, Severity, emit};
use crate::map::MapSet;
use crate::role::base;
use std::sync::Arc;

/// Rebuilds every source that has a table; 0, or the code of the last failure.
pub fn run(settings: &Settings) -> u8 {
    if !settings.may_control() {
        super::super::complain(b"Permission denied (real uid not trusted)");
        return 64;
    }
    let config = Arc::new(Config::clone(&settings.config));
    let resolver = base::resolver(&config);
    let (maps, _) = MapSet::open(&config.maps, base::map_env(&config, resolver));
    let understand = base::understand(config.clone(), Arc::new(maps));
    let owner = config.options.trusted_user.uid;
    let mut exit = 0;
    for source in config.options.alias_file.0.iter().flat_map(|value| source::parse(value)).filter(|s| s.is_rebuilt()) {
        let file = String::from_utf8_lossy(&source.file).into_owned();
        match rebuild::rebuild(&source, owner, &mut |name: &[u8]| understand(name)) {
            Ok(aliases) => {
                for (line, text) in &aliases.faults {
                    let place = format!("{file}: line {line}: ");
                    super::super::complain(&[place.as_bytes(), text].concat());
                }
                if aliases.failed {
                    exit = 70;
                }
                let user = Field(&settings.caller.name).to_string();
                emit(8, Severity::Info, Id::Bare, format_args!("alias database {file} rebuilt by {user}"));
                let summary = format!("{file}: {}", aliases.summary());
                emit(8, Severity::Info, Id::Bare, format_args!("{summary}"));
                super::say(summary.as_bytes());
            }
            Err(unable) => {
                let text = match unable {
                    Unable::Text(e) => format!("554 5.3.0 Cannot open {file}: {e}"),
                    Unable::Table(path, why) => format!("554 5.3.0 cannot rebuild {}: {why:?}", path.display()),
                };
                super::super::complain(text.as_bytes());
                exit = 73;
            }
        }
    }
    exit
}
