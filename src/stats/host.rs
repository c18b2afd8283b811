//! The status of remote hosts, one small file each below `HostStatusDirectory`: the host's name reversed, a directory with
//! a trailing dot for each part but the first (`com./example./mx`).
//!
//! A file has one record a line: `V` version, `E` errno, `H` the resolver's error, `S` exit status, `D` enhanced status, `R`
//! the last reply, `U` when it was used last, and a dot at the end. A host that is being worked on has its file locked.

use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
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

impl HostStatus {
    /// A file's content.
    pub fn encode(&self) -> Vec<u8> {
        let mut out =
            format!("V{}\nE{}\nH{}\nS{}\n", self.version, self.errno, self.resolver_error, self.exit).into_bytes();
        for (letter, text) in [(b'D', &self.enhanced), (b'R', &self.reply)] {
            if !text.is_empty() {
                out.push(letter);
                out.extend(text.iter().map(|b| if b.is_ascii_control() { b'?' } else { *b }));
                out.push(b'\n');
            }
        }
        out.extend_from_slice(format!("U{}\n.\n", self.used).as_bytes());
        out
    }
}

/// The file for `host` (a name, or an address in brackets); none for what is no host.
pub fn file_of(directory: &Path, host: &[u8]) -> Option<PathBuf> {
    let host = host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host).to_ascii_lowercase();
    let host = host.strip_suffix(b".").unwrap_or(&host);
    let parts: Vec<&[u8]> = if host.contains(&b':') { vec![host] } else { host.split(|b| *b == b'.').collect() };
    let fit =
        |part: &&[u8]| !part.is_empty() && part.len() < 200 && part.iter().all(|b| b.is_ascii_graphic() && *b != b'/');
    if parts.len() > MAX_DEPTH || !parts.iter().all(|part| fit(part)) {
        return None;
    }
    let mut path = directory.to_path_buf();
    let (first, above) = parts.split_first()?;
    for part in above.iter().rev() {
        path.push(std::ffi::OsStr::from_bytes(&[part, &b"."[..]].concat()));
    }
    path.push(std::ffi::OsStr::from_bytes(first));
    Some(path)
}

/// A host's file, held while this process works on the host.
#[derive(Debug)]
pub struct Held {
    file: Flock<File>,
    mode: u32,
}

/// Why a host's file is not held.
#[derive(Debug)]
pub enum Unheld {
    /// Another process works on the host.
    Busy,
    /// It cannot be opened or made.
    Io(io::Error),
}

/// Opens, makes if need be, and locks the file of a host.
pub fn hold(path: &Path, mode: u32) -> Result<Held, Unheld> {
    let open = || {
        let flags = (nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK).bits();
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(mode).custom_flags(flags).open(path)
    };
    let file = match open() {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(path);
            std::fs::DirBuilder::new().recursive(true).mode(0o755).create(folder).map_err(Unheld::Io)?;
            open()
        }
        done => done,
    };
    let file = file.map_err(Unheld::Io)?;
    if !file.metadata().map_err(Unheld::Io)?.is_file() {
        return Err(Unheld::Io(io::Error::other("no regular file")));
    }
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(file) => Ok(Held { file, mode }),
        Err((_, nix::errno::Errno::EAGAIN)) => Err(Unheld::Busy),
        Err((_, errno)) => Err(Unheld::Io(errno.into())),
    }
}

impl Held {
    /// What is known of the host.
    pub fn status(&self) -> Option<HostStatus> {
        let mut content = vec![0; MAX_FILE as usize];
        let length = std::os::unix::fs::FileExt::read_at(&*self.file, &mut content, 0).ok()?;
        HostStatus::decode(content.get(..length)?)
    }

    /// Writes what became of it.
    pub fn write(&self, status: &HostStatus) -> io::Result<()> {
        let content = status.encode();
        std::os::unix::fs::FileExt::write_all_at(&*self.file, &content, 0)?;
        self.file.set_len(content.len() as u64)?;
        self.file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(self.mode))
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
    fn a_host_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = file_of(folder.path(), b"[127.0.0.1]").unwrap();
        assert_eq!(path.strip_prefix(folder.path()).unwrap(), Path::new("1./0./0./127"));
        assert_eq!(file_of(folder.path(), b"MX.a.org.").unwrap(), folder.path().join("org./a./mx"));
        for bad in [&b"a..b"[..], b"", b"../x", b"a b.org", b"/etc/x"] {
            assert_eq!(file_of(folder.path(), bad), None);
        }
        let held = hold(&path, 0o600).unwrap();
        assert!(held.status().is_none() && matches!(hold(&path, 0o600), Err(Unheld::Busy)));
        let long =
            HostStatus { exit: 75, enhanced: b"4.4.1".to_vec(), reply: b"421\nx".to_vec(), ..Default::default() };
        held.write(&long).unwrap();
        held.write(&HostStatus { errno: 111, used: 9, ..Default::default() }).unwrap();
        drop(held);
        assert_eq!(std::fs::read(&path).unwrap(), b"V0\nE111\nH0\nS0\nU9\n.\n");
        assert_eq!(hold(&path, 0o600).unwrap().status().unwrap().errno, 111);
        assert_eq!(long.encode(), b"V0\nE0\nH0\nS75\nD4.4.1\nR421?x\nU0\n.\n");
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
