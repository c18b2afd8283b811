//! A password source: saslauthd(8), which asks PAM, LDAP, Kerberos or another server (`pwcheck_method: saslauthd`).
//!
//! Its socket takes user, password, service and realm, each after its length in two bytes, and answers a text that begins
//! with `OK` or `NO` in the same form.

use super::passwords::{Check, Passwords};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// The socket unless `saslauthd_path:` names another.
const SOCKET: &str = "/var/run/saslauthd/mux";

/// The service's name, from which PAM takes its file.
const SERVICE: &[u8] = b"smtp";

/// How long the server may think; it asks others.
const PATIENCE: Duration = Duration::from_secs(20);

/// saslauthd at its socket.
#[derive(Debug, Clone)]
pub struct Saslauthd {
    socket: PathBuf,
}

impl Saslauthd {
    /// The server that `saslauthd_path:` of Sendmail.conf names, a folder's `mux` or the socket itself; else that at the usual
    /// place.
    pub fn new(path: Option<&Path>) -> Saslauthd {
        let socket = match path {
            None => PathBuf::from(SOCKET),
            Some(path) if path.is_dir() => path.join("mux"),
            Some(path) => path.to_path_buf(),
        };
        Saslauthd { socket }
    }

    fn ask(&self, user: &[u8], password: &[u8], realm: &[u8]) -> std::io::Result<bool> {
        let mut request = Zeroizing::new(Vec::with_capacity(user.len() + password.len() + realm.len() + 16));
        for field in [user, password, SERVICE, realm] {
            let length = u16::try_from(field.len()).map_err(|_| std::io::ErrorKind::InvalidInput)?;
            request.extend_from_slice(&length.to_be_bytes());
            request.extend_from_slice(field);
        }
        let mut socket = UnixStream::connect(&self.socket)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.write_all(&request)?;
        let mut length = [0; 2];
        socket.read_exact(&mut length)?;
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        socket.read_exact(&mut answer)?;
        Ok(answer.starts_with(b"OK"))
    }
}

impl Passwords for Saslauthd {
    fn check(&self, user: &[u8], password: &[u8]) -> Check {
        let (user, realm) = match user.iter().rposition(|b| *b == b'@').and_then(|at| user.split_at_checked(at)) {
            Some((user, realm)) => (user, realm.get(1..).unwrap_or_default()),
            None => (user, &b""[..]),
        };
        match self.ask(user, password, realm) {
            Ok(true) => Check::Good,
            Ok(false) => Check::Bad,
            Err(e) => {
                crate::log::process_notice(&format!("SASL: saslauthd at {}: {e}", self.socket.display()));
                Check::Unavailable
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::net::UnixListener;

    /// A server for one question, which it gives back.
    fn served(answer: &'static [u8], check: impl FnOnce(&Saslauthd) -> Check) -> (Check, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(dir.path().join("mux")).unwrap();
        let server = std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut question = [0; 256];
            let n = socket.read(&mut question).unwrap();
            socket.write_all(answer).unwrap();
            question[..n].to_vec()
        });
        let found = check(&Saslauthd::new(Some(dir.path())));
        (found, server.join().unwrap())
    }

    #[test]
    fn dialogue() {
        let (found, question) = served(b"\0\x02OK", |s| s.check(b"bob@r", b"pw"));
        assert_eq!((found, &question[..]), (Check::Good, &b"\0\x03bob\0\x02pw\0\x04smtp\0\x01r"[..]));
        let (found, question) = served(b"\0\x08NO wrong", |s| s.check(b"bob", b"pw"));
        assert_eq!((found, &question[..]), (Check::Bad, &b"\0\x03bob\0\x02pw\0\x04smtp\0\0"[..]));
        assert_eq!(served(b"\0\x08NO", |s| s.check(b"bob", b"pw")).0, Check::Unavailable);
        assert_eq!(Saslauthd::new(Some(Path::new("/nonexistent"))).check(b"bob", b"pw"), Check::Unavailable);
    }
}
