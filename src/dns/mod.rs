//! Host names and addresses: the resolver behind [`Resolver`].
//!
//! The calls block (they wait for name servers); callers on an event loop hand them to a pool. Everything a name server
//! says is checked before it leaves this module: a name in an [`Answer`] holds letters, digits, `-`, `_`, `/`
//! and dots, never a blank, NUL, quote or control character, and never ends with a dot; the number of records is bounded.
pub mod conf;
pub mod fake;
pub mod stub;
pub mod system;
pub mod wire;

use std::net::IpAddr;

pub use fake::FakeResolver;
pub use system::{Settings, SystemResolver};
pub use wire::{Data, Record, RecordKind};

/// A positive answer: at least one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The name at the end of the CNAME chain (the name asked for when there is none), as the server spells it.
    pub name: Vec<u8>,
    /// True when the name asked for was an alias.
    pub alias: bool,
    /// The records of the kind asked for, in the server's order.
    pub records: Vec<Record>,
    /// The resolver vouches that DNSSEC validated the answer (AD bit from a trusted server).
    pub authentic: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DnsError {
    /// The name does not exist.
    NotFound,
    /// The name exists, but has no such record.
    NoData,
    /// No answer now (time-out, server failure, an answer that makes no sense); the text says why.
    TempFail(String),
}

impl std::fmt::Display for DnsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DnsError::NotFound => f.write_str("host not found"),
            DnsError::NoData => f.write_str("no such record"),
            DnsError::TempFail(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for DnsError {}

/// Which address families are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Families {
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
    /// Both, IPv6 first.
    Both,
}

impl Families {
    /// True when `ip` is of a wanted family.
    pub fn wants(self, ip: &IpAddr) -> bool {
        match self {
            Families::V4 => ip.is_ipv4(),
            Families::V6 => ip.is_ipv6(),
            Families::Both => true,
        }
    }
}

/// One host to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MxHost {
    /// The preference; 0 for an implicit MX.
    pub preference: u16,
    /// The host's name.
    pub name: Vec<u8>,
}

/// Where mail for a domain goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MxAnswer {
    /// By preference, shuffled among equals; empty only when `null` is set.
    pub hosts: Vec<MxHost>,
    /// The domain has no MX record: `hosts` is the domain itself (RFC 5321 5.1).
    pub implicit: bool,
    /// The domain takes no mail at all (RFC 7505).
    pub null: bool,
    /// Seconds the answer may be kept.
    pub ttl: u32,
    /// DNSSEC validated the answer.
    pub authentic: bool,
}

/// The hosts of `name` as people are shown them, with a final dot: those of its MX records, else the host that the name itself stands for by
/// its full name. An address in brackets stands for itself; an alias without MX records and a name that is not there have none.
pub fn exchangers(resolver: &dyn Resolver, name: &[u8]) -> Result<MxAnswer, DnsError> {
    let none = || MxAnswer { hosts: Vec::new(), implicit: true, null: false, ttl: 0, authentic: false };
    let host = |name: Vec<u8>| MxAnswer { hosts: vec![MxHost { preference: 0, name }], ..none() };
    if name.starts_with(b"[") {
        return Ok(host(name.to_vec()));
    }
    match resolver.mx(name) {
        Ok(mut answer) if !answer.implicit => {
            answer.hosts.iter_mut().for_each(|h| h.name.push(b'.'));
            return Ok(answer);
        }
        Ok(_) | Err(DnsError::NotFound) => {}
        Err(e) => return Err(e),
    }
    let is_alias = |kind| resolver.lookup(name, kind).is_ok_and(|a| a.alias);
    if is_alias(RecordKind::A) || is_alias(RecordKind::Aaaa) {
        return Ok(none());
    }
    match resolver.canonical(name) {
        Ok((full, _)) => Ok(host([&full, &b"."[..]].concat())),
        Err(e @ DnsError::TempFail(_)) => Err(e),
        Err(_) => Ok(none()),
    }
}

/// How a single look-up differs from others, where it says so itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Goes through the search list.
    pub search: bool,
    /// How long the first server gets.
    pub retrans: Option<std::time::Duration>,
    /// How often the servers are asked.
    pub retry: Option<u32>,
}

/// Host names and addresses.
///
/// Names are given without regard to case and with or without a final dot; `lookup` and `mx` ask the DNS for exactly that
/// name, while `addresses`, `reverse` and `canonical` go by the service switch (`hosts: files dns`) and
/// the search list.
pub trait Resolver: Send + Sync {
    /// The records of `kind` at `name`, following aliases; no search list.
    fn lookup(&self, name: &[u8], kind: RecordKind) -> Result<Answer, DnsError>;

    /// [`Resolver::lookup`] with limits of its own.
    fn lookup_within(&self, name: &[u8], kind: RecordKind, _limits: Limits) -> Result<Answer, DnsError> {
        self.lookup(name, kind)
    }

    /// The addresses of `name`. An address in brackets or bare stands for itself.
    fn addresses(&self, name: &[u8], families: Families) -> Result<Vec<IpAddr>, DnsError>;

    /// The name of `ip`.
    fn reverse(&self, ip: IpAddr) -> Result<Vec<u8>, DnsError>;

    /// The full name of a host and the seconds it may be kept: what `$[name$]` gives, without its final dot.
    fn canonical(&self, name: &[u8]) -> Result<(Vec<u8>, u32), DnsError>;

    /// The hosts that take mail for `name`: sorted by preference and shuffled within one; the null MX (RFC 7505); no MX at
    /// all means the name itself. Whether the hosts exist is for the caller to find out ([`Resolver::addresses`]).
    fn mx(&self, name: &[u8]) -> Result<MxAnswer, DnsError>;
}
