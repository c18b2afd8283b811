//! `dead.letter`: where a message goes that can be neither delivered nor returned, in the home of its sender.

use super::{Elsewhere, Worker};
use crate::deliver::mailbox::append_whole;
use crate::deliver::mbox::{self, Form};
use crate::text::Line;
use std::fs::{File, OpenOptions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

impl Worker {
    /// Appends `message` to the user's `dead.letter`; gives its path.
    pub(super) fn dead_letter(&mut self, user: &[u8], message: &File) -> Result<Option<Line>, Elsewhere> {
        let user = self.user(user)?;
        if user.uid == 0 {
            return Ok(None);
        }
        self.turn_into(Some(self.identity_of(&user)))?;
        let path = Path::new(&user.home).join("dead.letter");
        let mode = self.config.options.temp_file_mode.0;
        let saved = append(&path, (user.uid, user.gid), mode, message).is_ok();
        Ok(saved.then(|| Line::cleaned(path.as_os_str().as_bytes())))
    }
}

/// Appends `message` to the `dead.letter` of the user that this process is.
pub fn append(path: &Path, (uid, gid): (u32, u32), mode: u32, message: &File) -> std::io::Result<()> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).append(true).create(true).mode(mode).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.nlink() != 1 || meta.uid() != uid {
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    if meta.len() == 0 && meta.gid() != gid {
        // The program's own group has no business in a user's file.
        std::os::unix::fs::fchown(&file, None, Some(gid))?;
    }
    let mut file = file;
    let size = message.metadata()?.len();
    let form = Form { envelope_line: false, content_length: false };
    append_whole(&mut file, |out| mbox::write(form, (b"", ""), message, size, out))
}
