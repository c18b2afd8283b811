//! Splits an envelope into what is handed over at once: one mailer, one host, and one user unless the mailer takes several.

use crate::cf::Config;
use crate::envelope::{Envelope, RecipientState};
use crate::text::Line;
use std::collections::HashMap;

/// Recipients that go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Job {
    /// The mailer's number.
    pub mailer: usize,
    /// `$h`.
    pub host: Line,
    /// Numbers of the recipients.
    pub recipients: Vec<usize>,
}

/// The jobs of an envelope, in the order of their first recipients; within a job the last recipient stands first, as the
/// original names them to servers and in the log. A mailer that connects to nothing takes recipients of all hosts at once.
pub(super) fn split(config: &Config, envelope: &Envelope) -> Vec<Job> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut open: HashMap<(usize, Vec<u8>), usize> = HashMap::new();
    for (n, r) in envelope.recipients.iter().enumerate() {
        let Some(target) = r.target.as_ref().filter(|_| r.state == RecipientState::Pending) else { continue };
        let mailer = config.mailers.get(target.mailer);
        let several = mailer.is_some_and(|m| m.flags.has(b'm') && !m.is_file());
        let limit =
            mailer.and_then(|m| usize::try_from(m.max_recipients).ok()).filter(|max| *max > 0).unwrap_or(usize::MAX);
        let host =
            if mailer.is_some_and(crate::cf::Mailer::is_ipc) { target.host.to_ascii_lowercase() } else { Vec::new() };
        let key = (target.mailer, host);
        let place = open.get(&key).copied().filter(|_| several);
        match place.and_then(|p| jobs.get_mut(p)).filter(|job| job.recipients.len() < limit) {
            Some(job) => job.recipients.push(n),
            None => {
                open.insert(key, jobs.len());
                jobs.push(Job { mailer: target.mailer, host: target.host.clone(), recipients: vec![n] });
            }
        }
    }
    jobs.iter_mut().for_each(|job| job.recipients.reverse());
    jobs
}
