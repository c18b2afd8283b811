//! `mta`'s side of `auth`: an [`Authenticator`] that asks the other process.
//!
//! The process may die and come back at any time: exchanges under way then fail as transient, new ones wait a moment for
//! the new socket ([`AuthClient::connect`]).

use super::unavailable;
use super::wire::{Answer, Request};
use crate::sasl::{Authenticator, Exchange, Facts, Step};
use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use zeroize::Zeroizing;

/// How long a request waits for the process to be there.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long a step may take.
const STEP_TIME: Duration = Duration::from_secs(30);

#[derive(Default)]
struct State {
    socket: Option<UnixStream>,
    /// Counts the sockets: who reads from an older one has nothing to say any more.
    generation: u64,
    waiting: HashMap<u64, Sender<Answer>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    connected: Condvar,
    next: AtomicU64,
}

/// The client; clones share the connection.
#[derive(Clone, Default)]
pub struct AuthClient(Arc<Shared>);

impl AuthClient {
    /// Takes the socket of a new `auth` process; everybody who waits for the old one is told so.
    pub fn connect(&self, socket: UnixStream) {
        let Ok(reader) = socket.try_clone() else { return };
        let mut state = self.0.lock();
        state.socket = Some(socket);
        state.generation += 1;
        state.waiting.clear();
        let generation = state.generation;
        drop(state);
        self.0.connected.notify_all();
        let shared = self.0.clone();
        let _ = std::thread::Builder::new().name("auth-client".into()).spawn(move || shared.read(reader, generation));
    }

    /// Sends `request` and waits for its answer; `None` when there is none to be had.
    fn ask(&self, id: u64, request: &Request) -> Option<Answer> {
        let (send, receive): (Sender<Answer>, Receiver<Answer>) = channel();
        let mut state = self.0.lock();
        if state.socket.is_none() {
            let wait = self.0.connected.wait_timeout_while(state, CONNECT_TIME, |s| s.socket.is_none());
            state = wait.unwrap_or_else(|e| e.into_inner()).0;
        }
        state.waiting.insert(id, send);
        let sent = state.socket.as_mut().is_some_and(|s| request.send(id, s).is_ok());
        drop(state);
        let answer = if sent { receive.recv_timeout(STEP_TIME).ok() } else { None };
        self.0.lock().waiting.remove(&id);
        answer
    }

    fn new_id(&self) -> u64 {
        self.0.next.fetch_add(1, Ordering::Relaxed)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn read(&self, socket: UnixStream, generation: u64) {
        let mut socket = std::io::BufReader::new(socket);
        while let Ok(Some((id, answer))) = Answer::receive(&mut socket) {
            if let Some(waiting) = self.lock().waiting.remove(&id) {
                let _ = waiting.send(answer);
            }
        }
        let mut state = self.lock();
        if state.generation == generation {
            state.socket = None;
            state.waiting.clear();
        }
    }
}

impl Authenticator for AuthClient {
    fn mechanisms(&self, facts: &Facts) -> Vec<String> {
        match self.ask(self.new_id(), &Request::Mechanisms(facts.clone())) {
            Some(Answer::Mechanisms(names)) => names,
            _ => Vec::new(),
        }
    }

    fn start(&self, mechanism: &str, facts: &Facts) -> Option<Box<dyn Exchange>> {
        let id = self.new_id();
        match self.ask(id, &Request::Start(mechanism.to_owned(), facts.clone())) {
            Some(Answer::Started(false)) => None,
            // Without an answer the first step says that the process is not there.
            _ => Some(Box::new(RemoteExchange { id, client: self.clone() })),
        }
    }
}

struct RemoteExchange {
    id: u64,
    client: AuthClient,
}

impl Exchange for RemoteExchange {
    fn step(&mut self, response: Option<Zeroizing<Vec<u8>>>) -> Step {
        match self.client.ask(self.id, &Request::Step(response)) {
            Some(Answer::Step(step)) => step,
            _ => Step::Failed(unavailable("authentication process not there")),
        }
    }
}

impl Drop for RemoteExchange {
    fn drop(&mut self) {
        let mut state = self.client.0.lock();
        if let Some(socket) = state.socket.as_mut() {
            let _ = Request::Drop.send(self.id, socket);
        }
    }
}
