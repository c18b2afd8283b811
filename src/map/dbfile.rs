//! Classes `hash`, `btree`, `cdb` and `implicit`: tables in files that makemap or newaliases made.
//!
//! The file is opened at the first look-up and again whenever its path leads to another file or the file has changed. Writers that
//! change a file in place lock it, so a look-up holds a shared lock; it waits for one only for a while, since any user who may read the
//! file can lock it for ever. An answer is remembered until the file changes, once the file is old enough for a change to show.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::spec::Spec;
use super::{Class, EX_OK, EX_TEMPFAIL, MapEnv, MapSet, Outcome, Query, finish};
use crate::cf::Macros;
use crate::db::{self, Kind, Table};

/// How long a look-up waits for a writer.
const LOCK_WAIT: Duration = Duration::from_secs(30);
/// How soon a table that could not be opened is tried again.
const RETRY: Duration = Duration::from_secs(5);
/// A file is not looked at again before this time is over: one message asks each table many times.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Which formats the class takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Berkeley DB hash.
    Hash,
    /// Berkeley DB btree.
    Btree,
    /// Constant database.
    Cdb,
    /// Whichever is there.
    Any,
}

impl Format {
    fn class(self) -> &'static str {
        match self {
            Format::Hash => "hash",
            Format::Btree => "btree",
            Format::Cdb => "cdb",
            Format::Any => "implicit",
        }
    }

    /// The files that are tried, with whether each is a constant database.
    pub fn candidates(self, base: &Path) -> Vec<(PathBuf, bool)> {
        let with = |suffix: &str| {
            let name = base.as_os_str();
            // A name that already ends so is taken as it is.
            if name.as_encoded_bytes().ends_with(suffix.as_bytes()) {
                return base.to_path_buf();
            }
            let mut name = name.to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        match self {
            Format::Hash | Format::Btree => vec![(with(".db"), false)],
            Format::Cdb => vec![(with(".cdb"), true)],
            Format::Any => vec![(with(".db"), false), (with(".cdb"), true)],
        }
    }
}

/// What tells one state of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

impl Stamp {
    /// The stamp of the file at `path`.
    pub fn of(path: &Path) -> io::Result<Stamp> {
        std::fs::metadata(path).map(|m| Stamp::from(&m))
    }

    /// Whether a change from now on shows in the stamp: file times are coarse.
    fn is_settled(&self) -> bool {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.is_ok_and(|now| i64::try_from(now.as_secs()).is_ok_and(|now| self.modified.0 + 2 < now))
    }
}

impl From<&std::fs::Metadata> for Stamp {
    fn from(m: &std::fs::Metadata) -> Stamp {
        Stamp { device: m.dev(), inode: m.ino(), size: m.size(), modified: (m.mtime(), m.mtime_nsec()) }
    }
}

enum State {
    Closed,
    Open { table: Box<Table>, path: PathBuf, stamp: Stamp, looked: Instant, known: Known },
    Missing,
    Failed { at: Instant },
}

/// Answers that the table gave since it was opened: rules ask the same few questions about every message.
#[derive(Default)]
struct Known {
    answers: HashMap<Vec<u8>, Option<Vec<u8>>>,
    octets: usize,
}

/// How much [`Known`] keeps before it begins anew.
const MAX_KNOWN: usize = 1 << 20;
/// What an answer costs besides its text.
const ANSWER: usize = 96;

impl Known {
    fn keep(&mut self, key: Vec<u8>, answer: Option<Vec<u8>>) {
        let octets = ANSWER + key.len() + answer.as_ref().map_or(0, Vec::len);
        if self.octets + octets > MAX_KNOWN {
            *self = Known::default();
        }
        if octets <= MAX_KNOWN {
            self.octets += octets;
            self.answers.insert(key, answer);
        }
    }
}

/// A table in a file.
pub struct DbFile {
    spec: Spec,
    format: Format,
    state: Mutex<State>,
    /// Whether keys with (bit 1) and without (bit 0) a final NUL are tried.
    nul: AtomicU8,
}

/// Locks `file` for reading, waiting for a writer up to [`LOCK_WAIT`].
pub(super) fn lock_shared(file: &File) -> io::Result<()> {
    let deadline = Instant::now() + LOCK_WAIT;
    loop {
        match file.try_lock_shared() {
            Ok(()) => return Ok(()),
            Err(std::fs::TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(20));
            }
            Err(std::fs::TryLockError::WouldBlock) => return Err(io::ErrorKind::TimedOut.into()),
            Err(std::fs::TryLockError::Error(e)) => return Err(e),
        }
    }
}

/// Opens a table under a shared lock, which is released again.
fn open_table(path: &Path, cdb: bool) -> Result<(Table, Stamp), db::Error> {
    let file = File::open(path)?;
    lock_shared(&file)?;
    let stamp = Stamp::from(&file.metadata()?);
    let table = Table::open(file, cdb)?;
    table.file().unlock()?;
    Ok((table, stamp))
}

/// The system's words for an error, without the number that Rust adds.
pub(super) fn reason(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => nix::errno::Errno::from_raw(code).desc().to_owned(),
        None => error.to_string(),
    }
}

impl DbFile {
    pub(super) fn new(spec: &Spec, format: Format) -> DbFile {
        let nul = match (spec.with_nul, spec.without_nul) {
            (false, false) => 3,
            (true, false) => 2,
            (false, true) => 1,
            (true, true) => 0,
        };
        DbFile { spec: spec.clone(), format, state: Mutex::new(State::Closed), nul: AtomicU8::new(nul) }
    }

    fn base(&self) -> PathBuf {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(&self.spec.rest))
    }

    /// The state. A look-up that died inside must not be the end of the map: it left nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the state that fits the file as it is now.
    fn refresh(&self, state: &mut State, env: &MapEnv) {
        match state {
            State::Open { looked, .. } if looked.elapsed() < LOOK_AGAIN => return,
            State::Open { path, stamp, looked, .. } => {
                *looked = Instant::now();
                match Stamp::of(path) {
                    Ok(now) if now == *stamp => return,
                    Ok(_) => {}
                    // The file is gone for a moment, or for good: what is open still answers.
                    Err(_) => return,
                }
            }
            State::Failed { at } if at.elapsed() < RETRY => return,
            _ => {}
        }
        let first_time = matches!(state, State::Closed);
        let candidates = self.format.candidates(&self.base());
        let found = candidates.iter().find(|(path, _)| path.exists());
        let Some((path, cdb)) = found else {
            if self.spec.optional {
                *state = State::Missing;
                return;
            }
            if let (true, Some((path, _))) = (first_time && self.format != Format::Any, candidates.first()) {
                let why = std::fs::metadata(path).err().map(|e| reason(&e)).unwrap_or_default();
                (env.notice)(&format!(
                    "{} map \"{}\": missing map file {}: {why}",
                    self.format.class(),
                    self.spec.name,
                    path.display()
                ));
            }
            *state = State::Failed { at: Instant::now() };
            return;
        };
        if let Some(why) = (env.unsafe_file)(path) {
            if first_time {
                (env.notice)(&format!(
                    "{} map \"{}\": unsafe map file {}: {why}",
                    self.format.class(),
                    self.spec.name,
                    path.display()
                ));
            }
            *state = State::Failed { at: Instant::now() };
            return;
        }
        let opened = open_table(path, *cdb).and_then(|(table, stamp)| match (self.format, table.kind()) {
            (Format::Hash, Kind::Btree) | (Format::Btree, Kind::Hash) => {
                Err(db::Error::Io(io::Error::from_raw_os_error(nix::libc::EINVAL)))
            }
            _ => Ok((table, stamp)),
        });
        match opened {
            Ok((table, stamp)) => {
                let (looked, known) = (Instant::now(), Known::default());
                *state = State::Open { table: Box::new(table), path: path.clone(), stamp, looked, known };
            }
            Err(error) => {
                if !matches!(state, State::Failed { .. }) {
                    let why = match &error {
                        db::Error::Io(e) => reason(e),
                        // What Berkeley DB says of a file that is none of its kind.
                        db::Error::Unsupported(_) => "Invalid argument".to_owned(),
                        other => other.to_string(),
                    };
                    let (class, path) = (self.format.class(), path.display());
                    match &error {
                        db::Error::Io(e) if e.kind() == io::ErrorKind::PermissionDenied => {
                            // An implicit one may just not be there.
                            if self.format != Format::Any {
                                let name = &self.spec.name;
                                (env.notice)(&format!("{class} map \"{name}\": unsafe map file {path}: {why}"));
                            }
                        }
                        _ => (env.notice)(&format!("Cannot open {class} database {path}: {why}")),
                    }
                }
                *state = State::Failed { at: Instant::now() };
            }
        }
    }

    /// The value of `key` in the table, with or without a final NUL as has proved right.
    fn get(&self, table: &Table, key: &[u8]) -> Result<Option<Vec<u8>>, db::Error> {
        let nul = self.nul.load(Ordering::Relaxed);
        if nul & 1 != 0
            && let Some(value) = table.get(key)?
        {
            self.nul.fetch_and(!2, Ordering::Relaxed);
            return Ok(Some(value));
        }
        if nul & 2 != 0
            && let Some(value) = table.get(&[key, b"\0"].concat())?
        {
            self.nul.fetch_and(!1, Ordering::Relaxed);
            return Ok(Some(value));
        }
        Ok(None)
    }

    /// The raw value of `key`; `Err` with what to say when the table cannot answer.
    pub(super) fn raw(&self, key: &[u8], env: &MapEnv) -> Result<Option<Vec<u8>>, ()> {
        let mut state = self.lock();
        self.refresh(&mut state, env);
        let State::Open { table, path, stamp, known, .. } = &mut *state else {
            return if matches!(*state, State::Missing) { Ok(None) } else { Err(()) };
        };
        let key = self.spec.folded(key);
        if let Some(answer) = known.answers.get(&key[..]) {
            return Ok(answer.clone());
        }
        let answer = lock_shared(table.file()).map_err(db::Error::Io).and_then(|()| {
            let answer = self.get(table, &key);
            table.file().unlock()?;
            answer
        });
        match answer {
            Ok(mut value) => {
                if let Some(v) = value.as_mut().filter(|v| v.last() == Some(&0)) {
                    v.pop();
                }
                if stamp.is_settled() {
                    known.keep(key.into(), value.clone());
                }
                Ok(value)
            }
            Err(error) => {
                (env.notice)(&format!(
                    "{} map \"{}\": {}: {error}",
                    self.format.class(),
                    self.spec.name,
                    path.display()
                ));
                *state = State::Failed { at: Instant::now() };
                Err(())
            }
        }
    }
}

impl Class for DbFile {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        match self.raw(query.key, &set.env) {
            Ok(Some(value)) => finish(&self.spec, query, &value),
            Ok(None) => Outcome::none(EX_OK),
            Err(()) => Outcome::none(EX_TEMPFAIL),
        }
    }

    fn is_open(&self, env: &MapEnv) -> bool {
        let mut state = self.lock();
        self.refresh(&mut state, env);
        !matches!(*state, State::Missing)
    }
}
