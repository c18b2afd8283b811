//! The header on its way out.

use super::{LineWriter, Message};
use crate::cf::{Macros, Template};
use crate::header::known::kind;
use crate::header::{Condition, Field};
use crate::mime::Edit;
use std::io::{self, Write};

impl Message<'_> {
    /// The `From ` line that mailbox files begin a message with.
    pub(super) fn from_line(&mut self, lines: &mut LineWriter<'_>) -> io::Result<()> {
        let template = self.config.options.unix_from_line.template();
        let mut line = self.macros.expand(&template);
        if self.mailer.flags.has(b'U')
            && let Some(uucp) = self.uucp_line()
        {
            line = uucp;
        }
        line.retain(|b| !matches!(b, b'\r' | b'\n'));
        line.push(b'\n');
        lines.write_all(&line)
    }

    /// `From user date remote from host`, for a sender `host!user`.
    fn uucp_line(&self) -> Option<Vec<u8>> {
        let sender = self.macros.expanded("g");
        let at = sender.iter().position(|b| *b == b'!')?;
        let (host, user) = (&sender[..at], &sender[at + 1..]);
        Some([b"From ", user, b"  ", &self.macros.expanded("d"), b" remote from ", host].concat())
    }

    /// All fields that this mailer gets, then what conversion of the body adds, and the blank line.
    pub(super) fn header(&mut self, edit: &Edit, lines: &mut LineWriter<'_>) -> io::Result<()> {
        let envelope = self.envelope;
        for field in &envelope.headers.fields {
            if !self.wanted(field) || (edit.drop_encoding && is(field, "Content-Transfer-Encoding")) {
                continue;
            }
            let known = kind(&field.name);
            if known.own && field.condition.is_none() && !field.template {
                continue;
            }
            if known.blind {
                // Blind recipients never show; when they are all there is, an empty field stands in for a destination.
                if !envelope.flags.delete_bcc {
                    put(lines, &field.name, b"")?;
                }
                continue;
            }
            let expanded;
            let value = if field.template {
                expanded = expand(&field.value, &self.macros);
                if expanded.trim_ascii().is_empty() {
                    continue;
                }
                &expanded
            } else {
                &field.value
            };
            if known.sender || known.recipient {
                let new = self.names.list(&field.name, value, known.sender, &mut self.macros);
                put(lines, &field.name, new.as_deref().unwrap_or(value))?;
            } else {
                put(lines, &field.name, value)?;
            }
        }
        for (name, value) in &edit.add {
            put(lines, name.as_bytes(), value)?;
        }
        lines.write_all(b"\n")
    }

    /// Whether the condition of the field's `H` line holds.
    fn wanted(&self, field: &Field) -> bool {
        match &field.condition {
            None => true,
            Some(Condition::MailerFlags(flags)) => flags.is_empty() || flags.bytes().any(|f| self.mailer.flags.has(f)),
            Some(Condition::MacroSet(name)) => !self.macros.expanded(name).is_empty(),
        }
    }
}

fn is(field: &Field, name: &str) -> bool {
    field.name.eq_ignore_ascii_case(name.as_bytes())
}

fn put(lines: &mut LineWriter<'_>, name: &[u8], value: &[u8]) -> io::Result<()> {
    lines.write_all(name)?;
    lines.write_all(b":")?;
    lines.write_all(value)?;
    lines.write_all(b"\n")
}

/// The value of a field that the configuration gave, macros filled in; what they bring cannot begin a line of its own.
fn expand(value: &[u8], macros: &Macros) -> Vec<u8> {
    let text = macros.expand(&Template::parse(value));
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.iter().copied().peekable();
    while let Some(b) = rest.next() {
        match b {
            b'\r' | 0 => {}
            b'\n' if !matches!(rest.peek(), Some(b' ' | b'\t')) => out.push(b' '),
            _ => out.push(b),
        }
    }
    out
}
