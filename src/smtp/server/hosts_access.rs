//! The files of tcp wrappers, `/etc/hosts.allow` and `/etc/hosts.deny` (hosts_access(5), hosts_options(5)): who may call.
//!
//! The first line that fits decides: one of the first file lets in, one of the second keeps out, and where none fits the client
//! is let in. Understood are lists with `EXCEPT`, the wildcards, suffixes, prefixes, netmasks and prefix lengths, `*` and `?`,
//! files of patterns, `daemon@host`, and `allow` and `deny` as the last option of a line. User names and netgroups fit nobody;
//! commands are never run.

use std::net::IpAddr;
use std::path::Path;

/// The files.
const ALLOW: &str = "/etc/hosts.allow";
const DENY: &str = "/etc/hosts.deny";
/// The name of the service.
const DAEMON: &[u8] = b"sendmail";
/// Largest file read.
const MAX_FILE: u64 = 1 << 20;
/// `EXCEPT` may stand so often in a list.
const MAX_EXCEPT: usize = 20;

/// A client.
pub struct Client<'a> {
    /// Its name, when that is known for certain.
    pub name: Option<&'a [u8]>,
    /// The name that its address claims does not have the address.
    pub forged: bool,
    /// Its address.
    pub address: IpAddr,
    /// Ours.
    pub local: Option<IpAddr>,
}

/// Whether the files let `client` in.
pub fn allowed(client: &Client<'_>) -> bool {
    decide(&read(Path::new(ALLOW)), &read(Path::new(DENY)), client)
}

fn read(path: &Path) -> Vec<u8> {
    use std::io::Read;
    let mut text = Vec::new();
    // A file that is not there, or cannot be read, has no lines.
    if let Ok(file) = std::fs::File::open(path) {
        let _ = file.take(MAX_FILE).read_to_end(&mut text);
    }
    text
}

fn decide(allow: &[u8], deny: &[u8], client: &Client<'_>) -> bool {
    match table(allow, client) {
        Some(option) => option.unwrap_or(true),
        None => table(deny, client).is_none_or(|option| option.unwrap_or(false)),
    }
}

/// The first line that fits: what its options say, if anything.
fn table(text: &[u8], client: &Client<'_>) -> Option<Option<bool>> {
    for line in lines(text) {
        let fields = fields(&line);
        let [daemons, clients, options @ ..] = fields.as_slice() else { continue };
        let daemon = |word: &[u8]| daemon_fits(word, client);
        let host = |word: &[u8]| client_fits(word, client, true);
        if list(daemons, &daemon, 0) && list(clients, &host, 0) {
            let said = options.iter().rev().find_map(|o| match o.trim_ascii().to_ascii_lowercase().as_slice() {
                b"allow" => Some(true),
                b"deny" => Some(false),
                _ => None,
            });
            return Some(said);
        }
    }
    None
}

/// Lines without comments, continued ones joined.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    let mut whole = Vec::new();
    for line in text.split(|b| *b == b'\n') {
        match line.strip_suffix(b"\\") {
            Some(part) => whole.extend_from_slice(part),
            None => {
                whole.extend_from_slice(line);
                let line = std::mem::take(&mut whole);
                if !line.starts_with(b"#") && !line.trim_ascii().is_empty() {
                    out.push(line);
                }
            }
        }
    }
    out
}

/// The parts between colons; colons in brackets and behind backslashes belong to a part.
fn fields(line: &[u8]) -> Vec<Vec<u8>> {
    let mut out = vec![Vec::new()];
    let (mut bracket, mut escaped) = (false, false);
    for &b in line {
        match b {
            b'\\' if !escaped => {
                escaped = true;
                continue;
            }
            b'[' => bracket = true,
            b']' => bracket = false,
            b':' if !bracket && !escaped => {
                out.push(Vec::new());
                escaped = false;
                continue;
            }
            _ => {}
        }
        escaped = false;
        if let Some(last) = out.last_mut() {
            last.push(b);
        }
    }
    out
}

/// `a, b EXCEPT c EXCEPT d`: `a` or `b`, unless (`c`, unless `d`).
fn list(text: &[u8], fits: &dyn Fn(&[u8]) -> bool, depth: usize) -> bool {
    let words: Vec<&[u8]> = text.split(|b| b.is_ascii_whitespace() || *b == b',').filter(|w| !w.is_empty()).collect();
    let split = words.iter().position(|w| w.eq_ignore_ascii_case(b"EXCEPT")).unwrap_or(words.len());
    let (before, after) = words.split_at(split);
    if !before.iter().any(|w| fits(w)) {
        return false;
    }
    match after.split_first() {
        Some((_, except)) if depth < MAX_EXCEPT => !list(&except.join(&b' '), fits, depth + 1),
        _ => true,
    }
}

fn daemon_fits(word: &[u8], client: &Client<'_>) -> bool {
    match word.iter().position(|b| *b == b'@') {
        Some(at) => {
            let (name, host) = (word.get(..at).unwrap_or_default(), word.get(at + 1..).unwrap_or_default());
            let ours = client.local.map(|address| Client { name: None, forged: false, address, local: None });
            name_fits(name) && ours.is_some_and(|ours| client_fits(host, &ours, true))
        }
        None => name_fits(word),
    }
}

fn name_fits(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"ALL") || word.eq_ignore_ascii_case(DAEMON)
}

/// `files`: a word may name a file of patterns (the words in it may not).
fn client_fits(word: &[u8], client: &Client<'_>, files: bool) -> bool {
    if word.starts_with(b"@") || word.contains(&b'@') {
        return false;
    }
    if word.starts_with(b"/") {
        let path = Path::new(std::str::from_utf8(word).unwrap_or_default());
        return files
            && read(path).split(u8::is_ascii_whitespace).any(|w| !w.is_empty() && client_fits(w, client, false));
    }
    let name = client.name.unwrap_or_default();
    let address = client.address.to_canonical().to_string();
    match word.to_ascii_uppercase().as_slice() {
        b"ALL" => return true,
        b"LOCAL" => return !name.is_empty() && !name.contains(&b'.'),
        b"UNKNOWN" => return name.is_empty(),
        b"KNOWN" => return !name.is_empty() && !client.forged,
        b"PARANOID" => return client.forged,
        _ => {}
    }
    if word.contains(&b'*') || word.contains(&b'?') {
        return pattern(word, name) || pattern(word, address.as_bytes());
    }
    if let Some(network) = network(word, client.address) {
        return network;
    }
    if word.starts_with(b".") {
        return name.len() > word.len()
            && name.get(name.len() - word.len()..).is_some_and(|end| end.eq_ignore_ascii_case(word));
    }
    if word.ends_with(b".") {
        return address.as_bytes().starts_with(word);
    }
    word.eq_ignore_ascii_case(name) && !name.is_empty() || word == address.as_bytes()
}

/// `net/mask`, `net/length`, `[v6]`, `[v6]/length`: whether the address is in it; `None` for other words.
fn network(word: &[u8], address: IpAddr) -> Option<bool> {
    let text = std::str::from_utf8(word).ok()?;
    let (net, mask) = text.split_once('/').map_or((text, None), |(n, m)| (n, Some(m)));
    let bracketed = net.strip_prefix('[').and_then(|n| n.strip_suffix(']'));
    if mask.is_none() && bracketed.is_none() {
        return None;
    }
    match (bracketed.unwrap_or(net).parse::<IpAddr>().ok()?, address.to_canonical()) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            let mask = match mask {
                None => u32::MAX,
                Some(m) => match m.parse::<u32>() {
                    Ok(length @ 0..=32) => u32::MAX.checked_shl(32 - length).unwrap_or(0),
                    _ => u32::from(m.parse::<std::net::Ipv4Addr>().ok()?),
                },
            };
            Some(u32::from(address) & mask == u32::from(net))
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            let length: u32 = mask.map_or(Some(128), |m| m.parse().ok())?;
            let mask = u128::MAX.checked_shl(128u32.checked_sub(length)?).unwrap_or(0);
            Some(u128::from(address) & mask == u128::from(net) & mask)
        }
        _ => Some(false),
    }
}

/// `*` stands for anything, `?` for one octet; case does not count.
fn pattern(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t, mut star) = (0, 0, None);
    while let Some(c) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(q) if q.eq_ignore_ascii_case(c) => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_none_or(|rest| rest.iter().all(|b| *b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Which of five clients (127.0.0.1 localhost, 192.0.2.1 peer.example.net, .2 forged, .3 and .4 without a name) get in.
    fn let_in(allow: &str, deny: &str) -> String {
        let clients: [(Option<&[u8]>, bool, &str); 5] = [
            (Some(b"localhost"), false, "127.0.0.1"),
            (Some(b"peer.example.net"), false, "192.0.2.1"),
            (None, true, "192.0.2.2"),
            (None, false, "192.0.2.3"),
            (None, false, "2001:db8::4"),
        ];
        let local = "127.0.0.1".parse().ok();
        let each = clients.map(|(name, forged, address)| {
            let client = Client { name, forged, address: address.parse().unwrap(), local };
            if decide(allow.as_bytes(), deny.as_bytes(), &client) { 'y' } else { 'n' }
        });
        each.iter().collect()
    }

    #[test]
    fn lines_decide() {
        assert_eq!(let_in("", ""), "yyyyy");
        assert_eq!(let_in("", "ALL: ALL\n"), "nnnnn");
        assert_eq!(let_in("sendmail: .example.net\n", "ALL: ALL\n"), "nynnn");
        assert_eq!(let_in("sendmail: 192.0.2.\n", "ALL: ALL\n"), "nyyyn");
        assert_eq!(let_in("sendmail: 192.0.2.0/255.255.255.254 127.0.0.0/8\n", "ALL: ALL\n"), "yynnn");
        assert_eq!(let_in("ALL: LOCAL, [2001:db8::]/32\n", "ALL: ALL\n"), "ynnny");
        assert_eq!(let_in("sendmail: ALL EXCEPT 192.0.2. EXCEPT 192.0.2.3\n", "ALL: ALL\n"), "ynnyy");
        assert_eq!(let_in("ALL EXCEPT sendmail: ALL\n", "ALL: ALL\n"), "nnnnn");
        assert_eq!(let_in("sendmail : 127.0.0.1 : allow\nsendmail : ALL : deny\n", ""), "ynnnn");
        assert_eq!(let_in("", "ALL: PARANOID\n"), "yynyy");
        assert_eq!(let_in("# no\nsendmail: \\\n peer.*\n", "ALL: ALL"), "nynnn");
        assert_eq!(let_in("", "sshd: ALL\nALL\n: ALL\n"), "yyyyy");
        assert_eq!(let_in("sendmail: joe@192.0.2.1 @group\n", "ALL: ALL"), "nnnnn");
    }

    #[test]
    fn patterns_end() {
        assert!(pattern(b"*a*b*", b"xxaxxbxx") && !pattern(b"*a?", b"xa") && pattern(b"192.0.2.?", b"192.0.2.7"));
        assert!(!pattern(&b"*a".repeat(50), &b"a".repeat(49)));
    }
}
