use super::*;
use crate::sys::cred::effective_uid;

fn message(text: &[u8]) -> (File, u64) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    (file, text.len() as u64)
}

fn mailbox(path: &Path) -> Mailbox<'_> {
    let gid = nix::unistd::Gid::effective().as_raw();
    Mailbox { path, uid: effective_uid(), gid, quota_is_permanent: false }
}

fn deliver(path: &Path, text: &[u8]) -> Result<(), String> {
    let (file, size) = message(text);
    let mailbox = mailbox(path);
    let both = mailbox.prepare().and_then(|()| mailbox.append(b"a@b", "DATE", &file, size));
    both.map_err(|r| String::from_utf8(r.reply.to_text()).unwrap())
}

#[test]
fn messages_follow_each_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("alice");
    deliver(&path, b"S: 1\n\none\n").unwrap();
    deliver(&path, b"S: 2\n\ntwo\n").unwrap();
    let one = "From a@b DATE\nS: 1\nContent-Length: 4\n\none\n\n";
    let two = one.replace("S: 1", "S: 2").replace("one", "two");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{one}{two}"));
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o7777, 0o600);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn a_torn_tail_stays_apart() {
    let dir = tempfile::tempdir().unwrap();
    for (torn, between) in [("x", "\n\n"), ("x\n", "\n"), ("\n", ""), ("x\n\n", ""), ("", "")] {
        let path = dir.path().join("alice");
        std::fs::write(&path, torn).unwrap();
        deliver(&path, b"S: 2\n\n").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("{torn}{between}From a@b")), "{torn:?}: {text:?}");
    }
}

#[test]
fn what_is_no_mailbox_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (victim, path) = (dir.path().join("victim"), dir.path().join("alice"));
    std::fs::write(&victim, "precious").unwrap();
    let refused = |what: &str| {
        let error = deliver(&path, b"S: x\n\n").unwrap_err();
        assert_eq!(error, format!("550 5.2.0 {}: {what}", path.display()));
        assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
    };
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    refused("irregular file");
    std::fs::remove_file(&path).unwrap();
    std::fs::hard_link(&victim, &path).unwrap();
    refused("too many links");
    std::fs::remove_file(&path).unwrap();
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    refused("irregular file");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    refused("irregular file");
}

#[test]
fn an_error_leaves_the_file_as_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("alice");
    std::fs::write(&path, "old\n\n").unwrap();
    let mut file = OpenOptions::new().read(true).append(true).open(&path).unwrap();
    let result = append_whole(&mut file, |out| {
        out.write_all(&[b'x'; 200_000])?;
        Err(io::Error::from_raw_os_error(libc::ENOSPC))
    });
    assert!(result.is_err());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old\n\n");
}
