//! Delivery status notifications: returned mail, warnings, receipts, notes to the postmaster (RFC 3461-3464, 2.4, 3.3), in the
//! original's wording and layout.
//!
//! A report is a message of its own with the empty sender: it is committed to the queue before the message it tells of
//! changes, and handed to the scheduler. It never causes another report to the same address: a bounce that bounces goes to
//! `DoubleBounceAddress`, and a bounce of that one ends here.
//!
//! Trusts nothing of the message and of what remote hosts said: values are lines, and xtext is decoded to printable
//! octets only.

mod compose;
mod fields;
mod status;

pub use status::{LOOP, remote_name, reports_failure, reports_success, transcript_lines};

use crate::envelope::{Body, Envelope, Flags, Notify, Origin, QueueId, Recipient, RecipientState};
use crate::header::Headers;
use crate::log;
use crate::reply::{Enhanced, Reply};
use crate::service::Services;
use crate::sys::clock;
use crate::text::Line;
use compose::{Composer, Share};
use std::io::Write;

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// Some recipients failed.
    Failure,
    /// Some recipients are late.
    Warning {
        /// `Subject:` of the report.
        subject: String,
        /// When the message will be returned, seconds since 1970.
        until: i64,
    },
    /// Delivered, as the sender wanted to know.
    Receipt,
    /// A failure told to the postmaster.
    Postmaster,
}

/// Sends `report` on `envelope` to its sender; `reason` names it in the log. False when it could not be stored.
pub fn send(svc: &Services, envelope: &Envelope, report: &Report, transcript: &[Line], reason: &[u8]) -> bool {
    if let Err(reply) = reachable(svc, envelope) {
        return match report {
            Report::Failure => unreachable_sender(svc, envelope, transcript, &reply),
            // Nobody to warn, nobody to thank.
            _ => true,
        };
    }
    let returned = !envelope.flags.no_body_return && !svc.config.options.privacy_options.has(NO_BODY);
    // What no mailer takes is not sent around once more.
    let too_large = |r: &Recipient| {
        r.status.as_ref().is_some_and(|s| s.enhanced == Enhanced(5, 2, 3) && s.remote.is_none()) && reports_failure(r)
    };
    let share = match report {
        Report::Failure if envelope.recipients.iter().any(too_large) => Share::Header,
        Report::Receipt => Share::Header,
        // Nobody misses a circular letter.
        Report::Failure if envelope.class < 0 => Share::Header,
        _ if returned => Share::All,
        _ => Share::Header,
    };
    let kind = match report {
        Report::Warning { .. } => "sender notify",
        _ => "DSN",
    };
    issue(svc, envelope, &envelope.sender, report, share, transcript, (kind, reason))
}

/// Is the sender an address that could get a report? Only a plain no counts.
fn reachable(svc: &Services, envelope: &Envelope) -> Result<(), Reply> {
    let mut macros = svc.config.layer();
    let mut scratch = Envelope { recipients: Vec::new(), ..envelope.clone() };
    let (params, origin) = (crate::route::Params::default(), Origin::Direct);
    match crate::route::recipient(
        svc,
        &mut macros,
        (&mut scratch, &mut Default::default()),
        &envelope.sender,
        &params,
        &origin,
    ) {
        Err(reply) if reply.code / 100 == 5 && reply.enhanced.is_some_and(|e| e.1 == 1) => Err(reply),
        _ => Ok(()),
    }
}

/// The report has nowhere to go: the postmaster hears of the message instead.
fn unreachable_sender(svc: &Services, envelope: &Envelope, transcript: &[Line], reply: &Reply) -> bool {
    let text = reply.lines.first().cloned().unwrap_or_default();
    let stat = text.windows(4).position(|w| w == b"... ").and_then(|at| text.get(at + 4..)).unwrap_or(&text);
    let shown = Reply::new(reply.code, reply.enhanced, stat).to_text();
    log::delivery::to(
        &envelope.id,
        &log::delivery::To {
            to: vec![&envelope.sender],
            delay: svc.clock.now().0 - envelope.created,
            mailer: Some("local"),
            priority: envelope.priority,
            dsn: reply.enhanced,
            reply: Some(&shown),
            stat,
            ..Default::default()
        },
    );
    let mut transcript = transcript.to_vec();
    transcript.push(Line::cleaned(&reply.to_text()));
    double_bounce(svc, envelope, &transcript, stat)
}

/// Addresses of `Errors-To:` that are heard.
const MAX_ERRORS_TO: usize = 10;

const NO_BODY: crate::cf::options::Privacy = crate::cf::options::Privacy::NO_BODY_RETURN;

/// Sends a copy of the report, without the body, to `PostmasterCopy`.
pub fn postmaster_copy(svc: &Services, envelope: &Envelope, transcript: &[Line], reason: &[u8]) -> bool {
    let to = svc.config.layer().expand(&svc.config.options.postmaster_copy.template());
    let share = Share::Header;
    issue(svc, envelope, &Line::cleaned(&to), &Report::Postmaster, share, transcript, (POSTMASTER, reason))
}

/// What to do with a bounce that failed: tell `DoubleBounceAddress`, or nobody when that is what failed.
pub fn double_bounce(svc: &Services, envelope: &Envelope, transcript: &[Line], reason: &[u8]) -> bool {
    let to = svc.config.layer().expand(&svc.config.options.double_bounce_address.template());
    let to = Line::cleaned(to.trim_ascii());
    let told =
        envelope.flags.response && envelope.recipients.iter().any(|r| bare(&r.address).eq_ignore_ascii_case(&to));
    if to.is_empty() || told || notes_already(envelope) {
        if !to.is_empty() {
            let text = "savemail: cannot save rejected email anywhere";
            log::syserr(log::Id::Queue(&envelope.id), b"root", text);
        }
        return true;
    }
    issue(svc, envelope, &to, &Report::Postmaster, Share::All, transcript, (POSTMASTER, reason))
}

const POSTMASTER: &str = "postmaster notify";

/// True for our own notes to the postmaster: what becomes of them is told to nobody.
fn notes_already(envelope: &Envelope) -> bool {
    let subject = envelope.headers.find("Subject").map(|f| f.value.trim_ascii());
    envelope.flags.response && subject == Some(fields::POSTMASTER_SUBJECT.as_bytes())
}

/// Writes the report, commits it and hands it on.
fn issue(
    svc: &Services,
    original: &Envelope,
    to: &Line,
    report: &Report,
    share: Share,
    transcript: &[Line],
    (kind, reason): (&str, &[u8]),
) -> bool {
    let now = svc.clock.now().0;
    let t = clock::utc(now);
    let id = svc.ids.next((t.year, t.month, t.day, t.hour, t.minute, t.second));
    let host = svc.config.macros.expanded("j");
    let boundary = [id.as_str().as_bytes(), b".", now.to_string().as_bytes(), b"/", &host].concat();
    let reader = mailer_of(svc, to);
    let composer = Composer { svc, original, report, transcript, boundary: &boundary, host: &host, now, share, reader };
    let body = svc.store.spool(&id).and_then(|mut spool| {
        let written = composer.write(&mut spool).and_then(|()| spool.flush());
        written.map_err(crate::queue::store::StoreError::Failed)?;
        spool.finish()
    });
    let Ok(body) = body else { return false };
    let eight_bit = original.flags.eight_bit && share == Share::All;
    let mut to = vec![to.clone()];
    if *report == Report::Failure && svc.config.options.use_errors_to {
        let field = original.headers.find("Errors-To").map(|f| &f.value[..]).unwrap_or_default();
        let named = crate::address::split(field, svc.config.options.old_style_headers);
        let named = named.iter().filter_map(|item| crate::address::crack(item)).map(|c| Line::cleaned(&c.address));
        let named: Vec<Line> = named.filter(|a| !a.is_empty() && !to.contains(a)).take(MAX_ERRORS_TO).collect();
        to.extend(named);
    }
    if *report == Report::Failure && original.recipients.iter().any(is_our_fault) {
        to.push(Line::cleaned(b"postmaster"));
    }
    // What is returned counts as long as it was, and something for what is written about it.
    let size = if share == Share::All { original.size.saturating_add(1024) } else { 0 };
    let headers = fields::make(&svc.config, &id, &to, report, &boundary, eight_bit, now);
    let envelope = envelope(svc, id, &to, headers, body, size, eight_bit, now);
    if svc.store.commit(&envelope).is_err() {
        return false;
    }
    accepted(svc, &envelope.sender, envelope.size);
    log::delivery::report(&original.id, &envelope.id, kind, reason);
    svc.scheduler.submit(envelope);
    true
}

/// Counts a message that was taken from `sender`.
pub fn accepted(svc: &Services, sender: &[u8], size: u64) {
    if !svc.statistics.is_wanted() {
        return;
    }
    let local = || svc.config.mailers.iter().position(|m| m.name == "local");
    let place = |wanted: &crate::cf::Mailer| svc.config.mailers.iter().position(|m| std::ptr::eq(m, wanted));
    let sender = bare(sender);
    let mailer = if sender.is_empty() { local() } else { mailer_of(svc, sender).and_then(place).or_else(local) };
    if let Some(mailer) = mailer {
        svc.statistics.message_from(mailer, size);
    }
}

/// A program or the configuration is broken: the postmaster should know.
fn is_our_fault(r: &Recipient) -> bool {
    let status = r.status.as_ref().filter(|_| r.state == RecipientState::Failed);
    status.and_then(crate::deliver::sysexits::of).is_some_and(|row| matches!(row.exit, 70 | 78))
}

/// The mailer for an address.
fn mailer_of<'a>(svc: &'a Services, address: &[u8]) -> Option<&'a crate::cf::Mailer> {
    let mut macros = svc.config.layer();
    let mut scope = crate::rewrite::Scope::new(&svc.config, &mut macros, &*svc.maps);
    let parsed = crate::rewrite::parse_address(&mut scope, address, crate::rewrite::Kind::EnvelopeRecipient);
    svc.config.mailers.get(parsed.ok()?.mailer)
}

/// The envelope of a report.
#[allow(clippy::too_many_arguments)]
fn envelope(
    svc: &Services,
    id: QueueId,
    to: &[Line],
    headers: Headers,
    body: Body,
    size: u64,
    eight_bit: bool,
    now: i64,
) -> Envelope {
    let recipient = |to: &Line| Recipient {
        // RFC 3461 6.2 would have NEVER; the postmaster is told of bounces that fail.
        notify: Notify { explicit: false, success: false, failure: true, delay: false },
        ..Recipient::new(to.clone())
    };
    let macros = [("_", &b"localhost"[..]), ("r", b""), ("s", b"localhost")];
    Envelope {
        priority: i64::try_from(size).unwrap_or(i64::MAX / 2) + svc.config.options.recipient_factor * to.len() as i64,
        body_type: eight_bit.then_some(crate::envelope::BodyType::EightBitMime),
        flags: Flags { response: true, eight_bit, ..Flags::default() },
        macros: macros.map(|(n, v)| (crate::cf::MacroName::new(n), Line::cleaned(v))).to_vec(),
        recipients: to.iter().map(recipient).collect(),
        headers,
        body,
        size,
        ..Envelope::new(id, now)
    }
}

/// An address without the brackets around it.
pub fn bare(address: &[u8]) -> &[u8] {
    let address = address.trim_ascii();
    address.strip_prefix(b"<").and_then(|a| a.strip_suffix(b">")).unwrap_or(address)
}
