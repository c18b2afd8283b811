//! Table files against Berkeley DB's own tools, and against damage.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use postrider::db::{Kind, Table, write_btree, write_cdb, write_hash};

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn tools() -> bool {
    let there = Command::new("db5.3_verify").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !there {
        eprintln!("SKIPPED: db5.3_verify, db5.3_load and db5.3_dump are not installed (package db5.3-util)");
    }
    there
}

fn write(path: &Path, kind: Kind, pairs: &Pairs, duplicates: bool) {
    let mut file = File::create(path).unwrap();
    match kind {
        Kind::Hash => write_hash(&mut file, pairs, duplicates).unwrap(),
        Kind::Btree => write_btree(&mut file, pairs, duplicates).unwrap(),
        Kind::Cdb => write_cdb(&mut file, pairs).unwrap(),
    }
}

fn verify(path: &Path) {
    let out = Command::new("db5.3_verify").arg(path).output().unwrap();
    assert!(out.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&out.stderr));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn dump(path: &Path) -> Vec<(String, String)> {
    let out = Command::new("db5.3_dump").arg(path).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    let lines: Vec<&str> = text.lines().filter_map(|l| l.strip_prefix(' ')).collect();
    lines.chunks(2).map(|c| (c[0].to_owned(), c[1].to_owned())).collect()
}

fn load(path: &Path, kind: &str, pairs: &Pairs, extra: &[&str]) {
    let mut text = format!("VERSION=3\nformat=bytevalue\ntype={kind}\n");
    for line in extra {
        text += line;
        text += "\n";
    }
    text += "HEADER=END\n";
    for (k, v) in pairs {
        text += &format!(" {}\n {}\n", hex(k), hex(v));
    }
    text += "DATA=END\n";
    let mut child = Command::new("db5.3_load").arg(path).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// A small generator of numbers, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

fn some_pairs(n: usize, longest: usize) -> Pairs {
    let mut numbers = Numbers(7);
    let mut map = BTreeMap::new();
    for i in 0..n {
        let key = format!("key-{i}-{}", "x".repeat(numbers.below(30)));
        let len = if i % 50 == 3 { numbers.below(longest) } else { numbers.below(40) };
        map.insert(key.into_bytes(), vec![b'a' + (i % 26) as u8; len]);
    }
    map.into_iter().collect()
}

fn sorted(mut pairs: Vec<(String, String)>) -> Vec<(String, String)> {
    pairs.sort();
    pairs
}

fn hexed(pairs: &Pairs) -> Vec<(String, String)> {
    pairs.iter().map(|(k, v)| (hex(k), hex(v))).collect()
}

fn check_read(path: &Path, pairs: &Pairs) {
    let table = Table::open(File::open(path).unwrap(), false).unwrap();
    for (k, v) in pairs {
        assert_eq!(table.get(k).unwrap().as_ref(), Some(v), "{}", k.escape_ascii());
    }
    assert_eq!(table.get(b"no such key").unwrap(), None);
    let mut all = table.pairs().unwrap();
    all.sort();
    assert!(&all == pairs);
}

#[test]
fn our_files_satisfy_berkeley_db() {
    if !tools() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut cases: Vec<Pairs> = [0, 1, 3, 200, 20_000].map(|n| some_pairs(n, 20)).to_vec();
    cases.push(some_pairs(3_000, 30_000));
    // Keys so long that they, and what parts the pages of a btree, need pages of their own.
    cases.push((0..300).map(|i| ([vec![b'k'; 2000], format!("{i:05}").into()].concat(), vec![b'v'; 500])).collect());
    for kind in [Kind::Hash, Kind::Btree] {
        for (i, pairs) in cases.iter().enumerate() {
            let path = dir.path().join(format!("{kind:?}{i}.db"));
            write(&path, kind, pairs, false);
            verify(&path);
            assert!(sorted(dump(&path)) == hexed(pairs), "{kind:?} {i}");
            check_read(&path, pairs);
        }
    }
}

#[test]
fn berkeley_db_can_add_to_our_files() {
    if !tools() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let ours = some_pairs(5_000, 3_000);
    let more: Pairs = (0..9_000).map(|i| (format!("more{i:06}").into_bytes(), vec![b'm'; i % 90])).collect();
    let mut both = [ours.clone(), more.clone()].concat();
    both.sort();
    for (kind, name) in [(Kind::Hash, "hash"), (Kind::Btree, "btree")] {
        let path = dir.path().join(format!("{name}.db"));
        write(&path, kind, &ours, false);
        load(&path, name, &more, &[]);
        verify(&path);
        check_read(&path, &both);
    }
}

#[test]
fn files_of_berkeley_db_are_read() {
    if !tools() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let pairs = some_pairs(10_000, 90_000);
    for kind in ["hash", "btree"] {
        for order in ["1234", "4321"] {
            for page in ["512", "4096", "65536"] {
                let path = dir.path().join(format!("{kind}{order}{page}.db"));
                load(&path, kind, &pairs, &[&format!("db_lorder={order}"), &format!("db_pagesize={page}")]);
                check_read(&path, &pairs);
            }
        }
    }
}

#[test]
fn duplicates_keep_their_order() {
    if !tools() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let mut pairs: Pairs = Vec::new();
    for (key, count) in [("few", 3), ("many", 60), ("crowd", 5_000), ("single", 1)] {
        for i in 0..count {
            pairs.push((key.into(), format!("{key} value {}", count - i).into()));
        }
    }
    pairs.push(("long".into(), vec![b'1'; 5_000]));
    pairs.push(("long".into(), vec![b'2'; 9_000]));
    let of = |all: &Pairs, key: &str| -> Vec<Vec<u8>> {
        all.iter().filter(|p| p.0 == key.as_bytes()).map(|p| p.1.clone()).collect()
    };
    for (kind, name) in [(Kind::Hash, "hash"), (Kind::Btree, "btree")] {
        let ours = dir.path().join(format!("{name}.db"));
        write(&ours, kind, &pairs, true);
        verify(&ours);
        let theirs = dir.path().join(format!("{name}-theirs.db"));
        load(&theirs, name, &pairs, &["duplicates=1"]);
        for path in [&ours, &theirs] {
            let table = Table::open(File::open(path).unwrap(), false).unwrap();
            let all = table.pairs().unwrap();
            assert_eq!(all.len(), pairs.len());
            for key in ["few", "many", "crowd", "single", "long"] {
                assert_eq!(of(&all, key), of(&pairs, key), "{} {key}", path.display());
                assert_eq!(table.get(key.as_bytes()).unwrap().as_ref(), of(&pairs, key).first());
            }
        }
        assert_eq!(sorted(dump(&ours)), sorted(dump(&theirs)));
    }
}

#[test]
fn constant_databases() {
    let dir = tempfile::tempdir().unwrap();
    for n in [0, 1, 5_000] {
        let pairs = some_pairs(n, 5_000);
        let path = dir.path().join(format!("{n}.cdb"));
        write(&path, Kind::Cdb, &pairs, false);
        let table = Table::open(File::open(&path).unwrap(), true).unwrap();
        for (k, v) in &pairs {
            assert_eq!(table.get(k).unwrap().as_ref(), Some(v));
        }
        assert_eq!(table.get(b"none").unwrap(), None);
        assert_eq!(table.pairs().unwrap(), pairs);
    }
}

/// Damaged files give errors or wrong answers, but no panic, and an end.
#[test]
fn damage_is_survived() {
    let dir = tempfile::tempdir().unwrap();
    let mut pairs = some_pairs(400, 9_000);
    for i in 0..300 {
        pairs.push((b"zz-several".to_vec(), format!("v{i}").into()));
    }
    let mut numbers = Numbers(11);
    for kind in [Kind::Hash, Kind::Btree, Kind::Cdb] {
        let path = dir.path().join(format!("{kind:?}"));
        write(&path, kind, &pairs, true);
        let whole = std::fs::read(&path).unwrap();
        for round in 0..1_000 {
            let mut bytes = whole.clone();
            for _ in 0..=numbers.below(6) {
                // Half of the damage goes to heads of pages, where it hurts most.
                let at = match numbers.below(2) {
                    0 => numbers.below(bytes.len() / 4096) * 4096 + numbers.below(160),
                    _ => numbers.below(bytes.len()),
                };
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = match numbers.below(4) {
                        0 => 0,
                        1 => 0xff,
                        _ => numbers.below(256) as u8,
                    };
                }
            }
            if round % 10 == 0 {
                bytes.truncate(numbers.below(bytes.len()));
            }
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            file.rewind().unwrap();
            let Ok(table) = Table::open(file, kind == Kind::Cdb) else { continue };
            let mut steps = 0;
            let _ = table.walk(&mut |_, _| {
                steps += 1;
                steps < 100_000
            });
            for (k, _) in pairs.iter().step_by(37) {
                let _ = table.get(k);
            }
        }
    }
}
