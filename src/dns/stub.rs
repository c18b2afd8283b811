//! Asking name servers: UDP with repetition, TCP for long answers (RFC 1035 4.2, RFC 5452, RFC 7766).
//!
//! Every question has a number and a source port that nobody can foresee, and goes over a socket connected to its server, so that the
//! kernel drops what comes from elsewhere. What does not answer the question is ignored until the time is up.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::conf::ResolvConf;
use super::wire::{self, Ask, Verdict};
use super::{DnsError, RecordKind};

/// How questions are put, beyond what resolv.conf(5) says.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Take truncated answers as they are.
    pub ignore_truncation: bool,
    /// Ask for DNSSEC's verdict.
    pub dnssec: bool,
    /// Ask for recursion.
    pub recurse: bool,
    /// Only the first server.
    pub primary_only: bool,
}

/// What came of asking one server once.
enum Tried {
    Done(Verdict),
    Again(String),
}

/// Where `rotate` begins next.
static TURN: AtomicUsize = AtomicUsize::new(0);

fn number() -> u16 {
    let mut bytes = [0u8; 2];
    match openssl::rand::rand_bytes(&mut bytes) {
        Ok(()) => u16::from_ne_bytes(bytes),
        // The generator cannot fail on a working system; a number of some kind is still needed.
        Err(_) => {
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.subsec_nanos() as u16)
        }
    }
}

/// Asks for the records of `kind` at exactly `name`.
pub fn ask(conf: &ResolvConf, style: Style, name: &[u8], kind: RecordKind) -> Result<Verdict, DnsError> {
    if !wire::is_askable(name) {
        return Err(DnsError::NotFound);
    }
    let count = if style.primary_only { 1 } else { conf.servers.len() };
    let turn = if conf.rotate { TURN.fetch_add(1, Ordering::Relaxed) } else { 0 };
    let mut why = String::from("no name server");
    for round in 0..conf.attempts {
        for index in 0..count {
            let Some(server) = conf.servers.get((turn + index) % count) else { continue };
            // Later rounds wait longer, shared among the servers.
            let wait = conf.timeout.saturating_mul(1 << round.min(6)) / if round > 0 { count as u32 } else { 1 };
            match ask_server(conf, style, *server, name, kind, wait.max(Duration::from_secs(1))) {
                Tried::Done(verdict) => return Ok(verdict),
                Tried::Again(reason) => why = reason,
            }
        }
    }
    Err(DnsError::TempFail(why))
}

fn ask_server(
    conf: &ResolvConf,
    style: Style,
    server: SocketAddr,
    name: &[u8],
    kind: RecordKind,
    wait: Duration,
) -> Tried {
    let mut edns = conf.edns || style.dnssec;
    loop {
        let put = Ask { id: number(), edns, dnssec: style.dnssec, recurse: style.recurse };
        let Some(question) = wire::question(name, kind, put) else { return Tried::Again("bad name".into()) };
        let by_udp =
            if conf.use_tcp { Ok(Verdict::Truncated) } else { udp(server, &question, name, kind, put.id, wait) };
        let verdict = match by_udp {
            Ok(Verdict::Truncated) if !style.ignore_truncation || conf.use_tcp => {
                tcp(server, &question, name, kind, put.id, wait.max(conf.timeout))
            }
            other => other,
        };
        return match verdict {
            Ok(Verdict::NoEdns) if edns => {
                edns = false;
                continue;
            }
            Ok(Verdict::NoEdns) => Tried::Again("server does not understand the question".into()),
            Ok(Verdict::Refused(why)) => Tried::Again(why),
            Ok(Verdict::Truncated) => Tried::Again("truncated answer".into()),
            Ok(verdict) => Tried::Done(verdict),
            Err(why) => Tried::Again(why),
        };
    }
}

fn udp(
    server: SocketAddr,
    question: &[u8],
    name: &[u8],
    kind: RecordKind,
    id: u16,
    wait: Duration,
) -> Result<Verdict, String> {
    let text = |e: std::io::Error| e.to_string();
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).map_err(text)?;
    socket.connect(server).map_err(text)?;
    socket.send(question).map_err(text)?;
    let deadline = Instant::now() + wait;
    let mut buf = [0u8; 4096];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err("Name server timeout".into());
        }
        socket.set_read_timeout(Some(left)).map_err(text)?;
        match socket.recv(&mut buf) {
            Ok(len) => {
                if let Ok(verdict) = wire::answer(buf.get(..len).unwrap_or_default(), name, kind, id) {
                    return Ok(verdict);
                }
            }
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.to_string()),
        }
    }
}

fn tcp(
    server: SocketAddr,
    question: &[u8],
    name: &[u8],
    kind: RecordKind,
    id: u16,
    wait: Duration,
) -> Result<Verdict, String> {
    let text = |e: std::io::Error| e.to_string();
    let deadline = Instant::now() + wait;
    let left = || {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err("Name server timeout".to_owned()) } else { Ok(left) }
    };
    let mut stream = TcpStream::connect_timeout(&server, wait).map_err(text)?;
    stream.set_write_timeout(Some(left()?)).map_err(text)?;
    let len = u16::try_from(question.len()).map_err(|_| "question too long")?;
    stream.write_all(&[&len.to_be_bytes(), question].concat()).map_err(text)?;
    let mut fill = |buf: &mut [u8]| -> Result<(), String> {
        let mut at = 0;
        while let Some(rest) = buf.get_mut(at..).filter(|r| !r.is_empty()) {
            // A server that sends a byte now and then does not get more time by it.
            stream.set_read_timeout(Some(left()?)).map_err(text)?;
            match stream.read(rest).map_err(text)? {
                0 => return Err("name server closed the connection".into()),
                n => at += n,
            }
        }
        Ok(())
    };
    let mut len = [0u8; 2];
    fill(&mut len)?;
    let mut answer = vec![0u8; usize::from(u16::from_be_bytes(len))];
    fill(&mut answer)?;
    wire::answer(&answer, name, kind, id).map_err(|_| "answer to another question".to_owned())
}
