//! What a message looks like when it is committed.

use super::{facts, site};
use postrider::envelope::Body;
use std::io::Read;

fn send(site: &super::Site, address: &str, mail: &str, rcpt: &str, text: &[u8]) -> String {
    let mut talk = site.session(facts(address));
    talk.send(b"EHLO peer.example.net\r\n");
    talk.send(format!("MAIL FROM:{mail}\r\n").as_bytes());
    talk.send(format!("RCPT TO:{rcpt}\r\n").as_bytes());
    talk.send(b"DATA\r\n");
    let said = talk.send(&[text, b"\r\n.\r\n"].concat());
    String::from_utf8(said).unwrap()
}

fn header(envelope: &postrider::envelope::Envelope) -> String {
    let fields = envelope.headers.fields.iter();
    fields.map(|f| format!("{}:{}\n", String::from_utf8_lossy(&f.name), String::from_utf8_lossy(&f.value))).collect()
}

#[test]
fn a_whole_message() {
    let site = site();
    let text = b"To: <bob@example.test>\r\nSubject:  Hi\r\n\tthere\r\n\r\nbody\r\n..dot\r\n\xe4";
    let said = send(&site, "192.0.2.1", "<alice@localhost> BODY=8BITMIME", "<bob@example.test>", text);
    assert!(said.starts_with("250 2.0.0 "), "{said}");
    let committed = site.store.committed.lock().unwrap();
    let [envelope] = committed.as_slice() else { panic!("{} messages", committed.len()) };
    assert_eq!(&*envelope.sender, b"<alice@localhost>");
    assert_eq!(&*envelope.recipients[0].address, b"<bob@example.test>");
    let date = postrider::smtp::server::dates::mail_date(1_795_363_920);
    let id = &envelope.id;
    let version = postrider::version::VERSION;
    assert_eq!(
        header(envelope),
        format!(
            "Date: {date}\nFrom: alice@localhost\n\
             Received: from peer.example.net (peer.example.net [192.0.2.1])\n\
             \tby mail.example.test ({version}/test) with ESMTP id {id}\n\
             \tfor <bob@example.test>; {date}\n\
             Message-Id: <202611221612.{id}@mail.example.test>\n\
             To: <bob@example.test>\nSubject:  Hi\n\tthere\n"
        )
    );
    let mut body = Vec::new();
    envelope.body.reader().read_to_end(&mut body).unwrap();
    assert_eq!(body, b"body\n.dot\n\xe4\n");
    assert!(envelope.flags.eight_bit && matches!(envelope.body, Body::Memory(_)));
    assert_eq!(envelope.size, 23 + 20 + 1 + 5 + 5 + 2);
    assert_eq!(envelope.priority, envelope.size as i64 + 30_000);
    let macros: Vec<_> = envelope.macros.iter().map(|(n, v)| (n.as_str(), &**v)).collect();
    assert_eq!(macros[0], ("_", &b"peer.example.net [192.0.2.1]"[..]));
    assert_eq!((macros[1].0, macros[1].1), ("r", &b"ESMTP"[..]));
}

#[test]
fn a_full_disk_is_told_and_the_session_goes_on() {
    let site = site();
    site.store.full.store(true, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(
        send(&site, "127.0.0.1", "<a@localhost>", "<bob>", b"x"),
        "452 4.4.5 Insufficient disk space; try again later\r\n"
    );
    site.store.full.store(false, std::sync::atomic::Ordering::Relaxed);
    assert!(send(&site, "127.0.0.1", "<a@localhost>", "<bob>", b"x").starts_with("250 "));
}

#[test]
fn quarantine_and_discard() {
    let site = site();
    assert!(send(&site, "127.0.0.1", "<odd@localhost>", "<bob>", b"x").starts_with("250 "));
    assert!(send(&site, "127.0.0.1", "<gone@localhost>", "<bob>", b"x").starts_with("250 "));
    let committed = site.store.committed.lock().unwrap();
    assert_eq!(committed.len(), 1);
    assert_eq!(committed[0].quarantine.as_deref(), Some(&b"why not"[..]));
}

#[test]
fn a_client_that_goes_away_leaves_nothing() {
    let site = site();
    let mut talk = site.session(facts("127.0.0.1"));
    talk.send(b"MAIL FROM:<a@localhost>\r\nRCPT TO:<bob>\r\nDATA\r\n");
    talk.send(b"Subject: x\r\n\r\nbody\r\n.\r");
    talk.hang_up();
    assert!(talk.closed);
    assert!(site.store.committed.lock().unwrap().is_empty());
}
