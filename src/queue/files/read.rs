//! Taking a job from the directory: lock it, believe nothing, set aside what is not ours.

use super::home::{Entry, Home, Kind};
use super::{Inner, Job, Raw, Release, classify, lock};
use crate::envelope::{Body, Envelope, QueueId};
use crate::log;
use crate::queue::file::{self, ControlFile, DataFile};
use crate::queue::store::{Held, StoreError};
use crate::sys::dir::{self, Dir, FileId};
use crate::text::Line;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Control files larger than this are not read.
pub(super) const MAX_CONTROL: u64 = 64 << 20;

impl Inner {
    pub(super) fn take(self: &Arc<Self>, id: &QueueId) -> Result<Option<Held>, StoreError> {
        if lock(&self.jobs).contains_key(id) {
            return Ok(None);
        }
        let Some(entry) = self.find(id) else { return Ok(None) };
        let home = self.home(entry.home).map_err(classify)?;
        let name = entry.kind.name(id);
        let file = match home.control.open_file(&name) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(StoreError::Failed(e)),
        };
        let Some(status) = lock_named(&home.control, &file, &name) else {
            log::queue::locked(id);
            return Ok(None);
        };
        if self.set_bogus_aside(home, &entry, &status) || status.size == 0 {
            return Ok(None);
        }
        let text = read_all(&file, status.size).map_err(StoreError::Failed)?;
        let ControlFile { mut envelope, data } = match file::decode(id.clone(), &text) {
            Ok(control) => control,
            Err(e) => {
                self.report(home, &entry, &e);
                return Ok(None);
            }
        };
        let data_dir = self.data_dir(home, &data);
        envelope.body = match self.open_body(data_dir, id) {
            Ok(body) => body,
            Err(e) => {
                // Never send a message without its body; the next run tells again.
                let text = format!("readqf: cannot open {}/df{id}: {e}", data_dir.path().display());
                log::syserr(log::Id::Queue(id), b"root", &text);
                return Ok(None);
            }
        };
        // What it was when it came in is not on record; header and body are close to it.
        let header: usize = envelope.headers.fields.iter().map(|f| f.name.len() + f.value.len() + 2).sum();
        envelope.size = envelope.body.len() + header as u64;
        envelope.group = home.group;
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        let job = Job {
            lock: Some(file),
            home: entry.home,
            kind: entry.kind,
            data,
            generation,
            found: true,
            released: false,
        };
        lock(&self.jobs).insert(id.clone(), job);
        let release = Release { store: Arc::downgrade(self), id: id.clone(), generation };
        Ok(Some(Held { envelope, lock: Some(Box::new(release)) }))
    }

    fn open_body(&self, dir: &Dir, id: &QueueId) -> io::Result<Body> {
        let file = dir.open_file(&format!("df{id}"))?;
        let status = dir::identify(&file)?;
        if !status.is_regular() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        if status.size > self.settings.buffer as u64 {
            return Ok(Body::File(Arc::new(file), status.size));
        }
        Ok(Body::Memory(read_all(&file, status.size)?.into()))
    }

    /// Renames a file that somebody else could have written to `Qf`.
    fn set_bogus_aside(&self, home: &Home, entry: &Entry, status: &FileId) -> bool {
        let writable = if self.settings.group_writable { 0o002 } else { 0o022 };
        let known = self.settings.group_writable
            || status.uid == 0
            || status.uid == dir::effective_uid()
            || home.control.identify().is_ok_and(|d| d.uid == status.uid);
        if status.is_regular() && status.mode & writable == 0 && known {
            return false;
        }
        log::queue::bogus_file(&entry.id, status.uid, status.gid, status.mode);
        self.lose(home, entry, "bogus file uid/gid in mqueue");
        true
    }

    pub(super) fn lose(&self, home: &Home, entry: &Entry, reason: &str) {
        let name = entry.kind.name(&entry.id);
        let path = format!("{}/{name}", home.control.path().display());
        log::queue::losing(&entry.id, &path, reason);
        let _ = home.control.rename(&name, &Kind::Lost.name(&entry.id));
    }

    /// A control file that cannot be understood.
    fn report(&self, home: &Home, entry: &Entry, e: &file::Error) {
        let id = log::Id::Queue(&entry.id);
        log::syserr(id, b"root", &format!("{e} ({})", entry.kind.name(&entry.id)));
        match e {
            // Perhaps still being written by a program that does not lock.
            file::Error::Empty | file::Error::Incomplete | file::Error::Version(_) => {}
            file::Error::ExtraData => self.lose(home, entry, "bogus queue line"),
            file::Error::BadLine(..) => self.lose(home, entry, "unrecognized line"),
        }
    }

    /// The envelope in a control file, without lock and body; `None` when it is gone or makes no sense.
    pub(super) fn peek(&self, entry: &Entry) -> io::Result<Option<Envelope>> {
        let Some(file) = self.open_control(entry)? else { return Ok(None) };
        let text = read_all(&file, dir::identify(&file)?.size)?;
        Ok(file::decode(entry.id.clone(), &text).ok().map(|c| c.envelope))
    }

    pub(super) fn raw(&self, entry: &Entry, ask_lock: bool) -> io::Result<Option<Raw>> {
        let Some(file) = self.open_control(entry)? else { return Ok(None) };
        let text = read_all(&file, dir::identify(&file)?.size)?;
        let locked = ask_lock && matches!(file.try_lock_shared(), Err(std::fs::TryLockError::WouldBlock));
        let elsewhere = text.split(|b| *b == b'\n').find_map(|l| l.strip_prefix(b"d"));
        let data = DataFile { directory: elsewhere.map(Line::cleaned), inode: None };
        let home = self.home(entry.home)?;
        let data_size = self.data_dir(home, &data).stat(&format!("df{}", entry.id)).ok().map(|s| s.size);
        Ok(Some(Raw { text, data_size, locked }))
    }

    fn open_control(&self, entry: &Entry) -> io::Result<Option<File>> {
        match self.home(entry.home)?.control.open_file(&entry.kind.name(&entry.id)) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// Locks `file` and makes sure that it still is what `name` means.
fn lock_named(dir: &Dir, file: &File, name: &str) -> Option<FileId> {
    file.try_lock().ok()?;
    let named = dir.stat(name).ok()?;
    let ours = dir::identify(file).ok()?;
    named.is_same_file(&ours).then_some(ours)
}

fn read_all(file: &File, size: u64) -> io::Result<Vec<u8>> {
    if size > MAX_CONTROL {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "too large"));
    }
    let mut text = Vec::with_capacity(size as usize);
    file.take(MAX_CONTROL).read_to_end(&mut text)?;
    Ok(text)
}
