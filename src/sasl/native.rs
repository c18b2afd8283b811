//! PLAIN (RFC 4616) and LOGIN over a password source, with Cyrus SASL's numbers and words for failures.

use super::passwords::{Check, Passwords};
use super::{Authenticator, Exchange, Facts, Failure, Identity, Step};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Longest user name and password taken.
const MAX: usize = 1024;

/// Offers PLAIN and LOGIN.
pub struct Native {
    passwords: Option<Arc<dyn Passwords>>,
    /// Mechanisms offered.
    mechanisms: Vec<String>,
}

impl Native {
    /// PLAIN and LOGIN over `passwords`; without a source nothing is offered.
    pub fn new(passwords: Option<Arc<dyn Passwords>>) -> Native {
        Native { passwords, mechanisms: vec!["LOGIN".into(), "PLAIN".into()] }
    }

    /// The same, narrowed to `list` (`mech_list:` of Sendmail.conf) when it is not empty.
    pub fn narrowed(mut self, list: &[String]) -> Native {
        if !list.is_empty() {
            self.mechanisms.retain(|m| list.contains(m));
        }
        self
    }
}

impl Authenticator for Native {
    fn mechanisms(&self, _: &Facts) -> Vec<String> {
        if self.passwords.is_some() { self.mechanisms.clone() } else { Vec::new() }
    }

    fn start(&self, mechanism: &str, facts: &Facts) -> Option<Box<dyn Exchange>> {
        let passwords = Arc::clone(self.passwords.as_ref()?);
        if !self.mechanisms.iter().any(|m| m == mechanism) {
            return None;
        }
        let realm = facts.realm.clone();
        match mechanism {
            "PLAIN" => Some(Box::new(Plain { passwords, realm, asked: false })),
            "LOGIN" => Some(Box::new(Login { passwords, realm, user: None, asked: false })),
            _ => None,
        }
    }
}

struct Plain {
    passwords: Arc<dyn Passwords>,
    realm: Vec<u8>,
    asked: bool,
}

impl Exchange for Plain {
    fn step(&mut self, response: Option<Zeroizing<Vec<u8>>>) -> Step {
        let Some(response) = response else {
            if self.asked {
                return malformed();
            }
            self.asked = true;
            return Step::Challenge(Vec::new());
        };
        let mut parts = response.split(|b| *b == 0);
        let (Some(author), Some(authen), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return malformed();
        };
        if authen.is_empty() || [author, authen, password].iter().any(|p| p.len() > MAX) {
            return malformed();
        }
        if !author.is_empty() && author != authen {
            return Step::Failed(Failure {
                code: -14,
                text: "authorization failure".into(),
                detail: "Requested identity not authenticated identity".into(),
                user: Some(authen.to_vec()),
                transient: false,
            });
        }
        verify(&*self.passwords, authen, password, &self.realm, "Password verification failed")
    }
}

struct Login {
    passwords: Arc<dyn Passwords>,
    realm: Vec<u8>,
    user: Option<Vec<u8>>,
    asked: bool,
}

impl Exchange for Login {
    fn step(&mut self, response: Option<Zeroizing<Vec<u8>>>) -> Step {
        let Some(response) = response else {
            if self.asked {
                return malformed();
            }
            self.asked = true;
            return Step::Challenge(b"Username:".to_vec());
        };
        if response.len() > MAX || response.contains(&0) {
            return malformed();
        }
        match self.user.take() {
            None if response.is_empty() => malformed(),
            None => {
                self.user = Some(response.to_vec());
                Step::Challenge(b"Password:".to_vec())
            }
            Some(user) => verify(&*self.passwords, &user, &response, &self.realm, "checkpass failed"),
        }
    }
}

fn malformed() -> Step {
    Step::Failed(Failure {
        code: -5,
        text: "bad protocol / cancel".into(),
        detail: "malformed response".into(),
        user: None,
        transient: false,
    })
}

fn verify(passwords: &dyn Passwords, user: &[u8], password: &[u8], realm: &[u8], detail: &str) -> Step {
    // `user@realm` names the same account.
    let account = user
        .iter()
        .rposition(|b| *b == b'@')
        .filter(|at| user.get(at + 1..).is_some_and(|r| r.eq_ignore_ascii_case(realm)))
        .and_then(|at| user.get(..at))
        .unwrap_or(user);
    let failed = |code, text: &str, transient| {
        let user = Some(user.to_vec());
        Step::Failed(Failure { code, text: text.into(), detail: detail.into(), user, transient })
    };
    match passwords.check(account, password) {
        Check::Good => Step::Done(Identity { authen: user.to_vec(), author: user.to_vec(), ssf: 0 }),
        Check::Bad => failed(-13, "authentication failure", false),
        Check::NoUser => failed(-20, "user not found", false),
        Check::Unavailable => failed(-1, "generic failure", true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct One;
    impl Passwords for One {
        fn check(&self, user: &[u8], password: &[u8]) -> Check {
            match user {
                b"bob" if password == b"pw" => Check::Good,
                b"bob" => Check::Bad,
                _ => Check::NoUser,
            }
        }
    }

    fn run(mechanism: &str, steps: &[Option<&[u8]>]) -> Step {
        let native = Native::new(Some(Arc::new(One)));
        let facts = Facts { realm: b"h.test".to_vec(), ..Facts::default() };
        let mut exchange = native.start(mechanism, &facts).unwrap();
        let mut last = None;
        for step in steps {
            last = Some(exchange.step(step.map(|s| Zeroizing::new(s.to_vec()))));
        }
        last.unwrap()
    }

    #[test]
    fn plain() {
        assert_eq!(run("PLAIN", &[None]), Step::Challenge(vec![]));
        assert!(matches!(run("PLAIN", &[Some(b"\0bob\0pw")]), Step::Done(_)));
        assert!(matches!(run("PLAIN", &[None, Some(b"bob\0bob@H.test\0pw")]), Step::Failed(Failure { code: -14, .. })));
        assert!(matches!(run("PLAIN", &[Some(b"\0bob@h.test\0pw")]), Step::Done(_)));
        assert!(matches!(run("PLAIN", &[Some(b"\0bob\0no")]), Step::Failed(Failure { code: -13, .. })));
        assert!(matches!(run("PLAIN", &[Some(b"\0eve\0no")]), Step::Failed(Failure { code: -20, .. })));
        for bad in [&b""[..], b"bob", b"\0bob", b"\0bob\0pw\0", b"\0\0pw", b"root\0bob\0pw"] {
            assert!(matches!(run("PLAIN", &[Some(bad)]), Step::Failed(_)));
        }
    }

    #[test]
    fn login() {
        assert_eq!(run("LOGIN", &[None]), Step::Challenge(b"Username:".to_vec()));
        assert_eq!(run("LOGIN", &[None, Some(b"bob")]), Step::Challenge(b"Password:".to_vec()));
        assert!(matches!(run("LOGIN", &[None, Some(b"bob"), Some(b"pw")]), Step::Done(_)));
        assert!(matches!(run("LOGIN", &[Some(b"bob"), Some(b"x")]), Step::Failed(_)));
        assert!(matches!(run("LOGIN", &[None, Some(b"")]), Step::Failed(_)));
    }
}
