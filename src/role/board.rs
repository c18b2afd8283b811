//! A number that one process writes and another reads: how many connections `mta` has.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt;

/// Memory that both processes have open as a file.
pub struct Board(File);

impl Board {
    /// A board that says 0.
    pub fn new() -> io::Result<Board> {
        let fd = nix::sys::memfd::memfd_create(c"board", nix::sys::memfd::MFdFlags::MFD_CLOEXEC)?;
        Ok(Board(File::from(fd)))
    }

    /// For the list of descriptors that a child keeps.
    pub fn descriptor(&self) -> RawFd {
        self.0.as_raw_fd()
    }

    /// Writes the number; what cannot be written is not worth a word.
    pub fn set(&self, number: u32) {
        let _ = self.0.write_at(&number.to_ne_bytes(), 0);
    }

    /// Reads the number.
    pub fn get(&self) -> u32 {
        let mut bytes = [0; 4];
        match self.0.read_at(&mut bytes, 0) {
            Ok(4) => u32::from_ne_bytes(bytes),
            _ => 0,
        }
    }
}
