//! Keeps account of an attempt: states, log lines, and the transcript that reports quote.

use super::jobs::Job;
use super::{How, Transport, is_open, stat_text};
use crate::dsn;
use crate::envelope::{Envelope, Origin, Recipient, RecipientState, Status};
use crate::log::delivery::{self, To};
use crate::service::Services;
use crate::text::Line;

/// Lines of a transcript that are kept.
const MAX_TRANSCRIPT: usize = 1000;

/// How long a hand-over took, if there was one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Took {
    Seconds(i64),
    Nowhere,
    Told,
    NotAnAddress,
}

/// The account of one attempt.
pub(super) struct Account<'a> {
    svc: &'a Services,
    transport: &'a dyn Transport,
    /// What was said, for reports.
    pub transcript: Vec<Line>,
    /// The host whose words the transcript has last.
    talking_to: Option<Line>,
    /// The sender as controlling user, when it is a local one.
    sender: Option<(Line, u32, u32)>,
    /// The text of the last failure, which names a report in the log.
    pub failure: Option<Line>,
}

impl<'a> Account<'a> {
    pub fn new(svc: &'a Services, transport: &'a dyn Transport, envelope: &Envelope, how: How) -> Account<'a> {
        // Who submits here under another host's name stays responsible.
        let submitter = how.submitter.filter(|_| elsewhere(svc, dsn::bare(&envelope.sender)));
        let sender = local_sender(svc, envelope).or(submitter.map(|(uid, gid)| (envelope.sender.clone(), uid, gid)));
        Account { svc, transport, transcript: Vec::new(), talking_to: None, sender, failure: None }
    }

    /// Recipients that routing refused or put off: they never come to a mailer.
    ///
    /// `told`: the log has those that failed.
    pub fn refused(&mut self, envelope: &mut Envelope, now: i64, told: bool) {
        let ours = |r: &Recipient| is_open(r.state) && r.target.is_none() || r.state == RecipientState::Failed;
        for n in 0..envelope.recipients.len() {
            let Some(r) = envelope.recipients.get_mut(n).filter(|r| ours(r)) else { continue };
            let status = r.status.get_or_insert_with(|| Status::new((4, 3, 0), 75, "cannot be routed now")).clone();
            let open = is_open(r.state);
            if open {
                r.state = if status.is_transient() { RecipientState::Deferred } else { RecipientState::Failed };
            }
            // What was no address when it was submitted has no `to=` line.
            let nothing = !open && r.target.is_none() && r.origin == Origin::Direct;
            // Nor has an alias that leads nowhere.
            let nothing = nothing || status.enhanced == crate::dsn::LOOP && status.reply.is_none();
            let took = match nothing {
                true => Took::NotAnAddress,
                false if told && !open => Took::Told,
                false => Took::Nowhere,
            };
            self.record(envelope, &[n], &status, now, took);
        }
        let waits = |r: &Recipient| r.target.is_none() && r.state == RecipientState::Deferred;
        if envelope.recipients.iter().all(waits) {
            for r in &envelope.recipients {
                self.transport.show(&[&r.address[..], b"... queued"].concat());
            }
        }
    }

    /// A recipient that is not tried, for what `status` says.
    pub fn judge(&mut self, envelope: &mut Envelope, n: usize, status: &Status, now: i64) {
        if let Some(r) = envelope.recipients.get_mut(n) {
            r.state = if status.is_transient() { RecipientState::Deferred } else { RecipientState::Failed };
            r.status = Some(status.clone());
        }
        self.record(envelope, &[n], status, now, Took::Nowhere);
    }

    /// Recipients that are held back.
    pub fn held(&mut self, envelope: &Envelope, now: i64) {
        for r in envelope.recipients.iter().filter(|r| r.state == RecipientState::Queued) {
            let mailer = r.target.as_ref().and_then(|t| self.svc.config.mailers.get(t.mailer));
            delivery::to(
                &envelope.id,
                &To {
                    to: vec![&r.address],
                    delay: now - envelope.created,
                    mailer: mailer.map(|m| m.name.as_str()),
                    priority: envelope.priority,
                    quarantine: envelope.quarantine.as_deref(),
                    stat: if envelope.quarantine.is_some() { b"quarantined" } else { b"queued" },
                    ..To::default()
                },
            );
        }
    }

    /// Writes the statuses of a job into its recipients, logs them; true when something was delivered.
    pub fn settle(&mut self, env: &mut Envelope, job: &Job, statuses: &[Status], now: i64, took: i64) -> bool {
        let final_place = self.svc.config.mailers.get(job.mailer).is_some_and(|m| m.flags.has(b'l'));
        let soft = self.svc.config.options.soft_bounce;
        let mut groups: Vec<(Vec<usize>, Status)> = Vec::new();
        let mut delivered = false;
        for (&n, status) in job.recipients.iter().zip(statuses) {
            let Some(r) = env.recipients.get_mut(n) else { continue };
            let mut status = status.clone();
            if soft && status.enhanced.0 == 5 {
                status.enhanced.0 = 4;
                status.exit = 75;
            }
            r.state = match status.enhanced.0 {
                2 if final_place => RecipientState::Delivered,
                2 => RecipientState::Relayed,
                4 => RecipientState::Deferred,
                _ => RecipientState::Failed,
            };
            delivered |= status.is_success();
            r.status = Some(status.clone());
            let control = self.control(r).map(|(a, ..)| a.clone());
            let same = |(members, known): &(Vec<usize>, Status)| {
                let first = members.first().and_then(|m| env.recipients.get(*m));
                *known == status && first.is_some_and(|f| self.control(f).map(|(a, ..)| a.clone()) == control)
            };
            match groups.iter_mut().find(|g| same(g)) {
                Some((members, _)) => members.push(n),
                None => groups.push((vec![n], status)),
            }
        }
        // Who was refused is heard of before the message went.
        groups.sort_by_key(|(_, status)| status.is_success());
        for (members, status) in &groups {
            self.record(env, members, status, now, Took::Seconds(took));
        }
        delivered
    }

    /// Logs one status of some recipients and puts it into the transcript and the message's own line.
    fn record(&mut self, env: &mut Envelope, members: &[usize], status: &Status, now: i64, took: Took) {
        let of = |n: &usize| env.recipients.get(*n);
        let Some(first) = members.first().and_then(of) else { return };
        let mailer = first.target.as_ref().and_then(|t| self.svc.config.mailers.get(t.mailer));
        let over_pipe = mailer.filter(|m| m.speaks_smtp() && !m.is_ipc() && !m.is_file()).map(|m| m.name.as_bytes());
        let host = first.target.as_ref().map(|t| &t.host[..]).filter(|h| !h.is_empty());
        self.transport.judged(status);
        let stat = stat_text(status);
        let reply = status.reply.as_ref().filter(|_| !status.is_success()).map(|r| r.first_line());
        let came_to_mailer = matches!(took, Took::Seconds(_));
        if !matches!(took, Took::NotAnAddress | Took::Told) {
            delivery::to(
                &env.id,
                &To {
                    to: members.iter().filter_map(of).map(|r| &r.address[..]).collect(),
                    control: self
                        .control(first)
                        .filter(|_| came_to_mailer || first.origin != Origin::Direct)
                        .map(|(a, uid, gid)| (&a[..], *uid, *gid)),
                    delay: now - env.created,
                    xdelay: if let Took::Seconds(took) = took { Some(took) } else { None },
                    mailer: mailer.map(|m| m.name.as_str()),
                    priority: env.priority,
                    relay: status.remote.as_deref().or(over_pipe).or(host),
                    dsn: Some(status.enhanced),
                    reply: reply.as_deref(),
                    quarantine: None,
                    stat: &stat,
                },
            );
        }
        let recipients: Vec<&Recipient> = members.iter().filter_map(of).collect();
        let names: Vec<&[u8]> = recipients.iter().map(|r| &r.address[..]).collect();
        // A failure is told otherwise: by exit code, dead.letter or report.
        let unparsed = took == Took::Nowhere && status.queued_as.is_some();
        if unparsed {
            let text = b" -- message queued for future delivery";
            self.transport.show(&[&names.join(&b","[..])[..], b"... ", &status.text, text].concat());
        } else if status.is_success() || status.is_transient() {
            self.transport.show(&[&names.join(&b","[..])[..], b"... ", &stat].concat());
        }
        self.quote(&recipients, status);
        if !status.is_success() {
            if !status.is_transient() {
                let text = status.text.clone();
                let named = || Line::cleaned(&[&first.address[..], b"... ", &text].concat());
                let bare = took != Took::NotAnAddress || status.enhanced == crate::dsn::LOOP;
                self.failure = Some(if bare { text.clone() } else { named() });
            }
            // An answer to one recipient stands with that recipient.
            if !(status.is_transient() && status.reply.is_some() && env.message.is_some()) {
                env.message = Some(status.queued_as.clone().unwrap_or(stat));
            }
        }
    }

    /// The transcript lines of one status.
    fn quote(&mut self, recipients: &[&Recipient], status: &Status) {
        if !status.is_success() {
            let host = status.remote.as_ref().map(name_of);
            let spoke = status.reply.is_some() || !status.transcript.is_empty();
            if let Some(host) = host.filter(|h| spoke && self.talking_to.as_ref() != Some(h)) {
                self.say(&[b"... while talking to ", &host[..], b":"].concat());
                self.talking_to = Some(host);
            }
            for line in &status.transcript {
                self.say(line);
            }
            let heard = status.remote.is_some() && status.transcript.is_empty();
            if let Some(reply) = status.reply.as_ref().filter(|_| heard) {
                let mut wire = Vec::new();
                reply.encode(&mut wire);
                for line in wire.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                    self.say(&[b"<<< ", line.trim_ascii_end()].concat());
                }
            }
        }
        for line in dsn::transcript_lines(recipients, status) {
            self.say(&line);
        }
    }

    fn say(&mut self, line: &[u8]) {
        if self.transcript.len() < MAX_TRANSCRIPT {
            self.transcript.push(Line::cleaned(line));
        }
    }

    /// Adds lines at the end, as the summary of an attempt.
    pub fn conclude(&mut self, lines: &[String]) {
        self.transcript.extend(lines.iter().map(|l| Line::cleaned(l.as_bytes())));
    }

    /// `ctladdr`: the controlling user of programs and files, else a local sender.
    fn control<'r>(&'r self, r: &'r Recipient) -> Option<(&'r Line, &'r u32, &'r u32)> {
        let program = matches!(r.address.trim_ascii_start().trim_start_matches_quote().first(), Some(b'|' | b'/'));
        match &r.control {
            Some(c) if program => Some((&c.alias, &c.uid, &c.gid)),
            _ => self.sender.as_ref().map(|(a, uid, gid)| (a, uid, gid)),
        }
    }
}

/// Looks behind a leading quote.
trait TrimQuote {
    fn trim_start_matches_quote(&self) -> &[u8];
}

impl TrimQuote for [u8] {
    fn trim_start_matches_quote(&self) -> &[u8] {
        self.strip_prefix(b"\"").unwrap_or(self)
    }
}

/// `mx.example.com.` of `mx.example.com. [192.0.2.1]`.
fn name_of(remote: &Line) -> Line {
    Line::cleaned(remote.split(|b| *b == b' ').next().unwrap_or_default())
}

/// The address is that of another host.
fn elsewhere(svc: &Services, address: &[u8]) -> bool {
    let at = address.iter().rposition(|b| *b == b'@');
    let host = at.and_then(|at| address.get(at + 1..));
    host.is_some_and(|host| !svc.config.classes.contains("w", host))
}

/// The sender when it is a user here.
fn local_sender(svc: &Services, envelope: &Envelope) -> Option<(Line, u32, u32)> {
    let sender = dsn::bare(&envelope.sender);
    let user = match sender.iter().rposition(|b| *b == b'@') {
        Some(at) => {
            let (user, host) = sender.split_at(at);
            if !svc.config.classes.contains("w", host.get(1..)?) {
                return None;
            }
            user
        }
        None => sender,
    };
    if user.is_empty() {
        return None;
    }
    let found = svc.users.by_name(user).ok().flatten()?;
    Some((envelope.sender.clone(), found.uid, found.gid))
}
