//! Values that would be commands, records or rules elsewhere: taken literally, or refused.

use super::support::{Site, keep_log, logged};
use super::{facts, site};
use postrider::queue::file::{DataFile, encode};

/// A transaction with this sender and recipient; what the server said to MAIL, RCPT and the final dot.
fn transaction(site: &Site, mail: &[u8], rcpt: &[u8], text: &[u8]) -> [Vec<u8>; 3] {
    let mut talk = site.session(facts("127.0.0.1"));
    talk.send(b"EHLO x\r\n");
    let mail = talk.send(&[b"MAIL FROM:", mail, b"\r\n"].concat());
    let rcpt = talk.send(&[b"RCPT TO:", rcpt, b"\r\n"].concat());
    let mut end = talk.send(b"DATA\r\n");
    if end.starts_with(b"354") {
        end = talk.send(&[text, b"\r\n.\r\n"].concat());
    }
    [mail, rcpt, end]
}

#[test]
fn the_worms_commands_are_unknown() {
    let site = site();
    for line in ["DEBUG", "WIZ", "KILL", "SHOWQ", "ONEX x", "XUSR", "XCLIENT ADDR=127.0.0.1", "XFORWARD NAME=x"] {
        let mut talk = site.session(facts("192.0.2.1"));
        talk.send(b"EHLO x\r\n");
        let said = talk.send(format!("{line}\r\n").as_bytes());
        assert!(said.starts_with(b"500 5.5.1 "), "{line}: {}", said.escape_ascii());
        assert!(site.still_serves(), "{line}");
    }
}

#[test]
fn programs_files_and_lists_are_no_addresses() {
    let site = site();
    let special: [&[u8]; 12] = [
        b"<|/bin/sh>",
        b"<\"|/bin/sh\">",
        b"<\"|/bin/sh\"@localhost>",
        b"\"|/bin/sh\"",
        b"</etc/passwd>",
        b"<\"/etc/passwd\"@localhost>",
        b"</tmp/x@localhost>",
        b"<:include:/etc/passwd>",
        b"<\":include:/etc/passwd\"@localhost>",
        b"<|cmd@localhost>",
        b"<;/bin/sh;@localhost>",
        b"<`id`@localhost>",
    ];
    for address in special {
        let [_, rcpt, end] = transaction(&site, b"<a@localhost>", address, b"x");
        assert!(rcpt.starts_with(b"5"), "{}: {}", address.escape_ascii(), rcpt.escape_ascii());
        assert!(end.starts_with(b"503"), "{}: {}", address.escape_ascii(), end.escape_ascii());
        transaction(&site, address, b"<bob>", b"x");
        assert!(site.still_serves());
    }
    // A sender may look like one; a recipient never does.
    for envelope in site.store.committed.lock().unwrap().iter() {
        for r in &envelope.recipients {
            assert!(r.primary && !r.address.starts_with(b"|") && !r.address.starts_with(b"/"));
            assert_eq!(r.control, None);
        }
    }
}

#[test]
fn nothing_that_comes_in_is_expanded() {
    let site = site();
    for word in
        ["$j", "$&{load_avg}", "${run{id}}", "$(id)", "$[mail.example.test$]", "%s%n%x", "$=w", "$|", "$@", "$:x"]
    {
        let sender = format!("<{word}@peer.example.net>");
        transaction(
            &site,
            sender.as_bytes(),
            b"<bob>",
            format!("Subject: {word}\r\nX-Y: {word}\r\n\r\n{word}").as_bytes(),
        );
        transaction(&site, b"<a@localhost>", sender.as_bytes(), b"x");
        let committed = site.store.committed.lock().unwrap();
        for envelope in committed.iter().filter(|e| e.headers.fields.iter().any(|f| &*f.name == b"X-Y")) {
            assert!(envelope.sender.as_bytes().contains(&b'%') || envelope.sender.as_bytes().contains(&b'$'));
        }
        if let Some(field) = committed.last().and_then(|e| e.headers.fields.iter().find(|f| &*f.name == b"X-Y")) {
            assert_eq!(field.value, format!(" {word}").as_bytes());
            assert!(!field.template);
        }
        drop(committed);
        assert!(site.still_serves(), "{word}");
        site.store.committed.lock().unwrap().clear();
    }
    // The octets that rule sets and queue files use for operators.
    for octet in (0x80..=0x9f_u8).chain([0xff]) {
        let address = [b"<a", &[octet][..], b"b@localhost>"].concat();
        let [mail, ..] = transaction(&site, &address, b"<bob>", b"x");
        assert!(mail.starts_with(b"501 5.1.3"), "{octet:x}: {}", mail.escape_ascii());
        let [_, rcpt, _] = transaction(&site, b"<a@localhost>", &address, b"x");
        assert!(rcpt.starts_with(b"501 5.1.3"), "{octet:x}: {}", rcpt.escape_ascii());
        transaction(&site, b"<a@localhost>", b"<bob>", &[b"X-Y: ", &[octet][..], b"j"].concat());
        let mut committed = site.store.committed.lock().unwrap();
        let envelope = committed.pop().expect("an 8-bit header is taken");
        let field = envelope.headers.fields.iter().find(|f| &*f.name == b"X-Y").expect("X-Y");
        assert_eq!(field.value, [b' ', octet, b'j']);
        drop(committed);
        assert!(site.still_serves(), "{octet:x}");
        site.store.committed.lock().unwrap().clear();
    }
}

#[test]
fn parameters_add_no_record_to_a_queue_file() {
    let site = site();
    let cases: [(&[u8], &[u8]); 10] = [
        (b"<a@localhost> ENVID=e+0D+0AX-Inj:+20y", b"<bob>"),
        (b"<a@localhost> ENVID=e+0AX-Inj", b"<bob>"),
        (b"<a@localhost> ENVID=e+00X-Inj", b"<bob>"),
        (b"<a@localhost> AUTH=+0AX-Inj", b"<bob>"),
        (b"<a@localhost> AUTH=e+3Dmc2@example.com", b"<bob>"),
        (b"<a@localhost>", b"<bob> ORCPT=rfc822;a+0D+0AX-Inj:b"),
        (b"<a@localhost>", b"<bob> ORCPT=rfc822;+0AX-Inj"),
        (b"<a@localhost>", b"<bob> ORCPT=+0AX-Inj;a"),
        (b"<\"a\\\nX-Inj: b\"@localhost>", b"<bob>"),
        (b"<a@localhost>", b"<\"bob\\\rX-Inj: b\"@localhost>"),
    ];
    for (mail, rcpt) in cases {
        transaction(&site, mail, rcpt, b"X-A: b\r\n\r\nx");
        let mut committed = site.store.committed.lock().unwrap();
        for envelope in committed.drain(..) {
            let file = encode(&envelope, &DataFile::default());
            assert!(!file.contains(&0) && !file.contains(&b'\r'), "{}", file.escape_ascii());
            let forged = file.split(|b| *b == b'\n').any(|l| l.starts_with(b"X-Inj"));
            assert!(!forged, "{}: {}", mail.escape_ascii(), file.escape_ascii());
        }
        drop(committed);
        assert!(site.still_serves(), "{}", mail.escape_ascii());
        site.store.committed.lock().unwrap().clear();
    }
}

#[test]
fn the_log_has_one_line_a_record_and_no_password() {
    keep_log();
    let site = site();
    logged();
    for verb in
        ["EHLO ", "MAIL FROM:", "RCPT TO:", "VRFY ", "EXPN ", "ETRN ", "AUTH PLAIN ", "AUTH LOGIN ", "STARTTLS ", ""]
    {
        for tail in
            [&b"x\x1b[2J"[..], b"x\rFORGED", b"<x\tFORGED@\x07>", b"\xe2\x80\xa8FORGED", b"x\0FORGED", b"\x7f\x9b"]
        {
            let mut talk = site.session(facts("192.0.2.1"));
            talk.send(b"EHLO x\r\n");
            talk.send(b"MAIL FROM:<a@localhost>\r\n");
            talk.send(&[verb.as_bytes(), tail, b"\r\n"].concat());
            talk.hang_up();
        }
    }
    let mut talk = site.session(facts("127.0.0.1"));
    talk.send(b"DATA\r\n");
    for line in [
        "AUTH PLAIN AGFsaWNlAHdyb25nd29yZA==",
        "AUTH LOGIN",
        "YWxpY2U=",
        "d3Jvbmd3b3Jk",
        "AUTH LOGIN YWxpY2U=",
        "d3Jvbmd3b3Jk",
    ] {
        talk.send(format!("{line}\r\n").as_bytes());
    }
    let lines = logged();
    assert!(lines.len() > 100, "{} records", lines.len());
    for line in &lines {
        assert!(line.bytes().all(|b| matches!(b, b' '..=b'~')), "{}", line.escape_debug());
        assert!(!line.starts_with("FORGED"), "{line}");
        for secret in ["wrongword", "d3Jvbmd3b3Jk", "AGFsaWNlAHdyb25nd29yZA"] {
            assert!(!line.contains(secret), "{line}");
        }
    }
    assert!(site.still_serves());
}
