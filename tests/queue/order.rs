//! The order of system calls in a commit: data and sync, control file and sync, rename, sync of the directory, and only then
//! the answer.

use super::{message, store};
use postrider::queue::store::Store;
use std::process::Command;

const DIRECTORY: &str = "POSTRIDER_TEST_ORDER";

/// The process that is traced.
#[test]
fn child_commits_once() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = store(directory.as_ref());
    let e = message("6AMIXR00004517", 3000);
    store.commit(&e).expect("commit");
    // The acknowledgement, as the tracer sees it.
    let _ = std::fs::File::open("/250 ok");
    store.remove(&e).expect("remove");
}

#[test]
fn commits_are_durable_before_they_are_acknowledged() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    let dir = tempfile::tempdir().expect("directory");
    let trace = dir.path().join("trace");
    let queue = dir.path().join("queue");
    std::fs::create_dir(&queue).expect("mkdir");
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-y", "-e", "trace=openat,fsync,fdatasync,renameat,renameat2,unlinkat", "-o"])
        .arg(&trace)
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "order::child_commits_once", "--test-threads=1"])
        .env(DIRECTORY, &queue)
        .output()
        .expect("strace");
    assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
    let text = std::fs::read_to_string(&trace).expect("trace");
    let steps: Vec<&str> = text.lines().filter_map(step).collect();
    assert_eq!(
        steps,
        [
            "create df",
            "sync df",
            "create tf",
            "sync tf",
            "rename tf qf",
            "sync directory",
            "250",
            "unlink qf",
            "unlink df"
        ]
    );
}

/// What a line of the trace means.
fn step(line: &str) -> Option<&'static str> {
    let has = |word: &str| line.contains(word);
    let id = "6AMIXR00004517";
    let names = |prefix: &str| line.contains(&format!("\"{prefix}{id}\"")) || line.contains(&format!("/{prefix}{id}>"));
    let sync = has("fsync(") || has("fdatasync(");
    Some(match () {
        () if has("openat") && has("/250 ok") => "250",
        () if has("openat") && has("O_CREAT") && names("df") => "create df",
        () if has("openat") && has("O_CREAT") && names("tf") => "create tf",
        () if sync && names("df") => "sync df",
        () if sync && names("tf") => "sync tf",
        () if has("renameat") && names("tf") && names("qf") => "rename tf qf",
        () if sync && has("/queue>") => "sync directory",
        () if has("unlinkat") && names("qf") => "unlink qf",
        () if has("unlinkat") && names("df") => "unlink df",
        () => return None,
    })
}
