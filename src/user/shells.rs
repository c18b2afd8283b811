//! Valid login shells (getusershell(3)): who has another may not have mail run programs.

use std::path::Path;

/// The list of valid shells; a line `/SENDMAIL/ANY/SHELL/` in it makes every shell valid.
const SHELLS: &str = "/etc/shells";

/// Whether `shell` is a valid login shell; an empty one is `/bin/sh`.
pub fn is_valid(shell: &Path) -> bool {
    match std::fs::read(SHELLS) {
        Ok(list) => listed(&list, shell),
        Err(_) => ["/bin/sh", "/bin/csh"].iter().any(|s| Path::new(s) == effective(shell)),
    }
}

fn effective(shell: &Path) -> &Path {
    if shell.as_os_str().is_empty() { Path::new("/bin/sh") } else { shell }
}

fn listed(list: &[u8], shell: &Path) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let wanted = effective(shell).as_os_str().as_bytes();
    list.split(|b| *b == b'\n')
        .map(|line| line.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii())
        .filter(|line| line.starts_with(b"/"))
        .any(|line| line == wanted || line == b"/SENDMAIL/ANY/SHELL/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_have_comments() {
        let list = b"# shells\n/bin/sh\n/bin/bash # nice\n\n";
        assert!(listed(list, Path::new("/bin/bash")));
        assert!(listed(list, Path::new("")));
        assert!(!listed(list, Path::new("/usr/sbin/nologin")));
        assert!(listed(b"/SENDMAIL/ANY/SHELL/\n", Path::new("/usr/sbin/nologin")));
    }
}
