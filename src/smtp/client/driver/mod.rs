//! The client over blocking sockets: from host to host, and through a session with one.

mod connect;

use super::cache::Key;
use super::hosts::{Finder, Host};
use super::outcome::Lost;
use super::policy::Policy;
use super::session::{Next, Question, Session};
use super::settings::seconds;
use super::status::Memory;
use super::transaction::{Rcpt, Transaction};
use super::wire::Wire;
use super::{ConnectionCache, Transcript};
use crate::cf::{Config, Mailer};
use crate::deliver::message::{Message, Options};
use crate::envelope::{BodyType, DeliverBy, Envelope, Status};
use crate::log::client as log;
use crate::log::traffic::{self, Kind, Tap};
use crate::service::Services;
use crate::text::Line;
use crate::tls::TlsFacts;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// `EX_NOHOST` of sysexits(3).
const NO_HOST: u8 = 68;

/// An open connection with its session.
pub(super) struct Connection {
    wire: Wire,
    session: Session,
    /// The host's name in texts.
    shown: String,
    /// `name [address]`, for `relay=`.
    relay: Line,
    /// The bare name, for `${server_name}`.
    name: Vec<u8>,
    /// The address, for `${server_addr}`.
    address: Vec<u8>,
    facts: Option<TlsFacts>,
    messages: i64,
    quit_limit: Duration,
}

impl Connection {
    /// Says goodbye and closes.
    pub(super) fn end(mut self, mut verbose: Option<&mut dyn Transcript>) {
        if let Some(verbose) = verbose.as_mut() {
            verbose.line(format!("Closing connection to {}", self.shown).as_bytes());
        }
        self.session.quit();
        let limit = self.quit_limit;
        if let Next::Send(bytes, _) = self.session.next() {
            if let Some(verbose) = verbose.as_mut() {
                verbose.line(b">>> QUIT");
            }
            traffic::line(Kind::Out, b"QUIT");
            let mut show = |line: &[u8]| {
                received(line);
                if let Some(verbose) = verbose.as_mut() {
                    verbose.line(line);
                }
            };
            if self.wire.send(&bytes, limit).is_ok() {
                let _ = self.wire.reply(limit, &mut show);
            }
        }
    }
}

/// Hands `env` to the recipients `rcpts` (indexes), who all have this mailer and host (`$h`). One status each, in
/// order. Blocks.
pub fn deliver(
    svc: &Services,
    pool: &ConnectionCache,
    env: &Envelope,
    mailer: usize,
    host: &[u8],
    rcpts: &[usize],
    verbose: Option<&mut dyn Transcript>,
) -> Vec<Status> {
    let Some(description) = svc.config.mailers.get(mailer) else {
        return vec![Status::new((5, 3, 5), 78, "Local configuration error"); rcpts.len()];
    };
    let limit = u64::try_from(description.max_size).unwrap_or(0);
    if limit > 0 && env.size > limit {
        let mut status = Status::new((5, 3, 4), 69, "Service unavailable");
        let text = format!("552 5.2.3 Message is too large; {limit} bytes max");
        status.transcript.push(Line::cleaned(text.as_bytes()));
        return vec![status; rcpts.len()];
    }
    let options = Options { eight_bit: false };
    let now = svc.clock.now().0;
    let ready = Message::new(&svc.config, svc.maps.as_ref(), env, mailer, rcpts, options, now);
    let Ok(message) = ready else {
        return vec![Status::new((4, 3, 0), 75, "I/O error"); rcpts.len()];
    };
    let to: Vec<&[u8]> = rcpts
        .iter()
        .filter_map(|r| env.recipients.get(*r))
        .map(|r| crate::deliver::message::bare(&r.address))
        .collect();
    let mut run = Run {
        svc,
        pool,
        env,
        config: &svc.config,
        mailer: description,
        index: mailer,
        rcpts,
        to: to.join(&b","[..]),
        verbose,
        message,
        now,
        clear_only: false,
    };
    run.deliver(host)
}

struct Run<'a, 'v> {
    svc: &'a Services,
    pool: &'a ConnectionCache,
    env: &'a Envelope,
    config: &'a Config,
    mailer: &'a Mailer,
    index: usize,
    rcpts: &'a [usize],
    /// The recipients, for `-v`.
    to: Vec<u8>,
    verbose: Option<&'v mut dyn Transcript>,
    message: Message<'a>,
    now: i64,
    /// A handshake failed: no STARTTLS this time.
    clear_only: bool,
}

impl Run<'_, '_> {
    fn all(&self, status: &Status) -> Vec<Status> {
        vec![status.clone(); self.rcpts.len()]
    }

    fn show(&mut self, line: &[u8]) {
        if let Some(verbose) = self.verbose.as_mut() {
            verbose.line(line);
        }
    }

    fn announce(&mut self, what: &str) {
        let line = [self.to.as_slice(), b"... ", what.as_bytes()].concat();
        self.show(&line);
    }

    /// Tries one host after the other, each with the recipients that may still do better there: a temporary answer, or none, is
    /// worth a look at the next host, and so is a host that refuses everybody at once. The last word counts.
    fn deliver(&mut self, host: &[u8]) -> Vec<Status> {
        let env = self.env;
        let config = self.config;
        let finder = Finder {
            config,
            resolver: self.svc.resolver.as_ref(),
            points_back: &|domain, host| log::mx_points_back(&env.id, domain, host),
        };
        let mut macros = self.message.macros().clone();
        macros.set("h", host);
        let mut last_resort = finder.last_resort(self.mailer, &macros);
        let mut hosts = match finder.find(self.mailer, &macros, host) {
            Ok(hosts) => VecDeque::from(hosts),
            Err(status) if status.exit == NO_HOST && last_resort.is_some() => VecDeque::new(),
            Err(status) => return self.all(&status),
        };
        let started = Instant::now();
        let whole = seconds(config.options.timeouts.aconnect);
        let mut results: Vec<Option<Status>> = vec![None; self.rcpts.len()];
        let mut open: Vec<usize> = (0..self.rcpts.len()).collect();
        while !open.is_empty() {
            let nowhere = open.iter().all(|at| results[*at].as_ref().is_none_or(|s| s.exit == NO_HOST));
            let Some(host) = hosts.pop_front().or_else(|| last_resort.take().filter(|_| nowhere)) else { break };
            if results.iter().any(Option::is_some) && !whole.is_zero() && started.elapsed() >= whole {
                break;
            }
            let ignore = self.mailer.flags.has(b'W');
            let memory = match Memory::of(&config.options, &host, self.now, ignore) {
                Ok(memory) => memory,
                Err(status) => {
                    for at in &open {
                        results[*at] = Some(worse(results[*at].take(), status.clone()));
                    }
                    continue;
                }
            };
            match self.hand_over(&finder, &host, &open) {
                Ok(answers) => {
                    memory.keep(&answers, self.now);
                    open = open.into_iter().zip(answers).fold(Vec::new(), |mut left, (at, status)| {
                        if status.is_transient() {
                            left.push(at);
                        }
                        results[at] = Some(status);
                        left
                    });
                }
                Err(status) => {
                    memory.keep(std::slice::from_ref(&status), self.now);
                    for at in &open {
                        results[*at] = Some(worse(results[*at].take(), status.clone()));
                    }
                }
            }
        }
        let unknown = || Status::new((5, 1, 2), NO_HOST, "Host unknown");
        results.into_iter().map(|status| status.unwrap_or_else(unknown)).collect()
    }

    fn key(&self, host: &Host) -> Key {
        Key { mailer: self.index, place: host.place.clone() }
    }

    /// Gives the message to the recipients at the positions `open`; then the connection is kept or ended.
    fn hand_over(&mut self, finder: &Finder<'_>, host: &Host, open: &[usize]) -> Result<Vec<Status>, Status> {
        let (mut connection, results) = loop {
            let mut connection = self.session(finder, host)?;
            let results = self.transact(&mut connection, open);
            // A kept one was taken out of the pool, so this ends.
            if !connection.session.was_dead() {
                break (connection, results);
            }
        };
        connection.messages += 1;
        let more = self.mailer.max_messages <= 0 || connection.messages < self.mailer.max_messages;
        if !(connection.session.is_reusable() && more) {
            self.finish(connection);
            return Ok(results);
        }
        let options = &self.config.options;
        match usize::try_from(options.connection_cache_size).unwrap_or(0) {
            0 => connection.end(self.verbose.as_mut().map(|v| &mut **v as &mut dyn Transcript)),
            size => {
                let idle = seconds(options.connection_cache_timeout.secs());
                self.pool.keep(self.key(host), connection, size, idle);
            }
        }
        Ok(results)
    }

    /// Does what the session asks until it is idle or closed. `Err`: the connection was lost.
    fn drive(&mut self, connection: &mut Connection) -> Result<(), Lost> {
        let block = seconds(self.config.options.timeouts.datablock);
        loop {
            let done = match connection.session.next() {
                Next::Idle | Next::Closed => return Ok(()),
                Next::Send(bytes, secret) => {
                    for line in bytes.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                        let line = line.strip_suffix(b"\r").unwrap_or(line);
                        let line = if secret { line.get(..5).filter(|l| *l == b"AUTH ").unwrap_or(b"*") } else { line };
                        log::trace(&self.env.id, "<--", line);
                        self.show(&[b">>> ", line].concat());
                        traffic::line(Kind::Out, line);
                    }
                    connection.wire.send(&bytes, block)
                }
                Next::Read(limit) => {
                    let verbose = &mut self.verbose;
                    let id = &self.env.id;
                    let mut each = |line: &[u8]| {
                        log::trace(id, "---", line);
                        received(line);
                        if let Some(verbose) = verbose.as_mut() {
                            verbose.line(line);
                        }
                    };
                    connection.wire.reply(limit, &mut each).map(|reply| connection.session.reply(&reply))
                }
                Next::Handshake(limit) => self.handshake(connection, limit),
                Next::Ask(question) => {
                    self.answer(connection, question);
                    Ok(())
                }
                Next::Body(limit) => self.body(connection, limit),
            };
            if let Err(lost) = done {
                connection.session.lost(&lost);
                return Err(lost);
            }
        }
    }

    fn handshake(&mut self, connection: &mut Connection, limit: Duration) -> Result<(), Lost> {
        let context = self.pool.context(self.config).ok_or(Lost::Tls)?;
        let name = std::str::from_utf8(&connection.name).ok().filter(|n| !n.starts_with('[') && !n.is_empty());
        if let Err(reason) = connection.wire.start_tls(&context, name, limit) {
            log::starttls_failed(&self.env.id, &connection.shown, &reason);
            return Err(Lost::Tls);
        }
        let digest = self.config.options.cert_fingerprint_algorithm.as_bytes();
        let digest = String::from_utf8_lossy(digest).into_owned();
        let facts = connection.wire.tls().map(|ssl| TlsFacts::of(ssl, &digest, true)).unwrap_or_default();
        log::starttls(&self.env.id, &connection.shown, &facts);
        log::starttls_certificate(&self.env.id, &facts);
        connection.facts = Some(facts);
        connection.session.secured();
        Ok(())
    }

    fn policy<'p>(&'p self, connection: &Connection, relay: &'p str) -> Policy<'p> {
        let mut macros = self.message.macros().clone();
        macros.set("{server_name}", &connection.name);
        macros.set("{server_addr}", &connection.address);
        if let Some(facts) = &connection.facts {
            facts.set_macros(&mut macros);
        }
        Policy { config: self.config, maps: self.svc.maps.as_ref(), macros, id: &self.env.id, relay }
    }

    fn answer(&mut self, connection: &mut Connection, question: Question) {
        let shown = connection.shown.clone();
        let mut policy = self.policy(connection, &shown);
        let (name, address) = (connection.name.clone(), connection.address.clone());
        match question {
            Question::TryTls => connection.session.try_tls(policy.try_tls(&name)),
            Question::TlsServer => {
                let verify = match &connection.facts {
                    Some(facts) => facts.verify.clone().into_bytes(),
                    None => connection.session.verify().as_bytes().to_vec(),
                };
                connection.session.tls_server(policy.tls_server(&verify));
            }
            Question::AuthInfo => connection.session.auth_info(policy.auth_info(&name, &address)),
        }
    }

    fn transact(&mut self, connection: &mut Connection, open: &[usize]) -> Vec<Status> {
        if let Some(mechanism) = connection.session.authenticated()
            && connection.messages == 0
        {
            log::auth(&self.env.id, &connection.shown, mechanism, 0);
        }
        let shown = connection.shown.clone();
        let mut policy = self.policy(connection, &shown);
        let mut results: Vec<Option<Status>> = Vec::with_capacity(open.len());
        let mut transaction = self.transaction();
        for index in open.iter().filter_map(|at| self.rcpts.get(*at)) {
            let recipient = self.env.recipients.get(*index);
            let Some((recipient, target)) = recipient.and_then(|r| Some((r, r.target.as_ref()?))) else {
                results.push(Some(Status::new((4, 3, 0), 75, "no mailer for this recipient")));
                continue;
            };
            let address = crate::deliver::message::bare(&target.user);
            if let Err(status) = policy.tls_rcpt(address) {
                results.push(Some(status));
                continue;
            }
            results.push(None);
            transaction.recipients.push(Rcpt {
                address: address.to_vec(),
                notify: recipient.notify.explicit.then_some(recipient.notify),
                orcpt: recipient.orcpt.clone(),
            });
        }
        if !transaction.recipients.is_empty() {
            connection.session.begin(transaction);
            let _ = self.drive(connection);
        }
        let mut sent = connection.session.take_results().into_iter();
        let relay = connection.relay.clone();
        let finish = |result: Option<Status>| {
            let status = result.or_else(|| sent.next());
            let mut status = status.unwrap_or_else(|| Lost::Reset.status(&connection.shown));
            status.remote = Some(relay.clone());
            status
        };
        results.into_iter().map(finish).collect()
    }

    fn transaction(&self) -> Transaction {
        let env = self.env;
        let sender = crate::deliver::message::bare(&env.sender);
        let seen = self.message.macros().expanded("g");
        let sender = match sender.is_empty() && !self.mailer.flags.has(b'g') {
            true => Vec::new(),
            false => crate::deliver::message::bare(&seen).to_vec(),
        };
        let eight = env.flags.eight_bit && env.body_type == Some(BodyType::EightBitMime);
        let body = if eight { Some(BodyType::EightBitMime) } else { env.body_type };
        let by = env.deliver_by.map(|by| DeliverBy { seconds: by.seconds - (self.now - env.created), ..by });
        Transaction {
            sender,
            size: env.size,
            body: if self.mailer.flags.has(b'7') { None } else { body },
            ret: env.flags.ret_given.then_some(!env.flags.no_body_return),
            envid: env.envid.clone(),
            auth: env.auth_param.clone(),
            by,
            recipients: Vec::new(),
        }
    }

    /// Writes the message and the final dot.
    fn body(&mut self, connection: &mut Connection, limit: Duration) -> Result<(), Lost> {
        connection.wire.limit(limit);
        let eight_bit = connection.session.peer().eight_bit;
        let wanted = connection.session.has_message();
        let mut out = Tail { wire: &mut connection.wire, held: Vec::new(), tap: traffic::wanted().then(Tap::default) };
        if wanted {
            self.message.set_eight_bit(eight_bit);
            self.message.write(&mut out).map_err(crate::smtp::client::wire::lost)?;
        }
        out.finish(b".\r\n").map_err(crate::smtp::client::wire::lost)?;
        self.show(b">>> .");
        connection.session.written();
        Ok(())
    }

    /// Ends a connection that is of no more use.
    fn finish(&mut self, mut connection: Connection) {
        if connection.session.is_reusable() {
            return connection.end(self.verbose.as_mut().map(|v| &mut **v as &mut dyn Transcript));
        }
        let _ = self.drive(&mut connection);
    }
}

/// A line of a reply, for the traffic log.
fn received(line: &[u8]) {
    if traffic::wanted() {
        traffic::line(Kind::In, &[line, b"\r"].concat());
    }
}

/// Collects what is written, so that a small message goes out in one piece with its dot.
struct Tail<'a> {
    wire: &'a mut Wire,
    held: Vec<u8>,
    /// For the traffic log.
    tap: Option<Tap>,
}

impl Tail<'_> {
    fn finish(mut self, end: &[u8]) -> io::Result<()> {
        if let Some(tap) = &mut self.tap {
            tap.feed(Kind::Out, end);
        }
        self.held.extend_from_slice(end);
        self.wire.write_all(&self.held)
    }
}

impl Write for Tail<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(tap) = &mut self.tap {
            tap.feed(Kind::Out, bytes);
        }
        if self.held.len() + bytes.len() > 128 * 1024 {
            self.wire.write_all(&self.held)?;
            self.held.clear();
        }
        self.held.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What counts when a host gave `new` after others gave `old`: a host that is not there takes no hope away.
fn worse(old: Option<Status>, new: Status) -> Status {
    match old {
        Some(old) if old.is_transient() && new.exit == NO_HOST => old,
        _ => new,
    }
}
