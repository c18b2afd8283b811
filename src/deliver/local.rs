//! [`LocalDelivery`] by workers: finds the right one for a job, keeps it warm for a moment, and asks another when it has
//! become somebody else.

use super::worker::wire::{self, Answer, Request};
use super::worker::{self, is_ours};
use super::{Found, Listed, LocalDelivery, LocalJob, LocalRecipient, mail_local};
use crate::alias::Aliases;
use crate::cf::{Config, Mailer};
use crate::envelope::{Origin, Status};
use crate::text::Line;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Makes workers.
pub trait WorkerSource: Send + Sync {
    /// A socket to a new worker that has become nobody yet.
    fn worker(&self) -> io::Result<UnixStream>;
}

/// Forks workers from this process: for one-shot modes, before they start threads that hold locks.
pub struct ForkSource {
    config: Arc<Config>,
    aliases: Arc<dyn Aliases>,
    children: Mutex<Vec<Pid>>,
}

impl ForkSource {
    /// Workers with this configuration and these aliases.
    pub fn new(config: Arc<Config>, aliases: Arc<dyn Aliases>) -> ForkSource {
        ForkSource { config, aliases, children: Mutex::default() }
    }
}

impl WorkerSource for ForkSource {
    fn worker(&self) -> io::Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        children.retain(|pid| matches!(waitpid(*pid, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive)));
        let child = crate::sys::process::fork_child(true, || {
            crate::sys::process::reset_signals();
            u8::from(worker::serve(Arc::clone(&self.config), Arc::clone(&self.aliases), &theirs).is_err())
        })?;
        children.push(child);
        Ok(ours)
    }
}

/// Runs workers as threads: for a process that is not root and becomes nobody else anyway.
pub struct ThreadSource {
    config: Arc<Config>,
    aliases: Arc<dyn Aliases>,
}

impl ThreadSource {
    /// Workers with this configuration and these aliases.
    pub fn new(config: Arc<Config>, aliases: Arc<dyn Aliases>) -> ThreadSource {
        ThreadSource { config, aliases }
    }
}

impl WorkerSource for ThreadSource {
    fn worker(&self) -> io::Result<UnixStream> {
        if crate::sys::cred::is_root() {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "a thread cannot become another user"));
        }
        let (ours, theirs) = UnixStream::pair()?;
        let (config, aliases) = (Arc::clone(&self.config), Arc::clone(&self.aliases));
        std::thread::Builder::new().name("deliver".into()).spawn(move || worker::serve(config, aliases, &theirs))?;
        Ok(ours)
    }
}

/// How long a worker is kept for its user.
const WARM: Duration = Duration::from_secs(3);
/// How many are kept while they have nothing to do.
const MAX_WARM: usize = 64;
/// After so many requests a worker makes room for a fresh one.
const MAX_REQUESTS: u32 = 1000;
/// How long a mailbox waits for the worker that is writing to it, before it gets another: two would wait for the same lock.
const MAILBOX_PATIENCE: Duration = Duration::from_secs(2);
/// How long a look at a user's files waits for that user's worker.
const READ_PATIENCE: Duration = Duration::from_millis(20);

/// A socket to a worker. Workers that were forked later hold copies of it, so it is shut down, not only closed.
struct Socket(UnixStream);

impl Drop for Socket {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

/// A worker that waits for its next request.
struct Idle {
    socket: Socket,
    since: Instant,
    requests: u32,
}

/// The workers of one key.
#[derive(Default)]
struct Team {
    /// The one that rested least is last, and goes first.
    idle: Vec<Idle>,
    busy: usize,
}

#[derive(Default)]
struct Teams {
    by_key: HashMap<Vec<u8>, Team>,
    /// How many workers are idle.
    idle: usize,
    /// How many threads wait for one.
    waiting: usize,
}

impl Teams {
    /// Lets go of workers that had nothing to do for a while.
    fn expire(&mut self) {
        let now = Instant::now();
        let mut left = 0;
        self.by_key.retain(|_, team| {
            team.idle.retain(|one| now.duration_since(one.since) < WARM);
            left += team.idle.len();
            team.busy > 0 || !team.idle.is_empty()
        });
        self.idle = left;
    }
}

/// Local delivery by workers.
pub struct Local {
    config: Arc<Config>,
    source: Box<dyn WorkerSource>,
    teams: Mutex<Teams>,
    back: Condvar,
}

impl Local {
    /// Delivery with workers from `source`.
    pub fn new(config: Arc<Config>, source: Box<dyn WorkerSource>) -> Local {
        Local { config, source, teams: Mutex::default(), back: Condvar::new() }
    }

    /// Delivery without help from another process: forked workers for root, threads for others.
    pub fn direct(config: Arc<Config>, aliases: Arc<dyn Aliases>) -> Local {
        let source: Box<dyn WorkerSource> = if crate::sys::cred::is_root() {
            Box::new(ForkSource::new(Arc::clone(&config), aliases))
        } else {
            Box::new(ThreadSource::new(Arc::clone(&config), aliases))
        };
        Local::new(config, source)
    }

    /// Asks a worker that is warm for `key`, or a new one. While all of `key` are busy it waits up to `patience` for one.
    fn ask(&self, key: &[u8], request: &Request, patience: Duration) -> Result<Answer, Status> {
        let place = Place { local: self, key, kept: None };
        if let Some(idle) = self.take_warm(key, patience)
            && wire::send_request(&idle.socket.0, request).is_ok()
        {
            match wire::receive_answer(&idle.socket.0) {
                Ok(Answer::Elsewhere) => {}
                // Closed with the request unread: it was just leaving.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
                Ok(answer) => return Ok(place.done(idle.socket, idle.requests + 1, answer)),
                Err(error) => return Err(lost(&error)),
            }
        }
        let socket = Socket(self.source.worker().map_err(|e| lost(&e))?);
        wire::send_request(&socket.0, request).map_err(|e| lost(&e))?;
        match wire::receive_answer(&socket.0) {
            Ok(answer) => Ok(place.done(socket, 1, answer)),
            Err(error) => Err(lost(&error)),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Teams> {
        self.teams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An idle worker of `key`; the caller is one of its busy ones from now on, whether there was one or not.
    fn take_warm(&self, key: &[u8], patience: Duration) -> Option<Idle> {
        let mut teams = self.lock();
        teams.expire();
        let mut until: Option<Instant> = None;
        loop {
            let team = teams.by_key.entry(key.to_vec()).or_default();
            if let Some(idle) = team.idle.pop() {
                team.busy += 1;
                teams.idle -= 1;
                return Some(idle);
            }
            let left = match until {
                None => patience,
                Some(until) => until.saturating_duration_since(Instant::now()),
            };
            if team.busy == 0 || left.is_zero() {
                team.busy += 1;
                return None;
            }
            until.get_or_insert_with(|| Instant::now() + patience);
            teams.waiting += 1;
            teams = self.back.wait_timeout(teams, left).unwrap_or_else(PoisonError::into_inner).0;
            teams.waiting -= 1;
        }
    }

    fn deliver_together(&self, key: &[u8], job: LocalJob, patience: Duration) -> Vec<Status> {
        let count = job.recipients.len();
        match self.ask(key, &Request::Deliver(job), patience) {
            Ok(Answer::Statuses(statuses)) if statuses.len() == count => statuses,
            Ok(Answer::Failed(status)) | Err(status) => vec![status; count],
            Ok(_) => vec![lost(&io::ErrorKind::InvalidData.into()); count],
        }
    }
}

/// A request's place among the busy workers of a key; given up with its worker, if that is to stay.
struct Place<'a> {
    local: &'a Local,
    key: &'a [u8],
    kept: Option<Idle>,
}

impl Place<'_> {
    fn done(mut self, socket: Socket, requests: u32, answer: Answer) -> Answer {
        if requests < MAX_REQUESTS {
            self.kept = Some(Idle { socket, since: Instant::now(), requests });
        }
        answer
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut teams = self.local.lock();
        let room = teams.idle < MAX_WARM;
        let team = teams.by_key.entry(self.key.to_vec()).or_default();
        team.busy = team.busy.saturating_sub(1);
        if let Some(kept) = self.kept.take().filter(|_| room) {
            team.idle.push(kept);
            teams.idle += 1;
        }
        if teams.waiting > 0 {
            self.local.back.notify_all();
        }
    }
}

/// A worker that cannot be had, or that died: the mail waits.
fn lost(error: &io::Error) -> Status {
    Status::new((4, 3, 0), 75, format!("local delivery is not possible now: {error}"))
}

/// Which worker may be warm for a recipient.
fn key(mailer: Option<&Mailer>, job: &LocalJob, recipient: &LocalRecipient) -> Vec<u8> {
    let user = |name: &[u8]| [b"user ", name].concat();
    match (&recipient.origin, mailer) {
        (Origin::Forward(name), _) => user(name.split(|b| *b == b'+').next().unwrap_or_default()),
        (Origin::Include(..), _) => [b"list ", recipient.control.as_deref().unwrap_or_default()].concat(),
        (_, Some(mailer)) if is_ours(mailer) => {
            user(mail_local::login_names(&recipient.user).last().unwrap_or_default())
        }
        (_, Some(mailer)) if mailer.flags.has(b'o') && mailer.flags.has(b'w') && mailer.name != "prog" => {
            user(&recipient.user)
        }
        _ => format!("mailer {}", job.mailer).into_bytes(),
    }
}

impl LocalDelivery for Local {
    fn deliver(&self, job: LocalJob) -> Vec<Status> {
        let config = Arc::clone(&self.config);
        let mailer = config.mailers.get(job.mailer);
        let together =
            !mailer.is_some_and(|m| is_ours(m) || m.name == "prog" || m.path.eq_ignore_ascii_case(b"[FILE]"));
        let patience = if mailer.is_some_and(is_ours) { MAILBOX_PATIENCE } else { Duration::ZERO };
        match &job.recipients[..] {
            [] => Vec::new(),
            [first, rest @ ..] if together || rest.is_empty() => {
                self.deliver_together(&key(mailer, &job, first), job, patience)
            }
            all => {
                let one = |recipient: &LocalRecipient| match job.message.try_clone() {
                    Ok(message) => {
                        let single = LocalJob {
                            mailer: job.mailer,
                            recipients: vec![recipient.clone()],
                            macros: job.macros.clone(),
                            sender: job.sender.clone(),
                            message,
                            size: job.size,
                            eight_bit: job.eight_bit,
                        };
                        self.deliver_together(&key(mailer, &job, recipient), single, patience)
                    }
                    Err(error) => vec![lost(&error)],
                };
                all.iter().flat_map(one).collect()
            }
        }
    }

    fn forward(&self, user: &[u8], detail: &[u8]) -> Result<Found, Status> {
        let request = Request::Forward(Line::cleaned(user), Line::cleaned(detail));
        match self.ask(&[b"user ", user].concat(), &request, READ_PATIENCE)? {
            Answer::Found(found) => Ok(found),
            Answer::Failed(status) => Err(status),
            _ => Err(lost(&io::ErrorKind::InvalidData.into())),
        }
    }

    fn include(&self, path: &[u8], origin: &Origin) -> Result<Listed, Status> {
        let request = Request::Include(Line::cleaned(path), origin.clone());
        match self.ask(b"lists", &request, READ_PATIENCE)? {
            Answer::Found(Found { file: Some(listed), .. }) => Ok(listed),
            Answer::Failed(status) => Err(status),
            _ => Err(lost(&io::ErrorKind::InvalidData.into())),
        }
    }

    fn dead_letter(&self, user: &[u8], message: File) -> Option<Line> {
        let request = Request::DeadLetter(Line::cleaned(user), message);
        match self.ask(&[b"user ", user].concat(), &request, READ_PATIENCE) {
            Ok(Answer::Saved(path)) => path,
            _ => None,
        }
    }
}
