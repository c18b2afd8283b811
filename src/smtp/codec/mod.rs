//! The octets of SMTP: lines, commands, parameters, xtext. Grammar without I/O and without state beyond a buffer.
//!
//! The one framing reader for commands ([`line`]) and message text ([`data`]) lives here, with every limit inside it, so
//! that no verb ever sees half a line, the tail of an over-long one, or a message end that is not CR LF . CR LF.
pub mod command;
pub mod data;
pub mod ident;
pub mod line;
pub mod xtext;
