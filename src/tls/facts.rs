//! What a finished handshake tells about the peer.

use super::TlsFacts;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::ssl::SslRef;
use openssl::x509::{X509NameRef, X509VerifyResult};

/// Longest certificate text that rule sets get.
const LONGEST: usize = 256;

impl TlsFacts {
    /// Facts of the session `ssl`; `digest`: `CertFingerprintAlgorithm`, empty for MD5; `asked`: the peer was asked for a certificate
    /// (always so when the peer is the server).
    pub fn of(ssl: &SslRef, digest: &str, asked: bool) -> TlsFacts {
        let mut facts = TlsFacts { version: ssl.version_str().to_string(), ..TlsFacts::default() };
        if let Some(cipher) = ssl.current_cipher() {
            let bits = cipher.bits();
            facts.cipher = cipher.name().to_string();
            facts.bits = u32::try_from(bits.secret).unwrap_or(0);
            facts.algorithm_bits = u32::try_from(bits.algorithm).unwrap_or(0);
        }
        let result = ssl.verify_result();
        let certificate = ssl.peer_certificate();
        facts.verify = match (&certificate, asked) {
            (None, true) => "NO",
            (None, false) => "NOT",
            (Some(_), _) if result == X509VerifyResult::OK => "OK",
            (Some(_), _) => "FAIL",
        }
        .to_string();
        facts.verify_message = result.error_string().to_string();
        if let Some(certificate) = certificate {
            facts.cert_subject = distinguished(certificate.subject_name());
            facts.cert_issuer = distinguished(certificate.issuer_name());
            facts.cn_subject = common_name(certificate.subject_name());
            facts.cn_issuer = common_name(certificate.issuer_name());
            let digest = MessageDigest::from_name(if digest.is_empty() { "md5" } else { digest });
            if let Some(sum) = digest.and_then(|d| certificate.digest(d).ok()) {
                let pairs: Vec<String> = sum.iter().map(|b| format!("{b:02X}")).collect();
                facts.fingerprint = pairs.join(":");
            }
        }
        facts
    }
}

/// `/C=XX/O=Name`, with everything that rule sets could stumble over as `+XX`.
pub(super) fn distinguished(name: &X509NameRef) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in name.entries() {
        let key = entry.object().nid().short_name().unwrap_or("UNDEF");
        out.push(b'/');
        out.extend_from_slice(key.as_bytes());
        out.push(b'=');
        match checked(entry.data().as_slice()) {
            Ok(value) => encode(value, &mut out),
            Err(why) => return why.to_vec(),
        }
    }
    if out.len() > LONGEST { b"BadCertificateTooLong".to_vec() } else { out }
}

fn common_name(name: &X509NameRef) -> Vec<u8> {
    let Some(entry) = name.entries_by_nid(Nid::COMMONNAME).next() else {
        return b"BadCertificateUnknown".to_vec();
    };
    let mut out = Vec::new();
    match checked(entry.data().as_slice()) {
        Ok(value) => encode(value, &mut out),
        Err(why) => return why.to_vec(),
    }
    out
}

fn checked(value: &[u8]) -> Result<&[u8], &'static [u8]> {
    match value {
        _ if value.contains(&0) => Err(b"BadCertificateContainsNUL"),
        _ if value.len() > LONGEST => Err(b"BadCertificateTooLong"),
        _ => Ok(value),
    }
}

fn encode(value: &[u8], out: &mut Vec<u8>) {
    for &b in value {
        match b {
            b'!'..=b'~' if !b"<>()\"+".contains(&b) => out.push(b),
            _ => out.extend_from_slice(format!("+{b:02X}").as_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_harmless() {
        let mut out = Vec::new();
        encode(b"A <b>+\r\n\xe9", &mut out);
        assert_eq!(out, b"A+20+3Cb+3E+2B+0D+0A+E9");
        assert!(checked(b"good\0.evil").is_err());
    }
}
