//! A body coming in: in memory while it is small, else in its data file.

use super::journal::Journal;
use super::{Inner, classify, lock};
use crate::envelope::{Body, QueueId};
use crate::queue::store::{Spool, StoreError};
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Octets gathered before a write to the data file.
const CHUNK: usize = 64 << 10;
/// A body up to this size stays in memory where a journal makes it durable, ...
const IN_MEMORY: usize = 64 << 10;
/// ... as long as all together are not more than this.
const ALL_IN_MEMORY: usize = 16 << 20;

pub(super) struct FileSpool {
    store: Arc<Inner>,
    id: QueueId,
    buffer: Vec<u8>,
    file: Option<Arc<File>>,
    written: u64,
    /// What it has in the store's count of octets in memory.
    counted: usize,
}

impl FileSpool {
    pub(super) fn new(store: Arc<Inner>, id: QueueId) -> FileSpool {
        FileSpool { store, id, buffer: Vec::new(), file: None, written: 0, counted: 0 }
    }

    /// Writes what is gathered to the data file, which begins its life at the first time.
    fn spill(&mut self) -> io::Result<()> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None => {
                // The commit knows the group, and moves the file where that is another one.
                let place = self.store.home_of(&self.id, 0);
                let home = self.store.home(place)?;
                let file = Arc::new(self.store.create(home, &home.data, &format!("df{}", self.id))?);
                lock(&self.store.spooled).insert(self.id.clone(), (place, Arc::downgrade(&file)));
                self.file = Some(Arc::clone(&file));
                file
            }
        };
        (&*file).write_all(&self.buffer)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    fn limit(&self) -> usize {
        let all = self.store.gathered.load(Ordering::Relaxed);
        match &self.store.journal {
            _ if self.file.is_some() => CHUNK,
            journal if all < ALL_IN_MEMORY && journal.get().is_some_and(Journal::is_up) => IN_MEMORY,
            _ => self.store.settings.buffer,
        }
    }

    /// Counts what is in memory.
    fn account(&mut self) {
        let now = self.buffer.len();
        self.store.gathered.fetch_add(now, Ordering::Relaxed);
        self.store.gathered.fetch_sub(std::mem::replace(&mut self.counted, now), Ordering::Relaxed);
    }
}

impl Write for FileSpool {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(data);
        if self.buffer.len() > self.store.settings.buffer {
            if self.buffer.len() > self.limit() {
                self.spill()?;
            }
            self.account();
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Spool for FileSpool {
    fn finish(mut self: Box<Self>) -> Result<Body, StoreError> {
        if self.file.is_some() && !self.buffer.is_empty() {
            self.spill().map_err(classify)?;
        }
        Ok(match self.file.take() {
            Some(file) => Body::File(file, self.written),
            None if self.buffer.is_empty() => Body::Empty,
            None => Body::Memory(std::mem::take(&mut self.buffer).into()),
        })
    }
}

impl Drop for FileSpool {
    fn drop(&mut self) {
        self.buffer = Vec::new();
        self.account();
        if self.file.take().is_some() {
            self.store.sweep();
        }
    }
}
