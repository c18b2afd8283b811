//! CRAM-MD5 (RFC 2195) and DIGEST-MD5 (RFC 2831): answers to a challenge by MD5, old but still offered.

use super::{Credentials, Dialogue, Message, hex, hmac, nonce};
use openssl::hash::{MessageDigest, hash};
use zeroize::Zeroizing;

/// CRAM-MD5.
pub(super) struct CramMd5 {
    pub credentials: Credentials,
}

impl Dialogue for CramMd5 {
    fn answer(&mut self, challenge: &[u8]) -> Option<Message> {
        let digest = hex(&*hmac(MessageDigest::md5(), &self.credentials.password, challenge)?);
        Some(Zeroizing::new([&self.credentials.authen, &b" "[..], digest.as_bytes()].concat()))
    }
}

/// DIGEST-MD5, authentication alone (`qop=auth`).
pub(super) struct DigestMd5 {
    credentials: Credentials,
    host: Vec<u8>,
    cnonce: Option<String>,
    /// What the server has to answer, once our answer is out.
    wanted: Option<String>,
    proven: bool,
}

fn md5(parts: &[&[u8]]) -> Option<[u8; 16]> {
    let text = Zeroizing::new(parts.concat());
    hash(MessageDigest::md5(), &text).ok()?.as_ref().try_into().ok()
}

/// The directives of a challenge: `name=value` or `name="value"`, between commas.
fn directives(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(equals) = rest.iter().position(|b| *b == b'=') {
        let (name, tail) = rest.split_at(equals);
        let start = name.iter().position(|b| *b != b',' && !b.is_ascii_whitespace()).unwrap_or(name.len());
        let name = name.get(start..).unwrap_or_default().trim_ascii_end().to_ascii_lowercase();
        let tail = tail.get(1..).unwrap_or_default();
        let mut value = Vec::new();
        let mut used = 0;
        let quoted = tail.first() == Some(&b'"');
        let mut escape = false;
        for b in tail.iter().skip(usize::from(quoted)) {
            used += 1;
            match b {
                _ if escape => {
                    escape = false;
                    value.push(*b);
                }
                b'\\' if quoted => escape = true,
                b'"' if quoted => break,
                b',' if !quoted => break,
                b => value.push(*b),
            }
        }
        found.push((name, value));
        rest = tail.get(used + usize::from(quoted)..).unwrap_or_default();
    }
    found
}

fn quoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for b in text {
        if matches!(b, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*b);
    }
    out
}

impl DigestMd5 {
    /// A new exchange with the server `host`.
    pub fn new(credentials: Credentials, host: Vec<u8>) -> DigestMd5 {
        DigestMd5 { credentials, host, cnonce: nonce(), wanted: None, proven: false }
    }

    fn respond(&mut self, challenge: &[u8]) -> Option<Message> {
        let given = directives(challenge);
        let find = |name: &[u8]| given.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice());
        let nonce = find(b"nonce")?;
        let offers = find(b"qop").unwrap_or(b"auth").split(|b| *b == b',').any(|q| q.trim_ascii() == b"auth");
        if !offers || find(b"algorithm") != Some(b"md5-sess") {
            return None;
        }
        let c = &self.credentials;
        let realm = if c.realm.is_empty() { find(b"realm").unwrap_or(&self.host) } else { &c.realm };
        let (cnonce, author) = (self.cnonce.as_ref()?.as_bytes(), c.other_author());
        let uri = [b"smtp/", &self.host[..]].concat();
        let secret = Zeroizing::new(md5(&[&c.authen, b":", realm, b":", &c.password])?);
        let colon: &[u8] = if author.is_empty() { b"" } else { b":" };
        let a1 = hex(&md5(&[&*secret, b":", nonce, b":", cnonce, colon, author])?);
        let response = |method: &[u8]| {
            let a2 = hex(&md5(&[method, b":", &uri])?);
            let digest = md5(&[a1.as_bytes(), b":", nonce, b":00000001:", cnonce, b":auth:", a2.as_bytes()])?;
            Some(hex(&digest))
        };
        let mut message = Vec::new();
        if find(b"charset").is_some() {
            message.extend_from_slice(b"charset=utf-8,");
        }
        let text = |name: &str, value: &[u8]| [name.as_bytes(), b"=\"", &quoted(value), b"\","].concat();
        message.extend_from_slice(&text("username", &c.authen));
        message.extend_from_slice(&text("realm", realm));
        message.extend_from_slice(&text("nonce", nonce));
        message.extend_from_slice(&text("cnonce", cnonce));
        message.extend_from_slice(b"nc=00000001,qop=auth,");
        message.extend_from_slice(&text("digest-uri", &uri));
        if !author.is_empty() {
            message.extend_from_slice(&text("authzid", author));
        }
        message.extend_from_slice(format!("response={}", response(b"AUTHENTICATE")?).as_bytes());
        self.wanted = Some(response(b"")?);
        Some(Zeroizing::new(message))
    }
}

impl Dialogue for DigestMd5 {
    fn answer(&mut self, challenge: &[u8]) -> Option<Message> {
        let Some(wanted) = self.wanted.take() else { return self.respond(challenge) };
        let given = directives(challenge);
        self.proven = given.iter().any(|(name, value)| name == b"rspauth" && *value == wanted.as_bytes());
        self.proven.then(Message::default)
    }

    fn server_proven(&self) -> bool {
        self.proven
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_cram_md5() {
        let credentials = Credentials {
            authen: b"tim".to_vec(),
            password: Zeroizing::new(b"tanstaaftanstaaf".to_vec()),
            ..Default::default()
        };
        let answer = CramMd5 { credentials }.answer(b"<1896.697170952@postoffice.reston.mci.net>").unwrap();
        assert_eq!(**answer, *b"tim b913a602c7eda7a495b4e6e7334d3890");
    }

    #[test]
    fn directives_are_read() {
        let text =
            b"realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\", algorithm=md5-sess,charset=utf-8";
        let found = directives(text);
        assert_eq!(found.len(), 5);
        assert_eq!(found[0], (b"realm".to_vec(), b"elwood.innosoft.com".to_vec()));
        assert_eq!(found[3], (b"algorithm".to_vec(), b"md5-sess".to_vec()));
        assert_eq!(directives(b"a=\"x\\\"y\",b="), [(b"a".to_vec(), b"x\"y".to_vec()), (b"b".to_vec(), vec![])]);
        for odd in [&b""[..], b"=", b"a=\"", b"a=\"\\", b",,,=,,"] {
            directives(odd);
        }
    }

    #[test]
    fn a_challenge_that_cannot_be_answered() {
        for challenge in [&b""[..], b"nonce=\"x\"", b"nonce=\"x\",algorithm=md5-sess,qop=\"auth-conf\""] {
            let mut digest = DigestMd5::new(Credentials::default(), b"h".to_vec());
            assert!(digest.answer(challenge).is_none());
            assert!(!digest.server_proven());
        }
    }
}
