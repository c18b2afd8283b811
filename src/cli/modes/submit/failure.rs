//! What becomes of a submission that fails, wholly or in part: `ErrorMode` (`-oe`) print, quiet, write, mail.
//!
//! A caller who sends in his own name and waits is told by the exit code and gets a copy in `dead.letter`; everybody else
//! gets a report by mail.

use super::Submission;
use crate::cli::complain;
use crate::deliver::attempt::{Rendered, Transport};
use crate::deliver::transport::Standard;
use crate::deliver::worker::dead_letter;
use crate::envelope::{Envelope, Notify, Recipient, RecipientState, Status, Target};
use crate::reply::Reply;
use crate::service::Services;
use crate::text::Line;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::ffi::OsStrExt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// A recipient that cannot be one.
pub(super) struct Refused {
    /// As the envelope has it.
    pub recipient: Recipient,
    /// The caller knows already: named on the command line, and told.
    pub told: bool,
}

impl Refused {
    /// `address` was refused with `reply`; `target` where rule sets found one.
    pub fn new(address: &[u8], notify: Notify, reply: &Reply, target: Option<Target>, told: bool) -> Refused {
        let enhanced = reply.enhanced.map_or((5, 0, 0), |e| (e.0, e.1, e.2));
        let text = reply.lines.last().map(|l| l.to_vec()).unwrap_or_default();
        let named = [address, b"... "].concat();
        let text = text.strip_prefix(&named[..]).unwrap_or(&text).to_vec();
        let mut status = Status::new(enhanced, exit_of(reply), &text);
        if target.is_some() && reply.code == 550 {
            status.reply = Some(Reply::coded(550, enhanced, text));
        }
        Refused { recipient: failed(address, notify, target, status), told }
    }

    /// A good recipient of a message that has come too far.
    pub fn too_many_hops(recipient: Recipient, text: &str) -> Refused {
        let status = Status::new((5, 4, 6), 69, text);
        Refused { recipient: failed(&recipient.address, recipient.notify, None, status), told: true }
    }

    /// The exit code that fits.
    pub fn exit(&self) -> u8 {
        self.recipient.status.as_ref().map_or(69, |s| s.exit)
    }
}

fn failed(address: &[u8], notify: Notify, target: Option<Target>, status: Status) -> Recipient {
    Recipient {
        notify,
        target,
        state: RecipientState::Failed,
        status: Some(status),
        ..Recipient::new(Line::cleaned(address))
    }
}

/// The exit code that a refusal stands for.
fn exit_of(reply: &Reply) -> u8 {
    match reply.enhanced.map(|e| (e.0, e.1, e.2)) {
        Some((4, ..)) => 75,
        Some((5, 1, 1)) => 67,
        Some((5, 1, 2)) => 68,
        Some((5, 1, 3) | (5, 5, _)) => 64,
        Some((5, 3, 5)) => 78,
        Some((5, 6, _)) => 65,
        _ if reply.code == 553 => 64,
        _ if reply.lines.last().is_some_and(|l| memchr::memmem::find(l, b"... Cannot mail directly to ").is_some()) => {
            64
        }
        _ => 69,
    }
}

/// Delivery that remembers what failed for good.
pub(super) struct Watched {
    /// Delivers.
    pub inner: Arc<Standard>,
    failed: Mutex<Option<Status>>,
    broken: AtomicU8,
}

impl Watched {
    /// Watches `inner`.
    pub fn new(inner: Arc<Standard>) -> Watched {
        Watched { inner, failed: Mutex::default(), broken: AtomicU8::new(0) }
    }

    /// The exit code for a mailer that did not work, of a message that waits.
    pub fn broken(&self) -> u8 {
        self.broken.load(Ordering::Relaxed)
    }

    /// The first failure.
    pub fn failed(&self) -> Option<Status> {
        self.failed.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

impl Transport for Watched {
    fn route(&self, svc: &Services, envelope: &mut Envelope) -> Vec<Envelope> {
        self.inner.route(svc, envelope)
    }

    fn remote(&self, svc: &Services, env: &Envelope, mailer: usize, host: &Line, recipients: &[usize]) -> Vec<Status> {
        self.inner.remote(svc, env, mailer, host, recipients)
    }

    fn render(&self, svc: &Services, env: &Envelope, mailer: usize, recipients: &[usize]) -> io::Result<Rendered> {
        self.inner.render(svc, env, mailer, recipients)
    }

    fn show(&self, line: &[u8]) {
        self.inner.show(line);
    }

    fn judged(&self, status: &Status) {
        if !status.is_success() && !status.is_transient() {
            let mut failed = self.failed.lock().unwrap_or_else(|e| e.into_inner());
            failed.get_or_insert_with(|| status.clone());
        }
        if status.is_transient() && matches!(status.exit, 71 | 74) && status.reply.is_none() {
            self.broken.store(status.exit, Ordering::Relaxed);
        }
    }
}

/// The message as a file gets it, for `dead.letter`.
pub(super) fn letter(services: &Services, transport: &dyn Transport, envelope: &Envelope) -> Option<File> {
    let mailer = services.config.mailers.iter().position(|m| m.name == "*file*")?;
    let all: Vec<usize> = (0..envelope.recipients.len()).collect();
    let mut file = transport.render(services, envelope, mailer, &all).ok()?.file;
    file.seek(io::SeekFrom::End(0)).and_then(|_| file.write_all(b"\n")).ok()?;
    Some(file)
}

impl Submission<'_> {
    /// The caller's `dead.letter` can be written, as far as can be told. As the submission program, root is somebody else.
    pub(super) fn may_save(&self) -> bool {
        let caller = &self.settings.caller;
        let runs_as_other = self.settings.submission && caller.is_root();
        let path = caller.home.join("dead.letter");
        let place = if path.exists() { path } else { caller.home.clone() };
        !runs_as_other && nix::unistd::access(&place, nix::unistd::AccessFlags::W_OK).is_ok()
    }

    /// Saves the message for the caller, and says where.
    pub(super) fn save(&self, letter: File) {
        let caller = &self.settings.caller;
        let path = caller.home.join("dead.letter");
        let mode = self.settings.config.options.temp_file_mode.0;
        if dead_letter::append(&path, (caller.uid, caller.gid), mode, &letter).is_ok() {
            let path = path.as_os_str().as_bytes();
            complain(&[path, b"... Saved message in ", path].concat());
        }
    }
}
