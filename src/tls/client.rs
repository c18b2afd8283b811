//! The TLS context of the client side, from the options of the configuration.

use super::files;
use super::options::ssl_options;
use crate::cf::options::Options;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{SslContext, SslMethod, SslOptions, SslVerifyMode, SslVersion};
use std::path::Path;
use zeroize::Zeroizing;

/// The context for outgoing connections. The peer's certificate is looked at (`${verify}`), but only rule sets decide
/// what a bad one means. Files that cannot be used are told to `complain`; TLS goes on without them, as mail in clear
/// would be worse.
pub fn context(options: &Options, complain: &mut dyn FnMut(String)) -> Result<SslContext, ErrorStack> {
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    builder.set_verify(SslVerifyMode::NONE);
    builder.set_min_proto_version(Some(SslVersion::TLS1))?;
    let mut told = |what: &str, path: &Path, done: Result<(), ErrorStack>| {
        if let Err(error) = done {
            complain(format!("STARTTLS=client, error: {what} {} failed: {error}", path.display()));
        }
    };
    if let Some(file) = options.ca_cert_file.path() {
        told("load verify locs", file, builder.load_verify_locations(Some(file), None));
    }
    if let Some(dir) = options.ca_cert_path.path() {
        told("load verify locs", dir, builder.load_verify_locations(None, Some(dir)));
    }
    if let (Some(cert), Some(key)) = (options.client_cert_file.path(), options.client_key_file.path()) {
        // The option may list an RSA and an ECDSA file.
        let (certs, keys) = (listed(cert), listed(key));
        for (cert, key) in certs.iter().zip(&keys) {
            told("use_certificate_file", cert, builder.set_certificate_chain_file(cert));
            match files::read(key, files::Safety::Secret) {
                Ok(pem) => {
                    let pem = Zeroizing::new(pem);
                    let done = PKey::private_key_from_pem(&pem).and_then(|k| builder.set_private_key(&k));
                    told("use_PrivateKey_file", key, done);
                }
                Err(reason) => files::log_unsafe("client", key, &reason),
            }
        }
    }
    if let Some(list) = options.cipher_list.get().and_then(|l| std::str::from_utf8(l).ok()) {
        told("cipher list", Path::new(list), builder.set_cipher_list(list));
    }
    if let Some(list) = options.cipher_suites.get().and_then(|l| std::str::from_utf8(l).ok()) {
        told("cipher suites", Path::new(list), builder.set_ciphersuites(list));
    }
    // Unknown names were told when the configuration was read.
    let (set, clear) = ssl_options(SslOptions::NO_TICKET, &options.client_ssl_options.0, &mut |_| ());
    builder.set_options(set);
    builder.clear_options(clear);
    Ok(builder.build())
}

fn listed(paths: &Path) -> Vec<&Path> {
    paths.to_str().map_or_else(|| vec![paths], |p| p.split(',').map(|p| Path::new(p.trim())).collect())
}
