//! DNS messages: questions out, answers in (RFC 1035 4, RFC 6891). No I/O.
//!
//! An answer is believed only when it is a response to exactly the question asked. Every name is checked: a record whose name holds
//! anything but letters, digits, `-`, `_`, `/` and dots is as good as not there.

use std::net::IpAddr;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::name::{Name, NameBuilder, ToLabelIter, ToName};
use domain::base::{Message, MessageBuilder, ParsedName};
use domain::rdata::{A, Aaaa, AllRecordData};

/// No more records than this are taken from one answer.
pub const MAX_RECORDS: usize = 100;
/// No more records than this are looked at in one answer.
const MAX_SEEN: usize = 1000;
/// The longest chain of aliases.
pub const MAX_ALIASES: usize = 10;
/// The longest name, in its text form.
pub const MAX_NAME: usize = 253;
/// The size of answers over UDP that EDNS offers to take: fits one packet nearly everywhere.
pub const UDP_SIZE: u16 = 1232;

/// The kinds of records that the program asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RecordKind {
    /// IPv4 address.
    A,
    /// IPv6 address.
    Aaaa,
    /// Mail exchanger.
    Mx,
    /// Alias.
    Cname,
    /// Name of an address.
    Ptr,
    /// Text.
    Txt,
    /// Service location (RFC 2782).
    Srv,
    /// Name server.
    Ns,
    /// Certificate association (RFC 6698).
    Tlsa,
    /// AFS database or DCE server (RFC 1183).
    Afsdb,
}

/// What a record says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// A, AAAA.
    Address(IpAddr),
    /// CNAME, PTR, NS.
    Name(Vec<u8>),
    /// MX; the exchange is empty for the null MX (RFC 7505).
    Mx {
        /// Lower is preferred.
        preference: u16,
        /// The host.
        exchange: Vec<u8>,
    },
    /// TXT: the strings joined; any bytes but NUL, CR and LF, which are dropped.
    Text(Vec<u8>),
    /// SRV.
    Srv {
        /// Lower is preferred.
        priority: u16,
        /// Share among equals.
        weight: u16,
        /// Port.
        port: u16,
        /// Host; empty for "no such service".
        target: Vec<u8>,
    },
    /// TLSA.
    Tlsa {
        /// Certificate usage.
        usage: u8,
        /// Selector.
        selector: u8,
        /// Matching type.
        matching: u8,
        /// Certificate association data.
        data: Vec<u8>,
    },
    /// AFSDB.
    Afsdb {
        /// 1 or 2.
        subtype: u16,
        /// Host.
        host: Vec<u8>,
    },
}

/// One record of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Seconds it may be kept.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

/// How a question is put.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask {
    /// The message's number.
    pub id: u16,
    /// With an EDNS record.
    pub edns: bool,
    /// Wants DNSSEC's records (DO) and verdict (AD).
    pub dnssec: bool,
    /// Wants recursion.
    pub recurse: bool,
}

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Records of the kind asked for, at the end of the alias chain.
    Records {
        /// The name at the end of the alias chain; empty when there is none.
        name: Vec<u8>,
        /// Whether an alias led there.
        alias: bool,
        /// They.
        records: Vec<Record>,
        /// The AD bit.
        authentic: bool,
    },
    /// The name has none; the last name of the alias chain if the answer has one.
    Nothing {
        /// Where the chain of aliases leads.
        alias: Option<Vec<u8>>,
    },
    /// The name does not exist.
    NoName,
    /// The answer does not fit; ask again over TCP.
    Truncated,
    /// The server did not understand EDNS.
    NoEdns,
    /// The server cannot or will not answer.
    Refused(String),
}

/// Why bytes are no answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotForUs;

fn rtype(kind: RecordKind) -> Rtype {
    match kind {
        RecordKind::A => Rtype::A,
        RecordKind::Aaaa => Rtype::AAAA,
        RecordKind::Mx => Rtype::MX,
        RecordKind::Cname => Rtype::CNAME,
        RecordKind::Ptr => Rtype::PTR,
        RecordKind::Txt => Rtype::TXT,
        RecordKind::Srv => Rtype::SRV,
        RecordKind::Ns => Rtype::NS,
        RecordKind::Tlsa => Rtype::TLSA,
        RecordKind::Afsdb => Rtype::AFSDB,
    }
}

/// A name to ask for. Any bytes may stand in a label but blanks and control characters.
fn to_wire(name: &[u8]) -> Option<Name<Vec<u8>>> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    if name.is_empty() || name.len() > MAX_NAME || name.iter().any(|b| *b <= b' ' || *b == 127) {
        return None;
    }
    let mut builder = NameBuilder::new_vec();
    for label in name.split(|b| *b == b'.') {
        if label.is_empty() {
            return None;
        }
        builder.append_label(label).ok()?;
    }
    builder.into_name().ok()
}

/// Whether the bytes can be asked for at all.
pub fn is_askable(name: &[u8]) -> bool {
    to_wire(name).is_some()
}

/// A name from an answer, as text without the final dot; empty for the root. `None` for one that is no host's.
fn from_wire(name: &impl ToLabelIter) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for label in name.iter_labels().filter(|l| !l.is_root()) {
        let fine = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'/');
        if !label.as_slice().iter().all(fine) {
            return None;
        }
        if !out.is_empty() {
            out.push(b'.');
        }
        out.extend_from_slice(label.as_slice());
    }
    (out.len() <= MAX_NAME).then_some(out)
}

/// The question for the records of `kind` at `name`; `None` when that is no name.
pub fn question(name: &[u8], kind: RecordKind, ask: Ask) -> Option<Vec<u8>> {
    let name = to_wire(name)?;
    let mut builder = MessageBuilder::new_vec();
    let header = builder.header_mut();
    header.set_id(ask.id);
    header.set_rd(ask.recurse);
    header.set_ad(ask.dnssec);
    let mut builder = builder.question();
    builder.push((&name, rtype(kind), Class::IN)).ok()?;
    if !ask.edns {
        return Some(builder.finish());
    }
    let mut builder = builder.additional();
    builder
        .opt(|opt| {
            opt.set_udp_payload_size(UDP_SIZE);
            opt.set_dnssec_ok(ask.dnssec);
            Ok(())
        })
        .ok()?;
    Some(builder.finish())
}

/// The domain under which the names of addresses stand.
pub fn reverse_name(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa").into_bytes()
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().flat_map(|b| [b & 15, b >> 4]);
            let mut name: String = nibbles.map(|n| format!("{n:x}.")).collect();
            name.push_str("ip6.arpa");
            name.into_bytes()
        }
    }
}

/// Reads the answer to the question for `kind` at `name` with number `id`.
pub fn answer(bytes: &[u8], name: &[u8], kind: RecordKind, id: u16) -> Result<Verdict, NotForUs> {
    let message = Message::from_octets(bytes).map_err(|_| NotForUs)?;
    let header = message.header();
    if header.id() != id || !header.qr() || header.opcode().to_int() != 0 {
        return Err(NotForUs);
    }
    let asked = to_wire(name).ok_or(NotForUs)?;
    match message.sole_question() {
        Ok(question) => {
            if question.qtype() != rtype(kind) || question.qclass() != Class::IN || !question.qname().name_eq(&asked) {
                return Err(NotForUs);
            }
        }
        // A server that does not even parse the question may leave it out.
        Err(_) if header.rcode() != Rcode::NOERROR && message.header_counts().qdcount() == 0 => {}
        Err(_) => return Err(NotForUs),
    }
    match header.rcode() {
        Rcode::NOERROR | Rcode::NXDOMAIN => {}
        Rcode::FORMERR | Rcode::NOTIMP => return Ok(Verdict::NoEdns),
        other => return Ok(Verdict::Refused(format!("server says {other}"))),
    }
    if header.tc() {
        return Ok(Verdict::Truncated);
    }
    Ok(read_records(&message, asked, kind, header.rcode() == Rcode::NXDOMAIN, header.ad())
        .unwrap_or_else(|why| Verdict::Refused(why.into())))
}

/// A record of the answer section: its owner and what it says; `None` in the second place for a name that is none.
type Seen = (Name<Vec<u8>>, Rtype, u32, Option<Data>, Option<Name<Vec<u8>>>);

fn read_records(
    message: &Message<&[u8]>,
    asked: Name<Vec<u8>>,
    kind: RecordKind,
    no_name: bool,
    authentic: bool,
) -> Result<Verdict, &'static str> {
    let mut seen: Vec<Seen> = Vec::new();
    let section = message.answer().map_err(|_| "malformed answer")?;
    for record in section.take(MAX_SEEN) {
        let record = record.map_err(|_| "malformed answer")?;
        if record.class() != Class::IN || (record.rtype() != rtype(kind) && record.rtype() != Rtype::CNAME) {
            continue;
        }
        let owner: Name<Vec<u8>> = record.owner().to_name();
        let ttl = record.ttl().as_secs();
        let parsed = record.to_any_record::<AllRecordData<_, ParsedName<_>>>().map_err(|_| "malformed record")?;
        if seen.len() < 2 * MAX_RECORDS {
            seen.push((owner, record.rtype(), ttl, data_of(parsed.data()), target_of(parsed.data())));
        }
    }
    // The chain of aliases, which need not be in order.
    let mut at = asked;
    let mut hops = 0;
    if kind != RecordKind::Cname {
        while let Some(next) = seen.iter().find(|s| s.1 == Rtype::CNAME && s.0.name_eq(&at)).and_then(|s| s.4.clone()) {
            hops += 1;
            if hops > MAX_ALIASES {
                // A name that leads nowhere is nowhere.
                return Ok(Verdict::NoName);
            }
            at = next;
        }
    }
    let records: Vec<Record> = seen
        .iter()
        .filter(|s| s.1 == rtype(kind) && s.0.name_eq(&at))
        .filter_map(|s| Some(Record { ttl: s.2, data: s.3.clone()? }))
        .take(MAX_RECORDS)
        .collect();
    if records.is_empty() && no_name {
        return Ok(Verdict::NoName);
    }
    // What was asked for may look as it likes; where aliases lead must be a host's name.
    let name = match hops {
        0 => Vec::new(),
        _ => from_wire(&at).ok_or("alias for a name with unusual characters")?,
    };
    if !records.is_empty() {
        return Ok(Verdict::Records { name, alias: hops > 0, records, authentic });
    }
    Ok(Verdict::Nothing { alias: (hops > 0).then_some(name) })
}

/// Where a CNAME record leads.
fn target_of<O: AsRef<[u8]>, N: ToName>(data: &AllRecordData<O, N>) -> Option<Name<Vec<u8>>> {
    match data {
        AllRecordData::Cname(cname) => Some(cname.cname().to_name()),
        _ => None,
    }
}

fn data_of<O: AsRef<[u8]>, N: ToName>(data: &AllRecordData<O, N>) -> Option<Data> {
    // A host must have a name; only MX and SRV may say "none" with the root.
    let host = |name: &N| from_wire(name).filter(|n| !n.is_empty());
    Some(match data {
        AllRecordData::A(a) => Data::Address(IpAddr::V4(A::addr(a))),
        AllRecordData::Aaaa(aaaa) => Data::Address(IpAddr::V6(Aaaa::addr(aaaa))),
        AllRecordData::Cname(cname) => Data::Name(host(cname.cname())?),
        AllRecordData::Ptr(ptr) => Data::Name(host(ptr.ptrdname())?),
        AllRecordData::Ns(ns) => Data::Name(host(ns.nsdname())?),
        AllRecordData::Mx(mx) => Data::Mx { preference: mx.preference(), exchange: from_wire(mx.exchange())? },
        AllRecordData::Srv(srv) => Data::Srv {
            priority: srv.priority(),
            weight: srv.weight(),
            port: srv.port(),
            target: from_wire(srv.target())?,
        },
        AllRecordData::Txt(txt) => {
            let bytes = txt.iter().flatten().copied();
            Data::Text(bytes.filter(|b| !matches!(b, 0 | b'\r' | b'\n')).collect())
        }
        AllRecordData::Tlsa(tlsa) => Data::Tlsa {
            usage: tlsa.usage().to_int(),
            selector: tlsa.selector().to_int(),
            matching: tlsa.matching_type().to_int(),
            data: tlsa.data().as_ref().to_vec(),
        },
        AllRecordData::Unknown(raw) if raw.rtype() == Rtype::AFSDB => afsdb(raw.data().as_ref())?,
        _ => return None,
    })
}

/// AFSDB (RFC 1183 1): a number and a name, which must not be compressed.
fn afsdb(raw: &[u8]) -> Option<Data> {
    let (subtype, name) = (raw.get(..2)?, raw.get(2..)?);
    let name = Name::from_slice(name).ok()?;
    let host = from_wire(&name).filter(|n| !n.is_empty())?;
    Some(Data::Afsdb { subtype: u16::from_be_bytes(subtype.try_into().ok()?), host })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_a_name_is_not_asked() {
        let asked: [&[u8]; 6] = [b"a..b", b"", b".", b"a b", b"a\0b", &[b'a'; 64]];
        assert!(asked.iter().all(|n| !is_askable(n)));
        assert!(is_askable(b"_25._tcp.a.example."));
        assert_eq!(reverse_name([192, 0, 2, 1].into()), b"1.2.0.192.in-addr.arpa");
    }

    #[test]
    fn only_an_answer_to_the_question_counts() {
        let ask = Ask { id: 7, ..Ask::default() };
        let question = question(b"a.example", RecordKind::Mx, ask).unwrap();
        assert_eq!(answer(&question, b"a.example", RecordKind::Mx, 7), Err(NotForUs));
        let mut reply = question.clone();
        reply[2] |= 0x80;
        assert_eq!(answer(&reply, b"A.Example.", RecordKind::Mx, 7), Ok(Verdict::Nothing { alias: None }));
        assert_eq!(answer(&reply, b"a.example", RecordKind::Mx, 8), Err(NotForUs));
        assert_eq!(answer(&reply, b"b.example", RecordKind::Mx, 7), Err(NotForUs));
        assert_eq!(answer(&reply, b"a.example", RecordKind::A, 7), Err(NotForUs));
        reply[3] |= 3;
        assert_eq!(answer(&reply, b"a.example", RecordKind::Mx, 7), Ok(Verdict::NoName));
    }
}
