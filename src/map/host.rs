//! Class `host`: the canonical name of a host, what `$[name$]` gives. An address in brackets gives its name.

use std::net::IpAddr;

use super::spec::Spec;
use super::{Class, EX_NOHOST, EX_TEMPFAIL, MapSet, Outcome, Query, finish_literally};
use crate::cf::Macros;
use crate::dns::DnsError;

/// What is said of a name when no name server answers in time: for whoever watches, not for the log.
pub const LATE: &str = ": Name server timeout";

/// Canonical names.
pub struct Host {
    spec: Spec,
}

/// The address that `[192.0.2.1]` or `[IPv6:2001:db8::1]` stands for.
pub(super) fn literal(key: &[u8]) -> Option<IpAddr> {
    let inner = std::str::from_utf8(key.strip_prefix(b"[")?.strip_suffix(b"]")?).ok()?;
    match inner.get(..5).filter(|p| p.eq_ignore_ascii_case("IPv6:")).and_then(|p| inner.get(p.len()..)) {
        Some(v6) => v6.parse().ok().map(IpAddr::V6),
        None => inner.parse().ok(),
    }
}

impl Host {
    pub(super) fn new(spec: &Spec) -> Host {
        Host { spec: spec.clone() }
    }
}

impl Class for Host {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        let answer = match literal(query.key) {
            Some(ip) => set.env.resolver.reverse(ip),
            // Brackets around anything else are no name.
            None if query.key.starts_with(b"[") => Err(DnsError::NotFound),
            None => set.env.resolver.canonical(query.key).map(|(name, _)| name),
        };
        match answer {
            Ok(name) => finish_literally(&self.spec, query, &name),
            Err(DnsError::NotFound | DnsError::NoData) => Outcome::none(EX_NOHOST),
            Err(DnsError::TempFail(_)) => {
                if !self.spec.tempfail_is_notfound {
                    let key = crate::text::Line::cleaned(query.key);
                    (set.env.notice)(&format!("{}{LATE}", String::from_utf8_lossy(&key)));
                }
                Outcome::none(EX_TEMPFAIL)
            }
        }
    }
}
