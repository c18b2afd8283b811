//! Delivery: from an envelope to mailers, and what is done with other users' rights.
//!
//! The `mta` process has no rights of its own over users' files. [`LocalDelivery`] is its word to those who have: in the
//! daemon a client of `deliver` processes, in one-shot modes a direct call. A job names a mailer of the configuration, users
//! and where an address came from; never a uid, and a program or file only together with the [`Origin`] in whose
//! expansion `deliver` must find it again with its own eyes.

pub mod attempt;
pub mod listed;
pub mod local;
pub mod lock;
pub mod mail_local;
pub mod mailbox;
pub mod mbox;
pub mod message;
pub mod sysexits;
pub mod transport;
pub mod worker;

use crate::envelope::{Origin, Status};
use crate::text::Line;
use std::fs::File;

/// A delivery by a local mailer (program, file, mailbox, LMTP over a pipe).
#[derive(Debug)]
pub struct LocalJob {
    /// Index into the configuration's mailers.
    pub mailer: usize,
    /// The recipients: several when the mailer has `F=m` or speaks LMTP.
    pub recipients: Vec<LocalRecipient>,
    /// `$f`, `$g`, `$h`, `$i`, `$s`, `$_` ... : values for the mailer's argv, directory and environment templates.
    pub macros: Vec<(crate::cf::MacroName, Line)>,
    /// Envelope sender as the mailer sees it (`$g`).
    pub sender: Line,
    /// The whole message as this mailer wants it (header, body, line ends), from offset 0.
    pub message: File,
    /// Its size in octets.
    pub size: u64,
    /// `BODY=8BITMIME` may be said to LMTP.
    pub eight_bit: bool,
}

/// One recipient of a [`LocalJob`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalRecipient {
    /// `$u`: a user, or the command of a program mailer, or a file's path.
    pub user: Line,
    /// `$h`.
    pub host: Line,
    /// Where the address came from.
    pub origin: Origin,
    /// Name of the controlling user (`ctladdr`), if there is one.
    pub control: Option<Line>,
}

/// The text of a `.forward` or `:include:` file, read with the right user's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The file's path.
    pub path: Line,
    /// Its content, bounded in size.
    pub text: Vec<u8>,
    /// The owner that the entries in it run as.
    pub owner: Line,
    /// User and group id of the owner.
    pub uid: u32,
    /// See `uid`.
    pub gid: u32,
    /// May entries name programs and files: `Err` has the reason, as the bounce and the log say it.
    pub programs: Result<(), Line>,
}

/// What looking for a `.forward` file found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The file, if there is a safe one.
    pub file: Option<Listed>,
    /// Files that are there but not to be trusted, with the reason, for the log: `forward PATH: Group writable file`.
    pub refused: Vec<(Line, Line)>,
}

/// What is done with other users' rights.
pub trait LocalDelivery: Send + Sync {
    /// Runs the mailer; one status for each recipient, in order. Blocks until done or timed out.
    fn deliver(&self, job: LocalJob) -> Vec<Status>;
    /// The first of the user's `.forward` files (`ForwardPath`; `detail` is `$h` for `+detail`) that is there and safe.
    /// `Err`: a status to defer or bounce with.
    fn forward(&self, user: &[u8], detail: &[u8]) -> Result<Found, Status>;
    /// An `:include:` file that `origin`'s expansion names.
    fn include(&self, path: &[u8], origin: &Origin) -> Result<Listed, Status>;
    /// Appends a copy of a message that cannot be returned to the user's `dead.letter`; gives its path.
    fn dead_letter(&self, user: &[u8], message: File) -> Option<Line>;
}
