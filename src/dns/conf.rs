//! The files that say how names are found: resolv.conf(5), hosts(5), the service switch. Each is read again when it changes.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A bigger file of this kind is a mistake.
const MAX_FILE: u64 = 1 << 24;
/// How many name servers and search domains count, as in the C library.
const MAX_SERVERS: usize = 3;
const MAX_SEARCH: usize = 6;

/// What resolv.conf(5) says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolvConf {
    /// Name servers in order.
    pub servers: Vec<SocketAddr>,
    /// Domains that unqualified names are tried in.
    pub search: Vec<Vec<u8>>,
    /// Whether names with a dot in them are tried there too.
    pub search_dotted: bool,
    /// A name with at least so many dots is tried as it is first.
    pub ndots: usize,
    /// How long the first server gets.
    pub timeout: Duration,
    /// How often the list of servers is gone through.
    pub attempts: u32,
    /// Begin with another server each time.
    pub rotate: bool,
    /// Use EDNS.
    pub edns: bool,
    /// Believe the servers' AD bit.
    pub trust_ad: bool,
    /// Always TCP.
    pub use_tcp: bool,
}

impl Default for ResolvConf {
    fn default() -> ResolvConf {
        ResolvConf {
            servers: vec![SocketAddr::from(([127, 0, 0, 1], 53))],
            search: Vec::new(),
            search_dotted: true,
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
            edns: false,
            trust_ad: false,
            use_tcp: false,
        }
    }
}

impl ResolvConf {
    /// Reads the text of resolv.conf(5); `host` is this host's name, whose domain is searched if nothing is said.
    pub fn parse(text: &[u8], host: &[u8]) -> ResolvConf {
        let mut conf = ResolvConf { servers: Vec::new(), ..ResolvConf::default() };
        let mut said = false;
        for line in text.split(|b| *b == b'\n').filter(|l| !l.starts_with(b"#") && !l.starts_with(b";")) {
            let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
            let keyword = words.next().unwrap_or_default();
            match keyword {
                b"nameserver" if conf.servers.len() < MAX_SERVERS => {
                    let ip = words.next().and_then(|w| std::str::from_utf8(w).ok()?.parse::<IpAddr>().ok());
                    conf.servers.extend(ip.map(|ip| SocketAddr::new(ip, 53)));
                }
                b"domain" => {
                    conf.search = words.take(1).map(domain).collect();
                    said = true;
                }
                b"search" => {
                    conf.search = words.map(domain).filter(|d| !d.is_empty()).take(MAX_SEARCH).collect();
                    said = true;
                }
                b"options" => words.for_each(|w| conf.option(w)),
                _ => {}
            }
        }
        if !said && let Some(dot) = host.iter().position(|b| *b == b'.') {
            conf.search = vec![domain(host.get(dot + 1..).unwrap_or_default())];
        }
        if conf.servers.is_empty() {
            conf.servers = ResolvConf::default().servers;
        }
        conf
    }

    /// One word of `options`.
    fn option(&mut self, word: &[u8]) {
        let (name, value) = match word.iter().position(|b| *b == b':') {
            Some(at) => (&word[..at], std::str::from_utf8(&word[at + 1..]).ok().and_then(|v| v.parse::<u32>().ok())),
            None => (word, None),
        };
        match (name, value) {
            (b"ndots", Some(n)) => self.ndots = n.min(15) as usize,
            (b"timeout", Some(n)) => self.timeout = Duration::from_secs(u64::from(n.clamp(1, 30))),
            (b"attempts", Some(n)) => self.attempts = n.clamp(1, 5),
            (b"rotate", _) => self.rotate = true,
            (b"edns0", _) => self.edns = true,
            (b"trust-ad", _) => self.trust_ad = true,
            (b"use-vc", _) => self.use_tcp = true,
            _ => {}
        }
    }
}

fn domain(word: &[u8]) -> Vec<u8> {
    word.strip_suffix(b".").unwrap_or(word).to_vec()
}

/// The lines of hosts(5): an address with its names, the first of which is the official one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts {
    lines: Vec<(IpAddr, Vec<Vec<u8>>)>,
}

impl Hosts {
    /// Reads the text of hosts(5).
    pub fn parse(text: &[u8]) -> Hosts {
        let mut lines = Vec::new();
        for line in text.split(|b| *b == b'\n') {
            let line = line.split(|b| *b == b'#').next().unwrap_or_default();
            let mut words = line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
            let ip = words.next().and_then(|w| std::str::from_utf8(w).ok()?.parse::<IpAddr>().ok());
            let names: Vec<Vec<u8>> = words.map(<[u8]>::to_vec).collect();
            if let (Some(ip), false) = (ip, names.is_empty()) {
                lines.push((ip, names));
            }
        }
        Hosts { lines }
    }

    /// The addresses of `name`.
    pub fn addresses(&self, name: &[u8]) -> Vec<IpAddr> {
        let mut found: Vec<IpAddr> = Vec::new();
        for (ip, names) in &self.lines {
            if names.iter().any(|n| n.eq_ignore_ascii_case(name)) && !found.contains(ip) {
                found.push(*ip);
            }
        }
        found
    }

    /// The official name for `name`: the first name of its line that has a dot, else the first.
    pub fn canonical(&self, name: &[u8]) -> Option<&[u8]> {
        let (_, names) = self.lines.iter().find(|(_, names)| names.iter().any(|n| n.eq_ignore_ascii_case(name)))?;
        names.iter().find(|n| n.contains(&b'.')).or(names.first()).map(Vec::as_slice)
    }

    /// The official name of an address.
    pub fn name_of(&self, ip: IpAddr) -> Option<&[u8]> {
        self.lines.iter().find(|(i, _)| *i == ip).and_then(|(_, names)| names.first()).map(Vec::as_slice)
    }
}

/// The methods of `service` in the text of a service switch: `service method ...` (sendmail), `service: method ...` (nsswitch.conf).
pub fn methods(text: &[u8], service: &str) -> Option<Vec<String>> {
    let line = text.split(|b| *b == b'\n').find_map(|line| {
        let line = line.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii();
        let rest = line.strip_prefix(service.as_bytes())?;
        let rest = rest.strip_prefix(b":").unwrap_or(rest);
        rest.first().is_none_or(u8::is_ascii_whitespace).then_some(rest)
    })?;
    // Actions in brackets stand between the methods of nsswitch.conf.
    let mut inside = false;
    let mut found = Vec::new();
    for word in line.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
        inside |= word.starts_with(b"[");
        if !inside {
            found.push(String::from_utf8_lossy(word).to_ascii_lowercase());
        }
        inside &= !word.ends_with(b"]");
    }
    Some(found)
}

/// The state of a file, by which changes are noticed.
type Stamp = (u64, u64, u64, i64, i64);

/// A file is not looked at again before this time is over: one message asks for it many times.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// What a file was when it was last looked at, when that was, and what was made of it.
#[derive(Debug)]
struct Seen<T> {
    stamp: Option<Stamp>,
    looked: Instant,
    made: Arc<T>,
}

/// A file with what was made of it.
#[derive(Debug)]
pub struct Watched<T> {
    path: PathBuf,
    seen: Mutex<Option<Seen<T>>>,
}

impl<T> Watched<T> {
    /// Nothing is read yet.
    pub fn new(path: &Path) -> Watched<T> {
        Watched { path: path.to_path_buf(), seen: Mutex::new(None) }
    }

    /// What `make` makes of the file's text (`None` for a missing file), from memory while the file stays as it is.
    pub fn get(&self, make: impl FnOnce(Option<&[u8]>) -> T) -> Arc<T> {
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(seen) = &*seen
            && seen.looked.elapsed() < LOOK_AGAIN
        {
            return Arc::clone(&seen.made);
        }
        let looked = Instant::now();
        let stamp = fs::metadata(&self.path)
            .ok()
            .filter(|m| m.is_file() && m.len() <= MAX_FILE)
            .map(|m| (m.dev(), m.ino(), m.size(), m.mtime(), m.mtime_nsec()));
        if let Some(seen) = &mut *seen
            && seen.stamp == stamp
        {
            seen.looked = looked;
            return Arc::clone(&seen.made);
        }
        let text = stamp.and_then(|_| fs::read(&self.path).ok());
        let made = Arc::new(make(text.as_deref()));
        *seen = Some(Seen { stamp, looked, made: Arc::clone(&made) });
        made
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolver_options() {
        let text = b"# c\nnameserver 192.0.2.1\nnameserver ::1\nnameserver nonsense\nsearch a.test b.test.\noptions ndots:2 timeout:1 attempts:9 rotate edns0 trust-ad\n";
        let conf = ResolvConf::parse(text, b"h.c.test");
        assert_eq!(conf.servers.len(), 2);
        assert_eq!(conf.search, [b"a.test".to_vec(), b"b.test".to_vec()]);
        assert_eq!((conf.ndots, conf.timeout.as_secs(), conf.attempts), (2, 1, 5));
        assert!(conf.rotate && conf.edns && conf.trust_ad);
        assert_eq!(ResolvConf::parse(b"", b"h.c.test").search, [b"c.test".to_vec()]);
        assert_eq!(ResolvConf::parse(b"", b"h").servers, ResolvConf::default().servers);
    }

    #[test]
    fn host_names() {
        let hosts =
            Hosts::parse(b"127.0.0.1 localhost # x\n::1 localhost\n192.0.2.1 ws1 ws1.a.test\nbad line\n192.0.2.2\n");
        assert_eq!(hosts.addresses(b"LOCALHOST").len(), 2);
        assert_eq!(hosts.canonical(b"ws1"), Some(&b"ws1.a.test"[..]));
        assert_eq!(hosts.name_of([192, 0, 2, 1].into()), Some(&b"ws1"[..]));
        assert_eq!(hosts.canonical(b"nosuch"), None);
    }

    #[test]
    fn switches() {
        let text = b"# c\nhosts: files [NOTFOUND=return] dns # x\naliases\tfiles nis\npasswd: x\n";
        assert_eq!(methods(text, "hosts"), Some(vec!["files".into(), "dns".into()]));
        assert_eq!(methods(text, "aliases"), Some(vec!["files".into(), "nis".into()]));
        assert_eq!(methods(text, "host"), None);
    }
}
