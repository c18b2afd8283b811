//! The SMTP and LMTP client (RFC 5321, RFC 2033, RFC 3207, RFC 4954).
//!
//! [`Session`] is the engine: replies in, commands out, no I/O. [`deliver`] drives it over blocking sockets on a delivery
//! thread: it finds the hosts ([`hosts`]), connects, lets rule sets judge the server (`try_tls`, `tls_server`, `tls_rcpt`,
//! `authinfo`), hands the message over and keeps the connection for the next one ([`ConnectionCache`]).
//!
//! A server is trusted with nothing: its replies are bounded and made printable before anybody sees them, every step has a time
//! limit for the whole of it, what it sent ahead of a TLS handshake ends the session, and whatever goes wrong ends as a
//! status of the recipients.
mod auth;
mod cache;
mod driver;
pub mod hosts;
mod outcome;
mod policy;
mod reply;
mod session;
mod settings;
mod status;
mod token;
mod transaction;
mod wire;

pub use auth::{Credentials, Exchange, Mechanism};
pub use cache::ConnectionCache;
pub use driver::deliver;
pub use outcome::{Lost, Step};
pub use reply::{ReplyReader, TooLong, WireReply};
pub use session::{Next, Question, Session, Setup, Times};
pub use transaction::{Peer, Rcpt, Transaction};

/// Who watches a dialogue (`-v`): gets the lines that the original prints.
pub trait Transcript {
    /// A line, without its end.
    fn line(&mut self, text: &[u8]);
}
