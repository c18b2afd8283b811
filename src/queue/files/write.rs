//! Commit, update and removal: the order of writes, syncs and renames is all that keeps mail from being lost.

use super::home::{Home, Kind};
use super::journal::{Journal, MAX_MESSAGE};
use super::{Inner, Job, lock};
use crate::envelope::{Body, Envelope, QueueId};
use crate::queue::file::{self, DataFile};
use crate::sys::dir::Dir;
use std::fs::File;
use std::io::{self, Write};
use std::sync::MutexGuard;
use std::sync::atomic::Ordering;

impl Inner {
    pub(super) fn create(&self, home: &Home, dir: &Dir, name: &str) -> io::Result<File> {
        let file = {
            let _turn = lock(&home.turn);
            dir.create_new(name, self.settings.mode)?
        };
        if self.settings.mode & self.umask != 0 {
            // Whatever the umask is: a submission queue must stay writable for its group.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(self.settings.mode);
            file.set_permissions(mode)?;
        }
        if crate::sys::cred::is_root() {
            // The queue's owner delivers it, and may be unable to read what belongs to root.
            let owner = dir.identify()?.uid;
            if owner != 0 {
                std::os::unix::fs::fchown(&file, Some(owner), None)?;
            }
        }
        Ok(file)
    }

    pub(super) fn commit(&self, envelope: &Envelope) -> io::Result<()> {
        let id = &envelope.id;
        if lock(&self.jobs).contains_key(id) {
            // Another message of that name must not be lost.
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let n = self.home_of(id, envelope.group);
        let home = self.home(n)?;
        let kind = Kind::for_new(envelope);
        let control = file::encode(envelope, &DataFile::default());
        let journal = self.journal_for(envelope, control.len());
        let late = self.late.load(Ordering::Relaxed) && kind == Kind::Normal;
        if let Some((journal, body)) = journal.filter(|_| late) {
            // Ours before it is in the journal, which may want its files soon.
            self.own(id, self.job(n, kind));
            if journal.append(id, kind, home.path(), &control, body) {
                return Ok(());
            }
            lock(&self.jobs).remove(id);
        }
        let at_once = self.settings.sync && journal.is_none();
        self.write_data(n, home, envelope, at_once)?;
        let written = self.write_control(home, id, &control, kind, at_once).and_then(|file| {
            // Files that the journal vouches for need no sync of their own.
            let vouched =
                journal.is_some_and(|(journal, body)| !late && journal.append(id, kind, home.path(), &control, body));
            if self.settings.sync && !vouched {
                if !at_once {
                    home.data.open_file(&format!("df{id}"))?.sync_data()?;
                    file.sync_data()?;
                }
                home.sync()?;
            }
            Ok(file)
        });
        // A body that came in where another group is at home.
        let stray = lock(&self.spooled).remove(id).map(|(place, _)| place).filter(|place| *place != n);
        if let Some(Ok(home)) = stray.map(|place| self.home(place)) {
            let _ = home.data.unlink(&format!("df{id}"));
        }
        match written {
            Ok(file) => {
                self.own(id, Job { lock: Some(file), ..self.job(n, kind) });
                Ok(())
            }
            Err(e) => {
                // Nothing was promised: the caller answers with an error, so nothing must stay.
                self.forget(id);
                let _ = home.control.unlink(&kind.name(id));
                let _ = home.data.unlink(&format!("df{id}"));
                Err(e)
            }
        }
    }

    /// The journal, with the body, when this message may go through it.
    fn journal_for<'a>(&'a self, envelope: &'a Envelope, control: usize) -> Option<(&'a Journal, &'a [u8])> {
        let body: &[u8] = match &envelope.body {
            Body::Empty => &[],
            Body::Memory(bytes) => bytes,
            Body::File(..) => return None,
        };
        let journal = self.journal.get().filter(|_| self.settings.sync && control + body.len() <= MAX_MESSAGE)?;
        Some((journal, body))
    }

    fn job(&self, home: usize, kind: Kind) -> Job {
        let generation = self.generation.fetch_add(1, Ordering::Relaxed);
        Job { lock: None, home, kind, data: DataFile::default(), generation, found: false, released: false }
    }

    fn own(&self, id: &QueueId, job: Job) {
        lock(&self.jobs).insert(id.clone(), job);
    }

    /// Tells the journal that a message is done with.
    fn forget(&self, id: &QueueId) {
        if let Some(journal) = self.journal.get() {
            journal.done(id);
        }
    }

    /// One at a time for each job that has no files yet: they may be wanted by whoever delivers it and by the journal.
    fn alone(&self, id: &QueueId) -> MutexGuard<'_, ()> {
        let sum = id.as_str().bytes().fold(0usize, |h, b| h.wrapping_mul(31).wrapping_add(usize::from(b)));
        lock(self.gates.get(sum % self.gates.len()).unwrap_or(&self.gates[0]))
    }

    /// Where the files of a job of ours will be that has none yet.
    fn late_home(&self, id: &QueueId) -> Option<usize> {
        lock(&self.jobs).get(id).filter(|job| job.lock.is_none()).map(|job| job.home)
    }

    /// Gives a message that is in the journal alone its files; they are as durable as the journal.
    pub(super) fn materialize(&self, id: &QueueId) -> io::Result<()> {
        let _alone = self.alone(id);
        self.make_files(id)
    }

    fn make_files(&self, id: &QueueId) -> io::Result<()> {
        let Some((journal, n)) = self.journal.get().zip(self.late_home(id)) else { return Ok(()) };
        let record = journal.read(id)?;
        let home = self.home(n)?;
        // An attempt that failed may have left it.
        home.data.unlink(&format!("df{id}"))?;
        self.put_data(home, id, &record.body, false)?;
        let file = self.write_control(home, id, &record.control, record.kind, false)?;
        let mut jobs = lock(&self.jobs);
        match jobs.get_mut(id) {
            Some(job) if !job.released => job.lock = Some(file),
            _ => drop(jobs.remove(id)),
        }
        Ok(())
    }

    /// Unlocks a job; one without files gets them first.
    pub(super) fn release(&self, id: &QueueId) {
        let _alone = self.alone(id);
        if let Err(e) = self.make_files(id) {
            // Still in the journal, and still ours: it is tried again before its segment is freed.
            if let Some(job) = lock(&self.jobs).get_mut(id) {
                job.released = true;
            }
            let text = format!("cannot write the queue files now: {e}");
            return crate::log::syserr(crate::log::Id::Queue(id), b"root", &text);
        }
        lock(&self.jobs).remove(id);
    }

    /// The data file; durable, with `sync`, except for its name.
    fn write_data(&self, n: usize, home: &Home, envelope: &Envelope, sync: bool) -> io::Result<()> {
        let name = format!("df{}", envelope.id);
        let place = lock(&self.spooled).get(&envelope.id).map(|(place, _)| *place);
        if let Body::File(file, _) = &envelope.body
            && (place == Some(n) || home.data.link(file, &name).is_ok())
        {
            return if sync { file.sync_data() } else { Ok(()) };
        }
        match &envelope.body {
            Body::Empty => self.put_data(home, &envelope.id, &[], sync),
            Body::Memory(bytes) => self.put_data(home, &envelope.id, bytes, sync),
            Body::File(..) => self.put_data_from(home, &envelope.id, &mut envelope.body.reader(), sync),
        }
    }

    pub(super) fn put_data(&self, home: &Home, id: &QueueId, body: &[u8], sync: bool) -> io::Result<()> {
        self.put_data_from(home, id, &mut { body }, sync)
    }

    fn put_data_from(&self, home: &Home, id: &QueueId, body: &mut dyn io::Read, sync: bool) -> io::Result<()> {
        let name = format!("df{id}");
        let mut file = self.create(home, &home.data, &name)?;
        let done = io::copy(body, &mut file).and_then(|_| if sync { file.sync_data() } else { Ok(()) });
        if done.is_err() {
            let _ = home.data.unlink(&name);
        }
        done
    }

    /// Writes `tf`, locks it, syncs it if asked to and makes it the control file. Gives the locked file.
    pub(super) fn write_control(
        &self,
        home: &Home,
        id: &QueueId,
        text: &[u8],
        kind: Kind,
        sync: bool,
    ) -> io::Result<File> {
        let temporary = format!("tf{id}");
        let mut file = match self.create(home, &home.control, &temporary) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                // A crash left it; the job is ours, so is the name.
                home.control.unlink(&temporary)?;
                self.create(home, &home.control, &temporary)?
            }
            other => other?,
        };
        let renamed = file
            .write_all(text)
            .and_then(|()| file.try_lock().map_err(io::Error::from))
            .and_then(|()| if sync { file.sync_data() } else { Ok(()) })
            .and_then(|()| {
                let _turn = lock(&home.turn);
                home.control.rename(&temporary, &kind.name(id))
            });
        match renamed {
            Ok(()) => Ok(file),
            Err(e) => {
                let _ = home.control.unlink(&temporary);
                Err(e)
            }
        }
    }

    pub(super) fn update(&self, envelope: &Envelope) -> io::Result<()> {
        let id = &envelope.id;
        let _alone = self.alone(id);
        if let Some(n) = self.late_home(id) {
            let home = self.home(n)?;
            home.data.unlink(&format!("df{id}"))?;
            self.write_data(n, home, envelope, false)?;
        }
        let not_ours = || io::Error::new(io::ErrorKind::NotFound, "job is not locked by this process");
        let (n, old, mut data) = {
            let jobs = lock(&self.jobs);
            let job = jobs.get(id).ok_or_else(not_ours)?;
            (job.home, job.kind, job.data.clone())
        };
        let home = self.home(n)?;
        if let Ok(df) = self.data_dir(home, &data).stat(&format!("df{id}")) {
            let (major, minor) = df.device();
            data.inode = Some((major, minor, df.ino));
        }
        let kind = Kind::for_new(envelope);
        let text = file::encode(envelope, &data);
        let file = self.write_control(home, id, &text, kind, self.settings.sync)?;
        if let Some(index) = self.indexes.get(n) {
            lock(index).forget(id);
        }
        if kind != old {
            home.control.unlink(&old.name(id))?;
        }
        if let Some(job) = lock(&self.jobs).get_mut(id) {
            job.lock = Some(file);
            job.kind = kind;
            job.data = data;
        }
        // When this fails a crash leaves one of the two versions, and both are right.
        if self.settings.sync { home.control.sync() } else { Ok(()) }
    }

    pub(super) fn remove(&self, id: &QueueId) -> io::Result<()> {
        let _alone = self.alone(id);
        self.forget(id);
        let spooled = lock(&self.spooled).remove(id);
        let job = lock(&self.jobs).remove(id);
        let Some(job) = job else {
            if let Some((place, _)) = spooled {
                self.home(place)?.data.unlink(&format!("df{id}"))?;
            }
            return Ok(());
        };
        if job.lock.is_none() {
            return Ok(());
        }
        let home = self.home(job.home)?;
        home.control.unlink(&job.kind.name(id))?;
        self.data_dir(home, &job.data).unlink(&format!("df{id}"))?;
        if job.found {
            home.transcript.as_ref().unwrap_or(&home.control).unlink(&format!("xf{id}"))?;
        }
        Ok(())
    }
}
