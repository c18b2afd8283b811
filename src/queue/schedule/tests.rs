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
