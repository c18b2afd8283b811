//! The status of a recipient: what a delivery attempt found, in the terms of RFC 3463 and of sysexits(3).

use crate::reply::{Enhanced, Reply};
use crate::text::Line;

/// What a delivery attempt found for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// `dsn=` of log lines and `Status:` of reports.
    pub enhanced: Enhanced,
    /// The reply that a remote server gave, if one did (`reply=`, `Diagnostic-Code: SMTP;`).
    pub reply: Option<Reply>,
    /// Text of `stat=` without its leading word: `Connection refused by mx.example.com.`; for mailq's parentheses too.
    pub text: Line,
    /// `Remote-MTA:` and `relay=`: the host that answered, `name. [address]`.
    pub remote: Option<Line>,
    /// The exit code of sysexits(3) that fits (0, 67, 75, ...).
    pub exit: u8,
}

impl Status {
    /// True when trying again later makes sense (class 4).
    pub fn is_transient(&self) -> bool {
        self.enhanced.0 == 4
    }
}
