//! When which message is tried: new ones at once, by a bounded pool of threads; the queue in runs.
//!
//! New mail comes from memory, still locked since its commit. A queue run reads which jobs there are, sorts them, and hands
//! them to the same pool, of which it may use half: so a long queue never holds up new mail. One destination gets
//! a part of the pool only. Files stay the truth: a job is locked and read right before it is tried, so what other
//! programs did meanwhile counts.
//!
//! Nothing here is durable, and nothing need be: whatever waits here is in the store.

mod order;
mod pool;

pub use order::{Skip, due};

use crate::cf::options::DeliveryMode;
use crate::deliver::attempt::{self, How, Transport};
use crate::envelope::{Envelope, QueueId};
use crate::log;
use crate::queue::Selection;
use crate::service::{Scheduler, Services};
use pool::{Pool, Work};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// The scheduler of a process.
pub struct Delivery {
    mode: DeliveryMode,
    engine: OnceLock<Arc<Engine>>,
}

struct Engine {
    svc: Services,
    transport: Arc<dyn Transport>,
    pool: Pool,
}

impl Delivery {
    /// A scheduler for `mode`; it delivers nothing until [`Delivery::start`] gave it the services, of which it is one.
    pub fn new(mode: DeliveryMode) -> Arc<Delivery> {
        Arc::new(Delivery { mode, engine: OnceLock::new() })
    }

    /// Gives it what it works with. `threads`: deliveries at the same time.
    pub fn start(&self, svc: Services, transport: Arc<dyn Transport>, threads: usize) {
        let engine = Arc::new_cyclic(|weak: &Weak<Engine>| {
            let weak = Weak::clone(weak);
            let pool = Pool::new(threads, move |work| {
                if let Some(engine) = weak.upgrade() {
                    engine.work(work);
                }
            });
            Engine { svc, transport, pool }
        });
        // Only the first start counts.
        let _ = self.engine.set(engine);
    }

    /// Runs the queue now and then every `interval`, on a thread of its own, until [`Delivery::stop`].
    pub fn run_every(self: &Arc<Self>, interval: Duration) -> std::io::Result<()> {
        let scheduler = Arc::downgrade(self);
        std::thread::Builder::new().name("queue timer".into()).spawn(move || {
            while let Some(engine) = scheduler.upgrade().and_then(|s| s.engine.get().cloned()) {
                engine.run(&Selection::default());
                if engine.pool.sleep(interval) {
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
        let jobs = engine.due(selection);
        for (n, id) in jobs.iter().enumerate() {
            progress(id, n + 1, jobs.len());
            engine.queued(id, how);
        }
    }

    /// Starts no more deliveries and waits for those that run, `patience` at most. What is not begun waits in the queue.
    pub fn stop(&self, patience: Duration) {
        if let Some(engine) = self.engine.get() {
            for work in engine.pool.stop(patience) {
                if let Work::New(envelope) = work {
                    engine.svc.store.release(&envelope.id);
                }
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
        } else if let Some(Work::New(refused)) = engine.pool.add(Work::New(Box::new(envelope))) {
            // More new mail than memory should hold: the queue has it.
            engine.svc.store.release(&refused.id);
            engine.pool.add(Work::Queued(refused.id.clone(), How { queue_run: true, ..How::default() }));
        }
    }

    fn run_queue(&self, selection: Selection) {
        let Some(engine) = self.engine.get().cloned() else { return };
        let thread = std::thread::Builder::new().name("queue run".into());
        if let Err(e) = thread.spawn(move || engine.run(&selection)) {
            log::queue::skipping_run(&format!("thread failed: {e}"));
        }
    }
}

impl Engine {
    /// Puts the jobs of a queue run into the pool.
    fn run(&self, selection: &Selection) {
        if order::load_says_queue(&self.svc.config, self.svc.config.options.recipient_factor) {
            log::queue::skipping_run("load average too high");
            return;
        }
        let how = How { queue_run: true, explicit: selection.is_explicit(), ..How::default() };
        for id in self.due(selection) {
            if self.pool.is_stopping() {
                return;
            }
            self.pool.add(Work::Queued(id, how));
        }
    }

    fn due(&self, selection: &Selection) -> Vec<QueueId> {
        let now = self.svc.clock.now().0;
        order::due(&self.svc.config, &*self.svc.store, selection, now)
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
        let done = catch_unwind(AssertUnwindSafe(|| attempt::run(&self.svc, &*self.transport, envelope, how)));
        if done.is_err() {
            log::syserr(log::Id::Queue(&id), b"root", "delivery attempt failed inside; the message stays queued");
            self.svc.store.release(&id);
        }
    }
}

#[cfg(test)]
mod tests;
