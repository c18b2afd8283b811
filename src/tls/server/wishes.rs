//! What the rule set `tls_srv_features` asks for one session: `key=value` with semicolons between (operations guide 5.1.4.19).

use super::materials::{Pair, open, secrecy};
use crate::cf::Options;
use crate::log::tls as log;
use crate::tls::ssl_options;
use openssl::ssl::SslOptions;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Options of one session.
pub struct Wishes {
    pub(super) options: SslOptions,
    pub(super) cipher_list: Option<String>,
    pub(super) pair: Option<Pair>,
    pub(super) require_crl: bool,
}

impl Default for Wishes {
    fn default() -> Wishes {
        Wishes { options: SslOptions::empty(), cipher_list: None, pair: None, require_crl: false }
    }
}

impl std::fmt::Debug for Wishes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Wishes { options, cipher_list, require_crl, .. } = self;
        write!(f, "Wishes {{ {options:?}, {cipher_list:?}, crl: {require_crl} }}")
    }
}

impl Wishes {
    /// Reads `text`; `None` when it cannot be followed: the log says why, and there is no TLS for this session.
    pub fn parse(text: &[u8], options: &Options, relay: &[u8]) -> Option<Wishes> {
        log::features(text, relay);
        let mut wishes = Wishes::default();
        let (mut certificate, mut key) = (None, None);
        for item in text.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|i| !i.is_empty()) {
            let at = item.iter().position(|b| *b == b'=');
            let (name, value) = item.split_at(at.unwrap_or(item.len()));
            let (name, value) = (name.trim_ascii(), value.strip_prefix(b"=").unwrap_or_default().trim_ascii());
            log::feature_read(name, value, relay);
            match name.to_ascii_lowercase().as_slice() {
                b"options" => {
                    let mut known = true;
                    let words: Vec<Vec<u8>> = value.split(|b| *b == b',').map(<[u8]>::to_vec).collect();
                    wishes.options = ssl_options(SslOptions::empty(), &words, &mut |_| known = false).0;
                    if !known {
                        log::unknown_feature(b"Options", relay);
                        return None;
                    }
                }
                b"cipherlist" => wishes.cipher_list = Some(String::from_utf8_lossy(value).into_owned()),
                b"certfile" => certificate = Some(value.to_vec()),
                b"keyfile" => key = Some(value.to_vec()),
                b"flags" => wishes.require_crl = value.contains(&b'R'),
                _ => {
                    log::unknown_feature(name, relay);
                    return None;
                }
            }
        }
        match (certificate, key) {
            (None, None) => {}
            (Some(certificate), Some(key)) => {
                let path = |text: &[u8]| Path::new(OsStr::from_bytes(text)).to_owned();
                wishes.pair = Some(Pair::read(&path(&certificate), &path(&key), secrecy(options), &mut open)?);
            }
            (Some(_), None) => {
                log::unknown_feature(b"CertFile", relay);
                return None;
            }
            (None, Some(_)) => {
                log::unknown_feature(b"KeyFile", relay);
                return None;
            }
        }
        Some(wishes)
    }

    /// True when nothing differs from other sessions.
    pub fn is_empty(&self) -> bool {
        let Wishes { options, cipher_list, pair, require_crl } = self;
        options.is_empty() && cipher_list.is_none() && pair.is_none() && !require_crl
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values() {
        let options = Options::default();
        let read = |text: &[u8]| Wishes::parse(text, &options, b"x");
        assert!(read(b"").is_some_and(|w| w.is_empty()));
        let w = read(b"cipherlist=HIGH; Options=SSL_OP_NO_TLSv1_3;Flags=R").unwrap();
        assert_eq!((w.cipher_list.as_deref(), w.require_crl), (Some("HIGH"), true));
        assert!(w.options.contains(SslOptions::NO_TLSV1_3));
        assert!(read(b"Foo=bar").is_none() && read(b"CertFile=/x").is_none() && read(b"Options=FOO").is_none());
    }
}
