//! Appending to a mailbox: the one place where local mail becomes durable.
//!
//! It guarantees: a message is in the mailbox whole and synced, or not at all (an error cuts the file back to its old
//! length); a tail that a power cut tore is never merged with the next message; links, pipes, directories and other
//! people's files are refused. It runs with the rights of the mailbox's owner and trusts nothing in the spool directory.

use super::lock::{self, DotLock, Locked};
use super::mbox::{self, Form};
use crate::envelope::Status;
use crate::reply::{Enhanced, Reply};
use nix::errno::Errno;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long locks are waited for.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// What cannot be delivered, and how the mailer answers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `450 4.2.0 text` or `550 5.2.0 text`.
    pub reply: Reply,
}

impl Refused {
    /// Something that may pass.
    pub fn later(text: impl AsRef<[u8]>) -> Refused {
        Refused { reply: Reply::coded(450, (4, 2, 0), text) }
    }

    /// Something that will not pass by itself.
    pub fn never(text: impl AsRef<[u8]>) -> Refused {
        Refused { reply: Reply::coded(550, (5, 2, 0), text) }
    }

    fn io(what: &str, path: &Path, error: &io::Error) -> Refused {
        let text = match error.raw_os_error() {
            Some(code) => Errno::from_raw(code).desc().to_string(),
            None => error.to_string(),
        };
        Refused::later(format!("{what}{}: {text}", path.display()))
    }

    /// The same as the status of a recipient.
    pub fn status(&self) -> Status {
        let exit = if self.reply.is_transient() { 75 } else { 69 };
        let enhanced = self.reply.enhanced.unwrap_or(Enhanced(4, 2, 0));
        let text = self.reply.lines.first().map(|l| l.as_bytes()).unwrap_or_default();
        Status::new((enhanced.0, enhanced.1, enhanced.2), exit, text)
    }
}

/// Which file, and whose.
#[derive(Debug, Clone, Copy)]
pub struct Mailbox<'a> {
    /// The file.
    pub path: &'a Path,
    /// Its owner.
    pub uid: u32,
    /// Group of a new file.
    pub gid: u32,
    /// A full quota is a permanent error.
    pub quota_is_permanent: bool,
}

impl Mailbox<'_> {
    /// Makes the file if there is none, owned by the user. For this the process may still be root; what is there already
    /// is left alone, so that no name in the directory can make root touch it.
    pub fn prepare(&self) -> Result<(), Refused> {
        let made =
            OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW).open(self.path);
        match made {
            Ok(file) => {
                let meta = file.metadata().map_err(|e| Refused::io("", self.path, &e))?;
                if (meta.uid(), meta.gid()) != (self.uid, self.gid)
                    && let Err(error) = std::os::unix::fs::fchown(&file, Some(self.uid), Some(self.gid))
                    && meta.uid() != self.uid
                {
                    let _ = std::fs::remove_file(self.path);
                    return Err(Refused::io("chown ", self.path, &error));
                }
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(Refused::io("", self.path, &error)),
        }
    }

    /// Appends `message` of `size` octets from `sender`; `date` is the ctime(3) form.
    pub fn append(&self, sender: &[u8], date: &str, message: &File, size: u64) -> Result<(), Refused> {
        let deadline = Instant::now() + LOCK_WAIT;
        let dot = DotLock::take(self.path, deadline).map_err(|e| self.lock_failed(&e))?;
        let mut file = self.open_locked(deadline)?;
        let sender = if sender.is_empty() || sender == b"<>" { b"MAILER-DAEMON" } else { sender };
        let form = Form { envelope_line: true, content_length: true };
        append_whole(&mut file, |out| mbox::write(form, (sender, date), message, size, out))
            .map_err(|e| self.write_failed(&e))?;
        drop(file);
        drop(dot);
        Ok(())
    }

    fn lock_failed(&self, error: &io::Error) -> Refused {
        match error.kind() {
            io::ErrorKind::TimedOut => Refused::later(format!("{}: mailbox is locked", self.path.display())),
            _ => Refused::io("lock ", self.path, error),
        }
    }

    fn write_failed(&self, error: &io::Error) -> Refused {
        let over_quota = error.raw_os_error() == Some(libc::EDQUOT);
        let refused = Refused::io("Write ", self.path, error);
        if over_quota && self.quota_is_permanent {
            return Refused { reply: Reply { code: 552, enhanced: Some(Enhanced(5, 2, 2)), ..refused.reply } };
        }
        refused
    }

    /// The mailbox, open and locked, and still what its name stands for.
    fn open_locked(&self, deadline: Instant) -> Result<Locked, Refused> {
        for _ in 0..3 {
            let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
            let opened = OpenOptions::new().read(true).append(true).custom_flags(flags).open(self.path);
            let file = match opened {
                Ok(file) => file,
                Err(error) => return Err(self.open_failed(&error)),
            };
            self.check(&file)?;
            let locked = lock::take_kernel(file, deadline).map_err(|e| self.lock_failed(&e))?;
            // A reader may have put a new file in its place while we waited.
            let open = locked.metadata().map_err(|e| Refused::io("", self.path, &e))?;
            let named = std::fs::symlink_metadata(self.path);
            if named.is_ok_and(|n| (n.dev(), n.ino()) == (open.dev(), open.ino()) && n.is_file() && n.nlink() == 1) {
                return Ok(locked);
            }
        }
        Err(Refused::later(format!("{}: file changed after open", self.path.display())))
    }

    fn open_failed(&self, error: &io::Error) -> Refused {
        match error.raw_os_error() {
            Some(libc::ELOOP | libc::ENXIO | libc::EISDIR) => self.irregular(),
            _ => match std::fs::symlink_metadata(self.path) {
                Ok(meta) if !meta.is_file() => self.irregular(),
                Ok(meta) if meta.uid() != self.uid => self.foreign(meta.uid()),
                _ => Refused::io("", self.path, error),
            },
        }
    }

    fn irregular(&self) -> Refused {
        Refused::never(format!("{}: irregular file", self.path.display()))
    }

    fn foreign(&self, uid: u32) -> Refused {
        Refused::never(format!("{}: wrong ownership ({uid})", self.path.display()))
    }

    fn check(&self, file: &File) -> Result<(), Refused> {
        let meta = file.metadata().map_err(|e| Refused::io("", self.path, &e))?;
        if !meta.is_file() {
            return Err(self.irregular());
        }
        if meta.nlink() != 1 {
            return Err(Refused::never(format!("{}: too many links", self.path.display())));
        }
        if meta.uid() != self.uid {
            return Err(self.foreign(meta.uid()));
        }
        Ok(())
    }
}

/// Appends what `write` writes, wholly and synced; after an error the file is as long as before.
pub fn append_whole(file: &mut File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let length = file.seek(SeekFrom::End(0))?;
    let result = (|| {
        let mut out = BufWriter::with_capacity(64 * 1024, &mut *file);
        out.write_all(separator(out.get_ref(), length)?)?;
        write(&mut out)?;
        out.flush()?;
        // What BufWriter still holds after an error must not be written when it is dropped.
        let (_, _) = out.into_parts();
        file.sync_all()
    })();
    if result.is_err() {
        let _ = file.set_len(length);
        let _ = file.sync_all();
    }
    result
}

/// What is missing at the end of a mailbox before the next message can begin: the last one ends with an empty line unless a
/// crash tore it.
fn separator(file: &File, length: u64) -> io::Result<&'static [u8]> {
    let mut tail = [b'\n'; 2];
    let have = length.min(2) as usize;
    let (start, slot) = (length - have as u64, tail.get_mut(2 - have..).unwrap_or_default());
    file.read_exact_at(slot, start)?;
    Ok(match tail {
        _ if length == 0 => b"",
        [_, last] if last != b'\n' => b"\n\n",
        [before, _] if before != b'\n' => b"\n",
        _ => b"",
    })
}

#[cfg(test)]
mod tests;
