//! The client against servers on loopback: good ones, odd ones and hostile ones.

#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod tls;

use common::{Nothing, services};
use postrider::cf::system::Fixed;
use postrider::cf::{Config, LoadOptions};
use postrider::dns::FakeResolver;
use postrider::envelope::*;
use postrider::rewrite::service::NoMaps;
use postrider::service::Services;
use postrider::smtp::client::{ConnectionCache, Transcript, deliver};
use postrider::text::Line;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const CF: &str = "\
V10
Djmail.example.test
O OperatorChars=.:%@!^/[]+
O Timeout.initial=2s
O Timeout.helo=2s
O Timeout.mail=2s
O Timeout.rcpt=2s
O Timeout.datainit=2s
O Timeout.datafinal=2s
O Timeout.datablock=5s
O Timeout.quit=1s
O Timeout.rset=1s
O Timeout.starttls=2s
O AuthMechanisms=CRAM-MD5 PLAIN LOGIN
O ConnectionCacheSize=2
@OPTS@
S3
R$* < $* > $*\t$2
R$* @ $*\t$: $1 < @ $2 >
S4
R$* < @ $* > $*\t$1 @ $2 $3
@RULES@
Mlocal, P=/bin/cat, F=l, A=cat
Msmtp, P=[IPC], F=@F@, E=\\r\\n, L=990, A=TCP $h @PORT@
Mfile, P=[IPC], F=mXz, E=\\r\\n, A=FILE @PATH@
";

struct Bench {
    services: Services,
    pool: ConnectionCache,
    port: u16,
}

#[derive(Default)]
struct Lines(Vec<String>);

impl Transcript for Lines {
    fn line(&mut self, text: &[u8]) {
        self.0.push(String::from_utf8_lossy(text).into_owned());
    }
}

fn bench(port: u16, resolver: FakeResolver, edit: &[(&str, &str)]) -> Bench {
    let mut text = CF.replace("@PORT@", &port.to_string());
    for (key, value) in edit {
        text = text.replace(key, value);
    }
    for (key, value) in [("@F@", "mDFMXa"), ("@OPTS@", "#"), ("@RULES@", "#"), ("@PATH@", "/nowhere")] {
        text = text.replace(key, value);
    }
    let system = Fixed { host: "mail.example.test".into() };
    let (config, _) = Config::parse(text.as_bytes(), "test.cf", &LoadOptions::new(&system));
    let nothing = Arc::new(Nothing);
    let resolver = Arc::new(resolver);
    let services = services(Arc::new(config), nothing.clone(), nothing.clone(), nothing, Arc::new(NoMaps), resolver);
    Bench { services, pool: ConnectionCache::new(), port }
}

fn envelope(recipients: &[&str], body: &[u8]) -> Envelope {
    let recipient = |address: &&str| Recipient {
        target: Some(Target {
            mailer: 0,
            host: Line::cleaned(b"[127.0.0.1]"),
            user: Line::cleaned(address.as_bytes()),
            group: None,
        }),
        ..Recipient::new(Line::cleaned(format!("<{address}>").as_bytes()))
    };
    Envelope {
        sender: Line::cleaned(b"<sender@mail.example.test>"),
        recipients: recipients.iter().map(recipient).collect(),
        body: Body::Memory(body.into()),
        size: body.len() as u64,
        ..Envelope::new(IdGenerator::new(4242, 0).next((2026, 10, 22, 18, 0, 0)), 1_795_370_400)
    }
}

impl Bench {
    fn send_to(&self, host: &str, env: &Envelope, lines: &mut Lines) -> Vec<Status> {
        let mailer = self.services.config.mailer_index(b"smtp").unwrap();
        let all: Vec<usize> = (0..env.recipients.len()).collect();
        deliver(&self.services, &self.pool, env, mailer, host.as_bytes(), &all, Some(lines))
    }

    fn send(&self, recipients: &[&str]) -> (Vec<String>, Lines) {
        let mut lines = Lines::default();
        let found = self.send_to("[127.0.0.1]", &envelope(recipients, b"body\n.dot\n"), &mut lines);
        (shown(&found), lines)
    }

    /// The same with nobody watching.
    fn send_quietly(&self, recipient: &str) -> Vec<String> {
        let mailer = self.services.config.mailer_index(b"smtp").unwrap();
        let env = envelope(&[recipient], b"body\n");
        shown(&deliver(&self.services, &self.pool, &env, mailer, b"[127.0.0.1]", &[0], None))
    }
}

fn shown(found: &[Status]) -> Vec<String> {
    found.iter().map(|s| format!("{} {}", s.enhanced, s.text.escape_ascii())).collect()
}

/// A server that runs `talk` on each connection; what `talk` returns comes out of the receiver.
fn server<F>(talk: F) -> (u16, Receiver<Vec<u8>>)
where
    F: Fn(TcpStream, usize) -> Vec<u8> + Send + Sync + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, receiver) = channel();
    let talk = Arc::new(talk);
    std::thread::spawn(move || {
        for (n, stream) in listener.incoming().enumerate() {
            let (Ok(stream), talk, sender) = (stream, Arc::clone(&talk), sender.clone()) else { break };
            stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
            std::thread::spawn(move || {
                let _ = sender.send(talk(stream, n));
            });
        }
    });
    (port, receiver)
}

/// A plain SMTP server: `replies` overrides the answer to a verb.
fn sink(replies: &'static [(&'static str, &'static str)], hello: &'static str) -> (u16, Receiver<Vec<u8>>) {
    server(move |stream, _| polite(stream, replies, hello))
}

fn polite(stream: TcpStream, replies: &[(&str, &str)], hello: &str) -> Vec<u8> {
    let mut out = stream.try_clone().unwrap();
    let mut lines = BufReader::new(stream);
    let mut seen = Vec::new();
    let say = |out: &mut TcpStream, text: &str| out.write_all(format!("{text}\r\n").as_bytes());
    let answer = |verb: &str, usual: &str| replies.iter().find(|r| r.0 == verb).map_or(usual, |r| r.1).to_string();
    let _ = say(&mut out, &answer("greeting", "220 sink.test ESMTP"));
    loop {
        let mut line = Vec::new();
        if !matches!(lines.read_until(b'\n', &mut line), Ok(n) if n > 0) {
            return seen;
        }
        seen.extend_from_slice(&line);
        let verb = String::from_utf8_lossy(&line).split_ascii_whitespace().next().unwrap_or_default().to_string();
        let reply = match verb.as_str() {
            "EHLO" | "LHLO" => answer("EHLO", hello),
            "DATA" => answer("DATA", "354 go"),
            "QUIT" => answer("QUIT", "221 bye"),
            "RCPT" if line.starts_with(b"RCPT To:<bad") => answer("bad", "550 5.1.1 no such user"),
            other => answer(other, "250 2.0.0 ok"),
        };
        if reply == "cut" || say(&mut out, &reply).is_err() {
            return seen;
        }
        if reply.starts_with("354") {
            let mut data = Vec::new();
            while !data.ends_with(b"\r\n.\r\n") && data != b".\r\n" {
                if !matches!(lines.read_until(b'\n', &mut data), Ok(n) if n > 0) {
                    return seen;
                }
            }
            seen.extend_from_slice(&data);
            let _ = say(&mut out, &answer("dot", "250 2.0.0 X accepted"));
        }
        if verb == "QUIT" {
            return seen;
        }
    }
}

const HELLO: &str = "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE\r\n250 ENHANCEDSTATUSCODES";

#[test]
fn the_dialogue_as_the_original_shows_it() {
    let (port, seen) = sink(&[], HELLO);
    let bench = bench(port, FakeResolver::new(), &[]);
    let (found, lines) = bench.send(&["alice@sink.test", "bob@sink.test"]);
    assert_eq!(found, ["2.0.0 X accepted", "2.0.0 X accepted"]);
    let mut rest = Lines::default();
    bench.pool.close_all(Some(&mut rest));
    let port = bench.port;
    let want = format!(
        "alice@sink.test,bob@sink.test... Connecting to [127.0.0.1] port {port} via smtp...\n220 sink.test ESMTP\n>>> EHLO mail.example.test\n\
         250-sink.test\n250-PIPELINING\n250-8BITMIME\n250-SIZE\n250 ENHANCEDSTATUSCODES\n\
         >>> MAIL From:<sender@mail.example.test> SIZE=10\n250 2.0.0 ok\n>>> RCPT To:<alice@sink.test>\n>>> RCPT To:<bob@sink.test>\n>>> DATA\n\
         250 2.0.0 ok\n250 2.0.0 ok\n354 go\n>>> .\n250 2.0.0 X accepted\nClosing connection to [127.0.0.1]\n>>> QUIT\n221 bye"
    );
    let all: Vec<String> = lines.0.into_iter().chain(rest.0).collect();
    assert_eq!(all.join("\n"), want);
    let seen = String::from_utf8(seen.recv_timeout(Duration::from_secs(5)).unwrap()).unwrap();
    assert!(seen.ends_with("DATA\r\n\r\nbody\r\n..dot\r\n.\r\nQUIT\r\n"), "{seen}");
}

/// Octets of a data file that another server might take for the end of a message: each goes out as text of one message.
#[test]
fn nothing_is_smuggled_out() {
    const ENDS: [&[u8]; 16] = [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r\n.\r\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r\n.\r\r\n",
        b"\r\r\n.\r\n",
        b"\r\n\0.\r\n",
        b"\r\n.\0\r\n",
        b"\r\0\n.\r\n",
        b"\r.\r\n",
        b"\n\n.\r\n",
        b"\x85.\x85",
        b"\xe9\n.\n",
        b"\n.",
    ];
    const SEVEN: &str = "250-sink.test\r\n250-PIPELINING\r\n250 SIZE";
    for (flags, hello) in [("mDFMXa", HELLO), ("mDFMXa", SEVEN), ("mDFMa", HELLO), ("mDFMX6", SEVEN)] {
        let (port, seen) = sink(&[], hello);
        let bench = bench(port, FakeResolver::new(), &[("@F@", flags)]);
        let mut sent = 0;
        for end in ENDS {
            // The second and third: where the mailer's line limit cuts.
            let paddings: &[usize] = if flags == "mDFMXa" && hello == HELLO { &[0, 988, 989, 16383] } else { &[0] };
            for &padding in paddings {
                let second = b"MAIL FROM:<evil@sink.test>\r\nRCPT TO:<a@sink.test>\r\nDATA\r\nevil\r\n.\r\n";
                let mut envelope = envelope(&["a@sink.test"], &[&vec![b'A'; padding], end, second].concat());
                envelope.flags.eight_bit = end.iter().any(|b| *b >= 0x80);
                let found = bench.send_to("[127.0.0.1]", &envelope, &mut Lines::default());
                assert!(matches!(&shown(&found)[..], [said] if said.ends_with("X accepted")));
                sent += 1;
            }
        }
        bench.pool.close_all(None);
        let mut all = Vec::new();
        while let Ok(part) = seen.recv_timeout(Duration::from_secs(1)) {
            all.extend(part);
        }
        let bare = all.iter().enumerate().find(|(i, b)| match b {
            b'\n' => i.checked_sub(1).and_then(|i| all.get(i)) != Some(&b'\r'),
            b'\r' => all.get(i + 1) != Some(&b'\n'),
            _ => false,
        });
        assert_eq!(bare, None, "{flags}");
        let lone = all.windows(5).filter(|w| w == b"\r\n.\r\n").count();
        assert_eq!(lone, sent, "{flags}");
    }
}

#[test]
fn connections_come_from_the_address_of_client_port_options() {
    let (port, seen) = server(|stream, _| {
        let from = stream.peer_addr().unwrap().ip();
        polite(stream, &[], HELLO);
        from.to_string().into_bytes()
    });
    let bench = bench(port, FakeResolver::new(), &[("@OPTS@", "O ClientPortOptions=Family=inet, Addr=127.0.0.77")]);
    assert_eq!(bench.send(&["a@sink.test"]).0, ["2.0.0 X accepted"]);
    bench.pool.close_all(None);
    assert_eq!(seen.recv_timeout(Duration::from_secs(5)).unwrap(), b"127.0.0.77");
}

#[test]
fn a_kept_connection_is_used_again_and_replaced_when_dead() {
    let (port, seen) = server(|stream, n| {
        let replies: &[(&str, &str)] = if n == 0 { &[("RSET", "cut")] } else { &[] };
        polite(stream, replies, HELLO)
    });
    let bench = bench(port, FakeResolver::new(), &[]);
    assert_eq!(bench.send(&["a@sink.test"]).0, ["2.0.0 X accepted"]);
    // The first server hangs up at RSET.
    assert_eq!(bench.send(&["b@sink.test"]).0, ["2.0.0 X accepted"]);
    let (found, lines) = bench.send(&["c@sink.test"]);
    assert_eq!(found, ["2.0.0 X accepted"]);
    assert!(lines.0.contains(&"c@sink.test... Using cached ESMTP connection to [127.0.0.1] via smtp...".to_string()));
    bench.pool.close_all(None);
    let (one, two) = (seen.recv().unwrap(), seen.recv().unwrap());
    let count = |text: &[u8]| String::from_utf8_lossy(text).matches("MAIL From").count();
    assert_eq!((count(&one), count(&two)), (1, 2));
}

#[test]
fn a_kept_connection_that_died_is_replaced_though_mail_was_sent_with_rset() {
    for end in ["cut", "421 4.3.2 closing"] {
        let (port, seen) = server(move |stream, n| {
            let replies: &[(&str, &str)] = if n == 0 { &[("RSET", end)] } else { &[] };
            polite(stream, replies, HELLO)
        });
        let bench = bench(port, FakeResolver::new(), &[]);
        for recipient in ["a@sink.test", "b@sink.test", "c@sink.test"] {
            assert_eq!(bench.send_quietly(recipient), ["2.0.0 X accepted"], "{end}: {recipient}");
        }
        bench.pool.close_all(None);
        let (one, two) = (seen.recv().unwrap(), seen.recv().unwrap());
        let count = |text: &[u8], what| String::from_utf8_lossy(text).matches(what).count();
        assert_eq!((count(&one, "DATA"), count(&two, "DATA")), (1, 2), "{end}");
        assert_eq!(count(&two, "RSET\r\nMAIL From"), 1, "{end}");
    }
}

#[test]
fn answers_decide_for_each_recipient() {
    let cases: &[(&'static [(&str, &str)], &[&str])] = &[
        (&[], &["2.0.0 X accepted", "5.1.1 User unknown"]),
        (&[("MAIL", "450 4.1.8 later")], &["4.1.8 450 4.1.8 later", "4.1.8 450 4.1.8 later"]),
        (&[("DATA", "451 4.3.0 no")], &["4.0.0 451 4.3.0 no", "5.1.1 User unknown"]),
        (&[("dot", "554 5.7.1 spam")], &["5.7.1 Service unavailable", "5.1.1 User unknown"]),
        (&[("greeting", "421 4.3.2 busy")], &["4.5.0 421 4.3.2 busy", "4.5.0 421 4.3.2 busy"]),
        (&[("bad", "421 4.7.0 go away")], &["4.7.0 421 4.7.0 go away", "4.7.0 421 4.7.0 go away"]),
        (&[("EHLO", "250 mail.example.test")], &["5.3.5 Local configuration error", "5.3.5 Local configuration error"]),
        (
            &[("bad", "250 ok"), ("RCPT", "cut")],
            &["4.4.2 Connection reset by [127.0.0.1]", "4.4.2 Connection reset by [127.0.0.1]"],
        ),
    ];
    for (replies, want) in cases {
        let (port, _seen) = sink(replies, HELLO);
        let bench = bench(port, FakeResolver::new(), &[]);
        assert_eq!(bench.send(&["a@sink.test", "bad@sink.test"]).0, *want, "{replies:?}");
    }
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let bench = bench(port, FakeResolver::new(), &[]);
    assert_eq!(bench.send(&["a@sink.test"]).0, ["4.4.1 Connection refused by [127.0.0.1]"]);
}

#[test]
fn hosts_by_mx() {
    let (port, _seen) = sink(&[], HELLO);
    let here = "127.0.0.1".parse().unwrap();
    let null = postrider::dns::Data::Mx { preference: 0, exchange: Vec::new() };
    let resolver = FakeResolver::new()
        .exchanger("two.test", 10, "dead.test")
        .exchanger("two.test", 20, "mx.two.test")
        .host("dead.test", "127.0.0.9".parse().unwrap())
        .host("mx.two.test", here)
        .host("plain.test", here)
        .exchanger("self.test", 5, "mail.example.test")
        .exchanger("self.test", 9, "mx.two.test")
        .with("null.test", postrider::dns::RecordKind::Mx, null)
        .failing("slow.test");
    let bench = bench(port, resolver, &[]);
    let env = envelope(&["a@x.test"], b"b\n");
    let try_host = |host: &str| {
        let mut lines = Lines::default();
        let found = bench.send_to(host, &env, &mut lines);
        let relay = found[0].remote.as_ref().map(|r| r.escape_ascii().to_string()).unwrap_or_default();
        (shown(&found)[0].clone(), relay)
    };
    let ok = |relay: &str| ("2.0.0 X accepted".to_string(), relay.to_string());
    assert_eq!(try_host("two.test"), ok("mx.two.test. [127.0.0.1]"));
    assert_eq!(try_host("plain.test."), ok("plain.test. [127.0.0.1]"));
    assert_eq!(try_host("[plain.test]"), ok("plain.test. [127.0.0.1]"));
    assert_eq!(try_host("gone.test:plain.test"), ok("plain.test. [127.0.0.1]"));
    assert_eq!(try_host("self.test").0, "5.3.5 Local configuration error");
    assert_eq!(try_host("null.test").0, "5.1.10 Host does not accept mail: MX 0 .");
    assert_eq!(try_host("slow.test").0, "4.4.3 Name server: slow.test: host name lookup failure");
    assert_eq!(try_host("gone.test").0, "5.1.2 Host unknown (Name server: gone.test: host not found)");
}

/// Servers on one port of several loopback addresses, each with replies of its own; what each was told, by its number.
fn sinks(replies: &'static [&'static [(&'static str, &'static str)]]) -> (u16, Vec<Receiver<Vec<u8>>>) {
    let mut port = 0;
    let mut seen = Vec::new();
    for (n, replies) in replies.iter().enumerate() {
        let listener = TcpListener::bind((format!("127.0.0.{}", n + 1), port)).unwrap();
        port = listener.local_addr().unwrap().port();
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                let _ = sender.send(polite(stream, replies, HELLO));
            }
        });
        seen.push(receiver);
    }
    (port, seen)
}

/// Facts of the original: which host has the last word, and for which recipients the next one is asked.
#[test]
fn the_next_host_gets_who_is_left() {
    let deferred = "4.2.1 451 4.2.1 later";
    type Replies = &'static [&'static [(&'static str, &'static str)]];
    let cases: &[(Replies, &[&str], usize)] = &[
        (&[&[("greeting", "554 no")], &[]], &["2.0.0 X accepted", "5.1.1 User unknown"], 2),
        (&[&[("greeting", "421 busy")], &[("greeting", "554 no")]], &["5.5.0 Service unavailable"; 2], 2),
        (&[&[("EHLO", "550 no"), ("HELO", "550 no")], &[]], &["2.0.0 X accepted", "5.1.1 User unknown"], 2),
        (&[&[("MAIL", "451 4.2.1 later")], &[]], &["2.0.0 X accepted", "5.1.1 User unknown"], 2),
        (&[&[("MAIL", "550 5.7.1 no")], &[]], &["5.7.1 Service unavailable"; 2], 1),
        (&[&[("bad", "451 4.2.1 later")], &[]], &["2.0.0 X accepted", "5.1.1 User unknown"], 2),
        (&[&[("bad", "451 4.2.1 later")], &[("bad", "451 4.2.1 later")]], &["2.0.0 X accepted", deferred], 2),
        (&[&[("DATA", "451 4.2.1 later")], &[]], &["2.0.0 X accepted", "5.1.1 User unknown"], 2),
        (&[&[("dot", "cut")], &[]], &["2.0.0 X accepted", "5.1.1 User unknown"], 2),
        (&[&[("dot", "554 5.7.1 spam")], &[]], &["5.7.1 Service unavailable", "5.1.1 User unknown"], 1),
    ];
    for (replies, want, asked) in cases {
        let (port, seen) = sinks(replies);
        let resolver = FakeResolver::new()
            .exchanger("two.test", 10, "mx1.test")
            .exchanger("two.test", 20, "mx2.test")
            .host("mx1.test", "127.0.0.1".parse().unwrap())
            .host("mx2.test", "127.0.0.2".parse().unwrap());
        let bench = bench(port, resolver, &[]);
        let env = envelope(&["good@two.test", "bad@two.test"], b"b\n");
        let found = shown(&bench.send_to("two.test", &env, &mut Lines::default()));
        assert_eq!(found, *want, "{replies:?}");
        bench.pool.close_all(None);
        let talked = seen.iter().filter(|s| s.recv_timeout(Duration::from_millis(300)).is_ok()).count();
        assert_eq!(talked, *asked, "{replies:?}");
    }
}

#[test]
fn hosts_of_last_resort() {
    let (port, _seen) = sink(&[], HELLO);
    let here = "127.0.0.1".parse().unwrap();
    let resolver = || {
        FakeResolver::new()
            .exchanger("dead.test", 10, "gone.test")
            .exchanger("closed.test", 10, "refuses.test")
            .exchanger("fb.test", 10, "mx.fb.test")
            .host("refuses.test", "127.0.0.9".parse().unwrap())
            .host("mx.fb.test", here)
            .host("plain.test", here)
            .failing("slow.test")
    };
    let env = envelope(&["a@x.test"], b"b\n");
    let try_host = |options: &str, host: &str| {
        let found = bench(port, resolver(), &[("@OPTS@", options)]).send_to(host, &env, &mut Lines::default());
        let relay = found[0].remote.as_ref().map(|r| r.escape_ascii().to_string()).unwrap_or_default();
        (found[0].exit, relay)
    };
    let mx = "O FallbackMXhost=fb.test";
    assert_eq!(try_host(mx, "closed.test"), (0, "mx.fb.test. [127.0.0.1]".into()));
    assert_eq!(try_host(mx, "nowhere.test"), (0, "mx.fb.test. [127.0.0.1]".into()));
    assert_eq!(try_host(mx, "slow.test"), (0, "mx.fb.test. [127.0.0.1]".into()));
    assert_eq!(try_host("O FallbackMXhost=[plain.test]", "closed.test"), (0, "[plain.test] [127.0.0.1]".into()));
    let smart = "O FallbackSmartHost=plain.test";
    assert_eq!(try_host(smart, "nowhere.test"), (0, "plain.test [127.0.0.1]".into()));
    assert_eq!(try_host(smart, "dead.test"), (0, "plain.test [127.0.0.1]".into()));
    assert_eq!(try_host(smart, "closed.test").0, 75);
}

#[test]
fn lmtp_over_a_local_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lmtp");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let talk = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut out = stream.try_clone().unwrap();
        let mut lines = BufReader::new(stream).lines();
        out.write_all(b"220 lmtp ready\r\n").unwrap();
        let mut data = false;
        while let Some(Ok(line)) = lines.next() {
            let reply = match line.as_str() {
                "." if data => "250 2.1.5 ok\r\n452 4.2.2 full",
                _ if data => continue,
                "DATA" => {
                    data = true;
                    "354 go"
                }
                "QUIT" => "221 bye",
                _ => "250 ok",
            };
            if line == "." {
                data = false;
            }
            let _ = out.write_all(format!("{reply}\r\n").as_bytes());
        }
    });
    let bench = bench(25, FakeResolver::new(), &[("@PATH@", path.to_str().unwrap())]);
    let mailer = bench.services.config.mailer_index(b"file").unwrap();
    let env = envelope(&["a", "b"], b"x\n");
    let found = deliver(&bench.services, &bench.pool, &env, mailer, b"localhost", &[0, 1], None);
    assert_eq!(shown(&found), ["2.0.0 ", "4.2.2 452 4.2.2 full"].map(|s| s.replace("4.2.2 452", "4.3.1 452")));
    bench.pool.close_all(None);
    talk.join().unwrap();
}

#[test]
fn rule_sets_judge_the_server() {
    let (port, _seen) = sink(&[], HELLO);
    let rules = "Stls_server\nR$*\t$#error $@ 4.7.0 $: 403 not encrypted $1\n";
    let bench1 = bench(port, FakeResolver::new(), &[("@RULES@", rules)]);
    assert_eq!(bench1.send(&["a@x"]).0, ["4.7.0 403 4.7.0 not encrypted NONE"]);
    let rules = "Stls_rcpt\nRbad $*\t$#error $@ 5.7.1 $: 550 not to him\n";
    let bench2 = bench(port, FakeResolver::new(), &[("@RULES@", rules)]);
    assert_eq!(bench2.send(&["bad@x", "good@x"]).0, ["5.7.1 Service unavailable", "2.0.0 X accepted"]);
}

#[test]
fn authinfo_gives_credentials() {
    let (port, seen) = sink(&[("AUTH", "235 2.7.0 ok")], "250-sink.test\r\n250 AUTH PLAIN LOGIN");
    let rules = "Sauthinfo\nR$*\t$# \"U:joe\" \"I:joe\" \"P:secret\"\n";
    let bench = bench(port, FakeResolver::new(), &[("@RULES@", rules)]);
    let (found, lines) = bench.send(&["a@x"]);
    assert_eq!(found, ["2.0.0 2.0.0 X accepted"]);
    bench.pool.close_all(None);
    let seen = String::from_utf8(seen.recv_timeout(Duration::from_secs(5)).unwrap()).unwrap();
    assert!(seen.contains("AUTH PLAIN AGpvZQBzZWNyZXQ=\r\n"), "{seen}");
    assert!(!lines.0.join("\n").contains("AGpvZQ"), "a secret was shown");
}

#[test]
fn too_large_for_the_mailer() {
    let bench = bench(1, FakeResolver::new(), &[("L=990,", "L=990, M=5,")]);
    let (found, _) = bench.send(&["a@x"]);
    assert_eq!(found, ["5.3.4 Service unavailable"]);
}
