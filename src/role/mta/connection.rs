//! One connection: socket, TLS and the buffers around a [`Session`].
//!
//! The session decides, the connection moves octets. [`Connection::pump`] goes on until nothing more can be done without the
//! network, a timer or an answer.

use crate::smtp::server::{Action, Question, Session};
use crate::tls::server::{Server, Wishes};
use mio::net::TcpStream;
use openssl::error::ErrorStack;
use openssl::ssl::{ErrorCode, HandshakeError, MidHandshakeSslStream, SslStream};
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// While so much output waits no more input is taken.
const OUTPUT_HIGH: usize = 64 * 1024;
/// Reads in one go, so that one busy client does not keep the others waiting.
const READS: usize = 16;

enum Transport {
    Plain(TcpStream),
    Shaking(MidHandshakeSslStream<TcpStream>),
    Tls(Box<SslStream<TcpStream>>),
    Gone,
}

/// What a pump brought to light for the event loop.
#[derive(Default)]
pub struct Outcome {
    /// A question for the pool.
    pub question: Option<Question>,
    /// A question to the client's RFC 1413 server, for so long.
    pub ident: Option<Duration>,
    /// An accepted message for the scheduler.
    pub submit: Vec<Box<crate::envelope::Envelope>>,
    /// The connection is over.
    pub closed: bool,
    /// There is more to read; pump again after the others.
    pub more: bool,
}

/// A connection of the SMTP server.
pub struct Connection {
    transport: Transport,
    /// The session.
    pub session: Session,
    /// The client's address, and the daemon it called.
    pub origin: (IpAddr, usize),
    out: Vec<u8>,
    sent: usize,
    readable: bool,
    writable: bool,
    start_tls: Option<(bool, Box<Wishes>)>,
    /// The server's side of a handshake under way.
    tls: Option<Arc<Server>>,
    closing: bool,
    /// When input must have come, and how long that is.
    deadline: Option<(Instant, Duration)>,
    wake: Option<Instant>,
}

impl Connection {
    /// A connection just accepted.
    pub fn new(stream: TcpStream, origin: (IpAddr, usize), session: Session) -> Connection {
        Connection {
            transport: Transport::Plain(stream),
            session,
            origin,
            out: Vec::new(),
            sent: 0,
            readable: true,
            writable: true,
            start_tls: None,
            tls: None,
            closing: false,
            deadline: None,
            wake: None,
        }
    }

    /// The socket has news.
    pub fn ready(&mut self, readable: bool, writable: bool) {
        self.readable |= readable;
        self.writable |= writable;
    }

    /// The socket, to register and deregister it.
    pub fn socket(&mut self) -> Option<&mut TcpStream> {
        match &mut self.transport {
            Transport::Plain(stream) => Some(stream),
            Transport::Shaking(stream) => Some(stream.get_mut()),
            Transport::Tls(stream) => Some(stream.get_mut()),
            Transport::Gone => None,
        }
    }

    /// Our end and the client's.
    pub fn ends(&mut self) -> Option<(SocketAddr, SocketAddr)> {
        let socket = self.socket()?;
        Some((socket.local_addr().ok()?, socket.peer_addr().ok()?))
    }

    /// The next moment at which [`Connection::tick`] has something to do.
    pub fn next_timer(&self) -> Option<Instant> {
        [self.deadline.map(|d| d.0), self.wake].into_iter().flatten().min()
    }

    /// Time passed.
    pub fn tick(&mut self, now: Instant) {
        if self.wake.is_some_and(|at| at <= now) {
            self.wake = None;
            self.session.wake();
        }
        if self.deadline.is_some_and(|(at, _)| at <= now) {
            self.deadline = None;
            match self.closing || matches!(self.transport, Transport::Shaking(_)) {
                // The client does not read our last words, or never ends its handshake.
                true => self.transport = Transport::Gone,
                false => self.session.timeout(),
            }
        }
    }

    /// Does what can be done now. `buffer` is scratch space.
    pub fn pump(&mut self, tls: &dyn Fn() -> Option<Arc<Server>>, buffer: &mut [u8]) -> Outcome {
        let mut outcome = Outcome::default();
        let mut reads = 0;
        loop {
            let mut progress = false;
            while let Some(action) = self.session.next() {
                progress = true;
                self.act(action, &mut outcome);
            }
            progress |= self.flush();
            if self.out.is_empty() {
                if self.closing {
                    self.close();
                } else if let Some((request, wishes)) = self.start_tls.take() {
                    self.begin_handshake(tls, request, &wishes);
                    progress = true;
                }
            }
            if matches!(self.transport, Transport::Shaking(_)) && (self.readable || self.writable) {
                progress |= self.shake();
            }
            if matches!(self.transport, Transport::Gone) {
                outcome.closed = true;
                return outcome;
            }
            if self.may_read() {
                if reads == READS {
                    outcome.more = true;
                    return outcome;
                }
                reads += 1;
                progress |= self.read(buffer);
            }
            if !progress {
                return outcome;
            }
        }
    }

    fn act(&mut self, action: Action, outcome: &mut Outcome) {
        match action {
            Action::Write(bytes) if self.out.is_empty() => self.out = bytes,
            Action::Write(bytes) => self.out.extend_from_slice(&bytes),
            Action::Ask(question) => {
                self.deadline = None;
                outcome.question = Some(question);
            }
            Action::StartTls { request_certificate, wishes } => self.start_tls = Some((request_certificate, wishes)),
            Action::Ident(time) => outcome.ident = Some(time),
            Action::Sleep(time) => self.wake = Some(Instant::now() + time),
            Action::Timeout(time) => self.deadline = Some((Instant::now() + time, time)),
            Action::Title(_) => {}
            Action::Submit(envelope) => outcome.submit.push(envelope),
            Action::Close => {
                self.closing = true;
                let patience = Duration::from_secs(30);
                self.deadline = Some((Instant::now() + patience, patience));
            }
        }
    }

    fn may_read(&self) -> bool {
        let established = matches!(self.transport, Transport::Plain(_) | Transport::Tls(_));
        established
            && self.readable
            && !self.closing
            && self.start_tls.is_none()
            && self.session.wants_input()
            && self.out.len() - self.sent < OUTPUT_HIGH
    }

    fn read(&mut self, buffer: &mut [u8]) -> bool {
        let got = match &mut self.transport {
            Transport::Plain(stream) => stream.read(buffer),
            Transport::Tls(stream) => match stream.ssl_read(buffer) {
                Ok(n) => Ok(n),
                Err(e) if e.code() == ErrorCode::ZERO_RETURN => Ok(0),
                Err(e) if matches!(e.code(), ErrorCode::WANT_READ | ErrorCode::WANT_WRITE) => {
                    Err(io::Error::from(io::ErrorKind::WouldBlock))
                }
                Err(e) => Err(e.into_io_error().unwrap_or_else(io::Error::other)),
            },
            _ => return false,
        };
        match got {
            Ok(0) => {
                self.readable = false;
                self.session.eof();
            }
            Ok(n) => {
                if let Some((at, time)) = &mut self.deadline {
                    *at = Instant::now() + *time;
                }
                self.session.input(buffer.get(..n).unwrap_or_default());
            }
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                self.readable = false;
                return false;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => {
                self.readable = false;
                self.session.eof();
            }
        }
        true
    }

    /// Writes what waits; true when something went out or the connection broke.
    fn flush(&mut self) -> bool {
        let mut progress = false;
        while self.sent < self.out.len() && self.writable {
            let rest = self.out.get(self.sent..).unwrap_or_default();
            let wrote = match &mut self.transport {
                Transport::Plain(stream) => stream.write(rest),
                Transport::Tls(stream) => stream.ssl_write(rest).map_err(|e| match e.code() {
                    ErrorCode::WANT_READ | ErrorCode::WANT_WRITE => io::Error::from(io::ErrorKind::WouldBlock),
                    _ => e.into_io_error().unwrap_or_else(io::Error::other),
                }),
                _ => return progress,
            };
            match wrote {
                Ok(n) if n > 0 => {
                    self.sent += n;
                    progress = true;
                }
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.writable = false,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                _ => {
                    // Nobody hears us any more; the session still learns it in its own time from reading.
                    self.out.clear();
                    self.sent = 0;
                    self.session.eof();
                    return true;
                }
            }
        }
        if self.sent == self.out.len() && self.sent > 0 {
            // Idle connections keep no buffer.
            self.out = Vec::new();
            self.sent = 0;
        }
        progress
    }

    fn begin_handshake(&mut self, tls: &dyn Fn() -> Option<Arc<Server>>, request_certificate: bool, wishes: &Wishes) {
        let Transport::Plain(stream) = std::mem::replace(&mut self.transport, Transport::Gone) else { return };
        self.tls = tls();
        let ssl = match self.tls.as_ref().map(|t| t.session(request_certificate, wishes)) {
            Some(Ok(ssl)) => ssl,
            other => {
                let errors = other.and_then(Result::err).unwrap_or_else(ErrorStack::get);
                self.session.tls_failed("no context", &errors);
                return;
            }
        };
        let result = ssl.accept(stream);
        self.handshake_result(result);
    }

    fn shake(&mut self) -> bool {
        let Transport::Shaking(stream) = std::mem::replace(&mut self.transport, Transport::Gone) else { return false };
        (self.readable, self.writable) = (false, false);
        let result = stream.handshake();
        self.handshake_result(result);
        !matches!(self.transport, Transport::Shaking(_))
    }

    fn handshake_result(&mut self, result: Result<SslStream<TcpStream>, HandshakeError<TcpStream>>) {
        match result {
            Ok(stream) => {
                let facts = self.tls.take().map(|t| t.facts(stream.ssl())).unwrap_or_default();
                self.transport = Transport::Tls(Box::new(stream));
                (self.readable, self.writable) = (true, true);
                self.session.tls_established(facts);
            }
            Err(HandshakeError::WouldBlock(stream)) => self.transport = Transport::Shaking(stream),
            Err(HandshakeError::Failure(stream)) => {
                let errors = stream.error().ssl_error().cloned().unwrap_or_else(ErrorStack::get);
                let reason = errors.errors().first().and_then(|e| e.reason()).unwrap_or("unexpected eof while reading");
                self.session.tls_failed(reason, &errors);
            }
            Err(HandshakeError::SetupFailure(errors)) => self.session.tls_failed("setup", &errors),
        }
    }

    /// Says goodbye on every layer.
    fn close(&mut self) {
        match std::mem::replace(&mut self.transport, Transport::Gone) {
            Transport::Plain(stream) => drop(stream.shutdown(std::net::Shutdown::Write)),
            Transport::Tls(mut stream) => {
                let _ = stream.shutdown();
                let _ = stream.get_ref().shutdown(std::net::Shutdown::Write);
            }
            _ => {}
        }
    }
}
