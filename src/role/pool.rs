//! A bounded pool of threads for what blocks: rule sets with maps, commits, deliveries.
//!
//! Threads start when there is work for them and end after a while without; a job that panics ends alone. The queue of
//! waiting jobs is bounded: [`Pool::run`] refuses beyond it and the caller answers 4xx.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(10);

/// The stack of a pool thread: rule sets recurse at most 50 deep.
const STACK: usize = 2 * 1024 * 1024;

struct State {
    jobs: VecDeque<Job>,
    threads: usize,
    idle: usize,
}

struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    name: &'static str,
    max_threads: usize,
    max_waiting: usize,
}

/// A pool; clones are the same pool.
#[derive(Clone)]
pub struct Pool(Arc<Shared>);

/// The pool's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Pool {
    /// A pool of at most `max_threads` threads and `max_waiting` waiting jobs.
    pub fn new(name: &'static str, max_threads: usize, max_waiting: usize) -> Pool {
        let state = Mutex::new(State { jobs: VecDeque::new(), threads: 0, idle: 0 });
        Pool(Arc::new(Shared { state, wake: Condvar::new(), name, max_threads, max_waiting }))
    }

    /// Runs `job` on one of the pool's threads, soon.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        let mut state = self.0.lock();
        if state.jobs.len() >= self.0.max_waiting {
            return Err(Full);
        }
        state.jobs.push_back(Box::new(job));
        if state.idle >= state.jobs.len() {
            drop(state);
            self.0.wake.notify_one();
        } else if state.threads < self.0.max_threads {
            state.threads += 1;
            drop(state);
            let shared = self.0.clone();
            let thread = std::thread::Builder::new().name(self.0.name.into()).stack_size(STACK);
            if thread.spawn(move || shared.work()).is_err() {
                self.0.lock().threads -= 1;
            }
        }
        Ok(())
    }

    /// Jobs that wait or run.
    pub fn load(&self) -> usize {
        let state = self.0.lock();
        state.jobs.len() + state.threads - state.idle
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                drop(state);
                if catch_unwind(AssertUnwindSafe(job)).is_err() {
                    crate::log::syserr(crate::log::Id::Bare, b"pool", "a job panicked and was dropped");
                }
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let (back, timeout) = self.wake.wait_timeout(state, IDLE).unwrap_or_else(|e| e.into_inner());
            state = back;
            state.idle -= 1;
            if timeout.timed_out() && state.jobs.is_empty() {
                state.threads -= 1;
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn jobs_run_and_a_panic_harms_none() {
        let pool = Pool::new("test", 2, 100);
        let (send, receive) = channel();
        for n in 0..20 {
            let send = send.clone();
            pool.run(move || {
                assert!(n != 3, "one of them fails");
                let _ = send.send(n);
            })
            .unwrap();
        }
        drop(send);
        assert_eq!(receive.iter().count(), 19);
    }

    #[test]
    fn the_queue_is_bounded() {
        let pool = Pool::new("test", 1, 1);
        let (release, wait) = channel::<()>();
        let (started, start) = channel::<()>();
        pool.run(move || {
            let _ = started.send(());
            let _ = wait.recv();
        })
        .unwrap();
        start.recv().unwrap();
        assert!(pool.run(|| ()).is_ok());
        assert_eq!(pool.run(|| ()), Err(Full));
        drop(release);
    }
}
