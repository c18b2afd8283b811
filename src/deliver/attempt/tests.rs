//! Attempts against a store in a directory and a transport that answers from a table.

use super::*;
use crate::cf::{Config, LoadOptions};
use crate::envelope::{Body, BodyType, Flags, IdGenerator, Notify, Origin, QueueId, Recipient, Target};
use crate::header::{Field, Headers};
use crate::queue::Selection;
use crate::queue::files::{FileStore, Settings};
use crate::reply::Reply;
use crate::service::{Clock, Scheduler};
use crate::user::{Unavailable, User, Users};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

const NOW: i64 = 1_795_373_251;

struct Turned(AtomicI64);
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
struct Caught(Mutex<Vec<Envelope>>);
impl Scheduler for Caught {
    fn submit(&self, envelope: Envelope) {
        self.0.lock().expect("lock").push(envelope);
    }
    fn run_queue(&self, _: Selection) {}
}

/// Answers by recipient address; notes what was handed over together.
#[derive(Default)]
struct Table {
    answers: HashMap<&'static str, Status>,
    jobs: Mutex<Vec<Vec<String>>>,
}
impl Transport for Table {
    fn route(&self, svc: &Services, env: &mut Envelope) -> Vec<Envelope> {
        for r in &mut env.recipients {
            let address = crate::dsn::bare(&r.address).to_vec();
            let host = address.split(|b| *b == b'@').nth(1).unwrap_or_default().to_vec();
            let name: &[u8] = if host.is_empty() { b"local" } else { b"esmtp" };
            let mailer = svc.config.mailer_index(name).expect("mailer");
            r.target = Some(Target { mailer, host: Line::cleaned(&host), user: Line::cleaned(&address) });
        }
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

struct Bench {
    _dir: tempfile::TempDir,
    svc: Services,
    caught: Arc<Caught>,
    clock: Arc<Turned>,
    table: Table,
}

fn bench(more: &str) -> Bench {
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
    };
    Bench { _dir: dir, svc, caught, clock, table: Table::default() }
}

fn recipient(address: &str) -> Recipient {
    let bare = address.trim_matches(['<', '>']);
    Recipient {
        address: Line::cleaned(address.as_bytes()),
        primary: true,
        alias: false,
        notify: Notify::default(),
        orcpt: None,
        final_recipient: Some(Line::cleaned(format!("RFC822; {bare}").as_bytes())),
        control: None,
        origin: Origin::Direct,
        target: None,
        state: RecipientState::Pending,
        status: None,
    }
}

fn field(name: &str, value: &str, template: bool) -> Field {
    Field { name: Line::cleaned(name.as_bytes()), value: value.as_bytes().to_vec(), condition: None, template }
}

fn message(recipients: &[&str], created: i64) -> Envelope {
    Envelope {
        id: QueueId::parse(b"6AMIlQP4018769").expect("id"),
        created,
        last_attempt: 0,
        attempts: 0,
        priority: 30_029,
        class: 0,
        body_type: None::<BodyType>,
        flags: Flags::default(),
        quarantine: None,
        message: None,
        macros: vec![(crate::cf::MacroName::new("_"), Line::cleaned(b"localhost [127.0.0.1]"))],
        sender: Line::cleaned(b"<alice@mail.example.test>"),
        envid: None,
        auth_param: None,
        deliver_by: None,
        recipients: recipients.iter().map(|r| recipient(r)).collect(),
        headers: Headers {
            fields: vec![field("Return-Path", " <$g>", true), field("Subject", " t1", false), field("To", " x", false)],
        },
        body: Body::Memory(b"body text\n".to_vec().into()),
        size: 29,
    }
}

impl Bench {
    fn run(&self, envelope: &Envelope) {
        self.svc.store.commit(envelope).expect("commit");
        run(&self.svc, &self.table, envelope.clone(), How::default());
    }

    /// The one report that came out: its header fields and its body.
    fn report(&self) -> (Envelope, String) {
        let mut caught = self.caught.0.lock().expect("lock");
        assert_eq!(caught.len(), 1, "reports");
        let envelope = caught.remove(0);
        let mut body = String::new();
        std::io::Read::read_to_string(&mut envelope.body.reader(), &mut body).expect("text");
        self.svc.store.release(&envelope.id);
        (envelope, body)
    }

    fn queued(&self) -> Vec<QueueId> {
        self.svc.store.list(&Selection::default()).expect("list")
    }
}

fn refused(code: u16, enhanced: (u8, u16, u16), lines: &[&str], status: (u8, u16, u16), text: &str) -> Status {
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

#[test]
fn jobs_go_by_mailer_host_and_size() {
    let bench = bench("");
    bench.run(&message(&["<a@one.test>", "<b@two.test>", "<c@ONE.test>", "<d@one.test>", "<e@one.test>", "bob"], NOW));
    let jobs = bench.table.jobs.lock().expect("lock");
    assert_eq!(*jobs, [vec!["a@one.test", "c@ONE.test"], vec!["b@two.test"], vec!["d@one.test", "e@one.test"]]);
    assert!(bench.queued().is_empty());
}

#[test]
fn a_failure_is_returned_as_the_original_words_it() {
    let mut bench = bench("");
    let mut status = refused(550, (5, 1, 1), &["no such user", "go away"], (5, 1, 1), "User unknown");
    status.transcript = [">>> RCPT To:<bad@[127.0.0.9]>", "<<< 550-5.1.1 no such user", "<<< 550 5.1.1 go away"]
        .map(|l| Line::cleaned(l.as_bytes()))
        .to_vec();
    bench.table.answers.insert("bad@[127.0.0.9]", status);
    let mut e = message(&["<bad@[127.0.0.9]>", "<good@[127.0.0.9]>"], NOW - 5);
    e.envid = Some(Line::cleaned(b"e+2Bq+0A"));
    e.recipients[0].orcpt = Some(Line::cleaned(b"rfc822;Orig+2Bx@c"));
    e.recipients[1].notify.success = true;
    bench.run(&e);
    assert_eq!(bench.queued().len(), 1, "only the report is left");
    let (report, body) = bench.report();
    assert!(report.flags.response && &*report.sender == b"<>");
    assert_eq!(&*report.recipients[0].address, b"<alice@mail.example.test>");
    let names: Vec<String> = report.headers.fields.iter().map(|f| String::from_utf8_lossy(&f.name).into()).collect();
    assert_eq!(
        names.join(" "),
        "Return-Path Received Date From Message-Id To MIME-Version Content-Type Subject Auto-Submitted"
    );
    let expected = "This is a MIME-encapsulated message

--BOUNDARY

The original message was received at Sun, 22 Nov 2026 18:47:26 GMT
from localhost [127.0.0.1]

   ----- The following addresses had permanent fatal errors -----
<bad@[127.0.0.9]>
    (reason: 550-5.1.1 no such user)

   ----- The following addresses had successful delivery notifications -----
<good@[127.0.0.9]>  (relayed to non-DSN-aware mailer)

   ----- Transcript of session follows -----
... while talking to [127.0.0.9]:
>>> RCPT To:<bad@[127.0.0.9]>
<<< 550-5.1.1 no such user
<<< 550 5.1.1 go away
550 5.1.1 <bad@[127.0.0.9]>... User unknown
<good@[127.0.0.9]>... relayed; expect no further notifications

--BOUNDARY
Content-Type: message/delivery-status

Original-Envelope-Id: e+q+0A
Reporting-MTA: dns; mail.example.test
Received-From-MTA: DNS; localhost
Arrival-Date: Sun, 22 Nov 2026 18:47:26 GMT

Original-Recipient: rfc822;Orig+x@c
Final-Recipient: RFC822; bad@[127.0.0.9]
X-Actual-Recipient: rfc822; bad@[127.0.0.9]
Action: failed
Status: 5.1.1
Remote-MTA: DNS; [127.0.0.9]
Diagnostic-Code: SMTP; 550-5.1.1 no such user
Last-Attempt-Date: Sun, 22 Nov 2026 18:47:31 GMT

Final-Recipient: RFC822; good@[127.0.0.9]
X-Actual-Recipient: rfc822; good@[127.0.0.9]
Action: relayed (to non-DSN-aware mailer)
Status: 2.0.0
Last-Attempt-Date: Sun, 22 Nov 2026 18:47:31 GMT

--BOUNDARY
Content-Type: message/rfc822

Return-Path: <alice@mail.example.test>
Subject: t1
To: x

body text

--BOUNDARY--

";
    let boundary = format!("{}.{NOW}/mail.example.test", report.id);
    assert_eq!(body.replace(&boundary, "BOUNDARY"), expected);
}

#[test]
fn a_late_message_is_kept_and_its_sender_warned_once() {
    let mut bench = bench("");
    let later = refused(450, (4, 2, 1), &["try later"], (4, 2, 1), "450 4.2.1 try later");
    bench.table.answers.insert("tmp@[127.0.0.9]", later);
    let e = message(&["<tmp@[127.0.0.9]>"], NOW - 5 * 3600);
    bench.run(&e);
    let (report, body) = bench.report();
    assert!(body.contains("**      THIS IS A WARNING MESSAGE ONLY      **"));
    assert!(body.contains(
        "<tmp@[127.0.0.9]>... Deferred: 450 4.2.1 try later\nWarning: message still undelivered after 4 hours\n\
Will keep trying until message is 5 days old\n"
    ));
    assert!(body.contains("Action: delayed\nStatus: 4.2.1\n"));
    assert!(body.contains("Will-Retry-Until: Fri, 27 Nov 2026 13:47:31 GMT\n"));
    let subject = report.headers.find("Subject").map(|f| f.value.clone());
    assert_eq!(subject.as_deref(), Some(&b" Warning: could not send message for past 4 hours"[..]));
    let held = bench.svc.store.take(&e.id).expect("take").expect("kept");
    assert!(held.envelope.flags.warned);
    assert_eq!((held.envelope.attempts, held.envelope.last_attempt), (1, NOW));
    assert_eq!(held.envelope.message.as_deref(), Some(&b"Warning: could not send message for past 4 hours"[..]));
    run(&bench.svc, &bench.table, held.envelope.clone(), How { queue_run: true, ..How::default() });
    assert!(bench.caught.0.lock().expect("lock").is_empty());
}

#[test]
fn an_old_message_is_returned() {
    let mut bench = bench("");
    bench.table.answers.insert("x@[127.0.0.7]", Status::new((4, 4, 1), 75, "Connection refused by [127.0.0.7]"));
    bench.run(&message(&["<x@[127.0.0.7]>"], NOW - 6 * 86_400));
    let (_, body) = bench.report();
    assert!(body.contains(
        "<x@[127.0.0.7]>... Deferred: Connection refused by [127.0.0.7]\nMessage could not be delivered for 5 days\n\
Message will be deleted from queue\n"
    ));
    assert!(body.contains("Action: failed\nStatus: 4.4.7\n"));
    assert_eq!(bench.queued().len(), 1);
}

#[test]
fn bounces_end_with_the_postmaster() {
    let mut bench = bench("");
    bench.table.answers.insert("bad@x.test", Status::new((5, 1, 1), 67, "User unknown"));
    bench.table.answers.insert("postmaster@x.test", Status::new((5, 1, 1), 67, "User unknown"));
    let mut e = message(&["<bad@x.test>"], NOW);
    e.sender = Line::cleaned(b"<>");
    bench.run(&e);
    let (note, body) = bench.report();
    assert_eq!(&*note.recipients[0].address, b"postmaster");
    assert!(body.contains("from localhost [127.0.0.1]\nwith id 6AMIlQP4018769\n\n"));
    let mut note = note;
    note.recipients[0].address = Line::cleaned(b"<postmaster@x.test>");
    run(&bench.svc, &bench.table, note, How::default());
    assert!(bench.caught.0.lock().expect("lock").is_empty(), "no third");
}

#[test]
fn receipts_and_silence() {
    let bench = bench("");
    let mut e = message(&["bob"], NOW);
    e.recipients[0].notify = Notify { explicit: true, success: true, failure: false, delay: false };
    bench.run(&e);
    let (report, body) = bench.report();
    assert!(body.contains("bob  (successfully delivered to mailbox)\n"));
    assert!(body.contains("bob... Successfully delivered\n"));
    assert!(body.contains("Content-Type: text/rfc822-headers\n"));
    assert_eq!(report.headers.find("Subject").map(|f| f.value.clone()).as_deref(), Some(&b" Return receipt"[..]));
    let mut silent = self::bench("");
    silent.table.answers.insert("bad@x.test", Status::new((5, 1, 1), 67, "User unknown"));
    let mut e = message(&["<bad@x.test>"], NOW);
    e.recipients[0].notify = Notify { explicit: true, success: false, failure: false, delay: false };
    silent.run(&e);
    assert!(silent.caught.0.lock().expect("lock").is_empty() && silent.queued().is_empty());
    silent.clock.0.store(NOW, Ordering::Relaxed);
}
