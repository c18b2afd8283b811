//! Password sources: the shadow file by the C library, or a file in its format.
//!
//! A wrong password, an unknown user, a locked or an expired account take the same path: one hash is computed in each case.
//! Secrets are wiped from memory.

use crate::sys::{crypt, shadow};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// What a password check found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// It is the user's password.
    Good,
    /// It is not, or the account is locked or expired.
    Bad,
    /// There is no such user.
    NoUser,
    /// The source cannot be read now.
    Unavailable,
}

/// A source of passwords.
pub trait Passwords: Send + Sync {
    /// Checks `password` of `user`. Slow on purpose.
    fn check(&self, user: &[u8], password: &[u8]) -> Check;
}

/// Several sources, one after the other, until one knows the password.
pub struct Chain(pub Vec<std::sync::Arc<dyn Passwords>>);

impl Passwords for Chain {
    fn check(&self, user: &[u8], password: &[u8]) -> Check {
        let mut worst = Check::NoUser;
        for source in &self.0 {
            match (source.check(user, password), worst) {
                (Check::Good, _) => return Check::Good,
                (Check::Unavailable, _) => worst = Check::Unavailable,
                (Check::Bad, Check::NoUser) => worst = Check::Bad,
                _ => {}
            }
        }
        worst
    }
}

/// The shadow file (`pwcheck_method: shadow`).
#[derive(Debug, Clone, Default)]
pub struct Shadow {
    /// A file in shadow(5)'s format instead of the system's (`shadow_file:`).
    pub file: Option<PathBuf>,
}

/// Its cost is that of a distribution's usual hash; computed for users that do not exist.
const DUMMY: &[u8] = b"$y$j9T$Fv1Zk0Yw5mTq2s9xR4bLc/$VnVQO1kOWl4Y0mJ3f5yR4pK0hQ7Xn2zB8aHcUuEeTs1";

const DAY: i64 = 86_400;

impl Passwords for Shadow {
    fn check(&self, user: &[u8], password: &[u8]) -> Check {
        let entry = match &self.file {
            None => shadow::entry(user),
            Some(path) => std::fs::read(path).map(|text| find(&Zeroizing::new(text), user)),
        };
        let (entry, absent) = match entry {
            Ok(Some(entry)) => (Some(entry), Check::Bad),
            Ok(None) => (None, Check::NoUser),
            Err(_) => (None, Check::Unavailable),
        };
        let today = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(0) / DAY);
        let usable = entry.filter(|e| is_hash(&e.hash) && !is_expired(e, today));
        let hash: &[u8] = usable.as_ref().map_or(DUMMY, |e| &e.hash);
        let computed = Zeroizing::new(crypt::crypt(password, hash).unwrap_or_default());
        let same = computed.len() == hash.len() && openssl::memcmp::eq(&computed, hash);
        if usable.is_some() && same && !password.is_empty() { Check::Good } else { absent }
    }
}

/// False for locked accounts (`!`, `*`) and for no password at all.
fn is_hash(hash: &[u8]) -> bool {
    !matches!(hash.first(), None | Some(b'!' | b'*'))
}

fn is_expired(entry: &shadow::Entry, today: i64) -> bool {
    let account = entry.expire > 0 && today >= entry.expire;
    let must_change = entry.last_change == 0;
    let limit = entry.last_change.saturating_add(entry.max).saturating_add(entry.inactive.max(0));
    let password = entry.last_change > 0 && entry.max >= 0 && today > limit;
    account || must_change || password
}

/// The entry of `user` in the text of a shadow file.
fn find(text: &[u8], user: &[u8]) -> Option<shadow::Entry> {
    let line =
        text.split(|b| *b == b'\n').find(|l| l.split(|b| *b == b':').next() == Some(user) && !user.is_empty())?;
    let fields: Vec<&[u8]> = line.split(|b| *b == b':').collect();
    let number = |n: usize| {
        let text = fields.get(n).and_then(|f| std::str::from_utf8(f).ok()).unwrap_or_default();
        text.parse().unwrap_or(-1)
    };
    Some(shadow::Entry {
        hash: Zeroizing::new(fields.get(1).copied().unwrap_or_default().to_vec()),
        last_change: number(2),
        max: number(4),
        inactive: number(6),
        expire: number(7),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, user: &str, password: &str) -> Check {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("shadow");
        std::fs::write(&file, format!("{line}\n")).unwrap();
        Shadow { file: Some(file) }.check(user.as_bytes(), password.as_bytes())
    }

    const HASH: &str =
        "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";

    #[test]
    fn accounts() {
        let good = format!("bob:{HASH}:19000:0:99999:7:::");
        assert_eq!(check(&good, "bob", "Hello world!"), Check::Good);
        assert_eq!(check(&good, "bob", "hello"), Check::Bad);
        assert_eq!(check(&good, "bo", "Hello world!"), Check::NoUser);
        assert_eq!(check(&good, "", ""), Check::NoUser);
        for bad in [
            format!("bob:!{HASH}:19000:0:99999:7:::"),
            "bob::19000:0:99999:7:::".into(),
            "bob:*:19000:0:99999:7:::".into(),
            format!("bob:{HASH}:19000:0:99999:7::19001:"),
            format!("bob:{HASH}:0:0:99999:7:::"),
            format!("bob:{HASH}:19000:0:10:7:5::"),
        ] {
            assert_eq!(check(&bad, "bob", "Hello world!"), Check::Bad, "{bad}");
            assert_eq!(check(&bad, "bob", ""), Check::Bad, "{bad}");
        }
        assert_eq!(Shadow { file: Some("/nonexistent/shadow".into()) }.check(b"bob", b"x"), Check::Unavailable);
    }

    #[test]
    fn the_dummy_is_a_hash() {
        assert!(crypt::crypt(b"x", DUMMY).is_some());
    }
}
