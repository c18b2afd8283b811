//! The status of remote hosts, one small file each below `HostStatusDirectory`: the host's name reversed, a directory with
//! a trailing dot for each part but the first (`com./example./mx`).
//!
//! A file has one record a line: `V` version, `E` errno, `H` the resolver's error, `S` exit status, `D` enhanced status, `R`
//! the last reply, `U` when it was used last, and a dot at the end. A host that is being worked on has its file locked.

use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The version of the form.
pub const VERSION: i64 = 0;

/// A file of this kind is never longer; the rest is not read.
const MAX_FILE: u64 = 16 * 1024;
/// A host's name has at most 127 parts.
const MAX_DEPTH: usize = 128;

/// What is known of a host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HostStatus {
    /// The version that the file claims.
    pub version: i64,
    /// errno of the last attempt.
    pub errno: i32,
    /// The resolver's error.
    pub resolver_error: i32,
    /// Exit status, of sysexits(3).
    pub exit: i32,
    /// Enhanced status code.
    pub enhanced: Vec<u8>,
    /// The last reply.
    pub reply: Vec<u8>,
    /// When it was used last, in seconds since 1970.
    pub used: i64,
}

impl HostStatus {
    /// Reads a file's content; none when it is something else.
    pub fn decode(content: &[u8]) -> Option<HostStatus> {
        if content.is_empty() {
            return None;
        }
        let mut status = HostStatus::default();
        for line in content.split(|b| *b == b'\n') {
            let Some((&letter, value)) = line.split_first() else { continue };
            match letter {
                b'V' => status.version = number(value),
                b'E' => status.errno = small(value),
                b'H' => status.resolver_error = small(value),
                b'S' => status.exit = small(value),
                b'D' => status.enhanced = value.to_vec(),
                b'R' => status.reply = value.to_vec(),
                b'U' => status.used = number(value),
                b'.' => break,
                _ => return None,
            }
        }
        Some(status)
    }
}

fn number(text: &[u8]) -> i64 {
    std::str::from_utf8(text).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(0)
}

fn small(text: &[u8]) -> i32 {
    i32::try_from(number(text)).unwrap_or(0)
}

/// A host's entry in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The host.
    pub host: Vec<u8>,
    /// Its file.
    pub file: PathBuf,
    /// Somebody works on it.
    pub locked: bool,
    /// What the file says, if it can be read.
    pub status: Option<HostStatus>,
}

/// Calls `show` for every host below `directory`, in the order of the directories.
pub fn each(directory: &Path, show: &mut dyn FnMut(Entry)) -> io::Result<()> {
    walk(directory, &mut Vec::new(), &mut |host, file, about| {
        if about.is_file()
            && let Ok((status, locked)) = read(file)
        {
            show(Entry { host: host.to_vec(), file: file.to_owned(), locked, status });
        }
    })
}

fn read(path: &Path) -> io::Result<(Option<HostStatus>, bool)> {
    let flags = (nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK).bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut content = Vec::new();
    Read::take(&file, MAX_FILE).read_to_end(&mut content)?;
    Ok((HostStatus::decode(&content), is_locked(file)))
}

fn is_locked(file: File) -> bool {
    matches!(Flock::lock(file, FlockArg::LockSharedNonblock), Err((_, nix::errno::Errno::EAGAIN)))
}

/// Takes away what was last written `age` seconds before `now` or earlier, and directories that are empty and as old.
pub fn purge(directory: &Path, now: i64, age: i64) -> io::Result<()> {
    let old = |about: &Metadata| now.saturating_sub(about.mtime()) > age;
    walk(directory, &mut Vec::new(), &mut |_, file, about| {
        // What cannot be removed now is tried at the next purge.
        if !about.is_dir() && old(about) {
            let _ = std::fs::remove_file(file);
        } else if about.is_dir() && std::fs::symlink_metadata(file).is_ok_and(|now| old(&now)) {
            let _ = std::fs::remove_dir(file);
        }
    })
}

/// What [`walk`] calls for everything that it meets: the host's name, path and lstat(2); a directory after its content.
type Visit<'a> = &'a mut dyn FnMut(&[u8], &Path, &Metadata);

/// `parts` are the names on the way, the top one first. Names that begin with a dot are passed over.
fn walk(directory: &Path, parts: &mut Vec<Vec<u8>>, visit: Visit<'_>) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let Ok(entry) = entry else { continue };
        let name = std::os::unix::ffi::OsStringExt::into_vec(entry.file_name());
        if name.starts_with(b".") {
            continue;
        }
        let path = entry.path();
        let Ok(about) = std::fs::symlink_metadata(&path) else { continue };
        let is_part = name.ends_with(b".");
        if about.is_dir() && parts.len() < MAX_DEPTH {
            parts.push(if is_part { name.strip_suffix(b".").unwrap_or(&name).to_vec() } else { Vec::new() });
            // A directory that went away or may not be read takes nothing from the others.
            let _ = walk(&path, parts, visit);
            parts.pop();
            visit(b"", &path, &about);
        } else {
            let mut host = name;
            for part in parts.iter().rev().filter(|part| !part.is_empty()) {
                host.push(b'.');
                host.extend_from_slice(part);
            }
            visit(&host, &path, &about);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn hosts_are_found_by_their_names() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "com./example./mx", "V0\nE111\nH2\nS75\nD4.4.1\nR450 later\nU77\n.\nZ\n");
        put(folder.path(), "com./example./.hidden", "V0\n.\n");
        put(folder.path(), "plain/x", "");
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        let _held = Flock::lock(File::open(folder.path().join("plain/x")).unwrap(), FlockArg::LockExclusive).unwrap();
        let mut found = Vec::new();
        each(folder.path(), &mut |entry| found.push((entry.host, entry.locked, entry.status))).unwrap();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        let status = HostStatus {
            version: 0,
            errno: 111,
            resolver_error: 2,
            exit: 75,
            enhanced: b"4.4.1".to_vec(),
            reply: b"450 later".to_vec(),
            used: 77,
        };
        assert_eq!(found, [(b"mx.example.com".to_vec(), false, Some(status)), (b"x".to_vec(), true, None)]);
        assert_eq!(HostStatus::decode(b"Xabc\n"), None);
    }

    #[test]
    fn what_is_old_goes() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), "com./example./mx", "V0\n.\n");
        put(folder.path(), "org./kept", "V0\n.\n");
        let written = std::fs::metadata(folder.path().join("org./kept")).unwrap().mtime();
        purge(folder.path(), written, 10).unwrap();
        assert!(folder.path().join("com./example./mx").exists());
        std::fs::remove_file(folder.path().join("org./kept")).unwrap();
        purge(folder.path(), written + 100, 10).unwrap();
        assert!(!folder.path().join("com./example./mx").exists());
        purge(folder.path(), written + 200, 10).unwrap();
        assert!(folder.path().exists() && !folder.path().join("org.").exists());
    }
}
