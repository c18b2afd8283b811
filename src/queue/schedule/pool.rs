//! The threads that deliver: new mail first, queue runs in what is left, no destination in all of it.

use super::destinations::Destinations;
use super::lanes::{Lanes, Place};
use crate::deliver::attempt::How;
use crate::envelope::{Envelope, QueueId};
use crate::queue::store::Summary;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One thing to do.
pub(super) enum Work {
    /// A message just accepted, locked.
    New(Box<Envelope>),
    /// A job in the queue.
    Queued(QueueId, How),
}

/// A job of a queue run.
struct Job {
    id: QueueId,
    how: How,
    group: usize,
    /// Not tried while its destination rests.
    patient: bool,
}

/// How much of the pool queue runs may use.
#[derive(Debug, Clone, Default)]
pub(super) struct Limits {
    /// In all (`MaxQueueChildren`); 0: half of the pool.
    pub runners: usize,
    /// For each queue group (`R=`, `MaxRunnersPerQueue`); 0 or absent: no limit.
    pub groups: Vec<usize>,
}

/// New messages that wait in memory.
const MAX_NEW: usize = 2000;
/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(10);
/// The stack of a thread: rule sets recurse.
const STACK: usize = 2 << 20;

#[derive(Default)]
struct State {
    new: Lanes<Box<Envelope>>,
    queued: Lanes<Job>,
    /// Jobs in `queued`, so that two runs do not list one twice.
    listed: HashSet<QueueId>,
    /// Deliveries under way, by destination.
    busy: HashMap<Place, usize>,
    threads: usize,
    idle: usize,
    /// Idle threads that were told of work and are not up yet.
    woken: usize,
    /// Threads at work for queue runs: in all, and by queue group.
    runners: usize,
    group_runners: HashMap<usize, usize>,
    stopping: bool,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Told when a thread is done with something.
    done: Condvar,
    max: usize,
    limits: Limits,
    destinations: Arc<Destinations>,
    work: Box<dyn Fn(Work) + Send + Sync>,
}

/// The pool.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

impl Pool {
    /// A pool of at most `max` threads, which start when there is work.
    pub fn new(
        max: usize,
        limits: Limits,
        destinations: Arc<Destinations>,
        work: impl Fn(Work) + Send + Sync + 'static,
    ) -> Pool {
        let state = Mutex::new(State::default());
        let (wake, done) = (Condvar::new(), Condvar::new());
        Pool(Arc::new(Shared { state, wake, done, max: max.max(1), limits, destinations, work: Box::new(work) }))
    }

    /// Takes a new message; gives it back when there is too much new mail, or no more work is begun.
    pub fn add(&self, place: Place, envelope: Box<Envelope>) -> Option<Box<Envelope>> {
        let mut state = self.0.lock();
        if state.stopping || state.new.len() >= MAX_NEW {
            return Some(envelope);
        }
        state.new.push(place, envelope);
        self.0.wake_one(&mut state);
        None
    }

    /// Takes a job of a queue run, if it does not wait already. A `patient` one is passed by while its destination rests.
    pub fn add_queued(&self, place: Place, job: &Summary, how: How, patient: bool) {
        let mut state = self.0.lock();
        if state.stopping || !state.listed.insert(job.id.clone()) {
            return;
        }
        state.queued.push(place, Job { id: job.id.clone(), how, group: job.group, patient });
        self.0.wake_one(&mut state);
    }

    /// True while jobs of a queue run wait or are under way.
    pub fn is_running(&self) -> bool {
        let state = self.0.lock();
        !state.queued.is_empty() || state.runners > 0
    }

    pub fn is_stopping(&self) -> bool {
        self.0.lock().stopping
    }

    /// Sleeps; true when the pool stopped meanwhile.
    pub fn sleep(&self, time: Duration) -> bool {
        let end = Instant::now() + time;
        let mut state = self.0.lock();
        while !state.stopping {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            state = self.0.done.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Begins nothing more, waits for what runs, gives back what was not begun.
    pub fn stop(&self, patience: Duration) -> Vec<Box<Envelope>> {
        let end = Instant::now() + patience;
        let mut state = self.0.lock();
        state.stopping = true;
        state.queued.drain();
        state.listed.clear();
        let left = state.new.drain();
        self.0.wake.notify_all();
        self.0.done.notify_all();
        while state.threads > 0 {
            let rest = end.saturating_duration_since(Instant::now());
            if rest.is_zero() {
                break;
            }
            state = self.0.done.wait_timeout(state, rest).unwrap_or_else(PoisonError::into_inner).0;
        }
        left
    }

    /// Waits until there is no work.
    pub fn drain(&self) {
        let mut state = self.0.lock();
        while !(state.new.is_empty() && state.queued.is_empty() && state.idle == state.threads) {
            state = self.0.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The life of a thread.
    fn serve(&self) {
        let mut state = self.lock();
        loop {
            if let Some((work, place, group)) = self.next(&mut state) {
                drop(state);
                (self.work)(work);
                state = self.lock();
                release(&mut state.busy, &place);
                if let Some(group) = group {
                    state.runners -= 1;
                    release(&mut state.group_runners, &group);
                }
                self.done.notify_all();
                continue;
            }
            if state.stopping {
                break;
            }
            state.idle += 1;
            self.done.notify_all();
            let (woken, waited) = self.wake.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.idle -= 1;
            state.woken = state.woken.saturating_sub(1).min(state.idle);
            if waited.timed_out() && state.new.is_empty() && state.queued.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        self.done.notify_all();
    }

    /// Has a thread for one more piece of work.
    fn wake_one(self: &Arc<Self>, state: &mut State) {
        if state.idle > state.woken {
            state.woken += 1;
            self.wake.notify_one();
        } else if state.threads < self.max {
            state.threads += 1;
            let shared = Arc::clone(self);
            let thread = std::thread::Builder::new().name("deliver".into()).stack_size(STACK);
            if thread.spawn(move || shared.serve()).is_err() {
                state.threads -= 1;
            }
        }
    }

    /// The next thing to do, its destination, and for a job of a queue run its group.
    fn next(&self, state: &mut State) -> Option<(Work, Place, Option<usize>)> {
        let half = (self.max / 2).max(1);
        let State { new, queued, busy, listed, runners, group_runners, .. } = state;
        let free = |place: &[u8], most: usize| {
            let now = busy.get(place).copied().unwrap_or(0);
            place.is_empty() || now < self.destinations.room(place, most)
        };
        if let Some((place, envelope)) = new.pop(|place, _| free(place, half)) {
            *busy.entry(place.clone()).or_default() += 1;
            return Some((Work::New(envelope), place, None));
        }
        let most = if self.limits.runners > 0 { self.limits.runners.min(half) } else { half };
        if *runners >= most {
            return None;
        }
        let within = |job: &Job| {
            let limit = self.limits.groups.get(job.group).copied().unwrap_or(0);
            limit == 0 || group_runners.get(&job.group).copied().unwrap_or(0) < limit
        };
        let (place, job) = loop {
            let (place, job) = queued.pop(|place, job| within(job) && free(place, half))?;
            listed.remove(&job.id);
            if !(job.patient && self.destinations.is_resting(&place)) {
                break (place, job);
            }
        };
        *runners += 1;
        *group_runners.entry(job.group).or_default() += 1;
        *busy.entry(place.clone()).or_default() += 1;
        Some((Work::Queued(job.id, job.how), place, Some(job.group)))
    }
}

fn release<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(n) = counts.get_mut(key) {
        *n -= 1;
        if *n == 0 {
            counts.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[test]
    fn work_that_comes_at_once_has_threads_at_once() {
        let begun = Arc::new(AtomicUsize::new(0));
        let late = Arc::new(AtomicUsize::new(0));
        let (count, alone) = (Arc::clone(&begun), Arc::clone(&late));
        let pool = Pool::new(8, Limits::default(), Arc::default(), move |_| {
            if count.fetch_add(1, Ordering::SeqCst) == 0 {
                return;
            }
            let end = Instant::now() + Duration::from_secs(2);
            while count.load(Ordering::SeqCst) < 4 {
                if Instant::now() > end {
                    alone.fetch_add(1, Ordering::SeqCst);
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        });
        let add = |n: usize| {
            let id = QueueId::parse(format!("6AMIlQ{n:02}018769").as_bytes()).expect("id");
            let job = Summary::read(id, 0, b"");
            pool.add_queued(format!("{n}.test").into_bytes().into(), &job, How::default(), false);
        };
        add(0);
        pool.drain();
        // One thread is idle; three pieces of work come before it is up.
        (1..4).for_each(add);
        pool.drain();
        assert_eq!((begun.load(Ordering::SeqCst), late.load(Ordering::SeqCst)), (4, 0));
        pool.stop(Duration::from_secs(5));
    }
}
