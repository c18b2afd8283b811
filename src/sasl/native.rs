//! PLAIN (RFC 4616) and LOGIN over a password source, EXTERNAL (RFC 4422) over the client's certificate, with Cyrus SASL's
//! numbers and words for failures.

use super::passwords::{Check, Passwords};
use super::{Authenticator, Exchange, Facts, Failure, Identity, Step, security};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Longest user name and password taken.
const MAX: usize = 1024;

/// The mechanisms that are native whenever they are offered.
pub const NAMES: [&str; 3] = ["EXTERNAL", "LOGIN", "PLAIN"];

/// Offers PLAIN, LOGIN and EXTERNAL.
pub struct Native {
    passwords: Option<Arc<dyn Passwords>>,
    /// Mechanisms offered.
    mechanisms: Vec<String>,
}

impl Native {
    /// PLAIN and LOGIN over `passwords`, without a source neither; EXTERNAL where the connection has an identity.
    pub fn new(passwords: Option<Arc<dyn Passwords>>) -> Native {
        Native { passwords, mechanisms: NAMES.map(String::from).to_vec() }
    }

    /// The same, narrowed to `list` (`mech_list:` of Sendmail.conf) when it is not empty.
    pub fn narrowed(mut self, list: &[String]) -> Native {
        if !list.is_empty() {
            self.mechanisms.retain(|m| list.contains(m));
        }
        self
    }
}

/// Whether PLAIN and LOGIN do what `AuthOptions` asks of a mechanism; a layer below makes up for the open password.
fn plain_permitted(facts: &Facts) -> bool {
    let protected = if facts.tls_bits > 1 { security::NO_PLAINTEXT } else { 0 };
    facts.security & !(security::OF_PLAIN | protected) == 0
}

impl Authenticator for Native {
    fn mechanisms(&self, facts: &Facts) -> Vec<String> {
        let offered = |m: &&String| match m.as_str() {
            "EXTERNAL" => facts.external.is_some(),
            _ => self.passwords.is_some() && plain_permitted(facts),
        };
        self.mechanisms.iter().filter(offered).cloned().collect()
    }

    fn start(&self, mechanism: &str, facts: &Facts) -> Option<Box<dyn Exchange>> {
        if !self.mechanisms(facts).iter().any(|m| m == mechanism) {
            return None;
        }
        if mechanism == "EXTERNAL" {
            return Some(Box::new(External { identity: facts.external.clone()?, asked: false }));
        }
        let passwords = Arc::clone(self.passwords.as_ref()?);
        let realm = if facts.realm.is_empty() { facts.host.clone() } else { facts.realm.clone() };
        match mechanism {
            "PLAIN" => Some(Box::new(Plain { passwords, realm, asked: false })),
            _ => Some(Box::new(Login { passwords, realm, user: None, asked: false })),
        }
    }
}

struct External {
    identity: Vec<u8>,
    asked: bool,
}

impl Exchange for External {
    fn step(&mut self, response: Option<Zeroizing<Vec<u8>>>) -> Step {
        match response {
            None if !self.asked => {
                self.asked = true;
                Step::Challenge(Vec::new())
            }
            // Nobody acts for another here.
            Some(author) if author.is_empty() || *author == self.identity => {
                let who = self.identity.clone();
                Step::Done(Identity { authen: who.clone(), author: who, ssf: 0 })
            }
            Some(_) => Step::Failed(not_another(&self.identity)),
            None => malformed(),
        }
    }
}

/// The failure of `user` who wants to act for somebody else.
fn not_another(user: &[u8]) -> Failure {
    let failure = Failure::new(-14, "authorization failure", "Requested identity not authenticated identity");
    Failure { user: Some(user.to_vec()), ..failure }
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
            return Step::Failed(not_another(authen));
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
    Step::Failed(Failure::new(-5, "bad protocol / cancel", "malformed response"))
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
        // Cyrus SASL tells of a missing user in its detail as of a failed authentication, so that its number differs there.
        let detail = format!("SASL({}): {text}: {detail}", if code == -20 { -13 } else { code });
        Step::Failed(Failure { code, text: text.into(), detail, user: Some(user.to_vec()), transient })
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
        let facts = Facts { host: b"h.test".to_vec(), ..Facts::default() };
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
    fn what_is_offered() {
        let native = Native::new(Some(Arc::new(One)));
        let offered = |security, tls_bits, external: Option<&[u8]>| {
            let external = external.map(<[u8]>::to_vec);
            native.mechanisms(&Facts { security, tls_bits, external, ..Facts::default() })
        };
        assert_eq!(offered(0, 0, None), ["LOGIN", "PLAIN"]);
        assert_eq!(offered(security::of("Ayc"), 0, None), ["LOGIN", "PLAIN"]);
        assert!(offered(security::of("p"), 0, None).is_empty());
        assert_eq!(offered(security::of("p"), 256, None), ["LOGIN", "PLAIN"]);
        assert_eq!(offered(security::of("pa"), 256, Some(b"/CN=x")), ["EXTERNAL"]);
    }

    #[test]
    fn external() {
        let facts = Facts { external: Some(b"/CN=x".to_vec()), ..Facts::default() };
        let step = |response: Option<&[u8]>| {
            let mut exchange = Native::new(None).start("EXTERNAL", &facts).unwrap();
            exchange.step(response.map(|r| Zeroizing::new(r.to_vec())))
        };
        assert_eq!(step(None), Step::Challenge(vec![]));
        assert!(matches!(step(Some(b"")), Step::Done(Identity { author, .. }) if author == b"/CN=x"));
        assert!(matches!(step(Some(b"/CN=x")), Step::Done(_)));
        assert!(matches!(step(Some(b"root")), Step::Failed(Failure { code: -14, .. })));
        assert!(Native::new(None).start("EXTERNAL", &Facts::default()).is_none());
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
