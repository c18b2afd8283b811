//! What `mail.local` is told on its command line: the same for the program and for the worker that does its work without
//! starting it.

use super::mailbox::{Mailbox, Refused};
use super::worker::wire::{self, Answer};
use crate::envelope::Status;
use crate::reply::Reply;
use crate::sys::cred::{self, Identity};
use crate::sys::{clock, process};
use crate::user::{Passwd, User, Users};
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
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
    /// `-D`: another database of mailboxes than the password file, of which there is none.
    pub database: Option<Vec<u8>>,
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
            database: None,
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
                        b'D' if value != b"pw" => settings.database = Some(value.to_vec()),
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

impl Settings {
    /// Appends a message to a user's mailbox, as `mail.local` does: root makes the mailbox and lets a child that is the user
    /// write to it.
    pub fn deliver(&self, recipient: &[u8], sender: &[u8], message: &File, size: u64) -> Result<(), Refused> {
        let user = self.find(recipient)?;
        let path = self.path(&user.name, &user.home);
        let root = cred::is_root();
        let uid = if root { user.uid } else { cred::effective_uid() };
        let mailbox = Mailbox { path: &path, uid, gid: user.gid, quota_is_permanent: self.quota_is_permanent };
        let now = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_secs());
        let date = clock::local(i64::try_from(now).unwrap_or(0)).ctime();
        if self.home_file.is_none() {
            mailbox.prepare()?;
        }
        let append = || {
            if self.home_file.is_some() {
                mailbox.prepare()?;
            }
            mailbox.append(sender, &date, message, size)
        };
        if !root || user.uid == 0 {
            return append();
        }
        let identity =
            Identity { name: Some(user.name.clone()), uid: user.uid, gid: user.gid, reserve: self.spool_group() };
        as_child(&identity, append)
    }

    /// The group that the mail spool wants for lock files and mailboxes, if it is one that others are kept out by.
    pub fn spool_group(&self) -> Option<u32> {
        let meta = std::fs::metadata(&self.spool).ok()?;
        (meta.mode() & 0o022 == 0o020).then(|| meta.gid())
    }

    /// The account of a recipient.
    pub fn find(&self, recipient: &[u8]) -> Result<User, Refused> {
        // On the command line a name is a name; the address of LMTP may have a detail.
        let most = if self.lmtp { 2 } else { 1 };
        for name in login_names(recipient).take(most) {
            match Passwd.by_name(name) {
                Ok(Some(user)) => return Ok(user),
                Ok(None) => {}
                Err(why) => return Err(Refused { reply: Reply::coded(451, (4, 3, 0), why.0) }),
            }
        }
        Err(Refused { reply: Reply::coded(550, (5, 1, 1), "User unknown") })
    }
}

/// Runs `append` in a child that is `identity`.
fn as_child(identity: &Identity, append: impl FnOnce() -> Result<(), Refused>) -> Result<(), Refused> {
    let failed = |why: std::io::Error| Refused::later(format!("cannot become user {}: {why}", identity.uid));
    let (ours, theirs) = UnixStream::pair().map_err(failed)?;
    let pid = process::fork_child(true, || {
        let result = match cred::become_for_good(identity) {
            Ok(()) => cred::with_reserve(append),
            Err(error) => Err(failed(error)),
        };
        let status = match result {
            Ok(()) => Status::new((2, 1, 5), 0, ""),
            Err(refused) => Status { reply: Some(refused.reply.clone()), ..refused.status() },
        };
        u8::from(wire::send_answer(&theirs, &Answer::Statuses(vec![status])).is_err())
    })
    .map_err(failed)?;
    drop(theirs);
    let answer = wire::receive_answer(&ours);
    let _ = nix::sys::wait::waitpid(pid, None);
    match answer {
        Ok(Answer::Statuses(all)) => match all.into_iter().next().and_then(|s| s.reply) {
            Some(reply) => Err(Refused { reply }),
            None => Ok(()),
        },
        Ok(_) => Err(failed(std::io::ErrorKind::InvalidData.into())),
        Err(error) => Err(failed(error)),
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
        assert_eq!(read("-D mbdb u").unwrap().database.as_deref(), Some(&b"mbdb"[..]));
        assert_eq!(read("-D pw u").unwrap().database, None);
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
