//! Classes from files, programs and maps: `F` lines (sendmail operations guide 5.3).

use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::options::{Blame, UserSpec};
use super::problem::{Fault, Severity, printable};

/// The exit code when a class file cannot be read (EX_OSERR).
const OSERR: u8 = 71;
/// The most that is read of a class file or a program's output.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// An error's text without Rust's addition, as strerror(3) has it.
pub(super) fn reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error") {
        Some(at) => text.get(..at).unwrap_or(&text).to_string(),
        None => text,
    }
}

/// Reads a whole file of at most `limit` octets.
pub(super) fn read_bounded(path: &Path, limit: u64) -> std::io::Result<Vec<u8>> {
    let file = std::fs::OpenOptions::new().read(true).custom_flags(libc::O_NOCTTY).open(path)?;
    let mut out = Vec::new();
    file.take(limit).read_to_end(&mut out)?;
    Ok(out)
}

/// Reads what an `F` line's text after the name says: `[-o] /file [format]` or `|program`.
/// A program is run as `user`, if this process is root.
pub(super) fn read(spec: &[u8], blame: &Blame, user: &UserSpec) -> Result<Vec<Vec<u8>>, Fault> {
    let mut spec = spec.trim_ascii_start();
    if let Some(program) = spec.strip_prefix(b"|") {
        return Ok(words(&output(program, user), None));
    }
    let mut optional = false;
    if let Some(rest) = spec.strip_prefix(b"-o")
        && rest.first().is_none_or(u8::is_ascii_whitespace)
    {
        optional = true;
        spec = rest.trim_ascii_start();
    }
    let end = spec.iter().position(u8::is_ascii_whitespace).unwrap_or(spec.len());
    let (name, format) = spec.split_at(end);
    if name.is_empty() {
        return Err(Fault::error("fileclass: missing file name"));
    }
    let format = format.trim_ascii();
    match open(name, blame) {
        Ok(bytes) => Ok(words(&bytes, (!format.is_empty()).then_some(format))),
        Err(_) if optional => Ok(Vec::new()),
        Err(why) => {
            let text = format!("fileclass: cannot open '{}': {why}", printable(name));
            Err(Fault { text, severity: Severity::Error(OSERR), placed: true, usage: false })
        }
    }
}

/// An `F` line that takes its words from a map: `key@class:flags file`.
pub(super) struct FromMap {
    /// The key, which may be empty.
    pub(super) key: Vec<u8>,
    /// The map's class.
    pub(super) class: String,
    /// Flags and file.
    pub(super) args: Vec<u8>,
}

/// Reads what an `F` line says of a map, if it is about one.
pub(super) fn from_map(spec: &[u8]) -> Option<FromMap> {
    let spec = spec.trim_ascii();
    let spec = spec.strip_prefix(b"-o").filter(|s| s.first().is_some_and(u8::is_ascii_whitespace)).unwrap_or(spec);
    let at = spec.iter().position(|b| *b == b'@')?;
    let (key, rest) = (spec.get(..at)?.trim_ascii(), spec.get(at + 1..)?);
    if matches!(spec.first(), Some(b'/' | b'|')) {
        return None;
    }
    let (class, args) = match rest.iter().position(|b| *b == b':') {
        Some(colon) => (rest.get(..colon)?, rest.get(colon + 1..)?.trim_ascii()),
        None if rest == b"LDAP" => (&b"ldap"[..], &b""[..]),
        None => return None,
    };
    let class = printable(&class.to_ascii_lowercase());
    Some(FromMap { key: key.to_vec(), class, args: args.to_vec() })
}

/// Opens a class file, decides on the descriptor whether it may be used, and reads it.
fn open(name: &[u8], blame: &Blame) -> Result<Vec<u8>, String> {
    use std::os::unix::ffi::OsStrExt;
    let path = Path::new(std::ffi::OsStr::from_bytes(name));
    let file: File = std::fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(path)
        .map_err(|e| reason(&e))?;
    let meta = file.metadata().map_err(|e| reason(&e))?;
    if !meta.is_file() {
        return Err("Regular files only".into());
    }
    if !blame.has(Blame::CLASS_IN_UNSAFE_DIR)
        && let Some(why) = unsafe_directory(path, blame)
    {
        return Err(why.into());
    }
    if meta.mode() & 0o002 != 0 {
        return Err("World writable file".into());
    }
    let mut out = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut out).map_err(|e| reason(&e))?;
    Ok(out)
}

/// Why a directory above `path` may not be trusted, if one may not.
fn unsafe_directory(path: &Path, blame: &Blame) -> Option<&'static str> {
    let mut dir = path.parent();
    while let Some(d) = dir {
        let meta = std::fs::metadata(if d.as_os_str().is_empty() { Path::new(".") } else { d }).ok()?;
        let sticky = meta.mode() & 0o1000 != 0 && blame.has(Blame::TRUST_STICKY_BIT);
        if meta.mode() & 0o002 != 0 && !sticky {
            return Some("World writable directory");
        }
        if meta.mode() & 0o020 != 0 && !sticky && !blame.has(Blame::GROUP_WRITABLE_DIR_PATH_SAFE) {
            return Some("Group writable directory");
        }
        dir = d.parent();
    }
    None
}

/// What a program prints; nothing when it cannot be started. As in the original it gets no arguments, whatever follows its
/// name, and next to no environment.
fn output(command: &[u8], user: &UserSpec) -> Vec<u8> {
    let mut words = command.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    let Some(program) = words.next() else { return Vec::new() };
    let mut command = Command::new(std::ffi::OsStr::from_bytes(program));
    if crate::sys::cred::is_root() {
        command.uid(user.uid.unwrap_or(1)).gid(user.gid.unwrap_or(1));
    }
    let child = command
        .env_clear()
        .env("AGENT", "sendmail")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return Vec::new() };
    let mut out = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        // What came before a failure counts, as it does for the original.
        let _ = stdout.take(MAX_FILE).read_to_end(&mut out);
    }
    let _ = child.wait();
    out
}

/// The elements of a file, one for each line: what the first conversion of the format (`%s`) takes.
fn words(text: &[u8], format: Option<&[u8]>) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    for line in text.split(|b| *b == b'\n').filter(|l| l.first() != Some(&b'#')) {
        let element = match format {
            Some(format) => scan(line, format),
            None => line.split(u8::is_ascii_whitespace).find(|w| !w.is_empty()).map(<[u8]>::to_vec),
        };
        let Some(element) = element else { continue };
        let parts = element.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        out.extend(parts.map(<[u8]>::to_vec));
    }
    out
}

/// What sscanf(3) with `format` puts into its first argument: `%s`, `%[...]`, widths, `%*`, blanks, literal text.
fn scan(line: &[u8], format: &[u8]) -> Option<Vec<u8>> {
    let mut line = line;
    let mut format = format;
    while let Some((f, rest)) = format.split_first() {
        format = rest;
        if f.is_ascii_whitespace() {
            line = line.trim_ascii_start();
            continue;
        }
        if *f != b'%' {
            line = line.strip_prefix(&[*f])?;
            continue;
        }
        let mut skip = false;
        if let Some(rest) = format.strip_prefix(b"*") {
            skip = true;
            format = rest;
        }
        let digits = format.iter().take_while(|b| b.is_ascii_digit()).count();
        let width = match digits {
            0 => usize::MAX,
            _ => usize::try_from(super::options::value::number(format)).unwrap_or(usize::MAX),
        };
        format = format.get(digits..)?;
        let (kind, rest) = format.split_first()?;
        format = rest;
        let len = match kind {
            b's' => {
                line = line.trim_ascii_start();
                line.iter().take(width).take_while(|b| !b.is_ascii_whitespace()).count()
            }
            b'c' => width.min(1).min(line.len()),
            b'[' => {
                let (members, rest) = set(format)?;
                format = rest;
                line.iter().take(width).take_while(|b| members(**b)).count()
            }
            b'%' => {
                line = line.strip_prefix(b"%")?;
                continue;
            }
            _ => return None,
        };
        if len == 0 {
            return None;
        }
        let (taken, after) = line.split_at(len);
        line = after;
        if !skip {
            return Some(taken.to_vec());
        }
    }
    None
}

/// The set after `%[`, and what follows its `]`.
fn set(format: &[u8]) -> Option<(impl Fn(u8) -> bool, &[u8])> {
    let (negated, body) = match format.strip_prefix(b"^") {
        Some(body) => (true, body),
        None => (false, format),
    };
    // A `]` at the start is a member.
    let end = body.iter().skip(1).position(|b| *b == b']')? + 1;
    let members = body.get(..end)?.to_vec();
    let rest = body.get(end + 1..)?;
    let has = move |b: u8| {
        let mut i = 0;
        let mut found = false;
        while let Some(&m) = members.get(i) {
            match (members.get(i + 1), members.get(i + 2)) {
                (Some(b'-'), Some(&high)) => {
                    found |= (m..=high).contains(&b);
                    i += 3;
                }
                _ => {
                    found |= m == b;
                    i += 1;
                }
            }
        }
        found != negated
    };
    Some((has, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        assert_eq!(scan(b"root:x:0", b"%[^:]"), Some(b"root".to_vec()));
        assert_eq!(scan(b"  a b", b"%*s %s"), Some(b"b".to_vec()));
        assert_eq!(scan(b"# c", b"%[^#]"), None);
        let map = from_map(b" k 2@Hash:-o /x").unwrap();
        assert_eq!((map.key, map.class, map.args), (b"k 2".to_vec(), "hash".into(), b"-o /x".to_vec()));
        assert!(from_map(b"/etc/x@y:z").is_none() && from_map(b"foo@bar").is_none());
        assert_eq!(words(b"one two\n#c\n three\n", None), [&b"one"[..], b"three"]);
    }
}
