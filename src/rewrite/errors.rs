//! `$#error $@ code $: text`: what a refusal by the rules says to an SMTP client.

use super::scope::{Notice, Scope};
use crate::reply::Enhanced;

/// Why an address or a command is refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Refusal {
    /// SMTP reply code.
    pub code: u16,
    /// Enhanced status code.
    pub enhanced: Enhanced,
    /// What a delivery report says in place of `enhanced`, when the rules said so.
    pub status: Option<Enhanced>,
    /// Text, without codes and quotes.
    pub text: Vec<u8>,
    /// The status of sysexits(3) that fits (67 for an unknown user, 75 for later, ...).
    pub exit: u8,
    /// What stood after `$@`, for the test mode.
    pub host: Option<Vec<u8>>,
    /// What stood after `$:`, as it was written.
    pub written: Vec<u8>,
    /// The address was no address at all: the rules were not asked.
    pub unusable: bool,
}

impl Refusal {
    /// A refusal that no rule wrote.
    pub fn new(code: u16, enhanced: Enhanced, text: impl Into<Vec<u8>>) -> Refusal {
        let text = text.into();
        Refusal {
            code,
            enhanced,
            status: None,
            exit: exit_code(enhanced),
            host: None,
            written: text.clone(),
            text,
            unusable: false,
        }
    }

    /// A refusal because the rules are at fault.
    pub(super) fn config(text: &str) -> Refusal {
        let mut refusal = Refusal::new(553, Enhanced(5, 3, 5), text);
        refusal.exit = 78;
        refusal.written.clear();
        refusal
    }

    /// A refusal of what the rules were never asked about.
    pub(super) fn unusable(code: u16, enhanced: Enhanced, text: impl Into<Vec<u8>>) -> Refusal {
        Refusal { unusable: true, ..Refusal::new(code, enhanced, text) }
    }

    /// Puts the refusal of `addr` on record, with the address in front where the code wants it.
    pub(super) fn report(&self, scope: &mut Scope<'_>, addr: &[u8]) {
        let mut text = Vec::new();
        if names_address(self.code) && !addr.is_empty() {
            text.extend(super::address::shortened(addr));
            text.extend_from_slice(b"... ");
        }
        text.extend_from_slice(&self.text);
        scope.note(Notice::User { code: self.code, enhanced: self.enhanced, text });
    }
}

/// The words that `$@` may have in place of a code: word, exit code, enhanced code.
const WORDS: [(&str, u8, Enhanced); 8] = [
    ("usage", 64, Enhanced(5, 5, 4)),
    ("nouser", 67, Enhanced(5, 1, 1)),
    ("nohost", 68, Enhanced(5, 1, 2)),
    ("unavailable", 69, Enhanced(5, 0, 0)),
    ("software", 70, Enhanced(5, 3, 0)),
    ("tempfail", 75, Enhanced(4, 0, 0)),
    ("protocol", 76, Enhanced(5, 5, 0)),
    ("config", 78, Enhanced(5, 3, 5)),
];

/// Reads `$@` and `$:` of an error triple.
pub fn from_triple(host: Option<&[u8]>, user: &[u8]) -> Refusal {
    let written = user.to_vec();
    let mut exit = 69;
    let mut enhanced: Option<Enhanced> = None;
    let mut dotted = false;
    let mut own_code = false;
    if let Some(host) = host.filter(|h| !h.is_empty()) {
        if host.contains(&b'.') {
            enhanced = Enhanced::parse(host);
            dotted = enhanced.is_some();
            exit = enhanced.map_or(69, exit_code);
        } else if let Some((_, code, e)) = WORDS.iter().find(|(w, _, _)| w.as_bytes().eq_ignore_ascii_case(host)) {
            exit = *code;
            enhanced = Some(*e);
        } else if host.first().is_some_and(u8::is_ascii_digit) {
            exit = u8::try_from(crate::cf::options::value::number(host)).unwrap_or(69);
            enhanced = WORDS.iter().find(|(_, code, _)| *code == exit).map(|(_, _, e)| *e);
        }
    }
    let plain = strip_quotes(user);
    let mut text: &[u8] = &plain;
    let mut code = None;
    if let Some((number, rest)) = smtp_code(text) {
        code = Some(number);
        text = rest;
        let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
        if let Some(own) = text.get(..end).and_then(Enhanced::parse) {
            enhanced = Some(own);
            own_code = true;
            text = text.get(end..).unwrap_or_default().trim_ascii_start();
        }
    }
    // Without a code in the text nothing of `$@` reaches the wire; it only tells what a report has to say.
    let Some(code) = code else {
        let mut refusal = Refusal::new(553, Enhanced(5, 3, 0), text);
        refusal.exit = exit;
        refusal.host = host.map(<[u8]>::to_vec);
        refusal.written = written;
        refusal.status = enhanced;
        return refusal;
    };
    let status = enhanced;
    let enhanced = enhanced.filter(|_| dotted || own_code).unwrap_or(Enhanced((code / 100) as u8, 0, 0));
    Refusal {
        code,
        enhanced,
        status,
        text: text.to_vec(),
        exit,
        host: host.map(<[u8]>::to_vec),
        written,
        unusable: false,
    }
}

/// A three-digit SMTP code at the start of a text, and what follows it.
fn smtp_code(text: &[u8]) -> Option<(u16, &[u8])> {
    let (digits, rest) = text.split_at_checked(3)?;
    if !digits.iter().all(u8::is_ascii_digit) || !matches!(digits.first(), Some(b'2'..=b'5')) {
        return None;
    }
    let rest = match rest.first() {
        Some(b' ') => rest.trim_ascii_start(),
        _ => return None,
    };
    Some((u16::try_from(crate::cf::options::value::number(digits)).ok()?, rest))
}

/// Whether a reply with this code begins with the address that it is about.
pub fn names_address(code: u16) -> bool {
    matches!(code, 250 | 252 | 450 | 550 | 553)
}

/// The exit code of sysexits(3) for an enhanced code.
pub fn exit_code(e: Enhanced) -> u8 {
    if e.0 == 4 {
        return 75;
    }
    match (e.1, e.2) {
        (1, 0 | 1 | 3 | 4 | 5 | 6) => 67,
        (1, 2) => 68,
        (1, 7) => 65,
        (1, 8) => 68,
        (2, _) => 69,
        (3, 5) => 78,
        (3, _) => 69,
        (4, _) => 69,
        (5, 0 | 4) => 64,
        (5, _) => 76,
        (6, _) => 65,
        (7, _) => 77,
        _ => 69,
    }
}

/// A text without its quotes; a backslash keeps the next octet.
fn strip_quotes(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.iter().copied();
    while let Some(b) = bytes.next() {
        match b {
            b'"' => {}
            b'\\' => out.extend(bytes.next()),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn triples() {
        let r = from_triple(Some(b"5.7.1"), b"\"550 Relaying denied\"");
        assert_eq!((r.code, r.enhanced, &r.text[..]), (550, Enhanced(5, 7, 1), &b"Relaying denied"[..]));
        let r = from_triple(Some(b"nouser"), b"User unknown");
        assert_eq!((r.code, r.enhanced, r.status, r.exit), (553, Enhanced(5, 3, 0), Some(Enhanced(5, 1, 1)), 67));
        let r = from_triple(Some(b"5.7.1"), b"451 mismatch");
        assert_eq!((r.code, r.enhanced), (451, Enhanced(5, 7, 1)));
        let r = from_triple(None, b"\"450 only code\"");
        assert_eq!((r.code, r.enhanced), (450, Enhanced(4, 0, 0)));
        let r = from_triple(Some(b"4.7.1"), b"\"450 4.7.1 \" try later");
        assert_eq!((r.code, r.enhanced, &r.text[..]), (450, Enhanced(4, 7, 1), &b"try later"[..]));
        assert_eq!(from_triple(None, b"no").code, 553);
    }
}
