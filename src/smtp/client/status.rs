//! What is remembered of hosts between attempts, in files that all processes share (`HostStatusDirectory`): a host that failed is
//! left alone for `Timeout.hoststatus`, and with `SingleThreadDelivery` one process at a time works on a host.

use super::hosts::Host;
use crate::cf::options::Options;
use crate::envelope::Status;
use crate::reply::Enhanced;
use crate::stats::host::{self, Held, HostStatus, Unheld};
use crate::text::Line;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Errors of connections, as their texts begin.
const ERRORS: &[(&str, i32)] = &[
    ("Connection refused", libc::ECONNREFUSED),
    ("Connection reset", libc::ECONNRESET),
    ("Connection timed out", libc::ETIMEDOUT),
    ("Network is unreachable", libc::ENETUNREACH),
    ("No route to host", libc::EHOSTUNREACH),
];

/// A host about to be tried.
#[derive(Default)]
pub(super) struct Memory {
    path: Option<PathBuf>,
    held: Option<Held>,
    mode: u32,
}

impl Memory {
    /// Looks the host up. `Err`: it is not to be tried now. `ignore`: what is known does not count (`F=W`).
    pub fn of(options: &Options, host: &Host, now: i64, ignore: bool) -> Result<Memory, Status> {
        let given = options.host_status_directory.as_bytes();
        if given.is_empty() || options.connection_cache_size == 0 {
            return Ok(Memory::default());
        }
        let queue = options.queue_directory.path().unwrap_or(Path::new("/"));
        let queue = if queue.as_os_str().as_bytes().contains(&b'*') { queue.parent().unwrap_or(queue) } else { queue };
        let directory = queue.join(std::ffi::OsStr::from_bytes(given));
        let Some(path) = host::file_of(&directory, host.shown.as_bytes()) else { return Ok(Memory::default()) };
        let mode = u32::try_from(options.temp_file_mode.0).unwrap_or(0o600);
        let held = match host::hold(&path, mode) {
            Ok(held) => Some(held),
            Err(Unheld::Busy) if options.single_thread_delivery => {
                return Err(told(Status::new((4, 0, 0), 75, ""), host));
            }
            // Somebody else writes what becomes of the host.
            Err(Unheld::Busy) => return Ok(Memory::default()),
            Err(Unheld::Io(_)) => return Ok(Memory::default()),
        };
        let known = held.as_ref().and_then(Held::status).filter(|_| !ignore);
        let fresh = |s: &HostStatus| s.exit != 0 && now.saturating_sub(s.used) < options.timeouts.hoststatus;
        if let Some(known) = known.filter(fresh) {
            return Err(told(remembered(&known, host), host));
        }
        let mut memory = Memory { path: Some(path), held, mode };
        if !options.single_thread_delivery {
            // Others may work on the host meanwhile.
            memory.held = None;
        }
        Ok(memory)
    }

    /// Writes down what became of the attempt.
    pub fn keep(self, statuses: &[Status], now: i64) {
        let held = self.held.or_else(|| host::hold(self.path.as_deref()?, self.mode).ok());
        if let (Some(held), Some(outcome)) = (held, outcome(statuses, now)) {
            // What cannot be written is found out anew.
            let _ = held.write(&outcome);
        }
    }
}

fn told(mut status: Status, host: &Host) -> Status {
    status.remote = Some(Line::cleaned(host.shown.as_bytes()));
    status
}

/// The status that stands for what a file remembers.
fn remembered(known: &HostStatus, host: &Host) -> Status {
    let exit = u8::try_from(known.exit).unwrap_or(75);
    let class = if exit == 75 { 4 } else { 5 };
    let enhanced = Enhanced::parse(&known.enhanced).filter(|e| e.0 == class).unwrap_or(Enhanced(class, 0, 0));
    let word = ERRORS.iter().find(|(_, errno)| *errno == known.errno).map(|(text, _)| *text);
    let text = match (exit, word) {
        (75, Some(word)) => {
            let by = if known.errno == libc::ETIMEDOUT { "with" } else { "by" };
            format!("{word} {by} {}", host.shown)
        }
        (75, None) => String::new(),
        _ => "Service unavailable".into(),
    };
    Status::new((enhanced.0, enhanced.1, enhanced.2), exit, text)
}

/// What a file is to remember. An answer to one recipient says nothing of the host.
fn outcome(statuses: &[Status], now: i64) -> Option<HostStatus> {
    let first = statuses.first()?;
    let best = statuses.iter().find(|s| s.is_success()).unwrap_or(first);
    let about_recipient = best.transcript.iter().any(|line| line.starts_with(b">>> RCPT"));
    let mut out = HostStatus { used: now, ..HostStatus::default() };
    if about_recipient {
        return Some(out);
    }
    out.exit = i32::from(best.exit);
    out.enhanced = best.enhanced.to_string().into_bytes();
    if let Some(reply) = &best.reply {
        out.reply = reply.first_line();
    } else if !best.is_success() {
        let named = ERRORS.iter().find(|(text, _)| best.text.starts_with(text.as_bytes()));
        out.errno = named.map_or(0, |(_, errno)| *errno);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered() {
        let mut status = Status::new((4, 4, 1), 75, "Connection refused by mx.a.");
        let known = outcome(&[status.clone()], 7).unwrap();
        assert_eq!((known.errno, known.exit, known.used, &known.enhanced[..]), (111, 75, 7, &b"4.4.1"[..]));
        let host = Host { shown: "mx.b.".into(), given: None, place: super::super::hosts::Place::Name(vec![], 25) };
        assert_eq!(&*remembered(&known, &host).text, b"Connection refused by mx.b.");
        status.transcript.push(Line::cleaned(b">>> RCPT To:<x>"));
        assert_eq!(outcome(&[status], 7).unwrap().exit, 0);
        assert!(outcome(&[], 7).is_none());
    }
}
