//! Local users: who they are, as the password database (`MailboxDatabase=pw`) has it.

mod passwd;
pub mod shells;

pub use passwd::Passwd;

use std::ffi::OsString;

/// What is known of a local user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Login name.
    pub name: Vec<u8>,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
    /// Full name from the gecos field: up to the first comma, `&` replaced by the capitalised login name.
    pub full_name: Vec<u8>,
    /// Home directory.
    pub home: OsString,
    /// Login shell.
    pub shell: OsString,
}

/// Why a user could not be looked up now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unavailable(pub String);

/// User look-ups.
pub trait Users: Send + Sync {
    /// The user called `name`; `Ok(None)` when there is none.
    fn by_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable>;
    /// The user whose full name is `name` (`MatchGECOS`), letters of either case; slow.
    fn by_full_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable> {
        let _ = name;
        Ok(None)
    }
    /// The user with this id.
    fn by_uid(&self, uid: u32) -> Result<Option<User>, Unavailable>;
}
