//! The server's TLS: certificates and keys, CAs for client certificates, ciphers and options of the configuration.
//!
//! A client certificate is asked for but never required here: rule sets see `${verify}` and decide. The owner of the socket
//! makes an [`Ssl`] for each handshake with [`Server::session`], accepts with `openssl::ssl::SslStream`, and reads the facts
//! with [`Server::facts`].
//!
//! ServerCertFile and ServerKeyFile are lists. The first pair and those of other key types for the same names are what a client
//! gets that names no host; one that names a host (SNI) for which another certificate of the list stands gets that.
//!
//! TLS 1.2 and 1.3 unless ServerSSLOptions says otherwise. A client that offers ALPN without `smtp` is turned away.

mod context;
mod materials;
mod verify;
mod wishes;

pub use materials::{Opener, open, secret_files};
pub use wishes::Wishes;

use super::TlsFacts;
use crate::cf::Options;
use crate::log::tls as log;
use materials::Materials;
use openssl::error::ErrorStack;
use openssl::ssl::{NameType, Ssl, SslContext, SslRef, SslVerifyMode};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A certificate that ends sooner than this is worth a word in the log.
const NEAR_END: Duration = Duration::from_secs(14 * 86_400);

/// Contexts for server sessions.
pub struct Server {
    context: SslContext,
    materials: Arc<Materials>,
    options: Options,
}

impl Server {
    /// The contexts that `options` describe; `None` when there are none: STARTTLS is not offered then, and the log says why.
    /// `open` opens the certificate and key files.
    pub fn new(options: &Options, open: Opener<'_>) -> Option<Server> {
        let materials = Arc::new(Materials::read(options, open)?);
        let mut named: HashMap<String, SslContext> = HashMap::new();
        for (name, pairs) in materials.by_name() {
            named.insert(name, context::build(options, &materials, &pairs, &Wishes::default(), None, false)?);
        }
        let first = materials.first_choice();
        let context = context::build(options, &materials, &first, &Wishes::default(), Some(named), true)?;
        log::initialized("server");
        let server = Server { context, materials, options: options.clone() };
        server.near_end();
        Some(server)
    }

    /// Says in the log which certificates end soon.
    pub fn near_end(&self) {
        for pair in &self.materials.pairs {
            if let Some(left) = pair.days_left().filter(|days| *days < (NEAR_END.as_secs() / 86_400) as i64) {
                log::near_end(&pair.file, left);
            }
        }
    }

    /// For one handshake; `wishes` are those of `tls_srv_features`.
    pub fn session(&self, request_certificate: bool, wishes: &Wishes) -> Result<Ssl, ErrorStack> {
        let mut ssl = if wishes.is_empty() {
            Ssl::new(&self.context)?
        } else {
            let pairs = self.materials.first_choice();
            let own = context::build(&self.options, &self.materials, &pairs, wishes, None, false);
            let own: SslContext = own.ok_or_else(ErrorStack::get)?;
            Ssl::new(&own)?
        };
        verify::prepare(&mut ssl)?;
        if !request_certificate {
            ssl.set_verify(SslVerifyMode::NONE);
        }
        Ok(ssl)
    }

    /// What a finished handshake says.
    pub fn facts(&self, ssl: &SslRef) -> TlsFacts {
        let asked = ssl.verify_mode() != SslVerifyMode::NONE;
        let fingerprint = self.options.cert_fingerprint_algorithm.to_display();
        let mut facts = TlsFacts::of(ssl, &fingerprint, asked);
        facts.server_name = ssl.servername(NameType::HOST_NAME).filter(|n| is_host_name(n)).map(str::to_owned);
        facts
    }
}

/// A name that may be kept and shown: letters, digits, hyphens, dots.
fn is_host_name(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(known)
}

/// The context for a host name: that of the name itself, or of `*.` and its domain.
fn find<'c>(contexts: &'c HashMap<String, SslContext>, name: &str) -> Option<&'c SslContext> {
    if !is_host_name(name) {
        return None;
    }
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    let wildcard = || name.split_once('.').and_then(|(_, domain)| contexts.get(&format!("*.{domain}")));
    contexts.get(&name).or_else(wildcard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert!(is_host_name("mx.example.test") && !is_host_name("a\\b") && !is_host_name(""));
        let context = SslContext::builder(openssl::ssl::SslMethod::tls_server()).unwrap().build();
        let map = HashMap::from([("a.test".to_owned(), context.clone()), ("*.b.test".to_owned(), context)]);
        assert!(find(&map, "A.test").is_some() && find(&map, "x.b.test").is_some());
        assert!(find(&map, "b.test").is_none() && find(&map, "x.y.b.test").is_none() && find(&map, "..").is_none());
    }
}
