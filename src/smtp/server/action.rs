//! What a session wants done, and how it asks.

use super::state::State;
use crate::cf::Config;
use crate::envelope::Envelope;
use crate::reply::Reply;
use crate::tls::TlsFacts;
use crate::tls::server::Wishes;
use std::time::Duration;

/// What the owner of the connection has to do next, in order.
pub enum Action {
    /// Write these octets to the client.
    Write(Vec<u8>),
    /// Ask the client's RFC 1413 server for this long, then [`super::Session::identified`].
    Ident(Duration),
    /// Have [`super::policy::answer`] work on this (it may block) and give the answer to [`super::Session::answer`].
    Ask(Question),
    /// Write what is due, then do the TLS handshake as server; then [`super::Session::tls_established`] or
    /// [`super::Session::tls_failed`]. Input that came before the handshake is gone already.
    StartTls {
        /// Ask the client for a certificate.
        request_certificate: bool,
        /// What `tls_srv_features` asks for.
        wishes: Box<Wishes>,
    },
    /// Call [`super::Session::wake`] after this time; input may be given in meanwhile.
    Sleep(Duration),
    /// From now on wait so long for input; when none comes call [`super::Session::timeout`].
    Timeout(Duration),
    /// The process or thread title: `sendmail: ID client: state`.
    Title(String),
    /// A message was accepted (and the client told so): hand it to [`crate::service::Scheduler::submit`].
    Submit(Box<Envelope>),
    /// Write what is due and close the connection; nothing follows.
    Close,
}

/// A question on its way to a pool, with the session's state, which nobody else can touch meanwhile.
pub struct Question {
    pub(super) ask: Ask,
    pub(super) state: Box<State>,
}

/// An answer on its way back.
pub struct Answer {
    pub(super) state: Box<State>,
    pub(super) flow: Flow,
    pub(super) submit: Option<Box<Envelope>>,
}

impl Question {
    /// True when the answer needs no look-up and no disk, so that it can be given where the question is heard.
    pub fn is_quick(&self, config: &Config) -> bool {
        let undefined = |name: &str| {
            let set = config.rulesets.find(name).and_then(|id| config.rulesets.get(id));
            set.is_none_or(|set| set.rules.is_empty())
        };
        matches!(self.ask, Ask::Data) && undefined("check_data")
    }
}

impl Answer {
    /// The message that was accepted, for whoever takes it upon himself to hand it to the scheduler.
    pub fn take_envelope(&mut self) -> Option<Box<Envelope>> {
        self.submit.take()
    }
}

/// What can be asked.
#[derive(Debug)]
pub(super) enum Ask {
    /// A connection was made: who is it, may it speak, how long must it wait.
    Connect,
    /// MAIL's argument after `FROM:`.
    Mail(Vec<u8>),
    /// RCPT's argument after `TO:`.
    Rcpt(Vec<u8>),
    /// DATA.
    Data,
    /// A part of the message, and more to come.
    Part(Vec<u8>),
    /// The last part of the message.
    End {
        /// The text.
        text: Vec<u8>,
        /// What was wrong with its framing.
        refused: Option<Framing>,
    },
    /// The input ended inside a message: what came since the last part, and why.
    Lost(Vec<u8>, &'static str),
    /// VRFY (false) or EXPN (true) with its argument.
    Verify(bool, Vec<u8>),
    /// ETRN's argument.
    Etrn(Vec<u8>),
    /// HELP's topic.
    Help(Vec<u8>),
    /// AUTH: mechanism and initial response.
    AuthStart(String, Option<zeroize::Zeroizing<Vec<u8>>>),
    /// AUTH: the client's next response.
    AuthStep(zeroize::Zeroizing<Vec<u8>>),
    /// STARTTLS.
    StartTls,
    /// TLS stands.
    Tls(Box<TlsFacts>),
}

/// Why the text of a message ended: no more of it came in time.
pub(super) const READ_TIMEOUT: &str = "read timeout";

/// Framing faults of message text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// Bare LF.
    Lf,
    /// Bare CR.
    Cr,
}

/// How a session goes on after a command or an answer.
#[derive(Debug)]
pub(super) enum Flow {
    /// Reply and read the next command.
    Reply(Reply),
    /// Nothing to say; read on (the next part of a message, the next command).
    Go,
    /// Ask, then go on as the answer says.
    Ask(Ask),
    /// Wait, then do the same command again with its delay paid.
    Delay(Duration),
    /// Wait for silence before the greeting, then send it.
    Pause(Duration, Reply),
    /// 354: the message follows.
    Collect(Reply),
    /// 334: the next line is an answer to this challenge.
    Challenge(Vec<u8>),
    /// 220 (nothing, where TLS comes first of all): TLS follows.
    StartTls(Option<Reply>, Box<Wishes>),
    /// Reply and close.
    Close(Reply),
    /// Close without a word.
    Hangup,
}
