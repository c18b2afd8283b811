//! SASL mechanisms of the client (RFC 4954): PLAIN, LOGIN, CRAM-MD5.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use zeroize::Zeroizing;

/// Who we are to a server (`authinfo` rule set, `DefaultAuthInfo`).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// Authorization identity (`U:`), may be empty.
    pub author: Vec<u8>,
    /// Authentication identity (`I:`).
    pub authen: Vec<u8>,
    /// Password (`P:`).
    pub password: Zeroizing<Vec<u8>>,
    /// Realm (`R:`).
    pub realm: Vec<u8>,
    /// Mechanisms allowed (`M:`), in the order wanted; empty: all that are known.
    pub mechanisms: Vec<String>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("authen", &self.authen.escape_ascii().to_string()).finish_non_exhaustive()
    }
}

/// A mechanism we speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 2195.
    CramMd5,
    /// RFC 4616.
    Plain,
    /// The old one of Netscape and Outlook.
    Login,
}

impl Mechanism {
    /// Strongest first.
    const ALL: [Mechanism; 3] = [Mechanism::CramMd5, Mechanism::Plain, Mechanism::Login];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Mechanism::CramMd5 => "CRAM-MD5",
            Mechanism::Plain => "PLAIN",
            Mechanism::Login => "LOGIN",
        }
    }

    /// The strongest that `offered`, the credentials and `AuthMechanisms` have in common.
    pub fn choose(offered: &[String], credentials: &Credentials, allowed: &str) -> Option<Mechanism> {
        let has = |list: &[String], name: &str| list.iter().any(|m| m.eq_ignore_ascii_case(name));
        let allowed: Vec<String> = allowed.split_ascii_whitespace().map(str::to_string).collect();
        let wanted = if credentials.mechanisms.is_empty() { &allowed } else { &credentials.mechanisms };
        Mechanism::ALL.into_iter().find(|m| has(wanted, m.name()) && has(offered, m.name()))
    }
}

/// An exchange under way.
pub struct Exchange {
    mechanism: Mechanism,
    credentials: Credentials,
    turn: u8,
}

impl Exchange {
    /// Begins; gives the AUTH command.
    pub fn start(mechanism: Mechanism, credentials: Credentials) -> (Exchange, Zeroizing<Vec<u8>>) {
        let mut command = Zeroizing::new(format!("AUTH {}", mechanism.name()).into_bytes());
        if mechanism == Mechanism::Plain {
            let c = &credentials;
            let author: &[u8] = if c.author == c.authen { b"" } else { &c.author };
            let message = Zeroizing::new([author, b"\0", &c.authen, b"\0", &c.password].concat());
            command.push(b' ');
            command.extend_from_slice(STANDARD.encode(&*message).as_bytes());
        }
        (Exchange { mechanism, credentials, turn: 0 }, command)
    }

    /// The answer to a challenge (the text of a 334 reply); `None`: abort.
    pub fn answer(&mut self, challenge: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let turn = self.turn;
        self.turn += 1;
        let response: Zeroizing<Vec<u8>> = match (self.mechanism, turn) {
            (Mechanism::Login, 0) => Zeroizing::new(self.credentials.authen.clone()),
            (Mechanism::Login, 1) => self.credentials.password.clone(),
            (Mechanism::CramMd5, 0) => {
                let challenge = STANDARD.decode(challenge.trim_ascii()).ok()?;
                let key = PKey::hmac(&self.credentials.password).ok()?;
                let mut signer = Signer::new(MessageDigest::md5(), &key).ok()?;
                signer.update(&challenge).ok()?;
                let digest: String = signer.sign_to_vec().ok()?.iter().map(|b| format!("{b:02x}")).collect();
                Zeroizing::new([&self.credentials.authen, &b" "[..], digest.as_bytes()].concat())
            }
            _ => return None,
        };
        Some(Zeroizing::new(STANDARD.encode(&*response).into_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            authen: b"tim".to_vec(),
            password: Zeroizing::new(b"tanstaaftanstaaf".to_vec()),
            ..Default::default()
        }
    }

    #[test]
    fn exchanges() {
        let (_, command) = Exchange::start(Mechanism::Plain, credentials());
        assert_eq!(&**command, b"AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        let (mut login, command) = Exchange::start(Mechanism::Login, credentials());
        assert_eq!(&**command, b"AUTH LOGIN");
        assert_eq!(login.answer(b"VXNlcm5hbWU6").unwrap().as_slice(), b"dGlt");
        assert_eq!(login.answer(b"UGFzc3dvcmQ6").unwrap().as_slice(), b"dGFuc3RhYWZ0YW5zdGFhZg==");
        assert!(login.answer(b"").is_none());
        // The example of RFC 2195.
        let (mut cram, _) = Exchange::start(Mechanism::CramMd5, credentials());
        let challenge = STANDARD.encode("<1896.697170952@postoffice.reston.mci.net>");
        let answer = cram.answer(challenge.as_bytes()).unwrap();
        assert_eq!(STANDARD.decode(&**answer).unwrap(), b"tim b913a602c7eda7a495b4e6e7334d3890");
        let (mut cram, _) = Exchange::start(Mechanism::CramMd5, credentials());
        assert!(cram.answer(b"!!").is_none());
    }

    #[test]
    fn the_strongest_in_common() {
        let offered = ["LOGIN", "plain", "GSSAPI"].map(String::from);
        let choose = |c: &Credentials, allowed| Mechanism::choose(&offered, c, allowed);
        assert_eq!(choose(&credentials(), "CRAM-MD5 LOGIN PLAIN"), Some(Mechanism::Plain));
        assert_eq!(choose(&credentials(), "GSSAPI"), None);
        let login = Credentials { mechanisms: vec!["LOGIN".into()], ..credentials() };
        assert_eq!(choose(&login, ""), Some(Mechanism::Login));
    }
}
