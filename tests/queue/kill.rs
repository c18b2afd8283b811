//! `kill -9` at any moment.

use super::{is_whole, message, store};
use postrider::queue::Selection;
use postrider::queue::store::Store;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const SIZE: usize = 3000;
const DIRECTORY: &str = "POSTRIDER_TEST_QUEUE";

/// The process that is killed: commits, rewrites and removes, and says so afterwards. Without its variable it does nothing.
#[test]
fn child_at_work() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = store(directory.as_ref());
    let mut out = std::io::stdout();
    for n in 0..100_000u32 {
        let mut e = message(&format!("6AMIXR{n:06}{:06}", std::process::id()), SIZE);
        store.commit(&e).expect("commit");
        writeln!(out, "250 {}", e.id).expect("pipe");
        e.attempts = 1;
        if n % 3 == 0 {
            store.update(&e).expect("update");
        }
        if n % 4 == 0 {
            writeln!(out, "removing {}", e.id).expect("pipe");
            store.remove(&e).expect("remove");
        } else {
            store.release(&e.id);
        }
    }
}

#[test]
fn nothing_acknowledged_is_lost() {
    let dir = tempfile::tempdir().expect("directory");
    let mut acknowledged: HashSet<String> = HashSet::new();
    let mut removed: HashSet<String> = HashSet::new();
    for round in 0..12u64 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "kill::child_at_work", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("child");
        let mut said = BufReader::new(child.stdout.take().expect("pipe")).lines().map_while(Result::ok);
        // On a busy machine the start takes any time: the clock runs from the first message on.
        let mut first = Vec::new();
        while !first.last().is_some_and(|line: &String| line.contains("250 ")) {
            first.extend([said.next().expect("it begins")]);
        }
        std::thread::sleep(Duration::from_millis(60 + round * 7));
        child.kill().expect("kill");
        for line in first.into_iter().chain(said) {
            if let Some((_, id)) = line.split_once("250 ") {
                acknowledged.insert(id.to_string());
            } else if let Some(id) = line.strip_prefix("removing ") {
                removed.insert(id.to_string());
            }
        }
        child.wait().expect("wait");
    }
    assert!(acknowledged.len() > 20, "the children got to work");
    let store = store(dir.path());
    let mut found = HashSet::new();
    for id in store.list(&Selection::default()).expect("list") {
        // A process that another test starts shares our locks for a moment.
        let taken = (0..50).find_map(|_| {
            let taken = store.take(&id).expect("take");
            if taken.is_none() {
                std::thread::sleep(Duration::from_millis(2));
            }
            taken
        });
        match taken {
            Some(held) => {
                assert!(is_whole(&held.envelope, SIZE), "{id} is broken");
                found.insert(id.to_string());
            }
            // The kill came between the two steps of a removal, never of a commit.
            None => assert!(removed.contains(id.as_str()), "{id} cannot be read"),
        }
    }
    for id in acknowledged.difference(&removed) {
        assert!(found.contains(id), "{id} is lost");
    }
}
