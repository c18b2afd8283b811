//! Certificates, keys and parameters as read from files.

use crate::cf::Options;
use crate::cf::options::Blame;
use crate::log::tls as log;
use crate::tls::files::{self, Safety};
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::dh::Dh;
use openssl::error::ErrorStack;
use openssl::pkey::{Id, PKey, Params, Private};
use openssl::x509::X509;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Most certificates of a list.
const MAX_PAIRS: usize = 16;

/// Opens a file of a certificate or key.
pub type Opener<'a> = &'a mut dyn FnMut(&Path) -> io::Result<File>;

/// [`Opener`] for a process that may open the files itself.
pub fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The files whose contents only root may see, or that stand beside such: certificates, then keys.
pub fn secret_files(options: &Options) -> Vec<PathBuf> {
    let mut all = paths(options.server_cert_file.as_bytes());
    all.extend(paths(options.server_key_file.as_bytes()));
    all
}

/// A certificate, the chain behind it, and its key.
pub(super) struct Pair {
    pub file: PathBuf,
    pub certificate: X509,
    pub chain: Vec<X509>,
    pub key: PKey<Private>,
    /// The host names it stands for, in small letters.
    names: Vec<String>,
}

impl Pair {
    /// Reads a pair; what is wrong with it is in the log already.
    pub(super) fn read(certificate: &Path, key: &Path, secrecy: Safety, open: Opener<'_>) -> Option<Pair> {
        let chain = contents(certificate, Safety::Public, open).map(|pem| {
            X509::stack_from_pem(&pem).and_then(|all| if all.is_empty() { Err(ErrorStack::get()) } else { Ok(all) })
        })?;
        let chain = chain.map_err(|e| {
            let shown = certificate.display();
            log::error("server", &format!("SSL_CTX_use_certificate_file({shown}) failed"), &e);
        });
        let mut chain = chain.ok()?;
        let pem = zeroize::Zeroizing::new(contents(key, secrecy, open)?);
        let private = PKey::private_key_from_pem_passphrase(&pem, b"").map_err(|e| {
            log::error("server", &format!("SSL_CTX_use_PrivateKey_file({}) failed", key.display()), &e);
        });
        let private = private.ok()?;
        let own = chain.remove(0);
        if !own.public_key().is_ok_and(|public| public.public_eq(&private)) {
            let text = format!("SSL_CTX_check_private_key failed({}): 0", key.display());
            log::error("server", &text, &ErrorStack::get());
            return None;
        }
        let names = names(&own);
        Some(Pair { file: certificate.to_owned(), certificate: own, chain, key: private, names })
    }

    fn kind(&self) -> Id {
        self.key.id()
    }

    /// Days until the certificate ends; negative when it has ended.
    pub(super) fn days_left(&self) -> Option<i64> {
        let now = Asn1Time::days_from_now(0).ok()?;
        let left = now.diff(self.certificate.not_after()).ok()?;
        Some(if left.days < 0 || left.secs < 0 { -1 } else { i64::from(left.days) })
    }
}

/// Reads a file that must be safe; a complaint is in the log already.
fn contents(path: &Path, safety: Safety, open: Opener<'_>) -> Option<Vec<u8>> {
    let read = open(path).map_err(files::reason).and_then(|file| files::read_open(file, safety));
    read.map_err(|reason| files::log_unsafe("server", path, &reason)).ok()
}

/// DNS names of a certificate; its common name where it has none.
fn names(certificate: &X509) -> Vec<String> {
    let alternative = certificate.subject_alt_names();
    let mut names: Vec<String> =
        alternative.iter().flatten().filter_map(|n| n.dnsname()).map(str::to_ascii_lowercase).collect();
    if names.is_empty() {
        let subject = certificate.subject_name();
        let common = subject.entries_by_nid(openssl::nid::Nid::COMMONNAME);
        names.extend(common.filter_map(|e| e.data().to_string().ok()).map(|n| n.to_ascii_lowercase()));
    }
    names
}

/// All that contexts are built from.
pub(super) struct Materials {
    pub pairs: Vec<Pair>,
    pub authorities: Vec<X509>,
    pub dh: Option<Dh<Params>>,
}

impl Materials {
    /// Reads what `options` name; `None` when TLS cannot be had, which the log explains.
    pub(super) fn read(options: &Options, open: Opener<'_>) -> Option<Materials> {
        let certificates = paths(options.server_cert_file.as_bytes());
        let keys = paths(options.server_key_file.as_bytes());
        if certificates.is_empty() || keys.is_empty() {
            log::missing(if certificates.is_empty() { "ServerCertFile" } else { "ServerKeyFile" });
            return None;
        }
        if options.crl_file.path().is_none() {
            log::missing_crl();
        }
        let mut pairs = Vec::new();
        // A certificate without a key of its own is passed over, as the original does with the second of a list.
        for (certificate, key) in certificates.iter().zip(&keys).take(MAX_PAIRS) {
            pairs.push(Pair::read(certificate, key, secrecy(options), open)?);
        }
        Some(Materials { pairs, authorities: authorities(options)?, dh: ephemeral(options)? })
    }

    /// The pairs for clients that name no host: the first, and those of other key types for one of its names.
    pub(super) fn first_choice(&self) -> Vec<usize> {
        let Some(first) = self.pairs.first() else { return Vec::new() };
        self.choose(|pair| pair.names.iter().any(|n| first.names.contains(n)) || pair.names == first.names)
    }

    /// For each host name the pairs that stand for it, one of each key type; names of the first choice are left out.
    pub(super) fn by_name(&self) -> BTreeMap<String, Vec<usize>> {
        let first = self.first_choice();
        let mut all = BTreeMap::new();
        for name in self.pairs.iter().flat_map(|p| &p.names) {
            let chosen = self.choose(|pair| pair.names.contains(name));
            if chosen != first {
                all.insert(name.clone(), chosen);
            }
        }
        all
    }

    fn choose(&self, fits: impl Fn(&Pair) -> bool) -> Vec<usize> {
        let mut chosen: Vec<usize> = Vec::new();
        for (n, pair) in self.pairs.iter().enumerate() {
            let taken = chosen.iter().any(|c| self.pairs.get(*c).is_some_and(|p| p.kind() == pair.kind()));
            if fits(pair) && !taken {
                chosen.push(n);
            }
        }
        chosen
    }
}

/// Who else may read a key file.
pub(super) fn secrecy(options: &Options) -> Safety {
    let group = options.dont_blame_sendmail.has(Blame::GROUP_READABLE_KEY);
    if group { Safety::GroupSecret } else { Safety::Secret }
}

/// One path, or several with commas between.
fn paths(text: &[u8]) -> Vec<PathBuf> {
    let words = text.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|w| !w.is_empty());
    words.map(|w| PathBuf::from(OsStr::from_bytes(w))).collect()
}

/// The CAs of CACertFile; a file that cannot be used is the end of TLS.
fn authorities(options: &Options) -> Option<Vec<X509>> {
    let Some(path) = options.ca_cert_file.path() else {
        log::missing_authorities();
        return Some(Vec::new());
    };
    let pem = contents(path, Safety::Public, &mut open)?;
    match X509::stack_from_pem(&pem) {
        Ok(all) if !all.is_empty() => Some(all),
        other => {
            let directory = options.ca_cert_path.path().map(|p| p.display().to_string()).unwrap_or_default();
            let text = format!("load verify locs {directory}, {} failed: 0", path.display());
            log::error("server", &text, &other.err().unwrap_or_else(ErrorStack::get));
            None
        }
    }
}

/// `DHParameters`: a file, `5`, `1` or `2` for parameters of those sizes (2048 bits here in each case), `i` for built-in ones,
/// `none`.
fn ephemeral(options: &Options) -> Option<Option<Dh<Params>>> {
    let wish = options.dh_parameters.as_bytes();
    let from_file = match wish {
        [b'n' | b'N', ..] => return Some(None),
        [b'/', ..] => contents(Path::new(OsStr::from_bytes(wish)), Safety::Public, &mut open),
        _ => None,
    };
    let dh = match from_file {
        Some(pem) => Dh::params_from_pem(&pem).map(|dh| (dh, '/')),
        None => built_in().map(|dh| (dh, 'I')),
    };
    match dh {
        Ok((dh, source)) => {
            log::ephemeral(dh.prime_p().num_bits(), source);
            Some(Some(dh))
        }
        Err(e) => {
            log::error("server", "DHParameters failed", &e);
            Some(None)
        }
    }
}

/// The 2048-bit group of RFC 3526.
fn built_in() -> Result<Dh<Params>, ErrorStack> {
    Dh::from_pqg(BigNum::get_rfc3526_prime_2048()?, None, BigNum::from_u32(2)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        assert_eq!(paths(b"/a, /b"), [PathBuf::from("/a"), PathBuf::from("/b")]);
        assert!(built_in().is_ok());
    }
}
