//! The queue's store: makes envelopes durable. `files` is the classic directory, with a journal for new mail.

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

/// What a queue run has to know of a job before it tries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// The job.
    pub id: QueueId,
    /// Its queue group.
    pub group: usize,
    /// Creation.
    pub created: i64,
    /// Last attempt; 0 for never.
    pub last_attempt: i64,
    /// Attempts so far.
    pub attempts: u32,
    /// Priority; lower goes first.
    pub priority: i64,
    /// A warning has been sent.
    pub warned: bool,
    /// The first recipient, bare and in lower case.
    pub first: Box<[u8]>,
    /// All recipients have the first one's domain.
    pub one_domain: bool,
}

impl Summary {
    /// From the beginning of a control file. What makes no sense counts as nothing: whoever takes the job sees it too.
    pub fn read(id: QueueId, group: usize, text: &[u8]) -> Summary {
        let mut out = Summary {
            id,
            group,
            created: 0,
            last_attempt: 0,
            attempts: 0,
            priority: 0,
            warned: false,
            first: Box::default(),
            one_domain: true,
        };
        let number = |v: &[u8]| std::str::from_utf8(v).ok().and_then(|t| t.trim().parse::<i64>().ok()).unwrap_or(0);
        let mut recipients = Vec::new();
        for line in text.split(|b| *b == b'\n') {
            let Some((letter, value)) = line.split_first() else { continue };
            match letter {
                b'T' => out.created = number(value),
                b'K' => out.last_attempt = number(value),
                b'N' => out.attempts = u32::try_from(number(value)).unwrap_or(0),
                b'P' => out.priority = number(value),
                b'F' => out.warned = value.contains(&b'w'),
                b'R' => {
                    let colon = value.iter().position(|b| *b == b':').map_or(0, |n| n + 1);
                    recipients.push(value.get(colon..).unwrap_or_default());
                }
                b'H' => break,
                _ => {}
            }
        }
        out.name(recipients.into_iter());
        out
    }

    /// The same from an envelope.
    pub fn of(e: &Envelope) -> Summary {
        let mut out = Summary {
            id: e.id.clone(),
            group: e.group,
            created: e.created,
            last_attempt: e.last_attempt,
            attempts: e.attempts,
            priority: e.priority,
            warned: e.flags.warned,
            first: Box::default(),
            one_domain: true,
        };
        out.name(e.recipients.iter().map(|r| &r.address[..]));
        out
    }

    fn name<'a>(&mut self, mut recipients: impl Iterator<Item = &'a [u8]>) {
        let Some(first) = recipients.next() else { return };
        let domain = domain_of(first);
        self.one_domain = recipients.all(|r| domain_of(r) == domain);
        let bare = first.strip_prefix(b"<").and_then(|f| f.strip_suffix(b">")).unwrap_or(first);
        self.first = bare.to_ascii_lowercase().into();
    }
}

/// The domain of an address, in lower case.
pub fn domain_of(address: &[u8]) -> Vec<u8> {
    let address = address.strip_suffix(b">").unwrap_or(address);
    let at = address.iter().rposition(|b| *b == b'@');
    at.and_then(|at| address.get(at + 1..)).unwrap_or_default().to_ascii_lowercase()
}

/// A queue directory whose file system has too little room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortage {
    /// The directory.
    pub directory: std::path::PathBuf,
    /// Free blocks wanted.
    pub wanted: u64,
    /// Free blocks there are.
    pub free: u64,
}

/// The store.
pub trait Store: Send + Sync {
    /// Begins the data file of a new message `id`. Dropping the spool unfinished removes it.
    fn spool(&self, id: &QueueId) -> Result<Box<dyn Spool>, StoreError>;
    /// Makes `envelope` and its body durable: data, control file, directory. After `Ok` a crash loses nothing.
    /// The job is locked by this process until [`Store::remove`] or [`Store::release`].
    fn commit(&self, envelope: &Envelope) -> Result<(), StoreError>;
    /// [`Store::commit`] of all of them or of none: when one cannot be stored, those before it are taken out again.
    fn commit_all(&self, envelopes: &[&Envelope]) -> Result<(), StoreError> {
        for (n, envelope) in envelopes.iter().enumerate() {
            if let Err(error) = self.commit(envelope) {
                for stored in envelopes.iter().take(n) {
                    let _ = self.remove(stored);
                }
                return Err(error);
            }
        }
        Ok(())
    }
    /// Replaces the control file after attempts (temporary file, fsync, rename). The job stays locked.
    fn update(&self, envelope: &Envelope) -> Result<(), StoreError>;
    /// Takes the job out of the queue.
    fn remove(&self, envelope: &Envelope) -> Result<(), StoreError>;
    /// [`Store::update`] and [`Store::release`]. When the update fails (the disk is full) a store may keep the job locked and
    /// write it later, so that what was delivered is not delivered again.
    fn settle(&self, envelope: Envelope) -> Result<(), StoreError> {
        let done = self.update(&envelope);
        self.release(&envelope.id);
        done
    }
    /// Unlocks the job: other runners may take it.
    fn release(&self, id: &QueueId);
    /// Locks and reads a queued job; `None` when it is gone or another process has it.
    fn take(&self, id: &QueueId) -> Result<Option<Held>, StoreError>;
    /// The identifiers in the queue that match, cheapest order first; no locks.
    fn list(&self, selection: &super::Selection) -> Result<Vec<QueueId>, StoreError>;
    /// The jobs in the queue that match, in no order; no locks.
    fn summaries(&self, selection: &super::Selection) -> Result<Vec<Summary>, StoreError> {
        let ids = self.list(selection)?;
        Ok(ids.iter().filter_map(|id| self.peek(id).ok().flatten()).map(|e| Summary::of(&e)).collect())
    }
    /// Reads a queued job without locking it and without its body; `None` when it is gone.
    fn peek(&self, id: &QueueId) -> Result<Option<Envelope>, StoreError> {
        Ok(self.take(id)?.map(|held| held.envelope))
    }
    /// A directory where large unnamed files may be made, if there is one.
    fn scratch_directory(&self) -> Option<std::path::PathBuf> {
        None
    }
    /// What lacks for another message (`MinFreeBlocks`), if anything. Asked at MAIL: then it means `452 4.4.5`.
    fn shortage(&self) -> Option<Shortage> {
        None
    }
}
