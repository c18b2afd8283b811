//! The `deliver` worker: a short-lived process that becomes a user and does for him what his mail asks for.
//!
//! It speaks [`wire`] over its only descriptor. It trusts the configuration and the alias database, which it reads itself, and
//! the password database; it does not trust its client, which may have been taken over through the network: see [`identity`].
//! After the first job it is that user for good and serves only more jobs for him (`Answer::Elsewhere` for all others),
//! so that mail for the same user needs no new process.
//!
//! In a program that is not root there is nobody else to become: everything runs as the caller.

mod builtin;
pub mod dead_letter;
mod file;
mod identity;
mod lmtp;
mod program;
pub mod wire;

pub use builtin::is_ours;

use crate::alias::Aliases;
use crate::cf::{Config, Macros, Mailer};
use crate::deliver::{Found, LocalJob, LocalRecipient};
use crate::envelope::{Origin, Status};
use crate::sys::cred::{self, Identity};
use crate::user::Passwd;
use std::io::{self, ErrorKind};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use wire::{Answer, Request};

/// A worker.
pub struct Worker {
    config: Arc<Config>,
    aliases: Arc<dyn Aliases>,
    users: Passwd,
    /// Was it root when it began?
    root: bool,
    /// Who it has become. `Some(None)`: it stays root, for mailers with `F=S`.
    became: Option<Option<Identity>>,
    /// The group that may write in the mail spool, if one is needed.
    spool_group: Option<u32>,
    /// It lives under another root directory and can do nothing more.
    spent: bool,
}

/// Why a job is not done here.
#[derive(Debug)]
enum Elsewhere {
    /// A worker that is somebody else already cannot do it.
    Again,
    /// It failed.
    Failed(Status),
}

impl From<Status> for Elsewhere {
    fn from(status: Status) -> Elsewhere {
        Elsewhere::Failed(status)
    }
}

/// How long a worker waits for another job.
const IDLE: Duration = Duration::from_secs(10);

/// Serves `socket` until the other side closes it or asks nothing for a while. Runs in a process of its own with one thread.
pub fn serve(config: Arc<Config>, aliases: Arc<dyn Aliases>, socket: &UnixStream) -> io::Result<()> {
    let mut worker = Worker::new(config, aliases);
    socket.set_read_timeout(Some(IDLE))?;
    loop {
        let request = match wire::receive_request(socket) {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(()),
            Err(error) => return Err(error),
        };
        let answer = worker.answer(request);
        wire::send_answer(socket, &answer)?;
    }
}

impl Worker {
    /// A worker that has become nobody yet.
    pub fn new(config: Arc<Config>, aliases: Arc<dyn Aliases>) -> Worker {
        let spool_group = builtin::spool_group(&config);
        let root = cred::is_root();
        if root {
            // Where mailers run that have no `D=`. What it does not find there is nobody's loss.
            let queue = config.options.queue_directory.path();
            let several = |p: &&std::path::Path| p.as_os_str().as_encoded_bytes().ends_with(b"*");
            let place = queue.and_then(|p| if several(&p) { p.parent() } else { Some(p) });
            let _ = place.map(nix::unistd::chdir);
        }
        Worker { config, aliases, users: Passwd, root, became: None, spool_group, spent: false }
    }

    /// Does what is asked.
    pub fn answer(&mut self, request: Request) -> Answer {
        if self.spent {
            return Answer::Elsewhere;
        }
        let result = match request {
            Request::Deliver(job) => self.deliver(&job).map(Answer::Statuses),
            Request::Forward(user, detail) => self.forward(&user, &detail).map(Answer::Found),
            Request::Include(path, origin) => {
                self.read_include(&path, &origin).map(|l| Answer::Found(Found { file: Some(l), refused: Vec::new() }))
            }
            Request::DeadLetter(user, file) => self.dead_letter(&user, &file).map(Answer::Saved),
        };
        match result {
            Ok(answer) => answer,
            Err(Elsewhere::Again) => Answer::Elsewhere,
            Err(Elsewhere::Failed(status)) => Answer::Failed(status),
        }
    }

    fn forward(&mut self, user: &[u8], detail: &[u8]) -> Result<Found, Elsewhere> {
        let user = self.user(user)?;
        if user.uid != 0 {
            self.turn_into(Some(self.identity_of(&user)))?;
        }
        self.read_forward(&user, detail)
    }

    fn deliver(&mut self, job: &LocalJob) -> Result<Vec<Status>, Elsewhere> {
        let config = Arc::clone(&self.config);
        let mailer = config.mailers.get(job.mailer).filter(|m| !m.is_ipc());
        let mailer = mailer.ok_or_else(|| Status::new((5, 3, 5), 78, "Local configuration error"))?;
        let Some(first) = job.recipients.first() else { return Ok(Vec::new()) };
        let is_file = mailer.name == "*file*" && mailer.is_file();
        if mailer.name == "prog" || is_file {
            // Each with the rights of its own origin: the client sends them one by one.
            let [recipient] = &job.recipients[..] else { return Err(Elsewhere::Again) };
            let wanted = if is_file { identity::plain(&recipient.user) } else { program_address(recipient) };
            // One that gave up its rights may be unable to read what names the address now: that is no verdict.
            let who = self.for_address(&wanted, &recipient.origin);
            let who = who.map_err(|why| if self.gave_up_rights() { Elsewhere::Again } else { why })?;
            self.change_root(mailer, job, recipient)?;
            self.turn_into(Some(who))?;
            let status = if is_file { self.file(&wanted, job) } else { self.program(mailer, job) };
            return Ok(vec![status]);
        }
        if let Some(settings) = builtin::settings(mailer) {
            return job.recipients.iter().map(|r| self.mailbox(&settings, job, r)).collect();
        }
        let who = self.for_mailer(mailer, first)?;
        self.change_root(mailer, job, first)?;
        if mailer.is_file() {
            // The configuration names the file: `A=FILE /path`.
            let macros = self.macros(job, mailer, first);
            let path = mailer.argv.get(1).map(|a| a.expand(&macros)).unwrap_or_default();
            let who = file::owner_of_setuid(&path).or(who);
            self.turn_into(who)?;
            return Ok(vec![self.file(&path, job); job.recipients.len()]);
        }
        self.turn_into(who)?;
        if mailer.speaks_smtp() || mailer.path.eq_ignore_ascii_case(b"[LPC]") {
            return Ok(self.lmtp(mailer, job));
        }
        let status = self.program(mailer, job);
        Ok(vec![status; job.recipients.len()])
    }

    /// `/=`: a new root directory for the mailer; after that the worker is of no use for anything else.
    fn change_root(&mut self, mailer: &Mailer, job: &LocalJob, recipient: &LocalRecipient) -> Result<(), Elsewhere> {
        let Some(root) = &mailer.root else { return Ok(()) };
        let failed =
            |why: &str| Status::new((4, 3, 0), 75, format!("mailer {}: cannot change root: {why}", mailer.name));
        if !self.root {
            return Err(failed("not root").into());
        }
        if self.became.is_some() {
            return Err(Elsewhere::Again);
        }
        let root = root.expand(&self.macros(job, mailer, recipient));
        let root = std::path::Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(&root));
        nix::unistd::chroot(root).and_then(|()| nix::unistd::chdir("/")).map_err(|e| failed(e.desc()))?;
        self.spent = true;
        Ok(())
    }

    /// Becomes `who` for good; `None` stays what it is.
    fn turn_into(&mut self, who: Option<Identity>) -> Result<(), Elsewhere> {
        if !self.root {
            return Ok(());
        }
        match &self.became {
            Some(now) if *now == who => Ok(()),
            Some(_) => Err(Elsewhere::Again),
            None => {
                if let Some(identity) = &who {
                    cred::become_for_good(identity)
                        .map_err(|e| Status::new((4, 3, 0), 75, format!("cannot become user {}: {e}", identity.uid)))?;
                }
                self.became = Some(who);
                Ok(())
            }
        }
    }

    fn gave_up_rights(&self) -> bool {
        self.root && matches!(self.became, Some(Some(_)))
    }

    /// Runs `work` with the rights of `who`, in a child if this process is still root.
    fn as_user(
        &self,
        who: &Identity,
        work: impl FnOnce() -> Result<Found, Status>,
    ) -> Result<Result<Found, Status>, Elsewhere> {
        if !self.root {
            return Ok(work());
        }
        match &self.became {
            Some(Some(now)) if now.uid == who.uid => return Ok(work()),
            Some(Some(_)) => return Err(Elsewhere::Again),
            _ => {}
        }
        let failed = |e: io::Error| Status::new((4, 3, 0), 75, format!("cannot ask as user {}: {e}", who.uid));
        let (ours, theirs) = UnixStream::pair().map_err(failed)?;
        let pid = crate::sys::process::fork_child(true, || {
            let identity = Identity { reserve: None, ..who.clone() };
            let answer = match cred::become_for_good(&identity) {
                Ok(()) => match work() {
                    Ok(found) => Answer::Found(found),
                    Err(status) => Answer::Failed(status),
                },
                Err(error) => Answer::Failed(Status::new((4, 3, 0), 75, error.to_string())),
            };
            u8::from(wire::send_answer(&theirs, &answer).is_err())
        })
        .map_err(failed)?;
        // The child's end must be closed here, or its death would go unnoticed.
        drop(theirs);
        let answer = wire::receive_answer(&ours);
        let _ = nix::sys::wait::waitpid(pid, None);
        match answer.map_err(failed)? {
            Answer::Found(found) => Ok(Ok(found)),
            Answer::Failed(status) => Ok(Err(status)),
            _ => Err(failed(ErrorKind::InvalidData.into()).into()),
        }
    }

    /// The macros for a mailer's templates.
    fn macros(&self, job: &LocalJob, mailer: &Mailer, recipient: &LocalRecipient) -> Macros {
        let mut macros = self.config.layer();
        for (name, value) in &job.macros {
            macros.set(name.as_str(), value);
        }
        macros.set("g", &job.sender);
        macros.set("h", &recipient.host);
        macros.set("u", self.user_text(mailer, recipient));
        let owner = match (&recipient.origin, &recipient.control) {
            (Origin::Forward(user), _) => user.split(|b| *b == b'+').next(),
            (Origin::Include(..), Some(control)) => Some(&control[..]),
            _ if mailer.flags.has(b'w') => Some(&recipient.user[..]),
            _ => None,
        };
        let home = owner.and_then(|name| self.user(name).ok()).map(|u| u.home);
        match home {
            Some(home) => macros.set("z", std::os::unix::ffi::OsStrExt::as_bytes(home.as_os_str())),
            None => macros.unset("z"),
        }
        macros
    }

    /// `$u`: a program's command without quotes and bar; other users without quotes where the mailer asks for it (`F=s`).
    fn user_text(&self, mailer: &Mailer, recipient: &LocalRecipient) -> Vec<u8> {
        if mailer.name == "prog" {
            identity::command(&recipient.user)
        } else if mailer.flags.has(b's') {
            crate::alias::list::unquoted(&recipient.user)
        } else if mailer.flags.has(b'B') {
            let start = recipient.user.iter().position(|b| *b != b'\\').unwrap_or(recipient.user.len());
            recipient.user.get(start..).unwrap_or_default().to_vec()
        } else {
            recipient.user.to_vec()
        }
    }
}

/// `|command`, in the form in which lists are searched for it.
fn program_address(recipient: &LocalRecipient) -> Vec<u8> {
    [b"|", &identity::command(&recipient.user)[..]].concat()
}
