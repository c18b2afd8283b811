//! From an envelope to the text of its control file.

use super::{DataFile, MACRO, QUOTE, needs_quote};
use crate::envelope::{BodyType, Control, DeliverBy, Envelope, Flags, Recipient, RecipientState};
use crate::header::{Condition, Field};
use std::io::Write;

/// The control file of `envelope`. Recipients that are done with are left out.
pub fn encode(envelope: &Envelope, data: &DataFile) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    let e = envelope;
    number(&mut out, b'V', 8);
    number(&mut out, b'T', e.created);
    number(&mut out, b'K', e.last_attempt);
    number(&mut out, b'N', i64::from(e.attempts));
    number(&mut out, b'P', e.priority);
    if let Some((major, minor, inode)) = data.inode {
        record(&mut out, b'I', format!("{major}/{minor}/{inode}").as_bytes());
    }
    if let Some(directory) = &data.directory {
        record(&mut out, b'd', directory);
    }
    if let Some(body_type) = e.body_type {
        record(
            &mut out,
            b'B',
            match body_type {
                BodyType::SevenBit => b"7BIT",
                BodyType::EightBitMime => b"8BITMIME",
            },
        );
    }
    if let Some(message) = &e.message {
        record(&mut out, b'M', message);
    }
    if let Some(reason) = &e.quarantine {
        record(&mut out, b'q', reason);
    }
    let flags = flag_letters(&e.flags);
    if !flags.is_empty() {
        record(&mut out, b'F', flags.as_bytes());
    }
    for (name, value) in &e.macros {
        out.push(b'$');
        push_macro_name(&mut out, name.as_str());
        out.extend_from_slice(value);
        out.push(b'\n');
    }
    // The original's name for itself; what others sent with an empty sender keeps that.
    let own = e.flags.response && &*e.sender == b"<>";
    record(&mut out, b'S', if own { b"MAILER-DAEMON" } else { &e.sender });
    if let Some(envid) = &e.envid {
        record(&mut out, b'Z', envid);
    }
    if let Some(auth) = &e.auth_param {
        record(&mut out, b'A', auth);
    }
    if let Some(by) = &e.deliver_by {
        deliver_by(&mut out, by);
    }
    let mut control: Option<&Control> = None;
    for r in e.recipients.iter().filter(|r| is_kept(r)) {
        if let Some(status) = r.status.as_ref().filter(|s| s.is_transient() && s.reply.is_some()) {
            record(&mut out, b'M', &[b"Deferred: ", &status.text[..]].concat());
        }
        if r.control.as_ref() != control {
            control = r.control.as_ref();
            controlling_user(&mut out, control);
        }
        recipient(&mut out, r);
    }
    for field in &e.headers.fields {
        header(&mut out, field);
    }
    out.extend_from_slice(b".\n");
    out
}

/// True for recipients that still belong in the queue.
fn is_kept(r: &Recipient) -> bool {
    matches!(r.state, RecipientState::Pending | RecipientState::Deferred | RecipientState::Queued)
}

fn record(out: &mut Vec<u8>, letter: u8, value: &[u8]) {
    out.push(letter);
    out.extend_from_slice(value);
    out.push(b'\n');
}

fn number(out: &mut Vec<u8>, letter: u8, value: i64) {
    out.push(letter);
    let _ = writeln!(out, "{value}");
}

/// The letters of record `F`.
fn flag_letters(flags: &Flags) -> String {
    let table = [
        (flags.response, 'r'),
        (flags.warned, 'w'),
        (flags.eight_bit, '8'),
        (flags.delete_bcc, 'b'),
        (flags.ret_given, 'd'),
        (flags.no_body_return, 'n'),
        (flags.split, 's'),
    ];
    table.iter().filter(|(set, _)| *set).map(|(_, letter)| letter).collect()
}

fn push_macro_name(out: &mut Vec<u8>, name: &str) {
    if name.chars().count() == 1 {
        out.extend_from_slice(name.as_bytes());
    } else {
        out.push(b'{');
        out.extend_from_slice(name.as_bytes());
        out.push(b'}');
    }
}

/// Record `!`: an octet of mode bits, a blank, seconds.
fn deliver_by(out: &mut Vec<u8>, by: &DeliverBy) {
    let mode = if by.return_mode { 2 } else { 1 } | if by.trace { 0x10 } else { 0 };
    out.extend_from_slice(&[b'!', mode]);
    let _ = writeln!(out, " {}", by.seconds);
}

fn controlling_user(out: &mut Vec<u8>, control: Option<&Control>) {
    out.push(b'C');
    if let Some(c) = control {
        out.extend_from_slice(&c.user);
        out.push(b':');
        // Without a user there is only the way that led here.
        if !c.user.is_empty() {
            let _ = write!(out, "{}:{}:", c.uid, c.gid);
        }
        out.extend_from_slice(&c.alias);
    }
    out.push(b'\n');
}

fn recipient(out: &mut Vec<u8>, r: &Recipient) {
    if let Some(orcpt) = &r.orcpt {
        record(out, b'Q', orcpt);
    }
    if let Some(last) = &r.final_recipient {
        record(out, b'r', last);
    }
    out.push(b'R');
    let table = [
        (r.primary, b'P'),
        (r.notify.explicit, b'N'),
        (r.notify.success, b'S'),
        (r.notify.failure, b'F'),
        (r.notify.delay, b'D'),
        (r.alias, b'A'),
    ];
    out.extend(table.iter().filter(|(set, _)| *set).map(|(_, letter)| *letter));
    out.push(b':');
    out.extend_from_slice(&r.address);
    out.push(b'\n');
}

fn header(out: &mut Vec<u8>, field: &Field) {
    out.extend_from_slice(b"H?");
    match &field.condition {
        None => {}
        Some(Condition::MailerFlags(flags)) => out.extend_from_slice(flags.as_bytes()),
        Some(Condition::MacroSet(name)) => {
            out.push(b'$');
            push_macro_name(out, name.trim_start_matches('{').trim_end_matches('}'));
        }
    }
    out.push(b'?');
    push_quoted(out, &field.name);
    out.push(b':');
    if field.template {
        push_template(out, &field.value)
    } else {
        push_quoted(out, &field.value)
    }
    out.push(b'\n');
}

/// Message text: folds stay, and no line of it can be taken for a record.
fn push_quoted(out: &mut Vec<u8>, text: &[u8]) {
    for (i, &b) in text.iter().enumerate() {
        push_octet(out, b, text.get(i + 1).copied());
    }
}

fn push_octet(out: &mut Vec<u8>, b: u8, next: Option<u8>) {
    match b {
        0 => {}
        b'\n' => fold(out, next),
        _ => {
            if needs_quote(b) {
                out.push(QUOTE);
            }
            out.push(b);
        }
    }
}

/// A line break inside a value: what follows must begin with white space.
fn fold(out: &mut Vec<u8>, next: Option<u8>) {
    match next {
        None => {}
        Some(b' ' | b'\t') => out.push(b'\n'),
        Some(_) => out.extend_from_slice(b"\n\t"),
    }
}

/// A value with macros still to be expanded: `$x` becomes the macro octet and the letter, `$$` a dollar.
fn push_template(out: &mut Vec<u8>, text: &[u8]) {
    let mut rest = text;
    while let Some((&b, tail)) = rest.split_first() {
        rest = tail;
        if b != b'$' {
            push_octet(out, b, rest.first().copied());
            continue;
        }
        match tail.split_first() {
            Some((b'$', after)) => {
                out.push(b'$');
                rest = after;
            }
            Some((&letter, after)) if letter.is_ascii_alphanumeric() || letter == b'_' => {
                out.extend_from_slice(&[MACRO, letter]);
                rest = after;
            }
            _ => out.push(b'$'),
        }
    }
}
