//! The SMTP server engine by scripts: `C:` what the client sends, `S:` the lines that the server answers.
//!
//! A line `P: ADDRESS` begins a connection from there. `C:` lines end in CR LF unless `\` escapes at their end say
//! otherwise (`C! ` sends raw octets). In an `S:` line `*` at the end stands for anything. `S! closed` asks that
//! the session be over, `S! slept N` that it slept so many seconds in all.

mod abuse;
#[path = "../common/mod.rs"]
mod common;
mod exhaustion;
mod explain;
mod framing;
mod injection;
mod messages;
mod relaying;
mod support;

use postrider::dns::FakeResolver;
use postrider::smtp::server::ConnectionFacts;
use support::{Site, Table, Talk};

fn site() -> Site {
    let resolver = FakeResolver::new()
        .host("localhost", "127.0.0.1".parse().unwrap())
        .host("peer.example.net", "192.0.2.1".parse().unwrap());
    let aliases = Table(vec![("postmaster", "alice"), ("list", "alice, bob")]);
    Site::new(include_bytes!("test.cf"), resolver, aliases, vec!["alice", "bob", "root"])
}

fn facts(address: &str) -> ConnectionFacts {
    let peer = std::net::SocketAddr::new(address.parse().expect("an address"), 40000);
    ConnectionFacts::net(peer, "127.0.0.1:25".parse().unwrap(), b"MTA", b"")
}

/// `\r`, `\n`, `\0`, `\xHH`, `\\`.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        if c != '\\' {
            out.extend_from_slice(c.to_string().as_bytes());
            continue;
        }
        match rest.next() {
            Some('r') => out.push(b'\r'),
            Some('n') => out.push(b'\n'),
            Some('0') => out.push(0),
            Some('x') => {
                let hex: String = rest.by_ref().take(2).collect();
                out.push(u8::from_str_radix(&hex, 16).expect("two digits"));
            }
            other => out.extend(other.map(|c| c as u8)),
        }
    }
    out
}

fn fits(line: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => line.starts_with(start),
        None => line == wanted,
    }
}

fn play(name: &str, script: &str) {
    let site = site();
    let mut talk: Option<Talk<'_>> = None;
    let mut pending: Vec<String> = Vec::new();
    for (number, line) in script.lines().enumerate() {
        let at = format!("{name}:{}", number + 1);
        let Some((kind, rest)) = line.split_once(' ') else { continue };
        if kind == "#" {
            continue;
        }
        if kind != "S:" && kind != "S!" {
            assert!(pending.is_empty(), "{at}: not asked for: {pending:?}");
        }
        let sent = match kind {
            "P:" => {
                let mut new = site.session(facts(rest));
                let greeting = std::mem::take(&mut new.written);
                talk = Some(new);
                greeting
            }
            "C:" | "C!" => {
                let mut bytes = unescape(rest);
                if kind == "C:" {
                    bytes.extend_from_slice(b"\r\n");
                }
                talk.as_mut().expect("a connection").send(&bytes)
            }
            "S:" => {
                assert!(!pending.is_empty(), "{at}: the server says nothing, not {rest}");
                let said = pending.remove(0);
                assert!(fits(&said, rest), "{at}: {said:?}, not {rest:?}");
                continue;
            }
            "S!" => {
                let talk = talk.as_ref().expect("a connection");
                match rest.split_once(' ') {
                    Some(("slept", seconds)) => assert_eq!(talk.slept.to_string(), seconds, "{at}"),
                    _ => assert!(talk.closed, "{at}: the session is not over"),
                }
                continue;
            }
            other => panic!("{at}: {other}"),
        };
        let text = String::from_utf8(sent).expect("replies are ASCII");
        assert!(text.is_empty() || text.ends_with("\r\n"), "{at}: {text:?}");
        pending = text.split_terminator("\r\n").map(str::to_owned).collect();
    }
    assert!(pending.is_empty(), "{name}: not asked for: {pending:?}");
}

#[test]
fn scripts() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sessions/scripts");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        play(&file.display().to_string(), &std::fs::read_to_string(&file).unwrap());
    }
}
