//! What makemap, editmap and praliases share: their way with options, types of tables, and the few lines of sendmail.cf
//! that concern them.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::db::Kind;
use crate::map::replace;
use crate::sys::passwd;

/// sysexits(3): usage.
pub(super) const EX_USAGE: u8 = 64;
/// Bad input.
pub(super) const EX_DATAERR: u8 = 65;
/// A file cannot be read.
pub(super) const EX_NOINPUT: u8 = 66;
/// A key is not there.
pub(super) const EX_UNAVAILABLE: u8 = 69;
/// A table cannot be opened or made.
pub(super) const EX_CANTCREAT: u8 = 73;
/// Writing failed.
pub(super) const EX_IOERR: u8 = 74;

/// An option with its value.
pub(super) type Opt = (u8, Vec<u8>);

/// Says a line on standard error; a closed one is no reason to fail.
pub(super) fn complain(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Parses options as getopt(3) of the C library does: `letters` as there, options and words mixed. The error is what to say.
pub(super) fn options(argv: &[OsString], letters: &[u8]) -> Result<(Vec<Opt>, Vec<Vec<u8>>), String> {
    let program = argv.first().map(|a| a.to_string_lossy().into_owned()).unwrap_or_default();
    let mut found = Vec::new();
    let mut words = Vec::new();
    let mut args = argv.iter().skip(1).map(|a| a.as_bytes());
    while let Some(arg) = args.next() {
        let cluster = match arg {
            b"--" => {
                words.extend(args.by_ref().map(<[u8]>::to_vec));
                break;
            }
            [b'-', cluster @ ..] if !cluster.is_empty() => cluster,
            _ => {
                words.push(arg.to_vec());
                continue;
            }
        };
        for (at, &letter) in cluster.iter().enumerate() {
            let known = letters.iter().position(|l| *l == letter && letter != b':');
            let Some(known) = known else {
                return Err(format!("{program}: invalid option -- '{}'", (letter as char).escape_default()));
            };
            if letters.get(known + 1) != Some(&b':') {
                found.push((letter, Vec::new()));
                continue;
            }
            let attached = cluster.get(at + 1..).unwrap_or_default();
            let value = match attached {
                b"" => args.next().map(<[u8]>::to_vec),
                _ => Some(attached.to_vec()),
            };
            let Some(value) = value else {
                return Err(format!("{program}: option requires an argument -- '{}'", letter as char));
            };
            found.push((letter, value));
            break;
        }
    }
    Ok((found, words))
}

/// A path from the command line.
pub(super) fn path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// The types that tables can have: name and what it makes.
const TYPES: &[(&str, Kind)] =
    &[("hash", Kind::Hash), ("btree", Kind::Btree), ("cdb", Kind::Cdb), ("implicit", Kind::Hash)];

/// The names of the types.
pub(super) fn types() -> impl Iterator<Item = &'static str> {
    TYPES.iter().map(|t| t.0)
}

/// The type called `name`, or what to say.
pub(super) fn kind(program: &str, name: &[u8], map: &[u8]) -> Result<Kind, String> {
    let wanted = String::from_utf8_lossy(name);
    match (TYPES.iter().find(|t| t.0.eq_ignore_ascii_case(&wanted)), wanted.as_ref()) {
        (Some((_, kind)), _) => Ok(*kind),
        (None, "dbm") => Err(format!("{program}: Need to recompile with -DNDBM for dbm support")),
        _ => Err(cannot_open(program, name, map, &"Unknown database type")),
    }
}

/// The complaint about a table that cannot be opened.
pub(super) fn cannot_open(program: &str, kind: &[u8], map: &[u8], why: &dyn std::fmt::Display) -> String {
    let text = String::from_utf8_lossy;
    format!("{program}: error opening type {} map {}: {why}", text(kind), text(map))
}

/// The table file of the map at `base`.
pub(super) fn table_file(base: &[u8], kind: Kind) -> PathBuf {
    let suffix: &[u8] = if kind == Kind::Cdb { b".cdb" } else { b".db" };
    if base.ends_with(suffix) {
        return path(base);
    }
    path(&[base, suffix].concat())
}

/// Says which directories on the way to `file` others may write to, as the original does for root.
pub(super) fn warn_of_directories(file: &Path) {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let directories: Vec<&Path> = file.ancestors().skip(1).filter(|p| !p.as_os_str().is_empty()).collect();
    for _ in 0..2 {
        for directory in directories.iter().rev() {
            let mode = std::fs::metadata(directory).map(|m| m.mode()).unwrap_or(0);
            if let Some(who) = [(0o002, "World"), (0o020, "Group")].iter().find(|w| mode & w.0 != 0) {
                complain(format_args!("WARNING: {} writable directory {}", who.1, directory.display()));
            }
        }
    }
}

/// What a configuration file says to these programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// `TrustedUser`: the owner of tables.
    pub(super) trusted_user: Option<u32>,
    /// `RunAsUser`, as it is written.
    pub(super) run_as_user: Option<Vec<u8>>,
    /// `QueueDirectory`, as it is written.
    pub(super) queue_directory: Option<Vec<u8>>,
    /// `AliasFile`, as it is written.
    pub(super) alias_files: Vec<Vec<u8>>,
}

/// Reads the facts of the configuration at `file`; the error is what to say.
pub(super) fn facts(program: &str, file: &Path) -> Result<Facts, String> {
    let text = std::fs::read(file).map_err(|e| {
        let why = e.raw_os_error().map(|n| nix::errno::Errno::from_raw(n).desc().to_owned());
        format!("{program}: {}: {}", file.display(), why.unwrap_or_else(|| e.to_string()))
    })?;
    let mut facts = Facts::default();
    for line in text.split(|b| *b == b'\n') {
        let Some(rest) = line.strip_prefix(b"O") else { continue };
        let rest = rest.trim_ascii();
        let Some(equals) = rest.iter().position(|b| *b == b'=') else {
            // The short form of AliasFile.
            if line.starts_with(b"OA") {
                facts.alias_files.push(rest.get(1..).unwrap_or_default().to_vec());
            }
            continue;
        };
        let (name, value) = (rest[..equals].trim_ascii(), rest[equals + 1..].trim_ascii());
        if name.eq_ignore_ascii_case(b"TrustedUser") {
            let user = String::from_utf8_lossy(value);
            facts.trusted_user = match user.parse() {
                Ok(uid) => Some(uid),
                Err(_) => passwd::by_name(value).ok().flatten().map(|u| u.uid),
            };
            if facts.trusted_user.is_none() {
                complain(format_args!("TrustedUser: unknown user {user}"));
            }
        } else if name.eq_ignore_ascii_case(b"RunAsUser") {
            facts.run_as_user = Some(value.to_vec());
        } else if name.eq_ignore_ascii_case(b"QueueDirectory") {
            facts.queue_directory = Some(value.to_vec());
        } else if name.eq_ignore_ascii_case(b"AliasFile") {
            facts.alias_files.push(value.to_vec());
        }
    }
    Ok(facts)
}

/// The owner that tables get, if this process may give files away: the trusted user, else who reads them ([`replace::reader`]).
pub(super) fn owner(facts: &Facts) -> Option<u32> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    facts.trusted_user.or_else(|| {
        let run_as = facts.run_as_user.as_deref().and_then(user_id);
        replace::reader(run_as, facts.queue_directory.as_deref().unwrap_or(b"/var/spool/mqueue"))
    })
}

/// The number of the user in `text`, a name or a number; a group may follow.
fn user_id(text: &[u8]) -> Option<u32> {
    let name = text.split(|b| *b == b':' || *b == b'.').next().unwrap_or_default();
    let number = std::str::from_utf8(name).ok().and_then(|n| n.parse().ok());
    number.or_else(|| passwd::by_name(name).ok().flatten().map(|u| u.uid))
}

/// The name that the program was called by, without its directory.
pub(super) fn program_name<'a>(argv: &'a [OsString], default: &'a str) -> &'a str {
    argv.first().map(Path::new).and_then(Path::file_name).and_then(OsStr::to_str).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    #[test]
    fn options_mix_with_words() {
        let (found, words) =
            options(&argv(&["makemap", "hash", "-vC", "x.cf", "-t:", "map", "--", "-v"]), b"vC:t:").unwrap();
        assert_eq!(found, [(b'v', vec![]), (b'C', b"x.cf".to_vec()), (b't', b":".to_vec())]);
        assert_eq!(words, [b"hash".to_vec(), b"map".to_vec(), b"-v".to_vec()]);
        assert_eq!(options(&argv(&["makemap", "-X"]), b"v"), Err("makemap: invalid option -- 'X'".into()));
        assert_eq!(options(&argv(&["m", "-C"]), b"C:"), Err("m: option requires an argument -- 'C'".into()));
        assert!(options(&argv(&["m", "-:"]), b"C:").is_err());
    }
}
