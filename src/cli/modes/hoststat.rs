//! `-bh` (hoststat) and `-bH` (purgestat): what is known of remote hosts, and forgetting what is old.

use super::super::settings::Settings;
use crate::cf::options::Options;
use crate::deliver::sysexits;
use crate::stats::{self, host};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const EX_TEMPFAIL: i32 = 75;
/// Octets of a result that are shown, without and with `-v`.
const RESULT: [usize; 2] = [25, 78];

/// `-bh`: a table of all hosts. It has no other exit code than success.
pub fn print(settings: &Settings) -> u8 {
    let Some(directory) = directory(&settings.config.options) else { return 0 };
    let [short, long] = RESULT;
    let width = if settings.flags.verbose { long } else { short };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut head = HEAD;
    let now = stats::now();
    let walked = host::each(&directory, &mut |entry| {
        let Some(status) = &entry.status else {
            let _ = out.flush();
            let file = entry.file.display();
            complain(format_args!("{file}: could not read status file"));
            return;
        };
        if status.version > host::VERSION {
            let _ = out.flush();
            let file = entry.file.display();
            complain(format_args!("{file}: Unknown host status version {}: {} max", status.version, host::VERSION));
        }
        let _ = out.write_all(std::mem::take(&mut head));
        let mut line = vec![if entry.locked { b'*' } else { b' ' }];
        line.extend_from_slice(&entry.host);
        line.resize(line.len().max(40), b' ');
        line.extend_from_slice(format!(" {:>12} ", age(now.saturating_sub(status.used))).as_bytes());
        line.extend(result(status).into_iter().take(width));
        // The file's text came over the network: what would steer a terminal does not reach it.
        line.iter_mut().filter(|b| b.is_ascii_control()).for_each(|b| *b = b'?');
        line.push(b'\n');
        let _ = out.write_all(&line);
    });
    if let Err(e) = walked {
        complain(format_args!("{}: {e}", directory.display()));
    }
    let _ = out.flush();
    0
}

/// The line above the first host.
const HEAD: &[u8] = b" -------------- Hostname --------------- How long ago ---------Results---------\n";

/// `-bH`: removes what is older than `Timeout.hoststatus`.
pub fn purge(settings: &Settings) -> u8 {
    let options = &settings.config.options;
    if !settings.caller.is_root() && options.trusted_user.uid != Some(settings.caller.uid) {
        return super::not_permitted(settings, "purge host status");
    }
    let Some(directory) = directory(options) else { return 0 };
    if let Err(e) = host::purge(&directory, stats::now(), options.timeouts.hoststatus) {
        complain(format_args!("{}: {e}", directory.display()));
    }
    0
}

/// The directory, if it is configured and can be used; a relative one lies below the queue.
fn directory(options: &Options) -> Option<PathBuf> {
    let given = options.host_status_directory.as_bytes();
    if given.is_empty() {
        return None;
    }
    if options.connection_cache_size == 0 {
        complain(format_args!("Warning: HostStatusDirectory disabled with ConnectionCacheSize = 0"));
        return None;
    }
    let queue = Path::new(std::ffi::OsStr::from_bytes(options.queue_directory.as_bytes()));
    let queue = if queue.as_os_str().as_bytes().contains(&b'*') { queue.parent().unwrap_or(queue) } else { queue };
    let path = queue.join(std::ffi::OsStr::from_bytes(given));
    let usable = std::fs::metadata(&path).and_then(|about| match about.is_dir() {
        true => Ok(()),
        false => Err(io::Error::from_raw_os_error(nix::libc::ENOTDIR)),
    });
    match usable {
        Ok(()) => Some(path),
        Err(e) => {
            let shown = String::from_utf8_lossy(given);
            complain(format_args!("Warning: Cannot use HostStatusDirectory = {shown}: {}", reason(&e)));
            None
        }
    }
}

/// Says a line on standard error.
fn complain(text: std::fmt::Arguments<'_>) {
    crate::cli::complain(text.to_string().as_bytes());
}

/// strerror(3)'s text.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error ").next().unwrap_or_default().to_owned()
}

/// `1+02:03:04`: days, hours, minutes, seconds. A moment to come is written with the signs that it has.
fn age(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    let clock = format!("{hours:02}:{minutes:02}:{:02}", seconds % 60);
    if days > 0 { format!("{days}+{clock}") } else { clock }
}

/// What became of the last attempt.
fn result(status: &host::HostStatus) -> Vec<u8> {
    if !status.reply.is_empty() {
        return status.reply.clone();
    }
    if matches!(status.exit, 0 | EX_TEMPFAIL) && status.errno != 0 {
        let word = if status.exit == 0 { "OK" } else { "Deferred" };
        return format!("{word}: {}", reason(&io::Error::from_raw_os_error(status.errno))).into_bytes();
    }
    if status.exit == 0 {
        return b"OK".to_vec();
    }
    match u8::try_from(status.exit).ok().and_then(sysexits::find) {
        Some(row) => {
            let (class, subject, detail) = row.enhanced;
            format!("{class}.{subject}.{detail} {}", row.text).into_bytes()
        }
        None => format!("Unknown mailer error {}", status.exit).into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_results_have_their_texts() {
        assert_eq!(age(59), "00:00:59");
        assert_eq!(age(90_061), "1+01:01:01");
        assert_eq!(age(-500), "00:-8:-20");
        let of = |exit, errno| {
            let status = host::HostStatus { exit, errno, ..Default::default() };
            String::from_utf8(result(&status)).unwrap()
        };
        assert_eq!((of(0, 0).as_str(), of(0, 5).as_str()), ("OK", "OK: Input/output error"));
        assert_eq!(of(75, 11), "Deferred: Resource temporarily unavailable");
        assert_eq!(of(75, 111), "Deferred: Connection refused");
        assert_eq!(of(75, 0), "4.0.0 Deferred");
        assert_eq!(of(68, 0), "5.1.2 Host unknown");
        assert_eq!(of(1, 0), "Unknown mailer error 1");
    }
}
