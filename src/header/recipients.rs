//! The recipients that a header names: `sendmail -t`, `Bcc:`, and what is done when it names none.

use super::known::kind;
use super::{Field, Headers};
use crate::address;
use crate::text::Line;

/// What to add to a header that names no recipient (`NoRecipientAction`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// `To:`, a field for each recipient.
    To,
    /// `Apparently-To:`, a field for each recipient.
    ApparentlyTo,
    /// An empty `Bcc:`.
    Bcc,
    /// `To: undisclosed-recipients:;`
    Undisclosed,
}

/// The addresses of `To:`, `Cc:` and `Bcc:`; those of the `Resent-` fields alone when there is one of them. In each field
/// the last comes first, which in the end is the order of the original's hand-over.
pub fn named(headers: &Headers, old_style: bool) -> Vec<Vec<u8>> {
    let resent = headers.fields.iter().any(|f| {
        let kind = kind(&f.name);
        kind.recipient && kind.resent
    });
    let meant = |f: &&Field| {
        let kind = kind(&f.name);
        kind.recipient && kind.resent == resent
    };
    headers
        .fields
        .iter()
        .filter(meant)
        .flat_map(|f| address::recipients(&f.value, old_style).into_iter().rev())
        .collect()
}

/// Whether `Bcc:` can go without leaving a header that names nobody.
pub fn bcc_can_go(headers: &Headers) -> bool {
    headers.fields.iter().any(|f| {
        let kind = kind(&f.name);
        kind.recipient && !kind.blind && !kind.resent
    })
}

/// Adds what `how` says when the header has no field for recipients at all.
pub fn add_missing<'a>(headers: &mut Headers, how: Missing, recipients: impl IntoIterator<Item = &'a [u8]>) {
    if headers.fields.iter().any(|f| kind(&f.name).recipient) {
        return;
    }
    let mut add = |name: &str, value: &[u8]| {
        headers.fields.push(Field {
            name: Line::cleaned(name.as_bytes()),
            value: if value.is_empty() { Vec::new() } else { [b" ", &*Line::cleaned(value)].concat() },
            condition: None,
            template: false,
        });
    };
    match how {
        Missing::To => recipients.into_iter().for_each(|r| add("To", r)),
        Missing::ApparentlyTo => recipients.into_iter().for_each(|r| add("Apparently-To", r)),
        Missing::Bcc => add("Bcc", b""),
        Missing::Undisclosed => add("To", b"undisclosed-recipients:;"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header::grammar;

    fn headers(text: &str) -> Headers {
        let fields = grammar::fields(text.as_bytes()).map(|f| Field {
            name: Line::cleaned(f.name),
            value: f.value.to_vec(),
            condition: None,
            template: false,
        });
        Headers { fields: fields.collect() }
    }

    fn names(text: &str) -> String {
        let named = named(&headers(text), false);
        named.iter().map(|a| String::from_utf8_lossy(a).into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn recipients_by_header() {
        assert_eq!(names("To: a@x, B <b@x>\nCc: c@x\nBcc: d@x\nReply-To: e@x\n"), "b@x a@x c@x d@x");
        assert_eq!(names("To: a@x\nResent-To: r@x\nBcc: d@x\n"), "r@x");
        assert!(bcc_can_go(&headers("To: a\nBcc: b\n")));
        assert!(!bcc_can_go(&headers("Resent-Cc: a\nBcc: b\n")));
    }

    #[test]
    fn nobody_named() {
        let added = |text: &str, how| {
            let mut headers = headers(text);
            add_missing(&mut headers, how, [&b"a@x"[..], b"b@x"]);
            headers
                .fields
                .iter()
                .map(|f| format!("{}:{}", f.name.escape_ascii(), f.value.escape_ascii()))
                .collect::<Vec<_>>()
        };
        assert_eq!(added("S: x\n", Missing::To), ["S: x", "To: a@x", "To: b@x"]);
        assert_eq!(added("S: x\n", Missing::Bcc), ["S: x", "Bcc:"]);
        assert_eq!(added("Bcc: x\n", Missing::To), ["Bcc: x"]);
    }
}
