//! Power loss: only what was synced counts. A child's system calls are recorded, and from the record every state is built that
//! a disk may have after a crash at any call: data of a file only as it was at its last fsync, or all of it; names as they were at
//! the last fsync of their directory, or with any number of the later changes in their order, as journaling file systems
//! keep them. From each such state whatever was acknowledged has to come back whole.

use super::{is_whole, message, store};
use postrider::queue::Selection;
use postrider::queue::store::Store;
use postrider::text::Line;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;
use std::process::Command;

const DIRECTORY: &str = "POSTRIDER_TEST_POWER";
const SIZE: usize = 300;

fn id(n: usize) -> String {
    format!("6AMIXR{n:02}004517")
}

/// The process that is traced.
#[test]
fn child_at_work() {
    let Some(directory) = std::env::var_os(DIRECTORY) else { return };
    let store = store(directory.as_ref());
    // What was said to the world, as the tracer sees it.
    let say = |what: &str, id: &str| drop(std::fs::File::open(format!("/{what} {id}")));
    for n in 0..6 {
        let mut e = message(&id(n), SIZE);
        store.commit(&e).expect("commit");
        say("250", &id(n));
        e.attempts = 1;
        e.message = Some(Line::cleaned(b"Deferred"));
        if n % 2 == 0 {
            store.update(&e).expect("update");
        }
        if n == 4 {
            e.quarantine = Some(Line::cleaned(b"because"));
            store.update(&e).expect("quarantine");
        }
        if n % 3 == 0 {
            say("removing", &id(n));
            store.remove(&e).expect("remove");
        } else {
            store.release(&e.id);
        }
    }
}

/// One thing that happened.
enum Event {
    Said(String),
    Removing(String),
    /// A name appeared (with its file), or vanished.
    Name(String, Option<usize>),
    /// A rename: the file leaves one name and takes another, at once.
    Rename(String, String),
    Write(usize, Vec<u8>),
    SyncFile(usize),
    SyncDirectory(String),
}

#[test]
fn what_was_acknowledged_survives_power_loss() {
    if Command::new("strace").arg("-V").output().is_err() {
        eprintln!("SKIPPED: strace is not installed");
        return;
    }
    for subdirectories in [&[][..], &["qf", "df"][..]] {
        let dir = tempfile::tempdir().expect("directory");
        let queue = dir.path().join("queue");
        for name in [""].iter().chain(subdirectories) {
            std::fs::create_dir(queue.join(name)).expect("mkdir");
        }
        let events = record(dir.path(), &queue);
        let said = events.iter().filter(|e| matches!(e, Event::Said(_))).count();
        assert_eq!(said, 6, "the record has everything");
        let mut states = 0;
        let mut seen = HashSet::new();
        for crash in 0..=events.len() {
            let first = events[..crash].iter().rposition(|e| matches!(e, Event::SyncDirectory(_))).unwrap_or(0);
            for names_until in first..=crash {
                for all_data in [false, true] {
                    let disk = disk_after(&events[..crash], names_until, all_data);
                    let acknowledged = acknowledged(&events[..crash]);
                    if seen.insert((disk.clone(), acknowledged.clone())) {
                        check(&disk, &acknowledged, subdirectories, crash);
                        states += 1;
                    }
                }
            }
        }
        assert!(states > 40, "{states} different states");
    }
}

/// Messages that must be there, and those that may be gone.
fn acknowledged(events: &[Event]) -> BTreeSet<String> {
    let mut set = BTreeSet::new();
    for event in events {
        match event {
            Event::Said(id) => set.insert(id.clone()),
            Event::Removing(id) => set.remove(id),
            _ => false,
        };
    }
    set
}

/// The files after a crash, by their paths below the queue.
fn disk_after(events: &[Event], names_until: usize, all_data: bool) -> BTreeMap<String, Vec<u8>> {
    let last_sync = |name: &str| {
        let directory = name.rsplit_once('/').map_or("", |(d, _)| d);
        events.iter().rposition(|e| matches!(e, Event::SyncDirectory(d) if d == directory)).unwrap_or(0)
    };
    let mut written: HashMap<usize, Vec<u8>> = HashMap::new();
    let mut durable: HashMap<usize, Vec<u8>> = HashMap::new();
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (n, event) in events.iter().enumerate() {
        match event {
            Event::Write(file, data) => written.entry(*file).or_default().extend_from_slice(data),
            Event::SyncFile(file) => {
                durable.insert(*file, written.get(file).cloned().unwrap_or_default());
            }
            Event::Name(name, file) if n <= names_until || n < last_sync(name) => match file {
                Some(file) => drop(names.insert(name.clone(), *file)),
                None => drop(names.remove(name)),
            },
            Event::Rename(from, to) if n <= names_until || n < last_sync(to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
            _ => {}
        }
    }
    let data = if all_data { written } else { durable };
    names.into_iter().map(|(name, file)| (name, data.get(&file).cloned().unwrap_or_default())).collect()
}

/// Opens the queue that the crash left.
fn check(disk: &BTreeMap<String, Vec<u8>>, acknowledged: &BTreeSet<String>, subdirectories: &[&str], crash: usize) {
    let dir = tempfile::tempdir().expect("directory");
    for name in subdirectories {
        std::fs::create_dir(dir.path().join(name)).expect("mkdir");
    }
    for (name, data) in disk {
        let path = dir.path().join(name);
        std::fs::write(&path, data).expect("write");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("chmod");
    }
    let store = store(dir.path());
    let mut found = BTreeSet::new();
    for quarantined in [false, true] {
        for id in store.list(&Selection { quarantined, ..Selection::default() }).expect("list") {
            if let Some(held) = store.take(&id).expect("take") {
                assert!(is_whole(&held.envelope, SIZE), "{id} is broken after a crash at {crash}: {:?}", disk.keys());
                found.insert(id.to_string());
            }
        }
    }
    let lost: Vec<_> = acknowledged.difference(&found).collect();
    assert!(lost.is_empty(), "{lost:?} lost by a crash at {crash}: {:?}", disk.keys());
}

/// Runs the child under strace and reads the record.
fn record(scratch: &Path, queue: &Path) -> Vec<Event> {
    let trace = scratch.join("trace");
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-s", "100000", "-e"])
        .arg("trace=openat,close,write,writev,pwrite64,fsync,fdatasync,renameat,renameat2,unlinkat,linkat,ftruncate")
        .arg("-o")
        .arg(&trace)
        .arg(std::env::current_exe().expect("this test"))
        .args(["--exact", "power::child_at_work", "--test-threads=1"])
        .env(DIRECTORY, queue)
        .output()
        .expect("strace");
    assert!(traced.status.success(), "{}", String::from_utf8_lossy(&traced.stderr));
    let text = String::from_utf8_lossy(&std::fs::read(&trace).expect("trace")).into_owned();
    let mut reader = Reader { queue: queue.display().to_string(), ..Reader::default() };
    text.lines().for_each(|line| reader.line(line));
    reader.events
}

/// Follows descriptors through the record.
#[derive(Default)]
struct Reader {
    queue: String,
    events: Vec<Event>,
    /// Directories below the queue by descriptor; the queue itself is the empty name.
    directories: HashMap<i64, String>,
    files: HashMap<i64, usize>,
    count: usize,
}

impl Reader {
    fn line(&mut self, line: &str) {
        let call = line.split_once(' ').map_or(line, |(_, call)| call.trim_start());
        let (Some((name, rest)), Some((_, result))) = (call.split_once('('), call.rsplit_once(" = ")) else { return };
        assert!(!rest.contains("<unfinished"), "the child has one thread at work");
        let Ok(result) = result.split(' ').next().unwrap_or_default().parse::<i64>() else { return };
        if result < 0 && !rest.contains("\"/250 ") && !rest.contains("\"/removing ") {
            return;
        }
        let number = |n: usize| rest.split(", ").nth(n).and_then(|a| a.trim_end_matches(')').parse::<i64>().ok());
        let first = rest.split([',', ')']).next().and_then(|a| a.parse::<i64>().ok());
        let strings = strings(rest);
        let string = |n: usize| strings.get(n).map(|s| String::from_utf8_lossy(s).into_owned()).unwrap_or_default();
        match name {
            "openat" => self.open(first, &string(0), rest.contains("O_CREAT"), result),
            "close" => {
                first.map(|fd| (self.directories.remove(&fd), self.files.remove(&fd)));
            }
            "write" | "writev" | "pwrite64" => {
                if let Some(file) = first.and_then(|fd| self.files.get(&fd)) {
                    self.events.push(Event::Write(*file, strings.concat()));
                }
            }
            "fsync" | "fdatasync" => {
                let fd = first.unwrap_or(-1);
                if let Some(file) = self.files.get(&fd) {
                    self.events.push(Event::SyncFile(*file));
                } else if let Some(directory) = self.directories.get(&fd) {
                    self.events.push(Event::SyncDirectory(directory.clone()));
                }
            }
            "renameat" | "renameat2" => {
                if let Some(from) = self.below(first, &string(0)) {
                    let to = self.below(number(2), &string(1)).expect("within the queue");
                    self.events.push(Event::Rename(from, to));
                }
            }
            "unlinkat" => {
                if let Some(name) = self.below(first, &string(0)) {
                    self.events.push(Event::Name(name, None));
                }
            }
            other => assert!(first.and_then(|fd| self.files.get(&fd)).is_none(), "{other} is not in the model"),
        }
    }

    /// A name in a directory of the queue.
    fn below(&self, directory: Option<i64>, name: &str) -> Option<String> {
        let directory = self.directories.get(&directory?)?;
        Some(if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") })
    }

    fn open(&mut self, directory: Option<i64>, name: &str, create: bool, fd: i64) {
        if let Some(id) = name.strip_prefix("/250 ") {
            self.events.push(Event::Said(id.to_owned()));
        } else if let Some(id) = name.strip_prefix("/removing ") {
            self.events.push(Event::Removing(id.to_owned()));
        } else if name == self.queue {
            self.directories.insert(fd, String::new());
        } else if let Some(path) = self.below(directory, name) {
            if create {
                self.count += 1;
                self.files.insert(fd, self.count);
                self.events.push(Event::Name(path, Some(self.count)));
            } else if matches!(name, "qf" | "df" | "xf") {
                self.directories.insert(fd, path);
            }
        }
    }
}

/// The strings of a call, as strace quotes them.
fn strings(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut bytes = text.bytes().peekable();
    while bytes.any(|b| b == b'"') {
        let mut string = Vec::new();
        while let Some(b) = bytes.next().filter(|b| *b != b'"') {
            if b != b'\\' {
                string.push(b);
                continue;
            }
            match bytes.next().unwrap_or(b'\\') {
                b'n' => string.push(b'\n'),
                b't' => string.push(b'\t'),
                b'r' => string.push(b'\r'),
                b'f' => string.push(12),
                b'v' => string.push(11),
                digit @ b'0'..=b'7' => {
                    let mut value = u32::from(digit - b'0');
                    for _ in 0..2 {
                        if let Some(next) = bytes.next_if(|b| (b'0'..=b'7').contains(b)) {
                            value = value * 8 + u32::from(next - b'0');
                        }
                    }
                    string.push(value as u8);
                }
                other => string.push(other),
            }
        }
        found.push(string);
    }
    found
}
