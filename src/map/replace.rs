//! Making and replacing table files: locked against other writers, complete or not at all.
//!
//! The new table is written beside the old one, synced, and renamed over it, so that no reader ever sees half a table. The old file
//! stays locked meanwhile, which keeps the original's makemap out, and its times are touched at the end, by which running
//! processes of the original notice that their open file is no longer the table. Where the directory may not be written but the
//! file may, the table is written into the old file under its lock.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::db::{self, Kind, Pair, Table};

/// The mode of a new table file.
const MODE: u32 = 0o640;

/// Why a table file cannot be used.
#[derive(Debug)]
pub enum Refused {
    /// It is a symbolic link.
    Link,
    /// It is no regular file.
    NotRegular,
    /// Anything else.
    Io(io::Error),
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Link => f.write_str("Symbolic links not allowed"),
            Refused::NotRegular => f.write_str("Regular files only"),
            Refused::Io(e) => f.write_str(&super::dbfile::reason(e)),
        }
    }
}

impl From<io::Error> for Refused {
    fn from(e: io::Error) -> Refused {
        Refused::Io(e)
    }
}

impl From<db::Error> for Refused {
    fn from(e: db::Error) -> Refused {
        match e {
            db::Error::Io(e) => Refused::Io(e),
            // What Berkeley DB says of a file that is none of its kind.
            _ => Refused::Io(io::Error::from_raw_os_error(nix::libc::EINVAL)),
        }
    }
}

/// A table file held for writing.
pub struct Held {
    path: PathBuf,
    old: Option<File>,
}

/// Who reads tables, when that is not root: the user that the daemon becomes, `RunAsUser` or the owner of the queue. A table
/// that root makes belongs to that user, since it has mode 0640 and the daemon reads it without root's rights.
pub fn reader(run_as_user: Option<u32>, queue_directory: &[u8]) -> Option<u32> {
    let directory = Path::new(std::ffi::OsStr::from_bytes(queue_directory));
    // `/dir/qd*` stands for several; they have one owner.
    let is_pattern = queue_directory.contains(&b'*');
    let directory = if is_pattern { directory.parent().unwrap_or(directory) } else { directory };
    run_as_user.or_else(|| std::fs::metadata(directory).ok().map(|m| m.uid())).filter(|uid| *uid != 0)
}

/// The path itself, or where it leads if links are allowed.
fn checked(path: &Path, links: bool) -> Result<PathBuf, Refused> {
    match std::fs::symlink_metadata(path) {
        Ok(m) if m.is_symlink() && links => Ok(std::fs::canonicalize(path)?),
        Ok(m) if m.is_symlink() => Err(Refused::Link),
        Ok(m) if !m.is_file() => Err(Refused::NotRegular),
        _ => Ok(path.to_path_buf()),
    }
}

/// Locks the table at `path` for writing, waiting for other writers; it need not exist. `links`: a symbolic link is followed.
pub fn hold(path: &Path, links: bool) -> Result<Held, Refused> {
    let path = checked(path, links)?;
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).custom_flags(nix::libc::O_NOFOLLOW);
        let file = match options.open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                // Says now what is wrong with the directory, not after all the work.
                let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
                std::fs::metadata(parent)?;
                return Ok(Held { path, old: None });
            }
            Err(e) => return Err(Refused::Io(e)),
        };
        file.lock()?;
        let here = file.metadata()?;
        match std::fs::symlink_metadata(&path) {
            Ok(there) if there.ino() == here.ino() && there.dev() == here.dev() => {
                return Ok(Held { path, old: Some(file) });
            }
            // Replaced while this process waited for the lock: lock the new one.
            Ok(_) => continue,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Held { path, old: None }),
            Err(e) => return Err(Refused::Io(e)),
        }
    }
}

/// Opens the table at `path` for reading, under a shared lock that ends with the table.
pub fn read(path: &Path, cdb: bool, links: bool) -> Result<Table, Refused> {
    let file = File::open(checked(path, links)?)?;
    super::dbfile::lock_shared(&file)?;
    Ok(Table::open(file, cdb)?)
}

fn write_pairs(file: &mut File, kind: Kind, pairs: &[Pair], duplicates: bool) -> io::Result<()> {
    match kind {
        Kind::Hash => db::write_hash(file, pairs, duplicates),
        Kind::Btree => db::write_btree(file, pairs, duplicates),
        Kind::Cdb => db::write_cdb(file, pairs),
    }
}

impl Held {
    /// True when the file was there before.
    pub fn existed(&self) -> bool {
        self.old.as_ref().and_then(|f| f.metadata().ok()).is_some_and(|m| m.len() > 0)
    }

    /// The table as it is.
    pub fn table(&self, cdb: bool) -> Result<Table, Refused> {
        let old = self.old.as_ref().ok_or(io::Error::from_raw_os_error(nix::libc::ENOENT))?;
        Ok(Table::open(old.try_clone()?, cdb)?)
    }

    /// Puts `pairs` in the table's place. The file keeps the mode and group that it had; `owner` is its owner from now on,
    /// if this process may say so.
    pub fn replace(mut self, kind: Kind, pairs: &[Pair], duplicates: bool, owner: Option<u32>) -> io::Result<()> {
        let old = self.old.take();
        let before = old.as_ref().map(File::metadata).transpose()?;
        let (mut fresh, name) = match self.fresh() {
            Ok(fresh) => fresh,
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                let Some(mut file) = old else { return Err(e) };
                file.set_len(0)?;
                file.rewind()?;
                write_pairs(&mut file, kind, pairs, duplicates)?;
                return file.sync_all();
            }
            Err(e) => return Err(e),
        };
        let done = (|| {
            write_pairs(&mut fresh, kind, pairs, duplicates)?;
            fresh.flush()?;
            let group = before.as_ref().map(MetadataExt::gid);
            let owner = owner.or(before.as_ref().map(MetadataExt::uid));
            // An ordinary user may not give files away: what they make is theirs.
            if let Err(e) = std::os::unix::fs::fchown(&fresh, owner, group)
                && nix::unistd::geteuid().is_root()
            {
                return Err(e);
            }
            fresh.set_permissions(Permissions::from_mode(before.as_ref().map_or(MODE, |m| m.mode() & 0o7777)))?;
            fresh.sync_all()?;
            std::fs::rename(&name, &self.path)
        })();
        if let Err(e) = done {
            let _ = std::fs::remove_file(&name);
            return Err(e);
        }
        if let Some(parent) = self.path.parent() {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            if let Ok(directory) = File::open(parent) {
                directory.sync_all()?;
            }
        }
        if let Some(old) = old {
            let _ = old.set_modified(std::time::SystemTime::now());
        }
        Ok(())
    }

    /// An empty file beside the table.
    fn fresh(&self) -> io::Result<(File, PathBuf)> {
        let name = self.path.file_name().unwrap_or_default();
        let mut fresh = std::ffi::OsString::from(".");
        fresh.push(name);
        fresh.push(format!(".{}", std::process::id()));
        let path = self.path.with_file_name(fresh);
        // What a process of the same number left behind when it was killed.
        let _ = std::fs::remove_file(&path);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true).mode(0o600).custom_flags(nix::libc::O_NOFOLLOW);
        Ok((options.open(&path)?, path))
    }
}
