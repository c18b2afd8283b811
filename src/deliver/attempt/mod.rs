//! One attempt over an envelope: route what is not routed, split by mailer and host, hand over, keep account.
//!
//! The job is locked by this process all the while. What was delivered is written down (checkpoint) before the next hand-over
//! begins, so a crash repeats at most what was in flight. At the end the job is gone, or waits with its new state; reports
//! are committed before that, so that none is lost.

mod account;
mod compat;
mod finish;
mod jobs;
mod transport;

pub use transport::{Rendered, Transport};

use crate::envelope::{Envelope, QueueId, RecipientState, Status};
use crate::log;
use crate::service::Services;
use crate::text::Line;
use account::Account;
use jobs::Job;

/// How an attempt came about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct How {
    /// In a queue run, not right after it was accepted.
    pub queue_run: bool,
    /// The run asked for this job (`-qI`, `-qR`, `-qS`, ETRN): holds do not count.
    pub explicit: bool,
    /// Expensive mailers are used at once, whatever `HoldExpensive` says (`-v`).
    pub expensive: bool,
    /// The sender waits and is told of failures directly (`ErrorMode` print, quiet, write): no report is mailed.
    pub caller_hears: bool,
    /// Routed and parted when it was submitted; what failed then is logged already.
    pub routed: bool,
    /// Nothing is tried: what is known to have failed is reported, the others wait in the queue.
    pub only_queue: bool,
    /// User and group id of the local user who submitted the message in this process.
    pub submitter: Option<(u32, u32)>,
}

/// Tries to deliver `envelope`, and what is split off it.
pub fn run(svc: &Services, transport: &dyn Transport, envelope: Envelope, how: How) {
    let mut waiting = vec![envelope];
    // An owner's copy may have an owner again: each splits at most once, and never without end.
    for _ in 0..MAX_SPLITS {
        let Some(mut envelope) = waiting.pop() else { return };
        let ids = waiting.iter().chain([&envelope]).map(|e| e.id.clone()).collect();
        let _unlock = UnlockOnPanic { svc, ids };
        let (copies, problems) =
            if how.routed { (Vec::new(), false) } else { route(svc, transport, &mut envelope, how) };
        waiting.extend(copies);
        one(svc, transport, envelope, how, problems);
    }
    for envelope in waiting {
        svc.store.release(&envelope.id);
    }
}

/// A panic in an attempt must not keep locks: the jobs stay in the queue for the next run.
struct UnlockOnPanic<'a> {
    svc: &'a Services,
    ids: Vec<QueueId>,
}

impl Drop for UnlockOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.ids.iter().for_each(|id| self.svc.store.release(id));
        }
    }
}

/// Envelopes that one attempt may become.
const MAX_SPLITS: usize = 1000;

/// Routes the recipients. Copies for other owners and groups are made durable at once, or there are none: true when the queue
/// on disk still has them all in the original.
fn route(svc: &Services, transport: &dyn Transport, envelope: &mut Envelope, how: How) -> (Vec<Envelope>, bool) {
    let mut copies = transport.route(svc, envelope);
    for copy in &copies {
        log::delivery::cloned(&envelope.id, &copy.id, &copy.sender);
    }
    if !how.queue_run {
        // What an alias expanded to may belong to other queue groups.
        let home = envelope.group;
        let mut more = crate::route::by_group(svc, envelope, Some(home));
        for copy in &mut copies {
            more.extend(crate::route::by_group(svc, copy, None));
        }
        copies.extend(more);
    }
    let all: Vec<&Envelope> = copies.iter().collect();
    if svc.store.commit_all(&all).is_err() {
        return (Vec::new(), true);
    }
    // Before the copies are delivered, the original must not know their recipients any more.
    let stuck = !copies.is_empty() && svc.store.update(envelope).is_err();
    (copies, stuck)
}

/// Delivers one envelope.
fn one(svc: &Services, transport: &dyn Transport, mut envelope: Envelope, how: How, stuck: bool) {
    if stuck {
        // The queue could not take what belongs together: nothing is delivered now, nothing is forgotten.
        svc.store.release(&envelope.id);
        return;
    }
    if how.queue_run {
        envelope.priority = envelope.priority.saturating_add(svc.config.options.retry_factor);
    }
    let now = svc.clock.now().0;
    let mut account = Account::new(svc, transport, &envelope, how);
    account.refused(&mut envelope, now, how.routed);
    hold(svc, &mut envelope, how);
    if !how.queue_run {
        account.held(&envelope, now);
    }
    compat::ask(svc, &mut envelope, &mut account, now);
    finish::overdue(svc, &mut envelope, &mut account);
    // `Timeout.queuereturn=now`: back it goes, untried.
    let jobs = if finish::is_over(svc, &envelope) { Vec::new() } else { jobs::split(&svc.config, &envelope) };
    let count = jobs.len();
    for (n, job) in jobs.iter().enumerate() {
        let began = svc.clock.now().0;
        let statuses = hand_over(svc, transport, &envelope, job);
        let ended = svc.clock.now().0;
        let delivered = account.settle(&mut envelope, job, &statuses, ended, ended - began);
        if delivered {
            svc.statistics.message_to(job.mailer, envelope.size);
        }
        if delivered && n + 1 < count {
            // A failure here only means that a crash would repeat more than it should.
            let _ = svc.store.update(&envelope);
        }
    }
    finish::finish(svc, envelope, account, how);
    svc.statistics.settle();
}

/// Holds back what is not to be tried now.
fn hold(svc: &Services, envelope: &mut Envelope, how: How) {
    let expensive = svc.config.options.hold_expensive && !how.expensive && !how.queue_run;
    for r in envelope.recipients.iter_mut().filter(|r| is_open(r.state)) {
        r.state = RecipientState::Pending;
        let flags =
            r.target.as_ref().and_then(|t| svc.config.mailers.get(t.mailer)).map(|m| m.flags).unwrap_or_default();
        if how.only_queue || (flags.has(b'e') && expensive) || (flags.has(b'%') && !how.explicit) {
            r.state = RecipientState::Queued;
        }
    }
}

/// Still to be delivered.
fn is_open(state: RecipientState) -> bool {
    matches!(state, RecipientState::Pending | RecipientState::Deferred | RecipientState::Queued)
}

/// Gives one job to its mailer; always as many statuses as recipients.
fn hand_over(svc: &Services, transport: &dyn Transport, envelope: &Envelope, job: &Job) -> Vec<Status> {
    let Some(mailer) = svc.config.mailers.get(job.mailer) else {
        return vec![Status::new((4, 3, 5), 75, "Local configuration error"); job.recipients.len()];
    };
    let over = u64::try_from(mailer.max_size).ok().filter(|max| *max > 0 && envelope.size > *max);
    if let Some(max) = over {
        let text = format!("552 5.2.3 Message is too large; {max} bytes max");
        let mut status = Status::new((5, 2, 3), 69, "Service unavailable");
        status.transcript.push(Line::cleaned(text.as_bytes()));
        return vec![status; job.recipients.len()];
    }
    let connects = mailer.is_ipc() || mailer.path.eq_ignore_ascii_case(b"[LPC]");
    if !connects {
        let all: Vec<&[u8]> =
            job.recipients.iter().filter_map(|i| Some(&envelope.recipients.get(*i)?.address[..])).collect();
        let via: &[u8] = if job.host.is_empty() { b"" } else { b" via " };
        let line = [&all.join(&b","[..])[..], b"... Connecting to ", &job.host, via, mailer.name.as_bytes(), b"..."];
        transport.show(&line.concat());
    }
    let mut statuses = if connects {
        transport.remote(svc, envelope, job.mailer, &job.host, &job.recipients)
    } else {
        local(svc, transport, envelope, job)
    };
    statuses.truncate(job.recipients.len());
    while statuses.len() < job.recipients.len() {
        statuses.push(Status::new((4, 3, 0), 75, "no answer from the mailer"));
    }
    statuses
}

/// A program, a file or a mailbox.
fn local(svc: &Services, transport: &dyn Transport, envelope: &Envelope, job: &Job) -> Vec<Status> {
    let rendered = match transport.render(svc, envelope, job.mailer, &job.recipients) {
        Ok(rendered) => rendered,
        Err(e) => {
            let text = format!("cannot write the message: {e}");
            return vec![Status::new((4, 3, 0), 75, text); job.recipients.len()];
        }
    };
    // A program gets its recipients in the order in which they were named, a dialogue the other way round.
    let in_order = svc.config.mailers.get(job.mailer).is_some_and(|m| !m.speaks_smtp() || m.is_file());
    let mut order = job.recipients.clone();
    if in_order {
        order.reverse();
    }
    let recipients = order.iter().filter_map(|i| envelope.recipients.get(*i)).map(|r| {
        let target = r.target.as_ref();
        super::LocalRecipient {
            user: target.map(|t| t.user.clone()).unwrap_or_default(),
            host: target.map(|t| t.host.clone()).unwrap_or_default(),
            origin: r.origin.clone(),
            control: r.control.as_ref().map(|c| c.user.clone()),
        }
    });
    let mut statuses = svc.local.deliver(super::LocalJob {
        mailer: job.mailer,
        recipients: recipients.collect(),
        macros: rendered.macros,
        sender: rendered.sender,
        message: rendered.file,
        size: rendered.size,
        eight_bit: envelope.flags.eight_bit,
    });
    if in_order {
        statuses.reverse();
    }
    statuses
}

/// What a status says as `stat=` and mailq show it.
pub(crate) fn stat_text(status: &Status) -> Line {
    let text = &status.text[..];
    Line::cleaned(&match status.enhanced.0 {
        2 if text.is_empty() => b"Sent".to_vec(),
        2 => [b"Sent (", text, b")"].concat(),
        // These two wait under their own names.
        4 if matches!(status.exit, 71 | 74) && status.reply.is_none() => text.to_vec(),
        4 if text.is_empty() => b"Deferred".to_vec(),
        4 => [b"Deferred: ", text].concat(),
        _ => text.to_vec(),
    })
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
