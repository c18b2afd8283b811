//! What an attempt calls on: routing, the SMTP client, the writing of messages. A trait, so that tests need none of it.

use crate::cf::MacroName;
use crate::envelope::{Envelope, Status};
use crate::service::Services;
use crate::text::Line;
use std::fs::File;
use std::io;

/// A message as a local mailer wants it.
pub struct Rendered {
    /// The message.
    pub file: File,
    /// Its size in octets.
    pub size: u64,
    /// Macros for the mailer's arguments.
    pub macros: Vec<(MacroName, Line)>,
    /// The envelope sender as the mailer sees it.
    pub sender: Line,
}

/// The parts of a delivery.
pub trait Transport: Send + Sync {
    /// Gives every open recipient its target and expands lists. A recipient that cannot be routed gets a state and a status.
    /// Returns envelopes split off for other senders (`owner-`), not yet in the store, with what was taken out of `envelope`.
    fn route(&self, svc: &Services, envelope: &mut Envelope) -> Vec<Envelope>;
    /// Delivers by SMTP or LMTP to `host` with the mailer number `mailer`; a status for each recipient, in order.
    fn remote(&self, svc: &Services, env: &Envelope, mailer: usize, host: &Line, recipients: &[usize]) -> Vec<Status>;
    /// Writes the message for a mailer that is a program or a file.
    fn render(&self, svc: &Services, env: &Envelope, mailer: usize, recipients: &[usize]) -> io::Result<Rendered>;
    /// Shows a line of the attempt to the caller who wants to watch (`-v`).
    fn show(&self, line: &[u8]) {
        let _ = line;
    }
    /// Tells the caller who waits for the outcome what became of some recipients.
    fn judged(&self, status: &Status) {
        let _ = status;
    }
}
