//! Mechanisms that hand something over as it is: a password, a token, or nothing but the wish to be taken for what the
//! certificate says.

use super::{Credentials, Dialogue, Message};
use zeroize::Zeroizing;

/// PLAIN.
pub(super) struct Plain {
    pub credentials: Credentials,
}

impl Dialogue for Plain {
    fn initial(&mut self) -> Option<Message> {
        let c = &self.credentials;
        Some(Zeroizing::new([c.other_author(), b"\0", &c.authen, b"\0", &c.password].concat()))
    }

    fn answer(&mut self, _: &[u8]) -> Option<Message> {
        None
    }
}

/// LOGIN.
pub(super) struct Login {
    pub credentials: Credentials,
    pub turn: u8,
}

impl Dialogue for Login {
    fn answer(&mut self, _: &[u8]) -> Option<Message> {
        self.turn += 1;
        match self.turn {
            1 => Some(Zeroizing::new(self.credentials.authen.clone())),
            2 => Some(self.credentials.password.clone()),
            _ => None,
        }
    }
}

/// EXTERNAL.
pub(super) struct External {
    pub credentials: Credentials,
}

impl Dialogue for External {
    fn initial(&mut self) -> Option<Message> {
        Some(Zeroizing::new(self.credentials.author.clone()))
    }

    fn answer(&mut self, _: &[u8]) -> Option<Message> {
        None
    }
}

/// XOAUTH2.
pub(super) struct XOAuth2 {
    pub credentials: Credentials,
}

impl Dialogue for XOAuth2 {
    fn initial(&mut self) -> Option<Message> {
        let c = &self.credentials;
        Some(Zeroizing::new([b"user=", &c.authen[..], b"\x01auth=Bearer ", &c.token, b"\x01\x01"].concat()))
    }

    /// A challenge tells of a failure; the empty answer fetches the reply.
    fn answer(&mut self, _: &[u8]) -> Option<Message> {
        Some(Message::default())
    }
}

/// OAUTHBEARER.
pub(super) struct OAuthBearer {
    pub credentials: Credentials,
    pub host: Vec<u8>,
}

impl Dialogue for OAuthBearer {
    fn initial(&mut self) -> Option<Message> {
        let c = &self.credentials;
        let user = super::scram::escaped(&c.authen);
        let parts: [&[u8]; 7] = [b"n,a=", &user, b",\x01host=", &self.host, b"\x01auth=Bearer ", &c.token, b"\x01\x01"];
        Some(Zeroizing::new(parts.concat()))
    }

    /// As for XOAUTH2, with the answer that RFC 7628 3.2.3 wants.
    fn answer(&mut self, _: &[u8]) -> Option<Message> {
        Some(Zeroizing::new(b"\x01".to_vec()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials {
            author: b"me@x.test".to_vec(),
            authen: b"me@x.test".to_vec(),
            password: Zeroizing::new(b"pw".to_vec()),
            token: Zeroizing::new(b"vF9".to_vec()),
            ..Default::default()
        }
    }

    #[test]
    fn messages() {
        let mut plain = Plain { credentials: credentials() };
        assert_eq!(**plain.initial().unwrap(), *b"\0me@x.test\0pw");
        plain.credentials.author = b"you".to_vec();
        assert_eq!(**plain.initial().unwrap(), *b"you\0me@x.test\0pw");
        let mut x = XOAuth2 { credentials: credentials() };
        assert_eq!(**x.initial().unwrap(), *b"user=me@x.test\x01auth=Bearer vF9\x01\x01");
        assert!(x.answer(b"{}").unwrap().is_empty());
        let mut bearer = OAuthBearer { credentials: credentials(), host: b"h.test".to_vec() };
        let wanted = b"n,a=me@x.test,\x01host=h.test\x01auth=Bearer vF9\x01\x01";
        assert_eq!(**bearer.initial().unwrap(), *wanted);
        assert_eq!(**bearer.answer(b"{}").unwrap(), *b"\x01");
    }
}
