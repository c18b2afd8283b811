//! The body of a report: the part for people, the part for programs (RFC 3464 2), and the message or its header.

use super::fields::date;
use super::status::{printable, qualified, readable_xtext, unknown_exit};
use super::{Report, bare, remote_name, reports_failure, reports_success};
use crate::cf::Mailer;
use crate::deliver::sysexits;
use crate::envelope::{Envelope, Recipient, RecipientState, Status};
use crate::header::Condition;
use crate::reply::Enhanced;
use crate::service::Services;
use crate::text::Line;
use std::io::{self, Write};

/// How much of the message goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    /// All of it.
    All,
    /// Only the header.
    Header,
}

/// What a body is made of.
pub(super) struct Composer<'a> {
    pub svc: &'a Services,
    pub original: &'a Envelope,
    pub report: &'a Report,
    pub transcript: &'a [Line],
    pub boundary: &'a [u8],
    /// `$j`
    pub host: &'a [u8],
    pub now: i64,
    pub share: Share,
    /// The mailer that will take the report: fields that it does not want are not quoted to it.
    pub reader: Option<&'a Mailer>,
}

impl Composer<'_> {
    /// Writes the body.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mime = self.svc.config.options.send_mime_errors;
        if mime {
            out.write_all(b"This is a MIME-encapsulated message\n\n")?;
            self.separator(out, b"\n\n")?;
        }
        self.people(out)?;
        if !mime {
            let title = if self.share == Share::All { "Original message follows" } else { "Message header follows" };
            writeln!(out, "\n   ----- {title} -----\n")?;
            self.message(out)?;
            return out.write_all(b"\n");
        }
        out.write_all(b"\n")?;
        self.separator(out, b"\nContent-Type: message/delivery-status\n\n")?;
        self.programs(out)?;
        out.write_all(b"\n")?;
        let kind: &[u8] = match self.share {
            Share::All if self.original.flags.eight_bit => {
                b"\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n"
            }
            Share::All => b"\nContent-Type: message/rfc822\n\n",
            Share::Header => b"\nContent-Type: text/rfc822-headers\n\n",
        };
        self.separator(out, kind)?;
        self.message(out)?;
        out.write_all(b"\n")?;
        self.separator(out, b"--\n\n")
    }

    fn separator(&self, out: &mut dyn Write, tail: &[u8]) -> io::Result<()> {
        out.write_all(&[b"--", self.boundary, tail].concat())
    }

    /// Recipients with `wanted` state.
    fn those<'a>(&'a self, wanted: impl Fn(&Recipient) -> bool + 'a) -> impl Iterator<Item = &'a Recipient> {
        self.original.recipients.iter().filter(move |r| wanted(r))
    }

    /// The part for people.
    fn people(&self, out: &mut dyn Write) -> io::Result<()> {
        if matches!(self.report, Report::Warning { .. }) {
            out.write_all(WARNING)?;
        }
        writeln!(out, "The original message was received at {}", date(self.original.created))?;
        if let Some(from) = self.macro_value("_") {
            out.write_all(&[b"from ", from, b"\n"].concat())?;
        }
        if *self.report == Report::Postmaster {
            writeln!(out, "with id {}", self.original.id)?;
        }
        out.write_all(b"\n")?;
        self.error_header(out)?;
        if matches!(self.report, Report::Failure | Report::Postmaster) && self.those(reports_failure).next().is_some() {
            out.write_all(b"   ----- The following addresses had permanent fatal errors -----\n")?;
            for r in self.those(reports_failure) {
                self.failed(out, r)?;
            }
            out.write_all(b"\n")?;
        }
        if !matches!(self.report, Report::Warning { .. } | Report::Postmaster)
            && self.those(reports_success).next().is_some()
        {
            out.write_all(b"   ----- The following addresses had successful delivery notifications -----\n")?;
            for r in self.those(reports_success) {
                let how: &[u8] = match r.state {
                    RecipientState::Delivered => b"  (successfully delivered to mailbox)\n",
                    _ => b"  (relayed to non-DSN-aware mailer)\n",
                };
                out.write_all(&[&printable(&r.address)[..], how].concat())?;
            }
            out.write_all(b"\n")?;
        }
        if !self.transcript.is_empty() {
            out.write_all(b"   ----- Transcript of session follows -----\n")?;
            for line in self.transcript {
                out.write_all(&[&printable(line)[..], b"\n"].concat())?;
            }
        }
        Ok(())
    }

    /// `ErrorHeader`: a text, or the content of a file.
    fn error_header(&self, out: &mut dyn Write) -> io::Result<()> {
        let Some(text) = self.svc.config.options.error_header.get().filter(|t| !t.is_empty()) else { return Ok(()) };
        let macros = self.svc.config.layer();
        let text = if text.starts_with(b"/") {
            let path = self.svc.config.options.error_header.path();
            let Some(file) = path.and_then(|p| std::fs::read(p).ok()) else { return Ok(()) };
            file.truncate_to(MAX_ERROR_HEADER)
        } else {
            text.to_vec()
        };
        let text = macros.expand(&crate::cf::Template::parse(&text));
        out.write_all(text.trim_ascii_end())?;
        out.write_all(b"\n\n")
    }

    fn failed(&self, out: &mut dyn Write, r: &Recipient) -> io::Result<()> {
        out.write_all(&[&printable(&r.address)[..], b"\n"].concat())?;
        let status = r.status.as_ref();
        let reply = status.and_then(|s| s.reply.as_ref()).map(|reply| reply.first_line());
        let mailer = r.target.as_ref().and_then(|t| self.svc.config.mailers.get(t.mailer));
        let spoke = !mailer.is_some_and(Mailer::is_file);
        let text = status.filter(|s| !s.is_transient() && spoke).map(|s| unknown_exit(s).unwrap_or(&s.text).to_vec());
        // What was no address was never tried.
        let tried = !is_loop(r) && (r.target.is_some() || status.is_none_or(|s| s.enhanced != Enhanced(5, 1, 3)));
        if let Some(reason) = reply.or(text).filter(|_| tried).filter(|t| !t.is_empty()) {
            out.write_all(&[b"    (reason: ", &printable(&reason)[..], b")\n"].concat())?;
        }
        if let Some(control) = r.control.as_ref().filter(|c| bare(&c.alias) != bare(&r.address)) {
            out.write_all(&[b"    (expanded from: ", &printable(&control.alias)[..], b")\n"].concat())?;
        }
        Ok(())
    }

    /// The part for programs: RFC 3464 2.2 and 2.3.
    fn programs(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(envid) = &self.original.envid {
            field(out, "Original-Envelope-Id", &readable_xtext(envid))?;
        }
        field(out, "Reporting-MTA", &[b"dns; ", self.host].concat())?;
        let from = self.macro_value("_").unwrap_or_default();
        if let Some(end) = from.windows(2).position(|w| w == b" [") {
            field(out, "Received-From-MTA", &[b"DNS; ", from.get(..end).unwrap_or_default()].concat())?;
        }
        field(out, "Arrival-Date", date(self.original.created).as_bytes())?;
        if let Some(by) = self.original.deliver_by {
            field(out, "Deliver-By-Date", date(self.original.created.saturating_add(by.seconds)).as_bytes())?;
        }
        let warning = matches!(self.report, Report::Warning { .. });
        for r in &self.original.recipients {
            let told = match self.report {
                Report::Warning { .. } => is_late(r) && r.notify.delay,
                Report::Postmaster => reports_failure(r),
                _ => reports_failure(r) || reports_success(r),
            };
            if told {
                out.write_all(b"\n")?;
                self.recipient(out, r, warning)?;
            }
        }
        Ok(())
    }

    fn recipient(&self, out: &mut dyn Write, r: &Recipient, warning: bool) -> io::Result<()> {
        let mailer = r.target.as_ref().and_then(|t| self.svc.config.mailers.get(t.mailer));
        let kind = |n: usize, default: &'static str| {
            let named = mailer.and_then(|m| m.types.get(n)).and_then(|t| t.as_deref());
            named.unwrap_or(default.as_bytes()).to_vec()
        };
        if let Some(orcpt) = &r.orcpt {
            field(out, "Original-Recipient", &readable_xtext(orcpt))?;
        }
        let last = match &r.final_recipient {
            Some(last) => last.to_vec(),
            None => [b"RFC822; ", &qualified(&r.address, self.host)[..]].concat(),
        };
        field(out, "Final-Recipient", &last)?;
        field(out, "X-Actual-Recipient", &self.actual(r, mailer))?;
        let (action, code) = action(r, warning);
        field(out, "Action", action.as_bytes())?;
        field(out, "Status", code.as_bytes())?;
        let Some(status) = &r.status else { return Ok(()) };
        if let Some(remote) = &status.remote {
            field(out, "Remote-MTA", &[&kind(0, "DNS")[..], b"; ", &remote_name(remote)].concat())?;
        }
        match (&status.reply, mailer) {
            (Some(reply), _) if status.remote.is_some() => {
                field(out, "Diagnostic-Code", &[&kind(2, "SMTP")[..], b"; ", &reply.first_line()].concat())?;
            }
            (Some(reply), Some(m)) if !m.is_ipc() && !status.is_success() => {
                field(out, "Diagnostic-Code", &[&kind(2, "X-Unix")[..], b"; ", &reply.first_line()].concat())?;
            }
            (None, Some(m)) if ran_and_failed(r, m) => {
                let code = unknown_exit(status).map_or_else(|| status.exit.to_string().into_bytes(), <[u8]>::to_vec);
                field(out, "Diagnostic-Code", &[&kind(2, "X-Unix")[..], b"; ", &code].concat())?;
            }
            _ => {}
        }
        field(out, "Last-Attempt-Date", date(self.now).as_bytes())?;
        if let Report::Warning { until, .. } = self.report {
            field(out, "Will-Retry-Until", date(*until).as_bytes())?;
        }
        Ok(())
    }

    /// What the recipient became: `rfc822; user@host`, or a program or file in its mailer's own terms.
    fn actual(&self, r: &Recipient, mailer: Option<&Mailer>) -> Vec<u8> {
        let own = mailer.and_then(|m| m.types.get(1)).and_then(|t| t.as_deref());
        match own.filter(|t| !t.eq_ignore_ascii_case(b"rfc822")) {
            Some(kind) => {
                let address = r.address.strip_prefix(b"\"").and_then(|a| a.strip_suffix(b"\"")).unwrap_or(&r.address);
                [kind, b"; ", address].concat()
            }
            None => {
                let user = r.target.as_ref().map(|t| &t.user).filter(|u| !u.is_empty()).unwrap_or(&r.address);
                [b"rfc822; ", &qualified(user, self.host)[..]].concat()
            }
        }
    }

    /// The message as it is in the queue, or its header.
    fn message(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut macros = self.svc.config.layer();
        macros.set("g", bare(&self.original.sender));
        macros.set("f", bare(&self.original.sender));
        for f in &self.original.headers.fields {
            if f.name.eq_ignore_ascii_case(b"Full-Name") || f.name.eq_ignore_ascii_case(b"Bcc") {
                continue;
            }
            let wanted = match (&f.condition, self.reader) {
                (Some(Condition::MailerFlags(flags)), Some(mailer)) => {
                    // The envelope sender is told to every reader.
                    let path = f.name.eq_ignore_ascii_case(b"Return-Path");
                    path || flags.is_empty() || flags.bytes().any(|b| mailer.flags.has(b))
                }
                _ => true,
            };
            if !wanted {
                continue;
            }
            let value = if f.template { macros.expand(&crate::cf::Template::parse(&f.value)) } else { f.value.clone() };
            out.write_all(&[&f.name[..], b":", &value, b"\n"].concat())?;
        }
        if self.share == Share::Header {
            return Ok(());
        }
        out.write_all(b"\n")?;
        let mut quoted = Quoted { out, last: b'\n', start: Some(0) };
        io::copy(&mut self.original.body.reader(), &mut quoted)?;
        quoted.finish()?;
        Ok(())
    }

    fn macro_value(&self, name: &str) -> Option<&[u8]> {
        let found = self.original.macros.iter().find(|(n, _)| n.as_str() == name);
        found.map(|(_, v)| &v[..]).filter(|v| !v.is_empty())
    }
}

/// Octets of a file that `ErrorHeader` names.
const MAX_ERROR_HEADER: usize = 16 << 10;

trait TruncateTo {
    fn truncate_to(self, len: usize) -> Self;
}

impl TruncateTo for Vec<u8> {
    fn truncate_to(mut self, len: usize) -> Vec<u8> {
        self.truncate(len);
        self
    }
}

const WARNING: &[u8] = b"    **********************************************
    **      THIS IS A WARNING MESSAGE ONLY      **
    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **
    **********************************************

";

/// Still waiting.
fn is_late(r: &Recipient) -> bool {
    matches!(r.state, RecipientState::Pending | RecipientState::Deferred | RecipientState::Queued)
}

/// It stands for aliases without an end.
fn is_loop(r: &Recipient) -> bool {
    r.status.as_ref().is_some_and(|s| s.enhanced == super::LOOP && s.reply.is_none())
}

/// A program or file was tried and said no.
fn ran_and_failed(r: &Recipient, mailer: &Mailer) -> bool {
    r.state == RecipientState::Failed && !mailer.is_ipc() && !mailer.is_file() && !is_loop(r)
}

/// `Action:` (RFC 3464 2.3.3) and `Status:`.
fn action(r: &Recipient, warning: bool) -> (&'static str, String) {
    let code = r.status.as_ref().map_or_else(|| "4.0.0".to_string(), status_code);
    match r.state {
        _ if warning => ("delayed", code),
        RecipientState::Delivered => ("delivered (to mailbox)", "2.1.5".into()),
        RecipientState::Relayed => ("relayed (to non-DSN-aware mailer)", code),
        RecipientState::Expired => ("failed", "4.4.7".into()),
        _ => ("failed", code),
    }
}

/// The code of a status; exit codes of programs have their own.
fn status_code(status: &Status) -> String {
    match status.exit {
        _ if status.reply.is_some() || status.remote.is_some() => status.enhanced.to_string(),
        _ if let Some(row) = sysexits::of(status).filter(|row| row.enhanced == code_of(status)) => {
            Enhanced(row.reported.0, row.reported.1, row.reported.2).to_string()
        }
        _ if unknown_exit(status).is_some() => "5.0.0".into(),
        _ => status.enhanced.to_string(),
    }
}

fn code_of(status: &Status) -> (u8, u16, u16) {
    (status.enhanced.0, status.enhanced.1, status.enhanced.2)
}

fn field(out: &mut dyn Write, name: &str, value: &[u8]) -> io::Result<()> {
    out.write_all(&[name.as_bytes(), b": ", &printable(value), b"\n"].concat())
}

/// A body as the returned part of a report: complete lines, and `>` before those that begin with `From `, as in a file.
struct Quoted<'a> {
    out: &'a mut dyn Write,
    last: u8,
    /// At the start of a line: how many octets of `From ` are held back.
    start: Option<usize>,
}

/// What begins a message in a mailbox.
const FROM: &[u8] = b"From ";

impl Quoted<'_> {
    /// Writes what was held back, and the end of the last line.
    fn finish(self) -> io::Result<()> {
        self.out.write_all(FROM.get(..self.start.unwrap_or(0)).unwrap_or_default())?;
        if self.last != b'\n' {
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

impl Write for Quoted<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut ready = Vec::with_capacity(data.len() + FROM.len());
        for &octet in data {
            self.last = octet;
            match self.start {
                Some(held) if FROM.get(held) == Some(&octet) && held + 1 < FROM.len() => {
                    self.start = Some(held + 1);
                    continue;
                }
                Some(held) => {
                    if FROM.get(held) == Some(&octet) {
                        ready.push(b'>');
                    }
                    ready.extend_from_slice(FROM.get(..held).unwrap_or_default());
                }
                None => {}
            }
            ready.push(octet);
            self.start = (octet == b'\n').then_some(0);
        }
        self.out.write_all(&ready)?;
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::Quoted;
    use std::io::Write;

    #[test]
    fn lines_that_would_begin_a_message_are_quoted() {
        let text = b"From a\nFrom\nxFrom b\n\nFrom c\nFro";
        for size in 1..text.len() {
            let mut out = Vec::new();
            let mut quoted = Quoted { out: &mut out, last: b'\n', start: Some(0) };
            text.chunks(size).for_each(|piece| quoted.write_all(piece).unwrap());
            quoted.finish().unwrap();
            assert_eq!(out, b">From a\nFrom\nxFrom b\n\n>From c\nFro\n");
        }
    }
}
