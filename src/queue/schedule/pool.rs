//! The threads that deliver: new mail first, queue runs in what is left, no destination in all of it.

use super::order::host;
use crate::deliver::attempt::How;
use crate::envelope::{Envelope, QueueId};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One thing to do.
pub(super) enum Work {
    /// A message just accepted, locked.
    New(Box<Envelope>),
    /// A job in the queue.
    Queued(QueueId, How),
}

/// New messages that wait in memory.
const MAX_NEW: usize = 2000;
/// How far the pool looks for a message whose destination is not busy.
const LOOK_AHEAD: usize = 64;
/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(10);
/// The stack of a thread: rule sets recurse.
const STACK: usize = 2 << 20;

#[derive(Default)]
struct State {
    new: VecDeque<Box<Envelope>>,
    queued: VecDeque<(QueueId, How)>,
    /// Jobs in `queued`, so that two runs do not list one twice.
    listed: HashSet<QueueId>,
    /// New messages being delivered, by destination.
    busy: HashMap<Vec<u8>, usize>,
    threads: usize,
    idle: usize,
    /// Threads at work for queue runs.
    runners: usize,
    stopping: bool,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    /// Told when a thread is done with something.
    done: Condvar,
    max: usize,
    work: Box<dyn Fn(Work) + Send + Sync>,
}

/// The pool.
#[derive(Clone)]
pub(super) struct Pool(Arc<Shared>);

impl Pool {
    /// A pool of at most `max` threads, which start when there is work.
    pub fn new(max: usize, work: impl Fn(Work) + Send + Sync + 'static) -> Pool {
        let state = Mutex::new(State::default());
        let (wake, done) = (Condvar::new(), Condvar::new());
        Pool(Arc::new(Shared { state, wake, done, max: max.max(1), work: Box::new(work) }))
    }

    /// Takes work; gives it back when there is too much new mail, or no more work is begun.
    pub fn add(&self, work: Work) -> Option<Work> {
        let mut state = self.0.lock();
        if state.stopping {
            return Some(work);
        }
        match work {
            Work::New(envelope) if state.new.len() >= MAX_NEW => return Some(Work::New(envelope)),
            Work::New(envelope) => state.new.push_back(envelope),
            Work::Queued(id, how) => {
                if state.listed.insert(id.clone()) {
                    state.queued.push_back((id, how));
                }
            }
        }
        if state.idle > 0 {
            self.0.wake.notify_one();
        } else if state.threads < self.0.max {
            state.threads += 1;
            let shared = Arc::clone(&self.0);
            let thread = std::thread::Builder::new().name("deliver".into()).stack_size(STACK);
            if thread.spawn(move || shared.serve()).is_err() {
                state.threads -= 1;
            }
        }
        None
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
    pub fn stop(&self, patience: Duration) -> Vec<Work> {
        let end = Instant::now() + patience;
        let mut state = self.0.lock();
        state.stopping = true;
        state.queued.clear();
        let left: Vec<Work> = state.new.drain(..).map(Work::New).collect();
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
            if let Some((work, destination)) = self.next(&mut state) {
                drop(state);
                (self.work)(work);
                state = self.lock();
                match destination {
                    Some(host) => release(&mut state.busy, &host),
                    None => state.runners -= 1,
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
            if waited.timed_out() && state.new.is_empty() && state.queued.is_empty() {
                break;
            }
        }
        state.threads -= 1;
        self.done.notify_all();
    }

    /// The next thing to do, and for new mail its destination.
    fn next(&self, state: &mut State) -> Option<(Work, Option<Vec<u8>>)> {
        let cap = (self.max / 2).max(1);
        let place = state.new.iter().take(LOOK_AHEAD).position(|e| {
            let host = host(e);
            host.is_empty() || state.busy.get(&host).is_none_or(|n| *n < cap)
        });
        if let Some(envelope) = place.and_then(|p| state.new.remove(p)) {
            let host = host(&envelope);
            *state.busy.entry(host.clone()).or_default() += 1;
            return Some((Work::New(envelope), Some(host)));
        }
        if state.runners < cap {
            let (id, how) = state.queued.pop_front()?;
            state.listed.remove(&id);
            state.runners += 1;
            return Some((Work::Queued(id, how), None));
        }
        None
    }
}

fn release(busy: &mut HashMap<Vec<u8>, usize>, host: &[u8]) {
    if let Some(n) = busy.get_mut(host) {
        *n -= 1;
        if *n == 0 {
            busy.remove(host);
        }
    }
}
