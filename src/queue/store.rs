//! The queue's store: makes envelopes durable. `files` is the classic directory; a journal can stand beside it later.

use crate::envelope::{Body, Envelope, QueueId};
use std::io;

/// Why the store could not take a message.
#[derive(Debug)]
pub enum StoreError {
    /// Disk or inodes are full, or below `MinFreeBlocks`: `452 4.4.5` / `452 4.3.1`.
    NoSpace(io::Error),
    /// Anything else: `451 4.3.0`.
    Failed(io::Error),
}

/// Where a body is written while it comes in.
pub trait Spool: io::Write + Send {
    /// Ends the body. Nothing is durable yet.
    fn finish(self: Box<Self>) -> Result<Body, StoreError>;
}

/// An envelope that this process holds the lock of; dropping it releases the lock.
pub struct Held {
    /// The envelope as the control file has it.
    pub envelope: Envelope,
    /// Keeps the lock.
    pub lock: Option<Box<dyn std::any::Any + Send>>,
}

/// The store.
pub trait Store: Send + Sync {
    /// Begins the data file of a new message `id`. Dropping the spool unfinished removes it.
    fn spool(&self, id: &QueueId) -> Result<Box<dyn Spool>, StoreError>;
    /// Makes `envelope` and its body durable: data, control file, directory. After `Ok` a crash loses nothing.
    /// The job is locked by this process until [`Store::remove`] or [`Store::release`].
    fn commit(&self, envelope: &Envelope) -> Result<(), StoreError>;
    /// Replaces the control file after attempts (temporary file, fsync, rename). The job stays locked.
    fn update(&self, envelope: &Envelope) -> Result<(), StoreError>;
    /// Takes the job out of the queue.
    fn remove(&self, envelope: &Envelope) -> Result<(), StoreError>;
    /// Unlocks the job: other runners may take it.
    fn release(&self, id: &QueueId);
    /// Locks and reads a queued job; `None` when it is gone or another process has it.
    fn take(&self, id: &QueueId) -> Result<Option<Held>, StoreError>;
    /// The identifiers in the queue that match, cheapest order first; no locks.
    fn list(&self, selection: &super::Selection) -> Result<Vec<QueueId>, StoreError>;
    /// Reads a queued job without locking it and without its body; `None` when it is gone.
    fn peek(&self, id: &QueueId) -> Result<Option<Envelope>, StoreError> {
        Ok(self.take(id)?.map(|held| held.envelope))
    }
    /// A directory where large unnamed files may be made, if there is one.
    fn scratch_directory(&self) -> Option<std::path::PathBuf> {
        None
    }
    /// Is there room for a message of `size` octets (`MinFreeBlocks`)? Asked at MAIL: no means `452 4.4.5`.
    fn has_room(&self, size: u64) -> bool {
        let _ = size;
        true
    }
}
