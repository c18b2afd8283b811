//! `-bv`: what would be done with mail to these addresses.

use crate::cli::settings::Settings;
use std::sync::Arc;

/// Prints a line for each recipient that the arguments lead to; the exit code is that of the worst.
pub fn run(settings: Settings) -> u8 {
    if !settings.caller.is_root() {
        super::say(b"Notice: -bv may give misleading output for non-privileged user");
    }
    let config = Arc::new(settings.config.clone());
    let one = match super::one_shot(&settings, &config) {
        Ok(one) => one,
        Err(code) => return code,
    };
    let mut exit = 0;
    let mut seen = Vec::new();
    for address in &settings.flags.args {
        let verified = crate::route::verify_more(&one.services, address, !settings.flags.no_alias, &mut seen);
        for line in verified.lines(&one.services) {
            super::say(&line);
        }
        if verified.exit != 0 {
            exit = verified.exit;
        }
    }
    exit
}
