//! From the text of a control file to an envelope.

use super::{ControlFile, DataFile, MACRO, QUOTE};
use crate::cf::MacroName;
use crate::envelope::{BodyType, Control, DeliverBy, Envelope, Flags, Notify, QueueId, Recipient, Status};
use crate::header::{Condition, Field};
use crate::reply::Reply;
use crate::text::Line;
use std::fmt;

/// The newest version of the format.
const VERSION: i64 = 8;

/// Why a control file cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// No octets at all: what a crash of an old kernel leaves.
    Empty,
    /// The final dot is missing.
    Incomplete,
    /// Something stands behind the final dot.
    ExtraData,
    /// Written by a newer program.
    Version(i64),
    /// A record that is unknown or makes no sense: line number and text.
    BadLine(usize, Line),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Empty => f.write_str("zero length queue file"),
            Error::Incomplete => f.write_str("incomplete queue file read"),
            Error::ExtraData => f.write_str("SECURITY ALERT: extra or bogus data in queue file"),
            Error::Version(v) => write!(f, "Version number in queue file ({v}) greater than max ({VERSION})"),
            Error::BadLine(n, text) => write!(f, "readqf: line {n}: bad line \"{}\"", text.escape_ascii()),
        }
    }
}

impl std::error::Error for Error {}

/// Reads the control file `text` of job `id`.
pub fn decode(id: QueueId, text: &[u8]) -> Result<ControlFile, Error> {
    if text.is_empty() {
        return Err(Error::Empty);
    }
    let mut reader = Reader::new(id);
    let mut lines = text.split_inclusive(|b| *b == b'\n').enumerate().peekable();
    while let Some((n, first)) = lines.next() {
        let mut folded = first.to_vec();
        while let Some((_, next)) = lines.next_if(|(_, l)| matches!(l.first(), Some(b' ' | b'\t'))) {
            folded.extend_from_slice(next);
        }
        if folded.pop_if(|b| *b == b'\n').is_none() {
            return Err(Error::Incomplete);
        }
        if folded == b"." {
            return match lines.next() {
                None => Ok(ControlFile { envelope: reader.envelope, data: reader.data }),
                Some(_) => Err(Error::ExtraData),
            };
        }
        match reader.record(&folded) {
            Some(()) => {}
            None if reader.version > VERSION => return Err(Error::Version(reader.version)),
            None => return Err(Error::BadLine(n + 1, Line::cleaned(&folded))),
        }
    }
    Err(Error::Incomplete)
}

/// The state between records.
struct Reader {
    envelope: Envelope,
    data: DataFile,
    version: i64,
    control: Option<Control>,
    orcpt: Option<Line>,
    final_recipient: Option<Line>,
    /// A record `M` after `S`: the last answer for the next recipient.
    answer: Option<Line>,
}

impl Reader {
    fn new(id: QueueId) -> Reader {
        let envelope = Envelope { sender: Line::default(), ..Envelope::new(id, 0) };
        let data = DataFile::default();
        Reader { envelope, data, version: 0, control: None, orcpt: None, final_recipient: None, answer: None }
    }

    /// Takes one record; `None` when it makes no sense.
    fn record(&mut self, record: &[u8]) -> Option<()> {
        let (&letter, value) = record.split_first()?;
        let e = &mut self.envelope;
        match letter {
            b'V' => {
                self.version = number(value)?;
                if self.version > VERSION {
                    return None;
                }
            }
            b'T' => e.created = number(value)?,
            b'K' => e.last_attempt = number(value)?,
            b'N' => e.attempts = u32::try_from(number(value)?).ok()?,
            b'P' => e.priority = number(value)?,
            b'I' => self.data.inode = inode(value),
            b'd' => self.data.directory = Some(line(value)?),
            // Names the data file, which is known by the id: versions before 8.10.
            b'D' => {}
            b'B' => e.body_type = body_type(value),
            b'M' if e.sender.is_empty() => e.message = Some(Line::cleaned(value)),
            b'M' => self.answer = Some(Line::cleaned(value)),
            b'q' => e.quarantine = Some(Line::cleaned(value)),
            b'F' => flags(&mut e.flags, value),
            b'$' => e.macros.push(macro_value(value)?),
            b'S' if value == b"MAILER-DAEMON" && e.flags.response => e.sender = Line::cleaned(b"<>"),
            b'S' => e.sender = line(value)?,
            b'Z' => e.envid = Some(line(value)?),
            b'A' => e.auth_param = Some(line(value)?),
            b'!' => e.deliver_by = Some(deliver_by(value)?),
            b'C' => self.control = control(value)?,
            b'Q' => self.orcpt = Some(line(value)?),
            b'r' => self.final_recipient = Some(line(value)?),
            b'R' => self.recipient(value)?,
            b'H' => e.headers.fields.push(header(value)?),
            _ => return None,
        }
        Some(())
    }

    fn recipient(&mut self, value: &[u8]) -> Option<()> {
        // Before version 1 there were no flags.
        let (letters, address) = if self.version >= 1 {
            let colon = value.iter().position(|b| *b == b':')?;
            (value.get(..colon)?, value.get(colon + 1..)?)
        } else {
            (&b"PFD"[..], value)
        };
        let has = |letter: u8| letters.contains(&letter);
        let notify = Notify { explicit: has(b'N'), success: has(b'S'), failure: has(b'F'), delay: has(b'D') };
        self.envelope.recipients.push(Recipient {
            primary: has(b'P'),
            alias: has(b'A'),
            notify,
            orcpt: self.orcpt.take(),
            final_recipient: self.final_recipient.take(),
            control: self.control.clone(),
            status: self.answer.take().map(|text| status(&text)),
            ..Recipient::new(line(address)?)
        });
        Some(())
    }
}

/// The status that a record `M` of a recipient tells of.
fn status(text: &[u8]) -> Status {
    let text = text.strip_prefix(b"Deferred: ").unwrap_or(text);
    let mut status = Status::new((4, 0, 0), 75, text);
    status.reply = Reply::parse_line(text);
    if let Some(enhanced) = status.reply.as_ref().and_then(|r| r.enhanced).filter(|e| e.0 == 4) {
        status.enhanced = enhanced;
    }
    status
}

fn line(value: &[u8]) -> Option<Line> {
    Line::new(value).ok()
}

/// A number, kept so small that sums and differences of a few cannot overflow.
fn number(value: &[u8]) -> Option<i64> {
    let n: i64 = std::str::from_utf8(value).ok()?.trim().parse().ok()?;
    Some(n.clamp(-MOST, MOST))
}

const MOST: i64 = 1 << 52;

fn inode(value: &[u8]) -> Option<(u64, u64, u64)> {
    let mut parts = std::str::from_utf8(value).ok()?.splitn(3, '/').map(|p| p.trim().parse());
    Some((parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?))
}

fn body_type(value: &[u8]) -> Option<BodyType> {
    match value {
        b"7BIT" => Some(BodyType::SevenBit),
        b"8BITMIME" => Some(BodyType::EightBitMime),
        _ => None,
    }
}

fn flags(flags: &mut Flags, letters: &[u8]) {
    for letter in letters {
        match letter {
            b'r' => flags.response = true,
            b'w' => flags.warned = true,
            b'8' => flags.eight_bit = true,
            b'b' => flags.delete_bcc = true,
            b'd' => flags.ret_given = true,
            b'n' => flags.no_body_return = true,
            b's' => flags.split = true,
            // Later programs may have more.
            _ => {}
        }
    }
}

fn macro_value(value: &[u8]) -> Option<(MacroName, Line)> {
    let (name, rest) = match value.split_first()? {
        (b'{', tail) => {
            let end = tail.iter().position(|b| *b == b'}')?;
            (tail.get(..end)?, tail.get(end + 1..)?)
        }
        _ => value.split_at_checked(1)?,
    };
    Some((MacroName::new(std::str::from_utf8(name).ok()?), Line::cleaned(rest)))
}

fn deliver_by(value: &[u8]) -> Option<DeliverBy> {
    let (&mode, rest) = value.split_first()?;
    Some(DeliverBy { return_mode: mode & 2 != 0, trace: mode & 0x10 != 0, seconds: number(rest)? })
}

/// `user:uid:gid:alias`, the older `user:alias`, or nothing to end the last one.
fn control(value: &[u8]) -> Option<Option<Control>> {
    if value.is_empty() {
        return Some(None);
    }
    let parts: Vec<&[u8]> = value.splitn(4, |b| *b == b':').collect();
    let id = |part: &[u8]| number(part).and_then(|n| u32::try_from(n).ok());
    let (user, ids, alias) = match parts.as_slice() {
        [user, uid, gid, alias] => match (id(uid), id(gid)) {
            (Some(uid), Some(gid)) => (user, (uid, gid), line(alias)?),
            _ => (user, NO_IDS, line(value.get(user.len() + 1..)?)?),
        },
        [user] => (user, NO_IDS, line(user)?),
        [user, ..] => (user, NO_IDS, line(value.get(user.len() + 1..)?)?),
        [] => return None,
    };
    Some(Some(Control { user: line(user)?, uid: ids.0, gid: ids.1, alias }))
}

/// The ids of a control record that names none: nobody's.
const NO_IDS: (u32, u32) = (u32::MAX, u32::MAX);

fn header(value: &[u8]) -> Option<Field> {
    let (condition, field) = match value.strip_prefix(b"?") {
        Some(tail) => {
            let end = tail.iter().position(|b| *b == b'?')?;
            (condition(tail.get(..end)?)?, tail.get(end + 1..)?)
        }
        None => (None, value),
    };
    let colon = field.iter().position(|b| *b == b':')?;
    let (name, text) = (field.get(..colon)?, field.get(colon + 1..)?);
    if name.is_empty() {
        return None;
    }
    let (name, _) = unquote(name);
    let (value, template) = unquote(text);
    Some(Field { name: Line::new(name).ok()?, value, condition, template })
}

fn condition(text: &[u8]) -> Option<Option<Condition>> {
    let text = std::str::from_utf8(text).ok()?;
    Some(match text.strip_prefix('$') {
        Some(name) => Some(Condition::MacroSet(MacroName::new(name).as_str().into())),
        None if text.is_empty() => None,
        None => Some(Condition::MailerFlags(text.into())),
    })
}

/// Takes the inner coding away; the flag tells that macros remain (`$x`, and `$$` for a dollar).
fn unquote(text: &[u8]) -> (Vec<u8>, bool) {
    let template = has_macro(text);
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(b) = bytes.next() {
        match b {
            QUOTE => out.push(bytes.next().unwrap_or(QUOTE)),
            MACRO if template => {
                out.push(b'$');
                out.extend(bytes.next());
            }
            b'$' if template => out.extend_from_slice(b"$$"),
            0 => {}
            _ => out.push(b),
        }
    }
    (out, template)
}

fn has_macro(text: &[u8]) -> bool {
    let mut bytes = text.iter().copied().peekable();
    while let Some(b) = bytes.next() {
        match b {
            QUOTE => {
                bytes.next();
            }
            MACRO if bytes.peek().is_some_and(u8::is_ascii_alphanumeric) => return true,
            _ => {}
        }
    }
    false
}
