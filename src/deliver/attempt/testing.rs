//! For tests: services with a store in a directory and a transport that answers from a table.

use super::*;
use crate::cf::{Config, LoadOptions};
use crate::envelope::{Body, IdGenerator, Origin, QueueId, Recipient, Target};
use crate::header::{Field, Headers};
use crate::queue::Selection;
use crate::queue::files::{FileStore, Settings};
use crate::reply::Reply;
use crate::service::{Clock, Scheduler};
use crate::user::{Unavailable, User, Users};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

pub(crate) const NOW: i64 = 1_795_373_251;

pub(super) struct Turned(pub AtomicI64);
impl Clock for Turned {
    fn now(&self) -> (i64, u32) {
        (self.0.load(Ordering::Relaxed), 0)
    }
}

struct Alice;
impl Users for Alice {
    fn by_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable> {
        Ok((name == b"alice").then(|| User {
            name: b"alice".to_vec(),
            uid: 1000,
            gid: 1000,
            full_name: Vec::new(),
            home: "/home/alice".into(),
            shell: "/bin/sh".into(),
        }))
    }
    fn by_uid(&self, _: u32) -> Result<Option<User>, Unavailable> {
        Ok(None)
    }
}

struct Nothing;
impl crate::alias::Aliases for Nothing {
    fn lookup(&self, _: &[u8]) -> crate::rewrite::service::Lookup {
        crate::rewrite::service::Lookup::NotFound
    }
}
impl crate::sasl::Authenticator for Nothing {
    fn mechanisms(&self, _: &crate::sasl::Facts) -> Vec<String> {
        Vec::new()
    }
    fn start(&self, _: &str, _: &crate::sasl::Facts) -> Option<Box<dyn crate::sasl::Exchange>> {
        None
    }
}
impl crate::deliver::LocalDelivery for Nothing {
    fn deliver(&self, job: crate::deliver::LocalJob) -> Vec<Status> {
        job.recipients.iter().map(|_| Status::new((2, 0, 0), 0, "")).collect()
    }
    fn forward(&self, _: &[u8], _: &[u8]) -> Result<crate::deliver::Found, Status> {
        Err(Status::new((5, 0, 0), 69, "no"))
    }
    fn include(&self, _: &[u8], _: &Origin) -> Result<crate::deliver::Listed, Status> {
        Err(Status::new((5, 0, 0), 69, "no"))
    }
    fn dead_letter(&self, _: &[u8], _: std::fs::File) -> Option<Line> {
        None
    }
}

#[derive(Default)]
pub(super) struct Caught(pub Mutex<Vec<Envelope>>);
impl Scheduler for Caught {
    fn submit(&self, envelope: Envelope) {
        self.0.lock().expect("lock").push(envelope);
    }
    fn run_queue(&self, _: Selection) {}
}

/// Everything without a host is local, all else goes by SMTP.
pub(crate) fn route(svc: &Services, env: &mut Envelope) {
    for r in &mut env.recipients {
        let address = crate::dsn::bare(&r.address).to_vec();
        let host = address.split(|b| *b == b'@').nth(1).unwrap_or_default().to_vec();
        let name: &[u8] = if host.is_empty() { b"local" } else { b"esmtp" };
        let mailer = svc.config.mailer_index(name).expect("mailer");
        r.target = Some(Target { mailer, host: Line::cleaned(&host), user: Line::cleaned(&address), group: None });
    }
}

/// Answers by recipient address; notes what was handed over together.
#[derive(Default)]
pub(super) struct Table {
    pub answers: HashMap<&'static str, Status>,
    pub jobs: Mutex<Vec<Vec<String>>>,
}
impl Transport for Table {
    fn route(&self, svc: &Services, env: &mut Envelope) -> Vec<Envelope> {
        route(svc, env);
        Vec::new()
    }
    fn remote(&self, _: &Services, env: &Envelope, _: usize, _: &Line, recipients: &[usize]) -> Vec<Status> {
        let names: Vec<String> = recipients
            .iter()
            .map(|n| String::from_utf8_lossy(crate::dsn::bare(&env.recipients[*n].address)).into())
            .collect();
        let sent = || Status::new((2, 0, 0), 0, "ok");
        let statuses = names.iter().map(|n| self.answers.get(n.as_str()).cloned().unwrap_or_else(sent)).collect();
        self.jobs.lock().expect("lock").push(names);
        statuses
    }
    fn render(&self, _: &Services, _: &Envelope, _: usize, _: &[usize]) -> std::io::Result<Rendered> {
        let file = crate::sys::scratch::file(0, 1, std::path::Path::new("/tmp"))?;
        Ok(Rendered { file, size: 0, macros: Vec::new(), sender: Line::default() })
    }
}

const CF: &str = "V10/Test
DnMAILER-DAEMON
Djmail.example.test
Cwmail.example.test
DZ1.0
O Timeout.queuewarn=4h
O DefaultUser=1:1
O MinFreeBlocks=0
H?P?Return-Path: <$g>
HReceived: $?sfrom $s $.$?_($?s$|from $.$_)
\t$.by $j ($Z)$?r with $r$. id $i; $b
H?D?Date: $a
H?F?From: $?x$x <$g>$|$g$.
H?M?Message-Id: <$t.$i@$j>
Mlocal, P=/bin/true, F=lsDFMmn, T=DNS/RFC822/X-Unix, A=true $u
Mprog, P=/bin/sh, F=lsDFMo, T=X-Unix/X-Unix/X-Unix, A=sh -c $u
Mesmtp, P=[IPC], F=mDFMuX, r=2, T=DNS/RFC822/SMTP, A=TCP $h
";

pub(crate) struct Bench {
    dir: tempfile::TempDir,
    pub(crate) svc: Services,
    pub(super) caught: Arc<Caught>,
    pub(super) clock: Arc<Turned>,
    pub(super) table: Table,
}

pub(crate) fn bench(more: &str) -> Bench {
    let dir = tempfile::tempdir().expect("directory");
    let mut settings = Settings::new(dir.path());
    settings.min_free_blocks = 0;
    let system = crate::cf::system::Fixed { host: "mail.example.test".into() };
    let text = format!("{CF}{more}");
    let (config, problems) = Config::parse(text.as_bytes(), "test.cf", &LoadOptions::new(&system));
    assert!(problems.iter().all(|p| !p.to_string().contains("error")), "{problems:?}");
    let caught = Arc::new(Caught::default());
    let clock = Arc::new(Turned(AtomicI64::new(NOW)));
    let svc = Services {
        config: Arc::new(config),
        maps: Arc::new(crate::rewrite::service::NoMaps),
        resolver: Arc::new(crate::dns::fake::FakeResolver::new()),
        aliases: Arc::new(Nothing),
        users: Arc::new(Alice),
        auth: Arc::new(Nothing),
        local: Arc::new(Nothing),
        store: Arc::new(FileStore::open(settings).expect("store")),
        scheduler: Arc::clone(&caught) as Arc<dyn Scheduler>,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        ids: Arc::new(IdGenerator::new(18798, 0)),
        statistics: Arc::default(),
    };
    Bench { dir, svc, caught, clock, table: Table::default() }
}

fn recipient(address: &str) -> Recipient {
    let bare = address.trim_matches(['<', '>']);
    Recipient {
        final_recipient: Some(Line::cleaned(format!("RFC822; {bare}").as_bytes())),
        ..Recipient::new(Line::cleaned(address.as_bytes()))
    }
}

fn field(name: &str, value: &str, template: bool) -> Field {
    Field { name: Line::cleaned(name.as_bytes()), value: value.as_bytes().to_vec(), condition: None, template }
}

pub(crate) fn message(recipients: &[&str], created: i64) -> Envelope {
    Envelope {
        priority: 30_029,
        macros: vec![(crate::cf::MacroName::new("_"), Line::cleaned(b"localhost [127.0.0.1]"))],
        sender: Line::cleaned(b"<alice@mail.example.test>"),
        recipients: recipients.iter().map(|r| recipient(r)).collect(),
        headers: Headers {
            fields: vec![field("Return-Path", " <$g>", true), field("Subject", " t1", false), field("To", " x", false)],
        },
        body: Body::Memory(b"body text\n".to_vec().into()),
        size: 29,
        ..Envelope::new(QueueId::parse(b"6AMIlQP4018769").expect("id"), created)
    }
}

impl Bench {
    pub(super) fn run(&self, envelope: &Envelope) {
        self.svc.store.commit(envelope).expect("commit");
        run(&self.svc, &self.table, envelope.clone(), How::default());
    }

    /// The one report that came out: its header fields and its body.
    pub(super) fn report(&self) -> (Envelope, String) {
        let mut caught = self.caught.0.lock().expect("lock");
        assert_eq!(caught.len(), 1, "reports");
        let envelope = caught.remove(0);
        let mut body = String::new();
        std::io::Read::read_to_string(&mut envelope.body.reader(), &mut body).expect("text");
        self.svc.store.release(&envelope.id);
        (envelope, body)
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        self.dir.path()
    }

    pub(crate) fn queued(&self) -> Vec<QueueId> {
        self.svc.store.list(&Selection::default()).expect("list")
    }
}

pub(super) fn refused(
    code: u16,
    enhanced: (u8, u16, u16),
    lines: &[&str],
    status: (u8, u16, u16),
    text: &str,
) -> Status {
    let exit = if status.0 == 4 { 75 } else { 67 };
    let mut s = Status::new(status, exit, text);
    let mut reply = Reply::coded(code, enhanced, lines[0]);
    for line in &lines[1..] {
        reply.lines.push(Line::cleaned(line.as_bytes()));
    }
    s.reply = Some(reply);
    s.remote = Some(Line::cleaned(b"[127.0.0.9] [127.0.0.9]"));
    s
}
