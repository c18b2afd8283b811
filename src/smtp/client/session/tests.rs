use super::*;
use crate::smtp::client::reply::ReplyReader;
use crate::smtp::client::transaction::Rcpt;

fn setup() -> Setup {
    let t = Duration::from_secs(1);
    Setup {
        lmtp: false,
        try_ehlo: true,
        helo_only: false,
        name: Line::cleaned(b"mail.example.test"),
        own_name: Some(Line::cleaned(b"mail.example.test")),
        host: "sink.test.".into(),
        tls: true,
        verbose: false,
        mechanisms: "CRAM-MD5 LOGIN PLAIN".into(),
        times: Times {
            initial: t,
            helo: t,
            lhlo: t,
            starttls: t,
            auth: t,
            mail: t,
            rcpt: t,
            datainit: t,
            datablock: t,
            datafinal: t,
            rset: t,
            quit: t,
        },
    }
}

/// Plays `script` (lines `S:` are the server's, `C:` what the client must say, others events) against a session.
fn play(session: &mut Session, script: &str) {
    let mut reader = ReplyReader::default();
    let mut said: Vec<u8> = Vec::new();
    for line in script.lines().map(str::trim).filter(|l| !l.is_empty()) {
        while let Next::Send(bytes, _) = session.next() {
            said.extend_from_slice(&bytes);
        }
        if let Some(text) = line.strip_prefix("S: ") {
            assert!(matches!(session.next(), Next::Read(_)), "{line}: not reading");
            reader.feed(text.as_bytes());
            reader.feed(b"\r\n");
            if let Some(reply) = reader.next(&mut |_| ()).unwrap() {
                session.reply(&reply);
            }
        } else if let Some(text) = line.strip_prefix("C: ") {
            let want = format!("{text}\r\n");
            assert!(said.starts_with(want.as_bytes()), "want {text}, have {}", said.escape_ascii());
            said.drain(..want.len());
        } else {
            match line {
                "secured" => session.secured(),
                "clear" => session.try_tls(false),
                "tls" => session.try_tls(true),
                "good" => session.tls_server(Ok(())),
                "nobody" => session.auth_info(Ok(None)),
                "joe" => session.auth_info(Ok(Some(Credentials {
                    authen: b"joe".to_vec(),
                    password: Zeroizing::new(b"x".to_vec()),
                    ..Default::default()
                }))),
                "written" => {
                    assert!(matches!(session.next(), Next::Body(_)));
                    session.written();
                }
                "idle" => assert_eq!(session.next(), Next::Idle),
                "closed" => assert_eq!(session.next(), Next::Closed),
                "handshake" => assert!(matches!(session.next(), Next::Handshake(_))),
                other => panic!("{other}"),
            }
        }
    }
    while let Next::Send(bytes, _) = session.next() {
        said.extend_from_slice(&bytes);
    }
    assert!(said.is_empty(), "unexpected: {}", said.escape_ascii());
}

fn mail(recipients: &[&str]) -> Transaction {
    let recipient = |r: &&str| Rcpt { address: r.as_bytes().to_vec(), notify: None, orcpt: None };
    Transaction {
        sender: b"s@x.test".to_vec(),
        size: 10,
        recipients: recipients.iter().map(recipient).collect(),
        ..Default::default()
    }
}

fn results(session: &mut Session) -> Vec<String> {
    let shown = |s: &Status| format!("{} {}", s.enhanced, s.text.escape_ascii());
    session.take_results().iter().map(shown).collect()
}

#[test]
fn pipelined_with_one_refused() {
    let mut s = Session::new(setup());
    play(
        &mut s,
        "S: 220 sink.test ESMTP
         C: EHLO mail.example.test
         S: 250-sink.test
         S: 250-PIPELINING
         S: 250-SIZE 100
         S: 250 ENHANCEDSTATUSCODES
         good
         idle",
    );
    s.begin(mail(&["a@y", "b@y"]));
    play(
        &mut s,
        "C: MAIL From:<s@x.test> SIZE=10
         S: 250 2.1.0 ok
         C: RCPT To:<a@y>
         C: RCPT To:<b@y>
         C: DATA
         S: 550 5.1.1 no such user
         S: 250 2.1.5 ok
         S: 354 go
         written
         S: 250 2.0.0 X accepted
         idle",
    );
    assert_eq!(results(&mut s), ["5.1.1 User unknown", "2.0.0 X accepted"]);
    s.reset();
    play(&mut s, "C: RSET\nS: 250 ok\nidle");
    assert!(s.reset_with_next());
    s.begin(mail(&["c@y"]));
    play(
        &mut s,
        "C: RSET
         C: MAIL From:<s@x.test> SIZE=10
         S: 250 ok
         S: 250 2.1.0 ok
         C: RCPT To:<c@y>
         C: DATA
         S: 250 2.1.5 ok
         S: 354 go
         written
         S: 250 2.0.0 Y accepted
         idle",
    );
    assert_eq!(results(&mut s), ["2.0.0 Y accepted"]);
    assert!(s.reset_with_next());
    s.begin(mail(&["d@y"]));
    play(&mut s, "C: RSET\nC: MAIL From:<s@x.test> SIZE=10\nS: 421 enough\nclosed");
    assert!(s.was_dead());
}

#[test]
fn only_what_is_lost_before_the_reply_to_rset_was_dead() {
    let kept = || {
        let mut s = Session::new(setup());
        play(
            &mut s,
            "S: 220 sink.test ESMTP\nC: EHLO mail.example.test\nS: 250-sink.test\nS: 250 PIPELINING\ngood\nidle",
        );
        assert!(s.reset_with_next());
        s.begin(mail(&["a@y"]));
        play(&mut s, "C: RSET\nC: MAIL From:<s@x.test>");
        s
    };
    let mut early = kept();
    early.lost(&Lost::Reset);
    assert!(early.was_dead());
    let mut late = kept();
    play(&mut late, "S: 250 ok");
    late.lost(&Lost::Reset);
    assert!(!late.was_dead());
    let mut plain = Session::new(setup());
    play(&mut plain, "S: 220 sink.test ESMTP\nC: EHLO mail.example.test\nS: 250 sink.test\ngood\nidle");
    assert!(!plain.reset_with_next());
    plain.reset();
    play(&mut plain, "C: RSET\nS: 250 ok\nidle");
    plain.quit();
    play(&mut plain, "C: QUIT\nS: 221 bye\nclosed");
}

#[test]
fn helo_after_ehlo_is_refused_and_no_pipelining() {
    let mut s = Session::new(setup());
    play(
        &mut s,
        "S: 220 x\nC: EHLO mail.example.test\nS: 500 what\nC: HELO mail.example.test\nS: 250 sink\ngood\nidle",
    );
    s.begin(mail(&["a@y", "b@y"]));
    play(
        &mut s,
        "C: MAIL From:<s@x.test>\nS: 250 ok\nC: RCPT To:<a@y>\nS: 450 later\nC: RCPT To:<b@y>\nS: 450 4.7.1 later\nidle",
    );
    assert_eq!(results(&mut s), ["4.2.0 450 later", "4.2.0 450 4.7.1 later"]);
}

#[test]
fn tls_then_auth() {
    let mut s = Session::new(setup());
    play(
        &mut s,
        "S: 220 x ESMTP
         C: EHLO mail.example.test
         S: 250-x
         S: 250-AUTH CRAM-MD5
         S: 250 STARTTLS
         tls
         C: STARTTLS
         S: 220 go
         handshake
         secured
         C: EHLO mail.example.test
         S: 250-x
         S: 250 AUTH PLAIN LOGIN
         good
         joe
         C: AUTH PLAIN AGpvZQB4
         S: 235 ok
         idle",
    );
    assert_eq!(s.authenticated(), Some("PLAIN"));
    assert!(s.is_secure());
}

#[test]
fn loops_and_refusals() {
    let mut s = Session::new(setup());
    play(&mut s, "S: 220 x ESMTP\nC: EHLO mail.example.test\nS: 250 Mail.Example.Test hi\nC: QUIT\nS: 221 bye\nclosed");
    assert_eq!(s.failure().map(|f| f.enhanced.to_string()).as_deref(), Some("5.3.5"));
    let mut s = Session::new(setup());
    play(&mut s, "S: 554 no\nC: QUIT\nS: 221 bye\nclosed");
    assert_eq!(s.failure().map(|f| f.enhanced.to_string()).as_deref(), Some("5.5.0"));
}

#[test]
fn lmtp_has_a_reply_for_each() {
    let mut s = Session::new(Setup { lmtp: true, own_name: None, ..setup() });
    play(
        &mut s,
        "S: 220 x LMTP\nC: LHLO mail.example.test\nS: 250-x\nS: 250-ENHANCEDSTATUSCODES\nS: 250 PIPELINING\ngood\nidle",
    );
    s.begin(mail(&["a", "b", "c"]));
    play(
        &mut s,
        "C: MAIL From:<s@x.test>
         S: 250 ok
         C: RCPT To:<a>
         C: RCPT To:<b>
         C: RCPT To:<c>
         C: DATA
         S: 250 ok
         S: 550 5.1.1 who
         S: 250 ok
         S: 354 go
         written
         S: 250 2.1.5 ok
         S: 452 4.2.2 full
         idle",
    );
    assert_eq!(results(&mut s), ["2.1.5 ", "5.1.1 User unknown", "4.2.2 452 4.2.2 full"]);
}

#[test]
fn a_dying_server_defers_what_is_open() {
    let mut s = Session::new(setup());
    play(&mut s, "S: 220 x ESMTP\nC: EHLO mail.example.test\nS: 250-x\nS: 250 PIPELINING\ngood\nidle");
    s.begin(mail(&["a", "b"]));
    play(&mut s, "C: MAIL From:<s@x.test>\nS: 250 ok\nC: RCPT To:<a>\nC: RCPT To:<b>\nC: DATA\nS: 550 no");
    s.lost(&Lost::TimedOut);
    assert_eq!(s.next(), Next::Closed);
    assert_eq!(results(&mut s), ["5.1.1 User unknown", "4.4.2 Connection timed out with sink.test."]);
}

#[test]
fn values_cannot_add_commands() {
    let mut s = Session::new(setup());
    play(&mut s, "S: 220 x ESMTP\nC: EHLO mail.example.test\nS: 250 x\ngood\nidle");
    s.begin(Transaction { sender: b"a>\r\nRCPT To:<evil".to_vec(), ..mail(&["b"]) });
    play(&mut s, "C: MAIL From:<a>RCPT To:<evil>");
}

#[test]
fn many_recipients_go_in_batches() {
    let mut s = Session::new(setup());
    play(&mut s, "S: 220 x ESMTP\nC: EHLO mail.example.test\nS: 250-x\nS: 250 PIPELINING\ngood\nidle");
    let names: Vec<String> = (0..150).map(|n| format!("u{n}@y")).collect();
    s.begin(mail(&names.iter().map(String::as_str).collect::<Vec<_>>()));
    let commands =
        |from: usize, to: usize| names[from..to].iter().map(|n| format!("C: RCPT To:<{n}>\n")).collect::<String>();
    let replies = |n: usize| "S: 250 ok\n".repeat(n);
    let script = format!(
        "C: MAIL From:<s@x.test>\nS: 250 ok\n{}{}{}C: DATA\n{}S: 354 go\nwritten\nS: 250 ok\nidle",
        commands(0, 100),
        replies(100),
        commands(100, 150),
        replies(50)
    );
    play(&mut s, &script);
    assert_eq!(results(&mut s).len(), 150);
}

#[test]
fn who_watches_a_submission_sees_what_the_server_does() {
    let mut session = Session::new(Setup { verbose: true, tls: false, ..setup() });
    play(&mut session, "S: 220 x ESMTP\nC: EHLO mail.example.test\nS: 250-sink.test\nS: 250-AUTH PLAIN\nS: 250 VERB");
    session.tls_server(Ok(()));
    session.auth_info(Ok(None));
    assert_eq!(session.next(), Next::Idle);
    let rcpt = Rcpt { address: b"b@c".to_vec(), notify: None, orcpt: None };
    let auth = Some(Line::cleaned(b"a@b"));
    let sent = || Transaction {
        sender: b"a@b".to_vec(),
        auth: auth.clone(),
        recipients: vec![rcpt.clone()],
        ..Transaction::default()
    };
    session.begin(sent());
    play(
        &mut session,
        "C: VERB\nS: 250 2.0.0 Verbose mode\nC: MAIL From:<a@b> AUTH=a@b\nS: 250 ok\nC: RCPT To:<b@c>\nS: 250 ok\nC: DATA\nS: 354 go",
    );
    assert!(matches!(session.next(), Next::Body(_)));
    session.written();
    play(&mut session, "S: 050 <b@c>... Connecting to local...\nS: 051 slow\nS: 250 2.0.0 done");
    assert!(session.take_results().iter().all(Status::is_success));
    // Once a connection.
    session.begin(sent());
    play(&mut session, "C: MAIL From:<a@b> AUTH=a@b");
}
