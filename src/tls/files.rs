//! Files that TLS needs, opened once and judged by what was opened.

use crate::log::{Field, Id, Severity, emit};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Largest file read.
const MAX: u64 = 16 << 20;

/// What is asked of a file's permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Nobody else may write it.
    Public,
    /// Nobody else may read it either: a private key.
    Secret,
    /// As `Secret`, but the group may read it (`DontBlameSendmail=GroupReadableKeyFile`).
    GroupSecret,
}

/// Reads a file that must be safe; says why it is not, in the original's words.
pub fn read(path: &Path, safety: Safety) -> Result<Vec<u8>, String> {
    read_open(File::open(path).map_err(reason)?, safety)
}

/// What an error is called in the log.
pub fn reason(error: std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "No such file or directory".to_owned(),
        std::io::ErrorKind::PermissionDenied => "Permission denied".to_owned(),
        _ => error.to_string(),
    }
}

/// [`read`] for a file that somebody else opened.
pub fn read_open(file: File, safety: Safety) -> Result<Vec<u8>, String> {
    let meta = file.metadata().map_err(reason)?;
    if !meta.is_file() {
        return Err("Not a regular file".into());
    }
    if let Some(reason) = unsafe_mode(meta.permissions().mode(), safety) {
        return Err(reason.into());
    }
    let mut bytes = Vec::new();
    file.take(MAX).read_to_end(&mut bytes).map_err(reason)?;
    Ok(bytes)
}

fn unsafe_mode(mode: u32, safety: Safety) -> Option<&'static str> {
    let rows: [(u32, &str, bool); 4] = [
        (0o040, "Group readable file", safety == Safety::Secret),
        (0o004, "World readable file", safety != Safety::Public),
        (0o020, "Group writable file", safety != Safety::GroupSecret),
        (0o002, "World writable file", true),
    ];
    rows.iter().find(|(bit, _, asked)| *asked && mode & bit != 0).map(|(_, reason, _)| *reason)
}

/// `STARTTLS=server: file PATH unsafe: REASON`.
pub fn log_unsafe(side: &str, path: &Path, reason: &str) {
    let path = Field(path.as_os_str().as_bytes());
    emit(7, Severity::Warning, Id::Bare, format_args!("STARTTLS={side}: file {path} unsafe: {reason}"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        assert_eq!(unsafe_mode(0o600, Safety::Secret), None);
        assert_eq!(unsafe_mode(0o640, Safety::Secret), Some("Group readable file"));
        assert_eq!(unsafe_mode(0o640, Safety::GroupSecret), None);
        assert_eq!(unsafe_mode(0o604, Safety::GroupSecret), Some("World readable file"));
        assert_eq!(unsafe_mode(0o644, Safety::Public), None);
    }
}
