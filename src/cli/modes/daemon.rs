//! `-bd`, `-bD` and `-q` with an interval: the daemon and the queue runner, as a supervised family of processes.

use crate::cli::settings::Settings;
use crate::role::parent::{self, Plan};
use crate::role::pidfile::PidFile;
use crate::role::{MtaSetup, listen, logging};
use crate::sys::process;
use crate::version::VERSION;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

/// Runs the daemon; returns in the caller's process only with an error.
pub fn run(settings: Settings, argv: &[OsString]) -> u8 {
    let serves = matches!(settings.mode, b'd' | b'D');
    let foreground = settings.mode == b'D' || settings.flags.queue.as_ref().is_some_and(|q| q.foreground);
    if serves && settings.submission {
        let code = if settings.mode == b'd' { "550 " } else { "" };
        super::super::complain(format!("{code}Mail submission program cannot be used as daemon").as_bytes());
        return 64;
    }
    if !settings.may_control() {
        return super::not_permitted(&settings, if serves { "run daemon" } else { "start a queue runner daemon" });
    }
    let config = Arc::new(settings.config);
    if serves && !config.milters.is_empty() {
        // Mail that the site wants filtered would pass: that is said where it is seen.
        let text = "milters (X lines) are not called by this version: mail passes without them";
        super::super::complain(text.as_bytes());
        crate::log::syserr(crate::log::Id::None, b"root", text);
    }
    if !foreground && let Err(e) = process::daemonize() {
        eprintln!("sendmail: cannot go to the background: {e}");
        return 71;
    }
    // Log from here on: the process id is final.
    let listeners = match serves.then(|| listen::open(&config)) {
        None => Vec::new(),
        Some(Ok(list)) => list,
        Some(Err(e)) => {
            let text = format!("daemon {}: problem creating SMTP socket: {}", e.name, e.error);
            crate::log::syserr(crate::log::Id::None, b"root", &text);
            if foreground {
                eprintln!("sendmail: {text}");
            }
            return 71;
        }
    };
    let command = command_line(argv);
    let pid_file = pid_file(&config, &command, foreground);
    let interval = settings.flags.queue.as_ref().and_then(|q| q.interval);
    let mut what: Vec<String> = Vec::new();
    if serves {
        what.push("SMTP".into());
    }
    if let Some(seconds) = interval {
        what.push(format!("queueing@{}", clock_form(seconds)));
    }
    crate::log::starting_daemon(VERSION, &what.join("+"));
    crate::log::started_as(&command);
    let title = match (serves, interval) {
        (true, _) => prefixed(&config, "accepting connections"),
        (false, Some(seconds)) => {
            let directory = config.options.queue_directory.to_display();
            prefixed(&config, &format!("Queue runner@{} for {directory}", clock_form(seconds)))
        }
        (false, None) => prefixed(&config, "running queue"),
    };
    let setup = MtaSetup {
        serves_auth: serves,
        suspects: Vec::new(),
        queue_interval: interval,
        persistent: settings.flags.queue.as_ref().is_some_and(|q| q.persistent),
        ends_by_itself: false,
        selection: settings.flags.queue.map(|q| q.selection).unwrap_or_default(),
    };
    parent::run(Plan { config, argv: argv.to_vec(), listeners, pid_file, setup, title })
}

/// The title with `ProcessTitlePrefix`.
fn prefixed(config: &crate::cf::Config, text: &str) -> String {
    match config.options.process_title_prefix.get() {
        Some(prefix) => format!("{}: {text}", String::from_utf8_lossy(prefix)),
        None => text.to_owned(),
    }
}

/// `HH:MM:SS`, with days in front when there are any.
fn clock_form(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let time = format!("{:02}:{:02}:{:02}", rest / 3600, rest % 3600 / 60, rest % 60);
    if days > 0 { format!("{days}+{time}") } else { time }
}

fn command_line(argv: &[OsString]) -> Vec<u8> {
    argv.iter().map(|a| a.as_bytes()).collect::<Vec<_>>().join(&b" "[..])
}

/// The pid file; a daemon without one runs all the same, with a word in the log.
fn pid_file(config: &crate::cf::Config, command: &[u8], foreground: bool) -> Option<PidFile> {
    let path = config.options.pid_file.template().expand(&config.macros);
    let path = std::path::Path::new(std::ffi::OsStr::from_bytes(&path));
    if path.as_os_str().is_empty() {
        return None;
    }
    match PidFile::write(path, config.options.temp_file_mode.0, std::process::id(), command) {
        Ok(file) => Some(file),
        Err(e) => {
            let text = format!("unable to write pid to {}: {e}", path.display());
            crate::log::process_notice(&text);
            if foreground && logging::syslog_is_there() {
                eprintln!("sendmail: {text}");
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn intervals_as_a_clock() {
        assert_eq!(super::clock_form(1800), "00:30:00");
        assert_eq!(super::clock_form(90_061), "1+01:01:01");
    }
}
