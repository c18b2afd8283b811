//! The system's resolver: service switch, hosts file, DNS with the search list.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::conf::{Hosts, ResolvConf, Watched, methods};
use super::stub::{self, Style};
use super::wire::{self, MAX_ALIASES, Verdict};
use super::{Answer, Data, DnsError, Families, Limits, MxAnswer, MxHost, Record, RecordKind, Resolver};

/// What the configuration says about the resolver.
#[derive(Debug, Clone)]
pub struct Settings {
    /// resolv.conf(5).
    pub resolv_conf: PathBuf,
    /// hosts(5).
    pub hosts: PathBuf,
    /// `ServiceSwitchFile`.
    pub service_switch: PathBuf,
    /// nsswitch.conf(5), asked when there is no service switch file.
    pub nsswitch: PathBuf,
    /// `Timeout.resolver.retrans`, where it is not the default.
    pub retrans: Option<Duration>,
    /// `Timeout.resolver.retry`, where it is not the default.
    pub retry: Option<u32>,
    /// `ResolverOptions`: flags of the resolver by name, on or off.
    pub flags: Vec<(&'static str, bool)>,
    /// `HasWildcardMX`: MX records say nothing about whether a name exists.
    pub has_wildcard_mx: bool,
    /// `WorkAroundBrokenAAAA`: a server that fails for AAAA is asked for A all the same.
    pub work_around_broken_aaaa: bool,
    /// `DontExpandCnames`: a name keeps its own form where it is an alias.
    pub keep_aliases: bool,
    /// IPv6 addresses are wanted at all.
    pub ipv6: bool,
    /// This host's name: its domain is searched when resolv.conf(5) says nothing.
    pub host_name: Vec<u8>,
    /// The domain that a canonical name without a dot gets (`$m`).
    pub domain: Vec<u8>,
    /// Name servers instead of those of resolv.conf(5).
    pub servers: Option<Vec<SocketAddr>>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            resolv_conf: "/etc/resolv.conf".into(),
            hosts: "/etc/hosts".into(),
            service_switch: "/etc/mail/service.switch".into(),
            nsswitch: "/etc/nsswitch.conf".into(),
            retrans: None,
            retry: None,
            flags: Vec::new(),
            has_wildcard_mx: false,
            work_around_broken_aaaa: false,
            keep_aliases: false,
            ipv6: true,
            host_name: Vec::new(),
            domain: Vec::new(),
            servers: None,
        }
    }
}

impl Settings {
    /// The settings of a configuration.
    pub fn from_config(config: &crate::cf::Config) -> Settings {
        let options = &config.options;
        let timeouts = &options.timeouts;
        let text = |name: &str| config.macros.get(name).unwrap_or_default().to_vec();
        let default = crate::cf::options::Timeouts::default();
        let changed = |now: i64, usual: i64| (now != usual).then(|| u64::try_from(now).unwrap_or(0));
        Settings {
            service_switch: options.service_switch_file.path().map(PathBuf::from).unwrap_or_default(),
            retrans: changed(timeouts.retrans_normal, default.retrans_normal).map(Duration::from_secs),
            retry: changed(timeouts.retry_normal, default.retry_normal).map(|n| n.min(20) as u32),
            flags: options.resolver_options.flags.clone(),
            has_wildcard_mx: options.resolver_options.has_wildcard_mx,
            work_around_broken_aaaa: options.resolver_options.work_around_broken_aaaa,
            keep_aliases: options.dont_expand_cnames,
            hosts: options.hosts_file.path().map(PathBuf::from).unwrap_or_default(),
            host_name: text("j"),
            domain: text("m"),
            ..Settings::default()
        }
    }
}

/// Names from the files and servers of this machine.
#[derive(Debug)]
pub struct SystemResolver {
    settings: Settings,
    conf: Watched<ResolvConf>,
    hosts: Watched<Hosts>,
    switch: Watched<Option<Vec<u8>>>,
    nsswitch: Watched<Option<Vec<u8>>>,
}

/// Where names of hosts are looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Files,
    Dns,
}

impl SystemResolver {
    /// A resolver; the files are read when they are needed.
    pub fn new(settings: Settings) -> SystemResolver {
        SystemResolver {
            conf: Watched::new(&settings.resolv_conf),
            hosts: Watched::new(&settings.hosts),
            switch: Watched::new(&settings.service_switch),
            nsswitch: Watched::new(&settings.nsswitch),
            settings,
        }
    }

    /// The methods of a service: from the service switch file; for `hosts`, without such a file, from nsswitch.conf(5); else the built-in
    /// ones (`aliases`, `passwd`: files; `hosts`: files, dns); none for a service that
    /// nobody knows.
    pub fn switch(&self, service: &str) -> Vec<String> {
        let switch = self.switch.get(|text| text.map(<[u8]>::to_vec));
        if let Some(found) = switch.as_deref().and_then(|text| methods(text, service)) {
            return found;
        }
        if service == "hosts" {
            let nsswitch = self.nsswitch.get(|text| text.map(<[u8]>::to_vec));
            if let Some(found) = nsswitch.as_deref().and_then(|text| methods(text, service)) {
                return found;
            }
            return vec!["files".into(), "dns".into()];
        }
        match service {
            "aliases" | "passwd" => vec!["files".into()],
            _ => Vec::new(),
        }
    }

    fn host_methods(&self) -> Vec<Method> {
        let mut found = Vec::new();
        for name in self.switch("hosts") {
            let method = match name.as_str() {
                "files" => Method::Files,
                "dns" | "resolve" => Method::Dns,
                _ => continue,
            };
            if !found.contains(&method) {
                found.push(method);
            }
        }
        found
    }

    fn conf(&self) -> Arc<ResolvConf> {
        self.conf.get(|text| {
            let mut conf = ResolvConf::parse(text.unwrap_or_default(), &self.settings.host_name);
            if let Some(retrans) = self.settings.retrans {
                conf.timeout = retrans.max(Duration::from_secs(1));
            }
            if let Some(retry) = self.settings.retry {
                conf.attempts = retry.max(1);
            }
            for (name, on) in &self.settings.flags {
                match *name {
                    "usevc" => conf.use_tcp = *on,
                    "use_edns0" => conf.edns = *on,
                    "trustad" => conf.trust_ad = *on,
                    "dnsrch" if !on => {
                        conf.search.truncate(1);
                        conf.search_dotted = false;
                    }
                    _ => {}
                }
            }
            if self.flag("dnsrch") == Some(false) && self.flag("defnames") == Some(false) {
                conf.search.clear();
            }
            if let Some(servers) = &self.settings.servers {
                conf.servers.clone_from(servers);
            }
            conf
        })
    }

    fn hosts(&self) -> Arc<Hosts> {
        self.hosts.get(|text| Hosts::parse(text.unwrap_or_default()))
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.settings.flags.iter().rev().find(|f| f.0 == name).map(|f| f.1)
    }

    fn style(&self) -> Style {
        Style {
            ignore_truncation: self.flag("igntc") == Some(true),
            dnssec: self.flag("use_dnssec") == Some(true),
            recurse: self.flag("recurse") != Some(false),
            primary_only: self.flag("primary") == Some(true),
        }
    }

    /// The records of `kind` at exactly `name`, following aliases over several answers if need be.
    fn query(&self, conf: &ResolvConf, name: &[u8], kind: RecordKind) -> Result<Answer, DnsError> {
        let mut at = name.strip_suffix(b".").unwrap_or(name).to_vec();
        let mut was_alias = false;
        for _ in 0..MAX_ALIASES {
            match stub::ask(conf, self.style(), &at, kind)? {
                Verdict::Records { name: end, alias, records, authentic } => {
                    // Without an alias the name is as it was asked for: a server may fold its case.
                    let name = if alias { end } else { at };
                    let alias = was_alias || alias;
                    return Ok(Answer { name, alias, records, authentic: authentic && conf.trust_ad });
                }
                Verdict::Nothing { alias: Some(next) } if !next.eq_ignore_ascii_case(&at) => {
                    was_alias = true;
                    at = next;
                }
                Verdict::NoName => return Err(DnsError::NotFound),
                _ => return Err(DnsError::NoData),
            }
        }
        // A chain of aliases without an end leads nowhere.
        Err(DnsError::NotFound)
    }

    /// The names that `name` may stand for, best first.
    fn candidates(&self, conf: &ResolvConf, name: &[u8]) -> Vec<Vec<u8>> {
        if let Some(absolute) = name.strip_suffix(b".") {
            return vec![absolute.to_vec()];
        }
        let dots = name.iter().filter(|b| **b == b'.').count();
        if dots > 0 && !conf.search_dotted {
            return vec![name.to_vec()];
        }
        let mut all: Vec<Vec<u8>> =
            conf.search.iter().map(|d| [name, d].join(&b'.')).filter(|n| n.len() <= wire::MAX_NAME).collect();
        if dots >= conf.ndots.max(1) {
            all.insert(0, name.to_vec());
        } else if dots > 0 || all.is_empty() {
            all.push(name.to_vec());
        }
        all
    }

    /// The canonical name by DNS: the first candidate that has an address or takes mail.
    fn canonical_by_dns(&self, name: &[u8]) -> Result<(Vec<u8>, u32), DnsError> {
        let conf = self.conf();
        for candidate in self.candidates(&conf, name) {
            let mut kinds = vec![RecordKind::A];
            if self.settings.ipv6 {
                kinds.insert(0, RecordKind::Aaaa);
            }
            if !self.settings.has_wildcard_mx {
                kinds.push(RecordKind::Mx);
            }
            for kind in kinds {
                match self.query(&conf, &candidate, kind) {
                    Ok(answer) => {
                        let ttl = least_ttl(&answer.records);
                        return Ok((if self.settings.keep_aliases { candidate } else { answer.name }, ttl));
                    }
                    // The name is not there: no other kind of record will be.
                    Err(DnsError::NotFound) => break,
                    Err(DnsError::NoData) => {}
                    Err(DnsError::TempFail(_)) if kind == RecordKind::Aaaa && self.settings.work_around_broken_aaaa => {
                    }
                    Err(temporary) => return Err(temporary),
                }
            }
        }
        Err(DnsError::NotFound)
    }

    fn addresses_by_dns(&self, name: &[u8], families: Families) -> Result<Vec<IpAddr>, DnsError> {
        let conf = self.conf();
        let mut last = DnsError::NotFound;
        for candidate in self.candidates(&conf, name) {
            let mut found = Vec::new();
            let mut failed = None;
            for (kind, wanted) in [
                (RecordKind::Aaaa, families != Families::V4 && self.settings.ipv6),
                (RecordKind::A, families != Families::V6),
            ] {
                if !wanted {
                    continue;
                }
                match self.query(&conf, &candidate, kind) {
                    Ok(answer) => found.extend(answer.records.iter().filter_map(|r| match r.data {
                        Data::Address(ip) => Some(ip),
                        _ => None,
                    })),
                    Err(DnsError::NotFound) => break,
                    Err(DnsError::NoData) => last = DnsError::NoData,
                    Err(DnsError::TempFail(_)) if kind == RecordKind::Aaaa && self.settings.work_around_broken_aaaa => {
                    }
                    Err(temporary) => failed = Some(temporary),
                }
            }
            if !found.is_empty() {
                return Ok(found);
            }
            if let Some(temporary) = failed {
                return Err(temporary);
            }
        }
        Err(last)
    }

    /// Asks each method in turn; the first answer counts, and a temporary failure only if nobody has one.
    fn by_methods<T>(&self, mut ask: impl FnMut(Method) -> Result<T, DnsError>) -> Result<T, DnsError> {
        let mut worst = DnsError::NotFound;
        for method in self.host_methods() {
            match ask(method) {
                Ok(answer) => return Ok(answer),
                Err(e @ DnsError::TempFail(_)) => worst = e,
                Err(e @ DnsError::NoData) if worst == DnsError::NotFound => worst = e,
                Err(_) => {}
            }
        }
        Err(worst)
    }
}

fn least_ttl(records: &[Record]) -> u32 {
    records.iter().map(|r| r.ttl).min().unwrap_or(0)
}

/// `found`, spelt as `asked` where it begins with that, as an answer of the DNS would be; a name without a dot stays as the file has it.
fn in_case_of(asked: &[u8], found: &[u8]) -> Vec<u8> {
    let begins = found.get(..asked.len()).is_some_and(|head| head.eq_ignore_ascii_case(asked));
    let rest = found.get(asked.len()..).unwrap_or_default();
    if begins && found.contains(&b'.') && (rest.is_empty() || rest.starts_with(b".")) {
        return [asked, rest].concat();
    }
    found.to_vec()
}

/// The address that a name is: bare or in brackets, IPv6 with or without its tag.
fn literal(name: &[u8]) -> Option<IpAddr> {
    let bare = name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")).unwrap_or(name);
    let bare =
        bare.get(..5).filter(|p| p.eq_ignore_ascii_case(b"IPv6:")).and_then(|p| bare.get(p.len()..)).unwrap_or(bare);
    std::str::from_utf8(bare).ok()?.parse().ok()
}

/// Hosts by preference, in random order among equals (RFC 5321 5.1).
fn sort_hosts(hosts: &mut [MxHost]) {
    use std::hash::{BuildHasher, RandomState};
    let dice = RandomState::new();
    hosts.sort_by_cached_key(|h| (h.preference, dice.hash_one(&h.name)));
}

impl Resolver for SystemResolver {
    fn lookup(&self, name: &[u8], kind: RecordKind) -> Result<Answer, DnsError> {
        self.query(&self.conf(), name, kind)
    }

    fn lookup_within(&self, name: &[u8], kind: RecordKind, limits: Limits) -> Result<Answer, DnsError> {
        let mut conf = (*self.conf()).clone();
        conf.timeout = limits.retrans.unwrap_or(conf.timeout);
        conf.attempts = limits.retry.unwrap_or(conf.attempts).max(1);
        let mut candidates = if limits.search { self.candidates(&conf, name) } else { Vec::new() };
        if !candidates.iter().any(|c| c == name) {
            candidates.push(name.to_vec());
        }
        let mut last = DnsError::NotFound;
        for candidate in candidates {
            match self.query(&conf, &candidate, kind) {
                // A name that is there without such records says more than one that is not.
                Err(DnsError::NoData) => last = DnsError::NoData,
                Err(DnsError::NotFound) => {}
                answer => return answer,
            }
        }
        Err(last)
    }

    fn addresses(&self, name: &[u8], families: Families) -> Result<Vec<IpAddr>, DnsError> {
        if let Some(ip) = literal(name) {
            return if families.wants(&ip) { Ok(vec![ip]) } else { Err(DnsError::NoData) };
        }
        self.by_methods(|method| match method {
            Method::Dns => self.addresses_by_dns(name, families),
            Method::Files => {
                let bare = name.strip_suffix(b".").unwrap_or(name);
                let mut found = self.hosts().addresses(bare);
                found.retain(|ip| families.wants(ip));
                found.sort_by_key(IpAddr::is_ipv4);
                if found.is_empty() { Err(DnsError::NotFound) } else { Ok(found) }
            }
        })
    }

    fn reverse(&self, ip: IpAddr) -> Result<Vec<u8>, DnsError> {
        self.by_methods(|method| match method {
            Method::Files => self.hosts().name_of(ip).map(<[u8]>::to_vec).ok_or(DnsError::NotFound),
            Method::Dns => {
                let answer = self.lookup(&wire::reverse_name(ip), RecordKind::Ptr)?;
                let names = answer.records.into_iter().filter_map(|r| match r.data {
                    Data::Name(name) => Some(name),
                    _ => None,
                });
                names.into_iter().next().ok_or(DnsError::NoData)
            }
        })
    }

    fn canonical(&self, name: &[u8]) -> Result<(Vec<u8>, u32), DnsError> {
        let bare = name.strip_suffix(b".").unwrap_or(name);
        if bare.is_empty() || literal(bare).is_some() {
            return Err(DnsError::NotFound);
        }
        let (mut found, ttl) = self.by_methods(|method| match method {
            Method::Dns => self.canonical_by_dns(name),
            Method::Files => {
                let hosts = self.hosts();
                let found = hosts.canonical(bare).ok_or(DnsError::NotFound)?;
                Ok((in_case_of(bare, found), 3600))
            }
        })?;
        if !found.contains(&b'.') && !self.settings.domain.is_empty() {
            found = [found.as_slice(), &self.settings.domain].join(&b'.');
        }
        Ok((found, ttl))
    }

    fn mx(&self, name: &[u8]) -> Result<MxAnswer, DnsError> {
        let mut answer = MxAnswer { hosts: Vec::new(), implicit: false, null: false, ttl: 3600, authentic: false };
        let methods = self.host_methods();
        let in_files = || {
            let bare = name.strip_suffix(b".").unwrap_or(name);
            methods.contains(&Method::Files) && self.hosts().canonical(bare).is_some()
        };
        let found = match methods.contains(&Method::Dns) {
            true => self.lookup_within(name, RecordKind::Mx, Limits { search: true, ..Limits::default() }),
            false => Err(DnsError::NoData),
        };
        match found {
            Ok(found) => {
                answer.ttl = least_ttl(&found.records);
                answer.authentic = found.authentic;
                let mut roots = 0;
                for record in found.records {
                    match record.data {
                        Data::Mx { exchange, .. } if exchange.is_empty() => roots += 1,
                        Data::Mx { preference, exchange } => {
                            answer.hosts.push(MxHost { preference, name: exchange });
                        }
                        _ => {}
                    }
                }
                sort_hosts(&mut answer.hosts);
                let mut names = HashSet::new();
                answer.hosts.retain(|h| names.insert(h.name.to_ascii_lowercase()));
                // RFC 7505 3: the null MX stands alone.
                answer.null = roots > 0 && answer.hosts.is_empty();
                return Ok(answer);
            }
            Err(DnsError::NoData) => {}
            Err(_) if in_files() => {}
            Err(e) => return Err(e),
        }
        answer.implicit = true;
        answer.hosts.push(MxHost { preference: 0, name: name.strip_suffix(b".").unwrap_or(name).to_vec() });
        Ok(answer)
    }
}
