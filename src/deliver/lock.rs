//! Locks on mailboxes, as every program that reads or writes one takes them: `FILE.lock`, then flock(2) and fcntl(2).
//!
//! All waits have an end: a user who holds a lock for ever delays only his own mail.

use nix::fcntl::{FcntlArg, Flock, FlockArg, fcntl};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// A lock file older than this was left by a program that died.
const STALE: Duration = Duration::from_secs(300);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// `FILE.lock`; removed when dropped.
#[derive(Debug)]
pub struct DotLock {
    path: PathBuf,
    inode: (u64, u64),
}

impl DotLock {
    /// Makes `path` + `.lock`, waiting until `deadline`; `Ok(None)` when the directory does not let this user make files.
    pub fn take(path: &Path, deadline: Instant) -> io::Result<Option<DotLock>> {
        let mut name = path.as_os_str().to_os_string();
        name.push(".lock");
        let path = PathBuf::from(name);
        loop {
            let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
            match made {
                Ok(mut file) => {
                    let meta = file.metadata()?;
                    let lock = DotLock { path, inode: (meta.dev(), meta.ino()) };
                    // What liblockfile writes: nobody's process, so that only age makes it stale.
                    file.write_all(b"0\n")?;
                    return Ok(Some(lock));
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) if matches!(error.kind(), ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
            if is_stale(&path) && std::fs::remove_file(&path).is_ok() {
                continue;
            }
            if Instant::now() >= deadline {
                return Err(ErrorKind::TimedOut.into());
            }
            std::thread::sleep(PAUSE);
        }
    }
}

fn is_stale(path: &Path) -> bool {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return false };
    meta.is_file()
        && meta.modified().ok().and_then(|at| SystemTime::now().duration_since(at).ok()).is_some_and(|age| age > STALE)
}

impl Drop for DotLock {
    fn drop(&mut self) {
        // Not if somebody took it for stale and made his own.
        let ours = std::fs::symlink_metadata(&self.path).is_ok_and(|m| (m.dev(), m.ino()) == self.inode);
        if ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// An open file with both kernel locks.
pub type Locked = Flock<File>;

/// Takes flock(2) and the POSIX record lock on the whole of `file`, waiting until `deadline`.
pub fn take_kernel(mut file: File, deadline: Instant) -> io::Result<Locked> {
    let locked = loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => break locked,
            Err((back, nix::errno::Errno::EWOULDBLOCK | nix::errno::Errno::EINTR)) => file = back,
            Err((_, error)) => return Err(error.into()),
        }
        wait(deadline)?;
    };
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    loop {
        match fcntl(locked.as_fd(), FcntlArg::F_SETLK(&whole)) {
            Ok(_) => return Ok(locked),
            Err(nix::errno::Errno::EACCES | nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => {}
            // File systems without record locks still have the other two.
            Err(nix::errno::Errno::ENOLCK | nix::errno::Errno::EOPNOTSUPP | nix::errno::Errno::EINVAL) => {
                return Ok(locked);
            }
            Err(error) => return Err(error.into()),
        }
        wait(deadline)?;
    }
}

fn wait(deadline: Instant) -> io::Result<()> {
    if Instant::now() >= deadline {
        return Err(ErrorKind::TimedOut.into());
    }
    std::thread::sleep(PAUSE);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_waits_and_gives_up() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("box");
        let soon = || Instant::now() + Duration::from_millis(150);
        let first = DotLock::take(&path, soon())?;
        assert!(first.is_some() && dir.path().join("box.lock").exists());
        assert_eq!(DotLock::take(&path, soon()).map_err(|e| e.kind()).err(), Some(ErrorKind::TimedOut));
        drop(first);
        assert!(DotLock::take(&path, soon())?.is_some());
        assert!(!dir.path().join("box.lock").exists());

        let held = take_kernel(File::create(&path)?, soon())?;
        assert_eq!(take_kernel(File::open(&path)?, soon()).map_err(|e| e.kind()).err(), Some(ErrorKind::TimedOut));
        drop(held);
        take_kernel(OpenOptions::new().write(true).open(&path)?, soon())?;
        Ok(())
    }

    #[test]
    fn what_a_dead_program_left_is_taken_away() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("box");
        let old = File::create(dir.path().join("box.lock"))?;
        old.set_modified(SystemTime::now() - STALE - Duration::from_secs(9))?;
        assert!(DotLock::take(&path, Instant::now())?.is_some());
        Ok(())
    }
}
