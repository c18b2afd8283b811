//! The session: framing, order of commands and replies, timers. What a verb means is in the verb's own file.
//!
//! At most one question is out; until its answer is back no further command is looked at, and pipelined input waits in the
//! buffer ([`Session::wants_input`] says when the owner should stop reading). RFC 5321 4.1.4, RFC 2920 3.2.

use super::action::{Action, Answer, Ask, Flow, Framing, Question, READ_TIMEOUT};
use super::facts::{ConnectionFacts, Peer};
use super::settings::Settings;
use super::state::State;
use super::verbs;
use crate::cf::Macros;
use crate::log;
use crate::log::traffic::{self, Kind, Tap};
use crate::reply::Reply;
use crate::smtp::codec::data::DataReader;
use crate::smtp::codec::ident;
use crate::smtp::codec::line::{LineReader, Next};
use crate::tls::TlsFacts;
use openssl::error::ErrorStack;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Message text goes to the pool in parts of about this size.
const PART: usize = 64 * 1024;
/// A message that takes longer than Timeout.datablock in all has to come in at no less than so many octets a second.
const MIN_RATE: u64 = 10;
/// Input beyond this waits in the kernel.
const HIGH_WATER: usize = 128 * 1024;

enum Phase {
    /// Waits for what the client's host says of the client.
    Identifying,
    /// Waits for a command.
    Command,
    /// A question is out.
    Asked,
    /// Waits for silence, then greets.
    Pausing(Reply, Instant),
    /// Waits, then does the command.
    Delayed(Vec<u8>),
    /// Message text comes in.
    Text,
    /// Waits for the client's answer to a challenge.
    Challenged,
    /// TLS is being set up.
    Handshake,
    /// Over.
    Closed,
}

/// One connection's session.
pub struct Session {
    phase: Phase,
    state: Option<Box<State>>,
    input: LineReader,
    text: Vec<u8>,
    reader: DataReader,
    actions: VecDeque<Action>,
    /// The text being collected is under way (a question about a part of it is out).
    collecting: bool,
    /// The end of text is reached and was told.
    ended: bool,
    eof: bool,
    settings: Arc<Settings>,
    /// TLS comes first of all: what arrives before is not for us.
    tls_first: bool,
    /// When the command line that is not complete yet, or the message, began, and how much of it has come.
    pace: Option<(Instant, u64)>,
    /// The last timeout armed.
    armed: Option<Duration>,
    /// What came in, for the traffic log.
    tap: Tap,
}

impl Session {
    /// A session for a connection just accepted. `macros` is a layer over the configuration's (`Config::layer`).
    pub fn new(facts: ConnectionFacts, settings: Arc<Settings>, macros: Macros) -> Session {
        let tls_first = facts.modifier(b's');
        let state = Box::new(State::new(Arc::new(facts), Arc::clone(&settings), macros));
        let mut session = Session {
            phase: Phase::Command,
            state: None,
            input: LineReader::default(),
            text: Vec::new(),
            reader: DataReader::default(),
            actions: VecDeque::new(),
            collecting: false,
            ended: false,
            eof: false,
            settings,
            tls_first,
            pace: None,
            armed: None,
            tap: Tap::default(),
        };
        if session.settings.ident_timeout.is_zero() || state.facts.address().is_none() {
            session.ask(Ask::Connect, state);
        } else {
            session.phase = Phase::Identifying;
            session.actions.push_back(Action::Ident(session.settings.ident_timeout));
            session.state = Some(state);
        }
        session
    }

    /// What the client's RFC 1413 server said of the connection; nothing when there is none.
    pub fn identified(&mut self, answer: &[u8]) {
        if !matches!(self.phase, Phase::Identifying) {
            return;
        }
        let Some(mut state) = self.state.take() else { return };
        if let (Peer::Net(peer), Some(local)) = (&state.facts.peer, state.facts.local) {
            state.ident = ident::user(answer, peer.port(), local.port());
        }
        self.ask(Ask::Connect, state);
    }

    /// The next thing to do; `None` when the session waits for input, an answer or a timer.
    // Not an iterator: it goes on after `None`.
    #[allow(clippy::should_implement_trait)]
    pub fn next(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// True when more input may be given; while false the owner leaves it in the kernel.
    pub fn wants_input(&self) -> bool {
        !self.tls_first
            && !self.eof
            && !self.is_closed()
            && self.input.len() < HIGH_WATER
            && !matches!(self.phase, Phase::Handshake)
    }

    /// True once [`Action::Close`] was given.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Input from the client.
    pub fn input(&mut self, bytes: &[u8]) {
        if matches!(self.phase, Phase::Handshake | Phase::Closed) {
            return;
        }
        if traffic::wanted() {
            self.tap.command(bytes, matches!(self.phase, Phase::Challenged));
        }
        self.input.push(bytes);
        if self.is_too_slow(bytes.len()) {
            return self.timeout();
        }
        if matches!(self.phase, Phase::Pausing(..)) {
            self.greeted_too_early();
        }
        self.run();
    }

    /// Counts input; true when a command line, or a message, drags on: each octet comes in time, but there is no end to it.
    fn is_too_slow(&mut self, octets: usize) -> bool {
        let (since, count) = self.pace.get_or_insert_with(|| (Instant::now(), 0));
        *count = count.saturating_add(octets as u64);
        let (elapsed, count) = (since.elapsed(), *count);
        match self.phase {
            Phase::Command | Phase::Challenged => elapsed > self.settings.command_timeout,
            Phase::Text => elapsed > self.settings.data_timeout && count < elapsed.as_secs().max(1) * MIN_RATE,
            _ => false,
        }
    }

    /// The end of input, or a connection error.
    pub fn eof(&mut self) {
        if !self.eof && !self.is_closed() {
            traffic::ended();
        }
        self.eof = true;
        self.run();
    }

    /// The answer to the question that was out.
    pub fn answer(&mut self, answer: Answer) {
        let Answer { state, flow, submit } = answer;
        if !matches!(self.phase, Phase::Asked) {
            return;
        }
        let early = matches!(flow, Flow::Collect(_)) && verbs::spoke_early(&state, &self.input, self.eof);
        self.phase = Phase::Command;
        let flow = if early { verbs::protocol_error(self.state.insert(state), "DATA") } else { self.keep(state, flow) };
        self.follow(flow, &[]);
        if let Some(envelope) = submit {
            self.actions.push_back(Action::Submit(envelope));
        }
        self.run();
    }

    /// The question that was out came to no answer (its worker failed): the session ends with 421.
    pub fn answer_failed(&mut self) {
        if matches!(self.phase, Phase::Asked) {
            let host = String::from_utf8_lossy(&self.settings.host).into_owned();
            self.reply(&Reply::coded(421, (4, 3, 0), format!("{host} closing connection")));
            self.close();
        }
    }

    /// TLS stands.
    pub fn tls_established(&mut self, facts: TlsFacts) {
        if let (Phase::Handshake, Some(state)) = (&self.phase, self.state.take()) {
            self.input.discard();
            self.tls_first = false;
            self.ask(Ask::Tls(Box::new(facts)), state);
        }
    }

    /// The handshake failed; nothing may be said in the clear any more.
    pub fn tls_failed(&mut self, reason: &str, errors: &ErrorStack) {
        if matches!(self.phase, Phase::Handshake) {
            if let Some(state) = self.state.as_ref() {
                log::tls::accept_failed(&state.client, reason, errors);
            }
            self.hang_up();
        }
    }

    /// The time of an [`Action::Sleep`] is over.
    pub fn wake(&mut self) {
        match std::mem::replace(&mut self.phase, Phase::Command) {
            Phase::Pausing(greeting, _) => {
                self.follow(Flow::Reply(greeting), &[]);
                if let Some(state) = self.state.as_mut() {
                    state.greeted = true;
                }
            }
            Phase::Delayed(line) => {
                if let Some(state) = self.state.as_mut() {
                    state.paid = true;
                }
                self.command(line);
            }
            other => self.phase = other,
        }
        self.run();
    }

    /// No input came in the time of the last [`Action::Timeout`].
    pub fn timeout(&mut self) {
        if matches!(self.phase, Phase::Asked | Phase::Delayed(_) | Phase::Closed) {
            return;
        }
        let Some(state) = self.state.as_ref() else { return };
        if !matches!(self.phase, Phase::Text) {
            log::server::timeout(state.log_id(), &state.client_name, "server cmd read");
        } else {
            self.eof = true;
            if let Some(state) = self.state.take() {
                let text = std::mem::take(&mut self.text);
                self.ask(Ask::Lost(text, READ_TIMEOUT), state);
            }
            return;
        }
        log_lost_input(state);
        if !matches!(self.phase, Phase::Handshake) {
            let client = String::from_utf8_lossy(&state.client).into_owned();
            let text = format!("{} Lost input channel from {client}", state.host());
            self.reply(&Reply::coded(421, (4, 4, 1), text));
        }
        self.hang_up();
    }

    /// Works on what is in the buffer as far as it goes.
    fn run(&mut self) {
        loop {
            match self.phase {
                Phase::Command | Phase::Challenged => match self.input.next_line() {
                    Next::Line(line) => {
                        self.pace = None;
                        if matches!(self.phase, Phase::Challenged) {
                            self.phase = Phase::Command;
                            self.challenge_answered(line.text);
                        } else if line.spoiled {
                            self.spoiled();
                        } else {
                            self.command(line.text);
                        }
                    }
                    Next::TooLong(length) => self.too_long(length),
                    Next::Incomplete if self.eof => self.lost(),
                    Next::Incomplete => {
                        self.arm(self.settings.command_timeout);
                        return;
                    }
                },
                Phase::Text => {
                    if !self.read_text() {
                        return;
                    }
                }
                Phase::Identifying
                | Phase::Pausing(..)
                | Phase::Delayed(_)
                | Phase::Asked
                | Phase::Handshake
                | Phase::Closed => return,
            }
        }
    }

    /// Reads message text; false when more input is needed.
    fn read_text(&mut self) -> bool {
        let (used, ended) = self.reader.read(self.input.waiting(), &mut self.text);
        self.input.consume(used);
        let refused = match (self.reader.bare_lf, self.reader.bare_cr) {
            (true, _) => Some(Framing::Lf),
            (_, true) => Some(Framing::Cr),
            _ => None,
        };
        let text = if ended || refused.is_some() || self.text.len() >= PART {
            std::mem::take(&mut self.text)
        } else {
            Vec::new()
        };
        let ask = if ended || refused.is_some() {
            self.ended = true;
            self.pace = None;
            Ask::End { text, refused }
        } else if !text.is_empty() {
            Ask::Part(text)
        } else if self.eof {
            Ask::Lost(std::mem::take(&mut self.text), "unexpected close")
        } else {
            self.arm(self.settings.data_timeout);
            return false;
        };
        match self.state.take() {
            Some(state) => self.ask(ask, state),
            None => self.close(),
        }
        true
    }

    /// A whole command line.
    fn command(&mut self, line: Vec<u8>) {
        let Some(mut state) = self.state.take() else { return };
        log::server::input(state.log_id(), &line);
        let flow = verbs::run(&mut state, &line, &self.input, self.eof);
        let flow = self.keep(state, flow);
        self.follow(flow, &line);
    }

    fn challenge_answered(&mut self, line: Vec<u8>) {
        let Some(mut state) = self.state.take() else { return };
        let flow = verbs::response(&mut state, &line);
        let flow = self.keep(state, flow);
        self.follow(flow, &[]);
    }

    /// Puts the state back, or sends it out with a question.
    fn keep(&mut self, state: Box<State>, flow: Flow) -> Flow {
        match flow {
            Flow::Ask(ask) => {
                self.ask(ask, state);
                Flow::Go
            }
            other => {
                self.state = Some(state);
                other
            }
        }
    }

    fn follow(&mut self, flow: Flow, line: &[u8]) {
        match flow {
            Flow::Reply(reply) => {
                self.collecting = false;
                self.reply(&reply);
            }
            Flow::Go => {
                if self.collecting && !matches!(self.phase, Phase::Asked) {
                    self.phase = if self.ended { Phase::Command } else { Phase::Text };
                }
            }
            Flow::Ask(ask) => {
                if let Some(state) = self.state.take() {
                    self.ask(ask, state);
                }
            }
            Flow::Delay(time) => {
                self.phase = Phase::Delayed(line.to_vec());
                self.actions.push_back(Action::Sleep(time));
            }
            Flow::Pause(time, greeting) => {
                self.phase = Phase::Pausing(greeting, Instant::now());
                self.actions.push_back(Action::Sleep(time));
                if !self.input.is_empty() {
                    self.greeted_too_early();
                }
            }
            Flow::Collect(reply) => {
                self.reply(&reply);
                self.phase = Phase::Text;
                self.pace = Some((Instant::now(), 0));
                self.collecting = true;
                self.ended = false;
                let rules = self.state.as_ref().map(|s| s.features.data).unwrap_or_default();
                self.reader = DataReader::new(rules);
                self.text.clear();
            }
            Flow::Challenge(text) => {
                use base64::Engine;
                let coded = base64::engine::general_purpose::STANDARD.encode(text);
                self.reply(&Reply::new(334, None, coded));
                self.phase = Phase::Challenged;
                self.arm(self.settings.auth_timeout);
            }
            Flow::StartTls(reply, wishes) => {
                let request_certificate = self.state.as_ref().is_some_and(|s| s.features.request_certificate);
                if let Some(reply) = reply {
                    self.reply(&reply);
                }
                self.input.discard();
                self.phase = Phase::Handshake;
                self.arm(self.settings.tls_timeout);
                self.actions.push_back(Action::StartTls { request_certificate, wishes });
            }
            Flow::Close(reply) => {
                self.reply(&reply);
                self.hang_up();
            }
            Flow::Hangup => self.hang_up(),
        }
    }

    fn ask(&mut self, ask: Ask, state: Box<State>) {
        self.phase = Phase::Asked;
        self.actions.push_back(Action::Ask(Question { ask, state }));
    }

    fn reply(&mut self, reply: &Reply) {
        let mut out = Vec::with_capacity(128);
        match self.settings.soft_bounce && reply.code >= 500 {
            true => reply.softened().encode(&mut out),
            false => reply.encode(&mut out),
        }
        if let Some(state) = self.state.as_ref() {
            log::server::output(state.log_id(), &out);
        }
        traffic::lines(Kind::Out, &out);
        if let Some(Action::Write(last)) = self.actions.back_mut() {
            last.extend_from_slice(&out);
        } else {
            self.actions.push_back(Action::Write(out));
        }
    }

    fn arm(&mut self, time: Duration) {
        self.armed = Some(time);
        if let Some(Action::Timeout(last)) = self.actions.back_mut() {
            *last = time;
        } else {
            self.actions.push_back(Action::Timeout(time));
        }
    }

    /// Input came before the greeting (`greet_pause`).
    fn greeted_too_early(&mut self) {
        let Phase::Pausing(_, since) = std::mem::replace(&mut self.phase, Phase::Command) else { return };
        if let Some(state) = self.state.as_mut() {
            let refusal = verbs::pre_greeting_traffic(state, since.elapsed());
            self.reply(&refusal);
        }
    }

    fn spoiled(&mut self) {
        let Some(state) = self.state.as_mut() else { return };
        let flow = verbs::spoiled(state);
        self.follow(flow, &[]);
    }

    fn too_long(&mut self, length: usize) {
        if let Some(state) = self.state.as_ref() {
            log::server::input_too_long(state.log_id(), &state.client, length);
            let client = String::from_utf8_lossy(&state.client).into_owned();
            let text = format!("{} Command too long, possible attack {client}", state.host());
            self.reply(&Reply::coded(421, (4, 7, 0), text));
        }
        self.hang_up();
    }

    /// The client went away between commands.
    fn lost(&mut self) {
        if let Some(state) = self.state.as_ref() {
            log_lost_input(state);
        }
        self.hang_up();
    }

    /// Ends the session in good order: what was begun is logged and dropped.
    fn hang_up(&mut self) {
        if let Some(mut state) = self.state.take() {
            verbs::end(&mut state);
        }
        self.close();
    }

    fn close(&mut self) {
        self.phase = Phase::Closed;
        self.state = None;
        self.input.discard();
        self.actions.push_back(Action::Close);
    }
}

/// The log line of a client that went away, or was given up.
fn log_lost_input(state: &State) {
    let State { client, facts, last, transaction, .. } = state;
    log::server::lost_input(state.log_id(), client, &facts.daemon, *last, transaction.is_some());
}
