//! What a session knows. One owner at a time: the session between commands, the pool while a question is out.

use super::collect::Collector;
use super::facts::{ConnectionFacts, Peer};
use super::features::Features;
use super::settings::Settings;
use crate::cf::Macros;
use crate::envelope::{Envelope, IdGenerator, QueueId};
use crate::log;
use crate::reply::Reply;
use crate::route::Known;
use crate::sasl::Exchange;
use crate::service::{Clock, Services, SystemClock};
use crate::tls::TlsFacts;
use std::sync::Arc;

/// Counters behind the limits and slow-downs.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counters {
    pub bad: u32,
    pub noop: u32,
    pub helo: u32,
    pub verify: u32,
    pub verb: u32,
    pub etrn: u32,
    pub auth: u32,
}

/// A mail transaction: from MAIL's 250 to the end of DATA or a reset.
pub(super) struct Transaction {
    /// The envelope so far.
    pub envelope: Envelope,
    /// The macros of the envelope, over those of the session.
    pub macros: Macros,
    /// The sender as MAIL gave it.
    pub sender_given: Vec<u8>,
    /// MAIL or RCPT said discard.
    pub discard: bool,
    /// Recipients refused.
    pub bad_recipients: u32,
    /// The recipients by their targets.
    pub known: Known,
    /// The text that comes in.
    pub collector: Option<Collector>,
    /// `BODY=` as written, for the log.
    pub body_given: Option<Vec<u8>>,
}

/// The state of a session.
pub(super) struct State {
    pub settings: Arc<Settings>,
    pub facts: Arc<ConnectionFacts>,
    pub features: Features,
    /// Macros of the session, over those of the configuration.
    pub macros: Macros,
    /// `name [address]`, as logs and replies show the client.
    pub client: Vec<u8>,
    /// The client's name alone, or `[address]` (`${client_name}`).
    pub client_name: Vec<u8>,
    /// The identifier of the envelope under way or to come.
    pub id: Option<QueueId>,
    /// The user that the client's RFC 1413 server named.
    pub ident: Option<Vec<u8>>,
    /// The argument of HELO or EHLO.
    pub helo: Option<Vec<u8>>,
    /// EHLO was used.
    pub extended: bool,
    /// Every command but a few is answered with this.
    pub rejected: Option<Reply>,
    /// check_relay said discard.
    pub discard: bool,
    /// check_relay quarantined the session's messages.
    pub quarantine: Option<Vec<u8>>,
    pub counters: Counters,
    /// The greeting is out.
    pub greeted: bool,
    /// A command was executed since the greeting or since TLS began.
    pub spoke: bool,
    /// MAIL, EXPN, VRFY or ETRN was given.
    pub did_something: bool,
    /// What the session did last, for `lost input channel ... after X`.
    pub last: &'static str,
    pub tls: Option<Box<TlsFacts>>,
    /// AUTH succeeded; `${auth_*}` say who.
    pub authenticated: bool,
    pub exchange: Option<(String, Box<dyn Exchange>)>,
    pub transaction: Option<Box<Transaction>>,
    /// Mechanisms to offer now.
    pub mechanisms: Vec<String>,
    /// The command whose delay has been paid is being done again.
    pub paid: bool,
    /// Commands of this session have waited for the load.
    pub delayed: bool,
    /// The command being done again has waited for the load only.
    pub waited: bool,
    /// VERB was given.
    pub verbose: bool,
    /// Steps of the AUTH exchange under way.
    pub auth_steps: u32,
    /// Time and identifiers, known from the first question on.
    sources: Option<Sources>,
}

struct Sources {
    clock: Arc<dyn Clock>,
    ids: Arc<IdGenerator>,
}

impl State {
    pub(super) fn new(facts: Arc<ConnectionFacts>, settings: Arc<Settings>, macros: Macros) -> State {
        let features = Features::new(&settings, &facts);
        let client = match &facts.peer {
            Peer::Net(socket) => format!("[{}]", super::facts::address_text(socket.ip())).into_bytes(),
            Peer::User { name, .. } => [name.as_slice(), b"@localhost"].concat(),
        };
        State {
            settings,
            facts,
            features,
            macros,
            client_name: client.clone(),
            client,
            id: None,
            ident: None,
            helo: None,
            extended: false,
            rejected: None,
            discard: false,
            quarantine: None,
            counters: Counters::default(),
            greeted: false,
            spoke: false,
            did_something: false,
            last: "startup",
            tls: None,
            authenticated: false,
            exchange: None,
            transaction: None,
            mechanisms: Vec::new(),
            paid: false,
            delayed: false,
            waited: false,
            verbose: false,
            auth_steps: 0,
            sources: None,
        }
    }

    /// What stands before this session's log records.
    pub(super) fn log_id(&self) -> log::Id<'_> {
        self.id.as_ref().map_or(log::Id::None, log::Id::Queue)
    }

    /// `SMTP`, `ESMTP`, `ESMTPS`, `ESMTPA`, `ESMTPSA` (RFC 3848).
    pub(super) fn protocol(&self) -> &'static str {
        match (self.extended, self.tls.is_some(), self.authenticated) {
            (true, true, true) => "ESMTPSA",
            (true, true, false) => "ESMTPS",
            (true, false, true) => "ESMTPA",
            (true, false, false) => "ESMTP",
            (false, _, _) => "SMTP",
        }
    }

    /// Our name, for replies.
    pub(super) fn host(&self) -> String {
        String::from_utf8_lossy(&self.settings.host).into_owned()
    }

    /// Seconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.sources.as_ref().map_or_else(|| SystemClock.now(), |s| s.clock.now()).0
    }

    /// The identifier for the envelope under way or to come.
    pub(super) fn queue_id(&mut self, services: &Services) -> QueueId {
        if self.sources.is_none() {
            self.sources = Some(Sources { clock: Arc::clone(&services.clock), ids: Arc::clone(&services.ids) });
        }
        let now = self.now();
        self.id.get_or_insert_with(|| services.ids.next(super::dates::id_fields(now))).clone()
    }

    /// What comes next is another envelope.
    pub(super) fn renew_id(&mut self) {
        let now = self.now();
        self.id = self.sources.as_ref().map(|s| s.ids.next(super::dates::id_fields(now)));
    }

    /// After STARTTLS all that the client said before is forgotten (RFC 3207 4.2).
    pub(super) fn begin_again(&mut self) {
        self.helo = None;
        self.extended = false;
        self.transaction = None;
        self.authenticated = false;
        self.exchange = None;
        self.spoke = false;
        self.counters.helo = 0;
        self.macros.set("s", &self.client_name);
        for name in ["{auth_authen}", "{auth_author}", "{auth_type}", "{auth_ssf}"] {
            self.macros.unset(name);
        }
    }
}
