//! A context from the options of the configuration, for some of the certificates.

use super::materials::Materials;
use super::{Wishes, find, verify};
use crate::cf::Options;
use crate::log::tls as log;
use crate::tls::ssl_options;
use openssl::error::ErrorStack;
use openssl::ssl::{
    AlpnError, NameType, SslContext, SslContextBuilder, SslFiletype, SslMethod, SslOptions, SslVerifyMode, SslVersion,
};
use openssl::x509::store::X509Lookup;
use openssl::x509::verify::X509VerifyFlags;
use std::collections::HashMap;

/// Builds a context with the certificates `pairs`; `named` are the contexts of host names, `tell`: faults of the options are
/// worth a word. `None` when it cannot be; the log says why.
pub(super) fn build(
    options: &Options,
    materials: &Materials,
    pairs: &[usize],
    wishes: &Wishes,
    named: Option<HashMap<String, SslContext>>,
    tell: bool,
) -> Option<SslContext> {
    match try_build(options, materials, pairs, wishes, named, tell) {
        Ok(context) => Some(context),
        Err(e) => {
            log::error("server", "SSL_CTX_new failed", &e);
            None
        }
    }
}

fn try_build(
    options: &Options,
    materials: &Materials,
    pairs: &[usize],
    wishes: &Wishes,
    named: Option<HashMap<String, SslContext>>,
    tell: bool,
) -> Result<SslContext, ErrorStack> {
    let mut b = SslContext::builder(SslMethod::tls_server())?;
    b.set_min_proto_version(Some(SslVersion::TLS1))?;
    // Unknown names were told when the configuration was read.
    let (mut set, clear) = ssl_options(SslOptions::empty(), &options.server_ssl_options.0, &mut |_| ());
    set |= wishes.options;
    b.set_options(set);
    b.clear_options(clear);
    if let Some(pair) = &wishes.pair {
        certificate(&mut b, pair)?;
    } else {
        for pair in pairs.iter().filter_map(|n| materials.pairs.get(*n)) {
            certificate(&mut b, pair)?;
        }
    }
    authorities(&mut b, options, materials, wishes, tell)?;
    b.set_session_id_context(b"sendmail")?;
    if let Some(dh) = &materials.dh {
        b.set_tmp_dh(dh)?;
    }
    ciphers(&mut b, options, wishes, tell);
    b.set_alpn_select_callback(|_, offered| {
        openssl::ssl::select_next_proto(b"\x04smtp", offered).ok_or(AlpnError::ALERT_FATAL)
    });
    if let Some(named) = named.filter(|n| !n.is_empty()) {
        b.set_servername_callback(move |ssl, _| {
            let context = ssl.servername(NameType::HOST_NAME).and_then(|name| find(&named, name));
            if let Some(context) = context {
                // A failure leaves the first choice in place.
                let _ = ssl.set_ssl_context(context);
            }
            Ok(())
        });
    }
    Ok(b.build())
}

fn certificate(b: &mut SslContextBuilder, pair: &super::materials::Pair) -> Result<(), ErrorStack> {
    b.set_certificate(&pair.certificate)?;
    b.set_private_key(&pair.key)?;
    for next in &pair.chain {
        b.add_extra_chain_cert(next.clone())?;
    }
    Ok(())
}

/// CAs and revocation lists for client certificates. A missing list is no fault, unless a session asks for lists.
fn authorities(
    b: &mut SslContextBuilder,
    options: &Options,
    materials: &Materials,
    wishes: &Wishes,
    tell: bool,
) -> Result<(), ErrorStack> {
    let lists_required = wishes.require_crl;
    b.set_verify_callback(SslVerifyMode::PEER, move |good, context| verify::judge(good, context, lists_required));
    for certificate in &materials.authorities {
        // A certificate that stands in the file twice is no fault.
        let _ = b.cert_store_mut().add_cert(certificate.clone());
        b.add_client_ca(certificate)?;
    }
    if let Some(path) = options.ca_cert_path.path()
        && let Err(e) = b.load_verify_locations(None, Some(path))
        && tell
    {
        log::error("server", &format!("load verify locs {} failed: 0", path.display()), &e);
    }
    let mut lists = lists_required;
    if let Some(path) = options.crl_file.path() {
        let lookup = b.cert_store_mut().add_lookup(X509Lookup::file())?;
        match lookup.load_crl_file(path, SslFiletype::PEM) {
            Ok(_) => lists = true,
            Err(e) if tell => {
                log::error("server", &format!("PEM_read_bio_X509_CRL({})=failed", path.display()), &e);
            }
            Err(_) => {}
        }
    }
    if let Some(path) = options.crl_path.path().and_then(|p| p.to_str()) {
        b.cert_store_mut().add_lookup(X509Lookup::hash_dir())?.add_dir(path, SslFiletype::PEM)?;
        lists = true;
    }
    if lists {
        b.cert_store_mut().set_flags(X509VerifyFlags::CRL_CHECK | X509VerifyFlags::CRL_CHECK_ALL)?;
    }
    Ok(())
}

/// CipherList and CipherSuites; a list that means nothing is ignored.
fn ciphers(b: &mut SslContextBuilder, options: &Options, wishes: &Wishes, tell: bool) {
    let list = wishes.cipher_list.as_deref().or_else(|| text(options.cipher_list.as_bytes()));
    if let Some(list) = list
        && let Err(e) = b.set_cipher_list(list)
        && tell
    {
        log::error("server", &format!("SSL_CTX_set_cipher_list({list}) failed, list ignored"), &e);
    }
    if let Some(list) = text(options.cipher_suites.as_bytes())
        && let Err(e) = b.set_ciphersuites(list)
        && tell
    {
        log::error("server", &format!("SSL_CTX_set_ciphersuites({list}) failed, list ignored"), &e);
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|t| !t.is_empty())
}
