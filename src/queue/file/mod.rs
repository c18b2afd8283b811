//! The queue control file (`qf`, `hf`): lines of a record letter and a value, ended by a line with one dot
//! (operations guide, appendix B; version 8).
//!
//! [`encode`] writes what the original writes, byte for byte: the same records in the same order. [`decode`] reads every
//! version up to 8, and what other programs make of the format. Neither does I/O. Values are [`Line`]s, so no value
//! can become a record of its own; a file that does not end in `.`, or goes on after it, is refused.
//!
//! Header fields are the one place with an inner coding: a macro that is to be expanded for each mailer is the octet
//! 0x81 and its letter, and octets 0x80 to 0x9f and 0xff of the message itself stand behind an octet 0xff.

mod decode;
mod encode;

pub use decode::{Error, decode};
pub use encode::encode;

use crate::envelope::Envelope;
use crate::text::Line;

/// What a control file holds: the envelope, and where its data file is.
#[derive(Debug, Clone)]
pub struct ControlFile {
    /// The envelope, without its body.
    pub envelope: Envelope,
    /// Where the data file is.
    pub data: DataFile,
}

/// The records that find the data file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataFile {
    /// Directory of the data file when it is not the control file's (record `d`).
    pub directory: Option<Line>,
    /// Device (major, minor) and inode of the data file (record `I`), written after a first attempt.
    pub inode: Option<(u64, u64, u64)>,
}

/// Stands before the letter of a macro in a header field.
const MACRO: u8 = 0x81;
/// Stands before an octet of the message that would look like a macro.
const QUOTE: u8 = 0xff;

/// True for the octets that need [`QUOTE`].
fn needs_quote(b: u8) -> bool {
    matches!(b, 0x80..=0x9f | QUOTE)
}

#[cfg(test)]
mod tests;
