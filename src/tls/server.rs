//! The server's TLS context: certificate and key, CAs for client certificates, ciphers and options of the configuration.
//!
//! A client certificate is asked for but never required here: rule sets see `${verify}` and decide. The owner of the socket
//! makes an [`Ssl`] for each handshake with [`Server::session`], accepts with `openssl::ssl::SslStream`, and reads the facts
//! with [`Server::facts`].
//!
//! TLS 1.2 and 1.3 unless ServerSSLOptions says otherwise. A client that offers ALPN without `smtp` is turned away.

use super::TlsFacts;
use super::files::{Safety, log_unsafe, read};
use super::ssl_options;
use crate::cf::Options;
use crate::cf::options::Blame;
use crate::log::{Field, Id, Severity, emit};
use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Params};
use openssl::ssl::{
    AlpnError, NameType, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslRef, SslVerifyMode, SslVersion,
};
use openssl::x509::X509;
use openssl::x509::verify::X509VerifyFlags;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A context for server sessions.
pub struct Server {
    context: SslContext,
    fingerprint: String,
}

impl Server {
    /// The context that `options` describe; `None` when there is none: STARTTLS is not offered then, and the log says why.
    pub fn new(options: &Options) -> Option<Server> {
        let certificates = paths(options.server_cert_file.as_bytes());
        let keys = paths(options.server_key_file.as_bytes());
        if certificates.is_empty() || keys.is_empty() {
            let what = if certificates.is_empty() { "ServerCertFile" } else { "ServerKeyFile" };
            warn(14, &format!("{what} missing"));
            return None;
        }
        match build(options, &certificates, &keys) {
            Ok(context) => {
                emit(9, Severity::Info, Id::Bare, format_args!("STARTTLS=server, init=1"));
                Some(Server { context, fingerprint: options.cert_fingerprint_algorithm.to_display() })
            }
            Err(reason) => {
                warn(7, &reason);
                None
            }
        }
    }

    /// For one handshake.
    pub fn session(&self, request_certificate: bool) -> Result<Ssl, ErrorStack> {
        let mut ssl = Ssl::new(&self.context)?;
        if !request_certificate {
            ssl.set_verify(SslVerifyMode::NONE);
        }
        Ok(ssl)
    }

    /// What a finished handshake says.
    pub fn facts(&self, ssl: &SslRef) -> TlsFacts {
        let asked = ssl.verify_mode() != SslVerifyMode::NONE;
        let mut facts = TlsFacts::of(ssl, &self.fingerprint, asked);
        facts.server_name = ssl.servername(NameType::HOST_NAME).filter(|n| is_host_name(n)).map(str::to_owned);
        facts
    }
}

/// A name that may be kept and shown: letters, digits, hyphens, dots.
fn is_host_name(name: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !name.is_empty() && name.len() <= 253 && name.bytes().all(known)
}

/// `STARTTLS=server, error: accept failed ...`: a handshake that came to nothing.
pub fn log_failed(relay: &[u8], reason: &str) {
    let (relay, reason) = (Field(relay), Field(reason.as_bytes()));
    let text = format_args!(
        "STARTTLS=server, error: accept failed=-1, reason={reason}, SSL_error=1, errno=0, retry=-1, relay={relay}"
    );
    emit(5, Severity::Warning, Id::Bare, text);
}

fn warn(level: i32, text: &str) {
    emit(level, Severity::Warning, Id::Bare, format_args!("STARTTLS=server: {}", Field(text.as_bytes())));
}

/// One path, or several with commas between.
fn paths(text: &[u8]) -> Vec<PathBuf> {
    let words = text.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|w| !w.is_empty());
    words.map(|w| PathBuf::from(OsStr::from_bytes(w))).collect()
}

fn said(what: &str) -> impl Fn(ErrorStack) -> String + '_ {
    move |errors| {
        let reason = errors.errors().first().and_then(|e| e.reason()).unwrap_or("unknown error").to_owned();
        format!("{what} failed: {reason}")
    }
}

fn build(options: &Options, certificates: &[PathBuf], keys: &[PathBuf]) -> Result<SslContext, String> {
    let mut b = SslContext::builder(SslMethod::tls_server()).map_err(said("SSL_CTX_new"))?;
    b.set_min_proto_version(Some(SslVersion::TLS1)).map_err(said("SSL_CTX_set_min_proto_version"))?;
    let (set, clear) = ssl_options(SslOptions::empty(), &options.server_ssl_options.0, &mut |word| {
        warn(9, &format!("ServerSSLOptions: unknown option {word}"));
    });
    b.set_options(set);
    b.clear_options(clear);
    let group = options.dont_blame_sendmail.has(Blame::GROUP_READABLE_KEY);
    let secrecy = if group { Safety::GroupSecret } else { Safety::Secret };
    for (n, certificate) in certificates.iter().enumerate() {
        let Some(key) = keys.get(n).or(keys.first()) else { continue };
        pair(&mut b, certificate, key, secrecy)?;
    }
    authorities(&mut b, options);
    b.set_session_id_context(b"sendmail").map_err(said("SSL_CTX_set_session_id_context"))?;
    ephemeral(&mut b, options)?;
    if let Some(list) = text(options.cipher_list.as_bytes()) {
        b.set_cipher_list(list).map_err(said("SSL_CTX_set_cipher_list"))?;
    }
    if let Some(list) = text(options.cipher_suites.as_bytes()) {
        b.set_ciphersuites(list).map_err(said("SSL_CTX_set_ciphersuites"))?;
    }
    b.set_alpn_select_callback(|_, offered| {
        openssl::ssl::select_next_proto(b"\x04smtp", offered).ok_or(AlpnError::ALERT_FATAL)
    });
    Ok(b.build())
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|t| !t.is_empty())
}

/// A certificate, the chain behind it in the same file, and its key.
fn pair(b: &mut SslContextBuilder, certificate: &Path, key: &Path, secrecy: Safety) -> Result<(), String> {
    let pem = read(certificate, Safety::Public).map_err(|reason| unsafe_file(certificate, &reason))?;
    let chain = X509::stack_from_pem(&pem).map_err(said("ServerCertFile"))?;
    let mut chain = chain.into_iter();
    let own = chain.next().ok_or("ServerCertFile holds no certificate")?;
    b.set_certificate(&own).map_err(said("SSL_CTX_use_certificate"))?;
    for next in chain {
        b.add_extra_chain_cert(next).map_err(said("SSL_CTX_add_extra_chain_cert"))?;
    }
    let pem = zeroize::Zeroizing::new(read(key, secrecy).map_err(|reason| unsafe_file(key, &reason))?);
    let key = PKey::private_key_from_pem_passphrase(&pem, b"").map_err(said("ServerKeyFile"))?;
    b.set_private_key(&key).map_err(said("SSL_CTX_use_PrivateKey"))?;
    b.check_private_key().map_err(said("SSL_CTX_check_private_key"))
}

fn unsafe_file(path: &Path, reason: &str) -> String {
    format!("file {} unsafe: {reason}", path.display())
}

/// CAs and revocation lists for client certificates; what cannot be used is logged, and no client is verified by it.
fn authorities(b: &mut SslContextBuilder, options: &Options) {
    b.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    let file = options.ca_cert_file.path();
    match file {
        None => emit(10, Severity::Warning, Id::Bare, format_args!("STARTTLS: CACertFile missing")),
        Some(path) => {
            if let Err(reason) = authority_file(b, path) {
                log_unsafe("server", path, &reason);
            }
        }
    }
    if let Some(path) = options.ca_cert_path.path()
        && let Err(errors) = b.load_verify_locations(None, Some(path))
    {
        log_unsafe("server", path, &said("load_verify_locations")(errors));
    }
    match options.crl_file.path() {
        None => emit(15, Severity::Warning, Id::Bare, format_args!("STARTTLS: CRLFile missing")),
        Some(path) => {
            if let Err(errors) = revocations(b, path) {
                log_unsafe("server", path, &said("CRLFile")(errors));
            }
        }
    }
}

fn authority_file(b: &mut SslContextBuilder, path: &Path) -> Result<(), String> {
    let pem = read(path, Safety::Public)?;
    let certificates = X509::stack_from_pem(&pem).map_err(said("CACertFile"))?;
    for certificate in certificates {
        // A certificate that stands in the file twice is no fault.
        let _ = b.cert_store_mut().add_cert(certificate.clone());
        b.add_client_ca(&certificate).map_err(said("SSL_CTX_add_client_CA"))?;
    }
    Ok(())
}

fn revocations(b: &mut SslContextBuilder, path: &Path) -> Result<(), ErrorStack> {
    use openssl::ssl::SslFiletype;
    use openssl::x509::store::X509Lookup;
    let store = b.cert_store_mut();
    let lookup = store.add_lookup(X509Lookup::file())?;
    lookup.load_crl_file(path, SslFiletype::PEM)?;
    store.set_flags(X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL)
}

/// `DHParameters`: a file, `1`, `2` or `5` (bits in units of 512 or 1024, all made 2048 here), `i` for built-in ones, `none`.
fn ephemeral(b: &mut SslContextBuilder, options: &Options) -> Result<(), String> {
    let wish = options.dh_parameters.as_bytes();
    let dh: Dh<Params> = match wish {
        b"" | [b'n' | b'N', ..] => return Ok(()),
        [b'/', ..] => {
            let path = Path::new(OsStr::from_bytes(wish));
            match read(path, Safety::Public) {
                Ok(pem) => Dh::params_from_pem(&pem).map_err(said("DHParameters"))?,
                Err(reason) => {
                    log_unsafe("server", path, &reason);
                    return Ok(());
                }
            }
        }
        _ => built_in().map_err(said("DHParameters"))?,
    };
    let bits = dh.prime_p().num_bits();
    b.set_tmp_dh(&dh).map_err(said("SSL_CTX_set_tmp_dh"))?;
    let text = format_args!("STARTTLS=server, Diffie-Hellman init, key={bits} bit (I)");
    emit(13, Severity::Info, Id::Bare, text);
    Ok(())
}

/// The 2048-bit group of RFC 3526.
fn built_in() -> Result<Dh<Params>, ErrorStack> {
    Dh::from_pqg(BigNum::get_rfc3526_prime_2048()?, None, BigNum::from_u32(2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_names() {
        assert_eq!(paths(b"/a, /b"), [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert!(is_host_name("mx.example.test") && !is_host_name("a\\b") && !is_host_name(""));
        assert!(built_in().is_ok());
    }
}
