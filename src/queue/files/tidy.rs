//! What crashes leave behind: data files, transcripts and half-written control files of messages that nobody was promised.
//!
//! A file goes only when no control file of its job is in any of the directories, when it was not touched for a day, so that
//! no program can be at work with it, and when nobody holds a lock on it.

use super::home::Kind;
use super::{FileStore, Inner, lock};
use crate::envelope::QueueId;
use crate::log;
use crate::sys::dir::Dir;
use std::collections::HashSet;

/// Seconds that a file without a control file is left alone.
const AGE: i64 = 86_400;

impl FileStore {
    /// Removes what was left behind; how many files. `now`: seconds since 1970.
    pub fn tidy(&self, now: i64) -> usize {
        self.inner.tidy(now)
    }
}

impl Inner {
    fn tidy(&self, now: i64) -> usize {
        let mut jobs: HashSet<QueueId> = lock(&self.jobs).keys().cloned().collect();
        jobs.extend(lock(&self.spooled).keys().cloned());
        for home in &self.homes {
            // Without the whole picture nothing is removed.
            let Ok(names) = home.control.names() else { return 0 };
            let kinds = [Kind::Normal, Kind::Quarantined, Kind::Lost];
            jobs.extend(names.iter().filter_map(|n| kinds.iter().find_map(|k| job_of(n, k.prefix()))));
        }
        let mut removed = 0;
        for home in &self.homes {
            removed += sweep(&home.control, "tf", &HashSet::new(), now);
            removed += sweep(&home.data, "df", &jobs, now);
            removed += sweep(home.transcript.as_ref().unwrap_or(&home.control), "xf", &jobs, now);
        }
        removed
    }
}

fn job_of(name: &str, prefix: &str) -> Option<QueueId> {
    QueueId::parse(name.strip_prefix(prefix)?.as_bytes())
}

/// Removes the old files of one kind whose jobs are not among `jobs`.
fn sweep(dir: &Dir, prefix: &str, jobs: &HashSet<QueueId>, now: i64) -> usize {
    let Ok(names) = dir.names() else { return 0 };
    let stale = |name: &&String| {
        let orphan = job_of(name, prefix).is_some_and(|id| !jobs.contains(&id));
        orphan && dir.stat(name).is_ok_and(|s| s.is_regular() && now.saturating_sub(s.mtime) > AGE)
    };
    let mut removed = 0;
    for name in names.iter().filter(stale) {
        let free = dir.open_file(name).is_ok_and(|file| file.try_lock().is_ok());
        if free && dir.unlink(name).unwrap_or(false) {
            log::queue::stale_file(&dir.path().join(name));
            removed += 1;
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ID, envelope, queue};
    use crate::envelope::Body;
    use crate::queue::store::Store;

    #[test]
    fn only_what_is_old_and_nobodys() {
        let (dir, store) = queue();
        let e = envelope(ID, Body::Memory(b"x"[..].into()));
        store.commit(&e).expect("commit");
        store.release(&e.id);
        let names = ["dfAAAAAAAA000001", "xfAAAAAAAA000001", "tfAAAAAAAA000001", "dfAAAAAAAA000002", "notes", "df"];
        for name in names {
            std::fs::write(dir.path().join(name), "x").expect("write");
        }
        std::fs::write(dir.path().join("QfAAAAAAAA000002"), "x").expect("write");
        let now = 86_400 + 60 + std::time::UNIX_EPOCH.elapsed().expect("clock").as_secs() as i64;
        assert_eq!(store.tidy(now - 86_400), 0, "too young");
        assert_eq!(store.tidy(now), 3);
        let mut left: Vec<_> =
            std::fs::read_dir(dir.path()).expect("dir").map(|e| e.expect("entry").file_name()).collect();
        left.sort();
        let expected = ["QfAAAAAAAA000002", &format!("df{ID}"), "df", "dfAAAAAAAA000002", "notes", &format!("qf{ID}")];
        let mut expected: Vec<std::ffi::OsString> = expected.iter().map(|n| n.into()).collect();
        expected.sort();
        assert_eq!(left, expected);
    }
}
