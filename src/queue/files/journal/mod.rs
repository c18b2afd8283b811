//! The journal: new messages are durable in one file that exists already, before (and often instead of) files of their own.
//!
//! Making two files durable costs a disk many times what a record in a preallocated file costs, and records of several messages
//! share one sync. So a commit writes a record here; the files `df` and `qf` follow when the message has to wait, in the
//! classic layout, without a sync of their own. A segment is used until it is full or a few seconds old; then its messages
//! that are not done yet get their files, the file system is synced, and the segment is free.
//!
//! What a crash leaves is put right at the next start ([`super::replay`]): a message in the journal that is not done and has no whole
//! files gets them. That a message is done is written before its files go, so a killed process repeats nothing.
//!
//! The file is locked by the one process that uses it. When anything fails here, messages are committed without it.

mod record;

use crate::envelope::QueueId;
use crate::queue::files::{Kind, lock};
use crate::sys::dir::{self, Dir};
pub(super) use record::Record;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The journal's name in the queue directory; no queue runner takes it for a job.
const NAME: &str = ".journal";
/// Size of a segment; there are two.
const SEGMENT: u64 = 4 << 20;
/// No journal is made on a disk with less room than this.
const LEAST_ROOM: u64 = 16 * SEGMENT;
/// The largest message that goes through the journal.
pub(super) const MAX_MESSAGE: usize = 128 << 10;
/// How old a segment gets.
const MAX_AGE: Duration = Duration::from_secs(5);

/// A use of one half of the file.
#[derive(Debug, Default)]
struct Segment {
    /// 0 for a free one.
    generation: u64,
    /// Where the next record goes.
    end: u64,
    /// Records being written.
    writing: usize,
    since: Option<Instant>,
}

/// Where a record is.
#[derive(Debug, Clone, Copy)]
struct Place {
    segment: usize,
    at: u64,
    length: usize,
}

#[derive(Default)]
struct State {
    segments: [Segment; 2],
    active: usize,
    records: HashMap<QueueId, Place>,
    /// Syncs asked for, and done: a sync serves all that asked before it began.
    asked: u64,
    served: u64,
    syncing: bool,
    /// The file failed; nothing new goes into it.
    failed: bool,
    stopping: bool,
}

impl State {
    fn is_free(&self, n: usize) -> bool {
        self.segments.get(n).is_some_and(|s| s.generation == 0)
    }
}

/// The journal of a queue.
pub(super) struct Journal {
    file: File,
    state: Mutex<State>,
    synced: Condvar,
    /// Wakes the thread that frees segments.
    full: Condvar,
}

impl Journal {
    /// Opens the journal of the queue in `directory`, or makes it when `make` says so. `Ok(None)`: there is none, or another
    /// process has it.
    pub fn open(directory: &Dir, make: bool) -> io::Result<Option<Journal>> {
        let file = match directory.open_to_write(NAME) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound && make => directory.create_new(NAME, 0o600)?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let (id, owner) = (dir::identify(&file)?, directory.identify()?.uid);
        if !id.is_regular() || id.mode & 0o077 != 0 || (id.uid != dir::effective_uid() && id.uid != owner) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "somebody else may write to it"));
        }
        if file.try_lock().is_err() {
            return Ok(None);
        }
        if make && id.size != 2 * SEGMENT && directory.room()?.octets() < LEAST_ROOM {
            return Err(io::Error::new(io::ErrorKind::StorageFull, "too little room on the disk"));
        }
        Ok(Some(Journal { file, state: Mutex::default(), synced: Condvar::new(), full: Condvar::new() }))
    }

    /// What earlier uses left: the messages of the segments that were not freed, in order.
    pub fn left(&self) -> io::Result<Vec<Record>> {
        let mut found = Vec::new();
        for segment in 0..2 {
            let mut head = [0; 16];
            let start = segment * SEGMENT;
            let generation = match self.file.read_exact_at(&mut head, start) {
                Ok(()) => record::generation(&head),
                Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => None,
                Err(e) => return Err(e),
            };
            let Some(generation) = generation else { continue };
            let mut text = vec![0; SEGMENT as usize];
            self.file.read_exact_at(&mut text, start)?;
            let mut rest = text.get(record::HEAD as usize..).unwrap_or_default();
            while !rest.is_empty() {
                // A gap is a record that was never finished; others behind it may be whole.
                let taken = match record::decode(generation, rest) {
                    Some((record, length)) => {
                        found.push(record);
                        length
                    }
                    None => record::BLOCK,
                };
                rest = rest.get(taken..).unwrap_or_default();
            }
        }
        Ok(found)
    }

    /// Gives the file its size and frees both segments; after this it may be used.
    pub fn reset(&self) -> io::Result<()> {
        if self.file.metadata()?.len() != 2 * SEGMENT {
            // Written, not only reserved: a sync must find nothing to do but the data.
            let zeros = vec![0; 1 << 20];
            self.file.set_len(0)?;
            for at in (0..2 * SEGMENT).step_by(zeros.len()) {
                self.file.write_all_at(&zeros, at)?;
            }
        }
        for segment in 0..2 {
            self.file.write_all_at(&record::segment(0), segment * SEGMENT)?;
        }
        self.file.sync_all()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Makes a message durable; false when it must be done without the journal.
    pub fn append(&self, id: &QueueId, kind: Kind, place: &[u8], control: &[u8], body: &[u8]) -> bool {
        let length = record::length(place.len() + control.len() + body.len());
        let Some((at, generation)) = self.reserve(length) else { return false };
        let text = record::encode(generation, id, kind, place, control, body);
        let written = text.is_some_and(|text| self.file.write_all_at(&text, at.at).is_ok());
        let mut state = self.lock();
        if written {
            state.records.insert(id.clone(), at);
            state = self.sync(state);
        } else {
            state.failed = true;
        }
        if let Some(segment) = state.segments.get_mut(at.segment) {
            segment.writing -= 1;
        }
        !state.failed
    }

    /// Waits for a sync that begins after this call, made here or by another thread.
    fn sync<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.asked += 1;
        let mine = state.asked;
        while state.served < mine && !state.failed {
            if state.syncing {
                state = self.synced.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            state.syncing = true;
            let all = state.asked;
            drop(state);
            let done = self.file.sync_data();
            state = self.lock();
            state.syncing = false;
            match done {
                Ok(()) => state.served = all,
                Err(_) => state.failed = true,
            }
            self.synced.notify_all();
        }
        state
    }

    /// Room for a record in the active segment.
    fn reserve(&self, length: usize) -> Option<(Place, u64)> {
        let mut state = self.lock();
        if state.failed || state.stopping || length as u64 > SEGMENT - record::HEAD {
            return None;
        }
        let fits = |s: &Segment| s.generation != 0 && s.end + length as u64 <= SEGMENT;
        if !state.segments.get(state.active).is_some_and(fits) && !self.switch(&mut state) {
            return None;
        }
        let active = state.active;
        let segment = state.segments.get_mut(active)?;
        let place = Place { segment: active, at: active as u64 * SEGMENT + segment.end, length };
        segment.end += length as u64;
        segment.writing += 1;
        Some((place, segment.generation))
    }

    /// Begins a new segment, if one is free.
    fn switch(&self, state: &mut State) -> bool {
        self.full.notify_one();
        let next = if state.is_free(state.active) { state.active } else { 1 - state.active };
        let Some(segment) = state.segments.get_mut(next).filter(|s| s.generation == 0) else { return false };
        let mut random = [0; 8];
        let drawn = openssl::rand::rand_bytes(&mut random).map(|()| u64::from_be_bytes(random) | 1);
        let Ok(generation) = drawn else { return false };
        if self.file.write_all_at(&record::segment(generation), next as u64 * SEGMENT).is_err() {
            state.failed = true;
            return false;
        }
        *segment = Segment { generation, end: record::HEAD, writing: 0, since: Some(Instant::now()) };
        state.active = next;
        true
    }

    /// A message is done with: it must not come back. Before its files go.
    pub fn done(&self, id: &QueueId) {
        // Under the lock, so that the place is still this message's.
        let mut state = self.lock();
        if let Some(place) = state.records.remove(id) {
            // When this fails a crash brings the message back, which is better than losing one.
            let _ = self.file.write_all_at(&[record::DONE], place.at + record::STATE);
        }
    }

    /// The record of a message.
    pub fn read(&self, id: &QueueId) -> io::Result<Record> {
        let missing = || io::Error::from(io::ErrorKind::NotFound);
        let (place, generation) = {
            let state = self.lock();
            let place = *state.records.get(id).ok_or_else(missing)?;
            (place, state.segments.get(place.segment).map_or(0, |s| s.generation))
        };
        let mut text = vec![0; place.length];
        self.file.read_exact_at(&mut text, place.at)?;
        record::decode(generation, &text).map(|(record, _)| record).ok_or_else(missing)
    }

    /// Waits until a segment is to be freed and nobody writes to it any more; `None` when the journal ends. The segment's number
    /// and the messages in it that are not done.
    pub fn wait(&self) -> Option<(usize, Vec<QueueId>)> {
        let mut state = self.lock();
        loop {
            let stopping = state.stopping;
            let other = 1 - state.active;
            let aged = state.segments.get(state.active).and_then(|s| s.since).is_some_and(|s| s.elapsed() >= MAX_AGE);
            if (aged || stopping) && state.is_free(other) {
                state.active = other;
            }
            let retired = 1 - state.active;
            let in_use = |s: &&Segment| s.generation != 0;
            match state.segments.get(retired).filter(in_use) {
                Some(segment) if segment.writing == 0 => {
                    let of = |(id, place): (&QueueId, &Place)| (place.segment == retired).then(|| id.clone());
                    return Some((retired, state.records.iter().filter_map(of).collect()));
                }
                None if stopping && state.is_free(state.active) => return None,
                _ => {}
            }
            if !stopping && state.is_free(0) && state.is_free(1) {
                state = self.full.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let pause = if stopping { Duration::from_millis(5) } else { Duration::from_millis(500) };
            state = self.full.wait_timeout(state, pause).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Segment `n` is not needed any more: all in it is durable elsewhere.
    pub fn free(&self, n: usize) -> io::Result<()> {
        self.file.write_all_at(&record::segment(0), n as u64 * SEGMENT)?;
        self.file.sync_data()?;
        let mut state = self.lock();
        state.records.retain(|_, place| place.segment != n);
        if let Some(segment) = state.segments.get_mut(n) {
            *segment = Segment::default();
        }
        Ok(())
    }

    /// Takes no more messages.
    pub fn fail(&self) {
        self.lock().failed = true;
    }

    /// Ends: [`Journal::wait`] gives what is left, and then `None`.
    pub fn stop(&self) {
        self.lock().stopping = true;
        self.full.notify_all();
    }

    /// Takes messages.
    pub fn is_up(&self) -> bool {
        let state = self.lock();
        !state.failed && !state.stopping
    }

    /// [`Journal::stop`] was called.
    pub fn is_ending(&self) -> bool {
        self.lock().stopping
    }
}
