//! SASL (RFC 4422) for the server: mechanisms step by step, answered by whoever may read the passwords.
//!
//! In the daemon the implementation is a client of the `auth` process; in `-bs` as root it is direct. PLAIN, LOGIN and
//! EXTERNAL are native ([`native`]), over the password sources that Sendmail.conf names ([`conf`]); all other mechanisms and
//! sources are Cyrus SASL's, where its library is installed ([`cyrus`]).

pub mod conf;
pub mod cyrus;
pub mod native;
pub mod passwords;
pub mod saslauthd;

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
    /// The library's whole words: `SASL(-13): authentication failure: Password verification failed`.
    pub detail: String,
    /// The user named, where known.
    pub user: Option<Vec<u8>>,
    /// True when trying again later may help (454 4.7.0) rather than 535.
    pub transient: bool,
}

impl Failure {
    /// A failure that is final, of nobody in particular. `why` is what comes last in its detail.
    pub fn new(code: i32, text: &str, why: &str) -> Failure {
        let detail = format!("SASL({code}): {text}: {why}");
        Failure { code, text: text.into(), detail, user: None, transient: false }
    }
}

/// What a mechanism must not, or must, be or do: letters of `AuthOptions`, in the bits of Cyrus SASL.
pub mod security {
    /// `p`: no plain passwords, unless a layer below protects them.
    pub const NO_PLAINTEXT: u32 = 0x01;
    /// `y`: nobody stays anonymous.
    pub const NO_ANONYMOUS: u32 = 0x10;
    /// What PLAIN and LOGIN have to offer: not anonymous, credentials are passed.
    pub const OF_PLAIN: u32 = NO_ANONYMOUS | 0x20;

    /// The bits of `letters`; those which say nothing about mechanisms are passed over.
    pub fn of(letters: &str) -> u32 {
        letters.chars().fold(0, |bits, letter| {
            bits | match letter {
                'p' => NO_PLAINTEXT,
                'a' => 0x02,
                'd' => 0x04,
                'f' => 0x08,
                'y' => NO_ANONYMOUS,
                'c' => 0x20,
                'm' => 0x40,
                _ => 0,
            }
        })
    }
}

/// What an exchange is told about the connection.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Bits of the TLS layer below, 0 without TLS.
    pub tls_bits: u32,
    /// The TLS client certificate's verified identity, for EXTERNAL.
    pub external: Option<Vec<u8>>,
    /// The server's host name (`$j`).
    pub host: Vec<u8>,
    /// `AuthRealm`; empty: the host's.
    pub realm: Vec<u8>,
    /// What mechanisms must satisfy ([`security`]).
    pub security: u32,
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
