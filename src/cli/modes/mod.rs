//! The operation modes: one file each, chosen here by the letter of `-b`.

mod aliases;
mod daemon;
mod debug;
mod hoststat;
mod queue;
mod queue_run;
mod smtp;
mod submit;
mod test;
mod verify;

use super::settings::Settings;
use crate::cf::Config;
use crate::role::logging::{self, Sink};
use crate::role::oneshot::{self, OneShot};
use std::ffi::OsString;
use std::io::Write;
use std::sync::Arc;

/// Runs the mode that `settings` asks for; gives the exit code.
pub fn run(settings: Settings, argv: &[OsString]) -> u8 {
    start_log(&settings);
    debug::print(&settings);
    if let Some(reason) = settings.flags.quarantine.as_ref() {
        return queue::quarantine(&settings, reason);
    }
    match (settings.mode, &settings.flags.queue) {
        (b't', _) => test::run(settings),
        (b'h', _) => hoststat::print(&settings),
        (b'H', _) => hoststat::purge(&settings),
        (b'i', _) => aliases::run(&settings),
        (b'p' | b'P', _) => queue::list(&settings),
        (b's', _) => smtp::run(settings),
        (b'v', _) => verify::run(settings),
        (b'd' | b'D', _) => daemon::run(settings, argv),
        (_, Some(queue)) if queue.interval.is_some() => daemon::run(settings, argv),
        (_, Some(_)) => queue_run::run(settings),
        _ => submit::run(settings),
    }
}

/// Logging under the caller's label, to syslog, or to standard error where nobody listens and somebody watches.
fn start_log(settings: &Settings) {
    let label = settings.flags.label.as_deref().unwrap_or(b"sendmail");
    let wanted = std::env::var_os("POSTRIDER_LOG").is_some_and(|w| w == "stderr");
    let watched = settings.mode == b'D' && !logging::syslog_is_there();
    let sink = if wanted || watched { Sink::Stderr } else { Sink::Syslog };
    let level = i32::try_from(settings.config.options.log_level).unwrap_or(9);
    logging::start(&String::from_utf8_lossy(label), sink, level);
    if settings.flags.label.is_some() && !settings.caller.is_root() {
        crate::log::label_changed(settings.caller.uid);
    }
}

/// The services of a mode that works in this process; says why there are none.
fn one_shot(settings: &Settings, config: &Arc<Config>) -> Result<OneShot, u8> {
    oneshot::open(config).map_err(|e| {
        let directory = config.options.queue_directory.to_display();
        let text = format!("can not chdir({directory}/): {}", bare_reason(&e));
        super::complain(text.as_bytes());
        crate::log::syserr(crate::log::Id::None, &settings.caller.name, &text);
        if e.kind() == std::io::ErrorKind::PermissionDenied {
            super::complain_aside(b"Program mode requires special privileges, e.g., root or TrustedUser.");
        }
        78
    })
}

/// The text of an error without its number.
pub(super) fn bare_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Refuses what only some may do, and leaves a trace of the attempt.
fn not_permitted(settings: &Settings, what: &str) -> u8 {
    // The reply code is shown where an SMTP client could be on the other side.
    let (code, end): (&[u8], &[u8]) = if settings.mode == b'd' { (b"550 ", b"\r") } else { (b"", b"") };
    super::complain(&[code, b"Permission denied (real uid not trusted)", end].concat());
    crate::log::attempted(settings.caller.uid, what);
    64
}

/// Prints a line on standard output; a closed one is no reason to fail.
fn say(line: &[u8]) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(line).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
}
