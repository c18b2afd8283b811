//! What `mail.local` is told on its command line: the same for the program and for the worker that does its work without
//! starting it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// Where mailboxes are, unless told otherwise.
pub const SPOOL: &str = "/var/mail";

/// The flags and users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `-l`: LMTP.
    pub lmtp: bool,
    /// `-7`: no 8BITMIME.
    pub seven_bit: bool,
    /// `-b`: a full quota is a permanent error.
    pub quota_is_permanent: bool,
    /// `-f`, `-r`: the sender.
    pub from: Option<Vec<u8>>,
    /// `-h`: a file in the user's home instead of the spool.
    pub home_file: Option<OsString>,
    /// `-p`: the spool directory.
    pub spool: PathBuf,
    /// The recipients.
    pub users: Vec<Vec<u8>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            lmtp: false,
            seven_bit: false,
            quota_is_permanent: false,
            from: None,
            home_file: None,
            spool: PathBuf::from(SPOOL),
            users: Vec::new(),
        }
    }
}

/// What is wrong with a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Usage {
    /// `invalid option -- 'x'` and the like: the usage is to be shown after it.
    Wrong(String),
    /// `Multiple -f options`.
    TwoSenders,
}

/// Reads the arguments (without the program's name).
pub fn parse<'a>(arguments: impl Iterator<Item = &'a [u8]>) -> Result<Settings, Usage> {
    let mut settings = Settings::default();
    let mut arguments = arguments.peekable();
    while let Some(flags) = arguments.next_if(|a| a.len() > 1 && a.starts_with(b"-")) {
        if flags == b"--" {
            break;
        }
        let mut letters = flags.get(1..).unwrap_or_default();
        while let Some((&letter, rest)) = letters.split_first() {
            letters = rest;
            match letter {
                b'l' => settings.lmtp = true,
                b'7' => settings.seven_bit = true,
                b'b' => settings.quota_is_permanent = true,
                b'd' | b'n' => {}
                b'D' | b'f' | b'r' | b'h' | b'p' | b'H' => {
                    let value = if rest.is_empty() { arguments.next() } else { Some(rest) };
                    let missing = || Usage::Wrong(format!("option requires an argument -- '{}'", letter as char));
                    let value = value.ok_or_else(missing)?;
                    letters = &[];
                    match letter {
                        b'f' | b'r' if settings.from.is_some() => return Err(Usage::TwoSenders),
                        b'f' | b'r' => settings.from = Some(value.to_vec()),
                        b'h' => settings.home_file = Some(OsString::from_vec(value.to_vec())),
                        b'p' => settings.spool = PathBuf::from(OsStr::from_bytes(value)),
                        _ => {}
                    }
                }
                other => return Err(Usage::Wrong(format!("invalid option -- '{}'", other as char))),
            }
        }
    }
    settings.users = arguments.map(<[u8]>::to_vec).collect();
    Ok(settings)
}

impl Settings {
    /// The mailbox of a user.
    pub fn path(&self, name: &[u8], home: &OsStr) -> PathBuf {
        match &self.home_file {
            Some(file) => Path::new(home).join(file),
            None => self.spool.join(OsStr::from_bytes(name)),
        }
    }
}

/// The login name in a recipient: without domain, backslashes and quotes, and without `+detail` if there is no such user.
pub fn login_names(recipient: &[u8]) -> impl Iterator<Item = &[u8]> {
    let local = recipient.split(|b| *b == b'@').next().unwrap_or_default();
    let local = local.strip_prefix(b"\\").unwrap_or(local);
    let short = local.iter().position(|b| *b == b'+').and_then(|at| local.get(..at));
    std::iter::once(local).chain(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Settings, Usage> {
        parse(line.split_whitespace().map(str::as_bytes))
    }

    #[test]
    fn flags_as_the_original_has_them() {
        let s = read("-d -7l -f a@b -h Mailbox alice bob").unwrap();
        assert!(s.lmtp && s.seven_bit);
        assert_eq!(s.from.as_deref(), Some(&b"a@b"[..]));
        assert_eq!(s.users, [b"alice".to_vec(), b"bob".to_vec()]);
        assert_eq!(s.path(b"alice", OsStr::new("/home/alice")), Path::new("/home/alice/Mailbox"));
        assert_eq!(read("-l -p /x").unwrap().path(b"u", OsStr::new("/h")), Path::new("/x/u"));
        assert_eq!(read("-f a -r b bob"), Err(Usage::TwoSenders));
        assert_eq!(read("-X"), Err(Usage::Wrong("invalid option -- 'X'".into())));
        assert_eq!(read("-f"), Err(Usage::Wrong("option requires an argument -- 'f'".into())));
    }

    #[test]
    fn logins_in_recipients() {
        let names = |r: &'static [u8]| login_names(r).collect::<Vec<_>>();
        assert_eq!(names(b"bob@h"), [b"bob"]);
        assert_eq!(names(b"alice+x@h"), [&b"alice+x"[..], b"alice"]);
        assert_eq!(names(br"\alice"), [b"alice"]);
    }
}
