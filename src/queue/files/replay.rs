//! The journal in a queue: its start, its end, and what a crash left in it.

use super::home::{Entry, Kind};
use super::journal::{Journal, Record};
use super::{FileStore, Inner, lock};
use crate::envelope::QueueId;
use crate::log;
use crate::queue::file;
use crate::sys::dir;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How often, and after which pauses, a journal that another process holds is tried again: that one may just be ending.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);
/// So many messages are synced one by one; for more the whole file system is.
const FEW: usize = 100;
/// Attempts to free a segment at the end.
const LAST_TRIES: u32 = 3;

impl FileStore {
    /// Uses the journal from now on, if that is possible; what a crash left in it gets its files first. With `late` new messages have
    /// no files of their own until they have to wait.
    pub fn start_journal(&self, late: bool) {
        let inner = &self.inner;
        if !inner.settings.sync || inner.journal.get().is_some() {
            return;
        }
        let opened = (0..TRIES).find_map(|n| match inner.open_journal(true) {
            Ok(None) if n + 1 < TRIES => {
                std::thread::sleep(PAUSE);
                None
            }
            other => Some(other),
        });
        let journal = match opened {
            Some(Ok(Some(journal))) => journal,
            Some(Err(e)) => return log::process_notice(&format!("queue journal not used: {e}")),
            _ => return log::process_notice("queue journal not used: another process has it"),
        };
        inner.late.store(late, Ordering::Relaxed);
        let keeper = Arc::clone(inner);
        let Ok(()) = inner.journal.set(journal) else { return };
        let thread = std::thread::Builder::new().name("journal".into()).spawn(move || {
            if let Some(journal) = keeper.journal.get() {
                keeper.keep(journal);
            }
        });
        match thread {
            Ok(thread) => *lock(&inner.keeper) = Some(thread),
            Err(_) => inner.journal.get().into_iter().for_each(Journal::fail),
        }
    }

    /// Ends the use of the journal: every message in it has its files afterwards.
    pub fn stop_journal(&self) {
        let keeper = lock(&self.inner.keeper).take();
        if let (Some(journal), Some(keeper)) = (self.inner.journal.get(), keeper) {
            journal.stop();
            let _ = keeper.join();
        }
    }

    /// Gives their files to messages that a process which died left in the journal, for programs that do not use one.
    pub fn recover(&self) {
        if let Err(e) = self.inner.open_journal(false) {
            log::process_notice(&format!("queue journal: {e}"));
        }
    }
}

impl Inner {
    /// The journal, locked, empty, and with nothing left in it that has no files.
    fn open_journal(&self, make: bool) -> io::Result<Option<Journal>> {
        let Some(journal) = Journal::open(&self.home(0)?.control, make)? else { return Ok(None) };
        let left = journal.left()?;
        let mut restored = 0;
        for record in left.iter().filter(|r| !r.done) {
            restored += usize::from(self.restore(record)?);
        }
        if !left.is_empty() {
            self.sync_file_systems()?;
        }
        if restored > 0 {
            log::process_notice(&format!("queue journal: {restored} messages restored"));
        }
        if make || !left.is_empty() {
            journal.reset()?;
        }
        Ok(Some(journal))
    }

    /// Makes the files of a message whole; true when there was something to do.
    fn restore(&self, record: &Record) -> io::Result<bool> {
        let id = &record.id;
        let lost = |n: usize| Entry { home: n, kind: Kind::Lost, id: id.clone() };
        let is_there = |e: &Entry| self.homes.get(e.home).is_some_and(|h| h.control.stat(&e.kind.name(id)).is_ok());
        if (0..self.homes.len()).map(lost).any(|e| is_there(&e)) {
            return Ok(false);
        }
        let found = self.find(id);
        let own = || self.homes.iter().position(|h| h.path() == record.place).unwrap_or(self.home_of(id, 0));
        let home = self.home(found.as_ref().map_or_else(own, |e| e.home))?;
        let mut control_is_whole = false;
        if let Some(entry) = &found {
            let control = match home.control.open_file(&entry.kind.name(id)) {
                // Another program was done with it in this moment: no reason to give up the others.
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
                opened => opened?,
            };
            if control.try_lock().is_err() {
                return Ok(false);
            }
            control_is_whole = match file::decode(id.clone(), &content(control)?) {
                Err(file::Error::Empty | file::Error::Incomplete) => false,
                // Whole, or damaged by somebody else than a crash: it is looked at when its turn comes.
                _ => true,
            };
        }
        let data = format!("df{id}");
        let data_is_whole = match home.data.open_file(&data) {
            Ok(body) => dir::identify(&body)?.size == record.body.len() as u64 && content(body)? == record.body,
            Err(e) if e.kind() == io::ErrorKind::NotFound => false,
            Err(e) => return Err(e),
        };
        if !data_is_whole {
            home.data.unlink(&data)?;
            self.put_data(home, id, &record.body, true)?;
        }
        if !control_is_whole {
            self.write_control(home, id, &record.control, record.kind, true)?;
        }
        Ok(!data_is_whole || !control_is_whole)
    }

    /// The life of the thread that frees segments.
    fn keep(&self, journal: &Journal) {
        let mut failures = 0;
        while let Some((segment, ids)) = journal.wait() {
            let done = ids.iter().try_for_each(|id| self.materialize(id));
            let done = done.and_then(|()| self.sync_all(&ids)).and_then(|()| journal.free(segment));
            let Err(e) = done else {
                failures = 0;
                continue;
            };
            if failures == 0 {
                log::process_notice(&format!("queue journal: cannot free a segment: {e}"));
            }
            failures += 1;
            if journal.is_ending() && failures >= LAST_TRIES {
                return;
            }
            std::thread::sleep(PAUSE * 10);
        }
    }

    /// Makes the files of these messages durable.
    fn sync_all(&self, ids: &[QueueId]) -> io::Result<()> {
        if ids.len() > FEW {
            return self.sync_file_systems();
        }
        for id in ids {
            // What is gone meanwhile was delivered, here or by another program.
            let Some(entry) = self.find(id) else { continue };
            let home = self.home(entry.home)?;
            for (directory, name) in [(&home.data, format!("df{id}")), (&home.control, entry.kind.name(id))] {
                match directory.open_file(&name) {
                    Ok(file) => file.sync_data()?,
                    Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                    Err(e) => return Err(e),
                }
            }
            home.sync()?;
        }
        Ok(())
    }

    fn sync_file_systems(&self) -> io::Result<()> {
        let mut synced = HashSet::new();
        for directory in self.homes.iter().flat_map(|h| [&h.control, &h.data]) {
            if synced.insert(directory.identify()?.dev) {
                directory.sync_file_system()?;
            }
        }
        Ok(())
    }
}

fn content(mut file: File) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    file.read_to_end(&mut text)?;
    Ok(text)
}
