//! The operation modes: one file each, chosen here by the letter of `-b`.

mod hoststat;
mod queue;
mod test;

use super::settings::Settings;
use std::ffi::OsString;

/// Runs the mode that `settings` asks for; gives the exit code.
pub fn run(settings: Settings, _argv: &[OsString]) -> u8 {
    if settings.mode == b't' {
        return test::run(settings);
    }
    if let Some(reason) = &settings.flags.quarantine {
        return queue::quarantine(&settings, reason);
    }
    match settings.mode {
        b'h' => return hoststat::print(&settings),
        b'H' => return hoststat::purge(&settings),
        b'p' | b'P' => return queue::list(&settings),
        _ => {}
    }
    let letter = settings.mode as char;
    eprintln!("sendmail: mode -b{letter} is not in this build");
    64
}
