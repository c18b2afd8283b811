//! What is known of destinations: one that cannot be reached is left alone for a while, longer each time, and its mail waits
//! without an attempt; one that answers gets more connections at once.

use super::lanes::Place;
use crate::cf::Config;
use crate::deliver::attempt::{Rendered, Transport};
use crate::envelope::{Envelope, Status};
use crate::queue::store::{Summary, domain_of};
use crate::service::Services;
use crate::text::Line;
use std::collections::HashMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The first pause of a destination that could not be reached; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest one.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// Connections at once to a destination of which nothing is known yet.
const UNKNOWN: usize = 8;
/// Deliveries at once to one mailbox: a disk that hangs must not hold up the others.
const LOCAL: usize = 8;
/// Destinations that are remembered.
const MOST: usize = 20_000;

/// The table.
#[derive(Default)]
pub(super) struct Destinations(Mutex<HashMap<Place, Known>>);

enum Known {
    Answers,
    Down { failures: u32, until: Instant, status: Box<Status> },
}

impl Destinations {
    fn lock(&self) -> MutexGuard<'_, HashMap<Place, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many connections at once the destination may have, of `most`.
    pub fn room(&self, place: &[u8], most: usize) -> usize {
        match self.lock().get(place) {
            _ if place.is_empty() => most,
            _ if is_local(place) => LOCAL.min(most),
            Some(Known::Answers) => most,
            Some(Known::Down { .. }) => 1,
            None => UNKNOWN.min(most),
        }
    }

    /// The status of the last attempt, while the destination is to be left alone.
    pub fn resting(&self, place: &[u8]) -> Option<Status> {
        match self.lock().get(place)? {
            Known::Down { until, status, .. } if *until > Instant::now() => Some((**status).clone()),
            _ => None,
        }
    }

    /// Is the destination to be left alone?
    pub fn is_resting(&self, place: &[u8]) -> bool {
        matches!(self.lock().get(place), Some(Known::Down { until, .. }) if *until > Instant::now())
    }

    /// Takes note of an attempt.
    fn note(&self, place: Vec<u8>, statuses: &[Status]) {
        let Some(last) = statuses.last().filter(|_| !place.is_empty()) else { return };
        let mut table = self.lock();
        if !statuses.iter().all(is_unreachable) {
            table.insert(place.into(), Known::Answers);
        } else {
            let failures = match table.get(&place[..]) {
                // Another of those that were under way together tells nothing new.
                Some(Known::Down { until, .. }) if *until > Instant::now() => return,
                Some(Known::Down { failures, .. }) => failures.saturating_add(1),
                _ => 0,
            };
            let pause = FIRST_PAUSE.saturating_mul(1 << failures.min(16)).min(LONGEST_PAUSE);
            let down = Known::Down { failures, until: Instant::now() + pause, status: Box::new(last.clone()) };
            table.insert(place.into(), down);
        }
        if table.len() > MOST {
            table.retain(|_, known| matches!(known, Known::Down { until, .. } if *until > Instant::now()));
        }
        if table.len() > MOST {
            table.clear();
        }
    }
}

/// Nobody answered there (RFC 3463 3.5): no connection, or no answer from the name servers.
fn is_unreachable(status: &Status) -> bool {
    status.is_transient() && status.reply.is_none() && status.enhanced.1 == 4 && matches!(status.enhanced.2, 1 | 3)
}

/// A transport that goes by the table, and keeps it.
pub(super) struct Watched<'a> {
    pub inner: &'a dyn Transport,
    pub table: &'a Destinations,
    /// Somebody asked for this attempt: it is made in any case.
    pub explicit: bool,
}

impl Transport for Watched<'_> {
    fn route(&self, svc: &Services, envelope: &mut Envelope) -> Vec<Envelope> {
        self.inner.route(svc, envelope)
    }

    fn remote(&self, svc: &Services, env: &Envelope, mailer: usize, host: &Line, recipients: &[usize]) -> Vec<Status> {
        let place = domain(&svc.config, env, mailer, recipients);
        if let Some(status) = self.table.resting(&place).filter(|_| !self.explicit) {
            return vec![status; recipients.len()];
        }
        let statuses = self.inner.remote(svc, env, mailer, host, recipients);
        self.table.note(place, &statuses);
        statuses
    }

    fn render(&self, svc: &Services, env: &Envelope, mailer: usize, recipients: &[usize]) -> io::Result<Rendered> {
        self.inner.render(svc, env, mailer, recipients)
    }

    fn show(&self, line: &[u8]) {
        self.inner.show(line);
    }

    fn judged(&self, status: &Status) {
        self.inner.judged(status);
    }
}

/// Where a job goes.
pub(super) fn place_of(config: &Config, job: &Summary) -> Place {
    if !job.one_domain {
        return Place::default();
    }
    let domain = domain_of(&job.first);
    if domain.is_empty() || config.classes.contains("w", &domain) {
        return [&b"\0"[..], &job.first].concat().into();
    }
    domain.into()
}

fn is_local(place: &[u8]) -> bool {
    place.first() == Some(&0)
}

/// The domain that all recipients of a hand-over have, if it is one; LMTP to a socket of this host has none.
fn domain(config: &Config, env: &Envelope, mailer: usize, recipients: &[usize]) -> Vec<u8> {
    if config.mailers.get(mailer).is_some_and(|m| m.flags.has(b'l')) {
        return Vec::new();
    }
    let mut domains = recipients.iter().filter_map(|n| env.recipients.get(*n)).map(|r| domain_of(&r.address));
    let first = domains.next().unwrap_or_default();
    if domains.all(|d| d == first) { first } else { Vec::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_end_with_an_answer() {
        let table = Destinations::default();
        let refused = Status::new((4, 4, 1), 75, "Connection refused by x.");
        assert_eq!((table.room(b"x", 32), table.room(b"", 32)), (8, 32));
        for round in 0..40 {
            // Several that were under way at the same time count once.
            for _ in 0..8 {
                table.note(b"x".to_vec(), &[refused.clone(), refused.clone()]);
            }
            assert_eq!(table.resting(b"x"), Some(refused.clone()));
            assert_eq!(table.room(b"x", 32), 1);
            match table.lock().get_mut(&b"x"[..]) {
                Some(Known::Down { failures, until, .. }) => {
                    assert!(*until <= Instant::now() + LONGEST_PAUSE && *failures == round);
                    *until = Instant::now();
                }
                _ => panic!("down"),
            }
        }
        table.note(b"x".to_vec(), &[Status::new((2, 0, 0), 0, "ok"), refused]);
        assert_eq!((table.resting(b"x"), table.room(b"x", 32)), (None, 32));
    }
}
