//! Certificates renewed on disk: the parent, who may read the keys, sees it and hands `mta` the open files.
//!
//! The parent reads none of them; which files they are it knows from its own configuration.

use crate::cf::Config;
use crate::tls::server::secret_files;
use std::fs::{File, Metadata};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Between looks at the files.
pub const INTERVAL: Duration = Duration::from_secs(5);

/// What tells one version of a file from another.
type Mark = Option<(u64, u64, i64, i64, u64)>;

/// Watches the certificate and key files of the configuration.
pub struct Watch {
    files: Vec<PathBuf>,
    /// As they were when `mta` last got them.
    known: Vec<Mark>,
    /// As they were at the last look: a change is acted on when it has settled.
    seen: Vec<Mark>,
    next: Instant,
}

impl Watch {
    /// A watch that takes the files as they are now for known.
    pub fn new(config: &Config) -> Watch {
        let files = secret_files(&config.options);
        let known: Vec<Mark> = files.iter().map(|f| mark(f)).collect();
        Watch { seen: known.clone(), known, files, next: Instant::now() + INTERVAL }
    }

    /// When to look again; `None` when there is nothing to watch.
    pub fn due(&self) -> Option<Instant> {
        (!self.files.is_empty()).then_some(self.next)
    }

    /// Looks when it is time; gives the files, in order, once they have changed and stand still. A file that is not there is
    /// empty.
    pub fn look(&mut self) -> Option<Vec<File>> {
        if self.due().is_none_or(|due| due > Instant::now()) {
            return None;
        }
        self.next = Instant::now() + INTERVAL;
        let now: Vec<Mark> = self.files.iter().map(|f| mark(f)).collect();
        let settled = now == self.seen;
        self.seen = now;
        if !settled || self.seen == self.known {
            return None;
        }
        self.known = self.seen.clone();
        let opened = self.files.iter().map(|f| open(f).or_else(|_| File::open("/dev/null")));
        opened.collect::<io::Result<Vec<File>>>().ok()
    }
}

/// Opens a file for reading; a pipe in its place does not hold the parent up.
fn open(path: &Path) -> io::Result<File> {
    File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path)
}

fn mark(path: &Path) -> Mark {
    let of = |m: Metadata| (m.dev(), m.ino(), m.mtime(), m.mtime_nsec(), m.size());
    std::fs::metadata(path).ok().map(of)
}

/// Opens for [`crate::tls::server::Server::new`] what the parent handed over.
pub fn opener(config: &Config, files: Vec<OwnedFd>) -> impl FnMut(&Path) -> io::Result<File> + use<> {
    let names = secret_files(&config.options);
    let mut files: Vec<Option<File>> = files.into_iter().map(|f| Some(File::from(f))).collect();
    move |path| {
        // A file that is named twice is handed over twice.
        let mut places = names.iter().enumerate().filter(|(_, name)| *name == path).map(|(n, _)| n);
        let place = places.find(|n| files.get(*n).is_some_and(Option::is_some));
        place
            .and_then(|n| files.get_mut(n).and_then(Option::take))
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }
}
