//! The alias database in use: the sources of `AliasFile`, asked in order.
//!
//! A source is a map like those of `K` lines. One whose table was never made is read as text into memory, and again when the
//! text changes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::rebuild::{Name, read};
use super::source::Source;
use super::{Aliases, source};
use crate::cf::{Macros, MapDef};
use crate::map::{MapEnv, MapSet, Problem, Stamp};
use crate::rewrite::service::{Lookup, Maps};

/// Understands the name on the left of an alias, from any thread.
pub type Understand = dyn Fn(&[u8]) -> Name + Send + Sync;

/// The aliases of a text, with the state of the file that they come from.
type Loaded = (Stamp, Arc<HashMap<Vec<u8>, Vec<u8>>>);

/// A source that is text because it has no table.
struct Text {
    path: PathBuf,
    told: AtomicBool,
    loaded: Mutex<Option<Loaded>>,
}

impl Text {
    fn new(source: &Source) -> Text {
        use std::os::unix::ffi::OsStrExt;
        Text {
            path: PathBuf::from(std::ffi::OsStr::from_bytes(&source.file)),
            told: AtomicBool::new(false),
            loaded: Mutex::new(None),
        }
    }

    fn lookup(&self, name: &[u8], understand: &Understand, notice: &dyn Fn(&str)) -> Lookup {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = match Stamp::of(&self.path) {
            Ok(stamp) => Some(stamp),
            // Editors take a file away for a moment: what was read still answers.
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => None,
            Err(e) => return Lookup::TempFail(format!("{}: {e}", self.path.display())),
        };
        let fits = |(known, _): &&Loaded| stamp.as_ref().is_none_or(|stamp| stamp == known);
        let current = loaded.as_ref().filter(fits).map(|(_, table)| Arc::clone(table));
        let table = match (current, stamp) {
            (Some(table), _) => table,
            (None, None) => return Lookup::NotFound,
            (None, Some(stamp)) => match std::fs::read(&self.path) {
                Ok(text) => {
                    if !self.told.swap(true, Ordering::Relaxed) {
                        let file = self.path.display();
                        notice(&format!("WARNING: cannot open alias database {file}; reading text version"));
                    }
                    let all = read(&text, false, &mut |name| understand(name));
                    let table = Arc::new(all.pairs.into_iter().collect());
                    *loaded = Some((stamp, Arc::clone(&table)));
                    table
                }
                Err(e) => return Lookup::TempFail(format!("{}: {e}", self.path.display())),
            },
        };
        table.get(name).map_or(Lookup::NotFound, |value| Lookup::Found(value.clone()))
    }
}

/// The alias database.
pub struct AliasDb {
    /// Maps called `alias0`, `alias1`, ...
    maps: MapSet,
    sources: Vec<(Source, String, Text)>,
    understand: Box<Understand>,
    notice: crate::map::standard::Notice,
}

impl AliasDb {
    /// Opens the sources of all `values` of `AliasFile`. `understand` reads names in sources that are text.
    pub fn open(values: &[&[u8]], env: MapEnv, understand: Box<Understand>) -> (AliasDb, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut definitions = Vec::new();
        let mut sources = Vec::new();
        for source in values.iter().flat_map(|v| source::parse(v)) {
            if !source.is_known() {
                let text = format!("setalias: unknown alias class {}", source.class);
                problems.push(Problem { file: String::new(), line: 0, text });
                continue;
            }
            let name = format!("alias{}", sources.len());
            definitions.push(MapDef {
                name: name.clone(),
                class: source.class.clone(),
                args: source.args.clone(),
                file: String::new(),
                line: 0,
            });
            let text = Text::new(&source);
            sources.push((source, name, text));
        }
        let notice = Arc::clone(&env.notice);
        let (maps, more) = MapSet::open(&definitions, env);
        problems.extend(more);
        (AliasDb { maps, sources, understand, notice }, problems)
    }

    /// The sources.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter().map(|(source, ..)| source)
    }

    fn ask(&self, source: &Source, map: &str, text: &Text, key: &[u8]) -> Lookup {
        if source.is_rebuilt() {
            let suffixes: &[&str] = match source.class.as_str() {
                "cdb" => &[".cdb"],
                "implicit" => &[".db", ".cdb"],
                _ => &[".db"],
            };
            let made = suffixes.iter().any(|suffix| {
                let mut table = text.path.clone().into_os_string();
                table.push(suffix);
                PathBuf::from(table).exists()
            });
            if !made {
                return text.lookup(key, &*self.understand, &*self.notice);
            }
        }
        self.maps.lookup(map, key, &[], &mut Macros::new())
    }
}

impl Aliases for AliasDb {
    fn lookup(&self, name: &[u8]) -> Lookup {
        if self.sources.is_empty() {
            return Lookup::NoSuchMap;
        }
        let key = name.to_ascii_lowercase();
        for (source, map, text) in &self.sources {
            match self.ask(source, map, text, &key) {
                Lookup::NotFound | Lookup::NoSuchMap => {}
                answer => return answer,
            }
        }
        Lookup::NotFound
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alias::rebuild;
    use crate::dns::FakeResolver;
    use crate::user::Passwd;

    fn open(value: &str) -> AliasDb {
        let env = MapEnv::new(Arc::new(FakeResolver::new()), Arc::new(Passwd));
        let understand = Box::new(|name: &[u8]| Name::Local(name.to_vec()));
        let (db, problems) = AliasDb::open(&[value.as_bytes()], env, understand);
        assert_eq!(problems, []);
        db
    }

    #[test]
    fn text_until_there_is_a_table() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (dir.path().join("aliases"), dir.path().join("lists"));
        std::fs::write(&first, "Root: alice\nboth: first%%0\n").unwrap();
        std::fs::write(&second, "both: second\nlist: a, b\n").unwrap();
        let value = format!("{}, hash:-o {}", first.display(), second.display());
        let db = open(&value);
        assert_eq!(db.lookup(b"ROOT"), Lookup::Found(b"alice".to_vec()));
        assert_eq!(db.lookup(b"list"), Lookup::Found(b"a, b".to_vec()));
        let away = dir.path().join("away");
        std::fs::rename(&first, &away).unwrap();
        assert_eq!(db.lookup(b"root"), Lookup::Found(b"alice".to_vec()), "an editor has it");
        std::fs::rename(&away, &first).unwrap();
        for source in source::parse(value.as_bytes()) {
            rebuild::rebuild(&source, None, false, &mut |name| Name::Local(name.to_vec())).unwrap();
        }
        assert_eq!(db.lookup(b"list"), Lookup::Found(b"a, b".to_vec()));
        assert_eq!(db.lookup(b"root"), Lookup::Found(b"alice".to_vec()));
        assert_eq!(db.lookup(b"nobody-here"), Lookup::NotFound);
        std::fs::write(&first, "root: carol\n").unwrap();
        assert_eq!(db.lookup(b"root"), Lookup::Found(b"alice".to_vec()));
        assert_eq!(open("").lookup(b"root"), Lookup::NoSuchMap);
    }
}
