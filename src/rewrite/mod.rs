//! Rule sets: the rewriting engine of `sendmail.cf` (sendmail operations guide 5.1).
//!
//! A [`Scope`] holds what a run of rules may see and change. [`run`] applies one rule set to one address, [`check`]
//! asks a hook such as `check_rcpt` for its verdict, [`parse_address`] resolves an address to mailer, host and user,
//! and [`remote_name`] rewrites one for the eyes of a mailer. Nothing here does I/O but through [`service::Maps`].
//!
//! The engine trusts the configuration's rules, and nothing of an address: the work of one call is bounded
//! (rules tried, depth, tokens, text), whatever the rules say.
pub mod address;
pub mod crack;
mod engine;
pub mod errors;
pub mod explain;
mod matching;
pub mod prescan;
pub mod run;
pub mod scope;
pub mod service;
pub mod token;
mod work;

pub use address::{Kind, Parsed, Remote, general_name, localaddr, parse_address, parse_until, remote_name};
pub use crack::crackaddr;
pub use errors::Refusal;
pub use explain::{At, Explainer, Fact};
pub use run::{check, check_keeping_comments, run, run_sequence};
pub use scope::{LookedUp, Notice, Outcome, Scope, Step, Trace, Triple, Verdict};
