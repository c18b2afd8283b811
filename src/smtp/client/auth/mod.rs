//! SASL mechanisms of the client (RFC 4954): the strongest that we and the server have in common, and its exchange.
//!
//! A mechanism's messages are octets here; base64 is this module's alone.

mod digest;
mod plain;
mod scram;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use zeroize::Zeroizing;

/// A message that may hold a secret.
type Message = Zeroizing<Vec<u8>>;

/// Who we are to a server (`authinfo` rule set, `DefaultAuthInfo`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Authorization identity (`U:`), may be empty.
    pub author: Vec<u8>,
    /// Authentication identity (`I:`).
    pub authen: Vec<u8>,
    /// Password (`P:`).
    pub password: Message,
    /// Realm (`R:`).
    pub realm: Vec<u8>,
    /// Mechanisms allowed (`M:`), in the order wanted; empty: all that are known.
    pub mechanisms: Vec<String>,
    /// The command that prints an OAuth token (`C:`), and its arguments.
    pub command: Vec<u8>,
    /// What the command printed.
    pub token: Message,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("authen", &self.authen.escape_ascii().to_string()).finish_non_exhaustive()
    }
}

impl Credentials {
    /// The authorization identity where it has to be said.
    fn other_author(&self) -> &[u8] {
        if self.author == self.authen { b"" } else { &self.author }
    }
}

/// A mechanism we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 4422: the certificate says who we are.
    External,
    /// RFC 7628.
    OAuthBearer,
    /// Google's and Microsoft's earlier form of it.
    XOAuth2,
    /// RFC 7677.
    ScramSha256,
    /// RFC 5802.
    ScramSha1,
    /// RFC 2831.
    DigestMd5,
    /// RFC 2195.
    CramMd5,
    /// RFC 4616.
    Plain,
    /// The old one of Netscape and Outlook.
    Login,
}

impl Mechanism {
    /// Strongest first.
    const ALL: [Mechanism; 9] = [
        Mechanism::External,
        Mechanism::OAuthBearer,
        Mechanism::XOAuth2,
        Mechanism::ScramSha256,
        Mechanism::ScramSha1,
        Mechanism::DigestMd5,
        Mechanism::CramMd5,
        Mechanism::Plain,
        Mechanism::Login,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::External => "EXTERNAL",
            Mechanism::OAuthBearer => "OAUTHBEARER",
            Mechanism::XOAuth2 => "XOAUTH2",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::ScramSha1 => "SCRAM-SHA-1",
            Mechanism::DigestMd5 => "DIGEST-MD5",
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
        }
    }

    /// Whether the credentials have what it needs.
    fn possible(self, credentials: &Credentials) -> bool {
        match self {
            Mechanism::External => true,
            Mechanism::OAuthBearer | Mechanism::XOAuth2 => !credentials.token.is_empty(),
            _ => !credentials.password.is_empty(),
        }
    }

    /// The strongest that `offered`, the credentials and `AuthMechanisms` have in common.
    pub fn choose(offered: &[String], credentials: &Credentials, allowed: &str) -> Option<Mechanism> {
        let has = |list: &[String], name: &str| list.iter().any(|m| m.eq_ignore_ascii_case(name));
        let allowed: Vec<String> = allowed.split_ascii_whitespace().map(str::to_string).collect();
        let wanted = if credentials.mechanisms.is_empty() { &allowed } else { &credentials.mechanisms };
        let fits = |m: &Mechanism| has(wanted, m.name()) && has(offered, m.name()) && m.possible(credentials);
        Mechanism::ALL.into_iter().find(fits)
    }
}

/// One side of a mechanism's dialogue.
trait Dialogue: Send {
    /// What goes with the AUTH command, if the mechanism begins with the client.
    fn initial(&mut self) -> Option<Message> {
        None
    }

    /// The answer to a challenge; `None`: abort.
    fn answer(&mut self, challenge: &[u8]) -> Option<Message>;

    /// Whether the server has shown all that it had to when it says yes.
    fn server_proven(&self) -> bool {
        true
    }
}

/// An exchange under way.
pub struct Exchange {
    mechanism: Mechanism,
    dialogue: Box<dyn Dialogue>,
}

impl Exchange {
    /// Begins with the server `host`; gives the AUTH command.
    pub fn start(mechanism: Mechanism, credentials: Credentials, host: &[u8]) -> (Exchange, Message) {
        let host = host.to_vec();
        let dialogue: Box<dyn Dialogue> = match mechanism {
            Mechanism::External => Box::new(plain::External { credentials }),
            Mechanism::OAuthBearer => Box::new(plain::OAuthBearer { credentials, host }),
            Mechanism::XOAuth2 => Box::new(plain::XOAuth2 { credentials }),
            Mechanism::ScramSha256 => Box::new(scram::Scram::new(MessageDigest::sha256(), credentials)),
            Mechanism::ScramSha1 => Box::new(scram::Scram::new(MessageDigest::sha1(), credentials)),
            Mechanism::DigestMd5 => Box::new(digest::DigestMd5::new(credentials, host)),
            Mechanism::CramMd5 => Box::new(digest::CramMd5 { credentials }),
            Mechanism::Plain => Box::new(plain::Plain { credentials }),
            Mechanism::Login => Box::new(plain::Login { credentials, turn: 0 }),
        };
        let mut exchange = Exchange { mechanism, dialogue };
        let mut command = Zeroizing::new(format!("AUTH {}", mechanism.name()).into_bytes());
        if let Some(message) = exchange.dialogue.initial() {
            command.push(b' ');
            let coded = Zeroizing::new(STANDARD.encode(&*message));
            // RFC 4954 4: an empty initial response.
            command.extend_from_slice(if coded.is_empty() { b"=" } else { coded.as_bytes() });
        }
        (exchange, command)
    }

    /// The mechanism.
    pub fn mechanism(&self) -> Mechanism {
        self.mechanism
    }

    /// The answer to a challenge (the text of a 334 reply); `None`: abort.
    pub fn answer(&mut self, challenge: &[u8]) -> Option<Message> {
        let challenge = STANDARD.decode(challenge.trim_ascii()).ok()?;
        let answer = self.dialogue.answer(&challenge)?;
        Some(Zeroizing::new(STANDARD.encode(&*answer).into_bytes()))
    }

    /// Whether a positive reply may be believed: with mutual authentication the server has to have shown that it knows
    /// the password too.
    pub fn server_proven(&self) -> bool {
        self.dialogue.server_proven()
    }
}

/// A nonce of printable characters.
fn nonce() -> Option<String> {
    let mut random = [0; 24];
    openssl::rand::rand_bytes(&mut random).ok()?;
    Some(STANDARD.encode(random).replace('=', ""))
}

fn hmac(hash: MessageDigest, key: &[u8], text: &[u8]) -> Option<Message> {
    let key = openssl::pkey::PKey::hmac(key).ok()?;
    let mut signer = openssl::sign::Signer::new(hash, &key).ok()?;
    signer.update(text).ok()?;
    signer.sign_to_vec().ok().map(Zeroizing::new)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn credentials() -> Credentials {
        Credentials {
            authen: b"tim".to_vec(),
            password: Zeroizing::new(b"tanstaaftanstaaf".to_vec()),
            ..Default::default()
        }
    }

    #[test]
    fn exchanges() {
        let (_, command) = Exchange::start(Mechanism::Plain, credentials(), b"h");
        assert_eq!(&**command, b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        let (mut login, command) = Exchange::start(Mechanism::Login, credentials(), b"h");
        assert_eq!(&**command, b"AUTH LOGIN");
        assert_eq!(login.answer(b"VXNlcm5hbWU6").unwrap().as_slice(), b"dGlt");
        assert_eq!(login.answer(b"UGFzc3dvcmQ6").unwrap().as_slice(), b"dGFuc3RhYWZ0YW5zdGFhZg==");
        assert!(login.answer(b"").is_none());
        let (mut external, command) = Exchange::start(Mechanism::External, credentials(), b"h");
        assert_eq!(&**command, b"AUTH EXTERNAL =");
        assert!(external.answer(b"").is_none());
        let (mut cram, _) = Exchange::start(Mechanism::CramMd5, credentials(), b"h");
        assert!(cram.answer(b"!!").is_none());
    }

    #[test]
    fn the_strongest_in_common() {
        let offered = ["LOGIN", "plain", "GSSAPI", "XOAUTH2"].map(String::from);
        let choose = |c: &Credentials, allowed| Mechanism::choose(&offered, c, allowed);
        assert_eq!(choose(&credentials(), "CRAM-MD5 LOGIN PLAIN XOAUTH2"), Some(Mechanism::Plain));
        assert_eq!(choose(&credentials(), "GSSAPI"), None);
        let login = Credentials { mechanisms: vec!["LOGIN".into()], ..credentials() };
        assert_eq!(choose(&login, ""), Some(Mechanism::Login));
        let token = Credentials { token: Zeroizing::new(b"t".to_vec()), ..credentials() };
        assert_eq!(choose(&token, "PLAIN XOAUTH2"), Some(Mechanism::XOAuth2));
    }
}
