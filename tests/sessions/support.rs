//! A site for the SMTP engine: a configuration, users and aliases from lists, a queue in memory, a clock that stands still.

use crate::common::{Nothing, services};
use postrider::alias::Aliases;
use postrider::cf::system::Fixed;
use postrider::cf::{Config, LoadOptions};
use postrider::dns::{FakeResolver, Resolver};
use postrider::envelope::{Body, Envelope, IdGenerator, QueueId};
use postrider::map::{MapEnv, MapSet};
use postrider::queue::Selection;
use postrider::queue::store::{Held, Shortage, Spool, Store, StoreError};
use postrider::rewrite::service::Lookup;
use postrider::sasl::native::Native;
use postrider::sasl::passwords::{Check, Passwords};
use postrider::service::{Clock, Services};
use postrider::smtp::server::settings::Settings;
use postrider::smtp::server::{Action, ConnectionFacts, Session, policy};
use postrider::tls::TlsFacts;
use postrider::user::{Unavailable, User, Users};
use std::sync::{Arc, Mutex};

/// Names and right-hand sides.
pub struct Table(pub Vec<(&'static str, &'static str)>);

impl Aliases for Table {
    fn lookup(&self, name: &[u8]) -> Lookup {
        let hit = self.0.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(name));
        hit.map_or(Lookup::NotFound, |(_, v)| Lookup::Found(v.as_bytes().to_vec()))
    }
}

/// Accounts by name; passwords are the names backwards.
pub struct Accounts(pub Vec<&'static str>);

impl Users for Accounts {
    fn by_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable> {
        let hit = self.0.iter().position(|n| n.as_bytes() == name);
        Ok(hit.map(|n| User {
            name: name.to_vec(),
            uid: 1000 + n as u32,
            gid: 1000,
            full_name: Vec::new(),
            home: "/nonexistent".into(),
            shell: "/bin/sh".into(),
        }))
    }
    fn by_uid(&self, _: u32) -> Result<Option<User>, Unavailable> {
        Ok(None)
    }
}

impl Passwords for Accounts {
    fn check(&self, user: &[u8], password: &[u8]) -> Check {
        let backwards: Vec<u8> = user.iter().rev().copied().collect();
        match self.0.iter().any(|n| n.as_bytes() == user) {
            true if backwards == password => Check::Good,
            true => Check::Bad,
            false => Check::NoUser,
        }
    }
}

/// Messages committed, with their bodies; `full` makes the disk full.
#[derive(Default)]
pub struct Memory {
    pub committed: Mutex<Vec<Envelope>>,
    pub full: std::sync::atomic::AtomicBool,
    /// What `MinFreeBlocks` says.
    pub short: Mutex<Option<Shortage>>,
}

struct Buffer(Vec<u8>);

impl std::io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Spool for Buffer {
    fn finish(self: Box<Self>) -> Result<Body, StoreError> {
        Ok(Body::Memory(self.0.into()))
    }
}

impl Store for Memory {
    fn spool(&self, _: &QueueId) -> Result<Box<dyn Spool>, StoreError> {
        Ok(Box::new(Buffer(Vec::new())))
    }
    fn commit(&self, envelope: &Envelope) -> Result<(), StoreError> {
        if self.full.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(StoreError::NoSpace(std::io::ErrorKind::StorageFull.into()));
        }
        self.committed.lock().unwrap().push(envelope.clone());
        Ok(())
    }
    fn update(&self, _: &Envelope) -> Result<(), StoreError> {
        Ok(())
    }
    fn remove(&self, _: &Envelope) -> Result<(), StoreError> {
        Ok(())
    }
    fn release(&self, _: &QueueId) {}
    fn take(&self, _: &QueueId) -> Result<Option<Held>, StoreError> {
        Ok(None)
    }
    fn shortage(&self) -> Option<Shortage> {
        self.short.lock().unwrap().clone()
    }
    fn list(&self, _: &Selection) -> Result<Vec<QueueId>, StoreError> {
        Ok(Vec::new())
    }
}

struct Still;

impl Clock for Still {
    fn now(&self) -> (i64, u32) {
        (1_795_363_920, 0)
    }
}

/// A site.
pub struct Site {
    pub services: Services,
    pub store: Arc<Memory>,
    pub settings: Arc<Settings>,
}

impl Site {
    /// A site with the configuration `cf`, these aliases and users.
    pub fn new(cf: &[u8], resolver: FakeResolver, aliases: Table, users: Vec<&'static str>) -> Site {
        let system = Fixed { host: "mail.example.test".into() };
        let (config, _) = Config::parse(cf, "test.cf", &LoadOptions::new(&system));
        let config = Arc::new(config);
        let resolver: Arc<dyn Resolver> = Arc::new(resolver);
        let accounts = Arc::new(Accounts(users));
        let (maps, _) = MapSet::open(&config.maps, MapEnv::new(resolver.clone(), accounts.clone()));
        let store = Arc::new(Memory::default());
        let nothing = Arc::new(Nothing);
        let services = Services {
            auth: Arc::new(Native::new(Some(accounts.clone()))),
            store: store.clone(),
            clock: Arc::new(Still),
            ids: Arc::new(IdGenerator::new(366, 61)),
            ..services(config.clone(), Arc::new(aliases), accounts, nothing, Arc::new(maps), resolver)
        };
        let settings = Arc::new(Settings::new(&config, true));
        Site { services, store, settings }
    }

    /// The same site with other settings.
    pub fn with(mut self, change: impl FnOnce(&mut Settings)) -> Site {
        change(Arc::make_mut(&mut self.settings));
        self
    }

    /// A correct transaction in a session of its own succeeds.
    pub fn still_serves(&self) -> bool {
        let mut talk = self.session(super::facts("127.0.0.1"));
        let before = self.store.committed.lock().unwrap().len();
        for line in [
            "EHLO fresh.example.net",
            "MAIL FROM:<a@localhost>",
            "RCPT TO:<bob>",
            "DATA",
            "Subject: ok\r\n\r\nfine\r\n.",
        ] {
            let said = talk.send(format!("{line}\r\n").as_bytes());
            if !matches!(said.first(), Some(b'2' | b'3')) {
                return false;
            }
        }
        self.store.committed.lock().unwrap().len() == before + 1
    }

    /// A session, its greeting still to come.
    pub fn session(&self, facts: ConnectionFacts) -> Talk<'_> {
        let session = Session::new(facts, self.settings.clone(), self.services.config.layer());
        let mut talk = Talk { site: self, session, written: Vec::new(), slept: 0, closed: false };
        talk.pump();
        talk
    }
}

thread_local! {
    static LINES: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

struct Kept;

impl log::Log for Kept {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }
    fn log(&self, record: &log::Record<'_>) {
        LINES.with_borrow_mut(|l| l.push(record.args().to_string()));
    }
    fn flush(&self) {}
}

/// Keeps the log of the sessions of this thread, for [`logged`].
pub fn keep_log() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        log::set_logger(&Kept).unwrap();
        log::set_max_level(log::LevelFilter::Trace);
        postrider::log::set_level(15);
    });
}

/// The records since the last call.
pub fn logged() -> Vec<String> {
    LINES.take()
}

/// A session under way.
pub struct Talk<'a> {
    site: &'a Site,
    session: Session,
    /// What the server wrote and nobody read yet.
    pub written: Vec<u8>,
    /// Seconds that the session would have slept.
    pub slept: u64,
    /// The session is over.
    pub closed: bool,
}

impl Talk<'_> {
    /// The client sends `bytes`; gives what the server says.
    pub fn send(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.session.input(bytes);
        self.pump();
        std::mem::take(&mut self.written)
    }

    /// The client goes away.
    pub fn hang_up(&mut self) {
        self.session.eof();
        self.pump();
    }

    fn pump(&mut self) {
        while let Some(action) = self.session.next() {
            match action {
                Action::Write(bytes) => self.written.extend_from_slice(&bytes),
                Action::Ask(question) => self.session.answer(policy::answer(question, &self.site.services)),
                Action::Ident(_) => self.session.identified(b""),
                Action::StartTls { .. } => self.session.tls_established(TlsFacts {
                    version: "TLSv1.3".into(),
                    cipher: "TLS_AES_256_GCM_SHA384".into(),
                    bits: 256,
                    algorithm_bits: 256,
                    verify: "NO".into(),
                    verify_message: "ok".into(),
                    ..TlsFacts::default()
                }),
                Action::Sleep(time) => {
                    self.slept += time.as_secs();
                    self.session.wake();
                }
                Action::Timeout(_) | Action::Title(_) | Action::Submit(_) => {}
                Action::Close => self.closed = true,
            }
        }
    }
}
