//! SASL (RFC 4422) for the server: mechanisms step by step, answered by whoever may read the passwords.
//!
//! In the daemon the implementation is a client of the `auth` process; in `-bs` as root it is direct. PLAIN and LOGIN are
//! native; a later Cyrus SASL implementation fits the same trait.

pub mod conf;
pub mod native;
pub mod passwords;

use zeroize::Zeroizing;

/// An authentication exchange under way; dropping it aborts it.
pub trait Exchange: Send {
    /// Takes the client's (decoded) response, or initial response, and gives the next step. May block.
    fn step(&mut self, response: Option<Zeroizing<Vec<u8>>>) -> Step;
}

/// What follows a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this (not yet encoded) challenge and wait.
    Challenge(Vec<u8>),
    /// The client is who it says.
    Done(Identity),
    /// It is not, or its response was malformed.
    Failed(Failure),
}

/// A proven identity (`${auth_authen}`, `${auth_author}`, `${auth_ssf}`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Authentication identity.
    pub authen: Vec<u8>,
    /// Authorization identity where it differs or was given.
    pub author: Vec<u8>,
    /// Strength of the mechanism's security layer in bits.
    pub ssf: u32,
}

/// Why an exchange failed, in Cyrus SASL's numbers and words, since log readers know those.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// -13 authentication failure, -20 user not found, -1 generic failure, -8 transient ...
    pub code: i32,
    /// Text of the code: `authentication failure`.
    pub text: String,
    /// Detail: `Password verification failed`.
    pub detail: String,
    /// The user named, where known.
    pub user: Option<Vec<u8>>,
    /// True when trying again later may help (454 4.7.0) rather than 535.
    pub transient: bool,
}

/// What an exchange is told about the connection.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Bits of the TLS layer below, 0 without TLS.
    pub tls_bits: u32,
    /// The TLS client certificate's verified identity, for EXTERNAL.
    pub external: Option<Vec<u8>>,
    /// The realm (`AuthRealm`, else `$j`).
    pub realm: Vec<u8>,
    /// `address;port` of both ends.
    pub local: String,
    /// See `local`.
    pub remote: String,
}

/// Starts exchanges.
pub trait Authenticator: Send + Sync {
    /// Mechanisms that could be offered, best first, before `AuthMechanisms` and `AuthOptions` narrow them.
    fn mechanisms(&self, facts: &Facts) -> Vec<String>;
    /// Begins `mechanism`; `None` when there is no such.
    fn start(&self, mechanism: &str, facts: &Facts) -> Option<Box<dyn Exchange>>;
}
