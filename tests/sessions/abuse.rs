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
            drop(committed);
            assert!(site.still_serves());
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
        assert!(site.still_serves());
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
    assert!(site.still_serves());
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
    assert!(site.still_serves());
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

/// What hostile clients say at any point of a session.
const LINES: [&[u8]; 64] = [
    b"EHLO x",
    b"HELO x",
    b"EHLO",
    b"EHLO [IPv6:::1]",
    b"EHLO x\rFORGED",
    b"EHLO \xff\xfe",
    b"HELO $j",
    b"EHLO ${load_avg}",
    b"MAIL FROM:<a@localhost>",
    b"MAIL FROM:<>",
    b"MAIL FROM:<\xff\\\xff\\>",
    b"MAIL FROM:<|/bin/sh>",
    b"MAIL FROM:<;touch /tmp/x;>",
    b"MAIL FROM:<$(id)@localhost>",
    b"MAIL FROM:<${run{x}}@localhost>",
    b"MAIL FROM:<a@localhost> SIZE=-1",
    b"MAIL FROM:<a@localhost> SIZE=18446744073709551616",
    b"MAIL FROM:<a@localhost> SIZE=0x10",
    b"MAIL FROM:<a@localhost> SIZE=",
    b"MAIL FROM:<a@localhost> ENVID=e+0D+0AX-Inj:+20y",
    b"MAIL FROM:<a@localhost> ENVID=+",
    b"MAIL FROM:<a@localhost> AUTH=+0A",
    b"MAIL FROM:<a@localhost> BODY=BINARYMIME",
    b"MAIL FROM:<a@localhost> BY=9999999999;R",
    b"MAIL FROM:<\"a\\\"b\"@localhost> RET=FULL RET=HDRS",
    b"MAIL FROM:<((((((((a))))))))@localhost>",
    b"MAIL FROM:<a@localhost",
    b"MAIL FROM:<<<a@localhost>>>",
    b"MAIL FROM:<x@.!>",
    b"MAIL FROM:<a@localhost> a=b c=d e=f g=h",
    b"RCPT TO:<bob>",
    b"RCPT TO:<alice@example.test>",
    b"RCPT TO:<nobody>",
    b"RCPT TO:<\"|/bin/sh\">",
    b"RCPT TO:</etc/passwd>",
    b"RCPT TO:<:include:/etc/passwd>",
    b"RCPT TO:<good\0@evil>",
    b"RCPT TO:<a%b@example.test>",
    b"RCPT TO:<@a,@b:c@d>",
    b"RCPT TO:<bob> NOTIFY=NEVER,SUCCESS",
    b"RCPT TO:<bob> ORCPT=rfc822;a+0A+0Db",
    b"RCPT TO:<a@b@c@d>",
    b"RCPT TO:<#1@[1.2.3.4]>",
    b"DATA",
    b"DATA x",
    b"BDAT 5 LAST",
    b"BDAT -1",
    b"BDAT 99999999999999999999 LAST",
    b"RSET",
    b"NOOP",
    b"VRFY bob",
    b"VRFY |x",
    b"EXPN list",
    b"ETRN @x",
    b"ETRN #\x01",
    b"HELP %s%n",
    b"AUTH PLAIN",
    b"AUTH PLAIN =",
    b"AUTH PLAIN A",
    b"AUTH LOGIN",
    b"*",
    b"STARTTLS",
    b"GET / HTTP/1.1",
    b".",
];

/// A generator of numbers that gives the same ones every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides as u64) as usize
    }
}

/// A session of hostile lines, broken and joined at random.
fn hostile(dice: &mut Dice) -> Vec<Vec<u8>> {
    const ENDS: [&[u8]; 8] = [b"\r\n", b"\r\n", b"\r\n", b"\n", b"\r", b"\r\r\n", b"\0\r\n", b""];
    let mut parts = Vec::new();
    for _ in 0..1 + dice.roll(24) {
        let mut line = LINES[dice.roll(LINES.len())].to_vec();
        match dice.roll(12) {
            0 => line.extend(vec![b'A'; [200, 255, 256, 1000, 2040, 5000][dice.roll(6)]]),
            1 => line.insert(dice.roll(line.len() + 1), dice.roll(256) as u8),
            2 => line.truncate(dice.roll(line.len() + 1)),
            3 => line.extend_from_slice(b"\r\nSubject: x\r\n\r\nbody\r\n.\r\n"),
            _ => {}
        }
        line.extend_from_slice(ENDS[dice.roll(ENDS.len())]);
        parts.push(line);
        if dice.roll(6) == 0 {
            let joined = parts.split_off(parts.len().saturating_sub(3)).concat();
            parts.push(joined);
        }
    }
    parts
}

#[test]
fn hostile_sessions_harm_nobody() {
    let site = site();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for round in 0..1500 {
        let parts = hostile(&mut dice);
        let mut talk = site.session(facts(["127.0.0.1", "192.0.2.7", "192.0.2.3"][round % 3]));
        for part in &parts {
            let said = talk.send(part);
            // RFC 5321 4.2: a text may hold a tab.
            let shown = || parts.concat().escape_ascii().to_string();
            assert!(said.is_empty() || said.ends_with(b"\r\n"), "{}", shown());
            assert!(
                said.iter().all(|b| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n')),
                "{}: {}",
                shown(),
                said.escape_ascii()
            );
            for line in said.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                assert!(line.first_chunk::<3>().is_some_and(|c| c.iter().all(u8::is_ascii_digit)), "{}", shown());
            }
        }
        talk.hang_up();
        assert!(talk.closed);
        if round % 10 == 0 {
            assert!(site.still_serves(), "round {round}: {}", parts.concat().escape_ascii());
        }
    }
    // Nothing that was taken names a program, a file or a list, or carries a line break where none may be.
    for envelope in site.store.committed.lock().unwrap().iter() {
        assert!(!envelope.sender.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
        for recipient in &envelope.recipients {
            assert!(!recipient.address.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
        }
    }
}

#[test]
fn dragging_clients_are_ended() {
    use std::time::Duration;
    let site = site().with(|s| {
        s.command_timeout = Duration::from_millis(50);
        s.data_timeout = Duration::from_millis(50);
    });
    let mut talk = site.session(facts("127.0.0.1"));
    for _ in 0..20 {
        talk.send(b"N");
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(talk.closed, "a command without end");
    let mut talk = site.session(facts("127.0.0.1"));
    for line in ["MAIL FROM:<a@localhost>\r\n", "RCPT TO:<bob>\r\n", "DATA\r\n"] {
        talk.send(line.as_bytes());
    }
    for _ in 0..20 {
        if !talk.closed {
            talk.send(b"x");
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(talk.closed, "a message without end");
    assert!(site.store.committed.lock().unwrap().is_empty());
    assert!(site.still_serves());
}
