//! Where commands and messages begin and end, whatever a client does to blur it.

use super::support::Talk;
use super::{facts, site};

fn say(talk: &mut Talk<'_>, line: &str) -> String {
    String::from_utf8(talk.send(format!("{line}\r\n").as_bytes())).unwrap()
}

#[test]
fn a_dot_after_a_long_line_ends_nothing() {
    for length in [255, 256, 511, 512, 990, 998, 1000, 1001, 1023, 1024, 2047, 2048, 4095, 4096, 8192, 65535, 65536] {
        let site = site().with(|s| s.max_message_size = 0);
        let mut talk = site.session(facts("127.0.0.1"));
        talk.send(b"MAIL FROM:<a@localhost>\r\n");
        talk.send(b"RCPT TO:<bob>\r\n");
        talk.send(b"DATA\r\n");
        let said = talk.send(&[b"Subject: x\r\n\r\n", &*vec![b'A'; length], b".\r\nQUIT\r\n"].concat());
        assert_eq!(said, b"", "{length}: {}", said.escape_ascii());
        assert!(talk.send(b".\r\n").starts_with(b"250 2.0.0 "), "{length}");
        assert_eq!(site.store.committed.lock().unwrap().len(), 1);
        assert!(site.still_serves());
    }
}

#[test]
fn nothing_said_in_the_clear_counts_after_starttls() {
    for injected in
        ["EHLO x\r\nMAIL FROM:<evil@localhost>\r\n", "NOOP\r\n", "\r\n", "x", "AUTH PLAIN AGFsaWNlAGVjaWxh\r\n"]
    {
        let site = site();
        let mut talk = site.session(facts("127.0.0.1"));
        say(&mut talk, "EHLO x");
        let said = talk.send(format!("STARTTLS\r\n{injected}").as_bytes());
        assert_eq!(said.iter().filter(|b| **b == b'\n').count(), 1, "{}", said.escape_ascii());
        if !talk.closed {
            assert!(say(&mut talk, "DATA").starts_with("503"), "{injected}");
            assert!(say(&mut talk, "EHLO x").starts_with("250"), "{injected}");
            assert!(say(&mut talk, "RCPT TO:<bob>").starts_with("503"), "{injected}");
        }
        assert!(site.store.committed.lock().unwrap().is_empty());
        assert!(site.still_serves(), "{injected}");
    }
}

#[test]
fn http_ends_the_session() {
    let site = site();
    for verb in ["GET", "POST", "CONNECT", "USER"] {
        let mut talk = site.session(facts("192.0.2.1"));
        talk.written.clear();
        let said = talk.send(
            format!("{verb} / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\nMAIL FROM:<a@localhost>\r\nRCPT TO:<bob>\r\n")
                .as_bytes(),
        );
        assert!(said.starts_with(b"421 4.7.0 "), "{verb}: {}", said.escape_ascii());
        assert!(talk.closed, "{verb}");
        assert!(site.still_serves());
    }
}

#[test]
fn many_bad_commands_end_the_session() {
    let site = site();
    let mut talk = site.session(facts("192.0.2.1"));
    let mut count = 0;
    while !talk.closed && count < 100 {
        count += 1;
        say(&mut talk, "FOO");
    }
    assert_eq!(count, 26);
    assert!(site.still_serves());
}

#[test]
fn a_nul_hides_nothing() {
    let site = site();
    let mut talk = site.session(facts("127.0.0.1"));
    say(&mut talk, "MAIL FROM:<a@localhost>");
    for line in [
        &b"RCPT TO:<bob\0@evil>\r\n"[..],
        b"RCPT TO:<bob>\0\r\n",
        b"\0RCPT TO:<bob>\r\n",
        b"RCPT\0 TO:<bob>\r\n",
        b"RCPT TO:<bob> NOTIFY=NEVER\0\r\n",
    ] {
        let said = talk.send(line);
        assert!(said.starts_with(b"501 5.5.2 "), "{}", said.escape_ascii());
    }
    assert!(say(&mut talk, "DATA").starts_with("503"));
    assert!(site.still_serves());
}

#[test]
fn commands_out_of_order_are_refused() {
    let site = site();
    let cases: [(&[&str], &str, &str); 12] = [
        (&[], "RCPT TO:<bob>", "503"),
        (&[], "DATA", "503"),
        (&["MAIL FROM:<a@localhost>"], "DATA", "503"),
        (&["MAIL FROM:<a@localhost>"], "MAIL FROM:<b@localhost>", "503"),
        (&["MAIL FROM:<a@localhost>", "RCPT TO:<bob>"], "MAIL FROM:<b@localhost>", "503"),
        (&["MAIL FROM:<a@localhost>", "RCPT TO:<bob>", "EHLO y"], "DATA", "503"),
        (&["MAIL FROM:<a@localhost>", "RCPT TO:<bob>", "RSET"], "DATA", "503"),
        (&["MAIL FROM:<a@localhost>", "RCPT TO:<bob>", "EHLO y"], "RCPT TO:<bob>", "503"),
        (&["AUTH PLAIN AGFsaWNlAGVjaWxh"], "AUTH PLAIN AGFsaWNlAGVjaWxh", "503"),
        (&["MAIL FROM:<a@localhost>"], "AUTH PLAIN AGFsaWNlAGVjaWxh", "503"),
        (&["STARTTLS", "EHLO x"], "STARTTLS", "454"),
        (&["MAIL FROM:<a@localhost>", "RCPT TO:<nobody>"], "DATA", "503"),
    ];
    for (before, line, code) in cases {
        let mut talk = site.session(facts("127.0.0.1"));
        say(&mut talk, "EHLO x");
        for line in before {
            say(&mut talk, line);
        }
        let said = say(&mut talk, line);
        assert!(said.starts_with(code), "{before:?} {line}: {said}");
        assert!(site.still_serves());
    }
}

#[test]
fn numbers_do_not_wrap() {
    let site = site();
    let sizes =
        ["-1", "9223372036854775808", "18446744073709551616", "99999999999999999999999999", "0x10", "1e3", "+5"];
    for size in sizes {
        let mut talk = site.session(facts("127.0.0.1"));
        say(&mut talk, "EHLO x");
        let said = say(&mut talk, &format!("MAIL FROM:<a@localhost> SIZE={size}"));
        assert!(said.starts_with("501") || said.starts_with("552"), "{size}: {said}");
        assert!(say(&mut talk, "RCPT TO:<bob>").starts_with("503"), "{size}");
        for chunk in ["BDAT", "BDAT 5 LAST"] {
            assert!(say(&mut talk, &format!("{chunk} {size}")).starts_with("5"), "{size}");
        }
        assert!(site.still_serves(), "{size}");
    }
}
