//! OAuth tokens: printed by a command of the administrator's, since providers differ in how one is had.
//!
//! The command stands in the authinfo table, is run without a shell, with the rights of the delivery, and has half a
//! minute.

use crate::sys::spawn::{Ended, Program};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// How long the command may take; it may have to ask the provider.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest token.
const MAX_TOKEN: usize = 16 * 1024;

/// The first line that `command` (a path and arguments, between blanks) prints.
pub(super) fn of(command: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
    let words = command.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    let argv: Vec<OsString> = words.map(|w| OsString::from_vec(w.to_vec())).collect();
    let path = argv.first().map(Path::new).filter(|p| p.is_absolute()).ok_or("the command needs a whole path")?;
    let environment = [("PATH", "/usr/bin:/bin"), ("AGENT", "sendmail")].map(|(k, v)| (k.into(), v.into()));
    let program = Program { path, argv: &argv, environment: &environment, directory: Some(Path::new("/")), nice: 0 };
    let mut running = program.start().map_err(|e| format!("{}: {e}", path.display()))?;
    let fed = running.feed(|| Ok(None), MAX_TOKEN, Some(Instant::now() + PATIENCE));
    let output = match fed.map_err(|e| e.to_string())? {
        (Ended::Exit(status), output) if status.success() => Zeroizing::new(output),
        (Ended::Exit(status), _) => return Err(format!("{}: {status}", path.display())),
        (Ended::TimedOut, _) => return Err(format!("{}: no answer", path.display())),
    };
    let line = output.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
    if line.is_empty() || !line.iter().all(u8::is_ascii_graphic) {
        return Err(format!("{}: printed no token", path.display()));
    }
    Ok(Zeroizing::new(line.to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        assert_eq!(**of(b"/bin/echo tok.en").unwrap(), *b"tok.en");
        for bad in [&b""[..], b"echo x", b"/bin/false", b"/nonexistent/x", b"/bin/echo a b", b"/bin/true"] {
            assert!(of(bad).is_err(), "{}", bad.escape_ascii());
        }
    }
}
