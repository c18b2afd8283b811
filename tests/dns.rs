//! The resolver against a name server on loopback that misbehaves on request.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postrider::dns::{Data, DnsError, Families, Limits, RecordKind, Resolver, Settings, SystemResolver};

const A: u16 = 1;
const CNAME: u16 = 5;
const PTR: u16 = 12;
const MX: u16 = 15;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
const AFSDB: u16 = 18;
const TLSA: u16 = 52;

fn wire_name(name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    for label in name.split('.').filter(|l| !l.is_empty()) {
        out.push(label.len() as u8);
        out.extend_from_slice(label.as_bytes());
    }
    out.push(0);
    out
}

fn mx(preference: u16, host: &str) -> Vec<u8> {
    [&preference.to_be_bytes()[..], &wire_name(host)].concat()
}

type Zone = HashMap<(String, u16), Vec<Vec<u8>>>;

/// Bytes of a record in the answer section.
fn record(owner: &str, kind: u16, data: &[u8]) -> Vec<u8> {
    let mut out = wire_name(owner);
    for n in [kind, 1, 0, 300, data.len() as u16] {
        out.extend_from_slice(&n.to_be_bytes());
    }
    out.extend_from_slice(data);
    out
}

fn question_of(query: &[u8]) -> Option<(String, u16, Vec<u8>)> {
    let mut at = 12;
    let mut labels = Vec::new();
    while *query.get(at)? != 0 {
        let len = query[at] as usize;
        labels.push(String::from_utf8_lossy(query.get(at + 1..at + 1 + len)?).into_owned());
        at += 1 + len;
    }
    let kind = u16::from_be_bytes([*query.get(at + 1)?, *query.get(at + 2)?]);
    Some((labels.join("."), kind, query.get(12..at + 5)?.to_vec()))
}

fn answer(zone: &Zone, query: &[u8], tcp: bool) -> Vec<Vec<u8>> {
    let Some((asked, kind, question)) = question_of(query) else { return Vec::new() };
    let name = asked.to_lowercase();
    let message = |id: &[u8], flags: u16, question: &[u8], records: &[Vec<u8>]| {
        let mut out = id.to_vec();
        for n in [flags, 1, records.len() as u16, 0, 0] {
            out.extend_from_slice(&n.to_be_bytes());
        }
        out.extend_from_slice(question);
        records.iter().for_each(|r| out.extend_from_slice(r));
        out
    };
    let id = &query[..2];
    match name.as_str() {
        "silent.test" => return Vec::new(),
        "servfail.test" => return vec![message(id, 0x8182, &question, &[])],
        "garbage.test" => return vec![b"\x00\x01nonsense".to_vec(), vec![0xff; 300]],
        // Late lies before the truth: another number, another question, a question put back.
        "liar.test" => {
            let lie = record(&name, A, &[6, 6, 6, 6]);
            let other = [wire_name("other.test"), vec![0, 1, 0, 1]].concat();
            return vec![
                message(&[!id[0], id[1]], 0x8180, &question, std::slice::from_ref(&lie)),
                message(id, 0x8180, &other, std::slice::from_ref(&lie)),
                query.to_vec(),
                message(id, 0x8180, &question, &[record(&name, A, &[192, 0, 2, 1])]),
            ];
        }
        "edns.test" if query[11] != 0 => return vec![message(id, 0x8181, &question, &[])],
        // A name that points at itself, inside the message.
        "pointer.test" => {
            let mut reply = message(id, 0x8180, &question, &[]);
            reply[7] = 1;
            let here = reply.len() as u16;
            reply.extend_from_slice(&(0xc000 | here).to_be_bytes());
            reply.extend_from_slice(&[0, A as u8, 0, 1, 0, 0, 1, 44, 0, 4, 1, 2, 3, 4]);
            return vec![reply];
        }
        "short.test" => {
            let mut reply = message(id, 0x8180, &question, &[record(&name, A, &[192, 0, 2, 1])]);
            reply.truncate(reply.len() - 2);
            return vec![reply];
        }
        _ => {}
    }
    let mut records = Vec::new();
    let mut at = name.clone();
    for _ in 0..30 {
        if kind != CNAME
            && let Some(target) = zone.get(&(at.clone(), CNAME)).and_then(|t| t.first())
        {
            records.push(record(&at, CNAME, target));
            if at == "half.test" {
                break;
            }
            let (next, ..) = question_of(&[&[0; 12], target.as_slice(), &[0; 4]].concat()).unwrap();
            at = next;
            continue;
        }
        records.extend(zone.get(&(at.clone(), kind)).into_iter().flatten().map(|d| record(&at, kind, d)));
        break;
    }
    let exists = zone.keys().any(|(n, _)| *n == name || n.ends_with(&format!(".{name}")));
    let flags = if exists { 0x8180 } else { 0x8183 };
    let whole = message(id, flags, &question, &records);
    if whole.len() > 512 && !tcp {
        return vec![message(id, 0x8380, &question, &[])];
    }
    vec![whole]
}

/// A name server; what it was asked comes over the channel.
struct Server {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<(String, u16)>>>,
}

fn serve(zone: Zone) -> Server {
    let (udp, tcp) = loop {
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()) {
            break (udp, tcp);
        }
    };
    let address = udp.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (zone, log) = (Arc::new(zone), Arc::clone(&asked));
    let by_tcp = Arc::clone(&zone);
    std::thread::spawn(move || {
        let mut buf = [0u8; 4096];
        while let Ok((len, from)) = udp.recv_from(&mut buf) {
            if let Some((name, kind, _)) = question_of(&buf[..len]) {
                log.lock().unwrap().push((name, kind));
            }
            for reply in answer(&zone, &buf[..len], false) {
                let _ = udp.send_to(&reply, from);
            }
        }
    });
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            let Ok(mut stream) = stream else { break };
            let mut len = [0u8; 2];
            if stream.read_exact(&mut len).is_err() {
                continue;
            }
            let mut query = vec![0u8; u16::from_be_bytes(len) as usize];
            if stream.read_exact(&mut query).is_ok() {
                for reply in answer(&by_tcp, &query, true) {
                    let _ = stream.write_all(&[&(reply.len() as u16).to_be_bytes(), reply.as_slice()].concat());
                }
            }
        }
    });
    Server { address, asked }
}

fn zone() -> Zone {
    let mut zone = Zone::new();
    let mut add = |name: &str, kind: u16, data: Vec<u8>| zone.entry((name.into(), kind)).or_default().push(data);
    add("example.com", MX, mx(20, "mx2.example.com"));
    add("example.com", MX, mx(10, "mx1.example.com"));
    add("example.com", A, vec![198, 51, 100, 1]);
    add("mx1.example.com", A, vec![198, 51, 100, 7]);
    add("mx1.example.com", AAAA, [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1]].concat());
    add("www.example.com", CNAME, wire_name("web.example.com"));
    add("web.example.com", A, vec![198, 51, 100, 2]);
    add("half.test", CNAME, wire_name("web.example.com"));
    add("dangling.test", CNAME, wire_name("nowhere.test"));
    add("loop1.test", CNAME, wire_name("loop2.test"));
    add("loop2.test", CNAME, wire_name("loop1.test"));
    for i in 0..30 {
        add(&format!("c{i}.chain.test"), CNAME, wire_name(&format!("c{}.chain.test", i + 1)));
    }
    add("nullmx.test", MX, mx(0, ""));
    add("mixed.test", MX, mx(0, ""));
    add("mixed.test", MX, mx(5, "mx1.example.com"));
    for i in 0..60 {
        add("many.test", MX, mx(i % 3, &format!("a-rather-long-host-name-{i}.example.com")));
    }
    for i in 0..400u32 {
        add("crowd.test", A, i.to_be_bytes().to_vec());
    }
    add("evil.test", MX, mx(1, "a b.test"));
    add("evil.test", MX, mx(2, "quote\".test"));
    add("evil.test", MX, mx(3, "good.test"));
    add("evil2.test", MX, [&[0, 1][..], &[3, b'a', 0, b'b', 4, b't', b'e', b's', b't', 0]].concat());
    add("txt.test", TXT, b"\x05hello\x06 world".to_vec());
    add("_sip._tcp.test", SRV, [&[0, 1, 0, 2, 0x13, 0xc4][..], &wire_name("sip.test")].concat());
    add("_25._tcp.mx.test", TLSA, vec![3, 1, 1, 0xab, 0xcd]);
    add("afs.test", AFSDB, [&[0, 1][..], &wire_name("db.afs.test")].concat());
    add("edns.test", A, vec![192, 0, 2, 9]);
    add("1.2.0.192.in-addr.arpa", PTR, wire_name("back.example.com"));
    add("2.2.0.192.in-addr.arpa", PTR, wire_name("bad name.example.com"));
    add("ws9.heldout.test", A, vec![192, 0, 2, 99]);
    add("mailonly.heldout.test", MX, mx(5, "mx1.example.com"));
    zone
}

fn settings(dir: &Path, server: SocketAddr) -> Settings {
    let file = |name: &str, text: &str| {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    Settings {
        resolv_conf: file("resolv.conf", "search heldout.test\noptions timeout:1 attempts:1\n"),
        hosts: file("hosts", "127.0.0.1 localhost\n192.0.2.26 ws1.heldout.test ws1\n192.0.2.50 short\n::1 localhost\n"),
        nsswitch: file("nsswitch.conf", "hosts: files dns\n"),
        service_switch: dir.join("service.switch"),
        domain: b"our.test".to_vec(),
        servers: Some(vec![server]),
        ..Settings::default()
    }
}

struct World {
    resolver: SystemResolver,
    server: Server,
    dir: tempfile::TempDir,
}

fn world() -> World {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(zone());
    World { resolver: SystemResolver::new(settings(dir.path(), server.address)), server, dir }
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn records_of_every_kind() {
    let w = world();
    let one = |name: &str, kind| w.resolver.lookup(name.as_bytes(), kind).map(|a| a.records[0].data.clone());
    assert_eq!(one("EXAMPLE.com.", RecordKind::A), Ok(Data::Address(ip("198.51.100.1"))));
    assert_eq!(one("mx1.example.com", RecordKind::Aaaa), Ok(Data::Address(ip("2001:db8::1"))));
    assert_eq!(one("txt.test", RecordKind::Txt), Ok(Data::Text(b"hello world".to_vec())));
    assert_eq!(
        one("_sip._tcp.test", RecordKind::Srv),
        Ok(Data::Srv { priority: 1, weight: 2, port: 5060, target: b"sip.test".to_vec() })
    );
    assert_eq!(
        one("_25._tcp.mx.test", RecordKind::Tlsa),
        Ok(Data::Tlsa { usage: 3, selector: 1, matching: 1, data: vec![0xab, 0xcd] })
    );
    assert_eq!(one("afs.test", RecordKind::Afsdb), Ok(Data::Afsdb { subtype: 1, host: b"db.afs.test".to_vec() }));
    assert_eq!(one("www.example.com", RecordKind::Cname), Ok(Data::Name(b"web.example.com".to_vec())));
    assert_eq!(one("nosuch.test", RecordKind::A), Err(DnsError::NotFound));
    assert_eq!(one("txt.test", RecordKind::A), Err(DnsError::NoData));
    assert!(matches!(one("servfail.test", RecordKind::A), Err(DnsError::TempFail(_))));
    assert_eq!(one("edns.test", RecordKind::A), Ok(Data::Address(ip("192.0.2.9"))));
    for bad in ["", ".", "a..b", "a b.test", "a\0b.test", &"a".repeat(64), &"a.".repeat(130)] {
        assert_eq!(one(bad, RecordKind::A), Err(DnsError::NotFound), "{bad:?}");
    }
}

#[test]
fn aliases_lead_on_but_not_for_ever() {
    let w = world();
    for name in ["www.example.com", "half.test"] {
        let found = w.resolver.lookup(name.as_bytes(), RecordKind::A).unwrap();
        assert_eq!((found.name.as_slice(), found.alias), (&b"web.example.com"[..], true));
    }
    assert_eq!(w.resolver.lookup(b"dangling.test", RecordKind::A).unwrap_err(), DnsError::NotFound);
    let begin = Instant::now();
    for name in ["loop1.test", "c0.chain.test"] {
        let end = w.resolver.lookup(name.as_bytes(), RecordKind::A);
        // As the original has it: such a name does not exist.
        assert_eq!(end.unwrap_err(), DnsError::NotFound, "{name}");
    }
    assert!(begin.elapsed() < Duration::from_secs(3));
}

#[test]
fn long_answers_come_by_tcp() {
    let w = world();
    let found = w.resolver.mx(b"many.test").unwrap();
    assert_eq!(found.hosts.len(), 60);
    assert!(found.hosts.windows(2).all(|p| p[0].preference <= p[1].preference));
    let again = w.resolver.mx(b"many.test").unwrap();
    assert_ne!(found.hosts, again.hosts, "twenty hosts of one preference came twice in the same order");
    let crowd = w.resolver.lookup(b"crowd.test", RecordKind::A).unwrap();
    assert_eq!(crowd.records.len(), 100);
}

#[test]
fn lies_and_silence() {
    let w = world();
    let found = w.resolver.lookup(b"liar.test", RecordKind::A).unwrap();
    assert_eq!(found.records[0].data, Data::Address(ip("192.0.2.1")));
    for name in ["silent.test", "garbage.test", "pointer.test", "short.test"] {
        let begin = Instant::now();
        let end = w.resolver.lookup(name.as_bytes(), RecordKind::A);
        assert!(matches!(end, Err(DnsError::TempFail(_))), "{name}: {end:?}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{name}");
    }
    let begin = Instant::now();
    let limits = Limits { retrans: Some(Duration::from_secs(1)), retry: Some(2), ..Limits::default() };
    assert!(w.resolver.lookup_within(b"silent.test", RecordKind::A, limits).is_err());
    assert!((2..6).contains(&begin.elapsed().as_secs()));
}

#[test]
fn names_in_answers_are_checked() {
    let w = world();
    let hosts: Vec<_> = w.resolver.mx(b"evil.test").unwrap().hosts.into_iter().map(|h| h.name).collect();
    assert_eq!(hosts, [b"good.test".to_vec()]);
    assert!(w.resolver.mx(b"evil2.test").unwrap().implicit);
    assert_eq!(w.resolver.reverse(ip("192.0.2.1")), Ok(b"back.example.com".to_vec()));
    assert!(w.resolver.reverse(ip("192.0.2.2")).is_err());
}

#[test]
fn where_mail_goes() {
    let w = world();
    let names = |name: &str| {
        w.resolver.mx(name.as_bytes()).map(|a| {
            let hosts: Vec<String> = a.hosts.iter().map(|h| String::from_utf8_lossy(&h.name).into_owned()).collect();
            (hosts.join(" "), a.implicit, a.null)
        })
    };
    assert_eq!(names("example.com"), Ok(("mx1.example.com mx2.example.com".into(), false, false)));
    assert_eq!(names("nullmx.test"), Ok((String::new(), false, true)));
    assert_eq!(names("mixed.test"), Ok(("mx1.example.com".into(), false, false)));
    assert_eq!(names("web.example.com"), Ok(("web.example.com".into(), true, false)));
    assert_eq!(names("ws1.heldout.test"), Ok(("ws1.heldout.test".into(), true, false)));
    assert_eq!(names("nosuch.test"), Err(DnsError::NotFound));
    assert!(matches!(names("servfail.test"), Err(DnsError::TempFail(_))));
}

#[test]
fn canonical_names() {
    let w = world();
    let full = |name: &str| w.resolver.canonical(name.as_bytes()).map(|(n, _)| String::from_utf8(n).unwrap());
    assert_eq!(full("ws1"), Ok("ws1.heldout.test".into()));
    assert_eq!(full("ws9"), Ok("ws9.heldout.test".into()));
    assert_eq!(full("mailonly"), Ok("mailonly.heldout.test".into()));
    assert_eq!(full("EXAMPLE.com"), Ok("EXAMPLE.com".into()));
    assert_eq!(full("www.example.com."), Ok("web.example.com".into()));
    assert_eq!(full("short"), Ok("short.our.test".into()));
    assert_eq!(full("WS1."), Ok("WS1.heldout.test".into()));
    assert_eq!(full("LOCALHOST"), Ok("localhost.our.test".into()));
    assert_eq!(full("nosuch"), Err(DnsError::NotFound));
    assert_eq!(full("1.2.3.4"), Err(DnsError::NotFound));
    assert!(matches!(full("servfail.test"), Err(DnsError::TempFail(_))));
    let asked = w.server.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|(name, _)| name != "nosuch"), "an unqualified name was asked for as it is");
    let wild = SystemResolver::new(Settings { has_wildcard_mx: true, ..settings(w.dir.path(), w.server.address) });
    assert_eq!(wild.canonical(b"mailonly"), Err(DnsError::NotFound));
}

#[test]
fn exchangers_as_they_are_shown() {
    let w = world();
    let shown = |name: &str| {
        let answer = postrider::dns::exchangers(&w.resolver, name.as_bytes()).unwrap();
        let hosts: Vec<String> = answer.hosts.iter().map(|h| String::from_utf8_lossy(&h.name).into_owned()).collect();
        hosts.join(" ")
    };
    assert_eq!(shown("example.com"), "mx1.example.com. mx2.example.com.");
    assert_eq!(shown("ws9"), "ws9.heldout.test.");
    for name in ["nosuch.test", "www.example.com", "nullmx.test"] {
        assert_eq!(shown(name), "", "{name}");
    }
    assert_eq!(shown("[127.0.0.1]"), "[127.0.0.1]");
}

#[test]
fn the_switch_decides() {
    let w = world();
    let addresses = |name: &str, families| w.resolver.addresses(name.as_bytes(), families);
    assert_eq!(addresses("localhost", Families::Both), Ok(vec![ip("::1"), ip("127.0.0.1")]));
    assert_eq!(addresses("ws1.heldout.test.", Families::V4), Ok(vec![ip("192.0.2.26")]));
    assert_eq!(addresses("mx1.example.com", Families::Both), Ok(vec![ip("2001:db8::1"), ip("198.51.100.7")]));
    assert_eq!(addresses("ws9", Families::V4), Ok(vec![ip("192.0.2.99")]));
    assert_eq!(addresses("[192.0.2.3]", Families::V4), Ok(vec![ip("192.0.2.3")]));
    assert_eq!(addresses("[IPv6:2001:db8::2]", Families::Both), Ok(vec![ip("2001:db8::2")]));
    assert_eq!(addresses("example.com", Families::V6), Err(DnsError::NoData));
    // A file is looked at again after 10 ms, not at every question.
    let switch = |text: &str| {
        std::fs::write(w.dir.path().join("service.switch"), text).unwrap();
        std::thread::sleep(Duration::from_millis(20));
    };
    switch("hosts files\naliases files nis\n");
    assert_eq!(w.resolver.switch("aliases"), ["files", "nis"]);
    assert_eq!(addresses("mx1.example.com", Families::V4), Err(DnsError::NotFound));
    switch("hosts dns files # order\n");
    assert_eq!(addresses("mx1.example.com", Families::V4), Ok(vec![ip("198.51.100.7")]));
    assert_eq!(w.resolver.reverse(ip("127.0.0.1")), Ok(b"localhost".to_vec()));
}

#[test]
fn a_second_server_helps() {
    let w = world();
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut both = settings(w.dir.path(), w.server.address);
    both.servers = Some(vec![silent.local_addr().unwrap(), w.server.address]);
    let resolver = SystemResolver::new(both);
    assert_eq!(resolver.addresses(b"web.example.com", Families::V4), Ok(vec![ip("198.51.100.2")]));
}
