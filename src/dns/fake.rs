//! A resolver that answers from a table: for tests, and for running without any network.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Answer, Data, DnsError, Families, MxAnswer, MxHost, Record, RecordKind, Resolver};

/// Answers from a table; what is not in it does not exist.
#[derive(Default, Debug, Clone)]
pub struct FakeResolver {
    records: BTreeMap<(Vec<u8>, RecordKind), Vec<Data>>,
    failing: Vec<Vec<u8>>,
    search: Vec<Vec<u8>>,
}

fn folded(name: &[u8]) -> Vec<u8> {
    name.strip_suffix(b".").unwrap_or(name).to_ascii_lowercase()
}

impl FakeResolver {
    /// An empty table.
    pub fn new() -> FakeResolver {
        FakeResolver::default()
    }

    /// Adds a record.
    pub fn with(mut self, name: &str, kind: RecordKind, data: Data) -> FakeResolver {
        self.records.entry((folded(name.as_bytes()), kind)).or_default().push(data);
        self
    }

    /// Adds an address and the pointer back.
    pub fn host(self, name: &str, ip: IpAddr) -> FakeResolver {
        let kind = if ip.is_ipv4() { RecordKind::A } else { RecordKind::Aaaa };
        self.with(name, kind, Data::Address(ip)).with(
            &ip.to_string(),
            RecordKind::Ptr,
            Data::Name(name.as_bytes().to_vec()),
        )
    }

    /// Adds a mail exchanger; an empty `exchange` is the null MX.
    pub fn exchanger(self, name: &str, preference: u16, exchange: &str) -> FakeResolver {
        self.with(name, RecordKind::Mx, Data::Mx { preference, exchange: exchange.as_bytes().to_vec() })
    }

    /// Adds an alias.
    pub fn alias(self, name: &str, target: &str) -> FakeResolver {
        self.with(name, RecordKind::Cname, Data::Name(target.as_bytes().to_vec()))
    }

    /// Every question about `name` and the names below it fails for now.
    pub fn failing(mut self, name: &str) -> FakeResolver {
        self.failing.push(folded(name.as_bytes()));
        self
    }

    /// Adds a domain to the search list.
    pub fn searching(mut self, domain: &str) -> FakeResolver {
        self.search.push(folded(domain.as_bytes()));
        self
    }

    fn knows(&self, name: &[u8]) -> bool {
        self.records.keys().any(|(n, _)| n == name || (n.ends_with(name) && n.len() > name.len()))
    }
}

impl Resolver for FakeResolver {
    fn lookup(&self, name: &[u8], kind: RecordKind) -> Result<Answer, DnsError> {
        let mut at = folded(name);
        let mut alias = false;
        for _ in 0..8 {
            if self
                .failing
                .iter()
                .any(|f| at.strip_suffix(f.as_slice()).is_some_and(|h| h.is_empty() || h.ends_with(b".")))
            {
                return Err(DnsError::TempFail("Name server timeout".into()));
            }
            if let Some(found) = self.records.get(&(at.clone(), kind)) {
                let records = found.iter().map(|d| Record { ttl: 300, data: d.clone() }).collect();
                return Ok(Answer { name: at, alias, records, authentic: false });
            }
            match self.records.get(&(at.clone(), RecordKind::Cname)).and_then(|d| d.first()) {
                Some(Data::Name(next)) => at = folded(next),
                _ if self.knows(&at) => return Err(DnsError::NoData),
                _ => return Err(DnsError::NotFound),
            }
            alias = true;
        }
        Err(DnsError::NotFound)
    }

    fn addresses(&self, name: &[u8], families: Families) -> Result<Vec<IpAddr>, DnsError> {
        let bare = name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).unwrap_or(name);
        let bare = bare.strip_prefix(b"IPv6:").unwrap_or(bare);
        if let Some(ip) = std::str::from_utf8(bare).ok().and_then(|t| t.parse::<IpAddr>().ok()) {
            return Ok(vec![ip]);
        }
        let mut found = Vec::new();
        let mut last = DnsError::NotFound;
        for kind in [RecordKind::Aaaa, RecordKind::A] {
            match self.lookup(name, kind) {
                Ok(answer) => found.extend(answer.records.iter().filter_map(|r| match r.data {
                    Data::Address(ip) if families.wants(&ip) => Some(ip),
                    _ => None,
                })),
                Err(e) => last = e,
            }
        }
        if found.is_empty() { Err(last) } else { Ok(found) }
    }

    fn reverse(&self, ip: IpAddr) -> Result<Vec<u8>, DnsError> {
        match self.lookup(ip.to_string().as_bytes(), RecordKind::Ptr)?.records.first().map(|r| &r.data) {
            Some(Data::Name(name)) => Ok(name.clone()),
            _ => Err(DnsError::NoData),
        }
    }

    fn canonical(&self, name: &[u8]) -> Result<(Vec<u8>, u32), DnsError> {
        let mut candidates = vec![folded(name)];
        for domain in &self.search {
            candidates.push([&folded(name), &b"."[..], domain].concat());
        }
        for candidate in candidates {
            for kind in [RecordKind::A, RecordKind::Aaaa, RecordKind::Mx] {
                match self.lookup(&candidate, kind) {
                    Ok(answer) => {
                        // A name that is canonical keeps the spelling that it was asked in.
                        let asked = name.strip_suffix(b".").unwrap_or(name);
                        let same = answer.name.eq_ignore_ascii_case(asked);
                        return Ok((if same { asked.to_vec() } else { answer.name }, 300));
                    }
                    Err(DnsError::TempFail(why)) => return Err(DnsError::TempFail(why)),
                    Err(_) => {}
                }
            }
        }
        Err(DnsError::NotFound)
    }

    fn mx(&self, name: &[u8]) -> Result<MxAnswer, DnsError> {
        let mut answer = MxAnswer { hosts: Vec::new(), implicit: false, null: false, ttl: 300, authentic: false };
        match self.lookup(name, RecordKind::Mx) {
            Ok(found) => {
                for record in found.records {
                    match record.data {
                        Data::Mx { exchange, .. } if exchange.is_empty() => answer.null = true,
                        Data::Mx { preference, exchange } => {
                            answer.hosts.push(MxHost { preference, name: exchange });
                        }
                        _ => {}
                    }
                }
                answer.hosts.sort_by_key(|h| h.preference);
                answer.null &= answer.hosts.is_empty();
            }
            Err(DnsError::TempFail(why)) => return Err(DnsError::TempFail(why)),
            Err(DnsError::NotFound) => return Err(DnsError::NotFound),
            Err(DnsError::NoData) => {
                answer.implicit = true;
                answer.hosts.push(MxHost { preference: 0, name: folded(name) });
            }
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_from_the_table() {
        let dns = FakeResolver::new()
            .host("mx1.example.com", IpAddr::from([192, 0, 2, 1]))
            .exchanger("example.com", 20, "mx2.example.com")
            .exchanger("example.com", 10, "mx1.example.com")
            .exchanger("null.example", 0, "")
            .alias("www.example.com", "mx1.example.com")
            .failing("broken.example")
            .searching("example.com");
        let mx = dns.mx(b"EXAMPLE.com.").map(|a| a.hosts[0].name.clone());
        assert_eq!(mx, Ok(b"mx1.example.com".to_vec()));
        assert_eq!(dns.mx(b"null.example").map(|a| a.null), Ok(true));
        assert_eq!(dns.mx(b"www.example.com").map(|a| a.implicit), Ok(true));
        assert_eq!(dns.canonical(b"www").map(|a| a.0), Ok(b"mx1.example.com".to_vec()));
        assert_eq!(dns.addresses(b"nowhere.test", Families::Both), Err(DnsError::NotFound));
        assert!(matches!(dns.mx(b"broken.example"), Err(DnsError::TempFail(_))));
        assert_eq!(dns.reverse(IpAddr::from([192, 0, 2, 1])), Ok(b"mx1.example.com".to_vec()));
    }
}
