//! The end of an attempt: too old? then returned; old? then a warning; reports; and the queue is told.

use super::account::Account;
use super::{How, is_open};
use crate::cf::options::Timeouts;
use crate::dsn::{self, Report};
use crate::envelope::{Envelope, RecipientState, Status};
use crate::log;
use crate::service::Services;
use crate::text::Line;

/// Finishes the attempt: reports first, then the job itself.
pub(super) fn finish(svc: &Services, mut envelope: Envelope, mut account: Account<'_>, how: How) {
    let now = svc.clock.now().0;
    if !how.only_queue {
        envelope.attempts = envelope.attempts.saturating_add(1);
        envelope.last_attempt = now;
    }
    let age = svc.clock.age(envelope.created);
    let limits = Limits::of(&svc.config.options.timeouts, precedence(svc, &envelope), is_report(&envelope));
    let mut kept = true;
    if envelope.recipients.iter().any(|r| is_open(r.state)) {
        if age >= limits.return_after {
            expire(&mut envelope, &mut account, limits.return_after);
        } else if !envelope.flags.warned
            && let Some(warning) = Warning::due(&envelope, limits, age)
        {
            kept &= warn(svc, &mut envelope, &account, limits, &warning);
        }
    }
    kept &= how.caller_hears || report(svc, &envelope, &account);
    if !kept {
        // The report could not be stored: the next run finds the same failures, and makes it again.
        for r in envelope.recipients.iter_mut().filter(|r| dsn::reports_failure(r)) {
            r.state = RecipientState::Deferred;
        }
    }
    if envelope.recipients.iter().any(|r| is_open(r.state)) {
        let id = envelope.id.clone();
        if let Err(e) = svc.store.settle(envelope) {
            log::syserr(log::Id::Queue(&id), b"root", &format!("cannot write the control file: {e:?}"));
        }
    } else {
        log::delivery::done(&envelope.id, age, envelope.attempts);
        if let Err(e) = svc.store.remove(&envelope) {
            log::syserr(log::Id::Queue(&envelope.id), b"root", &format!("cannot remove the job: {e:?}"));
        }
    }
}

/// True when the message has no time at all.
pub(super) fn is_over(svc: &Services, envelope: &Envelope) -> bool {
    let report = is_report(envelope);
    !report && Limits::of(&svc.config.options.timeouts, precedence(svc, envelope), report).return_after <= 0
}

/// `Timeout.queuereturn` and `Timeout.queuewarn` of an envelope.
#[derive(Debug, Clone, Copy)]
struct Limits {
    return_after: i64,
    warn_after: i64,
}

impl Limits {
    fn of(t: &Timeouts, precedence: i64, report: bool) -> Limits {
        let (return_after, warn_after) = match precedence {
            _ if report => (t.queuereturn_dsn, t.queuewarn_dsn),
            1.. => (t.queuereturn_urgent, t.queuewarn_urgent),
            0 => (t.queuereturn_normal, t.queuewarn_normal),
            _ => (t.queuereturn_nonurgent, t.queuewarn_nonurgent),
        };
        Limits { return_after, warn_after }
    }
}

/// The message is a bounce, ours or another's.
fn is_report(envelope: &Envelope) -> bool {
    envelope.flags.response || dsn::bare(&envelope.sender).is_empty()
}

/// The value of the `Precedence:` field; the queue file does not keep it.
fn precedence(svc: &Services, envelope: &Envelope) -> i64 {
    match envelope.headers.find("Precedence") {
        Some(field) => svc.config.precedence(field.value.trim_ascii()),
        None => i64::from(envelope.class),
    }
}

/// Gives up what is still open.
fn expire(envelope: &mut Envelope, account: &mut Account<'_>, limit: i64) {
    for r in envelope.recipients.iter_mut().filter(|r| is_open(r.state)) {
        r.state = RecipientState::Expired;
    }
    let past = if limit > 0 { span(limit) } else { "too long".into() };
    account
        .conclude(&[format!("Message could not be delivered for {past}"), "Message will be deleted from queue".into()]);
    account.failure = Some(Line::cleaned(format!("Cannot send message for {past}").as_bytes()));
}

/// `BY=...;R` (RFC 2852 4.1.2): what was not delivered in time is not tried any more.
pub(super) fn overdue(svc: &Services, envelope: &mut Envelope, account: &mut Account<'_>) {
    let Some(by) = envelope.deliver_by.filter(|by| by.return_mode) else { return };
    if svc.clock.age(envelope.created) <= by.seconds || !envelope.recipients.iter().any(|r| is_open(r.state)) {
        return;
    }
    for r in envelope.recipients.iter_mut().filter(|r| is_open(r.state)) {
        r.state = RecipientState::Failed;
        r.status = Some(Status::new((5, 4, 7), 0, ""));
    }
    account
        .conclude(&[format!("Delivery time ({}s) expired", by.seconds), "Message will be deleted from queue".into()]);
    account.failure = Some(Line::cleaned(format!("delivery time expired {}s", by.seconds).as_bytes()));
}

/// What a sender is to be warned of.
struct Warning {
    subject: String,
    line: String,
}

impl Warning {
    /// The time for delivery is over (`BY=...;N`), or the message is older than `Timeout.queuewarn`.
    fn due(envelope: &Envelope, limits: Limits, age: i64) -> Option<Warning> {
        if let Some(by) = envelope.deliver_by.filter(|by| !by.return_mode && age > by.seconds) {
            let text = format!("Warning: Delivery time ({}s) exceeded", by.seconds);
            return Some(Warning { subject: text.clone(), line: text });
        }
        let past = span(limits.warn_after);
        (limits.warn_after > 0 && age > limits.warn_after).then(|| Warning {
            subject: format!("Warning: could not send message for past {past}"),
            line: format!("Warning: message still undelivered after {past}"),
        })
    }
}

/// Tells the sender that the message is late; false when that could not be stored.
fn warn(svc: &Services, envelope: &mut Envelope, account: &Account<'_>, limits: Limits, warning: &Warning) -> bool {
    let text = warning.subject.clone();
    let wanted = envelope.recipients.iter().any(|r| is_open(r.state) && r.notify.delay);
    if wanted && !is_report(envelope) {
        let mut transcript = account.transcript.clone();
        transcript.push(Line::cleaned(warning.line.as_bytes()));
        let until = format!("Will keep trying until message is {} old", span(limits.return_after));
        transcript.push(Line::cleaned(until.as_bytes()));
        let until = envelope.created + limits.return_after;
        let report = Report::Warning { subject: text.clone(), until };
        if !dsn::send(svc, envelope, &report, &transcript, text.as_bytes()) {
            return false;
        }
        envelope.message = Some(Line::cleaned(text.as_bytes()));
    }
    envelope.flags.warned = true;
    true
}

/// Sends the reports on what is settled; false when one could not be stored.
fn report(svc: &Services, envelope: &Envelope, account: &Account<'_>) -> bool {
    let reason = account.failure.clone().unwrap_or_default();
    if envelope.recipients.iter().any(dsn::reports_failure) {
        if is_report(envelope) {
            return dsn::double_bounce(svc, envelope, &account.transcript, &reason);
        }
        let copy = !svc.config.options.postmaster_copy.as_bytes().is_empty() && precedence(svc, envelope) >= 0;
        return dsn::send(svc, envelope, &Report::Failure, &account.transcript, &reason)
            && (!copy || dsn::postmaster_copy(svc, envelope, &account.transcript, &reason));
    }
    if envelope.recipients.iter().any(dsn::reports_success) && !is_report(envelope) {
        return dsn::send(svc, envelope, &Report::Receipt, &account.transcript, b"Return receipt");
    }
    true
}

/// `4 hours`, `5 days`, `1 hour 30 minutes`.
fn span(seconds: i64) -> String {
    let mut parts = Vec::new();
    let mut rest = seconds.max(0);
    for (name, unit) in [("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)] {
        let count = rest / unit;
        rest %= unit;
        if count == 0 {
            continue;
        }
        parts.push(format!("{count} {name}{}", if count == 1 { "" } else { "s" }));
    }
    if parts.is_empty() { "0 seconds".into() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans_in_words() {
        assert_eq!(span(14_400), "4 hours");
        assert_eq!(span(432_000), "5 days");
        assert_eq!(span(5400), "1 hour 30 minutes");
    }
}
