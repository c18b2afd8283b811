//! Reading `.forward` and `:include:` files: what a user wrote is believed only if nobody else could have written it.
//!
//! The process already has the rights of the user for whom the file is read: it can read what he can read and no more. The
//! file is judged by its descriptor; the directories that lead to it by their names and by the place where it really is.

use crate::cf::options::Blame;
use crate::text::Line;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// A longer list is refused.
const MAX_SIZE: u64 = 8 * 1024 * 1024;

/// What kind of file: the relaxations of DontBlameSendmail have a name for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A `.forward` file.
    Forward,
    /// An `:include:` file.
    Include,
}

/// A file that may be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeText {
    /// Its content.
    pub text: Vec<u8>,
    /// Its owner.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// May it name programs and files, or only addresses?
    pub trusted: bool,
}

/// Why a file is not believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// There is none.
    Absent,
    /// It is there, but not to be read now or not to be trusted: `Group writable file`, `Permission denied`.
    Refused(Line),
    /// It could not be read now: a file server is away.
    Later(Line),
}

fn refused<T>(why: &str) -> Result<T, Unread> {
    Err(Unread::Refused(Line::cleaned(why.as_bytes())))
}

struct Rules {
    group_file: bool,
    group_file_trusted: bool,
    world_file: bool,
    group_dir: bool,
    any_dir: bool,
    any_dir_trusted: bool,
    linked: bool,
    sticky: bool,
    group_dir_everywhere: bool,
}

fn rules(kind: Kind, blame: Blame) -> Rules {
    let pick = |forward: Blame, include: Blame| match kind {
        Kind::Forward => blame.has(forward),
        Kind::Include => blame.has(include),
    };
    Rules {
        group_file: pick(Blame::GROUP_WRITABLE_FORWARD, Blame::GROUP_WRITABLE_INCLUDE)
            || pick(Blame::GROUP_WRITABLE_FORWARD_SAFE, Blame::GROUP_WRITABLE_INCLUDE_SAFE),
        group_file_trusted: pick(Blame::GROUP_WRITABLE_FORWARD_SAFE, Blame::GROUP_WRITABLE_INCLUDE_SAFE),
        world_file: pick(Blame::WORLD_WRITABLE_FORWARD, Blame::WORLD_WRITABLE_INCLUDE),
        group_dir: pick(Blame::FORWARD_IN_GROUP_WRITABLE_DIR, Blame::INCLUDE_IN_GROUP_WRITABLE_DIR),
        any_dir: pick(Blame::FORWARD_IN_UNSAFE_DIR, Blame::INCLUDE_IN_UNSAFE_DIR)
            || pick(Blame::FORWARD_IN_UNSAFE_DIR_SAFE, Blame::INCLUDE_IN_UNSAFE_DIR_SAFE),
        any_dir_trusted: pick(Blame::FORWARD_IN_UNSAFE_DIR_SAFE, Blame::INCLUDE_IN_UNSAFE_DIR_SAFE),
        linked: pick(Blame::LINKED_FORWARD, Blame::LINKED_INCLUDE),
        sticky: blame.has(Blame::TRUST_STICKY_BIT),
        group_dir_everywhere: blame.has(Blame::GROUP_WRITABLE_DIR_PATH_SAFE),
    }
}

/// Reads the file at `path`. `owner` is who must own it (or root); `None` when its owner is what is asked for.
pub fn read(path: &Path, kind: Kind, owner: Option<u32>, blame: Blame) -> Result<SafeText, Unread> {
    let rules = rules(kind, blame);
    // O_NONBLOCK: a pipe or device with that name must not hold us up.
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Err(Unread::Absent);
        }
        Err(error) => return Err(failed(&error)),
    };
    let meta = file.metadata().map_err(|e| failed(&e))?;
    let mut trusted = check_file(&meta, owner, &rules)?;
    let unsafe_dir = unsafe_directory(path, &file, &rules);
    if let Some(why) = unsafe_dir {
        if !rules.any_dir {
            return refused(why);
        }
        trusted &= rules.any_dir_trusted;
        if !rules.linked && meta.nlink() > 1 {
            return refused("Hard links not allowed");
        }
        if !rules.linked && std::fs::symlink_metadata(path).is_ok_and(|m| m.is_symlink()) {
            return refused("Symbolic links not allowed");
        }
    }
    let mut text = Vec::new();
    let got = file.take(MAX_SIZE + 1).read_to_end(&mut text);
    if let Err(error) = got {
        return Err(failed(&error));
    }
    if text.len() as u64 > MAX_SIZE {
        return refused("File too large");
    }
    Ok(SafeText { text, uid: meta.uid(), gid: meta.gid(), trusted })
}

fn failed(error: &std::io::Error) -> Unread {
    use libc::{EAGAIN, EIO, EMFILE, ENFILE, ENOMEM, ESTALE, ETIMEDOUT};
    let text = Line::cleaned(io_text(error).as_bytes());
    match error.raw_os_error() {
        Some(EAGAIN | EIO | EMFILE | ENFILE | ENOMEM | ESTALE | ETIMEDOUT) => Unread::Later(text),
        _ => Unread::Refused(text),
    }
}

/// The words of strerror(3).
pub(super) fn io_text(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_string(),
        None => error.to_string(),
    }
}

/// `Ok(false)`: to be read, but no programs.
fn check_file(meta: &Metadata, owner: Option<u32>, rules: &Rules) -> Result<bool, Unread> {
    if !meta.is_file() {
        return refused("Regular files only");
    }
    if owner.is_some_and(|o| meta.uid() != o && meta.uid() != 0) {
        return refused("Permission denied");
    }
    let mut trusted = true;
    if meta.mode() & 0o020 != 0 {
        if !rules.group_file {
            return refused("Group writable file");
        }
        trusted &= rules.group_file_trusted;
    }
    if meta.mode() & 0o002 != 0 {
        if !rules.world_file {
            return refused("World writable file");
        }
        trusted = false;
    }
    Ok(trusted)
}

/// Why somebody else could have put the file there, if he could.
fn unsafe_directory(path: &Path, file: &File, rules: &Rules) -> Option<&'static str> {
    let real = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd())).ok();
    let real = real.filter(|p| p.as_os_str().as_bytes().starts_with(b"/"));
    let parents = |p: &Path| p.ancestors().skip(1).map(Path::to_path_buf).collect::<Vec<_>>();
    let mut directories = parents(path);
    directories.extend(real.iter().flat_map(|p| parents(p)));
    directories.iter().find_map(|dir| {
        let meta = std::fs::metadata(dir).ok()?;
        let sticky = meta.mode() & 0o1000 != 0 && rules.sticky;
        if meta.mode() & 0o002 != 0 && !sticky {
            return Some("World writable directory");
        }
        let group_ok = sticky || rules.group_dir || rules.group_dir_everywhere;
        (meta.mode() & 0o020 != 0 && !group_ok).then_some("Group writable directory")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn blame(words: &[Blame]) -> Blame {
        let mut set = Blame::TRUST_STICKY_BIT;
        words.iter().for_each(|w| set.add(*w));
        set
    }

    fn why(result: Result<SafeText, Unread>) -> String {
        match result {
            Ok(t) => format!("{} {}", String::from_utf8_lossy(&t.text).trim(), t.trusted),
            Err(Unread::Absent) => "absent".into(),
            Err(Unread::Refused(line) | Unread::Later(line)) => String::from_utf8_lossy(&line).into_owned(),
        }
    }

    #[test]
    fn only_what_nobody_else_wrote() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let path = dir.path().join(".forward");
        let me = crate::sys::cred::effective_uid();
        let read_as = |uid, set: &[Blame]| why(read(&path, Kind::Forward, Some(uid), blame(set)));
        assert_eq!(read_as(me, &[]), "absent");
        std::fs::write(&path, "erin\n").unwrap();
        let mode = |m| std::fs::set_permissions(&path, PermissionsExt::from_mode(m)).unwrap();
        mode(0o644);
        assert_eq!(read_as(me, &[]), "erin true");
        if me != 0 {
            assert_eq!(read_as(me + 1, &[]), "Permission denied");
        }
        mode(0o664);
        assert_eq!(read_as(me, &[]), "Group writable file");
        assert_eq!(read_as(me, &[Blame::GROUP_WRITABLE_FORWARD]), "erin false");
        assert_eq!(read_as(me, &[Blame::GROUP_WRITABLE_FORWARD_SAFE]), "erin true");
        mode(0o646);
        assert_eq!(read_as(me, &[]), "World writable file");
        assert_eq!(read_as(me, &[Blame::WORLD_WRITABLE_FORWARD]), "erin false");
        mode(0o644);
        let home = |m| std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(m)).unwrap();
        home(0o777);
        assert_eq!(read_as(me, &[]), "World writable directory");
        assert_eq!(read_as(me, &[Blame::FORWARD_IN_UNSAFE_DIR]), "erin false");
        std::fs::hard_link(&path, dir.path().join("other")).unwrap();
        assert_eq!(read_as(me, &[Blame::FORWARD_IN_UNSAFE_DIR]), "Hard links not allowed");
        home(0o775);
        assert_eq!(read_as(me, &[]), "Group writable directory");
        assert_eq!(read_as(me, &[Blame::FORWARD_IN_GROUP_WRITABLE_DIR]), "erin true");
    }

    #[test]
    fn no_pipes_and_devices() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let path = dir.path().join(".forward");
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(why(read(&path, Kind::Forward, None, blame(&[]))), "Regular files only");
        std::fs::remove_file(&path).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
        assert_eq!(why(read(&path, Kind::Include, None, blame(&[]))), "Regular files only");
    }
}
