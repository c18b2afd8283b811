//! Attempts against a store in a directory and a transport that answers from a table.

use super::testing::*;
use super::*;
use crate::envelope::Notify;
use std::sync::atomic::Ordering;

#[test]
fn jobs_go_by_mailer_host_and_size() {
    let bench = bench("");
    bench.run(&message(&["<a@one.test>", "<b@two.test>", "<c@ONE.test>", "<d@one.test>", "<e@one.test>", "bob"], NOW));
    let jobs = bench.table.jobs.lock().expect("lock");
    assert_eq!(*jobs, [vec!["c@ONE.test", "a@one.test"], vec!["b@two.test"], vec!["e@one.test", "d@one.test"]]);
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

#[test]
fn deliver_by_returns_or_warns() {
    let mut bench = bench("");
    bench.table.answers.insert("tmp@x.test", refused(450, (4, 2, 1), &["try later"], (4, 2, 1), "450 4.2.1 try later"));
    let by = |return_mode| Some(crate::envelope::DeliverBy { return_mode, trace: false, seconds: 100 });
    let late = Envelope { deliver_by: by(true), ..message(&["<tmp@x.test>", "<ann@x.test>"], NOW - 101) };
    bench.run(&late);
    let (_, body) = bench.report();
    assert!(bench.table.jobs.lock().expect("lock").is_empty(), "not tried any more");
    assert!(body.contains("Delivery time (100s) expired\nMessage will be deleted from queue\n"), "{body}");
    assert!(body.contains("\nDeliver-By-Date: ") && body.contains("Action: failed\nStatus: 5.4.7\n"), "{body}");
    let warned = Envelope { deliver_by: by(false), ..message(&["<tmp@x.test>"], NOW - 101) };
    bench.run(&warned);
    let (report, body) = bench.report();
    let subject = report.headers.find("Subject").map(|f| f.value.clone());
    assert_eq!(subject.as_deref(), Some(&b" Warning: Delivery time (100s) exceeded"[..]));
    assert!(body.contains("Warning: Delivery time (100s) exceeded\nWill keep trying until message is 5 days old\n"));
    let held = bench.svc.store.take(&warned.id).expect("take").expect("kept");
    bench.svc.store.remove(&held.envelope).expect("remove");
    let in_time = Envelope { deliver_by: by(true), ..message(&["<ann@x.test>"], NOW - 99) };
    bench.run(&in_time);
    assert!(bench.caught.0.lock().expect("lock").is_empty());
}

#[test]
fn check_compat_judges_each_recipient() {
    let rules = "Scheck_compat\nR$* $| bad@$*\t$#error $@ 5.7.1 $: \"550 says no\"\nR$* $| later@$*\t$#error $@ 4.7.1 $: \"450 not now\"\nR$* $| gone@$*\t$#discard $: discard\n";
    let bench = bench(rules);
    bench.run(&message(&["<good@one.test>", "<bad@one.test>", "<later@one.test>", "<gone@one.test>"], NOW));
    assert_eq!(*bench.table.jobs.lock().expect("lock"), [vec!["good@one.test"]]);
    let (_, body) = bench.report();
    assert!(body.contains("(reason: 550 5.7.1 says no)") && !body.contains("gone@"), "{body}");
    let waiting: Vec<_> =
        bench.queued().into_iter().filter_map(|id| bench.svc.store.take(&id).ok().flatten()).collect();
    let left: Vec<_> =
        waiting.iter().flat_map(|h| &h.envelope.recipients).filter(|r| r.address.starts_with(b"<later")).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].status.as_ref().map(|s| s.exit), Some(75));
}

/// Gives half of the recipients to a new envelope, and the rest to one that the store cannot take.
struct Parting;

impl Transport for Parting {
    fn route(&self, _: &Services, envelope: &mut Envelope) -> Vec<Envelope> {
        let rest = envelope.recipients.split_off(1);
        let other =
            Envelope { id: QueueId::parse(b"6AMIlQP4018770").expect("id"), recipients: rest, ..envelope.clone() };
        vec![other, envelope.clone()]
    }

    fn remote(&self, _: &Services, _: &Envelope, _: usize, _: &Line, _: &[usize]) -> Vec<Status> {
        panic!("nothing is delivered");
    }

    fn render(&self, _: &Services, _: &Envelope, _: usize, _: &[usize]) -> std::io::Result<Rendered> {
        panic!("nothing is delivered");
    }
}

#[test]
fn what_cannot_be_parted_stays_whole() {
    let bench = bench("");
    let envelope = message(&["<a@one.test>", "<b@two.test>"], NOW);
    bench.svc.store.commit(&envelope).expect("commit");
    run(&bench.svc, &Parting, envelope.clone(), How::default());
    assert_eq!(bench.queued(), [envelope.id.clone()]);
    let held = bench.svc.store.take(&envelope.id).expect("take").expect("free");
    assert_eq!(held.envelope.recipients.len(), 2);
}
