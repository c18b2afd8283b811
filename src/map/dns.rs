//! Classes `dns` (`-R TYPE`: the records of a name) and `bestmx` (the best mail exchanger of a domain).

use super::spec::Spec;
use super::{Class, EX_NOHOST, EX_TEMPFAIL, MapSet, Outcome, Query, finish_literally};
use crate::cf::Macros;
use crate::dns::{Data, DnsError, Limits, RecordKind, exchangers};

/// A value made of several records is cut at a delimiter when it gets longer than a rule set could use.
const MAX_VALUE: usize = 1024;

/// DNS records.
pub struct DnsMap {
    spec: Spec,
    kind: Option<RecordKind>,
    base: Vec<u8>,
    limit: usize,
    limits: Limits,
}

fn kind_of(name: &[u8]) -> Option<RecordKind> {
    Some(match name.to_ascii_uppercase().as_slice() {
        b"A" => RecordKind::A,
        b"AAAA" => RecordKind::Aaaa,
        b"MX" => RecordKind::Mx,
        b"CNAME" => RecordKind::Cname,
        b"PTR" => RecordKind::Ptr,
        b"TXT" => RecordKind::Txt,
        b"SRV" => RecordKind::Srv,
        b"NS" => RecordKind::Ns,
        b"TLSA" => RecordKind::Tlsa,
        b"AFSDB" => RecordKind::Afsdb,
        _ => return None,
    })
}

/// A record as a map gives it.
fn text(data: &Data) -> Vec<u8> {
    match data {
        Data::Address(ip) => ip.to_string().into_bytes(),
        Data::Name(name) => name.clone(),
        Data::Mx { exchange, .. } => exchange.clone(),
        Data::Text(text) => text.clone(),
        Data::Srv { target, .. } => target.clone(),
        Data::Afsdb { host, .. } => host.clone(),
        Data::Tlsa { usage, selector, matching, data } => {
            let hex: String = data.iter().map(|b| format!("{b:02X}")).collect();
            format!("{usage} {selector} {matching} {hex}").into_bytes()
        }
    }
}

/// Joins values while they fit.
fn joined(values: &[Vec<u8>], delimiter: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            if out.len() + delimiter.len() + value.len() > MAX_VALUE {
                break;
            }
            out.extend_from_slice(delimiter);
        }
        out.extend_from_slice(value);
    }
    out
}

impl DnsMap {
    pub(super) fn new(spec: &Spec, problems: &mut Vec<String>) -> DnsMap {
        let name = spec.own(b'R');
        let kind = name.and_then(kind_of);
        if let (Some(name), None) = (name, kind) {
            problems.push(format!("dns map {}: wrong type {}", spec.name, String::from_utf8_lossy(name)));
        }
        if kind.is_none() {
            problems.push(format!("dns map {}: missing -R type", spec.name));
        }
        let number = |flag| spec.own(flag).and_then(|v| std::str::from_utf8(v).ok()?.parse().ok());
        DnsMap {
            spec: spec.clone(),
            kind,
            base: spec.own(b'B').unwrap_or_default().to_vec(),
            limit: number(b'Z').map_or(usize::MAX, |n: u32| n as usize),
            limits: Limits {
                search: true,
                retrans: spec.own(b'd').and_then(super::socket::seconds).filter(|d| !d.is_zero()),
                retry: number(b'r'),
            },
        }
    }
}

impl Class for DnsMap {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        let Some(kind) = self.kind else { return Outcome::none(EX_NOHOST) };
        if query.key.is_empty() {
            return Outcome::none(EX_NOHOST);
        }
        let mut name = query.key.to_vec();
        if !self.base.is_empty() {
            if !name.ends_with(b".") && !self.base.starts_with(b".") {
                name.push(b'.');
            }
            name.extend_from_slice(&self.base);
        }
        match set.env.resolver.lookup_within(&name, kind, self.limits) {
            Ok(answer) => {
                let mut values: Vec<Vec<u8>> = answer.records.iter().map(|r| text(&r.data)).take(self.limit).collect();
                if self.spec.delimiter.is_none() {
                    values.truncate(1);
                }
                if values.is_empty() {
                    return Outcome::none(EX_NOHOST);
                }
                let delimiter = self.spec.delimiter.as_deref().unwrap_or_default();
                finish_literally(&self.spec, query, &joined(&values, delimiter))
            }
            Err(DnsError::TempFail(_)) => Outcome::none(EX_TEMPFAIL),
            Err(_) => Outcome::none(EX_NOHOST),
        }
    }
}

/// Best mail exchangers.
pub struct BestMx {
    spec: Spec,
}

impl BestMx {
    pub(super) fn new(spec: &Spec) -> BestMx {
        BestMx { spec: spec.clone() }
    }
}

impl Class for BestMx {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        let mut hosts = match exchangers(&*set.env.resolver, query.key) {
            Ok(answer) => answer.hosts,
            Err(_) => return Outcome::none(EX_TEMPFAIL),
        };
        // One order for one answer, whatever the resolver's shuffling; this host first among the best.
        hosts.sort_by(|a, b| {
            let own = |h: &[u8]| !(set.env.is_own_name)(h.strip_suffix(b".").unwrap_or(h));
            a.preference
                .cmp(&b.preference)
                .then_with(|| own(&a.name).cmp(&own(&b.name)))
                .then_with(|| a.name.cmp(&b.name))
        });
        if hosts.is_empty() {
            return Outcome::none(EX_NOHOST);
        }
        let mut names: Vec<Vec<u8>> = hosts.into_iter().map(|h| h.name).collect();
        if self.spec.delimiter.is_none() {
            names.truncate(1);
        }
        let delimiter = self.spec.delimiter.as_deref().unwrap_or_default();
        finish_literally(&self.spec, query, &joined(&names, delimiter))
    }
}
