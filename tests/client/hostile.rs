//! Servers that mean no good: whatever they do, the message waits and the client is back in time.

use super::*;

/// Each way of misbehaving ends in a deferral, soon, whatever it is.
#[test]
fn hostile_servers() {
    type Talk = fn(TcpStream) -> Option<()>;
    fn line(stream: &TcpStream) -> Option<String> {
        let mut text = Vec::new();
        let mut byte = [0u8];
        let mut stream = stream;
        while text.last() != Some(&b'\n') {
            if stream.read(&mut byte).ok()? == 0 {
                return None;
            }
            text.push(byte[0]);
        }
        Some(String::from_utf8_lossy(&text).into_owned())
    }
    fn flood(stream: &mut TcpStream, text: &[u8]) -> Option<()> {
        for _ in 0..200_000 {
            stream.write_all(text).ok()?;
        }
        Some(())
    }
    fn hang(stream: &mut TcpStream) -> Option<()> {
        let _ = stream.read(&mut [0u8; 4096]);
        std::thread::sleep(Duration::from_secs(5));
        None
    }
    let talks: [(&str, Talk); 16] = [
        ("closes at once", |_| None),
        ("says nothing", |mut s| hang(&mut s)),
        ("endless line", |mut s| flood(&mut s, &[b'2'; 4096])),
        ("endless lines", |mut s| flood(&mut s, b"220-more\r\n")),
        ("endless junk lines", |mut s| flood(&mut s, b"hello there\r\n")),
        ("endless empty lines", |mut s| flood(&mut s, b"\r\n")),
        ("unfinished reply", |mut s| {
            s.write_all(b"220-a\r\n220-b\r\n").ok()?;
            None
        }),
        ("slow drip", |mut s| {
            for b in b"220 x ESMTP and so on and so on\r\n" {
                s.write_all(&[*b]).ok()?;
                std::thread::sleep(Duration::from_millis(200));
            }
            hang(&mut s)
        }),
        ("endless answer to EHLO", |mut s| {
            s.write_all(b"220 x ESMTP\r\n").ok()?;
            line(&s)?;
            flood(&mut s, b"250-STARTTLS\r\n")
        }),
        ("plain text after STARTTLS", |mut s| {
            s.write_all(b"220 x ESMTP\r\n").ok()?;
            line(&s)?;
            s.write_all(b"250-x\r\n250 STARTTLS\r\n").ok()?;
            line(&s)?;
            s.write_all(b"220 go\r\n250-x\r\n250 AUTH PLAIN\r\n").ok()?;
            hang(&mut s)
        }),
        ("no handshake after STARTTLS", |mut s| {
            s.write_all(b"220 x ESMTP\r\n").ok()?;
            line(&s)?;
            s.write_all(b"250-x\r\n250 STARTTLS\r\n").ok()?;
            line(&s)?;
            s.write_all(b"220 go\r\n").ok()?;
            std::thread::sleep(Duration::from_millis(100));
            flood(&mut s, b"not tls at all\r\n")
        }),
        ("a handshake in drops", |mut s| {
            s.write_all(b"220 x ESMTP\r\n").ok()?;
            line(&s)?;
            s.write_all(b"250-x\r\n250 STARTTLS\r\n").ok()?;
            line(&s)?;
            s.write_all(b"220 go\r\n").ok()?;
            for b in [0x16u8, 3, 3, 0x3f, 0xff].into_iter().chain(std::iter::repeat_n(2, 60)) {
                s.write_all(&[b]).ok()?;
                std::thread::sleep(Duration::from_millis(150));
            }
            None
        }),
        ("cuts in DATA", |mut s| {
            s.write_all(b"220 x\r\n").ok()?;
            for reply in ["250 x", "250 ok", "250 ok", "354 go"] {
                line(&s)?;
                s.write_all(format!("{reply}\r\n").as_bytes()).ok()?;
            }
            None
        }),
        ("all replies at once", |mut s| {
            s.write_all(b"220 x\r\n250 x\r\n250 ok\r\n250 ok\r\n354 go\r\n451 4.0.0 no\r\n").ok()?;
            hang(&mut s)
        }),
        ("codes out of range", |mut s| {
            s.write_all(b"220 x\r\n").ok()?;
            line(&s)?;
            s.write_all(b"250 x\r\n").ok()?;
            line(&s)?;
            s.write_all(b"450\r\n").ok()?;
            hang(&mut s)
        }),
        ("never answers the dot", |mut s| {
            s.write_all(b"220 x\r\n").ok()?;
            for reply in ["250 x", "250 ok", "250 ok", "354 go"] {
                line(&s)?;
                s.write_all(format!("{reply}\r\n").as_bytes()).ok()?;
            }
            std::thread::sleep(Duration::from_secs(5));
            None
        }),
    ];
    let runs: Vec<_> = talks
        .into_iter()
        .map(|(name, talk)| {
            std::thread::spawn(move || {
                let (port, _seen) = server(move |stream, _| {
                    talk(stream);
                    Vec::new()
                });
                let bench = bench(port, FakeResolver::new(), &[]);
                let started = Instant::now();
                let (found, _) = bench.send(&["a@sink.test"]);
                (name, found, started.elapsed())
            })
        })
        .collect();
    for run in runs {
        let (name, found, took) = run.join().unwrap();
        assert!(found.len() == 1 && found[0].starts_with('4'), "{name}: {found:?}");
        assert!(took < Duration::from_secs(9), "{name}: {took:?}");
    }
}
