//! newaliases: from the text of an alias file to its table file.
//!
//! Keys are the local names as rule sets see them, in lower case; every key and value ends with NUL, and the pair `@` tells readers that
//! the table is complete.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;

use super::source::Source;
use super::text::{Entry, Fault, entries};
use crate::db::{Kind, Pair};
use crate::map::replace::{self, Refused};

/// A name on the left of an alias file, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Name {
    /// The local user that it stands for.
    Local(Vec<u8>),
    /// Not a local name, or none at all: what to say before that.
    Foreign(Vec<Vec<u8>>),
}

/// Understands the name on the left of an alias; rule sets decide.
pub type Understand<'a> = dyn FnMut(&[u8]) -> Name + 'a;

/// What a text holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Aliases {
    /// Names and values; a later one of the same name has replaced an earlier one.
    pub pairs: Vec<Pair>,
    /// How many lines were taken.
    pub count: usize,
    /// The longest value.
    pub longest: usize,
    /// All names and values together.
    pub bytes: usize,
    /// What is wrong with lines: the number of the line, and the text.
    pub faults: Vec<(usize, Vec<u8>)>,
    /// Lines were left out because of that.
    pub failed: bool,
}

impl Aliases {
    /// The summary that newaliases prints and logs, without the file's name.
    pub fn summary(&self) -> String {
        format!("{} aliases, longest {} bytes, {} bytes total", self.count, self.longest, self.bytes)
    }
}

/// Reads the text of an alias file. `keep_case`: names are not folded; `merge`: several values of one name are joined.
pub fn read(text: &[u8], merge: bool, understand: &mut Understand<'_>) -> Aliases {
    let mut all = Aliases::default();
    let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
    for entry in entries(text) {
        let (last, name, value) = match entry {
            Entry::Alias { last, name, value, .. } => (last, name, value),
            Entry::Fault { last, text, what, .. } => {
                let shown = match what {
                    Fault::NotAContinuation | Fault::NoName => what.as_str().as_bytes().to_vec(),
                    Fault::BadName => [&text, &b"... "[..], what.as_str().as_bytes()].concat(),
                    Fault::NoValue => [&text, &b":... "[..], what.as_str().as_bytes()].concat(),
                };
                all.faults.push((last, shown));
                all.failed = true;
                continue;
            }
        };
        let key = match understand(&name) {
            Name::Local(user) => user.to_ascii_lowercase(),
            Name::Foreign(said) => {
                all.faults.extend(said.into_iter().map(|text| (last, text)));
                all.faults.push((last, [&name, &b"... cannot alias non-local names"[..]].concat()));
                all.failed = true;
                continue;
            }
        };
        all.count += 1;
        all.longest = all.longest.max(value.len());
        all.bytes += key.len() + value.len();
        match places.get(&key).and_then(|at| all.pairs.get_mut(*at)) {
            Some(pair) if merge => pair.1 = [&value, &b","[..], &pair.1].concat(),
            Some(pair) => {
                let text = [&name, &b"... Warning: duplicate alias name "[..], &key].concat();
                all.faults.push((last, text));
                pair.1 = value;
            }
            None => {
                places.insert(key.clone(), all.pairs.len());
                all.pairs.push((key, value));
            }
        }
    }
    all
}

/// Why a source could not be rebuilt.
#[derive(Debug)]
pub enum Unable {
    /// The text cannot be read.
    Text(io::Error),
    /// The table file cannot be made.
    Table(PathBuf, Refused),
}

/// The file of the table that is made for `source`.
pub fn table_file(source: &Source) -> (PathBuf, Kind) {
    use std::os::unix::ffi::OsStrExt;
    let (kind, suffix) = match source.class.as_str() {
        "btree" => (Kind::Btree, &b".db"[..]),
        "cdb" => (Kind::Cdb, &b".cdb"[..]),
        _ => (Kind::Hash, &b".db"[..]),
    };
    (PathBuf::from(std::ffi::OsStr::from_bytes(&[source.file.as_slice(), suffix].concat())), kind)
}

/// Rebuilds the table of `source` from its text; `owner` is the table's owner from now on, `links` lets it be a symbolic link.
pub fn rebuild(
    source: &Source,
    owner: Option<u32>,
    links: bool,
    understand: &mut Understand<'_>,
) -> Result<Aliases, Unable> {
    use std::os::unix::ffi::OsStrExt;
    let path = PathBuf::from(std::ffi::OsStr::from_bytes(&source.file));
    let (table, kind) = table_file(source);
    // The lock comes first: of two at work the later one must have read the later text.
    let text = std::fs::metadata(&path).map_err(Unable::Text)?;
    let held = replace::hold(&table, links).map_err(|why| Unable::Table(table.clone(), why))?;
    let mut bytes = Vec::with_capacity(usize::try_from(text.len()).unwrap_or(0).min(1 << 26));
    std::fs::File::open(&path)
        .and_then(|mut file| io::Read::read_to_end(&mut file, &mut bytes))
        .map_err(Unable::Text)?;
    let flag = |letter: u8| {
        let words = source.args.split(u8::is_ascii_whitespace);
        words
            .filter_map(|w| w.strip_prefix(b"-"))
            .any(|w| w.first().is_some_and(u8::is_ascii_alphabetic) && w.contains(&letter))
    };
    let all = read(&bytes, flag(b'A'), understand);
    let nul = if flag(b'O') { &b""[..] } else { b"\0" };
    let mut pairs: Vec<Pair> = all.pairs.iter().map(|(k, v)| ([k, nul].concat(), [v, nul].concat())).collect();
    pairs.push(([b"@", nul].concat(), [b"@", nul].concat()));
    held.replace(kind, &pairs, false, owner).map_err(|e| Unable::Table(table, e.into()))?;
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simple(name: &[u8]) -> Name {
        if name.starts_with(b"|") { Name::Foreign(Vec::new()) } else { Name::Local(name.to_vec()) }
    }

    fn faults(all: &Aliases) -> Vec<String> {
        all.faults.iter().map(|(n, t)| format!("line {n}: {}", String::from_utf8_lossy(t))).collect()
    }

    #[test]
    fn counts_are_the_originals() {
        let text =
            b"root: alice\npostmaster: root\n# c\nlist: \"|/bin/x y\", alice,\n  bob@example.com\nList2: :include:/x\n";
        let all = read(text, false, &mut simple);
        assert_eq!(all.summary(), "4 aliases, longest 36 bytes, 79 bytes total");
        let text = b"a: b\nbad line\n: x\nc:\nd: e\nd: f\n g\n\tcont: h\nself: self\n|prog: x\n";
        let all = read(text, false, &mut simple);
        assert_eq!(
            faults(&all),
            [
                "line 2: missing colon",
                "line 3: : x... illegal alias name",
                "line 4: c:... missing value for alias",
                "line 8: d... Warning: duplicate alias name d",
                "line 10: |prog... cannot alias non-local names",
            ]
        );
        assert!(all.failed);
        assert_eq!(all.summary(), "4 aliases, longest 11 bytes, 24 bytes total");
        assert!(!read(b"D: e\nd: f\n", false, &mut simple).failed);
    }

    #[test]
    fn values_merge() {
        let all = read(b"d: e\nd: f\nd: g\n", true, &mut simple);
        assert_eq!(all.pairs, [(b"d".to_vec(), b"g,f,e".to_vec())]);
        assert_eq!(all.count, 3);
    }
}
