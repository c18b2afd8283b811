//! Whether a map's file can be believed: who else could have put it there (`DontBlameSendmail`, operations guide 3.5.2).

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::cf::options::Blame;

/// Why the file at `path` must not be read: a directory on its way that others may write to.
///
/// A sticky directory is safe here as long as what lies in it belongs to root, to this process's user or to the trusted user: nobody else
/// can replace it. A directory that its group may write to is safe for an ordinary user whose own it is.
pub fn unsafe_path(path: &Path, blame: Blame, trusted: Option<u32>) -> Option<String> {
    if blame.has(Blame::MAP_IN_UNSAFE_DIR) {
        return None;
    }
    let me = nix::unistd::geteuid().as_raw();
    let ours = |uid: u32| uid == 0 || uid == me || Some(uid) == trusted;
    let mut below = path;
    for directory in path.ancestors().skip(1).filter(|d| !d.as_os_str().is_empty()) {
        if let Ok(m) = std::fs::metadata(directory) {
            let sticky = m.mode() & 0o1000 != 0;
            let kept = || std::fs::symlink_metadata(below).is_ok_and(|b| ours(b.uid()));
            if m.mode() & 0o002 != 0 && !(sticky && (blame.has(Blame::TRUST_STICKY_BIT) || kept())) {
                return Some("World writable directory".into());
            }
            let own = me != 0 && m.uid() == me;
            if m.mode() & 0o022 == 0o020 && !own && !blame.has(Blame::GROUP_WRITABLE_DIR_PATH_SAFE) {
                return Some("Group writable directory".into());
            }
        }
        below = directory;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn directories_of_others() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("d");
        std::fs::create_dir(&inner).unwrap();
        let file = inner.join("x.db");
        std::fs::write(&file, "").unwrap();
        let ask = |mode: u32, blame| {
            set_permissions(&inner, Permissions::from_mode(mode)).unwrap();
            unsafe_path(&file, blame, None)
        };
        assert_eq!(ask(0o755, Blame::default()), None);
        assert_eq!(ask(0o777, Blame::default()).as_deref(), Some("World writable directory"));
        assert_eq!(ask(0o777, Blame::MAP_IN_UNSAFE_DIR), None);
        assert_eq!(ask(0o1777, Blame::default()), None);
        assert_eq!(ask(0o775, Blame::GROUP_WRITABLE_DIR_PATH_SAFE), None);
        if nix::unistd::geteuid().is_root() {
            assert_eq!(ask(0o775, Blame::default()).as_deref(), Some("Group writable directory"));
            std::os::unix::fs::chown(&file, Some(7), None).unwrap();
            assert_eq!(ask(0o1777, Blame::default()).as_deref(), Some("World writable directory"));
        }
    }
}
