//! What is known about header fields by name: one row each.

/// What a field is to the mail system. Several can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kind {
    /// Addresses that the sender's rule sets rewrite.
    pub sender: bool,
    /// Addresses that the recipients' rule sets rewrite, and recipients for `-t`.
    pub recipient: bool,
    /// Recipients that must not show.
    pub blind: bool,
    /// One of the `Resent-` fields.
    pub resent: bool,
    /// A trace field: counted as a hop.
    pub trace: bool,
    /// Ends the header, as a blank line does.
    pub ends: bool,
    /// Taken from a message that comes in: the mail system writes its own, when a mailer wants it.
    pub own: bool,
}

const NONE: Kind =
    Kind { sender: false, recipient: false, blind: false, resent: false, trace: false, ends: false, own: false };
const FROM: Kind = Kind { sender: true, ..NONE };
const TO: Kind = Kind { recipient: true, ..NONE };

#[rustfmt::skip]
const KNOWN: &[(&str, Kind)] = &[
    ("From",                        FROM),
    ("Sender",                      FROM),
    ("Reply-To",                    FROM),
    ("Errors-To",                   FROM),
    ("Disposition-Notification-To", FROM),
    ("Resent-From",                 Kind { resent: true, ..FROM }),
    ("Resent-Sender",               Kind { resent: true, ..FROM }),
    ("Resent-Reply-To",             Kind { resent: true, ..FROM }),
    ("To",                          TO),
    ("Cc",                          TO),
    ("Bcc",                         Kind { blind: true, ..TO }),
    ("Apparently-To",               TO),
    ("Resent-To",                   Kind { resent: true, ..TO }),
    ("Resent-Cc",                   Kind { resent: true, ..TO }),
    ("Resent-Bcc",                  Kind { resent: true, blind: true, ..TO }),
    ("Resent-Date",                 Kind { resent: true, ..NONE }),
    ("Resent-Message-Id",           Kind { resent: true, ..NONE }),
    ("Received",                    Kind { trace: true, ..NONE }),
    ("X400-Received",               Kind { trace: true, ..NONE }),
    ("Via",                         Kind { trace: true, ..NONE }),
    ("Mail-From",                   Kind { trace: true, ..NONE }),
    ("Text",                        Kind { ends: true, ..NONE }),
    ("Message",                     Kind { ends: true, ..NONE }),
    ("Return-Path",                 Kind { own: true, ..NONE }),
    ("Full-Name",                   Kind { own: true, ..NONE }),
    ("Content-Length",              Kind { own: true, ..NONE }),
];

/// What is known about the field `name`, case ignored.
pub fn kind(name: &[u8]) -> Kind {
    KNOWN.iter().find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name)).map_or(NONE, |row| row.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_any_case() {
        assert!(kind(b"resent-BCC").blind && kind(b"resent-BCC").resent);
        assert_eq!(kind(b"X-Anything"), NONE);
    }
}
