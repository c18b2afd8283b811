//! A full disk, and one without inodes: refused, nothing partial, and well again by itself.

use super::{is_whole, message, store, take_free};
use postrider::queue::Selection;
use postrider::queue::store::{Store, StoreError};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system, unmounted in the end.
struct Small(PathBuf, #[allow(dead_code)] tempfile::TempDir);

impl Small {
    fn mount(options: &str) -> Option<Small> {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().to_path_buf();
        let mounted = nix::unistd::geteuid().is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", options, "tmpfs"])
                .arg(&path)
                .status()
                .is_ok_and(|s| s.success());
        if !mounted {
            eprintln!("SKIPPED: needs the right to mount a tmpfs ({options})");
            return None;
        }
        Some(Small(path, dir))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn fill(path: &Path, size: usize) {
    let store = store(path);
    let mut kept = Vec::new();
    let refused = (0..10_000u32).find_map(|n| {
        let e = message(&format!("6AMIXR{n:06}004517"), size);
        match store.commit(&e) {
            Ok(()) => {
                store.release(&e.id);
                kept.push(e);
                None
            }
            Err(e) => Some(e),
        }
    });
    assert!(matches!(refused, Some(StoreError::NoSpace(_))), "{refused:?}");
    assert!(kept.len() > 2);
    // What was taken is whole, and there is nothing else.
    let names = std::fs::read_dir(path).expect("list").count();
    assert_eq!(names, kept.len() * 2, "no rest of what was refused");
    for id in store.list(&Selection::default()).expect("list") {
        let mut held = take_free(&store, &id);
        assert!(is_whole(&held.envelope, size));
        // A rewrite that finds no room leaves the old file.
        held.envelope.attempts = 1;
        let _ = store.update(&held.envelope);
        store.release(&id);
        assert!(is_whole(&take_free(&store, &id).envelope, size));
    }
    let last = kept.pop().expect("some");
    let held = take_free(&store, &last.id);
    store.remove(&held.envelope).expect("remove");
    // Its open body holds the blocks until now, and so does a process that another test is just starting.
    drop(held);
    let again = (0..500).any(|_| {
        let done = store.commit(&last);
        std::thread::sleep(std::time::Duration::from_millis(if done.is_ok() { 0 } else { 10 }));
        done.is_ok()
    });
    assert!(again, "room again");
}

#[test]
fn no_blocks() {
    if let Some(disk) = Small::mount("size=400k") {
        fill(&disk.0, 20_000);
    }
}

#[test]
fn no_inodes() {
    if let Some(disk) = Small::mount("size=4m,nr_inodes=24") {
        fill(&disk.0, 100);
    }
}

#[test]
fn min_free_blocks() {
    let dir = tempfile::tempdir().expect("directory");
    let mut settings = postrider::queue::files::Settings::new(dir.path());
    settings.min_free_blocks = u64::MAX / 2;
    let store = postrider::queue::files::FileStore::open(settings).expect("store");
    assert!(store.shortage().is_some());
    let id = postrider::envelope::QueueId::parse(b"6AMIXR00004517").expect("id");
    assert!(matches!(store.spool(&id), Err(StoreError::NoSpace(_))));
}

#[test]
fn what_was_delivered_is_not_forgotten_when_there_is_no_room_to_write_it() {
    let Some(disk) = Small::mount("size=400k") else { return };
    let store = store(&disk.0);
    let mut e = message("6AMIXR00004517", 100);
    e.recipients.push(e.recipients[0].clone());
    store.commit(&e).expect("commit");
    e.recipients[0].state = postrider::envelope::RecipientState::Delivered;
    store.release(&e.id);
    let taken = take_free(&store, &e.id);
    std::fs::write(disk.0.join("filler"), vec![0; 1 << 20]).expect_err("full");
    assert!(matches!(store.settle(e.clone()), Err(StoreError::NoSpace(_))));
    drop(taken);
    assert!(store.take(&e.id).expect("take").is_none(), "kept from everybody");
    assert!(self::store(&disk.0).take(&e.id).expect("take").is_none());
    std::fs::remove_file(disk.0.join("filler")).expect("rm");
    store.list(&Selection::default()).expect("list");
    let held = take_free(&store, &e.id);
    assert_eq!(held.envelope.recipients.len(), 1);
}
