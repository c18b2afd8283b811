//! TLS: contexts from the configuration, and what a handshake tells rule sets and logs.
//!
//! Handshakes themselves are driven by whoever owns the socket; the engines see [`TlsFacts`] only.

pub mod client;
mod facts;
pub mod files;
mod options;
pub mod server;

use facts::distinguished;
pub use options::ssl_options;

/// What is known of a TLS session once it stands: `${tls_version}`, `${cipher}`, `${verify}`, `${cert_subject}` ...
///
/// The texts come from the peer's certificate; they are already in the form that rule sets and logs may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFacts {
    /// `TLSv1.3`
    pub version: String,
    /// `TLS_AES_256_GCM_SHA384`
    pub cipher: String,
    /// Effective key bits of the cipher.
    pub bits: u32,
    /// Key bits of the cipher's algorithm.
    pub algorithm_bits: u32,
    /// `OK`, `NO` (no certificate), `NOT` (none asked for), `FAIL`, `TEMP`, `PROTOCOL`, `SOFTWARE`.
    pub verify: String,
    /// Why verification failed, in OpenSSL's words; `ok`.
    pub verify_message: String,
    /// Distinguished name of the peer's certificate.
    pub cert_subject: Vec<u8>,
    /// Distinguished name of its issuer.
    pub cert_issuer: Vec<u8>,
    /// Common name of the subject.
    pub cn_subject: Vec<u8>,
    /// Common name of the issuer.
    pub cn_issuer: Vec<u8>,
    /// Fingerprint of the certificate (`CertFingerprintAlgorithm`, else MD5).
    pub fingerprint: String,
    /// The name that the client asked for (SNI), when it is a plain host name.
    pub server_name: Option<String>,
}

impl TlsFacts {
    /// Sets the macros that rule sets and header templates know a TLS session by.
    pub fn set_macros(&self, macros: &mut crate::cf::Macros) {
        macros.set("{tls_version}", &self.version);
        macros.set("{cipher}", &self.cipher);
        macros.set("{cipher_bits}", self.bits.to_string());
        macros.set("{alg_bits}", self.algorithm_bits.to_string());
        macros.set("{verify}", &self.verify);
        macros.set("{cert_subject}", &self.cert_subject);
        macros.set("{cert_issuer}", &self.cert_issuer);
        macros.set("{cn_subject}", &self.cn_subject);
        macros.set("{cn_issuer}", &self.cn_issuer);
        macros.set("{cert_md5}", &self.fingerprint);
        macros.set("{cert_fp}", &self.fingerprint);
        macros.set("{sni}", self.server_name.as_deref().unwrap_or_default());
    }
}
