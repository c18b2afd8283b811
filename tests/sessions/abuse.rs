//! Hostile input: the session may end, but nothing is taken that was not sent in good order, and the next client is served.

use super::{facts, site};

/// Each: octets after DATA's 354 that another server might take for the end of one message and the start of a second.
#[test]
fn no_message_is_smuggled() {
    let ends: [&[u8]; 14] = [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r\n.\r\r\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\r\0\n.\r\n",
        b"\r.\r\n",
        b"\n\n.\r\n",
        b"\r\r.\r\n",
        b"\x85.\x85",
        b"\r\n .\r\n",
    ];
    for end in ends {
        for address in ["127.0.0.1", "192.0.2.7", "192.0.2.8"] {
            let site = site();
            let mut talk = site.session(facts(address));
            talk.send(b"EHLO x\r\n");
            talk.send(b"AUTH PLAIN AGFsaWNlAGVjaWxh\r\n");
            talk.send(b"MAIL FROM:<a@localhost>\r\n");
            talk.send(b"RCPT TO:<bob@example.test>\r\n");
            talk.send(b"DATA\r\n");
            let second = b"MAIL FROM:<smuggled@localhost>\r\nRCPT TO:<bob>\r\nDATA\r\nevil\r\n.\r\n";
            talk.send(&[b"Subject: x\r\n\r\nfirst", end, second].concat());
            talk.hang_up();
            let committed = site.store.committed.lock().unwrap();
            assert!(committed.len() <= 1, "{}", end.escape_ascii());
            assert!(committed.iter().all(|e| &*e.sender == b"<a@localhost>"), "{}", end.escape_ascii());
        }
    }
}

#[test]
fn long_lines_are_never_split_into_commands() {
    for length in [2040, 2047, 2048, 2049, 4096, 65536, 1_000_000] {
        let site = site();
        let mut talk = site.session(facts("127.0.0.1"));
        talk.written.clear();
        let mut line = vec![b'x'; length];
        line.extend(b"QUIT ".repeat(200));
        line.extend_from_slice(b"\r\nNOOP\r\n");
        let mut said = Vec::new();
        for part in line.chunks(1000) {
            said.extend(talk.send(part));
        }
        let said = String::from_utf8(said).unwrap();
        assert!(!said.contains("221"), "{length}: {said}");
        assert!(said.starts_with("421 4.7.0 mail.example.test Command too long") || said.starts_with("500"), "{said}");
    }
}

#[test]
fn replies_are_printable_whatever_comes() {
    let site = site();
    let mut talk = site.session(facts("127.0.0.1"));
    let all: Vec<u8> = (0..=255u8).filter(|b| *b != b'\n').collect();
    for verb in [
        "MAIL FROM:",
        "RCPT TO:",
        "VRFY ",
        "EXPN ",
        "ETRN ",
        "HELP ",
        "EHLO ",
        "AUTH ",
        "MAIL FROM:<a@localhost> X",
        "",
    ] {
        for byte in &all {
            let line = [verb.as_bytes(), &[*byte, b'x', *byte], b"\r\n"].concat();
            let said = talk.send(&line);
            let printable = |b: &u8| matches!(b, b' '..=b'~' | b'\r' | b'\n');
            assert!(said.iter().all(printable), "{}: {}", line.escape_ascii(), said.escape_ascii());
            if talk.closed {
                talk = site.session(facts("127.0.0.1"));
            }
        }
    }
}

#[test]
fn header_floods_are_bounded() {
    let site = site();
    let mut talk = site.session(facts("127.0.0.1"));
    talk.send(b"MAIL FROM:<a@localhost>\r\nRCPT TO:<bob>\r\nDATA\r\n");
    talk.send(b"MAIL FROM:<a@localhost>\r\n");
    talk.send(b"RCPT TO:<bob>\r\n");
    for _ in 0..2000 {
        assert!(talk.send(b"X-Long: 0123456789012345678901234567890123456789\r\n").is_empty());
    }
    let said = String::from_utf8(talk.send(b"\r\n.\r\n")).unwrap();
    assert_eq!(said, "552 5.2.3 Message exceeds maximum fixed size (1000)\r\n");
    assert_eq!(talk.send(b"NOOP\r\n"), b"250 2.0.0 OK\r\n");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    #[test]
    fn any_octets_end_well(parts in proptest::collection::vec(
        proptest::prop_oneof![
            proptest::prelude::Just(b"EHLO x\r\n".to_vec()),
            proptest::prelude::Just(b"MAIL FROM:<a@localhost>\r\n".to_vec()),
            proptest::prelude::Just(b"RCPT TO:<bob>\r\n".to_vec()),
            proptest::prelude::Just(b"DATA\r\n".to_vec()),
            proptest::prelude::Just(b"\r\n.\r\n".to_vec()),
            proptest::prelude::Just(b"RSET\r\n".to_vec()),
            proptest::prelude::Just(b"AUTH LOGIN\r\n".to_vec()),
            proptest::prelude::Just(b"STARTTLS\r\n".to_vec()),
            proptest::collection::vec(proptest::prelude::any::<u8>(), 0..40),
        ], 0..20)) {
        let site = site();
        let mut talk = site.session(facts("127.0.0.1"));
        for part in &parts {
            let said = talk.send(part);
            proptest::prop_assert!(said.is_empty() || said.ends_with(b"\r\n"));
        }
        talk.hang_up();
        proptest::prop_assert!(talk.closed);
    }
}
