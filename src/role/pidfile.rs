//! The pid file (`PidFile`): two lines, the process id and the command line; locked while its process runs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// A pid file that this process wrote; [`PidFile::remove`] takes it away.
#[derive(Debug)]
pub struct PidFile {
    path: PathBuf,
    file: File,
}

impl PidFile {
    /// Writes `pid` and `command` to `path` with mode `mode`. An existing file is overwritten unless another process holds
    /// its lock; links are not followed.
    pub fn write(path: &Path, mode: u32, pid: u32, command: &[u8]) -> io::Result<PidFile> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(mode)
            .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
            .open(path)?;
        let meta = file.metadata()?;
        if !meta.is_file() || meta.nlink() != 1 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file with one link"));
        }
        file.try_lock().map_err(|_| io::Error::new(io::ErrorKind::WouldBlock, "another process holds its lock"))?;
        file.set_len(0)?;
        file.write_all(&[format!("{pid}\n").as_bytes(), command, b"\n"].concat())?;
        Ok(PidFile { path: path.to_owned(), file })
    }

    /// Removes the file if it is still ours.
    pub fn remove(self) {
        let ours = self.file.metadata().map(|m| (m.dev(), m.ino())).ok();
        let there = std::fs::symlink_metadata(&self.path).map(|m| (m.dev(), m.ino())).ok();
        if ours.is_some() && ours == there {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
