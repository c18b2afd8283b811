//! What the exit codes of mailer programs mean (sysexits(3)).

use crate::envelope::Status;

/// One exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// The code.
    pub exit: u8,
    /// SMTP reply code of the line in a report's transcript.
    pub code: u16,
    /// Enhanced status code.
    pub enhanced: (u8, u16, u16),
    /// `Status:` of a report, when a program ended with this code.
    pub reported: (u8, u16, u16),
    /// The text.
    pub text: &'static str,
    /// The transcript names the address before the text: `550 5.1.1 address... User unknown`.
    pub names_address: bool,
}

const fn row(
    exit: u8,
    code: u16,
    enhanced: (u8, u16, u16),
    reported: (u8, u16, u16),
    text: &'static str,
    names_address: bool,
) -> Row {
    Row { exit, code, enhanced, reported, text, names_address }
}

/// All codes with a meaning.
pub const ROWS: &[Row] = &[
    row(0, 250, (2, 0, 0), (2, 0, 0), "Sent", false),
    row(64, 500, (5, 0, 0), (5, 5, 4), "Command line usage error", false),
    row(65, 501, (5, 6, 0), (5, 5, 2), "Data format error", false),
    row(66, 550, (5, 3, 0), (5, 3, 0), "Cannot open input", true),
    row(67, 550, (5, 1, 1), (5, 1, 1), "User unknown", true),
    row(68, 550, (5, 1, 2), (5, 1, 2), "Host unknown", true),
    row(69, 554, (5, 0, 0), (5, 5, 0), "Service unavailable", false),
    row(70, 554, (5, 3, 0), (5, 5, 0), "Internal error", false),
    row(71, 451, (4, 0, 0), (4, 0, 0), "Operating system error", false),
    row(72, 554, (5, 3, 5), (5, 5, 0), "System file missing", false),
    row(73, 550, (5, 0, 0), (5, 3, 0), "Can't create output", true),
    row(74, 451, (4, 0, 0), (4, 0, 0), "I/O error", false),
    row(75, 451, (4, 0, 0), (4, 0, 0), "Deferred", false),
    row(76, 554, (5, 5, 0), (5, 5, 0), "Remote protocol error", false),
    row(77, 550, (5, 0, 0), (5, 3, 0), "Insufficient permission", true),
    row(78, 554, (5, 3, 5), (5, 5, 0), "Local configuration error", false),
];

/// The row of `exit`, if it has a meaning.
pub fn find(exit: u8) -> Option<&'static Row> {
    ROWS.iter().find(|r| r.exit == exit)
}

/// The row whose words a status has, unless a remote host gave them.
pub fn of(status: &Status) -> Option<&'static Row> {
    find(status.exit).filter(|row| status.reply.is_none() && *status.text == *row.text.as_bytes())
}

/// The status that a program's exit code stands for; `mailer` and `path` are for the text of code 75. Success has no text.
pub fn status(exit: u8, mailer: &str, path: &str) -> Status {
    match find(exit) {
        Some(row) if exit == 75 => {
            Status::new(row.enhanced, exit, format!("{mailer} mailer ({path}) exited with EX_TEMPFAIL"))
        }
        Some(_) if exit == 0 => Status::new((2, 0, 0), 0, ""),
        Some(row) => Status::new(row.enhanced, exit, row.text),
        // The caller of the program hears of them as "not available".
        None => Status::new((5, 3, 0), 69, format!("unknown mailer error {exit}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_become_statuses() {
        let text = |exit| String::from_utf8(status(exit, "prog", "/bin/sh").text.to_vec()).unwrap();
        assert_eq!(text(75), "prog mailer (/bin/sh) exited with EX_TEMPFAIL");
        assert_eq!(text(67), "User unknown");
        assert_eq!(text(79), "unknown mailer error 79");
        assert!(status(71, "", "").is_transient() && !status(70, "", "").is_transient());
    }
}
