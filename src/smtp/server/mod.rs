//! The SMTP server: an engine without I/O.
//!
//! [`Session`] is fed octets, answers and timer events, and gives [`Action`]s. What may block it asks for with
//! [`Action::Ask`]; [`policy::answer`] works on that in a pool (or at once, in one-shot modes) and the answer goes back with
//! [`Session::answer`]. Commands and replies stay in order; while a question is out nothing else happens.
//!
//! What it trusts: the configuration. What it never trusts: any octet of the client. Every buffer is bounded, input is cut
//! into lines in one place ([`crate::smtp::codec`]), and the state is replaced after STARTTLS.
//!
//! RFC 5321, 1870 (SIZE), 1985 (ETRN), 2034 (enhanced codes), 2852 (DELIVERBY), 2920 (PIPELINING), 3207 (STARTTLS),
//! 3461 (DSN), 4954 (AUTH), 6152 (8BITMIME).
mod action;
pub mod collect;
pub mod dates;
pub mod facts;
pub mod features;
pub mod hosts_access;
pub mod policy;
mod session;
pub mod settings;
mod state;
mod verbs;

pub use action::{Action, Answer, Question};
pub use facts::{ConnectionFacts, Peer};
pub use session::Session;
pub use settings::Settings;
