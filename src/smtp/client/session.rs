//! The client's engine: replies in, commands out, no I/O.
//!
//! A driver asks [`Session::next`] what to do and tells what came of it. First the session is set up (greeting, EHLO, STARTTLS,
//! AUTH); then [`Session::begin`] runs one transaction after another; [`Session::reset`] probes a session that was idle;
//! [`Session::quit`] ends it.

mod auth;

use super::auth::{Credentials, Exchange};
use super::outcome::{Lost, Step, accepted, loops_back, refusal};
use super::reply::WireReply;
use super::transaction::{Peer, Transaction};
use crate::envelope::Status;
use crate::text::Line;
use std::time::Duration;
use zeroize::Zeroizing;

/// Time limits of the steps; zero is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Greeting.
    pub initial: Duration,
    /// EHLO, HELO.
    pub helo: Duration,
    /// LHLO.
    pub lhlo: Duration,
    /// STARTTLS and the handshake.
    pub starttls: Duration,
    /// A step of AUTH.
    pub auth: Duration,
    /// MAIL.
    pub mail: Duration,
    /// RCPT.
    pub rcpt: Duration,
    /// DATA.
    pub datainit: Duration,
    /// Writing the message.
    pub datablock: Duration,
    /// The final dot.
    pub datafinal: Duration,
    /// RSET.
    pub rset: Duration,
    /// QUIT.
    pub quit: Duration,
}

/// How to talk to one server.
#[derive(Debug, Clone)]
pub struct Setup {
    /// LMTP (F=z).
    pub lmtp: bool,
    /// EHLO whatever the greeting says (F=a).
    pub try_ehlo: bool,
    /// Never EHLO (F=2).
    pub helo_only: bool,
    /// Our name for EHLO.
    pub name: Line,
    /// Our name as a server would give it if it were ourselves; `None`: no check (F=k).
    pub own_name: Option<Line>,
    /// The server's name in texts.
    pub host: String,
    /// STARTTLS can be used.
    pub tls: bool,
    /// Somebody watches a submission (`-v`): a server that offers VERB is asked to show what it does.
    pub verbose: bool,
    /// `AuthMechanisms`.
    pub mechanisms: String,
    /// Time limits.
    pub times: Times,
}

/// So many RCPT commands are sent before their replies are read: more could fill the buffers of both sides.
const TOGETHER: usize = 100;

/// What the driver has to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Write these commands; `.1`: they hold a secret and must not be shown.
    Send(Zeroizing<Vec<u8>>, bool),
    /// Read one reply within the time, then [`Session::reply`] or [`Session::lost`].
    Read(Duration),
    /// Shake hands, then [`Session::secured`]. There must be no octets left from before.
    Handshake(Duration),
    /// Answer, with the method of the same name.
    Ask(Question),
    /// Write the message and the final dot ([`Session::has_message`] tells if only the dot), then [`Session::written`].
    Body(Duration),
    /// Nothing is under way.
    Idle,
    /// Close the connection.
    Closed,
}

/// What rule sets decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// `try_tls`: use STARTTLS? [`Session::try_tls`].
    TryTls,
    /// `tls_server`: is the connection good enough? [`Session::tls_server`].
    TlsServer,
    /// `authinfo`: who are we? [`Session::auth_info`].
    AuthInfo,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Hello {
        extended: bool,
    },
    AskTls,
    StartTls,
    Handshake,
    AskServer,
    AskAuth,
    Auth,
    Idle,
    Verb,
    Mail,
    /// Replies to RCPT from this one on are awaited.
    Rcpt(usize),
    Data,
    Body,
    /// Replies to the dot, for this one of the accepted recipients.
    Final(usize),
    Reset,
    /// RSET and MAIL are sent, and the reply to RSET is awaited.
    ResetMail,
    Quit,
    Closed,
}

/// One connection's conversation.
pub struct Session {
    setup: Setup,
    state: State,
    out: Zeroizing<Vec<u8>>,
    secret: bool,
    peer: Peer,
    secure: bool,
    verify: &'static str,
    exchange: Option<(Exchange, Credentials)>,
    authenticated: Option<&'static str>,
    transaction: Transaction,
    results: Vec<Option<Status>>,
    waiting: Vec<usize>,
    /// So many RCPT commands are sent.
    sent: usize,
    failure: Option<Status>,
    doomed: bool,
    /// Nothing shows yet that a kept session still stands.
    unproven: bool,
}

impl Session {
    /// A session over a connection that was just made.
    pub fn new(setup: Setup) -> Session {
        Session {
            setup,
            state: State::Greeting,
            out: Zeroizing::default(),
            secret: false,
            peer: Peer::default(),
            secure: false,
            verify: "NONE",
            exchange: None,
            authenticated: None,
            transaction: Transaction::default(),
            results: Vec::new(),
            waiting: Vec::new(),
            sent: 0,
            failure: None,
            doomed: false,
            unproven: false,
        }
    }

    /// What to do now.
    pub fn next(&mut self) -> Next {
        if !self.out.is_empty() {
            return Next::Send(std::mem::take(&mut self.out), std::mem::take(&mut self.secret));
        }
        let times = &self.setup.times;
        match self.state {
            State::Greeting => Next::Read(times.initial),
            State::Hello { .. } => Next::Read(if self.setup.lmtp { times.lhlo } else { times.helo }),
            State::AskTls => Next::Ask(Question::TryTls),
            State::StartTls => Next::Read(times.starttls),
            State::Handshake => Next::Handshake(times.starttls),
            State::AskServer => Next::Ask(Question::TlsServer),
            State::AskAuth => Next::Ask(Question::AuthInfo),
            State::Auth => Next::Read(times.auth),
            State::Idle => Next::Idle,
            State::Verb | State::Mail => Next::Read(times.mail),
            State::Rcpt(_) => Next::Read(times.rcpt),
            State::Data => Next::Read(times.datainit),
            State::Body => Next::Body(times.datablock),
            State::Final(_) => Next::Read(times.datafinal),
            State::Reset | State::ResetMail => Next::Read(times.rset),
            State::Quit => Next::Read(times.quit),
            State::Closed => Next::Closed,
        }
    }

    /// What the server offers.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Whether TLS is on.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// `${verify}` while there is no TLS: `NONE`, `CLEAR`, `TEMP`, `PROTOCOL`.
    pub fn verify(&self) -> &'static str {
        self.verify
    }

    /// The mechanism that AUTH succeeded with.
    pub fn authenticated(&self) -> Option<&'static str> {
        self.authenticated
    }

    /// Why the session could not be set up or was lost.
    pub fn failure(&self) -> Option<&Status> {
        self.failure.as_ref()
    }

    /// Whether another transaction can follow.
    pub fn is_reusable(&self) -> bool {
        self.state == State::Idle && !self.doomed
    }

    /// A reply came.
    pub fn reply(&mut self, reply: &WireReply) {
        match self.state {
            State::Greeting => self.greeting(reply),
            State::Hello { extended } => self.hello(extended, reply),
            State::StartTls => match reply.code / 100 {
                2 => self.state = State::Handshake,
                class => {
                    self.verify = if class == 4 { "TEMP" } else { "PROTOCOL" };
                    self.state = State::AskServer;
                    self.doom(reply);
                }
            },
            State::Auth => self.auth_step(reply),
            State::Verb if reply.code == 421 => self.refuse_rest(Step::Mail, reply),
            State::Verb => self.say_mail(),
            State::Mail => self.mail_reply(reply),
            State::Rcpt(at) => self.rcpt_reply(at, reply),
            State::Data => self.data_reply(reply),
            State::Final(at) => self.final_reply(at, reply),
            State::Reset if reply.class() == 2 => self.state = State::Idle,
            State::ResetMail if reply.class() == 2 => {
                self.unproven = false;
                self.state = State::Mail;
            }
            State::Reset | State::ResetMail | State::Quit => self.state = State::Closed,
            _ => self.lost(&Lost::Nonsense),
        }
    }

    /// The connection is gone, or no use any more. Recipients whose fate is open are deferred.
    pub fn lost(&mut self, lost: &Lost) {
        self.give_up(lost.status(&self.setup.host));
    }

    fn give_up(&mut self, status: Status) {
        for result in self.results.iter_mut().filter(|r| r.is_none()) {
            *result = Some(status.clone());
        }
        if self.failure.is_none() {
            self.failure = Some(status);
        }
        self.out.clear();
        self.state = State::Closed;
    }

    /// Ends setup with a failure; the server still gets its QUIT.
    fn refuse(&mut self, status: Status) {
        self.give_up(status);
        self.quit();
    }

    fn doom(&mut self, reply: &WireReply) {
        self.doomed |= reply.code == 421;
    }

    fn command(&mut self, parts: &[&[u8]]) {
        for part in parts {
            // A value that came this far with a line break in it is a bug elsewhere; it must not become a command here.
            self.out.extend(part.iter().filter(|b| !matches!(b, b'\r' | b'\n' | 0)));
        }
        self.out.extend_from_slice(b"\r\n");
    }

    fn greeting(&mut self, reply: &WireReply) {
        if reply.class() != 2 {
            return self.refuse(refusal(Step::Hello, reply, false, b""));
        }
        let says_esmtp = reply.text().windows(5).any(|w| w.eq_ignore_ascii_case(b"ESMTP"));
        let extended = self.setup.lmtp || (!self.setup.helo_only && (self.setup.try_ehlo || says_esmtp));
        self.say_hello(extended);
    }

    fn say_hello(&mut self, extended: bool) {
        let verb: &[u8] = match (self.setup.lmtp, extended) {
            (true, _) => b"LHLO ",
            (_, true) => b"EHLO ",
            (_, false) => b"HELO ",
        };
        let name = self.setup.name.clone();
        self.command(&[verb, &name]);
        self.state = State::Hello { extended };
    }

    fn hello(&mut self, extended: bool, reply: &WireReply) {
        if reply.class() != 2 {
            if extended && !self.setup.lmtp && !self.secure && reply.class() == 5 {
                return self.say_hello(false);
            }
            return self.refuse(refusal(Step::Hello, reply, false, b""));
        }
        let named = reply.text().split(|b| *b == b' ').next().unwrap_or_default();
        if self.setup.own_name.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(named)) {
            let status = loops_back(&self.setup.host);
            return self.refuse(status);
        }
        self.peer = if extended { Peer::from_hello(reply) } else { Peer::default() };
        self.state = match () {
            () if self.secure => State::AskServer,
            () if self.peer.starttls && self.setup.tls => State::AskTls,
            () => State::AskServer,
        };
    }

    /// Answer to [`Question::TryTls`].
    pub fn try_tls(&mut self, yes: bool) {
        if yes {
            self.command(&[b"STARTTLS"]);
            self.state = State::StartTls;
        } else {
            self.verify = "CLEAR";
            self.state = State::AskServer;
        }
    }

    /// The handshake is done.
    pub fn secured(&mut self) {
        self.secure = true;
        // Nothing that was said in clear counts any more (RFC 3207 4.2).
        self.peer = Peer::default();
        self.say_hello(true);
    }

    /// Answer to [`Question::TlsServer`].
    pub fn tls_server(&mut self, verdict: Result<(), Status>) {
        match verdict {
            Ok(()) if self.doomed => self.quit(),
            Ok(()) if self.peer.auth.is_empty() => self.state = State::Idle,
            Ok(()) => self.state = State::AskAuth,
            Err(status) => self.refuse(status),
        }
    }

    /// Starts a transaction. Only in an idle session; otherwise everything in it is deferred.
    pub fn begin(&mut self, transaction: Transaction) {
        self.results = vec![None; transaction.recipients.len()];
        self.waiting.clear();
        self.transaction = transaction;
        if self.state != State::Idle {
            return self.lost(&Lost::Reset);
        }
        if self.unproven {
            self.command(&[b"RSET"]);
            self.say_mail();
            self.state = State::ResetMail;
        } else if self.setup.verbose && self.peer.verb {
            // Once is enough.
            self.peer.verb = false;
            self.command(&[b"VERB"]);
            self.state = State::Verb;
        } else {
            self.say_mail();
        }
    }

    fn say_mail(&mut self) {
        let mail = self.transaction.mail_command(&self.peer);
        self.command(&[&mail]);
        self.state = State::Mail;
    }

    /// What became of the recipients of the last transaction, in their order; to be asked for when the session is idle or closed.
    pub fn take_results(&mut self) -> Vec<Status> {
        let open = Lost::Reset.status(&self.setup.host);
        std::mem::take(&mut self.results).into_iter().map(|r| r.unwrap_or_else(|| open.clone())).collect()
    }

    /// The server refused everything that is still open.
    fn refuse_rest(&mut self, step: Step, reply: &WireReply) {
        let command = match step {
            Step::Mail => self.transaction.mail_command(&self.peer),
            Step::Rcpt => Vec::new(),
            _ => b"DATA".to_vec(),
        };
        let status = refusal(step, reply, self.peer.codes, &command);
        for result in self.results.iter_mut().filter(|r| r.is_none()) {
            *result = Some(status.clone());
        }
        self.doom(reply);
        self.state = State::Idle;
        if self.doomed {
            self.quit();
        }
    }

    fn mail_reply(&mut self, reply: &WireReply) {
        if reply.class() != 2 {
            return self.refuse_rest(Step::Mail, reply);
        }
        if self.transaction.recipients.is_empty() {
            self.state = State::Idle;
            return;
        }
        self.state = State::Rcpt(0);
        self.sent = 0;
        self.send_rcpts();
    }

    /// Sends the next RCPT, or as many as may be under way at once; then DATA goes with the last.
    fn send_rcpts(&mut self) {
        let all = self.transaction.recipients.len();
        let end = if self.peer.pipelining { all.min(self.sent + TOGETHER) } else { all.min(self.sent + 1) };
        for at in self.sent..end {
            let command = self.transaction.rcpt_command(at, &self.peer);
            self.command(&[&command]);
        }
        self.sent = end;
        if self.peer.pipelining && end == all {
            self.command(&[b"DATA"]);
        }
    }

    fn rcpt_reply(&mut self, at: usize, reply: &WireReply) {
        if reply.class() == 2 {
            self.waiting.push(at);
        } else if reply.code == 421 {
            return self.refuse_rest(Step::Rcpt, reply);
        } else {
            let command = self.transaction.rcpt_command(at, &self.peer);
            self.results[at] = Some(refusal(Step::Rcpt, reply, self.peer.codes, &command));
        }
        let following = at + 1;
        if following < self.transaction.recipients.len() {
            self.state = State::Rcpt(following);
            if following == self.sent {
                self.send_rcpts();
            }
        } else if self.peer.pipelining {
            self.state = State::Data;
        } else if self.waiting.is_empty() {
            self.state = State::Idle;
        } else {
            self.command(&[b"DATA"]);
            self.state = State::Data;
        }
    }

    fn data_reply(&mut self, reply: &WireReply) {
        match reply.code {
            354 => self.state = State::Body,
            _ => {
                self.refuse_rest(Step::Data, reply);
                // For good: the next transaction begins from nothing.
                if reply.class() != 4 && self.state == State::Idle {
                    self.reset();
                }
            }
        }
    }

    /// Whether anybody wants the message: a pipelined DATA may have been accepted with no recipient, then only the dot goes.
    pub fn has_message(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The message and its dot are written.
    pub fn written(&mut self) {
        self.state = State::Final(0);
        if self.waiting.is_empty() && self.setup.lmtp {
            // No recipient, no reply (RFC 2033 4.2); a server that took DATA all the same is not to be trusted further.
            self.quit();
        }
    }

    fn final_reply(&mut self, at: usize, reply: &WireReply) {
        let codes = self.peer.codes;
        let of_reply = |lmtp| match reply.class() {
            2 => accepted(reply, codes, lmtp),
            _ => refusal(Step::Dot, reply, codes, b"DATA"),
        };
        self.doom(reply);
        if !self.setup.lmtp {
            let mut status = of_reply(false);
            status.relays_dsn = status.is_success() && self.peer.dsn;
            for at in &self.waiting {
                self.results[*at] = Some(status.clone());
            }
            self.state = State::Idle;
        } else {
            if let Some(recipient) = self.waiting.get(at) {
                self.results[*recipient] = Some(of_reply(true));
            }
            if reply.code == 421 {
                return self.refuse_rest(Step::Dot, reply);
            }
            let more = at + 1 < self.waiting.len();
            self.state = if more { State::Final(at + 1) } else { State::Idle };
        }
        if self.doomed && self.state == State::Idle {
            self.quit();
        }
    }

    /// Asks with RSET whether an idle session still stands.
    pub fn reset(&mut self) {
        if self.state == State::Idle {
            self.command(&[b"RSET"]);
            self.state = State::Reset;
        }
    }

    /// Has the next transaction begin with that RSET, in one go with its MAIL; false where the server does not offer PIPELINING.
    pub fn reset_with_next(&mut self) -> bool {
        self.unproven = self.state == State::Idle && self.peer.pipelining;
        self.unproven
    }

    /// True when a kept session turned out to be of no use, before anything was done in it.
    pub fn was_dead(&self) -> bool {
        self.unproven && self.state == State::Closed
    }

    /// Says goodbye.
    pub fn quit(&mut self) {
        if self.state != State::Quit {
            self.command(&[b"QUIT"]);
            self.state = State::Quit;
        }
    }
}

#[cfg(test)]
mod tests;
