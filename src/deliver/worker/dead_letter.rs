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
        let saved = append(&path, user.uid, message).is_ok();
        Ok(saved.then(|| Line::cleaned(path.as_os_str().as_bytes())))
    }
}

fn append(path: &Path, uid: u32, message: &File) -> std::io::Result<()> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || meta.nlink() != 1 || meta.uid() != uid {
        return Err(std::io::ErrorKind::PermissionDenied.into());
    }
    let mut file = file;
    let size = message.metadata()?.len();
    let form = Form { envelope_line: false, content_length: false };
    append_whole(&mut file, |out| mbox::write(form, (b"", ""), message, size, out))
}
