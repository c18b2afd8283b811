//! When which message is tried: new ones at once, by a bounded pool of threads; the queue in runs.
//!
//! New mail comes from memory, still locked since its commit. A queue run asks the store which jobs there are (it reads only what
//! is new since the last run), sorts them, and hands them to the same pool, of which it may use half: so a long queue
//! never holds up new mail. One destination gets a part of the pool only, and one that cannot be reached is left alone for a
//! while: its mail waits without an attempt. Files stay the truth: a job is locked and read right before it is tried, so
//! what other programs did meanwhile counts.
//!
//! Nothing here is durable, and nothing need be: whatever waits here is in the store.

mod destinations;
mod lanes;
mod order;
mod pool;

pub use order::Skip;

use crate::cf::Config;
use crate::cf::options::DeliveryMode;
use crate::deliver::attempt::{self, How, Transport};
use crate::envelope::{Envelope, QueueId};
use crate::log;
use crate::queue::Selection;
use crate::queue::flights::Flights;
use crate::queue::store::Summary;
use crate::service::{Scheduler, Services};
use destinations::{Destinations, Watched};
use lanes::Place;
use pool::{Limits, Pool, Work};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

/// The scheduler of a process.
pub struct Delivery {
    mode: DeliveryMode,
    flights: OnceLock<Arc<Flights>>,
    engine: OnceLock<Arc<Engine>>,
}

struct Engine {
    svc: Services,
    transport: Arc<dyn Transport>,
    destinations: Arc<Destinations>,
    flights: Option<Arc<Flights>>,
    pool: Pool,
}

impl Delivery {
    /// A scheduler for `mode`; it delivers nothing until [`Delivery::start`] gave it the services, of which it is one.
    pub fn new(mode: DeliveryMode) -> Arc<Delivery> {
        Arc::new(Delivery { mode, flights: OnceLock::new(), engine: OnceLock::new() })
    }

    /// Has it note in `flights` what is being delivered; to be said before [`Delivery::start`].
    pub fn note_in(&self, flights: Arc<Flights>) {
        let _ = self.flights.set(flights);
    }

    /// Gives it what it works with. `threads`: deliveries at the same time.
    pub fn start(&self, svc: Services, transport: Arc<dyn Transport>, threads: usize) {
        let engine = Arc::new_cyclic(|weak: &Weak<Engine>| {
            let weak = Weak::clone(weak);
            let flights = self.flights.get().cloned();
            let destinations = Arc::new(Destinations::default());
            let pool = Pool::new(threads, limits(&svc.config), Arc::clone(&destinations), move |work| {
                if let Some(engine) = weak.upgrade() {
                    engine.work(work);
                }
            });
            Engine { svc, transport, destinations, flights, pool }
        });
        // Only the first start counts.
        let _ = self.engine.set(engine);
    }

    /// Runs the queue now and then every `interval` (or that of the group, `I=`), on a thread of its own, until
    /// [`Delivery::stop`]. `persistent` (`-qp`): sleeps `interval` after each run has ended, longer after an empty one.
    pub fn run_every(self: &Arc<Self>, interval: Duration, persistent: bool) -> std::io::Result<()> {
        let interval = interval.min(LONGEST_PAUSE);
        let scheduler = Arc::downgrade(self);
        let engine = move || scheduler.upgrade().and_then(|s| s.engine.get().cloned());
        let timer = std::thread::Builder::new().name("queue timer".into());
        timer.spawn(move || {
            let mut turns = Turns::default();
            while let Some(engine) = engine() {
                let pause = if persistent {
                    let count = engine.run(&Selection::default(), None);
                    while engine.pool.is_running() {
                        if engine.pool.sleep(Duration::from_millis(100)) {
                            return;
                        }
                    }
                    if count == 0 { interval.max(EMPTY_PAUSE) } else { interval }
                } else {
                    let (groups, pause) = turns.next(&engine.svc.config, interval);
                    engine.run(&Selection::default(), Some(&groups));
                    pause
                };
                if engine.pool.sleep(pause) {
                    return;
                }
            }
        })?;
        Ok(())
    }

    /// Runs the queue once, in this thread, one job after the other; `progress` is told (job, place, of how many) before each.
    pub fn run_once(&self, selection: &Selection, progress: &mut dyn FnMut(&QueueId, usize, usize)) {
        let Some(engine) = self.engine.get() else { return };
        let how = How { queue_run: true, explicit: selection.is_explicit(), ..How::default() };
        let jobs = engine.due(selection, None);
        for (n, job) in jobs.iter().enumerate() {
            progress(&job.id, n + 1, jobs.len());
            engine.queued(&job.id, how);
        }
    }

    /// Starts no more deliveries and waits for those that run, `patience` at most. What is not begun waits in the queue.
    pub fn stop(&self, patience: Duration) {
        if let Some(engine) = self.engine.get() {
            for envelope in engine.pool.stop(patience) {
                engine.svc.store.release(&envelope.id);
            }
        }
    }

    /// Waits until nothing is to be done (tests, one-shot modes).
    pub fn drain(&self) {
        if let Some(engine) = self.engine.get() {
            engine.pool.drain();
        }
    }
}

impl Scheduler for Delivery {
    fn submit(&self, envelope: Envelope) {
        let Some(engine) = self.engine.get() else { return };
        let mode = envelope.mode.unwrap_or(self.mode);
        let later = matches!(mode, DeliveryMode::Queue | DeliveryMode::Deferred)
            || envelope.quarantine.is_some()
            || order::load_says_queue(&engine.svc.config, envelope.priority);
        if later {
            engine.svc.store.release(&envelope.id);
        } else if mode == DeliveryMode::Interactive {
            engine.work(Work::New(Box::new(envelope)));
        } else if let Some(refused) = engine.pool.add(engine.place(&Summary::of(&envelope)), Box::new(envelope)) {
            // More new mail than memory should hold: the queue has it.
            engine.svc.store.release(&refused.id);
            let job = Summary::of(&refused);
            engine.pool.add_queued(engine.place(&job), &job, How { queue_run: true, ..How::default() }, false);
        }
    }

    fn run_queue(&self, selection: Selection) {
        let Some(engine) = self.engine.get().cloned() else { return };
        let thread = std::thread::Builder::new().name("queue run".into());
        let run = move || {
            engine.run(&selection, None);
        };
        if let Err(e) = thread.spawn(run) {
            log::queue::skipping_run(&format!("thread failed: {e}"));
        }
    }
}

impl Engine {
    /// Puts the jobs of a queue run into the pool; how many there were.
    fn run(&self, selection: &Selection, groups: Option<&[usize]>) -> usize {
        if order::load_says_queue(&self.svc.config, self.svc.config.options.recipient_factor) {
            log::queue::skipping_run("load average too high");
            return 0;
        }
        let how = How { queue_run: true, explicit: selection.is_explicit(), ..How::default() };
        let now = self.svc.clock.now().0;
        let jobs = self.due(selection, groups);
        for job in &jobs {
            if self.pool.is_stopping() {
                break;
            }
            let patient = !how.explicit && order::is_patient(&self.svc.config, job, now);
            let place = self.place(job);
            if !(patient && self.destinations.is_resting(&place)) {
                self.pool.add_queued(place, job, how, patient);
            }
        }
        jobs.len()
    }

    fn place(&self, job: &Summary) -> Place {
        destinations::place_of(&self.svc.config, job)
    }

    fn due(&self, selection: &Selection, groups: Option<&[usize]>) -> Vec<Summary> {
        let now = self.svc.clock.now().0;
        order::due(&self.svc.config, &*self.svc.store, selection, groups, now)
    }

    fn work(&self, work: Work) {
        match work {
            Work::New(envelope) => self.guarded(*envelope, How::default()),
            Work::Queued(id, how) => self.queued(&id, how),
        }
    }

    fn queued(&self, id: &QueueId, how: How) {
        match self.svc.store.take(id) {
            Ok(Some(held)) => {
                // Keeps the lock until all is done, whatever happens.
                let _lock = held.lock;
                self.guarded(held.envelope, how);
            }
            Ok(None) => {}
            Err(e) => log::syserr(log::Id::Queue(id), b"root", &format!("cannot read the job: {e:?}")),
        }
    }

    /// One attempt; a panic ends it alone, and the job stays in the queue.
    fn guarded(&self, envelope: Envelope, how: How) {
        let id = envelope.id.clone();
        let _noted = self.flights.as_ref().map(|f| f.begin(&id));
        let transport = Watched { inner: &*self.transport, table: &self.destinations, explicit: how.explicit };
        let done = catch_unwind(AssertUnwindSafe(|| attempt::run(&self.svc, &transport, envelope, how)));
        if done.is_err() {
            log::syserr(log::Id::Queue(&id), b"root", "delivery attempt failed inside; the message stays queued");
            self.svc.store.release(&id);
        }
    }
}

/// No two queue runs are further apart: clocks have an end.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 86_400);
/// A persistent runner sleeps at least so long after it found nothing.
const EMPTY_PAUSE: Duration = Duration::from_secs(5);

/// What queue runs may use, as the configuration says.
fn limits(config: &Config) -> Limits {
    let positive = |n: i64| usize::try_from(n).unwrap_or(0);
    // One runner is the default of a program whose runners are processes; more than that is a wish.
    let general = positive(config.options.max_runners_per_queue);
    let general = if general > 1 { general } else { 0 };
    Limits {
        runners: positive(config.options.max_queue_children),
        groups: config.queue_groups.iter().map(|g| g.runners.map_or(general, positive)).collect(),
    }
}

/// When which queue group is run next.
#[derive(Default)]
struct Turns(Vec<Option<Instant>>);

impl Turns {
    /// The groups that are due now, and how long to wait for the next ones.
    fn next(&mut self, config: &Config, interval: Duration) -> (Vec<usize>, Duration) {
        let now = Instant::now();
        self.0.resize(config.queue_groups.len(), None);
        let mut due = Vec::new();
        for (n, next) in self.0.iter_mut().enumerate() {
            if next.is_none_or(|at| at <= now) {
                let own = config.queue_groups.get(n).and_then(|g| g.interval).and_then(|s| u64::try_from(s).ok());
                let pause = own.filter(|s| *s > 0).map_or(interval, Duration::from_secs).min(LONGEST_PAUSE);
                *next = Some(now + pause);
                due.push(n);
            }
        }
        let first = self.0.iter().flatten().min().map_or(interval, |at| at.saturating_duration_since(now));
        (due, first)
    }
}

#[cfg(test)]
mod tests;
