//! Statistics: the counters that mailstats(8) shows, kept in the file of the option `StatusFile`, and what is known of
//! remote hosts ([`host`]).
//!
//! A process counts in memory and adds to the file now and then ([`Statistics::flush`]), under flock(2), so that several
//! processes share one file. The file is never created: where it is not, nothing is counted for good. Its form is the
//! original's: 24 octets of head, three counts of connections, then seven tables of 25 mailers, all as 64-bit numbers in
//! the machine's order.

pub mod host;

use nix::fcntl::{Flock, FlockArg};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Mailers that have counters; mail of those beyond is counted with none.
pub const MAILERS: usize = 25;
/// The size of the file.
pub const SIZE: usize = HEAD + 8 * (3 + 7 * MAILERS);
/// The version of the form.
pub const VERSION: i32 = 4;

const MAGIC: i32 = 0x1B1DE;
const HEAD: usize = 24;
/// How often a lock that somebody else holds is asked for, and the pause between.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(5);

/// What is counted for each mailer, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Messages whose sender belongs to the mailer.
    From,
    /// Their kilobytes.
    FromKilobytes,
    /// Messages delivered by the mailer.
    To,
    /// Their kilobytes.
    ToKilobytes,
    /// Messages rejected.
    Rejected,
    /// Messages discarded.
    Discarded,
    /// Messages put in quarantine.
    Quarantined,
}

impl Count {
    /// All of them, in the order of the file.
    pub const ALL: [Count; 7] = [
        Count::From,
        Count::FromKilobytes,
        Count::To,
        Count::ToKilobytes,
        Count::Rejected,
        Count::Discarded,
        Count::Quarantined,
    ];
}

/// A TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// Somebody connected.
    In,
    /// Made by this host.
    Out,
    /// Refused.
    Refused,
}

/// A set of counters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counters {
    /// Since when they count, in seconds since 1970.
    pub since: i64,
    connections: [i64; 3],
    mailers: [[i64; MAILERS]; 7],
}

/// Why a file is no statistics file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfit {
    /// Another kind of file.
    Magic,
    /// Another version.
    Version(i32),
    /// Another size.
    Size,
}

impl Counters {
    /// Counters that begin at `since` with nothing.
    pub fn starting(since: i64) -> Counters {
        Counters { since, ..Counters::default() }
    }

    /// The value of a counter; zero for a mailer that has none.
    pub fn of(&self, count: Count, mailer: usize) -> i64 {
        self.mailers.get(count as usize).and_then(|table| table.get(mailer)).copied().unwrap_or(0)
    }

    /// A counter's sum over `mailers`.
    pub fn total(&self, count: Count, mailers: &[usize]) -> i64 {
        mailers.iter().fold(0i64, |sum, mailer| sum.wrapping_add(self.of(count, *mailer)))
    }

    /// The number of connections of a kind.
    pub fn connections(&self, kind: Connection) -> i64 {
        self.connections.get(kind as usize).copied().unwrap_or(0)
    }

    /// Adds to a counter.
    pub fn add(&mut self, count: Count, mailer: usize, n: i64) {
        if let Some(counter) = self.mailers.get_mut(count as usize).and_then(|table| table.get_mut(mailer)) {
            *counter = counter.saturating_add(n);
        }
    }

    fn merge(&mut self, other: &Counters) {
        for (mine, theirs) in self.numbers_mut().zip(other.numbers()) {
            *mine = mine.saturating_add(theirs);
        }
    }

    /// All numbers after the head, in the order of the file.
    fn numbers(&self) -> impl Iterator<Item = i64> {
        self.connections.iter().chain(self.mailers.iter().flatten()).copied()
    }

    fn numbers_mut(&mut self) -> impl Iterator<Item = &mut i64> {
        self.connections.iter_mut().chain(self.mailers.iter_mut().flatten())
    }

    /// The content of a file.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(SIZE);
        out.extend_from_slice(&MAGIC.to_ne_bytes());
        out.extend_from_slice(&VERSION.to_ne_bytes());
        out.extend_from_slice(&self.since.to_ne_bytes());
        out.extend_from_slice(&(SIZE as i64).to_ne_bytes());
        for number in self.numbers() {
            out.extend_from_slice(&number.to_ne_bytes());
        }
        out
    }

    /// Reads the content of a file; octets past its end do not count.
    pub fn decode(bytes: &[u8]) -> Result<Counters, Unfit> {
        let word = |at: usize| bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map(i32::from_ne_bytes);
        let long = |at: usize| bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map(i64::from_ne_bytes);
        if word(0) != Some(MAGIC) {
            return Err(Unfit::Magic);
        }
        match word(4) {
            Some(VERSION) => {}
            other => return Err(Unfit::Version(other.unwrap_or(0))),
        }
        if bytes.len() < SIZE || long(16) != Some(SIZE as i64) {
            return Err(Unfit::Size);
        }
        let mut counters = Counters::starting(long(8).unwrap_or(0));
        for (i, number) in counters.numbers_mut().enumerate() {
            *number = long(HEAD + 8 * i).unwrap_or(0);
        }
        Ok(counters)
    }
}

/// Counting for one process: adds up in memory, and in the file at each [`flush`](Statistics::flush).
#[derive(Debug, Default)]
pub struct Statistics {
    file: PathBuf,
    /// Opened before the process gave up the right to.
    open: Option<File>,
    pending: Mutex<Counters>,
    /// Each message is written at once: the process does not live long.
    at_once: bool,
}

impl Statistics {
    /// Counters for `file`, the value of `StatusFile`.
    pub fn new(file: PathBuf) -> Statistics {
        Statistics { file, ..Statistics::default() }
    }

    /// Counters for a process that does one thing and ends.
    pub fn at_once(file: Option<&Path>) -> Statistics {
        Statistics { file: file.map(Path::to_path_buf).unwrap_or_default(), at_once: true, ..Statistics::default() }
    }

    /// Counters for a process that will not be allowed to open the file later.
    pub fn opened(file: Option<&Path>) -> Statistics {
        let mut made = Statistics::new(file.map(Path::to_path_buf).unwrap_or_default());
        made.open = open(&made.file).ok();
        made
    }

    /// Is anything counted?
    pub fn is_wanted(&self) -> bool {
        !self.file.as_os_str().is_empty()
    }

    /// A message has been dealt with.
    pub fn settle(&self) {
        if self.at_once && self.is_wanted() {
            // The message is what counts, not the count.
            let _ = self.flush();
        }
    }

    fn with(&self, change: impl FnOnce(&mut Counters)) {
        // A poisoned lock holds plain numbers, which are never half-changed.
        change(&mut self.pending.lock().unwrap_or_else(|poisoned| poisoned.into_inner()));
    }

    /// A message of `size` octets was taken from a sender that `mailer` reaches.
    pub fn message_from(&self, mailer: usize, size: u64) {
        self.with(|counters| {
            counters.add(Count::From, mailer, 1);
            counters.add(Count::FromKilobytes, mailer, kilobytes(size));
        });
    }

    /// A message of `size` octets was delivered by `mailer`.
    pub fn message_to(&self, mailer: usize, size: u64) {
        self.with(|counters| {
            counters.add(Count::To, mailer, 1);
            counters.add(Count::ToKilobytes, mailer, kilobytes(size));
        });
    }

    /// A message was rejected, discarded or put in quarantine.
    pub fn refused(&self, count: Count, mailer: usize) {
        self.with(|counters| counters.add(count, mailer, 1));
    }

    /// A connection was made or refused.
    pub fn connection(&self, kind: Connection) {
        self.with(|counters| {
            if let Some(counter) = counters.connections.get_mut(kind as usize) {
                *counter = counter.saturating_add(1);
            }
        });
    }

    /// Adds what was counted to the file. Where there is no file it is forgotten; where the file cannot be had now it
    /// is kept for the next time. A file of another form is begun anew, as the original does.
    pub fn flush(&self) -> io::Result<()> {
        let mut counted = Counters::default();
        self.with(|pending| std::mem::swap(&mut counted, pending));
        if counted == Counters::default() {
            return Ok(());
        }
        let done = self.add_to_file(&counted);
        if done.as_ref().is_err_and(|e| e.kind() != io::ErrorKind::NotFound) {
            self.with(|pending| pending.merge(&counted));
        }
        match done {
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    fn add_to_file(&self, counted: &Counters) -> io::Result<()> {
        let file = match &self.open {
            Some(file) => file.try_clone()?,
            None => open(&self.file)?,
        };
        let file = lock(file)?;
        let mut content = vec![0; SIZE];
        let length = read_at_most(&file, &mut content)?;
        content.truncate(length);
        let mut counters = Counters::decode(&content).unwrap_or_else(|_| Counters::starting(now()));
        counters.merge(counted);
        file.write_all_at(&counters.encode(), 0)
    }
}

fn open(path: &Path) -> io::Result<File> {
    let flags = (nix::fcntl::OFlag::O_NOFOLLOW | nix::fcntl::OFlag::O_NONBLOCK).bits();
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("no regular file"));
    }
    Ok(file)
}

fn lock(mut file: File) -> io::Result<Flock<File>> {
    for _ in 1..LOCK_TRIES {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(locked) => return Ok(locked),
            Err((back, nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR)) => file = back,
            Err((_, errno)) => return Err(errno.into()),
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| errno.into())
}

fn read_at_most(file: &File, buffer: &mut [u8]) -> io::Result<usize> {
    let mut done = 0;
    while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, done as u64)? {
            0 => break,
            n => done += n,
        }
    }
    Ok(done)
}

/// Kilobytes, begun ones counted.
fn kilobytes(size: u64) -> i64 {
    i64::try_from(size.div_ceil(1024)).unwrap_or(i64::MAX)
}

/// Seconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or(0);
    i64::try_from(since).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_the_originals() {
        assert_eq!(SIZE, 1448);
        let mut counters = Counters::starting(7);
        counters.add(Count::From, 3, 1);
        counters.add(Count::FromKilobytes, 5, 2);
        counters.add(Count::To, 3, 3);
        counters.add(Count::ToKilobytes, 3, 4);
        counters.add(Count::Quarantined, 24, 5);
        counters.add(Count::Quarantined, 25, 6);
        let bytes = counters.encode();
        assert_eq!(bytes.len(), SIZE);
        for (at, value) in [(0x48, 1), (0x120, 2), (0x1d8, 3), (0x2a0, 4), (0x5a0, 5)] {
            assert_eq!(bytes[at], value, "at {at:#x}");
        }
        assert_eq!(Counters::decode(&bytes), Ok(counters));
    }

    #[test]
    fn other_files_are_told_apart() {
        let good = Counters::default().encode();
        let with = |at: usize, value: u8| {
            let mut bytes = good.clone();
            bytes[at] = value;
            Counters::decode(&bytes)
        };
        assert_eq!(with(0, 0), Err(Unfit::Magic));
        assert_eq!(with(4, 3), Err(Unfit::Version(3)));
        assert_eq!(with(16, 0), Err(Unfit::Size));
        assert_eq!(Counters::decode(&good[..100]), Err(Unfit::Size));
        assert_eq!(Counters::decode(b""), Err(Unfit::Magic));
        assert!(Counters::decode(&[good, b"more".to_vec()].concat()).is_ok());
    }

    #[test]
    fn counts_reach_the_file_only_if_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics");
        let (one, two) = (Statistics::new(path.clone()), Statistics::new(path.clone()));
        one.message_from(3, 1);
        one.flush().unwrap();
        assert!(!path.exists());
        std::fs::write(&path, b"rubbish").unwrap();
        for statistics in [&one, &two] {
            statistics.message_from(3, 1025);
            statistics.message_to(4, 0);
            statistics.refused(Count::Rejected, 5);
            statistics.connection(Connection::Refused);
            statistics.flush().unwrap();
            statistics.flush().unwrap();
        }
        let read = Counters::decode(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((read.of(Count::From, 3), read.of(Count::FromKilobytes, 3)), (2, 4));
        assert_eq!((read.total(Count::To, &[3, 4]), read.of(Count::ToKilobytes, 4)), (2, 0));
        assert_eq!((read.of(Count::Rejected, 5), read.connections(Connection::Refused)), (2, 2));
        assert!(read.since > 1_700_000_000);
    }

    #[test]
    fn what_a_locked_file_does_not_take_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("statistics");
        let held = Flock::lock(File::create(&path).unwrap(), FlockArg::LockExclusive).unwrap();
        let statistics = Statistics::new(path.clone());
        statistics.connection(Connection::In);
        assert!(statistics.flush().is_err());
        drop(held);
        statistics.flush().unwrap();
        assert_eq!(Counters::decode(&std::fs::read(&path).unwrap()).unwrap().connections(Connection::In), 1);
    }
}
