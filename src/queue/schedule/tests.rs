//! The scheduler with a transport that takes its time.

use super::*;
use crate::deliver::attempt::testing::{Bench, bench, message};
use crate::envelope::Status;
use crate::text::Line;
use std::sync::Mutex;

/// Delivers everything but addresses with `tmp`; notes names and the most that ran at once.
#[derive(Default)]
struct Slow {
    seen: Mutex<Vec<String>>,
    running: Mutex<(usize, usize)>,
}

impl Transport for Slow {
    fn route(&self, svc: &Services, env: &mut Envelope) -> Vec<Envelope> {
        crate::deliver::attempt::testing::route(svc, env);
        Vec::new()
    }
    fn remote(&self, _: &Services, env: &Envelope, _: usize, _: &Line, rcpts: &[usize]) -> Vec<Status> {
        {
            let mut running = self.running.lock().expect("lock");
            running.0 += 1;
            running.1 = running.1.max(running.0);
        }
        std::thread::sleep(Duration::from_millis(5));
        self.running.lock().expect("lock").0 -= 1;
        let names: Vec<String> =
            rcpts.iter().map(|n| String::from_utf8_lossy(&env.recipients[*n].address).into()).collect();
        let answer = |name: &String| {
            assert!(!name.contains("panic"), "as the test wants");
            if name.contains("tmp") { Status::new((4, 0, 0), 75, "later") } else { Status::new((2, 0, 0), 0, "") }
        };
        let answers = names.iter().map(answer).collect();
        self.seen.lock().expect("lock").extend(names);
        answers
    }
    fn render(&self, _: &Services, _: &Envelope, _: usize, _: &[usize]) -> std::io::Result<attempt::Rendered> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

fn start(more: &str, mode: DeliveryMode) -> (Bench, Arc<Delivery>, Arc<Slow>) {
    let bench = bench(more);
    let delivery = Delivery::new(mode);
    let slow = Arc::new(Slow::default());
    let svc = Services { scheduler: Arc::clone(&delivery) as Arc<dyn Scheduler>, ..bench.svc.clone() };
    delivery.start(svc, Arc::clone(&slow) as Arc<dyn Transport>, 4);
    (bench, delivery, slow)
}

fn job(n: usize, to: &str) -> Envelope {
    let mut e = message(&[to], crate::deliver::attempt::testing::NOW);
    e.id = QueueId::parse(format!("6AMIlQ{n:02}018769").as_bytes()).expect("id");
    e
}

const CALM: &str = "O QueueLA=100000\n";

#[test]
fn new_mail_goes_in_parallel_but_no_destination_takes_all() {
    let (bench, delivery, slow) = start(CALM, DeliveryMode::Background);
    for n in 0..20 {
        let e = job(n, "<a@one.test>");
        bench.svc.store.commit(&e).expect("commit");
        delivery.submit(e);
    }
    delivery.drain();
    assert_eq!(slow.seen.lock().expect("lock").len(), 20);
    assert!(slow.running.lock().expect("lock").1 <= 2);
    assert!(bench.queued().is_empty());
    delivery.stop(Duration::from_secs(5));
}

#[test]
fn what_is_queued_goes_in_a_run_by_priority() {
    let (bench, delivery, slow) = start(CALM, DeliveryMode::Queue);
    for (n, pri) in [(1, 300), (2, 100), (3, 200)] {
        let mut e = job(n, &format!("<p{pri}@x.test>"));
        e.priority = pri;
        bench.svc.store.commit(&e).expect("commit");
        delivery.submit(e);
    }
    assert_eq!(bench.queued().len(), 3);
    let mut places = Vec::new();
    delivery.run_once(&Selection::default(), &mut |_, n, of| places.push((n, of)));
    assert_eq!(*slow.seen.lock().expect("lock"), ["<p100@x.test>", "<p200@x.test>", "<p300@x.test>"]);
    assert_eq!(places, [(1, 3), (2, 3), (3, 3)]);
    assert!(bench.queued().is_empty());
}

#[test]
fn min_queue_age_and_run_size() {
    let (bench, delivery, slow) =
        start(&format!("{CALM}O MinQueueAge=30m\nO MaxQueueRunSize=1\n"), DeliveryMode::Queue);
    for n in 1..3 {
        let e = job(n, &format!("<tmp{n}@x.test>"));
        bench.svc.store.commit(&e).expect("commit");
        delivery.submit(e);
    }
    let all = Selection::default();
    delivery.run_once(&all, &mut |_, _, _| ());
    delivery.run_once(&all, &mut |_, _, _| ());
    delivery.run_once(&all, &mut |_, _, _| ());
    assert_eq!(slow.seen.lock().expect("lock").len(), 2, "one each run, none twice");
    let asked = Selection { recipients: vec![(false, Line::cleaned(b"TMP2"))], ..Selection::default() };
    delivery.run_once(&asked, &mut |_, _, _| ());
    assert_eq!(slow.seen.lock().expect("lock").len(), 3);
    let e = bench.svc.store.peek(&job(2, "x").id).expect("peek").expect("there");
    assert_eq!((e.attempts, e.priority), (2, 30_029 + 2 * 90_000));
}

#[test]
fn a_panic_costs_one_attempt() {
    let (bench, delivery, _slow) = start(CALM, DeliveryMode::Background);
    let e = job(1, "<panic@x.test>");
    bench.svc.store.commit(&e).expect("commit");
    delivery.submit(e.clone());
    delivery.drain();
    assert!(bench.svc.store.take(&e.id).expect("take").is_some(), "still there, and free");
}

/// Counts attempts; nobody is there.
#[derive(Default)]
struct Dead(Mutex<usize>);

impl Transport for Dead {
    fn route(&self, svc: &Services, env: &mut Envelope) -> Vec<Envelope> {
        crate::deliver::attempt::testing::route(svc, env);
        Vec::new()
    }
    fn remote(&self, _: &Services, env: &Envelope, _: usize, _: &Line, rcpts: &[usize]) -> Vec<Status> {
        let dead = env.recipients[rcpts[0]].address.ends_with(b"dead.test>");
        if dead {
            *self.0.lock().expect("lock") += 1;
        }
        let refused = Status::new((4, 4, 1), 75, "Connection refused by dead.test.");
        vec![if dead { refused } else { Status::new((2, 0, 0), 0, "") }; rcpts.len()]
    }
    fn render(&self, _: &Services, _: &Envelope, _: usize, _: &[usize]) -> std::io::Result<attempt::Rendered> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}

#[test]
fn a_destination_that_is_down_delays_only_its_own_mail() {
    let bench = bench(CALM);
    let delivery = Delivery::new(DeliveryMode::Background);
    let dead = Arc::new(Dead::default());
    let svc = Services { scheduler: Arc::clone(&delivery) as Arc<dyn Scheduler>, ..bench.svc.clone() };
    delivery.start(svc, Arc::clone(&dead) as Arc<dyn Transport>, 4);
    for n in 0..40 {
        let e = job(n, if n < 30 { "<a@dead.test>" } else { "<b@good.test>" });
        bench.svc.store.commit(&e).expect("commit");
        delivery.submit(e);
    }
    delivery.drain();
    assert_eq!(bench.queued().len(), 30);
    // Those that were under way together, and no more: the others got the same status.
    assert!(*dead.0.lock().expect("lock") <= 4);
    let e = bench.svc.store.peek(&job(7, "x").id).expect("peek").expect("there");
    assert_eq!(e.message.as_deref(), Some(&b"Deferred: Connection refused by dead.test."[..]));
    let before = *dead.0.lock().expect("lock");
    delivery.run_queue(Selection::default());
    std::thread::sleep(Duration::from_millis(300));
    delivery.drain();
    assert_eq!(*dead.0.lock().expect("lock"), before, "it rests");
    let e = bench.svc.store.peek(&e.id).expect("peek").expect("there");
    assert_eq!(e.attempts, 1, "and its mail is not touched");
    let asked = Selection { ids: vec![(false, e.id.to_line())], ..Selection::default() };
    delivery.run_queue(asked);
    std::thread::sleep(Duration::from_millis(300));
    delivery.drain();
    assert_eq!(*dead.0.lock().expect("lock"), before + 1, "somebody asked");
}

#[test]
fn groups_have_their_own_turns_and_limits() {
    let mut bench = bench(&format!("{CALM}O MaxQueueRunSize=1\nQnever, P=/q/n, R=0\nQslow, P=/q/s, I=1h, J=2\n"));
    let dir = tempfile::tempdir().expect("directory");
    for name in ["main", "n", "s"] {
        std::fs::create_dir(dir.path().join(name)).expect("mkdir");
    }
    let mut settings = crate::queue::files::Settings::new(dir.path().join("ma*"));
    settings.min_free_blocks = 0;
    for name in ["never", "slow"] {
        let path = Some(dir.path().join(&name[..1]));
        settings.groups.push(crate::queue::files::Group { name: name.into(), path });
    }
    bench.svc.store = Arc::new(crate::queue::files::FileStore::open(settings).expect("store"));
    for n in 0..9 {
        let e = Envelope { group: n % 3, ..job(n, "<a@x.test>") };
        bench.svc.store.commit(&e).expect("commit");
        bench.svc.store.release(&e.id);
    }
    let due = |selection: &Selection, groups: Option<&[usize]>| {
        let jobs = order::due(&bench.svc.config, &*bench.svc.store, selection, groups, 0);
        jobs.iter().map(|j| j.group).collect::<Vec<_>>()
    };
    let sorted = |mut v: Vec<usize>| {
        v.sort_unstable();
        v
    };
    assert_eq!(sorted(due(&Selection::default(), None)), [0, 2, 2]);
    assert_eq!(due(&Selection::default(), Some(&[2])), [2, 2]);
    assert_eq!(due(&Selection { group: Some("NEVER".into()), ..Selection::default() }, None), [1]);
    let mut turns = Turns::default();
    let (first, pause) = turns.next(&bench.svc.config, Duration::ZERO);
    assert_eq!((first, pause), (vec![0, 1, 2], Duration::ZERO));
    assert_eq!(turns.next(&bench.svc.config, Duration::from_secs(60)).0, [0, 1]);
}

#[test]
fn a_run_reads_only_what_is_new_and_sees_what_others_did() {
    let (bench, _delivery, _slow) = start(CALM, DeliveryMode::Queue);
    for n in 0..3 {
        let e = job(n, "<a@x.test>");
        bench.svc.store.commit(&e).expect("commit");
        bench.svc.store.release(&e.id);
    }
    let all = Selection::default();
    let ids = |s: &Selection| {
        let mut ids: Vec<String> =
            bench.svc.store.summaries(s).expect("read").iter().map(|j| j.id.to_string()).collect();
        ids.sort();
        ids
    };
    assert_eq!(ids(&all).len(), 3);
    // Another program: takes one out, puts one into quarantine, rewrites one.
    let path = bench.path();
    let name = |kind: &str, n: usize| path.join(format!("{kind}{}", job(n, "x").id));
    std::fs::remove_file(name("qf", 0)).expect("rm");
    std::fs::rename(name("qf", 1), name("hf", 1)).expect("mv");
    let text = String::from_utf8_lossy(&std::fs::read(name("qf", 2)).expect("read")).replace("\nP30029\n", "\nP7\n");
    std::fs::write(name("tf", 2), text).expect("write");
    std::fs::rename(name("tf", 2), name("qf", 2)).expect("mv");
    assert_eq!(ids(&all), [job(2, "x").id.to_string()]);
    assert_eq!(bench.svc.store.summaries(&all).expect("read")[0].priority, 7);
    assert_eq!(ids(&Selection { quarantined: true, ..all }), [job(1, "x").id.to_string()]);
}

/// One mailbox does not answer until it is let go.
struct Hung(Mutex<bool>, std::sync::Condvar);

impl crate::deliver::LocalDelivery for Hung {
    fn deliver(&self, job: crate::deliver::LocalJob) -> Vec<Status> {
        if job.recipients.iter().any(|r| &*r.user == b"hung") {
            let mut free = self.0.lock().expect("lock");
            while !*free {
                free = self.1.wait(free).expect("wait");
            }
        }
        job.recipients.iter().map(|_| Status::new((2, 0, 0), 0, "")).collect()
    }
    fn forward(&self, _: &[u8], _: &[u8]) -> Result<crate::deliver::Found, Status> {
        Err(Status::new((5, 0, 0), 69, "no"))
    }
    fn include(&self, _: &[u8], _: &crate::envelope::Origin) -> Result<crate::deliver::Listed, Status> {
        Err(Status::new((5, 0, 0), 69, "no"))
    }
    fn dead_letter(&self, _: &[u8], _: std::fs::File) -> Option<Line> {
        None
    }
}

/// Messages for local mailers are empty.
struct Local;

impl Transport for Local {
    fn route(&self, svc: &Services, env: &mut Envelope) -> Vec<Envelope> {
        crate::deliver::attempt::testing::route(svc, env);
        Vec::new()
    }
    fn remote(&self, _: &Services, _: &Envelope, _: usize, _: &Line, rcpts: &[usize]) -> Vec<Status> {
        vec![Status::new((2, 0, 0), 0, ""); rcpts.len()]
    }
    fn render(&self, _: &Services, _: &Envelope, _: usize, _: &[usize]) -> std::io::Result<attempt::Rendered> {
        let file = crate::sys::scratch::file(0, 1, std::path::Path::new("/tmp"))?;
        Ok(attempt::Rendered { file, size: 0, macros: Vec::new(), sender: Line::default() })
    }
}

#[test]
fn a_mailbox_on_a_hung_disk_holds_up_nobody_else() {
    let bench = bench(CALM);
    let delivery = Delivery::new(DeliveryMode::Background);
    let hung = Arc::new(Hung(Mutex::new(false), std::sync::Condvar::new()));
    let local = Arc::clone(&hung) as Arc<dyn crate::deliver::LocalDelivery>;
    let svc = Services { local, scheduler: Arc::clone(&delivery) as Arc<dyn Scheduler>, ..bench.svc.clone() };
    delivery.start(svc, Arc::new(Local), 32);
    for n in 0..60 {
        let e = job(n, if n < 50 { "hung" } else { ["alice", "<b@x.test>"][n % 2] });
        bench.svc.store.commit(&e).expect("commit");
        delivery.submit(e);
    }
    let left = || bench.queued().len();
    let end = Instant::now() + Duration::from_secs(20);
    while left() > 50 && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(left(), 50, "all others are delivered");
    *hung.0.lock().expect("lock") = true;
    hung.1.notify_all();
    delivery.drain();
    assert_eq!(left(), 0, "and these, when the disk is back");
}
