//! The password and group databases through NSS (getpwnam_r(3) and kin): plain entries, no interpretation.

use nix::errno::Errno;
use nix::unistd::{Group, Uid, User};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// One entry of the password database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Login name.
    pub name: Vec<u8>,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// The comment field.
    pub gecos: Vec<u8>,
    /// Home directory.
    pub home: OsString,
    /// Login shell.
    pub shell: OsString,
}

impl From<User> for Entry {
    fn from(user: User) -> Entry {
        Entry {
            name: user.name.into_bytes(),
            uid: user.uid.as_raw(),
            gid: user.gid.as_raw(),
            gecos: user.gecos.into_bytes(),
            home: OsString::from_vec(user.dir.as_os_str().as_bytes().to_vec()),
            shell: OsString::from_vec(user.shell.as_os_str().as_bytes().to_vec()),
        }
    }
}

/// The entry called `name`; `Ok(None)` when there is none, `Err` when the database could not answer.
pub fn by_name(name: &[u8]) -> Result<Option<Entry>, Errno> {
    match std::str::from_utf8(name) {
        Ok(name) if !name.is_empty() && !name.contains('\0') => answer(User::from_name(name)),
        _ => Ok(None),
    }
}

/// The entry with this user id.
pub fn by_uid(uid: u32) -> Result<Option<Entry>, Errno> {
    answer(User::from_uid(Uid::from_raw(uid)))
}

/// Calls `each` with the login name and comment of every entry that can be enumerated, until it says no more.
pub fn walk(each: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
    // getpwent(3) has one place in the database for the whole process.
    static WALK: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = WALK.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    // SAFETY: only this function enumerates, under the lock.
    unsafe { libc::setpwent() };
    for _ in 0..MAX_ENTRIES {
        // SAFETY: as above; the entry stays valid until the next call, and is not kept.
        let Some(entry) = (unsafe { libc::getpwent().as_ref() }) else { break };
        let text = |p: *const libc::c_char| match p.is_null() {
            true => &b""[..],
            // SAFETY: a field that is no null pointer is a string that lives as long as the entry.
            false => unsafe { std::ffi::CStr::from_ptr(p) }.to_bytes(),
        };
        if !each(text(entry.pw_name), text(entry.pw_gecos)) {
            break;
        }
    }
    // SAFETY: as above.
    unsafe { libc::endpwent() };
}

/// The most entries that [`walk`] shows.
const MAX_ENTRIES: usize = 1_000_000;

/// getpwnam_r(3): these errors mean "not found" with some sources of names.
fn answer(found: nix::Result<Option<User>>) -> Result<Option<Entry>, Errno> {
    match found {
        Ok(user) => Ok(user.map(Entry::from)),
        Err(Errno::ENOENT | Errno::ESRCH) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The id of the group called `name`.
pub fn group_by_name(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|g| g.gid.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_there() {
        let root = by_name(b"root").unwrap().unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert_eq!(by_uid(0).unwrap().unwrap().name, b"root");
        assert_eq!(by_name(b"no-such-user-here"), Ok(None));
        assert_eq!(by_name(b"ro\0ot"), Ok(None));
    }
}
