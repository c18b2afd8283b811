//! Whose rights a job gets, found out with the worker's own eyes.
//!
//! The process that asks may have been taken over through the network. So its word starts no program: a program or file must
//! stand in the alias, the `.forward` or the `:include:` file that the request names, read here, each with the rights of
//! the user whose file it is.

use super::{Elsewhere, Worker};
use crate::alias::list;
use crate::cf::Mailer;
use crate::deliver::listed::{self, Kind, Unread};
use crate::deliver::{Found, Listed, LocalRecipient};
use crate::envelope::{Origin, Status};
use crate::rewrite::service::Lookup;
use crate::sys::cred::Identity;
use crate::text::Line;
use crate::user::{User, Users, shells};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What a list element means once quotes are off: `|command`, `/file`, `:include:/path`, or an address.
pub fn plain(element: &[u8]) -> Vec<u8> {
    let special = |t: &[u8]| t.starts_with(b"|") || t.starts_with(b"/") || t.starts_with(b":include:");
    let unquoted = list::unquoted(element);
    let plain = if special(&unquoted) { unquoted } else { element.to_vec() };
    match plain.strip_prefix(b":include:") {
        Some(path) => [b":include:", path.trim_ascii()].concat(),
        None => plain,
    }
}

/// The command of a program address: without quotes and the bar.
pub fn command(user: &[u8]) -> Vec<u8> {
    let quoted = user.starts_with(b"|") || user.starts_with(b"\"|");
    let plain = if quoted { list::unquoted(user) } else { user.to_vec() };
    plain.strip_prefix(b"|").map(|c| c.trim_ascii_start().to_vec()).unwrap_or(plain)
}

/// Whether a list names `wanted` (in its [`plain`] form).
fn names(text: &[u8], wanted: &[u8]) -> bool {
    list::file_elements(text).flat_map(|(_, line)| list::split(line)).any(|element| plain(element) == wanted)
}

fn refuse(text: impl AsRef<[u8]>) -> Status {
    Status::new((5, 7, 1), 77, text)
}

fn unavailable(why: &str) -> Status {
    Status::new((4, 3, 0), 75, why)
}

impl Worker {
    /// Who `DefaultUser` is.
    pub(super) fn default_user(&self) -> Identity {
        let spec = &self.config.options.default_user;
        let name = spec.name.as_ref().map(|n| n.as_bytes().to_vec());
        Identity { name, uid: spec.uid.unwrap_or(1), gid: spec.gid.unwrap_or(1), reserve: None }
    }

    /// The user called `name`.
    pub(super) fn user(&self, name: &[u8]) -> Result<User, Status> {
        match self.users.by_name(name) {
            Ok(Some(user)) => Ok(user),
            Ok(None) => Err(Status::new((5, 1, 1), 67, "User unknown")),
            Err(why) => Err(unavailable(&why.0)),
        }
    }

    /// The identity of a user; mail for root runs nothing as root.
    pub(super) fn identity_of(&self, user: &User) -> Identity {
        if user.uid == 0 {
            return self.default_user();
        }
        Identity { name: Some(user.name.clone()), uid: user.uid, gid: user.gid, reserve: self.spool_group }
    }

    /// The rights for a program (`|command`) or file (`/path`), which `origin` must name.
    pub(super) fn for_address(&self, wanted: &[u8], origin: &Origin) -> Result<Identity, Elsewhere> {
        match origin {
            Origin::Direct => {
                let what = if wanted.starts_with(b"|") { "programs" } else { "files" };
                Err(refuse(format!("Cannot mail directly to {what}")).into())
            }
            Origin::Alias(key) => match self.aliases.lookup(key) {
                Lookup::Found(value) | Lookup::FoundTemp(value) if names(&value, wanted) => Ok(self.default_user()),
                // Who this worker has become may not read the table, which was replaced since: a new worker may.
                Lookup::TempFail(_) if self.became.is_some() => Err(Elsewhere::Again),
                Lookup::TempFail(why) => Err(unavailable(&why).into()),
                _ => Err(refuse("Alias no longer names this address").into()),
            },
            Origin::Forward(user) => {
                let (user, detail) = self.split_detail(user)?;
                let listed = self.read_forward(&user, &detail)?.file;
                let listed = listed.filter(|l| names(&l.text, wanted));
                self.check_programs(
                    listed.ok_or_else(|| refuse("Forward file no longer names this address"))?,
                    wanted,
                )?;
                Ok(self.identity_of(&user))
            }
            Origin::Include(outer, path) => {
                let listed = self.read_include(path, outer)?;
                if !names(&listed.text, wanted) {
                    return Err(refuse("Include file no longer names this address").into());
                }
                let uid = listed.uid;
                self.check_programs(listed, wanted)?;
                Ok(self.owner(uid)?)
            }
        }
    }

    fn check_programs(&self, listed: Listed, wanted: &[u8]) -> Result<(), Elsewhere> {
        let special = wanted.starts_with(b"|") || wanted.starts_with(b"/");
        match listed.programs {
            Err(why) if special => Err(refuse(why).into()),
            _ => Ok(()),
        }
    }

    /// The identity of a file's owner.
    fn owner(&self, uid: u32) -> Result<Identity, Status> {
        match self.users.by_uid(uid) {
            Ok(Some(user)) => Ok(self.identity_of(&user)),
            Ok(None) => Err(refuse("Owner of the list has no account")),
            Err(why) => Err(unavailable(&why.0)),
        }
    }

    /// The rights for running the mailer itself for `recipient` (no program or file address). `None`: as it is, root.
    pub(super) fn for_mailer(&self, mailer: &Mailer, recipient: &LocalRecipient) -> Result<Option<Identity>, Status> {
        if let Some(uid) = mailer.user.uid {
            let name = mailer.user.name.as_ref().map(|n| n.as_bytes().to_vec());
            let gid = mailer.user.gid.unwrap_or(self.default_user().gid);
            return Ok(Some(Identity { name, uid, gid, reserve: None }));
        }
        if mailer.flags.has(b'S') {
            return Ok(None);
        }
        // Without `F=w` nobody looked for an account of that name.
        if mailer.flags.has(b'o') && mailer.flags.has(b'w') {
            return self.user(&recipient.user).map(|u| Some(self.identity_of(&u)));
        }
        Ok(Some(self.default_user()))
    }

    /// `user` or `user+detail`, as an [`Origin::Forward`] has it.
    pub(super) fn split_detail(&self, name: &[u8]) -> Result<(User, Vec<u8>), Status> {
        match (self.user(name), name.iter().position(|b| *b == b'+')) {
            (Err(_), Some(at)) => {
                let (name, detail) = (name.get(..at).unwrap_or_default(), name.get(at + 1..).unwrap_or_default());
                self.user(name).map(|u| (u, detail.to_vec()))
            }
            (found, _) => found.map(|u| (u, Vec::new())),
        }
    }

    /// The user's `.forward`, read with his rights.
    pub(super) fn read_forward(&self, user: &User, detail: &[u8]) -> Result<Found, Elsewhere> {
        // Not `identity_of`: root's own file may be readable for root alone; only what it names runs as somebody else.
        let identity = Identity {
            name: Some(user.name.clone()),
            uid: user.uid,
            gid: user.gid,
            reserve: self.spool_group.filter(|_| user.uid != 0),
        };
        let paths = self.forward_paths(user, detail);
        let blame = self.config.options.dont_blame_sendmail;
        let host = self.config.macros.get("j").unwrap_or_default();
        let result = self.as_user(&identity, || find_forward(&paths, user, blame, host))?;
        Ok(result?)
    }

    fn forward_paths(&self, user: &User, detail: &[u8]) -> Vec<Vec<u8>> {
        let mut macros = self.config.layer();
        macros.set("z", user.home.as_bytes());
        macros.set("u", &user.name);
        macros.set("h", detail);
        let split = self.config.options.forward_path.as_bytes().split(|b| *b == b':');
        split
            .filter(|part| !part.is_empty())
            .map(|part| crate::cf::Template::parse(part).expand(&macros))
            .filter(|path| path.starts_with(b"/"))
            .collect()
    }

    /// An `:include:` file that `outer` must name, read with the rights of who wrote `outer`.
    pub(super) fn read_include(&self, path: &Line, outer: &Origin) -> Result<Listed, Elsewhere> {
        let reader = self.for_address(&[b":include:", &path[..]].concat(), outer)?;
        let blame = self.config.options.dont_blame_sendmail;
        let file = Path::new(OsStr::from_bytes(path));
        let cannot = |why: &Line| {
            let text = [b"Cannot open ", &path[..], b": ", &why[..]].concat();
            Status::new((5, 2, 4), 66, text)
        };
        let read = self.as_user(&reader, || match listed::read(file, Kind::Include, None, blame) {
            Ok(safe) => Ok(Found {
                file: Some(Listed {
                    path: path.clone(),
                    text: safe.text,
                    owner: Line::default(),
                    uid: safe.uid,
                    gid: safe.gid,
                    programs: if safe.trusted { Ok(()) } else { Err(Line::default()) },
                }),
                refused: Vec::new(),
            }),
            Err(Unread::Absent) => Err(cannot(&Line::cleaned(nix::errno::Errno::ENOENT.desc().as_bytes()))),
            Err(Unread::Refused(why)) => Err(cannot(&why)),
            Err(Unread::Later(why)) => {
                Err(Status { enhanced: crate::reply::Enhanced(4, 2, 4), exit: 75, ..cannot(&why) })
            }
        })?;
        let mut listed = read?.file.ok_or_else(|| unavailable("no answer"))?;
        let owner = self.users.by_uid(listed.uid).map_err(|why| unavailable(&why.0))?;
        let name = owner.as_ref().map(|u| u.name.clone()).unwrap_or_default();
        listed.owner = Line::cleaned(&name);
        let unsafe_text = || Line::cleaned(b"Address is unsafe for mailing to programs");
        listed.programs = match &owner {
            _ if listed.programs.is_err() => Err(unsafe_text()),
            None => Err(unsafe_text()),
            Some(user) => shell_allows(user, self.config.macros.get("j").unwrap_or_default()),
        };
        Ok(listed)
    }
}

/// Looks for the first safe file.
fn find_forward(
    paths: &[Vec<u8>],
    user: &User,
    blame: crate::cf::options::Blame,
    host: &[u8],
) -> Result<Found, Status> {
    let mut found = Found::default();
    for path in paths {
        let line = Line::cleaned(path);
        match listed::read(Path::new(OsStr::from_bytes(path)), Kind::Forward, Some(user.uid), blame) {
            Ok(safe) => {
                let trusted = if safe.trusted {
                    Ok(())
                } else {
                    Err(Line::cleaned(b"Address is unsafe for mailing to programs"))
                };
                found.file = Some(Listed {
                    path: line,
                    text: safe.text,
                    owner: Line::cleaned(&user.name),
                    uid: user.uid,
                    gid: user.gid,
                    programs: trusted.and_then(|()| shell_allows(user, host)),
                });
                break;
            }
            Err(Unread::Absent) => {}
            Err(Unread::Refused(why)) => found.refused.push((line, why)),
            Err(Unread::Later(why)) => {
                let text = [&path[..], b": ", &why[..]].concat();
                return Err(Status::new((4, 2, 0), 75, text));
            }
        }
    }
    Ok(found)
}

/// Who has no valid shell may not have mail run programs.
fn shell_allows(user: &User, host: &[u8]) -> Result<(), Line> {
    // Root's lists run as DefaultUser, whatever root's shell is.
    if user.uid == 0 || shells::is_valid(Path::new(&user.shell)) {
        return Ok(());
    }
    let tail = b" doesn't have a valid shell for mailing to programs";
    Err(Line::cleaned(&[b"User ", &user.name[..], b"@", host, tail].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_are_compared_without_quotes() {
        assert_eq!(plain(br#""|/bin/cat > x""#), b"|/bin/cat > x");
        assert_eq!(plain(br#"|"prog a, b""#), b"|prog a, b");
        assert_eq!(plain(b":include: /x"), b":include:/x");
        assert_eq!(plain(br"\alice"), br"\alice");
        assert!(names(b"# |a\nbob, \"|prog x\"\n", b"|prog x"));
        assert!(!names(b"# |a\nbob, \"|prog x\"\n", b"|prog"));
        assert!(!names(b"# |a\n", b"|a"));
        assert_eq!(command(br#""|/bin/echo \"x\"""#), br#"/bin/echo "x""#);
        assert_eq!(command(br#""my prog" x"#), br#""my prog" x"#);
    }
}
