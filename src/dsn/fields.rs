//! The header of a report: the configuration's own fields (`H` lines), then those of the report.

use super::Report;
use crate::cf::{Condition as Wanted, Config};
use crate::envelope::QueueId;
use crate::header::{Condition, Field, Headers};
use crate::sys::clock::{self, Calendar};
use crate::text::Line;

/// `Subject:` of a note to the postmaster.
pub(super) const POSTMASTER_SUBJECT: &str = "Postmaster notify: see transcript for details";

/// The header of a report to `to`.
pub(super) fn make(
    config: &Config,
    id: &QueueId,
    to: &[Line],
    report: &Report,
    boundary: &[u8],
    eight_bit: bool,
    now: i64,
) -> Headers {
    let mut headers = Headers { fields: configured(config, id, now) };
    let mut add = |name: &str, value: &[u8]| {
        let value = [b" ", value].concat();
        headers.fields.push(Field { name: Line::cleaned(name.as_bytes()), value, condition: None, template: false });
    };
    let (subject, kind) = match report {
        Report::Failure => ("Returned mail: see transcript for details", "failure"),
        Report::Warning { subject, .. } => (subject.as_str(), "warning-timeout"),
        Report::Receipt => ("Return receipt", "return-receipt"),
        Report::Postmaster => (POSTMASTER_SUBJECT, "postmaster-notification"),
    };
    to.iter().for_each(|to| add("To", to));
    if config.options.send_mime_errors {
        add("MIME-Version", b"1.0");
        let mut value = b"multipart/report; report-type=delivery-status;\n\tboundary=\"".to_vec();
        value.extend_from_slice(boundary);
        value.push(b'"');
        add("Content-Type", &value);
        if eight_bit {
            add("Content-Transfer-Encoding", b"8bit");
        }
    }
    add("Subject", subject.as_bytes());
    // RFC 3834 5
    add("Auto-Submitted", format!("auto-generated ({kind})").as_bytes());
    headers
}

/// What the `H` lines add to a message of the mail system itself.
fn configured(config: &Config, id: &QueueId, now: i64) -> Vec<Field> {
    let mut macros = config.layer();
    let utc = clock::utc(now);
    let date = date(now);
    for (name, value) in [
        ("s", &b"localhost"[..]),
        ("_", b"localhost"),
        ("r", b""),
        ("u", b""),
        ("f", b"MAILER-DAEMON"),
        ("g", b"MAILER-DAEMON"),
        ("x", b"Mail Delivery Subsystem"),
        ("i", id.as_str().as_bytes()),
        ("a", date.as_bytes()),
        ("b", date.as_bytes()),
        ("d", clock::local(now).ctime().as_bytes()),
    ] {
        macros.set(name, value);
    }
    let Calendar { year, month, day, hour, minute, .. } = utc;
    macros.set("t", format!("{year:04}{:02}{day:02}{hour:02}{minute:02}", month + 1));
    let mut fields = Vec::new();
    for def in &config.headers {
        let Some(template) = &def.template else { continue };
        let resent = def.name.get(..7).is_some_and(|p| p.eq_ignore_ascii_case(b"Resent-"));
        if resent || def.name.eq_ignore_ascii_case(b"Full-Name") {
            continue;
        }
        // What differs from mailer to mailer is filled in for each.
        let late = def.name.eq_ignore_ascii_case(b"Return-Path");
        let value = if late { template.source() } else { macros.expand(template) };
        let value = value.trim_ascii();
        let Ok(name) = Line::new(def.name.clone()) else { continue };
        if value.is_empty() {
            continue;
        }
        let condition = match &def.condition {
            Wanted::Always => None,
            Wanted::Flags(flags) => Some(Condition::MailerFlags(String::from_utf8_lossy(flags).into())),
            Wanted::Macro(name) => Some(Condition::MacroSet(name.as_str().into())),
        };
        fields.push(Field { name, value: [b" ", value].concat(), condition, template: late });
    }
    fields
}

/// The date as header fields have it: `GMT` where the zone has no offset.
pub(super) fn date(seconds: i64) -> String {
    let local = clock::local(seconds);
    let text = local.rfc5322();
    match text.split_once(" +0000") {
        Some((start, _)) if local.offset == 0 => format!("{start} GMT"),
        _ => text,
    }
}
