//! What a recipient's status means for reports.

use super::bare;
use crate::deliver::sysexits;
use crate::envelope::{Recipient, RecipientState, Status};
use crate::reply::Enhanced;
use crate::text::Line;

/// The status of aliases that go round in a circle.
pub const LOOP: Enhanced = Enhanced(5, 4, 6);

/// True when the sender is to hear that this recipient failed.
pub fn reports_failure(r: &Recipient) -> bool {
    r.notify.failure && matches!(r.state, RecipientState::Failed | RecipientState::Expired)
}

/// True when the sender is to hear that this recipient got the message.
pub fn reports_success(r: &Recipient) -> bool {
    let ours = match r.state {
        RecipientState::Delivered => true,
        // RFC 3461 5.2.2: a next hop that knows DSN reports itself.
        RecipientState::Relayed => !r.status.as_ref().is_some_and(|s| s.relays_dsn),
        _ => false,
    };
    r.notify.success && ours
}

/// The host's name out of `name. [address]`.
pub fn remote_name(remote: &Line) -> Line {
    let end = remote.iter().position(|b| *b == b' ').unwrap_or(remote.len());
    let name = remote.get(..end).unwrap_or_default();
    Line::cleaned(name.strip_suffix(b".").unwrap_or(name))
}

/// The transcript's own lines on one status of some recipients: `550 5.1.1 <a@b>... User unknown`.
pub fn transcript_lines(recipients: &[&Recipient], status: &Status) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    if status.is_success() {
        for r in recipients.iter().filter(|r| reports_success(r)) {
            let text: &[u8] = match r.state {
                RecipientState::Delivered => b"... Successfully delivered",
                _ => b"... relayed; expect no further notifications",
            };
            lines.push([&r.address[..], text].concat());
        }
        return lines;
    }
    if status.is_transient() {
        let all: Vec<&[u8]> = recipients.iter().map(|r| &r.address[..]).collect();
        let colon: &[u8] = if status.text.is_empty() { b"" } else { b": " };
        lines.push([&all.join(&b","[..])[..], b"... Deferred", colon, &status.text].concat());
        return lines;
    }
    let (code, named, enhanced) =
        match (sysexits::find(status.exit).filter(|row| *status.text == *row.text.as_bytes()), status.exit) {
            (Some(row), _) => (row.code, row.names_address, Enhanced(row.enhanced.0, row.enhanced.1, row.enhanced.2)),
            (None, 67 | 68 | 77) => (550, true, status.enhanced),
            (None, 64) if status.enhanced == Enhanced(5, 1, 3) => (553, true, status.enhanced),
            (None, 64) if status.enhanced == LOOP => (554, false, status.enhanced),
            (None, 65 | 64) => (501, true, status.enhanced),
            (None, _) => (554, status.enhanced.1 == 1, status.enhanced),
        };
    // What names nobody is said once.
    let told = if named { recipients.len() } else { 1 };
    for r in recipients.iter().take(told) {
        let mut line = format!("{code} {enhanced} ").into_bytes();
        if named {
            line.extend_from_slice(&r.address);
            line.extend_from_slice(b"... ");
        }
        line.extend_from_slice(&status.text);
        lines.push(line);
    }
    lines
}

/// The exit code of a program that none of sysexits(3) explains, or `None`.
pub(super) fn unknown_exit(status: &Status) -> Option<&[u8]> {
    status.text.strip_prefix(b"unknown mailer error ")
}

/// xtext (RFC 3461 4) for people: decoded where that gives printable octets.
pub(super) fn readable_xtext(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        let decoded = tail.get(..2).and_then(|h| u8::from_str_radix(std::str::from_utf8(h).ok()?, 16).ok());
        match decoded.filter(|d| b == b'+' && (b' '..=b'~').contains(d)) {
            Some(d) => {
                out.push(d);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => out.push(b),
        }
    }
    out
}

/// Text of others with control octets made visible.
pub(super) fn printable(text: &[u8]) -> Vec<u8> {
    text.iter().map(|b| if b.is_ascii_control() && *b != b'\t' { b'?' } else { *b }).collect()
}

/// The recipient as a user with a domain: `user@host`.
pub(super) fn qualified(address: &[u8], host: &[u8]) -> Vec<u8> {
    let address = bare(address);
    if address.contains(&b'@') { address.to_vec() } else { [address, b"@", host].concat() }
}
