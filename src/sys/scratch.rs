//! Files without a name, for a message on its way to another process.

use nix::fcntl::{OFlag, open};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;
use std::path::Path;

/// A file for about `size` octets that vanishes with its last descriptor: in memory up to `limit`, else in `directory`.
pub fn file(size: u64, limit: u64, directory: &Path) -> io::Result<File> {
    if size > limit {
        let flags = OFlag::O_TMPFILE | OFlag::O_RDWR | OFlag::O_CLOEXEC;
        if let Ok(fd) = open(directory, flags, Mode::S_IRUSR | Mode::S_IWUSR) {
            return Ok(fd.into());
        }
    }
    Ok(memfd_create(c"message", MFdFlags::MFD_CLOEXEC)?.into())
}
