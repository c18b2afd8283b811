//! One queue directory: its `qf`, `df` and `xf` subdirectories where they are, and the names in it.

use super::Group;
use crate::envelope::{Envelope, QueueId};
use crate::queue::Selection;
use crate::sys::dir::Dir;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// An open queue directory.
#[derive(Debug)]
pub(super) struct Home {
    /// Where control files are.
    pub control: Dir,
    /// Where data files are.
    pub data: Dir,
    /// Where transcripts are, if not with the control files.
    pub transcript: Option<Dir>,
    /// True when data files have a directory of their own.
    split: bool,
    /// The queue group it belongs to.
    pub group: usize,
    /// Held while a name is made or changed: the kernel lets one thread in at a time, and the others would spin meanwhile.
    pub turn: Mutex<()>,
}

/// The kinds of control files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `qf`
    Normal,
    /// `hf`: quarantined.
    Quarantined,
    /// `Qf`: set aside.
    Lost,
}

impl Kind {
    /// The two letters of the name.
    pub fn prefix(self) -> &'static str {
        match self {
            Kind::Normal => "qf",
            Kind::Quarantined => "hf",
            Kind::Lost => "Qf",
        }
    }

    /// The name of the control file of `id`.
    pub fn name(self, id: &QueueId) -> String {
        format!("{}{id}", self.prefix())
    }

    /// The kind that `envelope` is to be written as.
    pub(super) fn for_new(envelope: &Envelope) -> Kind {
        if envelope.quarantine.is_some() { Kind::Quarantined } else { Kind::Normal }
    }

    /// The kind that `selection` looks at.
    pub(super) fn of(selection: &Selection) -> Kind {
        match (selection.lost, selection.quarantined) {
            (true, _) => Kind::Lost,
            (false, true) => Kind::Quarantined,
            (false, false) => Kind::Normal,
        }
    }
}

/// A control file found in a queue directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Number of the queue directory.
    pub home: usize,
    /// Its kind.
    pub kind: Kind,
    /// The job.
    pub id: QueueId,
}

impl Home {
    fn open(path: &Path, group: usize) -> io::Result<Home> {
        let top = Dir::open(path)?;
        let data = top.subdir("df")?;
        let transcript = top.subdir("xf")?;
        let split = data.is_some();
        let data = match data {
            Some(data) => data,
            None => Dir::open(path)?,
        };
        let control = top.subdir("qf")?.unwrap_or(top);
        Ok(Home { control, data, transcript, split, group, turn: Mutex::default() })
    }

    /// What the journal knows it by.
    pub fn path(&self) -> &[u8] {
        std::os::unix::ffi::OsStrExt::as_bytes(self.control.path().as_os_str())
    }

    /// Makes new names durable.
    pub fn sync(&self) -> io::Result<()> {
        if self.split {
            self.data.sync()?;
        }
        self.control.sync()
    }

    /// The control files of one kind.
    pub fn entries(&self, home: usize, kind: Kind) -> io::Result<Vec<Entry>> {
        let names = self.control.names()?;
        let ids = names.iter().filter_map(|name| QueueId::parse(name.strip_prefix(kind.prefix())?.as_bytes()));
        Ok(ids.map(|id| Entry { home, kind, id }).collect())
    }
}

/// Opens the directories of all groups. A directory that two groups name belongs to the first.
pub(super) fn open_all(main: &Path, groups: &[Group]) -> io::Result<Vec<Home>> {
    let mut homes: Vec<Home> = Vec::new();
    let mut seen: Vec<PathBuf> = Vec::new();
    let base = base_of(main);
    for (n, group) in groups.iter().enumerate() {
        let pattern = group.path.as_deref().unwrap_or(main);
        let inside = group.path.is_none() || (pattern.starts_with(base) && pattern != base);
        if !inside {
            let text = format!("QueuePath {} not subpath of QueueDirectory {}", pattern.display(), base.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        for path in directories(pattern)? {
            if !seen.contains(&path) {
                homes.push(Home::open(&path, n)?);
                seen.push(path);
            }
        }
    }
    Ok(homes)
}

/// What all queue directories are below: `QueueDirectory`, or the directory of its pattern.
fn base_of(main: &Path) -> &Path {
    let pattern = main.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.ends_with('*'));
    if pattern { main.parent().unwrap_or(main) } else { main }
}

/// The directory, or all that `/path/prefix*` means.
fn directories(pattern: &Path) -> io::Result<Vec<PathBuf>> {
    let last = pattern.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let Some(prefix) = last.strip_suffix('*') else {
        return Ok(vec![pattern.to_path_buf()]);
    };
    let parent = pattern.parent().unwrap_or(Path::new("."));
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(parent)? {
        let entry = entry?;
        let named = entry.file_name().to_str().is_some_and(|n| n.starts_with(prefix) && !n.starts_with('.'));
        if named && entry.path().is_dir() {
            paths.push(entry.path());
        }
    }
    paths.sort();
    if paths.is_empty() {
        let text = format!("no directory matches {}", pattern.display());
        return Err(io::Error::new(io::ErrorKind::NotFound, text));
    }
    Ok(paths)
}
