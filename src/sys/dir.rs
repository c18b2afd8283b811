//! Directories by descriptor: files in them are made, opened, renamed and removed relative to the directory that was
//! opened, so that no path is walked twice. Final symbolic links are never followed.

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, open, openat, renameat};
use nix::sys::stat::{Mode, fstatat};
use nix::unistd::{UnlinkatFlags, fsync, linkat, unlinkat};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// An open directory.
#[derive(Debug)]
pub struct Dir {
    fd: OwnedFd,
    path: PathBuf,
}

/// What identifies a file and says who may write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileId {
    /// Device.
    pub dev: u64,
    /// Inode.
    pub ino: u64,
    /// Size in octets.
    pub size: u64,
    /// Type and permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Modification time, seconds since 1970.
    pub mtime: i64,
    /// The nanoseconds of that time.
    pub mtime_nanoseconds: i64,
}

impl FileId {
    /// True for a regular file.
    pub fn is_regular(&self) -> bool {
        self.mode & libc::S_IFMT == libc::S_IFREG
    }

    /// Major and minor number of the device.
    pub fn device(&self) -> (u64, u64) {
        (u64::from(libc::major(self.dev)), u64::from(libc::minor(self.dev)))
    }

    /// True when both are the same file.
    pub fn is_same_file(&self, other: &FileId) -> bool {
        (self.dev, self.ino) == (other.dev, other.ino)
    }
}

impl From<libc::stat> for FileId {
    fn from(s: libc::stat) -> FileId {
        FileId {
            dev: s.st_dev,
            ino: s.st_ino,
            size: u64::try_from(s.st_size).unwrap_or(0),
            mode: s.st_mode,
            uid: s.st_uid,
            gid: s.st_gid,
            mtime: s.st_mtime,
            mtime_nanoseconds: s.st_mtime_nsec,
        }
    }
}

/// The identity of an open file.
pub fn identify(file: &File) -> io::Result<FileId> {
    Ok(nix::sys::stat::fstat(file)?.into())
}

/// Room on a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Free blocks for ordinary users.
    pub blocks: u64,
    /// Octets in a block.
    pub block_size: u64,
    /// Free inodes; `None` where the file system does not count them.
    pub inodes: Option<u64>,
}

impl Room {
    /// Free octets for ordinary users.
    pub fn octets(&self) -> u64 {
        self.blocks.saturating_mul(self.block_size)
    }
}

impl Dir {
    /// Opens the directory `path`.
    pub fn open(path: &Path) -> io::Result<Dir> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        Ok(Dir { fd: open(path, flags, Mode::empty())?, path: path.to_path_buf() })
    }

    /// Opens the directory `name` in this one; `None` when there is no directory of that name.
    pub fn subdir(&self, name: &str) -> io::Result<Option<Dir>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
        match openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => Ok(Some(Dir { fd, path: self.path.join(name) })),
            Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the file `name`, which must not be there yet, for reading and writing.
    pub fn create_new(&self, name: &str, mode: u32) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        Ok(openat(&self.fd, name, flags, Mode::from_bits_truncate(mode))?.into())
    }

    /// Opens the file `name` for reading, without waiting for anything.
    pub fn open_file(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        Ok(openat(&self.fd, name, flags, Mode::empty())?.into())
    }

    /// Opens the file `name`, which is there, for reading and writing.
    pub fn open_to_write(&self, name: &str) -> io::Result<File> {
        let flags = OFlag::O_RDWR | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
        Ok(openat(&self.fd, name, flags, Mode::empty())?.into())
    }

    /// The identity of the file `name`.
    pub fn stat(&self, name: &str) -> io::Result<FileId> {
        Ok(fstatat(&self.fd, name, AtFlags::AT_SYMLINK_NOFOLLOW)?.into())
    }

    /// The identity of the directory itself.
    pub fn identify(&self) -> io::Result<FileId> {
        Ok(nix::sys::stat::fstat(&self.fd)?.into())
    }

    /// Renames `from` to `to` within the directory.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Removes the file `name`; `false` when it was not there.
    pub fn unlink(&self, name: &str) -> io::Result<bool> {
        match unlinkat(&self.fd, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) => Ok(true),
            Err(Errno::ENOENT) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    /// Gives the open `file` the further name `name` here. Needs /proc.
    pub fn link(&self, file: &File, name: &str) -> io::Result<()> {
        let source = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(linkat(AT_FDCWD, source.as_str(), &self.fd, name, AtFlags::AT_SYMLINK_FOLLOW)?)
    }

    /// Makes changes of names durable.
    pub fn sync(&self) -> io::Result<()> {
        Ok(fsync(&self.fd)?)
    }

    /// Makes everything on the directory's file system durable.
    pub fn sync_file_system(&self) -> io::Result<()> {
        // SAFETY: syncfs(2) takes an open descriptor and nothing else.
        match unsafe { libc::syncfs(self.fd.as_raw_fd()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// The names in the directory, in no order.
    pub fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.entries()?.into_iter().map(|(name, _)| name).collect())
    }

    /// The names in the directory with their inode numbers, in no order.
    pub fn entries(&self) -> io::Result<Vec<(String, u64)>> {
        let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let mut dir = nix::dir::Dir::openat(&self.fd, ".", flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in dir.iter() {
            // What is not UTF-8 is none of our names.
            let entry = entry?;
            if let Ok(name) = entry.file_name().to_str() {
                names.push((name.to_owned(), entry.ino()));
            }
        }
        Ok(names)
    }

    /// The room on its file system.
    pub fn room(&self) -> io::Result<Room> {
        let s = nix::sys::statvfs::fstatvfs(&self.fd)?;
        let inodes = (s.files() > 0).then(|| s.files_available());
        Ok(Room { blocks: s.blocks_available(), block_size: s.fragment_size(), inodes })
    }
}

/// The user id this process works with.
pub fn effective_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}
