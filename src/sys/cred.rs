//! Credentials: becoming another user for good, and for a moment.

use nix::errno::Errno;
use nix::unistd::{Gid, Uid, getresgid, getresuid, initgroups, setgroups, setresgid, setresuid};
use std::ffi::CString;
use std::io;

/// Who to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Login name for the supplementary groups; `None` for none but `gid`.
    pub name: Option<Vec<u8>>,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    /// A group that is kept in reserve (as the saved group id) for [`with_reserve`]: the mail spool's. A program that is
    /// executed does not have it.
    pub reserve: Option<u32>,
}

/// The effective user id is root's.
pub fn is_root() -> bool {
    Uid::effective().is_root()
}

/// The effective user id.
pub fn effective_uid() -> u32 {
    Uid::effective().as_raw()
}

/// The real user id: who called a set-user-ID program.
pub fn real_uid() -> u32 {
    Uid::current().as_raw()
}

/// Becomes `who` with all three user ids, all three group ids and the supplementary groups, and makes sure that there is no
/// way back. A process that is not root can only become itself; its groups then stay.
pub fn become_for_good(who: &Identity) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(who.uid), Gid::from_raw(who.gid));
    if !is_root() {
        return if uid == Uid::effective() { Ok(()) } else { Err(Errno::EPERM.into()) };
    }
    match &who.name {
        Some(name) => {
            let name = CString::new(name.clone()).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
            initgroups(&name, gid)?;
        }
        None => setgroups(&[gid])?,
    }
    let reserve = who.reserve.map_or(gid, Gid::from_raw);
    setresgid(gid, gid, reserve)?;
    setresuid(uid, uid, uid)?;
    let (uids, gids) = (getresuid()?, getresgid()?);
    let all_uid = [uids.real, uids.effective, uids.saved].iter().all(|u| *u == uid);
    let all_gid = (gids.real, gids.effective, gids.saved) == (gid, gid, reserve);
    // What cannot be undone is proved by trying to undo it.
    let stuck = uid.is_root() || setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).is_err();
    if all_uid && all_gid && stuck { Ok(()) } else { Err(Errno::EPERM.into()) }
}

/// Runs `work` with the reserved group as the effective one, if this process has one.
pub fn with_reserve<T>(work: impl FnOnce() -> T) -> T {
    let keep = Gid::from_raw(u32::MAX);
    let before = Gid::effective();
    let Ok(gids) = getresgid() else { return work() };
    if gids.saved == before || setresgid(keep, gids.saved, keep).is_err() {
        return work();
    }
    let result = work();
    let _ = setresgid(keep, before, keep);
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_root_becomes_others() {
        let me = Identity { name: None, uid: effective_uid(), gid: Gid::effective().as_raw(), reserve: None };
        if !is_root() {
            assert!(become_for_good(&me).is_ok());
            assert!(become_for_good(&Identity { uid: me.uid + 1, ..me }).is_err());
        }
    }
}
