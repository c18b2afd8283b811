//! Clients that want more than their share, and a system that has nothing left.

use super::{facts, site};
use std::sync::atomic::Ordering;

#[test]
fn recipients_past_the_limit_wait_for_another_message() {
    let site = site();
    let mut talk = site.session(facts("127.0.0.1"));
    talk.send(b"MAIL FROM:<a@localhost>\r\n");
    for n in 0..1000 {
        let said = talk.send(format!("RCPT TO:<u{n}@remote.example.org>\r\n").as_bytes());
        let want: &[u8] = if n < 3 { b"250 " } else { b"452 4.5.3 Too many recipients" };
        assert!(said.starts_with(want), "{n}: {}", said.escape_ascii());
    }
    talk.send(b"DATA\r\n");
    assert!(talk.send(b"x\r\n.\r\n").starts_with(b"250 "));
    assert!(site.still_serves());
}

#[test]
fn an_endless_line_of_a_header_is_refused_at_the_dot() {
    let site = site().with(|s| s.max_message_size = 0);
    let mut talk = site.session(facts("127.0.0.1"));
    for line in ["MAIL FROM:<a@localhost>\r\n", "RCPT TO:<bob>\r\n", "DATA\r\n", "X-Long: "] {
        talk.send(line.as_bytes());
    }
    for _ in 0..1024 {
        assert!(talk.send(&[b'x'; 1024]).is_empty());
    }
    let said = talk.send(b"\r\n\r\n.\r\n");
    assert!(said.starts_with(b"552 "), "{}", said.escape_ascii());
    assert!(site.store.committed.lock().unwrap().is_empty());
    assert!(site.still_serves());
}

#[test]
fn mail_that_goes_round_is_refused() {
    let site = site();
    let mut talk = site.session(facts("127.0.0.1"));
    for line in ["MAIL FROM:<a@localhost>\r\n", "RCPT TO:<bob>\r\n", "DATA\r\n"] {
        talk.send(line.as_bytes());
    }
    let said = talk.send(&[&b"Received: x\r\n".repeat(30)[..], b"\r\n.\r\n"].concat());
    assert!(said.starts_with(b"554 5.4.6 "), "{}", said.escape_ascii());
    assert!(site.store.committed.lock().unwrap().is_empty());
    assert!(site.still_serves());
}

#[test]
fn a_full_queue_is_a_temporary_failure() {
    let site = site();
    site.store.full.store(true, Ordering::Relaxed);
    assert!(!site.still_serves());
    assert!(site.store.committed.lock().unwrap().is_empty());
    site.store.full.store(false, Ordering::Relaxed);
    assert!(site.still_serves());
}

#[test]
fn too_little_room_is_told_at_mail_and_in_the_log() {
    use super::support::{keep_log, logged};
    keep_log();
    let site = site();
    let directory = "/var/spool/mqueue".into();
    *site.store.short.lock().unwrap() = Some(postrider::queue::store::Shortage { directory, wanted: 100, free: 7 });
    let mut talk = site.session(facts("127.0.0.1"));
    talk.written.clear();
    logged();
    let said = talk.send(b"MAIL FROM:<a@localhost>\r\n");
    assert_eq!(said, b"452 4.4.5 Insufficient disk space; try again later\r\n");
    let told = ": low on space (localhost needs 0 bytes + 100 blocks in /var/spool/mqueue), max avail: 7";
    assert_eq!(logged().iter().filter(|l| l.ends_with(told)).count(), 1);
    *site.store.short.lock().unwrap() = None;
    assert!(talk.send(b"MAIL FROM:<a@localhost>\r\n").starts_with(b"250 "));
    assert!(site.still_serves());
}

#[test]
fn a_thousand_clients_that_say_nothing_do_not_stand_in_the_way() {
    let site = site();
    let idle: Vec<_> = (0..1000).map(|_| site.session(facts("192.0.2.1"))).collect();
    let begun = std::time::Instant::now();
    assert!(site.still_serves());
    assert!(begun.elapsed().as_millis() < 1000);
    drop(idle);
}

/// Sends RCPT for a nobody `bad` times after `good` good ones; what the server said last, and whether it went on.
fn guesses(site: &super::support::Site, good: usize, bad: usize) -> (String, bool) {
    let mut talk = site.session(facts("127.0.0.1"));
    talk.send(b"MAIL FROM:<a@localhost>\r\n");
    for n in 0..good {
        talk.send(format!("RCPT TO:<u{n}@remote.example.org>\r\n").as_bytes());
    }
    let mut said = Vec::new();
    for _ in 0..bad {
        said = talk.send(b"RCPT TO:<nobody>\r\n");
    }
    (String::from_utf8(said).unwrap(), !talk.closed)
}

#[test]
fn harvesters_of_addresses_are_slowed_and_sent_away() {
    let site = site().with(|s| s.bad_rcpt_throttle = 2);
    let mut talk = site.session(facts("127.0.0.1"));
    talk.send(b"MAIL FROM:<a@localhost>\r\n");
    for slept in [0, 0, 1, 2, 3] {
        talk.send(b"RCPT TO:<nobody>\r\n");
        assert_eq!(talk.slept, slept);
    }
    let site = super::site().with(|s| s.bad_rcpt_shutdown = 3);
    assert!(guesses(&site, 0, 2).1);
    let gone = ("421 4.7.0 mail.example.test Too many bad recipients; closing connection\r\n".to_string(), false);
    assert_eq!(guesses(&site, 0, 3), gone);
    assert_eq!(guesses(&site, 2, 3), gone);
    let site = super::site().with(|s| (s.bad_rcpt_shutdown, s.bad_rcpt_shutdown_good) = (3, 40));
    assert!(guesses(&site, 2, 3).1, "two of five");
    assert_eq!(guesses(&site, 2, 4), gone);
    assert!(site.still_serves());
}

#[test]
fn text_with_nul_is_refused_where_that_is_asked() {
    for (reject, code) in [(false, "250 2.0.0 "), (true, "554 5.6.0 NUL byte not allowed\r\n")] {
        for text in [&b"X: a\0b\r\n\r\nbody"[..], b"X: a\r\n\r\nbo\0dy"] {
            let site = site().with(|s| s.reject_nul = reject);
            let mut talk = site.session(facts("127.0.0.1"));
            for line in ["MAIL FROM:<a@localhost>\r\n", "RCPT TO:<bob>\r\n", "DATA\r\n"] {
                talk.send(line.as_bytes());
            }
            let said = talk.send(&[text, b"\r\n.\r\n"].concat());
            assert!(said.starts_with(code.as_bytes()), "{}", said.escape_ascii());
            assert_eq!(site.store.committed.lock().unwrap().is_empty(), reject);
            assert!(site.still_serves());
        }
    }
}
