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
    /// What the queue file and mailq say in place of `stat=`, where the original has other words for it there.
    pub queued_as: Option<Line>,
    /// `Remote-MTA:` and `relay=`: the host that answered, `name. [address]`.
    pub remote: Option<Line>,
    /// The exit code of sysexits(3) that fits (0, 67, 75, ...).
    pub exit: u8,
    /// What a mailer program wrote, or other lines for the `Transcript of session` of a report, before the error's own line.
    pub transcript: Vec<Line>,
    /// The next hop offered DSN and was told NOTIFY: reports of success are its duty now (RFC 3461 5.2.2).
    pub relays_dsn: bool,
}

impl Status {
    /// A status without reply and remote host.
    pub fn new(enhanced: (u8, u16, u16), exit: u8, text: impl AsRef<[u8]>) -> Status {
        Status {
            enhanced: Enhanced(enhanced.0, enhanced.1, enhanced.2),
            reply: None,
            text: Line::cleaned(text.as_ref()),
            queued_as: None,
            remote: None,
            exit,
            transcript: Vec::new(),
            relays_dsn: false,
        }
    }

    /// Delivered, or handed on.
    pub fn is_success(&self) -> bool {
        self.enhanced.0 == 2
    }

    /// True when trying again later makes sense (class 4).
    pub fn is_transient(&self) -> bool {
        self.enhanced.0 == 4
    }
}
