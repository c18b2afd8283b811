//! The journal of a daemon's queue: what it holds survives a lost machine and a killed process, and comes back once.

use super::{is_whole, message, store};
use postrider::queue::Selection;
use postrider::queue::files::FileStore;
use postrider::queue::store::Store;
use std::collections::HashSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const SIZE: usize = 3000;
const DIRECTORY: &str = "POSTRIDER_TEST_JOURNAL";
const JOURNAL: &str = ".journal";

fn ids(store: &FileStore) -> HashSet<String> {
    store.list(&Selection::default()).expect("list").iter().map(ToString::to_string).collect()
}

fn all_whole(store: &FileStore) {
    for id in store.list(&Selection::default()).expect("list") {
        let held = store.take(&id).expect("take").unwrap_or_else(|| panic!("{id} cannot be read"));
        assert!(is_whole(&held.envelope, SIZE), "{id} is broken");
    }
}

fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(directory)
        .expect("directory")
        .map(|e| e.expect("entry").file_name().into_string().expect("name"))
        .filter(|n| n != JOURNAL)
        .collect();
    names.sort();
    names
}

/// A file of a queue directory, for its owner alone.
fn put(directory: &Path, name: &str, content: &[u8]) {
    std::fs::write(directory.join(name), content).expect("write");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(directory.join(name), mode).expect("mode");
}

/// A queue directory as it is after the machine was lost: the journal, and of all other files only what `keep` says.
fn after_power_loss(directory: &Path, journal: &[u8], keep: impl Fn(&str) -> Option<Vec<u8>>) -> tempfile::TempDir {
    let new = tempfile::tempdir().expect("directory");
    put(new.path(), JOURNAL, journal);
    for name in files(directory) {
        if let Some(content) = keep(&name) {
            put(new.path(), &name, &content);
        }
    }
    new
}

fn journal(directory: &Path) -> Vec<u8> {
    std::fs::read(directory.join(JOURNAL)).expect("journal")
}

#[test]
fn new_messages_have_no_files_until_they_wait() {
    let dir = tempfile::tempdir().expect("directory");
    let store = store(dir.path());
    store.start_journal(true);
    let (mut a, b, c) =
        (message("6AMIXR00000001", SIZE), message("6AMIXR00000002", SIZE), message("6AMIXR00000003", SIZE));
    for e in [&a, &b, &c] {
        store.commit(e).expect("commit");
    }
    assert!(files(dir.path()).is_empty());
    store.remove(&a).expect("remove");
    store.release(&b.id);
    assert_eq!(files(dir.path()), [format!("df{}", b.id), format!("qf{}", b.id)]);
    a = c.clone();
    a.attempts = 1;
    store.update(&a).expect("update");
    assert!(store.take(&c.id).expect("take").is_none(), "still ours");
    store.release(&c.id);
    let held = store.take(&c.id).expect("take").expect("free");
    assert_eq!(held.envelope.attempts, 1);
    drop(held);
    all_whole(&store);
    store.stop_journal();
}

#[test]
fn the_end_and_age_give_every_message_its_files() {
    let dir = tempfile::tempdir().expect("directory");
    let first = store(dir.path());
    first.start_journal(true);
    let e = message("6AMIXR00000001", SIZE);
    first.commit(&e).expect("commit");
    let until = Instant::now() + Duration::from_secs(20);
    while files(dir.path()).is_empty() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(files(dir.path()).len(), 2, "a few seconds old");
    assert!(store(dir.path()).take(&e.id).expect("take").is_none(), "and still locked");
    first.remove(&e).expect("remove");
    assert!(files(dir.path()).is_empty());
    let e = message("6AMIXR00000002", SIZE);
    first.commit(&e).expect("commit");
    first.stop_journal();
    drop(first);
    assert_eq!(files(dir.path()).len(), 2, "at the end");
    let second = store(dir.path());
    second.start_journal(true);
    all_whole(&second);
    second.stop_journal();
}

/// Commits messages; a third is done, a third waits, a third is being delivered. The journal right after that, and who must
/// be there; `None` when it took so long that the journal is not needed for all any more.
fn busy(store: &FileStore, directory: &Path) -> Option<(Vec<u8>, HashSet<String>)> {
    let mut wanted = HashSet::new();
    let begin = Instant::now();
    for n in 0..60 {
        let e = message(&format!("6AMIXR{n:08}"), SIZE);
        store.commit(&e).expect("commit");
        match n % 3 {
            0 => store.remove(&e).expect("remove"),
            1 => store.release(&e.id),
            _ => {}
        }
        if n % 3 != 0 {
            wanted.insert(e.id.to_string());
        }
    }
    let journal = journal(directory);
    (begin.elapsed() < Duration::from_secs(4)).then_some((journal, wanted))
}

#[test]
fn a_lost_machine_loses_nothing_and_repeats_nothing() {
    for late in [true, false] {
        let begin = || {
            let dir = tempfile::tempdir().expect("directory");
            let store = store(dir.path());
            store.start_journal(late);
            busy(&store, dir.path()).map(|found| (dir, store, found))
        };
        let (dir, store, (journal, wanted)) = (0..5).find_map(|_| begin()).expect("a machine that is not this slow");
        let kept: [&dyn Fn(&str) -> Option<Vec<u8>>; 4] = [
            &|_| None,
            &|_| Some(Vec::new()),
            &|name| name.starts_with("qf").then(|| std::fs::read(dir.path().join(name)).expect("file")),
            &|name| Some(vec![0; std::fs::metadata(dir.path().join(name)).expect("file").len() as usize / 2]),
        ];
        for keep in kept.iter().take(if late { 4 } else { 3 }) {
            let copy = after_power_loss(dir.path(), &journal, keep);
            let again = super::store(copy.path());
            again.start_journal(true);
            assert_eq!(ids(&again), wanted);
            again.stop_journal();
            drop(again);
            let again = super::store(copy.path());
            again.recover();
            assert_eq!(ids(&again), wanted);
            all_whole(&again);
        }
        store.stop_journal();
    }
}

#[test]
fn only_one_process_uses_it_and_damage_is_no_end() {
    let dir = tempfile::tempdir().expect("directory");
    let first = store(dir.path());
    first.start_journal(true);
    let second = store(dir.path());
    second.start_journal(true);
    let e = message("6AMIXR00000002", SIZE);
    second.commit(&e).expect("commit");
    assert_eq!(files(dir.path()).len(), 2, "without the journal");
    second.remove(&e).expect("remove");
    first.commit(&message("6AMIXR00000001", SIZE)).expect("commit");
    first.commit(&message("6AMIXR00000003", SIZE)).expect("commit");
    let mut text = journal(dir.path());
    // The first record is broken; the second is not.
    text[4096 + 200] ^= 1;
    let copy = after_power_loss(dir.path(), &text, |_| None);
    let again = store(copy.path());
    again.start_journal(false);
    assert_eq!(ids(&again), HashSet::from(["6AMIXR00000003".to_string()]));
    again.stop_journal();
    first.stop_journal();
}

#[test]
fn many_threads_and_segments() {
    let dir = tempfile::tempdir().expect("directory");
    let store = store(dir.path());
    store.start_journal(true);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                for n in 0..400 {
                    let e = message(&format!("6AMIXR{thread:02}{n:06}"), SIZE);
                    store.commit(&e).expect("commit");
                    if n % 5 == 0 {
                        store.release(&e.id);
                    } else {
                        store.remove(&e).expect("remove");
                    }
                }
            });
        }
    });
    assert_eq!(ids(&store).len(), 8 * 80);
    all_whole(&store);
    store.stop_journal();
}

/// The process that is killed. Without its variable it does nothing.
#[test]
fn child_at_work() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = store(directory.as_ref());
    store.start_journal(true);
    let mut out = std::io::stdout();
    for n in 0..100_000u32 {
        let e = message(&format!("6AMIXR{n:06}{:06}", std::process::id()), SIZE);
        store.commit(&e).expect("commit");
        writeln!(out, "250 {}", e.id).expect("pipe");
        if n % 2 == 0 {
            writeln!(out, "removing {}", e.id).expect("pipe");
            store.remove(&e).expect("remove");
            writeln!(out, "removed {}", e.id).expect("pipe");
        } else if n % 3 == 0 {
            store.release(&e.id);
        }
    }
}

#[test]
fn a_killed_process_loses_nothing_and_repeats_nothing() {
    let dir = tempfile::tempdir().expect("directory");
    let (mut acknowledged, mut removing, mut removed) = (HashSet::new(), HashSet::new(), HashSet::new());
    for round in 0..8u64 {
        let mut child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "journal::child_at_work", "--nocapture", "--test-threads=1"])
            .env(DIRECTORY, dir.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("child");
        std::thread::sleep(Duration::from_millis(150 + round * 11));
        child.kill().expect("kill");
        let said = BufReader::new(child.stdout.take().expect("pipe"));
        for line in said.lines().map_while(Result::ok) {
            if let Some((_, id)) = line.split_once("250 ") {
                acknowledged.insert(id.to_string());
            } else if let Some(id) = line.strip_prefix("removing ") {
                removing.insert(id.to_string());
            } else if let Some(id) = line.strip_prefix("removed ") {
                removed.insert(id.to_string());
            }
        }
        child.wait().expect("wait");
    }
    assert!(acknowledged.len() > 20, "the children got to work");
    let store = store(dir.path());
    store.recover();
    let found = ids(&store);
    all_whole(&store);
    for id in acknowledged.difference(&removing) {
        assert!(found.contains(id), "{id} is lost");
    }
    for id in &removed {
        assert!(!found.contains(id), "{id} came back");
    }
}

#[test]
fn it_is_synced_before_the_answer() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    let dir = tempfile::tempdir().expect("directory");
    let (trace, queue) = (dir.path().join("trace"), dir.path().join("queue"));
    std::fs::create_dir(&queue).expect("mkdir");
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-y", "-e", "trace=openat,pwrite64,fsync,fdatasync,renameat,unlinkat", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "journal::child_commits_once", "--test-threads=1"])
        .env("POSTRIDER_TEST_JOURNAL_ORDER", &queue)
        .output()
        .expect("strace");
    assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
    let text = std::fs::read_to_string(&trace).expect("trace");
    let steps: Vec<&str> = text.lines().skip_while(|l| !l.contains("/begin")).filter_map(step).collect();
    let wanted = ["begin", "write journal", "write journal", "sync journal", "250", "write journal", "end"];
    assert_eq!(steps.get(..wanted.len()), Some(&wanted[..]));
    assert!(!steps.contains(&"file"));
}

/// The process that is traced.
#[test]
fn child_commits_once() {
    let Some(directory) = std::env::var_os("POSTRIDER_TEST_JOURNAL_ORDER") else { return };
    let store = store(directory.as_ref());
    store.start_journal(true);
    let e = message("6AMIXR00004517", SIZE);
    // Marks for the tracer.
    let _ = std::fs::File::open("/begin");
    store.commit(&e).expect("commit");
    let _ = std::fs::File::open("/250 ok");
    store.remove(&e).expect("remove");
    let _ = std::fs::File::open("/end");
    store.stop_journal();
}

fn step(line: &str) -> Option<&'static str> {
    let has = |word: &str| line.contains(word);
    Some(match () {
        () if has("\"/begin\"") => "begin",
        () if has("\"/250 ok\"") => "250",
        () if has("\"/end\"") => "end",
        () if has("pwrite64") && has("/.journal>") => "write journal",
        () if has("fdatasync") && has("/.journal>") => "sync journal",
        () if has("O_CREAT") && (has("\"df") || has("\"tf")) => "file",
        () => return None,
    })
}
