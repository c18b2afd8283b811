//! An envelope: a message on its way, with everything a queue file records of it.
//!
//! Values that end up in a queue file, header, reply or log line are [`Line`]s, so that none can add a line.
//! The body is not here: it is a [`Body`], a handle on bytes in memory or in a data file.

mod id;
mod status;

pub use id::{IdGenerator, QueueId};
pub use status::Status;

use crate::cf::MacroName;
use crate::cf::options::DeliveryMode;
use crate::header::Headers;

use crate::text::Line;
use std::fs::File;
use std::sync::Arc;

/// A message with its sender, recipients and state.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// The queue identifier; names the queue files.
    pub id: QueueId,
    /// Creation, seconds since 1970 (record `T`).
    pub created: i64,
    /// Last delivery attempt, seconds since 1970, 0 for never (record `K`).
    pub last_attempt: i64,
    /// Number of delivery attempts (record `N`).
    pub attempts: u32,
    /// Priority; lower goes first (record `P`).
    pub priority: i64,
    /// Precedence value of the message's class (`Precedence:` header through the `P` lines); 0 is first-class.
    pub class: i32,
    /// Declared body type, `7BIT` or `8BITMIME` (record `B`).
    pub body_type: Option<BodyType>,
    /// Flags (record `F`).
    pub flags: Flags,
    /// Why the message is quarantined, if it is (record `q`).
    pub quarantine: Option<Line>,
    /// Status of the whole message as mailq shows it (record `M` before `S`).
    pub message: Option<Line>,
    /// Macros of class `{persistentMacros}` with their values (records `$`).
    pub macros: Vec<(MacroName, Line)>,
    /// The envelope sender as rule sets left it, e.g. `<user@host>` or `<>` (record `S`).
    pub sender: Line,
    /// ENVID of RFC 3461, in xtext (record `Z`).
    pub envid: Option<Line>,
    /// The `AUTH=` parameter of RFC 4954, in xtext (record `A`).
    pub auth_param: Option<Line>,
    /// DELIVERBY (RFC 2852): mode letters and seconds (record `!`).
    pub deliver_by: Option<DeliverBy>,
    /// The queue group, an index into the configuration's; not in the queue file: the directory tells.
    pub group: usize,
    /// The delivery mode that the daemon or the sender's session asks for, if it is not the configuration's; not in the queue file.
    pub mode: Option<DeliveryMode>,
    /// The recipients, delivered ones included until the queue file is rewritten.
    pub recipients: Vec<Recipient>,
    /// The header fields in order, as received and as added.
    pub headers: Headers,
    /// The message body.
    pub body: Body,
    /// Size of header and body in octets as received (`${msg_size}`).
    pub size: u64,
}

impl Envelope {
    /// An envelope without recipients or content, from `<>`.
    pub fn new(id: QueueId, created: i64) -> Envelope {
        Envelope {
            id,
            created,
            last_attempt: 0,
            attempts: 0,
            priority: 0,
            class: 0,
            body_type: None,
            flags: Flags::default(),
            quarantine: None,
            message: None,
            macros: Vec::new(),
            sender: Line::cleaned(b"<>"),
            envid: None,
            auth_param: None,
            deliver_by: None,
            group: 0,
            mode: None,
            recipients: Vec::new(),
            headers: Headers::default(),
            body: Body::Empty,
            size: 0,
        }
    }
}

/// `BODY=` of MAIL (RFC 6152).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyType {
    /// `7BIT`
    SevenBit,
    /// `8BITMIME`
    EightBitMime,
}

/// Envelope flags (record `F` of the queue file).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags {
    /// `r`: the message is a response (bounce); it causes no other.
    pub response: bool,
    /// `w`: a delay warning has been sent.
    pub warned: bool,
    /// `8`: the body has 8-bit data.
    pub eight_bit: bool,
    /// `b`: delete the Bcc: header.
    pub delete_bcc: bool,
    /// `d`: RET was given.
    pub ret_given: bool,
    /// `n`: do not return the body.
    pub no_body_return: bool,
    /// `s`: the envelope was split.
    pub split: bool,
}

/// DELIVERBY of an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliverBy {
    /// True for `R` (return), false for `N` (notify).
    pub return_mode: bool,
    /// `T`: trace.
    pub trace: bool,
    /// Seconds from creation; may be negative for `N`.
    pub seconds: i64,
}

/// Delivery status notifications asked for (RFC 3461 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notify {
    /// NOTIFY was given explicitly (flag `N`); with none of the others set: NEVER.
    pub explicit: bool,
    /// Flag `S`.
    pub success: bool,
    /// Flag `F`.
    pub failure: bool,
    /// Flag `D`.
    pub delay: bool,
}

impl Default for Notify {
    /// What stands without NOTIFY: failure and delay.
    fn default() -> Notify {
        Notify { explicit: false, success: false, failure: true, delay: true }
    }
}

/// Where an address came from: it decides whose rights a program or file gets, and how `deliver` checks it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    /// Named by the sender: never a program, file or include.
    #[default]
    Direct,
    /// The expansion of this key of the alias database.
    Alias(Line),
    /// The `.forward` of this user.
    Forward(Line),
    /// A line of this `:include:` file, which `Origin` named.
    Include(Box<Origin>, Line),
}

/// The controlling user of a recipient (record `C`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Control {
    /// Login name.
    pub user: Line,
    /// Its user id at the time of expansion.
    pub uid: u32,
    /// Its group id at the time of expansion.
    pub gid: u32,
    /// The alias, user or file that led here.
    pub alias: Line,
}

/// One recipient.
#[derive(Debug, Clone)]
pub struct Recipient {
    /// The address as the queue file has it, e.g. `<user@host>`, `user`, `|program args`, `/file` (record `R`).
    pub address: Line,
    /// Flag `P`: named by the sender, not found by expansion.
    pub primary: bool,
    /// Flag `A`: found by the expansion of an alias, a list or a `.forward`; to be delivered like any other. (The address
    /// that was expanded has the state [`RecipientState::Expanded`].)
    pub alias: bool,
    /// DSN wishes.
    pub notify: Notify,
    /// ORCPT, in xtext (record `Q`).
    pub orcpt: Option<Line>,
    /// Final recipient (record `r`), `RFC822; addr`.
    pub final_recipient: Option<Line>,
    /// Controlling user (record `C`).
    pub control: Option<Control>,
    /// Where the address came from; not in the queue file: found again at need.
    pub origin: Origin,
    /// Where rule sets sent it; not in the queue file: parsed again when the file is read.
    pub target: Option<Target>,
    /// The queue group chosen for an address that has no target yet.
    pub group: Option<usize>,
    /// What became of it.
    pub state: RecipientState,
    /// The last status (record `M` before `R` and the reports).
    pub status: Option<Status>,
}

impl Recipient {
    /// A recipient that the sender named, to be tried.
    pub fn new(address: Line) -> Recipient {
        Recipient {
            address,
            primary: true,
            alias: false,
            notify: Notify::default(),
            orcpt: None,
            final_recipient: None,
            control: None,
            origin: Origin::Direct,
            target: None,
            group: None,
            state: RecipientState::Pending,
            status: None,
        }
    }
}

/// The answer of rule set 0: the delivery triple, with the user rewritten for the mailer.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Target {
    /// Index into the configuration's mailers.
    pub mailer: usize,
    /// `$h`.
    pub host: Line,
    /// `$u`.
    pub user: Line,
    /// The queue group that the rule set `queuegroup` or the mailer chose.
    pub group: Option<usize>,
}

/// What became of a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecipientState {
    /// To be tried.
    #[default]
    Pending,
    /// Tried, to be tried again.
    Deferred,
    /// Held back on purpose: queue only, expensive mailer, hold flag.
    Queued,
    /// Delivered to its final place.
    Delivered,
    /// Handed to a next hop.
    Relayed,
    /// Expanded to other recipients.
    Expanded,
    /// Failed for good.
    Failed,
    /// Failed because the message is too old.
    Expired,
    /// Dropped on purpose (`$#discard`, duplicate).
    Discarded,
}

/// The body of a message: LF line ends, dots unstuffed, no header.
#[derive(Debug, Clone, Default)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// Small bodies stay in memory beside their data file.
    Memory(Arc<[u8]>),
    /// A data file, open for reading with pread; several envelopes may share it.
    File(Arc<File>, u64),
}

impl Body {
    /// Length in octets.
    pub fn len(&self) -> u64 {
        match self {
            Body::Empty => 0,
            Body::Memory(bytes) => bytes.len() as u64,
            Body::File(_, len) => *len,
        }
    }

    /// True for a body without octets.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A reader from the start.
    pub fn reader(&self) -> BodyReader<'_> {
        BodyReader { body: self, at: 0 }
    }
}

/// Reads a [`Body`] without moving any file offset.
pub struct BodyReader<'a> {
    body: &'a Body,
    at: u64,
}

impl std::io::Read for BodyReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let got = match self.body {
            Body::Empty => 0,
            Body::Memory(bytes) => {
                let rest = bytes.get(self.at as usize..).unwrap_or_default();
                let n = rest.len().min(buf.len());
                buf[..n].copy_from_slice(&rest[..n]);
                n
            }
            Body::File(file, len) => {
                let want = buf.len().min(len.saturating_sub(self.at) as usize);
                std::os::unix::fs::FileExt::read_at(&**file, &mut buf[..want], self.at)?
            }
        };
        self.at += got as u64;
        Ok(got)
    }
}

impl std::io::Seek for BodyReader<'_> {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        use std::io::SeekFrom;
        let (base, by) = match to {
            SeekFrom::Start(at) => (at, 0),
            SeekFrom::Current(by) => (self.at, by),
            SeekFrom::End(by) => (self.body.len(), by),
        };
        self.at = base.checked_add_signed(by).ok_or(std::io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
