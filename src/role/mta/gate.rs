//! Who may connect: counts of open connections and rates by address, for `${client_connections}`, `${client_rate}`,
//! `${total_rate}`, `MaxDaemonChildren`, `children=` and `ConnectionRateThrottle`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The window of `ConnectionRateWindowSize` is kept in so many parts.
const PARTS: usize = 6;
/// Most addresses remembered; beyond it the quiet ones are forgotten.
const MAX_ADDRESSES: usize = 50_000;

/// Connections counted in the parts of a sliding window.
#[derive(Clone, Copy, Default)]
struct Window {
    counts: [u32; PARTS],
    /// Number of the newest part.
    newest: u64,
}

impl Window {
    fn advance(&mut self, part: u64) {
        let steps = part.saturating_sub(self.newest).min(PARTS as u64);
        for step in 1..=steps {
            self.counts[((self.newest + step) % PARTS as u64) as usize] = 0;
        }
        if steps == PARTS as u64 {
            self.counts = [0; PARTS];
        }
        self.newest = self.newest.max(part);
    }

    fn add(&mut self, part: u64) -> u32 {
        self.advance(part);
        self.counts[(part % PARTS as u64) as usize] += 1;
        self.counts.iter().sum()
    }
}

#[derive(Default)]
struct Client {
    open: u32,
    rate: Window,
}

#[derive(Default)]
struct State {
    clients: HashMap<IpAddr, Client>,
    total: Window,
    open: u32,
    /// By daemon: open connections, and those in one second (its number since start), for the throttle.
    daemons: HashMap<usize, (u32, (u64, u32))>,
}

/// What a new connection is told about its company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// All open connections.
    pub open: u32,
    /// Open connections of this address.
    pub client_open: u32,
    /// Connections of this address in the window.
    pub client_rate: u32,
    /// Connections of everybody in the window.
    pub total_rate: u32,
}

/// The gate; shared by the event loops.
pub struct Gate {
    state: Mutex<State>,
    start: Instant,
    part: Duration,
}

impl Gate {
    /// A gate with the given window (`ConnectionRateWindowSize`).
    pub fn new(window: Duration) -> Gate {
        let part = (window / PARTS as u32).max(Duration::from_millis(100));
        Gate { state: Mutex::default(), start: Instant::now(), part }
    }

    /// Open connections: all, and those of one daemon.
    pub fn open(&self, daemon: usize) -> (u32, u32) {
        let state = self.lock();
        (state.open, state.daemons.get(&daemon).map_or(0, |d| d.0))
    }

    /// Connections that `daemon` took in this second.
    pub fn this_second(&self, daemon: usize) -> u32 {
        let (_, second) = self.clock();
        self.lock().daemons.get(&daemon).filter(|d| d.1.0 == second).map_or(0, |d| d.1.1)
    }

    /// Counts a new connection from `address` to a daemon; [`Gate::leave`] must follow.
    pub fn enter(&self, address: IpAddr, daemon: usize) -> Counts {
        let (part, second) = self.clock();
        let mut state = self.lock();
        if state.clients.len() >= MAX_ADDRESSES && !state.clients.contains_key(&address) {
            state.clients.retain(|_, client| client.open > 0);
        }
        state.open += 1;
        let own = state.daemons.entry(daemon).or_default();
        own.0 += 1;
        if own.1.0 != second {
            own.1 = (second, 0);
        }
        own.1.1 += 1;
        let (open, total_rate) = (state.open, state.total.add(part));
        let client = state.clients.entry(address).or_default();
        client.open += 1;
        let client_rate = client.rate.add(part);
        Counts { open, client_open: client.open, client_rate, total_rate }
    }

    /// A connection from `address` to a daemon is gone.
    pub fn leave(&self, address: IpAddr, daemon: usize) {
        let (part, _) = self.clock();
        let mut state = self.lock();
        state.open = state.open.saturating_sub(1);
        if let Some(own) = state.daemons.get_mut(&daemon) {
            own.0 = own.0.saturating_sub(1);
        }
        if let Some(client) = state.clients.get_mut(&address) {
            client.open = client.open.saturating_sub(1);
            client.rate.advance(part);
            if client.open == 0 && client.rate.counts == [0; PARTS] {
                state.clients.remove(&address);
            }
        }
    }

    fn clock(&self) -> (u64, u64) {
        let elapsed = self.start.elapsed();
        ((elapsed.as_millis() / self.part.as_millis().max(1)) as u64, elapsed.as_secs())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_go_up_and_down() {
        let gate = Gate::new(Duration::from_secs(60));
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        gate.enter(a, 0);
        let second = gate.enter(a, 0);
        assert_eq!((second.open, second.client_open, second.client_rate), (2, 2, 2));
        assert_eq!(gate.enter(b, 1).client_open, 1);
        gate.leave(a, 0);
        gate.leave(a, 0);
        let again = gate.enter(a, 0);
        assert_eq!((again.open, again.client_rate), (2, 3));
    }

    #[test]
    fn a_window_forgets() {
        let mut window = Window::default();
        assert_eq!(window.add(0), 1);
        assert_eq!(window.add(5), 2);
        assert_eq!(window.add(6), 2);
        assert_eq!(window.add(100), 1);
    }
}
