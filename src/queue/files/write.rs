//! Commit, update and removal: the order of writes, syncs and renames is all that keeps mail from being lost.

use super::home::{Home, Kind};
use super::{Inner, Job, lock};
use crate::envelope::{Body, Envelope, QueueId};
use crate::queue::file::{self, DataFile};
use crate::sys::dir::Dir;
use std::fs::File;
use std::io::{self, Write};
use std::sync::atomic::Ordering;

impl Inner {
    pub(super) fn create(&self, dir: &Dir, name: &str) -> io::Result<File> {
        let file = dir.create_new(name, self.settings.mode)?;
        if self.settings.mode & 0o077 != 0 {
            // Whatever the umask is: a submission queue must stay writable for its group.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(self.settings.mode);
            file.set_permissions(mode)?;
        }
        Ok(file)
    }

    pub(super) fn commit(&self, envelope: &Envelope) -> io::Result<()> {
        let id = &envelope.id;
        let n = self.home_of(id, envelope.group);
        let home = self.home(n)?;
        self.write_data(n, home, envelope)?;
        let kind = Kind::for_new(envelope);
        let written = self.write_control(home, envelope, kind, &DataFile::default()).and_then(|file| {
            if self.settings.sync {
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
                let generation = self.generation.fetch_add(1, Ordering::Relaxed);
                let job = Job { lock: file, home: n, kind, data: DataFile::default(), generation, found: false };
                lock(&self.jobs).insert(id.clone(), job);
                Ok(())
            }
            Err(e) => {
                // Nothing was promised: the caller answers with an error, so nothing must stay.
                let _ = home.control.unlink(&kind.name(id));
                let _ = home.data.unlink(&format!("df{id}"));
                Err(e)
            }
        }
    }

    /// The data file, durable except for its name.
    fn write_data(&self, n: usize, home: &Home, envelope: &Envelope) -> io::Result<()> {
        let name = format!("df{}", envelope.id);
        let place = lock(&self.spooled).get(&envelope.id).map(|(place, _)| *place);
        if let Body::File(file, _) = &envelope.body
            && (place == Some(n) || home.data.link(file, &name).is_ok())
        {
            return if self.settings.sync { file.sync_data() } else { Ok(()) };
        }
        let mut file = self.create(&home.data, &name)?;
        let written = match &envelope.body {
            Body::Empty => Ok(0),
            Body::Memory(bytes) => file.write_all(bytes).map(|()| 0),
            Body::File(..) => io::copy(&mut envelope.body.reader(), &mut file),
        };
        let synced = written.and_then(|_| if self.settings.sync { file.sync_data() } else { Ok(()) });
        if synced.is_err() {
            let _ = home.data.unlink(&name);
        }
        synced
    }

    /// Writes `tf`, locks it, syncs it and makes it the control file. Gives the locked file.
    fn write_control(&self, home: &Home, envelope: &Envelope, kind: Kind, data: &DataFile) -> io::Result<File> {
        let temporary = format!("tf{}", envelope.id);
        let mut file = match self.create(&home.control, &temporary) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                // A crash left it; the job is ours, so is the name.
                home.control.unlink(&temporary)?;
                self.create(&home.control, &temporary)?
            }
            other => other?,
        };
        let renamed = file
            .write_all(&file::encode(envelope, data))
            .and_then(|()| file.try_lock().map_err(io::Error::from))
            .and_then(|()| if self.settings.sync { file.sync_data() } else { Ok(()) })
            .and_then(|()| home.control.rename(&temporary, &kind.name(&envelope.id)));
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
        let file = self.write_control(home, envelope, kind, &data)?;
        if let Some(index) = self.indexes.get(n) {
            lock(index).forget(id);
        }
        if kind != old {
            home.control.unlink(&old.name(id))?;
        }
        if let Some(job) = lock(&self.jobs).get_mut(id) {
            job.lock = file;
            job.kind = kind;
            job.data = data;
        }
        // When this fails a crash leaves one of the two versions, and both are right.
        if self.settings.sync { home.control.sync() } else { Ok(()) }
    }

    pub(super) fn remove(&self, id: &QueueId) -> io::Result<()> {
        let spooled = lock(&self.spooled).remove(id);
        let job = lock(&self.jobs).remove(id);
        let Some(job) = job else {
            if let Some((place, _)) = spooled {
                self.home(place)?.data.unlink(&format!("df{id}"))?;
            }
            return Ok(());
        };
        let home = self.home(job.home)?;
        home.control.unlink(&job.kind.name(id))?;
        self.data_dir(home, &job.data).unlink(&format!("df{id}"))?;
        if job.found {
            home.transcript.as_ref().unwrap_or(&home.control).unlink(&format!("xf{id}"))?;
        }
        Ok(())
    }
}
