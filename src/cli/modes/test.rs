//! `-bt`: the address test mode over this machine's maps and resolver.

use std::sync::Arc;

use crate::cli::levels::Levels;
use crate::cli::settings;
use crate::cli::test_mode::{Out, TestMode};
use crate::dns::{Settings, SystemResolver};
use crate::map::standard;

/// The exit code after a map that could not be opened (EX_OSERR).
const OSERR: u8 = 71;

/// Reads commands from standard input.
pub fn run(settings: settings::Settings) -> u8 {
    let out = Out::stdout();
    let resolver = Arc::new(SystemResolver::new(Settings::from_config(&settings.config)));
    let notices = out.clone();
    let notice: standard::Notice = Arc::new(move |text| {
        notices.message(text.as_bytes());
        if !text.ends_with(crate::map::host::LATE) {
            notices.fail(OSERR);
        }
    });
    let env = standard::environment(&settings.config, &resolver, Arc::new(crate::user::Passwd), notice);
    // What is wrong with maps was told with the configuration's other lines.
    let (maps, _) = standard::maps(&settings.config, env);
    let levels = Levels::of(&settings.flags.debug);
    let exit = crate::cf::problem::exit_code(&settings.problems);
    let mut mode = TestMode::new(settings.config, Arc::new(maps), resolver, out, levels, exit);
    mode.run(&mut std::io::stdin().lock())
}
