//! What the store remembers of the control files in a directory, so that a run over a long queue reads only what is new.
//!
//! A control file never changes in place: programs write another one and rename it. So name and inode number tell whether a
//! file is the one that was read before, and both come with the listing of the directory, without a look at the file. A
//! directory whose own time did not change is not even listed. What is remembered serves for order and age only: a job
//! that is tried is locked and read anew.

use super::home::{Entry, Home, Kind};
use crate::envelope::QueueId;
use crate::queue::store::Summary;
use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

/// A directory's time is believed when it is this much older than the listing: clocks of file systems are coarse.
const SETTLED: i64 = 2;
/// As much of a control file is read at first; recipients come early in it.
const HEAD: usize = 4096;
/// More new files than this are read by several threads.
const MANY: usize = 500;

/// What is remembered of one directory.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Time of the directory (seconds, nanoseconds) when it was last listed.
    stamp: Option<(i64, i64)>,
    jobs: HashMap<QueueId, Known>,
}

#[derive(Debug)]
struct Known {
    inode: u64,
    kind: Kind,
    summary: Summary,
}

impl Index {
    /// Brings the index up to date with the directory number `place`.
    pub fn refresh(&mut self, home: &Home, place: usize, now: i64) -> io::Result<()> {
        let status = home.control.identify()?;
        let stamp = (status.mtime, status.mtime_nanoseconds);
        if self.stamp == Some(stamp) {
            return Ok(());
        }
        let mut before = std::mem::take(&mut self.jobs);
        let mut fresh: Vec<(Entry, u64)> = Vec::new();
        for (name, inode) in home.control.entries()? {
            let Some((kind, id)) = job_of(&name) else { continue };
            match before.remove(&id) {
                Some(known) if known.inode == inode && known.kind == kind => {
                    self.jobs.insert(id, known);
                }
                _ => fresh.push((Entry { home: place, kind, id }, inode)),
            }
        }
        drop(before);
        let read = |part: &[(Entry, u64)]| -> Vec<Known> {
            let one = |(entry, inode): &(Entry, u64)| {
                let summary = summarize(home, entry).ok().flatten()?;
                Some(Known { inode: *inode, kind: entry.kind, summary })
            };
            part.iter().filter_map(one).collect()
        };
        let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
        let known = if fresh.len() < MANY {
            read(&fresh)
        } else {
            std::thread::scope(|scope| {
                let parts: Vec<_> = fresh
                    .chunks(fresh.len().div_ceil(threads).max(1))
                    .map(|part| scope.spawn(move || read(part)))
                    .collect();
                parts.into_iter().filter_map(|part| part.join().ok()).flatten().collect()
            })
        };
        self.jobs.extend(known.into_iter().map(|k| (k.summary.id.clone(), k)));
        self.stamp = (now.saturating_sub(stamp.0) > SETTLED).then_some(stamp);
        Ok(())
    }

    /// Has the file of a job read again, whatever its inode number: numbers of removed files come again.
    pub fn forget(&mut self, id: &QueueId) {
        self.jobs.remove(id);
        self.stamp = None;
    }

    /// The jobs of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Summary> {
        self.jobs.values().filter(move |k| k.kind == kind).map(|k| &k.summary)
    }
}

/// The job that a file name stands for.
fn job_of(name: &str) -> Option<(Kind, QueueId)> {
    [Kind::Normal, Kind::Quarantined]
        .into_iter()
        .find_map(|kind| Some((kind, QueueId::parse(name.strip_prefix(kind.prefix())?.as_bytes())?)))
}

/// Reads what a run has to know; `None` when the file is gone or empty.
fn summarize(home: &Home, entry: &Entry) -> io::Result<Option<Summary>> {
    let file = match home.control.open_file(&entry.kind.name(&entry.id)) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    // One call: a queue of many files is read whole.
    let mut text = vec![0; HEAD];
    let length = file.read_at(&mut text, 0)?;
    text.truncate(length);
    if text.is_empty() {
        return Ok(None);
    }
    // Headers come last: with one of them in sight, all recipients are.
    if length == HEAD && !text.windows(2).any(|w| w == b"\nH") {
        text.clear();
        file.take(super::read::MAX_CONTROL).read_to_end(&mut text)?;
    }
    Ok(Some(Summary::read(entry.id.clone(), home.group, &text)))
}
