//! The classic queue directory as a [`Store`]: `qf` and `df` files that a real sendmail can take over at any moment.
//!
//! Order of a commit: data file written and synced, temporary control file `tf` written, locked and synced, renamed to `qf`, directory
//! synced. Only then may anybody say 250. A crash in between leaves a `df` or `tf` without `qf`: nothing was promised. A daemon makes
//! small messages durable in a [`journal`] instead, and gives them the same files later.
//! Removal takes `qf` first. An update writes a new `tf` and renames it over `qf`; the lock moves with it.
//!
//! Who holds a lock (flock(2)) on the file that has the name `qf...` owns the job. A lock on a file that meanwhile lost its name is
//! worth nothing, so the name is looked up again after locking.
//!
//! Trusts: the owner of the queue directory. Files of others, or that others may write, are set aside as `Qf`, as are
//! files with records that make no sense. Nothing found in a file leads out of the configured directories.

mod home;
mod index;
mod journal;
mod read;
mod replay;
mod spool;
mod tidy;
mod write;

pub use home::{Entry, Kind};

use super::Selection;
use super::file::DataFile;
use super::store::{Held, Shortage, Spool, Store, StoreError, Summary};
use crate::cf::Config;
use crate::cf::options::SuperSafe;
use crate::envelope::{Envelope, QueueId};
use crate::log;
use crate::sys::dir::Dir;
use crate::text::Line;
use home::Home;
use index::Index;
use journal::Journal;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::thread::JoinHandle;

/// How the queue is kept.
#[derive(Debug, Clone)]
pub struct Settings {
    /// `QueueDirectory`, whose last component may end in `*`.
    pub directory: PathBuf,
    /// The queue groups, in the configuration's order; the first is `mqueue`.
    pub groups: Vec<Group>,
    /// `QueueFileMode`.
    pub mode: u32,
    /// False for `SuperSafe=False`: no fsync.
    pub sync: bool,
    /// `MinFreeBlocks`.
    pub min_free_blocks: u64,
    /// `DataFileBufferSize`: bodies up to this size stay in memory.
    pub buffer: usize,
    /// `UseMSP`: the group may write queue files.
    pub group_writable: bool,
}

impl Settings {
    /// A queue of `directory` with the original's defaults.
    pub fn new(directory: impl Into<PathBuf>) -> Settings {
        Settings {
            directory: directory.into(),
            groups: vec![Group { name: "mqueue".into(), path: None }],
            mode: 0o600,
            sync: true,
            min_free_blocks: 100,
            buffer: 4096,
            group_writable: false,
        }
    }

    /// The queue that the configuration describes.
    pub fn from_config(config: &Config) -> Settings {
        let options = &config.options;
        Settings {
            directory: options.queue_directory.path().unwrap_or(Path::new("/var/spool/mqueue")).to_path_buf(),
            groups: config.queue_groups.iter().map(Group::from_config).collect(),
            mode: match options.queue_file_mode.0 {
                0 => 0o600,
                mode => mode,
            },
            sync: options.super_safe != SuperSafe::No,
            min_free_blocks: u64::try_from(options.min_free_blocks).unwrap_or(0),
            buffer: usize::try_from(options.data_file_buffer_size).unwrap_or(0).min(MAX_BUFFER),
            group_writable: options.use_msp,
        }
    }
}

/// A queue group, as far as the store has to know it.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its directory, whose last component may end in `*`; `None`: that of the queue itself.
    pub path: Option<PathBuf>,
}

impl Group {
    fn from_config(group: &crate::cf::QueueGroup) -> Group {
        let path = |p: &Vec<u8>| PathBuf::from(std::ffi::OsStr::from_bytes(p));
        Group { name: group.name.clone(), path: group.path.as_ref().map(path) }
    }
}

/// No body larger than this stays in memory, whatever the option says.
const MAX_BUFFER: usize = 1 << 20;

/// The store.
pub struct FileStore {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    homes: Vec<Home>,
    /// What is known of each directory, beside `homes`.
    indexes: Vec<Mutex<Index>>,
    /// What the system takes from the mode of a new file.
    umask: u32,
    jobs: Mutex<HashMap<QueueId, Job>>,
    /// Data files of messages still coming in; a dead reference means that the message was given up.
    /// Each with the number of the directory that it is in.
    spooled: Mutex<HashMap<QueueId, (usize, Weak<File>)>>,
    /// Jobs, still locked, whose last attempt could not be written down.
    unwritten: Mutex<HashMap<QueueId, Envelope>>,
    generation: AtomicU64,
    room: Mutex<Option<(std::time::Instant, Option<Shortage>)>>,
    journal: OnceLock<Journal>,
    keeper: Mutex<Option<JoinHandle<()>>>,
    /// New messages have no files until they wait.
    late: AtomicBool,
    /// Who holds one of these is alone with the jobs that fall to it.
    gates: [Mutex<()>; 16],
    /// Octets of bodies coming in that are in memory.
    gathered: AtomicUsize,
}

/// A job this process has locked.
struct Job {
    /// The locked control file; `None` while the message is in the journal alone.
    lock: Option<File>,
    home: usize,
    kind: Kind,
    data: DataFile,
    /// Tells this holding of the lock from an earlier one.
    generation: u64,
    /// Read from the directory, so another program may have left a transcript.
    found: bool,
    /// Nobody works on it any more; it only waits for its files.
    released: bool,
}

/// Gives the lock back when a [`Held`] is dropped.
struct Release {
    store: Weak<Inner>,
    id: QueueId,
    generation: u64,
}

impl Drop for Release {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade().filter(|s| !lock(&s.unwritten).contains_key(&self.id)) {
            let mut jobs = lock(&store.jobs);
            if jobs.get(&self.id).is_some_and(|job| job.generation == self.generation) {
                jobs.remove(&self.id);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl FileStore {
    /// Opens the directories of the queue.
    pub fn open(settings: Settings) -> io::Result<FileStore> {
        let homes = home::open_all(&settings.directory, &settings.groups)?;
        Ok(FileStore {
            inner: Arc::new(Inner {
                settings,
                indexes: homes.iter().map(|_| Mutex::default()).collect(),
                homes,
                umask: crate::sys::process::umask().unwrap_or(0o777),
                jobs: Mutex::default(),
                spooled: Mutex::default(),
                unwritten: Mutex::default(),
                generation: AtomicU64::new(0),
                room: Mutex::default(),
                journal: OnceLock::new(),
                keeper: Mutex::default(),
                late: AtomicBool::new(false),
                gates: Default::default(),
                gathered: AtomicUsize::new(0),
            }),
        })
    }

    /// The queue directories' paths.
    pub fn paths(&self) -> Vec<&Path> {
        self.inner.homes.iter().map(|h| h.control.path()).collect()
    }

    /// The queue directories, by number, that `selection` looks at.
    pub fn homes_of(&self, selection: &Selection) -> Vec<usize> {
        let groups = &self.inner.settings.groups;
        let wanted = |home: &Home| {
            let name = groups.get(home.group).map(|g| g.name.as_str()).unwrap_or_default();
            selection.group.as_ref().is_none_or(|g| g.eq_ignore_ascii_case(name))
        };
        self.inner.homes.iter().enumerate().filter(|(_, h)| wanted(h)).map(|(n, _)| n).collect()
    }

    /// The control files of one kind in the queue directory number `home`, in no order.
    pub fn entries(&self, home: usize, kind: Kind) -> io::Result<Vec<Entry>> {
        self.inner.homes.get(home).map_or(Ok(Vec::new()), |h| h.entries(home, kind))
    }

    /// The text of a control file as it stands, without locking it; `None` when it is gone.
    pub fn raw(&self, entry: &Entry) -> io::Result<Option<Raw>> {
        self.inner.raw(entry, true)
    }

    /// Sets a job aside as `Qf`. `Ok(false)`: gone or locked by another.
    pub fn set_aside(&self, id: &QueueId, reason: &str) -> Result<bool, StoreError> {
        let Some(entry) = self.inner.find(id) else { return Ok(false) };
        let Some(_held) = self.inner.take(id)? else { return Ok(false) };
        self.inner.lose(self.inner.home(entry.home).map_err(classify)?, &entry, reason);
        Ok(true)
    }

    /// Moves a job between `qf` and `hf` and changes its reason (`-Q`). `Ok(false)`: gone or locked by another.
    pub fn quarantine(&self, id: &QueueId, reason: Option<&Line>) -> Result<bool, StoreError> {
        let Some(mut held) = self.inner.take(id)? else { return Ok(false) };
        held.envelope.quarantine = reason.cloned();
        self.update(&held.envelope)?;
        match reason {
            Some(reason) => log::queue::quarantined(id, reason),
            None => log::queue::unquarantined(id),
        }
        Ok(true)
    }
}

/// A look at a job.
pub struct Raw {
    /// The control file.
    pub text: Vec<u8>,
    /// Size of the data file, if there is one.
    pub data_size: Option<u64>,
    /// True when some process has it locked.
    pub locked: bool,
}

impl Store for FileStore {
    fn spool(&self, id: &QueueId) -> Result<Box<dyn Spool>, StoreError> {
        if self.shortage().is_some() {
            return Err(StoreError::NoSpace(io::Error::from(io::ErrorKind::StorageFull)));
        }
        self.inner.sweep();
        Ok(Box::new(spool::FileSpool::new(Arc::clone(&self.inner), id.clone())))
    }

    fn commit(&self, envelope: &Envelope) -> Result<(), StoreError> {
        self.inner.commit(envelope).map_err(classify)
    }

    fn update(&self, envelope: &Envelope) -> Result<(), StoreError> {
        self.inner.update(envelope).map_err(classify)
    }

    fn remove(&self, envelope: &Envelope) -> Result<(), StoreError> {
        self.inner.remove(&envelope.id).map_err(classify)
    }

    fn settle(&self, envelope: Envelope) -> Result<(), StoreError> {
        let id = envelope.id.clone();
        match self.inner.update(&envelope) {
            Err(e) if lock(&self.inner.jobs).contains_key(&id) => {
                lock(&self.inner.unwritten).insert(id, envelope);
                Err(classify(e))
            }
            done => {
                self.release(&id);
                done.map_err(classify)
            }
        }
    }

    fn release(&self, id: &QueueId) {
        self.inner.release(id);
    }

    fn take(&self, id: &QueueId) -> Result<Option<Held>, StoreError> {
        self.inner.take(id)
    }

    fn list(&self, selection: &Selection) -> Result<Vec<QueueId>, StoreError> {
        self.inner.sweep();
        let mut ids = Vec::new();
        for home in self.homes_of(selection) {
            for entry in self.entries(home, Kind::of(selection)).map_err(classify)? {
                if selection.takes_id(entry.id.as_str().as_bytes()) && self.inner.matches(&entry, selection) {
                    ids.push(entry.id);
                }
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }

    fn summaries(&self, selection: &Selection) -> Result<Vec<Summary>, StoreError> {
        self.inner.sweep();
        let kind = Kind::of(selection);
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut found = Vec::new();
        for place in self.homes_of(selection) {
            let (Some(home), Some(index)) = (self.inner.homes.get(place), self.inner.indexes.get(place)) else {
                continue;
            };
            let mut index = lock(index);
            index.refresh(home, place, i64::try_from(now).unwrap_or(0)).map_err(classify)?;
            let wanted = |s: &&Summary| {
                let entry = Entry { home: place, kind, id: s.id.clone() };
                selection.takes_id(s.id.as_str().as_bytes()) && self.inner.matches(&entry, selection)
            };
            found.extend(index.of_kind(kind).filter(wanted).cloned());
        }
        Ok(found)
    }

    fn peek(&self, id: &QueueId) -> Result<Option<Envelope>, StoreError> {
        let Some(entry) = self.inner.find(id) else { return Ok(None) };
        self.inner.peek(&entry).map_err(classify)
    }

    fn scratch_directory(&self) -> Option<PathBuf> {
        self.paths().first().map(|p| p.to_path_buf())
    }

    fn shortage(&self) -> Option<Shortage> {
        self.inner.shortage()
    }
}

/// Full disk or anything else.
fn classify(e: io::Error) -> StoreError {
    match e.raw_os_error() {
        Some(libc::ENOSPC | libc::EDQUOT) => StoreError::NoSpace(e),
        _ => StoreError::Failed(e),
    }
}

impl Inner {
    /// The directory of `group` where a new job goes: always the same for one id, spread over all.
    fn home_of(&self, id: &QueueId, group: usize) -> usize {
        let sum = id.as_str().bytes().fold(0u32, |h, b| (h ^ u32::from(b)).wrapping_mul(16_777_619));
        let of = |group| self.homes.iter().enumerate().filter(move |(_, h)| h.group == group).map(|(n, _)| n);
        let homes: Vec<usize> = of(group).collect();
        homes.get(sum as usize % homes.len().max(1)).copied().or_else(|| of(0).next()).unwrap_or(0)
    }

    fn home(&self, n: usize) -> io::Result<&Home> {
        self.homes.get(n).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    /// Where the data file is: a `d` record counts only when it names one of our own directories.
    fn data_dir<'a>(&'a self, home: &'a Home, data: &DataFile) -> &'a Dir {
        let named = data.directory.as_ref().and_then(|d| {
            let path = Path::new(std::ffi::OsStr::new(std::str::from_utf8(d).ok()?));
            self.homes.iter().map(|h| &h.data).find(|dir| dir.path() == path)
        });
        named.unwrap_or(&home.data)
    }

    /// The control file of `id`, wherever it is.
    fn find(&self, id: &QueueId) -> Option<Entry> {
        let first = self.home_of(id, 0);
        let others = (0..self.homes.len()).filter(|n| *n != first);
        for n in std::iter::once(first).chain(others) {
            for kind in [Kind::Normal, Kind::Quarantined] {
                if self.homes.get(n).is_some_and(|h| h.control.stat(&kind.name(id)).is_ok()) {
                    return Some(Entry { home: n, kind, id: id.clone() });
                }
            }
        }
        None
    }

    /// Does the job match what can only be known from its file?
    fn matches(&self, entry: &Entry, selection: &Selection) -> bool {
        if !selection.needs_envelope() {
            return true;
        }
        self.peek(entry).ok().flatten().is_some_and(|envelope| selection.takes_envelope(&envelope))
    }

    /// Writes down what found no room before.
    fn catch_up(&self) {
        let waiting: Vec<Envelope> = lock(&self.unwritten).values().cloned().collect();
        for envelope in waiting {
            // The first one that fails tells of the others.
            if let Err(e) = self.update(&envelope)
                && e.kind() != io::ErrorKind::NotFound
            {
                return;
            }
            lock(&self.unwritten).remove(&envelope.id);
            self.release(&envelope.id);
        }
    }

    /// Removes data files of messages that were given up while they came in.
    fn sweep(&self) {
        self.catch_up();
        let given_up: Vec<(QueueId, usize)> = {
            let mut spooled = lock(&self.spooled);
            spooled.extract_if(|_, (_, file)| file.strong_count() == 0).map(|(id, (place, _))| (id, place)).collect()
        };
        for (id, place) in given_up {
            if let Ok(home) = self.home(place) {
                let _ = home.data.unlink(&format!("df{id}"));
            }
        }
    }

    /// `MinFreeBlocks`, asked of the system once a second at most.
    fn shortage(&self) -> Option<Shortage> {
        let mut cached = lock(&self.room);
        if let Some((at, answer)) = &*cached
            && at.elapsed().as_millis() < 1000
        {
            return answer.clone();
        }
        let wanted = self.settings.min_free_blocks;
        let answer = self.homes.iter().find_map(|home| {
            let room = home.data.room().ok()?;
            let enough = room.blocks >= wanted && room.inodes.is_none_or(|n| n > 2);
            (!enough).then(|| Shortage { directory: home.data.path().to_path_buf(), wanted, free: room.blocks })
        });
        *cached = Some((std::time::Instant::now(), answer.clone()));
        answer
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sweep();
    }
}

#[cfg(test)]
mod tests;
