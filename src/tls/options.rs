//! `ServerSSLOptions` and `ClientSSLOptions`: names of OpenSSL's options with signs.

use openssl::ssl::SslOptions;

const NAMES: &[(&str, SslOptions)] = &[
    ("SSL_OP_ALL", SslOptions::ALL),
    ("SSL_OP_NO_SSLv2", SslOptions::NO_SSLV2),
    ("SSL_OP_NO_SSLv3", SslOptions::NO_SSLV3),
    ("SSL_OP_NO_TLSv1", SslOptions::NO_TLSV1),
    ("SSL_OP_NO_TLSv1_1", SslOptions::NO_TLSV1_1),
    ("SSL_OP_NO_TLSv1_2", SslOptions::NO_TLSV1_2),
    ("SSL_OP_NO_TLSv1_3", SslOptions::NO_TLSV1_3),
    ("SSL_OP_NO_TICKET", SslOptions::NO_TICKET),
    ("SSL_OP_NO_COMPRESSION", SslOptions::NO_COMPRESSION),
    ("SSL_OP_NO_RENEGOTIATION", SslOptions::NO_RENEGOTIATION),
    ("SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION", SslOptions::NO_SESSION_RESUMPTION_ON_RENEGOTIATION),
    ("SSL_OP_CIPHER_SERVER_PREFERENCE", SslOptions::CIPHER_SERVER_PREFERENCE),
    ("SSL_OP_SINGLE_DH_USE", SslOptions::SINGLE_DH_USE),
    ("SSL_OP_SINGLE_ECDH_USE", SslOptions::SINGLE_ECDH_USE),
    ("SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS", SslOptions::DONT_INSERT_EMPTY_FRAGMENTS),
    ("SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION", SslOptions::ALLOW_UNSAFE_LEGACY_RENEGOTIATION),
];

/// Options that OpenSSL knows and our library has no names for; they change nothing here.
const IGNORED: &[&str] = &["SSL_OP_TLSEXT_PADDING", "SSL_OP_LEGACY_SERVER_CONNECT", "SSL_OP_CRYPTOPRO_TLSEXT_BUG"];

/// The options to set and to clear, from the default ones `base` (besides `SSL_OP_ALL`); unknown words go to `unknown`.
pub fn ssl_options(base: SslOptions, words: &[Vec<u8>], unknown: &mut dyn FnMut(&str)) -> (SslOptions, SslOptions) {
    let (mut set, mut clear) = (SslOptions::ALL | base, SslOptions::empty());
    let split =
        |w: &Vec<u8>| String::from_utf8_lossy(w).split_ascii_whitespace().map(str::to_string).collect::<Vec<_>>();
    for word in words.iter().flat_map(split) {
        let (off, name) = match word.as_bytes().first() {
            Some(b'-') => (true, &word[1..]),
            Some(b'+') => (false, &word[1..]),
            _ => (false, word.as_str()),
        };
        match NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, option)) if off => {
                set.remove(*option);
                clear.insert(*option);
            }
            Some((_, option)) => set.insert(*option),
            None if IGNORED.iter().any(|known| known.eq_ignore_ascii_case(name)) => {}
            None => unknown(name),
        }
    }
    (set, clear)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_and_names() {
        let words = [b"+SSL_OP_NO_TLSv1 -ssl_op_no_ticket".to_vec(), b"SSL_OP_FOO".to_vec()];
        let mut unknown = Vec::new();
        let (set, clear) = ssl_options(SslOptions::NO_TICKET, &words, &mut |w| unknown.push(w.to_string()));
        assert!(set.contains(SslOptions::NO_TLSV1));
        assert!(!set.contains(SslOptions::NO_TICKET) && clear.contains(SslOptions::NO_TICKET));
        assert_eq!(unknown, ["SSL_OP_FOO"]);
    }
}
