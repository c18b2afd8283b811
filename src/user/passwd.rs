//! [`Users`] over the password database, whatever NSS puts behind it.

use super::{Unavailable, User, Users};
use crate::sys::passwd::{self, Entry};

/// The longest login name that is looked up: what cannot be a login name costs no query.
const MAX_NAME: usize = 256;

/// The system's users.
#[derive(Debug, Clone, Copy, Default)]
pub struct Passwd;

impl Users for Passwd {
    fn by_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable> {
        let fit = !name.is_empty() && name.len() <= MAX_NAME && !name.iter().any(|b| *b < b' ' || b":/,".contains(b));
        if !fit {
            return Ok(None);
        }
        match passwd::by_name(name) {
            // A source that folds case or adds a realm gives another name than it was asked for: still that user.
            Ok(entry) => Ok(entry.map(User::from)),
            Err(error) => Err(Unavailable(error.desc().to_string())),
        }
    }

    fn by_full_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable> {
        let mut login = None;
        passwd::walk(&mut |candidate, gecos| {
            if full_name(gecos, candidate).eq_ignore_ascii_case(name) {
                login = Some(candidate.to_vec());
            }
            login.is_none()
        });
        login.map_or(Ok(None), |login| self.by_name(&login))
    }

    fn by_uid(&self, uid: u32) -> Result<Option<User>, Unavailable> {
        passwd::by_uid(uid).map(|e| e.map(User::from)).map_err(|error| Unavailable(error.desc().to_string()))
    }
}

impl From<Entry> for User {
    fn from(entry: Entry) -> User {
        let full_name = full_name(&entry.gecos, &entry.name);
        User { name: entry.name, uid: entry.uid, gid: entry.gid, full_name, home: entry.home, shell: entry.shell }
    }
}

/// The full name that a comment field holds: a leading `*` dropped, up to the first `,`, `;` or `%`, each `&` standing for
/// the login name with its first letter in upper case. Control characters become blanks, so that it fits a header.
pub fn full_name(gecos: &[u8], login: &[u8]) -> Vec<u8> {
    let gecos = gecos.strip_prefix(b"*").unwrap_or(gecos);
    let mut out = Vec::new();
    for &b in gecos.iter().take_while(|b| !b",;%".contains(b)) {
        match b {
            b'&' => {
                let start = out.len();
                out.extend_from_slice(login);
                if let Some(first) = out.get_mut(start) {
                    first.make_ascii_uppercase();
                }
            }
            0..=31 | 127 => out.push(b' '),
            _ => out.push(b),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_from_comments() {
        assert_eq!(full_name(b"Alice Liddell,Room 1,,", b"alice"), b"Alice Liddell");
        assert_eq!(full_name(b"& Builder", b"bob"), b"Bob Builder");
        assert_eq!(full_name(b"*Star; x", b"s"), b"Star");
        assert_eq!(full_name(b"a\nBcc: x", b"s"), b"a Bcc: x");
    }

    #[test]
    fn what_cannot_be_a_login_is_nobody() {
        assert_eq!(Passwd.by_name(b"root:x"), Ok(None));
        assert_eq!(Passwd.by_name(b""), Ok(None));
        assert_eq!(Passwd.by_name(b"root").unwrap().unwrap().uid, 0);
    }
}
