//! Mechanisms and password sources of Cyrus SASL: everything but PLAIN, LOGIN and EXTERNAL, which are native.

use super::passwords::{Check, Passwords};
use super::{Authenticator, Exchange, Facts, Failure, Identity, Step};
use crate::sys::sasl::{Connection, Library, Outcome, Setting};
use std::sync::Arc;
use zeroize::Zeroizing;

/// `SASL_NOUSER`, `SASL_NOVERIFY`: there is no such user, or none with a secret.
const NO_USER: [i32; 2] = [-20, -26];
/// `SASL_BADAUTH`, `SASL_NOAUTHZ`, `SASL_EXPIRED`, `SASL_DISABLED`.
const REFUSED: [i32; 4] = [-13, -14, -18, -19];
/// `SASL_NOMEM`, `SASL_TRYAGAIN`, `SASL_UNAVAIL`.
const TRANSIENT: [i32; 3] = [-2, -8, -24];

/// Offers the library's mechanisms.
pub struct Cyrus {
    library: Arc<Library>,
    /// Mechanisms that somebody else offers.
    except: &'static [&'static str],
}

impl Cyrus {
    /// The mechanisms of `library` but those of `except`.
    pub fn new(library: Arc<Library>, except: &'static [&'static str]) -> Cyrus {
        Cyrus { library, except }
    }

    fn connection(&self, facts: &Facts) -> Option<Connection> {
        let setting = Setting {
            host: &facts.host,
            realm: &facts.realm,
            local: &facts.local,
            remote: &facts.remote,
            external_ssf: facts.tls_bits,
            security: facts.security,
        };
        Connection::new(&self.library, &setting)
            .inspect_err(|e| crate::log::process_notice(&format!("SASL: no new connection: {e}")))
            .ok()
    }
}

impl Authenticator for Cyrus {
    fn mechanisms(&self, facts: &Facts) -> Vec<String> {
        let Some(mut connection) = self.connection(facts) else { return Vec::new() };
        let mut names = connection.mechanisms();
        names.retain(|name| !self.except.contains(&name.as_str()));
        names
    }

    fn start(&self, mechanism: &str, facts: &Facts) -> Option<Box<dyn Exchange>> {
        if self.except.contains(&mechanism) {
            return None;
        }
        let connection = self.connection(facts)?;
        let library = self.library.clone();
        Some(Box::new(CyrusExchange { connection, library, mechanism: Some(mechanism.to_owned()) }))
    }
}

struct CyrusExchange {
    connection: Connection,
    library: Arc<Library>,
    /// Set until the first step is taken.
    mechanism: Option<String>,
}

impl Exchange for CyrusExchange {
    fn step(&mut self, response: Option<Zeroizing<Vec<u8>>>) -> Step {
        let response = response.as_deref().map(Vec::as_slice);
        let outcome = match self.mechanism.take() {
            Some(mechanism) => self.connection.start(&mechanism, response),
            None => self.connection.step(response.unwrap_or_default()),
        };
        match outcome {
            Outcome::Continue(challenge) => Step::Challenge(challenge),
            Outcome::Done => match self.connection.identity() {
                Some((user, _)) => {
                    Step::Done(Identity { authen: user.clone(), author: user, ssf: self.connection.ssf() })
                }
                None => Step::Failed(Failure::new(-1, "generic failure", "no identity")),
            },
            Outcome::Failed(code) => Step::Failed(Failure {
                code,
                text: self.library.error(code),
                detail: self.connection.detail(),
                user: self.connection.identity().map(|(user, _)| user),
                transient: TRANSIENT.contains(&code),
            }),
        }
    }
}

/// The library's own `pwcheck_method`s (auxprop and what plug-ins add) for plain passwords.
pub struct CyrusPasswords {
    library: Arc<Library>,
    host: Vec<u8>,
}

impl CyrusPasswords {
    /// The sources of `library` for accounts of `host`.
    pub fn new(library: Arc<Library>, host: Vec<u8>) -> CyrusPasswords {
        CyrusPasswords { library, host }
    }
}

impl Passwords for CyrusPasswords {
    fn check(&self, user: &[u8], password: &[u8]) -> Check {
        let setting = Setting { host: &self.host, ..Setting::default() };
        let Ok(mut connection) = Connection::new(&self.library, &setting) else { return Check::Unavailable };
        match connection.check_password(user, password) {
            Ok(()) => Check::Good,
            Err(code) if NO_USER.contains(&code) => Check::NoUser,
            Err(code) if REFUSED.contains(&code) => Check::Bad,
            Err(_) => Check::Unavailable,
        }
    }
}
