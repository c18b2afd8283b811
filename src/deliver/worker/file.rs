//! Mail to files: `/path` of an alias or `.forward`, mailer `*file*`.
//!
//! The file is opened with the rights of who named it. It must be a regular file with one name, not executable; a new one is
//! made with mode 0600. With `SafeFileEnvironment` it must lie below that directory.

use super::Worker;
use crate::cf::options::Blame;
use crate::deliver::mailbox::append_whole;
use crate::deliver::mbox::{self, Form};
use crate::deliver::{LocalJob, lock, sysexits};
use crate::envelope::Status;
use crate::sys::cred::Identity;
use crate::text::Line;
use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a lock is waited for.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// A file with the set-user-ID bit and no right to execute it is written to as its owner, unless that is root.
pub(super) fn owner_of_setuid(path: &[u8]) -> Option<Identity> {
    let meta = std::fs::symlink_metadata(Path::new(OsStr::from_bytes(path))).ok()?;
    let fit = meta.is_file() && meta.mode() & 0o4000 != 0 && meta.mode() & 0o111 == 0 && meta.uid() != 0;
    fit.then(|| Identity { name: None, uid: meta.uid(), gid: meta.gid(), reserve: None })
}

impl Worker {
    /// Appends the message to the file called `path`.
    pub(super) fn file(&self, path: &[u8], job: &LocalJob) -> Status {
        let sent = || sysexits::status(0, "*file*", "[FILE]");
        if !path.starts_with(b"/") {
            return sysexits::status(73, "*file*", "[FILE]");
        }
        if path == b"/dev/null" {
            return sent();
        }
        match self.append(Path::new(OsStr::from_bytes(path)), job) {
            Ok(()) => sent(),
            Err(error) => {
                let exit = match error.raw_os_error() {
                    Some(
                        libc::ENOSPC
                        | libc::EDQUOT
                        | libc::EIO
                        | libc::ESTALE
                        | libc::ENOMEM
                        | libc::EMFILE
                        | libc::ENFILE,
                    ) => 75,
                    _ if error.kind() == io::ErrorKind::TimedOut => 75,
                    _ => 73,
                };
                let why = crate::deliver::listed::io_text(&error);
                let text = [path, b": ", why.as_bytes()].concat();
                let mut status = sysexits::status(exit, "*file*", "[FILE]");
                if exit == 75 {
                    status.text = Line::cleaned(&text);
                }
                status
            }
        }
    }

    fn append(&self, path: &Path, job: &LocalJob) -> io::Result<()> {
        let mut file = lock::take_kernel(self.open(path)?, Instant::now() + LOCK_WAIT)?;
        let form = Form { envelope_line: false, content_length: false };
        append_whole(&mut file, |out| {
            mbox::write(form, (b"", ""), &job.message, job.size, out)?;
            // As in a mailbox, an empty line stands between this message and the next.
            out.write_all(b"\n")
        })
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        let blame = self.config.options.dont_blame_sendmail;
        let denied = |why: &str| io::Error::new(io::ErrorKind::PermissionDenied, why.to_string());
        if let Some(root) = self.config.options.safe_file_environment.path()
            && !(path.starts_with(root) && path.components().all(|c| c != std::path::Component::ParentDir))
        {
            return Err(denied("not in SafeFileEnvironment"));
        }
        let follow = blame.has(Blame::FILE_DELIVERY_TO_SYM_LINK);
        let flags = libc::O_NONBLOCK | libc::O_NOCTTY | if follow { 0 } else { libc::O_NOFOLLOW };
        // For reading too: what a crash tore off at the end has to be seen.
        let opened = match OpenOptions::new().read(true).append(true).custom_flags(flags).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => OpenOptions::new()
                .read(true)
                .append(true)
                .create_new(true)
                .mode(self.config.options.temp_file_mode.0)
                .custom_flags(flags)
                .open(path),
            other => other,
        };
        let file = opened?;
        let meta = file.metadata()?;
        if !meta.is_file() {
            return Err(denied("Regular files only"));
        }
        if meta.nlink() != 1 && !blame.has(Blame::FILE_DELIVERY_TO_HARD_LINK) {
            return Err(denied("Hard links not allowed"));
        }
        if meta.mode() & 0o111 != 0 {
            return Err(denied("Executable files not allowed"));
        }
        Ok(file)
    }
}
