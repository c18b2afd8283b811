//! MIME (RFC 2045, RFC 2046) as far as a mail transfer agent needs it: turning 8-bit bodies into 7-bit ones for a next hop
//! that cannot take them, and back.
//!
//! Bodies are streams of lines that end in LF, without CR. Memory is bounded whatever the body says: lines are handled in
//! pieces, the headers of body parts and the nesting of multiparts have limits.
mod content;
mod eight;
mod encode;
mod input;
mod seven;

pub use content::{ContentType, content_type, token};
pub use eight::{Decoding, decode};
pub use encode::{Base64, QuotedPrintable};
pub use input::Lines;
pub use seven::{Edit, Rules, SevenBit};

/// How deep multiparts and messages may nest before the rest is taken as it is.
pub const MAX_NESTING: usize = 20;
