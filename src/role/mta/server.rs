//! The SMTP server's event loops: one per core, each with its own connections, all on the same listening sockets.
//!
//! A loop never blocks: questions of sessions go to a pool and come back through a channel and a waker. A connection's
//! panic ends that connection alone.

use super::connection::{Connection, Outcome};
use super::doors::Doors;
use super::gate::Gate;
use super::ident::{Ident, Progress};
use crate::cf::Config;
use crate::log::server as log;
use crate::role::board::Board;
use crate::role::listen;
use crate::role::pool::Pool;
use crate::service::Services;
use crate::smtp::server::{Answer, ConnectionFacts, Question, Session, Settings, policy};
use crate::tls::server::Server;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};

/// Token of the waker; listeners follow from 1, connections from [`FIRST_CONNECTION`].
const WAKER: Token = Token(0);
const FIRST_CONNECTION: usize = 1024;
/// Connections accepted in one go.
const ACCEPTS: usize = 64;
/// Pause in accepting after the process ran out of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// Pause in accepting while a door is shut.
const DOOR_PAUSE: Duration = Duration::from_millis(500);
/// One read's buffer, one for each loop.
const BUFFER: usize = 64 * 1024;

/// What the loops share.
pub struct Shared {
    /// The services.
    pub services: Services,
    /// The server's settings while there is no TLS.
    pub settings: Arc<Settings>,
    /// The server's settings with TLS.
    pub settings_with_tls: Arc<Settings>,
    /// TLS, when it is configured and can be had.
    pub tls: RwLock<Option<Arc<Server>>>,
    /// The pool for questions.
    pub pool: Pool,
    /// Connection counts.
    pub gate: Gate,
    /// Where the number of connections is written at once: when somebody may ask on the control socket.
    pub board: Option<Arc<Board>>,
    /// Listening sockets, open or shut.
    pub doors: Doors,
    /// Set to end the loops.
    pub stop: AtomicBool,
}

impl Shared {
    fn note_connections(&self) {
        if let Some(board) = &self.board {
            board.set(self.gate.open(0).0);
        }
    }

    /// TLS as it is for sessions that begin now.
    pub fn tls(&self) -> Option<Arc<Server>> {
        self.tls.read().unwrap_or_else(|e| e.into_inner()).clone()
    }
}

type Mail = (usize, Option<Answer>);

/// One event loop.
pub struct Loop {
    shared: Arc<Shared>,
    poll: Poll,
    listeners: Vec<(TcpListener, usize)>,
    connections: HashMap<usize, Connection>,
    next: usize,
    timers: BTreeSet<(Instant, usize)>,
    /// The timer entry that stands for a connection.
    timer_of: HashMap<usize, Instant>,
    mail: (Sender<Mail>, Receiver<Mail>),
    waker: Arc<Waker>,
    /// Questions to clients' RFC 1413 servers, each with the connection that waits for it.
    idents: HashMap<usize, (Ident, usize)>,
    /// Connections that have more to read.
    again: Vec<usize>,
    accept_after: Option<Instant>,
    /// When waiting callers were last told of in the log.
    told: Instant,
    buffer: Vec<u8>,
}

impl Loop {
    /// A loop on (clones of) these listening sockets.
    pub fn new(shared: Arc<Shared>, listeners: &[(std::net::TcpListener, usize)]) -> io::Result<Loop> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let mut own = Vec::new();
        for (n, (listener, daemon)) in listeners.iter().enumerate() {
            let listener = listener.try_clone()?;
            listener.set_nonblocking(true)?;
            let mut listener = TcpListener::from_std(listener);
            poll.registry().register(&mut listener, Token(1 + n), Interest::READABLE)?;
            own.push((listener, *daemon));
        }
        Ok(Loop {
            shared,
            poll,
            listeners: own,
            connections: HashMap::new(),
            next: FIRST_CONNECTION,
            timers: BTreeSet::new(),
            timer_of: HashMap::new(),
            mail: channel(),
            waker,
            idents: HashMap::new(),
            again: Vec::new(),
            accept_after: None,
            told: Instant::now(),
            buffer: vec![0; BUFFER],
        })
    }

    /// Wakes the loop, from any thread.
    pub fn waker(&self) -> Arc<Waker> {
        self.waker.clone()
    }

    /// Runs until [`Shared::stop`].
    pub fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(1024);
        loop {
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(e) if e.kind() != io::ErrorKind::Interrupted => return Err(e),
                _ => {}
            }
            if self.shared.stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let mut todo: Vec<usize> = std::mem::take(&mut self.again);
            for event in &events {
                match event.token() {
                    WAKER => {}
                    Token(n) if n < FIRST_CONNECTION => self.accept(n - 1),
                    Token(n) if self.idents.contains_key(&n) => todo.extend(self.drive_ident(n)),
                    Token(n) => {
                        if let Some(connection) = self.connections.get_mut(&n) {
                            let ended = event.is_read_closed() || event.is_error();
                            connection.ready(event.is_readable() || ended, event.is_writable());
                            todo.push(n);
                        }
                    }
                }
            }
            while let Ok((n, answer)) = self.mail.1.try_recv() {
                if let Some(connection) = self.connections.get_mut(&n) {
                    match answer {
                        Some(answer) => connection.session.answer(answer),
                        None => connection.session.answer_failed(),
                    }
                    todo.push(n);
                }
            }
            self.ring(&mut todo);
            for n in todo {
                self.pump(n);
            }
        }
    }

    /// How long to sleep.
    fn timeout(&self) -> Option<Duration> {
        if !self.again.is_empty() {
            return Some(Duration::ZERO);
        }
        let timer = self.timers.first().map(|(at, _)| *at);
        [timer, self.accept_after].into_iter().flatten().min().map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Lets the connections whose time has come tick.
    fn ring(&mut self, todo: &mut Vec<usize>) {
        let now = Instant::now();
        while let Some(&(at, n)) = self.timers.first() {
            if at > now {
                break;
            }
            self.timers.pop_first();
            self.timer_of.remove(&n);
            if self.idents.contains_key(&n) {
                todo.extend(self.end_ident(n, &[]));
            }
            if let Some(connection) = self.connections.get_mut(&n) {
                connection.tick(now);
                todo.push(n);
            }
        }
        if self.accept_after.is_some_and(|at| at <= now) {
            self.accept_after = None;
            for n in 0..self.listeners.len() {
                self.accept(n);
            }
        }
    }

    fn accept(&mut self, n: usize) {
        for _ in 0..ACCEPTS {
            if self.listeners.get(n).is_none_or(|(_, daemon)| self.must_wait(*daemon)) {
                return self.accept_later(n);
            }
            let Some((listener, daemon)) = self.listeners.get(n) else { return };
            match listener.accept() {
                Ok((stream, peer)) => self.welcome(stream, peer, *daemon),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return,
                // The door was shut.
                Err(e) if e.kind() == io::ErrorKind::InvalidInput => return self.pause(DOOR_PAUSE),
                Err(e)
                    if matches!(e.raw_os_error(), Some(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)) =>
                {
                    crate::log::syserr(crate::log::Id::None, b"root", &format!("getrequests: accept: {e}"));
                    return self.pause(ACCEPT_PAUSE);
                }
                Err(_) => {}
            }
        }
        // Others wait too; come back for the rest.
        self.pause(Duration::ZERO);
    }

    /// True when no connection is to be accepted now.
    fn must_wait(&self, daemon: usize) -> bool {
        let shared = &self.shared;
        if shared.doors.is_full(daemon, &shared.gate) {
            shared.doors.review(&shared.gate);
            return true;
        }
        let options = &shared.services.config.options;
        let Some(port) = options.daemon_port_options.0.get(daemon) else { return true };
        let (rate, throttle) = (shared.gate.this_second(daemon), options.connection_rate_throttle);
        let name = || listen::daemon_name(port, daemon);
        // It is told once in a while, however many call.
        let tell = self.told.elapsed() >= ACCEPT_PAUSE;
        if throttle > 0 && i64::from(rate) >= throttle {
            if tell {
                log::deferring_connections(&name(), throttle);
            }
            return true;
        }
        let (load, most) = (shared.doors.load.load(Ordering::Relaxed), port.delay_la.unwrap_or(options.delay_la));
        if most > 0 && load >= most && rate > 0 {
            if tell {
                log::delaying_connections(&name(), load, most);
            }
            return true;
        }
        false
    }

    /// Those who wait at listener `n` are asked in when the limits allow it again.
    fn accept_later(&mut self, n: usize) {
        let shut = self.listeners.get(n).is_some_and(|(_, d)| self.shared.doors.is_full(*d, &self.shared.gate));
        self.told = if self.told.elapsed() >= ACCEPT_PAUSE { Instant::now() } else { self.told };
        self.pause(if shut { DOOR_PAUSE } else { ACCEPT_PAUSE });
    }

    fn pause(&mut self, time: Duration) {
        let until = Instant::now() + time;
        self.accept_after = Some(self.accept_after.map_or(until, |at| at.min(until)));
    }

    fn welcome(&mut self, mut stream: TcpStream, peer: SocketAddr, daemon: usize) {
        let _ = stream.set_nodelay(true);
        self.shared.services.statistics.connection(crate::stats::Connection::In);
        let Ok(local) = stream.local_addr() else { return };
        let counts = self.shared.gate.enter(peer.ip(), daemon);
        let config: &Arc<Config> = &self.shared.services.config;
        let options = &config.options;
        let Some(port) = options.daemon_port_options.0.get(daemon) else { return };
        let name = listen::daemon_name(port, daemon);
        let facts = ConnectionFacts {
            load: self.shared.doors.load.clone(),
            delay_load: port.delay_la.unwrap_or(options.delay_la),
            client_connections: counts.client_open,
            client_rate: counts.client_rate,
            total_rate: counts.total_rate,
            mode: port.delivery_mode,
            ..ConnectionFacts::net(peer, local, name.as_bytes(), port.modifiers.letters())
        };
        let settings = match self.shared.tls() {
            Some(_) => &self.shared.settings_with_tls,
            None => &self.shared.settings,
        };
        let session = Session::new(facts, settings.clone(), config.layer());
        let n = self.next;
        self.next += 1;
        let interest = Interest::READABLE | Interest::WRITABLE;
        if self.poll.registry().register(&mut stream, Token(n), interest).is_err() {
            self.shared.gate.leave(peer.ip(), daemon);
            return;
        }
        self.shared.note_connections();
        self.connections.insert(n, Connection::new(stream, (peer.ip(), daemon), session));
        self.pump(n);
    }

    fn pump(&mut self, n: usize) {
        let Some(connection) = self.connections.get_mut(&n) else { return };
        let (shared, buffer) = (&self.shared, &mut self.buffer[..]);
        let outcome = catch_unwind(AssertUnwindSafe(|| connection.pump(&|| shared.tls(), buffer)));
        let outcome = outcome.unwrap_or_else(|_| {
            crate::log::syserr(crate::log::Id::None, b"root", "a session panicked and was closed");
            Outcome { closed: true, ..Outcome::default() }
        });
        for envelope in outcome.submit {
            let scheduler = self.shared.services.scheduler.clone();
            let submit = Mutex::new(Some(envelope));
            let job = move || {
                if let Some(envelope) = submit.lock().ok().and_then(|mut e| e.take()) {
                    scheduler.submit(*envelope);
                }
            };
            // A full pool loses nothing: the message is in the queue and the next run takes it.
            let _ = self.shared.pool.run(job);
        }
        if let Some(time) = outcome.ident {
            self.identify(n, time);
        }
        if let Some(question) = outcome.question {
            self.ask(n, question);
        }
        if outcome.closed {
            return self.drop_connection(n);
        }
        if outcome.more {
            self.again.push(n);
        }
        self.arm(n);
    }

    /// Asks the host of connection `n` who its client is.
    fn identify(&mut self, n: usize, time: Duration) {
        let started = self.connections.get_mut(&n).and_then(Connection::ends);
        let token = self.next;
        self.next += 1;
        let registry = self.poll.registry();
        let started = started.and_then(|(local, peer)| Ident::ask(local, peer, time).ok()).and_then(|mut ident| {
            let interest = Interest::READABLE | Interest::WRITABLE;
            registry.register(ident.socket(), Token(token), interest).ok().map(|()| ident)
        });
        match started {
            Some(ident) => {
                self.timers.insert((ident.deadline, token));
                self.timer_of.insert(token, ident.deadline);
                self.idents.insert(token, (ident, n));
                if let Some(n) = self.drive_ident(token) {
                    self.again.push(n);
                }
            }
            None => {
                if let Some(connection) = self.connections.get_mut(&n) {
                    connection.session.identified(&[]);
                    self.again.push(n);
                }
            }
        }
    }

    /// Goes on with a question; the connection to go on with when it is over.
    fn drive_ident(&mut self, token: usize) -> Option<usize> {
        match self.idents.get_mut(&token)?.0.drive() {
            Progress::Wait => None,
            Progress::Done(answer) => self.end_ident(token, &answer),
        }
    }

    fn end_ident(&mut self, token: usize, answer: &[u8]) -> Option<usize> {
        let (mut ident, n) = self.idents.remove(&token)?;
        let _ = self.poll.registry().deregister(ident.socket());
        if let Some(at) = self.timer_of.remove(&token) {
            self.timers.remove(&(at, token));
        }
        self.connections.get_mut(&n)?.session.identified(answer);
        Some(n)
    }

    fn ask(&mut self, n: usize, question: Question) {
        if question.is_quick(&self.shared.services.config) {
            let services = &self.shared.services;
            let answer = catch_unwind(AssertUnwindSafe(|| policy::answer(question, services))).ok();
            if let Some(connection) = self.connections.get_mut(&n) {
                match answer {
                    Some(answer) => connection.session.answer(answer),
                    None => connection.session.answer_failed(),
                }
                self.again.push(n);
            }
            return;
        }
        let (services, waker) = (self.shared.services.clone(), self.waker.clone());
        // Answers even when the job panics or the pool refuses it: dropping the courier sends `None`.
        let courier = Courier { n, answer: None, send: self.mail.0.clone(), waker };
        let job = move || {
            let mut answer = policy::answer(question, &services);
            let submit = answer.take_envelope();
            courier.carry(answer);
            // The client need not wait for this; and should it go wrong, the message is in the queue.
            if let Some(envelope) = submit {
                services.scheduler.submit(*envelope);
            }
        };
        let _ = self.shared.pool.run(job);
    }

    /// Keeps one timer entry for the connection, at its next deadline or before.
    fn arm(&mut self, n: usize) {
        let Some(at) = self.connections.get(&n).and_then(Connection::next_timer) else { return };
        match self.timer_of.get(&n) {
            Some(earlier) if *earlier <= at => {}
            other => {
                if let Some(later) = other {
                    self.timers.remove(&(*later, n));
                }
                self.timers.insert((at, n));
                self.timer_of.insert(n, at);
            }
        }
    }

    fn drop_connection(&mut self, n: usize) {
        if let Some(at) = self.timer_of.remove(&n) {
            self.timers.remove(&(at, n));
        }
        if let Some(mut connection) = self.connections.remove(&n) {
            if let Some(socket) = connection.socket() {
                let _ = self.poll.registry().deregister(socket);
            }
            self.shared.gate.leave(connection.origin.0, connection.origin.1);
            self.shared.note_connections();
        }
    }
}

/// Carries an answer back to its loop.
struct Courier {
    n: usize,
    answer: Option<Answer>,
    send: Sender<Mail>,
    waker: Arc<Waker>,
}

impl Courier {
    fn carry(mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

impl Drop for Courier {
    fn drop(&mut self) {
        let _ = self.send.send((self.n, self.answer.take()));
        let _ = self.waker.wake();
    }
}
