//! SCRAM (RFC 5802, RFC 7677) without channel binding. Names and passwords are taken as octets: no SASLprep.

use super::{Credentials, Dialogue, Message, hmac, nonce};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::{MessageDigest, hash};
use zeroize::Zeroizing;

/// Most rounds of hashing that a server may ask for: about a second.
const MAX_ITERATIONS: usize = 2_000_000;

enum State {
    First,
    /// The client's first message without its header.
    Sent(String),
    /// The signature that the server owes.
    Proof(Message),
    Done,
}

/// An exchange of SCRAM with some hash.
pub(super) struct Scram {
    hash: MessageDigest,
    credentials: Credentials,
    nonce: Option<String>,
    state: State,
}

/// A name with `,` and `=` in their escaped forms.
pub(super) fn escaped(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for b in name {
        match b {
            b',' => out.extend_from_slice(b"=2C"),
            b'=' => out.extend_from_slice(b"=3D"),
            b => out.push(*b),
        }
    }
    out
}

impl Scram {
    /// A new exchange.
    pub fn new(hash: MessageDigest, credentials: Credentials) -> Scram {
        Scram { hash, credentials, nonce: nonce(), state: State::First }
    }

    fn header(&self) -> Option<String> {
        let author = String::from_utf8(escaped(self.credentials.other_author())).ok()?;
        Some(if author.is_empty() { "n,,".into() } else { format!("n,a={author},") })
    }

    fn proof(&mut self, bare: &str, challenge: &str) -> Option<Message> {
        let field = |name: &str| challenge.split(',').find_map(|f| f.strip_prefix(name));
        let (both, salt) = (field("r=")?, STANDARD.decode(field("s=")?).ok()?);
        let rounds = field("i=")?.parse().ok().filter(|n| (1..=MAX_ITERATIONS).contains(n))?;
        // An extension that we do not know is mandatory.
        if field("m=").is_some() || both.len() <= self.nonce.as_ref()?.len() || !both.starts_with(self.nonce.as_ref()?)
        {
            return None;
        }
        let mut salted = Zeroizing::new(vec![0; self.hash.size()]);
        openssl::pkcs5::pbkdf2_hmac(&self.credentials.password, &salt, rounds, self.hash, &mut salted).ok()?;
        let client_key = hmac(self.hash, &salted, b"Client Key")?;
        let stored_key = hash(self.hash, &client_key).ok()?;
        let last = format!("c={},r={both}", STANDARD.encode(self.header()?));
        let signed = format!("{bare},{challenge},{last}");
        let signature = hmac(self.hash, &stored_key, signed.as_bytes())?;
        let proof: Message = Zeroizing::new(client_key.iter().zip(signature.iter()).map(|(a, b)| a ^ b).collect());
        let server_key = hmac(self.hash, &salted, b"Server Key")?;
        self.state = State::Proof(hmac(self.hash, &server_key, signed.as_bytes())?);
        Some(Zeroizing::new(format!("{last},p={}", STANDARD.encode(&*proof)).into_bytes()))
    }
}

impl Dialogue for Scram {
    fn initial(&mut self) -> Option<Message> {
        let user = String::from_utf8(escaped(&self.credentials.authen)).ok()?;
        let bare = format!("n={user},r={}", self.nonce.as_ref()?);
        let message = Zeroizing::new(format!("{}{bare}", self.header()?).into_bytes());
        self.state = State::Sent(bare);
        Some(message)
    }

    fn answer(&mut self, challenge: &[u8]) -> Option<Message> {
        let challenge = std::str::from_utf8(challenge).ok()?;
        match std::mem::replace(&mut self.state, State::First) {
            State::Sent(bare) => self.proof(&bare, challenge),
            State::Proof(wanted) => {
                let given = STANDARD.decode(challenge.split(',').find_map(|f| f.strip_prefix("v="))?).ok()?;
                let same = given.len() == wanted.len() && openssl::memcmp::eq(&given, &wanted);
                self.state = if same { State::Done } else { State::First };
                same.then(Message::default)
            }
            State::First | State::Done => None,
        }
    }

    fn server_proven(&self) -> bool {
        matches!(self.state, State::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scram(hash: MessageDigest, nonce: &str) -> Scram {
        let credentials = Credentials {
            authen: b"user".to_vec(),
            password: Zeroizing::new(b"pencil".to_vec()),
            ..Default::default()
        };
        Scram { nonce: Some(nonce.into()), ..Scram::new(hash, credentials) }
    }

    #[test]
    fn the_examples_of_the_standards() {
        let mut one = scram(MessageDigest::sha1(), "fyko+d2lbbFgONRv9qkxdawL");
        assert_eq!(**one.initial().unwrap(), *b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
        let first = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096";
        let last = b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=";
        assert_eq!(**one.answer(first).unwrap(), *last);
        assert!(!one.server_proven());
        assert!(one.answer(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").unwrap().is_empty());
        assert!(one.server_proven());

        let mut other = scram(MessageDigest::sha256(), "rOprNGfwEbeRWgbNEkqO");
        other.initial().unwrap();
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let first = format!("r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096");
        let last = format!("c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert_eq!(**other.answer(first.as_bytes()).unwrap(), *last.as_bytes());
        assert!(other.answer(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").is_some());
        assert!(other.server_proven());
    }

    #[test]
    fn a_server_that_lies() {
        for first in [
            "r=other,s=QSXCR+Q6sek8bf92,i=4096",
            "r=abc,s=QSXCR+Q6sek8bf92,i=4096",
            "r=abcd,s=QSXCR+Q6sek8bf92,i=4000000000",
            "r=abcd,s=QSXCR+Q6sek8bf92,i=0",
            "r=abcd,s=?,i=1",
            "m=x,r=abcd,s=QSXCR+Q6sek8bf92,i=1",
            "",
        ] {
            let mut s = scram(MessageDigest::sha1(), "abc");
            s.initial().unwrap();
            assert!(s.answer(first.as_bytes()).is_none(), "{first}");
        }
        let mut s = scram(MessageDigest::sha1(), "abc");
        s.initial().unwrap();
        s.answer(b"r=abcd,s=QSXCR+Q6sek8bf92,i=1").unwrap();
        assert!(s.answer(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=").is_none());
        assert!(!s.server_proven());
    }
}
