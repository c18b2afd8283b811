//! Where to connect: `$h` of a mailer, the argument vector, MX records (RFC 5321 5.1).

use crate::cf::{Config, Macros, Mailer};
use crate::dns::{DnsError, Families, Resolver};
use crate::envelope::Status;
use std::net::IpAddr;
use std::path::PathBuf;

/// Most hosts of one delivery that are tried.
const MAX_HOSTS: usize = 100;
/// Most addresses of one host that are tried.
const MAX_ADDRESSES: usize = 16;

/// A host to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The name in texts: `mx.example.com.`, `[192.0.2.1]`, a path.
    pub shown: String,
    /// How the configuration wrote it, where that is shown as long as nothing is known of it: `[mx.example.com]`.
    pub given: Option<String>,
    /// How to reach it.
    pub place: Place,
}

/// How to reach a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// By the addresses of this name.
    Name(Vec<u8>, u16),
    /// At this address.
    Address(IpAddr, u16),
    /// At this socket.
    Socket(PathBuf),
}

/// What is asked while hosts are found.
pub struct Finder<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The resolver.
    pub resolver: &'a dyn Resolver,
    /// Told of a mail exchanger that is ourselves: domain, exchanger.
    pub points_back: &'a dyn Fn(&str, &str),
}

impl Finder<'_> {
    /// The hosts for `$h`, best first.
    pub fn find(&self, mailer: &Mailer, macros: &Macros, host: &[u8]) -> Result<Vec<Host>, Status> {
        let argument = |n: usize| mailer.argv.get(n).map(|t| macros.expand(t));
        if argument(0).as_deref() == Some(b"FILE") {
            let path = argument(1).unwrap_or_default();
            let shown = String::from_utf8_lossy(&path).into_owned();
            use std::os::unix::ffi::OsStringExt;
            let place = Place::Socket(PathBuf::from(std::ffi::OsString::from_vec(path)));
            return Ok(vec![Host { shown, given: None, place }]);
        }
        let listed = argument(1).filter(|h| !h.is_empty()).unwrap_or_else(|| host.to_vec());
        let port = match argument(2) {
            None => 25,
            Some(text) => self.port(&text)?,
        };
        let mut hosts = Vec::new();
        let mut failure = None;
        for (name, own_port) in destinations(&listed) {
            match self.expand(mailer, &name, own_port.unwrap_or(port)) {
                Ok(more) => hosts.extend(more),
                Err(status) => failure = Some(status),
            }
            if hosts.len() >= MAX_HOSTS {
                break;
            }
        }
        hosts.truncate(MAX_HOSTS);
        match (hosts.is_empty(), failure) {
            (true, Some(status)) => Err(status),
            (true, None) => Err(Status::new((5, 1, 2), 68, "Host unknown")),
            (false, _) => Ok(hosts),
        }
    }

    fn port(&self, text: &[u8]) -> Result<u16, Status> {
        let text = String::from_utf8_lossy(text);
        let known = [("smtp", 25), ("smtps", 465), ("submissions", 465), ("submission", 587), ("lmtp", 24)];
        let named = known.iter().find(|(name, _)| *name == text.trim()).map(|(_, port)| *port);
        let found = text.trim().parse().ok().or(named);
        found.ok_or_else(|| Status::new((4, 3, 5), 75, format!("{text}: unknown service")))
    }

    /// The hosts that one element of the list stands for.
    fn expand(&self, mailer: &Mailer, name: &[u8], port: u16) -> Result<Vec<Host>, Status> {
        if let Some(inside) = name.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")) {
            return Ok(vec![literal(inside, port)]);
        }
        let given = name;
        let name = name.strip_suffix(b".").unwrap_or(name);
        if mailer.flags.has(b'0') {
            return Ok(vec![named(name, port)]);
        }
        let options = &self.config.options;
        let answer = match self.resolver.mx(name) {
            Ok(answer) => answer,
            Err(error) => {
                let other = self.fallback_mx(port);
                let temporary = matches!(error, DnsError::TempFail(_));
                return if other.is_empty() { Err(unresolved(name, temporary)) } else { Ok(other) };
            }
        };
        if answer.null {
            let mut status = Status::new((5, 1, 10), 69, "Host does not accept mail: MX 0 .");
            status.transcript.push(crate::text::Line::cleaned(b"556 5.1.10 Host does not accept mail: MX 0 ."));
            return Err(status);
        }
        let mut exchangers = answer.hosts;
        if !answer.implicit
            && let Some(own) = exchangers.iter().find(|h| self.is_ours(&h.name)).cloned()
        {
            // Those that are as good as we are, and worse ones, would send it back to us.
            exchangers.retain(|h| h.preference < own.preference);
            let direct = || options.try_null_mx_list && self.resolver.addresses(name, Families::Both).is_ok();
            if exchangers.is_empty() && !direct() {
                let (domain, host) = (dotted(name), dotted(&own.name));
                (self.points_back)(&domain, &host);
                return Err(super::outcome::loops_back(&domain));
            }
            if exchangers.is_empty() {
                return Ok(vec![named(name, port)]);
            }
        }
        let mut hosts: Vec<Host> = exchangers.iter().map(|h| named(&h.name, port)).collect();
        if let (true, [only]) = (answer.implicit, &mut hosts[..]) {
            only.given = Some(given.escape_ascii().to_string());
        }
        hosts.extend(self.fallback_mx(port));
        Ok(hosts)
    }

    /// The exchangers of FallbackMXhost, worse than all others; in brackets it is a host itself. None when we are it.
    fn fallback_mx(&self, port: u16) -> Vec<Host> {
        let Some(text) = self.config.options.fallback_mx_host.get().map(<[u8]>::trim_ascii) else { return Vec::new() };
        if text.starts_with(b"[") {
            return vec![verbatim(text, port)];
        }
        if self.is_ours(text) {
            return Vec::new();
        }
        match self.resolver.mx(text) {
            Ok(answer) if !answer.null && !answer.hosts.is_empty() => {
                answer.hosts.iter().map(|h| named(&h.name, port)).collect()
            }
            _ => vec![named(text, port)],
        }
    }

    /// FallbackSmartHost, for mail whose host is not found.
    pub fn last_resort(&self, mailer: &Mailer, macros: &Macros) -> Option<Host> {
        let text = self.config.options.fallback_smart_host.get()?.trim_ascii();
        let port = mailer.argv.get(2).and_then(|t| self.port(&macros.expand(t)).ok());
        (!text.is_empty()).then(|| verbatim(text, port.unwrap_or(25)))
    }

    fn is_ours(&self, name: &[u8]) -> bool {
        let own = self.config.macros.expanded("j");
        own.eq_ignore_ascii_case(name) || self.config.classes.contains("w", name)
    }

    /// The addresses of a host.
    pub fn addresses(&self, host: &Host, families: Families) -> Result<Vec<(IpAddr, u16)>, Status> {
        match &host.place {
            Place::Socket(_) => Ok(Vec::new()),
            Place::Address(ip, port) => Ok(vec![(*ip, *port)]),
            Place::Name(name, port) => match self.resolver.addresses(name, families) {
                Ok(mut found) => {
                    found.truncate(MAX_ADDRESSES);
                    Ok(found.into_iter().map(|ip| (ip, *port)).collect())
                }
                Err(error) => Err(unresolved(host.shown.as_bytes(), matches!(error, DnsError::TempFail(_)))),
            },
        }
    }
}

fn unresolved(name: &[u8], temporary: bool) -> Status {
    let name = name.escape_ascii();
    match temporary {
        true => Status::new((4, 4, 3), 75, format!("Name server: {name}: host name lookup failure")),
        false => Status::new((5, 1, 2), 68, format!("Host unknown (Name server: {name}: host not found)")),
    }
}

/// A host of an option, shown as it stands there.
fn verbatim(text: &[u8], port: u16) -> Host {
    let host = match text.strip_prefix(b"[").and_then(|n| n.strip_suffix(b"]")) {
        Some(inside) => literal(inside, port),
        None => named(text, port),
    };
    Host { shown: text.escape_ascii().to_string(), ..host }
}

fn literal(inside: &[u8], port: u16) -> Host {
    let text = String::from_utf8_lossy(inside);
    let bare = match text.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => &text[5..],
        _ => &text,
    };
    match bare.parse::<IpAddr>() {
        Ok(ip) => Host { shown: format!("[{text}]"), given: None, place: Place::Address(ip, port) },
        Err(_) => Host { given: Some(format!("[{text}]")), ..named(inside, port) },
    }
}

fn named(name: &[u8], port: u16) -> Host {
    Host {
        shown: dotted(name),
        given: None,
        place: Place::Name(name.strip_suffix(b".").unwrap_or(name).to_vec(), port),
    }
}

/// The name with its final dot, as logs and texts show hosts.
fn dotted(name: &[u8]) -> String {
    let name = name.strip_suffix(b".").unwrap_or(name);
    format!("{}.", name.escape_ascii())
}

/// The elements of a list of hosts: `:` and `,` separate, brackets protect; a number is the port of the host before it.
fn destinations(list: &[u8]) -> Vec<(Vec<u8>, Option<u16>)> {
    let mut out: Vec<(Vec<u8>, Option<u16>)> = Vec::new();
    let mut element = Vec::new();
    let mut depth = 0usize;
    for &b in list.iter().chain(b":") {
        match b {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b':' | b',' if depth == 0 => {
                let text = element.trim_ascii().to_vec();
                element.clear();
                let number = std::str::from_utf8(&text).ok().and_then(|t| t.parse::<u16>().ok());
                match (out.last_mut(), number) {
                    (Some(last), Some(port)) if last.1.is_none() => last.1 = Some(port),
                    _ if text.is_empty() => {}
                    _ => out.push((text, None)),
                }
                continue;
            }
            _ => {}
        }
        element.push(b);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_hosts() {
        let names = |list: &str| {
            let found = destinations(list.as_bytes());
            found.into_iter().map(|(n, p)| (String::from_utf8(n).unwrap(), p)).collect::<Vec<_>>()
        };
        assert_eq!(
            names("a.test:b.test,c.test"),
            [("a.test".into(), None), ("b.test".into(), None), ("c.test".into(), None)]
        );
        assert_eq!(names("[IPv6:::1]:587"), [("[IPv6:::1]".into(), Some(587))]);
        assert_eq!(names("a:25,b"), [("a".into(), Some(25)), ("b".into(), None)]);
        assert_eq!(names(""), []);
    }

    #[test]
    fn literals_and_names() {
        assert_eq!(literal(b"IPv6:::1", 25).place, Place::Address("::1".parse().unwrap(), 25));
        assert_eq!(literal(b"127.0.0.1", 25).shown, "[127.0.0.1]");
        assert_eq!(literal(b"host.test", 25).place, named(b"host.test.", 25).place);
    }
}
