//! The store against a real directory: order, locks, full and damaged queues.

use super::*;
use crate::envelope::{Body, Recipient};
use crate::header::{Field, Headers};
use std::os::unix::fs::PermissionsExt;

pub(super) fn envelope(id: &str, body: Body) -> Envelope {
    Envelope {
        priority: 30_100,
        sender: Line::cleaned(b"<alice@example.test>"),
        recipients: vec![Recipient::new(Line::cleaned(b"<bob@example.test>"))],
        headers: Headers {
            fields: vec![Field {
                name: Line::cleaned(b"Subject"),
                value: b" hi".to_vec(),
                condition: None,
                template: false,
            }],
        },
        size: body.len(),
        body,
        ..Envelope::new(QueueId::parse(id.as_bytes()).expect("id"), 1_795_372_407)
    }
}

pub(super) fn queue() -> (tempfile::TempDir, FileStore) {
    let dir = tempfile::tempdir().expect("directory");
    let mut settings = Settings::new(dir.path());
    settings.min_free_blocks = 0;
    let store = FileStore::open(settings).expect("store");
    (dir, store)
}

fn names(dir: &tempfile::TempDir) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir.path())
        .expect("dir")
        .map(|e| e.expect("entry").file_name().into_string().expect("name"))
        .collect();
    names.sort();
    names
}

pub(super) const ID: &str = "6AMIXRXP004517";

#[test]
fn commit_take_update_remove() {
    let (dir, store) = queue();
    let mut e = envelope(ID, Body::Memory(b"body\n".to_vec().into()));
    store.commit(&e).expect("commit");
    assert_eq!(names(&dir), [format!("df{ID}"), format!("qf{ID}")]);
    assert!(store.take(&e.id).expect("take").is_none(), "held by the commit");
    let other = FileStore::open(Settings::new(dir.path())).expect("second process");
    assert!(other.take(&e.id).expect("take").is_none(), "the lock is on the file");
    e.attempts = 1;
    e.message = Some(Line::cleaned(b"Deferred: x"));
    store.update(&e).expect("update");
    assert!(other.take(&e.id).expect("take").is_none(), "the lock moved with the update");
    store.release(&e.id);
    let held = other.take(&e.id).expect("take").expect("free now");
    assert_eq!(held.envelope.attempts, 1);
    assert!(matches!(&held.envelope.body, Body::Memory(b) if &**b == b"body\n"));
    assert!(store.take(&e.id).expect("take").is_none());
    drop(held);
    let held = store.take(&e.id).expect("take").expect("dropped");
    store.remove(&held.envelope).expect("remove");
    assert!(names(&dir).is_empty());
    assert!(other.take(&e.id).expect("take").is_none());
}

#[test]
fn large_bodies_go_to_the_data_file_and_vanish_when_given_up() {
    let (dir, store) = queue();
    let mut e = envelope(ID, Body::Empty);
    let mut spool = store.spool(&e.id).expect("spool");
    std::io::Write::write_all(&mut spool, &vec![b'x'; 200_000]).expect("write");
    e.body = spool.finish().expect("finish");
    assert_eq!(names(&dir), [format!("df{ID}")]);
    e.body = Body::Empty;
    assert!(store.list(&Selection::default()).expect("list").is_empty());
    assert!(names(&dir).is_empty(), "given up");

    let mut spool = store.spool(&e.id).expect("spool");
    std::io::Write::write_all(&mut spool, &vec![b'x'; 200_000]).expect("write");
    e.body = spool.finish().expect("finish");
    store.commit(&e).expect("commit");
    let twin = Envelope { id: QueueId::parse(b"6AMIXRXQ004517").expect("id"), ..e.clone() };
    store.commit(&twin).expect("a second envelope with the same body");
    store.remove(&e).expect("remove");
    store.release(&twin.id);
    let held = store.take(&twin.id).expect("take").expect("there");
    assert_eq!(held.envelope.body.len(), 200_000);
}

#[test]
fn damaged_and_foreign_files_are_not_delivered() {
    let (dir, store) = queue();
    let put = |id: &str| {
        let e = envelope(id, Body::Empty);
        store.commit(&e).expect("commit");
        store.release(&e.id);
        dir.path().join(format!("qf{id}"))
    };
    let ids =
        ["6AMIXRXA004517", "6AMIXRXB004517", "6AMIXRXC004517", "6AMIXRXD004517", "6AMIXRXE004517", "6AMIXRXF004517"];
    let paths: Vec<_> = ids.iter().map(|id| put(id)).collect();
    let text = std::fs::read(&paths[0]).expect("text");
    std::fs::set_permissions(&paths[0], PermissionsExt::from_mode(0o666)).expect("chmod");
    std::fs::write(&paths[1], b"").expect("empty");
    std::fs::write(&paths[2], &text[..text.len() - 2]).expect("incomplete");
    std::fs::write(&paths[3], [&text[..], b"Rmore\n"].concat()).expect("extra");
    std::fs::write(&paths[4], b"V8\nYbad\n.\n").expect("bad");
    std::fs::remove_file(dir.path().join(format!("df{}", ids[5]))).expect("no body");
    std::fs::write(dir.path().join("tf6AMIXRXZ004517"), b"V8\n").expect("left by a crash");
    for id in store.list(&Selection::default()).expect("list") {
        assert!(store.take(&id).expect("take").is_none(), "{id}");
    }
    let lost: Vec<String> = names(&dir).into_iter().filter(|n| n.starts_with('Q')).collect();
    assert_eq!(lost, ["Qf6AMIXRXA004517", "Qf6AMIXRXD004517", "Qf6AMIXRXE004517"]);
    let selection = Selection { lost: true, ..Selection::default() };
    assert_eq!(store.list(&selection).expect("list").len(), 3);
}

#[test]
fn quarantine_renames() {
    let (dir, store) = queue();
    let e = envelope(ID, Body::Empty);
    store.commit(&e).expect("commit");
    store.release(&e.id);
    let reason = Line::cleaned(b"because");
    assert!(store.quarantine(&e.id, Some(&reason)).expect("quarantine"));
    assert_eq!(names(&dir), [format!("df{ID}"), format!("hf{ID}")]);
    let mut selection = Selection { quarantined: true, ..Selection::default() };
    selection.reasons.push((false, Line::cleaned(b"ecau")));
    assert_eq!(store.list(&selection).expect("list"), [e.id.clone()]);
    assert!(store.quarantine(&e.id, None).expect("release"));
    assert_eq!(names(&dir), [format!("df{ID}"), format!("qf{ID}")]);
}

#[test]
fn several_directories_with_subdirectories() {
    let dir = tempfile::tempdir().expect("directory");
    for name in ["qd1", "qd2", "qd3"] {
        std::fs::create_dir(dir.path().join(name)).expect("mkdir");
    }
    std::fs::create_dir(dir.path().join("qd1/qf")).expect("mkdir");
    std::fs::create_dir(dir.path().join("qd1/df")).expect("mkdir");
    let store = FileStore::open(Settings::new(dir.path().join("qd*"))).expect("store");
    for n in 0..20 {
        let e = envelope(&format!("6AMIXRX{}004517", (b'a' + n) as char), Body::Memory(b"x"[..].into()));
        store.commit(&e).expect("commit");
        store.release(&e.id);
    }
    let ids = store.list(&Selection::default()).expect("list");
    assert_eq!(ids.len(), 20);
    for home in 0..3 {
        assert!(!store.entries(home, Kind::Normal).expect("entries").is_empty());
    }
    for id in ids {
        let held = store.take(&id).expect("take").expect("there");
        store.remove(&held.envelope).expect("remove");
    }
    assert!(std::fs::read_dir(dir.path().join("qd1/df")).expect("df").next().is_none());
}

#[test]
fn a_failed_commit_leaves_nothing() {
    let (dir, store) = queue();
    let e = envelope(ID, Body::Memory(b"x"[..].into()));
    // The name of the control file is taken by a directory: the rename fails.
    std::fs::create_dir(dir.path().join(format!("qf{ID}"))).expect("mkdir");
    assert!(store.commit(&e).is_err());
    assert_eq!(names(&dir), [format!("qf{ID}")]);
}
