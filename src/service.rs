//! What the engines need from the process they run in, as one bundle of small traits.
//!
//! The daemon's `mta` process, the one-shot modes (`-t`, `-bs`, `-q`) and the tests each fill [`Services`] in their own
//! way; the engines (SMTP server, routing, delivery, bounces) do not know which. Everything here may block, so an
//! event loop hands such calls to a pool.

use crate::cf::Config;
use crate::deliver::LocalDelivery;
use crate::dns::Resolver;
use crate::envelope::{Envelope, IdGenerator};
use crate::queue::store::Store;
use crate::rewrite::service::Maps;
use crate::sasl::Authenticator;
use std::sync::Arc;

/// The clock, so that tests can turn it.
pub trait Clock: Send + Sync {
    /// Seconds since 1970 and nanoseconds.
    fn now(&self) -> (i64, u32);
    /// How many seconds ago `then` was. A clock that was set meanwhile makes nothing older than it is.
    fn age(&self, then: i64) -> i64 {
        self.now().0.saturating_sub(then)
    }
}

/// The system's clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> (i64, u32) {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        (since.as_secs() as i64, since.subsec_nanos())
    }
}

/// The system's clock in a process that runs for long: a leap of more than an hour against the time that really passed (the
/// clock was set, the machine slept) does not count for the age of what was there before, so that no message is returned for it.
pub struct SteadyClock {
    begun: std::time::Instant,
    leaps: std::sync::Mutex<Leaps>,
}

impl SteadyClock {
    /// A clock that knows of no leap.
    pub fn new() -> SteadyClock {
        let leaps = Leaps { offset: SystemClock.now().0, skipped: 0, before: i64::MIN };
        SteadyClock { begun: std::time::Instant::now(), leaps: std::sync::Mutex::new(leaps) }
    }
}

impl Default for SteadyClock {
    fn default() -> SteadyClock {
        SteadyClock::new()
    }
}

impl Clock for SteadyClock {
    fn now(&self) -> (i64, u32) {
        SystemClock.now()
    }

    fn age(&self, then: i64) -> i64 {
        let passed = i64::try_from(self.begun.elapsed().as_secs()).unwrap_or(0);
        let mut leaps = self.leaps.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        leaps.age(then, self.now().0, passed)
    }
}

/// What is known of leaps of the clock.
struct Leaps {
    /// The clock's time when the process began, as seen now.
    offset: i64,
    /// Seconds leapt over in all.
    skipped: i64,
    /// What was made before this time is as much younger than it looks.
    before: i64,
}

impl Leaps {
    const LEAST: i64 = 3600;

    fn age(&mut self, then: i64, now: i64, passed: i64) -> i64 {
        let leap = now.saturating_sub(passed).saturating_sub(self.offset);
        if leap.abs() > Leaps::LEAST {
            self.offset = self.offset.saturating_add(leap);
            self.skipped = self.skipped.saturating_add(leap).max(0);
            self.before = if leap > 0 { now.saturating_sub(leap) } else { self.before };
        }
        let skipped = if then <= self.before { self.skipped } else { 0 };
        now.saturating_sub(then).saturating_sub(skipped).max(0)
    }
}

/// Takes accepted envelopes for delivery.
pub trait Scheduler: Send + Sync {
    /// `envelope` is in the store (durable). The scheduler decides by delivery mode and load when to try it; mode
    /// `interactive` delivers before this returns.
    fn submit(&self, envelope: Envelope);
    /// Starts a queue run for the jobs that match (ETRN, the control socket).
    fn run_queue(&self, selection: crate::queue::Selection);
}

/// Everything an engine may call on.
#[derive(Clone)]
pub struct Services {
    /// The configuration.
    pub config: Arc<Config>,
    /// The maps of its `K` lines.
    pub maps: Arc<dyn Maps>,
    /// Host names and addresses.
    pub resolver: Arc<dyn Resolver>,
    /// The alias database.
    pub aliases: Arc<dyn crate::alias::Aliases>,
    /// The password file and what hangs on it.
    pub users: Arc<dyn crate::user::Users>,
    /// SASL for the server.
    pub auth: Arc<dyn Authenticator>,
    /// Mailer programs, files, `.forward` and `:include:`, with other users' rights.
    pub local: Arc<dyn LocalDelivery>,
    /// The queue.
    pub store: Arc<dyn Store>,
    /// Delivery.
    pub scheduler: Arc<dyn Scheduler>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// New queue identifiers.
    pub ids: Arc<IdGenerator>,
    /// What mailstats(8) shows.
    pub statistics: Arc<crate::stats::Statistics>,
}

#[cfg(test)]
mod tests {
    use super::Leaps;

    #[test]
    fn a_clock_that_leaps_makes_nothing_old() {
        const DAY: i64 = 86_400;
        let begun = 1_795_000_000;
        let mut leaps = Leaps { offset: begun, skipped: 0, before: i64::MIN };
        assert_eq!(leaps.age(begun - 100, begun + 10, 10), 110);
        // Ten days forward: old mail is as old as before, new mail counts from its own time.
        let now = begun + 10 * DAY + 20;
        assert_eq!(leaps.age(begun - 100, now, 20), 120);
        assert_eq!(leaps.age(now, now + 300, 320), 300);
        assert_eq!(leaps.age(begun - 100, now + 300, 320), 420);
        // And back again.
        assert_eq!(leaps.age(begun - 100, begun + 400, 400), 500);
        assert_eq!(leaps.age(now, begun + 400, 400), 0, "from the future");
        // A day back at once.
        assert_eq!(leaps.age(begun, begun - DAY + 500, 500), 0);
    }
}
