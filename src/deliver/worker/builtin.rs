//! `mail.local` without starting it: when a mailer's program is this same binary under that name, the worker does its work.

use super::{Elsewhere, Worker};
use crate::cf::{Config, Mailer};
use crate::deliver::mail_local::{self, Settings};
use crate::deliver::mailbox::Mailbox;
use crate::deliver::{LocalJob, LocalRecipient};
use crate::envelope::Status;
use crate::sys::{clock, cred};
use crate::text::Line;
use crate::user::User;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

/// Whether the mailer's program is our own `mail.local`: then each recipient is a job of his own.
pub fn is_ours(mailer: &Mailer) -> bool {
    static SELF: OnceLock<Option<(u64, u64)>> = OnceLock::new();
    let id = |path: &Path| std::fs::metadata(path).ok().map(|m| (m.dev(), m.ino()));
    let path = Path::new(OsStr::from_bytes(&mailer.path));
    path.file_name() == Some(OsStr::new("mail.local"))
        && SELF.get_or_init(|| id(Path::new("/proc/self/exe"))).is_some_and(|me| id(path) == Some(me))
}

/// The settings of our own `mail.local` as a mailer's program.
pub(super) fn settings(mailer: &Mailer) -> Option<Settings> {
    if !is_ours(mailer) {
        return None;
    }
    // The sender and the users come with the job.
    let words: Vec<Vec<u8>> = mailer.argv.iter().skip(1).map(|t| t.source()).collect();
    mail_local::parse(words.iter().map(Vec::as_slice)).ok()
}

/// The group that the mail spool wants for lock files and mailboxes, if it is one that others are kept out by.
pub(super) fn spool_group(config: &Config) -> Option<u32> {
    config.mailers.iter().find_map(settings)?.spool_group()
}

impl Worker {
    /// Delivers to the mailbox of one recipient.
    pub(super) fn mailbox(
        &mut self,
        settings: &Settings,
        job: &LocalJob,
        recipient: &LocalRecipient,
    ) -> Result<Status, Elsewhere> {
        let user = match self.mailbox_user(&recipient.user) {
            Ok(user) => user,
            Err(status) => return Ok(status),
        };
        let path = settings.path(&user.name, &user.home);
        let mailbox =
            Mailbox { path: &path, uid: user.uid, gid: user.gid, quota_is_permanent: settings.quota_is_permanent };
        let own = if self.root { user.uid } else { cred::effective_uid() };
        let mailbox = Mailbox { uid: own, ..mailbox };
        let privileged = self.root && self.became.is_none() && settings.home_file.is_none();
        if privileged && let Err(refused) = mailbox.prepare() {
            return Ok(replied(refused.status(), Some(refused.reply)));
        }
        if user.uid == 0 {
            // Root's own mailbox: the one that root writes itself.
            self.turn_into(None)?;
        } else {
            self.turn_into(Some(self.identity_of(&user)))?;
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let date = clock::local(i64::try_from(now).unwrap_or(0)).ctime();
        let result = cred::with_reserve(|| {
            if !privileged {
                mailbox.prepare()?;
            }
            mailbox.append(strip_angles(&job.sender), &date, &job.message, job.size)
        });
        Ok(match result {
            Ok(()) => replied(Status::new((2, 1, 5), 0, ""), None),
            Err(refused) => replied(refused.status(), Some(refused.reply)),
        })
    }

    fn mailbox_user(&self, recipient: &[u8]) -> Result<User, Status> {
        let mut result = Err(Status::new((5, 1, 1), 67, "User unknown"));
        for name in mail_local::login_names(&crate::alias::list::unquoted(recipient)) {
            result = self.user(name);
            if result.is_ok() {
                break;
            }
        }
        result.map_err(|status| {
            let code = if status.is_transient() { 451 } else { 550 };
            let e = status.enhanced;
            let reply = crate::reply::Reply::coded(code, (e.0, e.1, e.2), &status.text);
            replied(status, Some(reply))
        })
    }
}

fn replied(status: Status, reply: Option<crate::reply::Reply>) -> Status {
    Status { reply, remote: Some(Line::cleaned(b"local")), ..status }
}

fn strip_angles(sender: &[u8]) -> &[u8] {
    sender.strip_prefix(b"<").and_then(|s| s.strip_suffix(b">")).unwrap_or(sender)
}
