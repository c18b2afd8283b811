//! The version that greetings, headers and `$v` tell.
//!
//! It begins with the version of sendmail whose behaviour is followed, since programs look for a number of that form.

/// `$v`: version of the behaviour, then ours.
pub const VERSION: &str = concat!("8.18.1+postrider.", env!("CARGO_PKG_VERSION"));
