//! The parent: root, one thread, no mail. It holds the listening sockets and the pid file, keeps `mta` and `auth` alive, and
//! forks a `deliver` worker when `mta` asks for one.
//!
//! What it trusts: its configuration and its signals. From `mta` it takes one byte at a time: [`WANT_WORKER`] is the whole
//! language. Everything else (what to deliver, for whom) the worker hears and judges itself.
//!
//! Signals: TERM and INT stop, HUP starts the program anew with its arguments, USR1 logs its state. The control socket can
//! do the same (`control`).

use super::board::Board;
use super::control::{Control, Status, Wish};
use super::renew::Watch;
use super::{Children, MtaSetup, auth, mta, pidfile::PidFile};
use crate::cf::Config;
use crate::envelope::QueueId;
use crate::queue::flights::{Crashes, Flights};
use crate::sys::{fdpass, process, title};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use signal_hook::consts as signals;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::TcpListener;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// `mta` asks for a `deliver` worker; the answer is the same byte with a socket.
pub const WANT_WORKER: u8 = b'W';
/// The parent hands `mta` the socket of a new `auth` process.
pub const NEW_AUTH: u8 = b'A';
/// The parent hands `mta` certificate and key files that changed.
pub const NEW_TLS: u8 = b'T';
/// The parent has no worker to give (fork failed).
pub const NO_WORKER: u8 = b'N';

/// Most workers at once; beyond it `mta` waits.
const MAX_WORKERS: usize = 200;
/// A child that lived this long is no part of a crash loop.
const STABLE: Duration = Duration::from_secs(60);
/// Longest pause before a child is started again.
const MAX_PAUSE: Duration = Duration::from_secs(60);
/// How long children may take to end before they are killed.
const STOP_TIME: Duration = Duration::from_secs(10);

/// What the parent supervises, made before it goes to the background.
pub struct Plan {
    /// The configuration, for itself and its children.
    pub config: Arc<Config>,
    /// The arguments to start the program with again on HUP.
    pub argv: Vec<OsString>,
    /// Listening sockets with the index of their `DaemonPortOptions`; none for a queue runner.
    pub listeners: Vec<(TcpListener, usize)>,
    /// The pid file.
    pub pid_file: Option<PidFile>,
    /// What `mta` does.
    pub setup: MtaSetup,
    /// The title that ps(1) shows for the parent.
    pub title: String,
}

/// A child that is started again when it ends.
struct Kept {
    pid: Option<Pid>,
    since: Instant,
    pause: Duration,
    due: Option<Instant>,
}

impl Kept {
    fn new() -> Kept {
        Kept { pid: None, since: Instant::now(), pause: Duration::ZERO, due: Some(Instant::now()) }
    }

    fn started(&mut self, pid: Pid) {
        (self.pid, self.since, self.due) = (Some(pid), Instant::now(), None);
    }

    /// The child ended: plans its next start, at once after a long life, later and later in a crash loop.
    fn ended(&mut self) {
        let lived = self.since.elapsed();
        self.pause = match lived >= STABLE {
            true => Duration::ZERO,
            false => (self.pause * 2).clamp(Duration::from_millis(100), MAX_PAUSE),
        };
        (self.pid, self.due) = (None, Some(Instant::now() + self.pause));
    }

    fn is_due(&self) -> bool {
        self.due.is_some_and(|due| due <= Instant::now())
    }
}

struct Flags {
    stop: Arc<AtomicBool>,
    restart: Arc<AtomicBool>,
    child: Arc<AtomicBool>,
    state: Arc<AtomicBool>,
    wake: UnixStream,
}

/// Supervises until a signal ends it; gives the exit code.
pub fn run(plan: Plan) -> u8 {
    match supervise(plan) {
        Ok(code) => code,
        Err(e) => {
            crate::log::syserr(crate::log::Id::Bare, b"root", &format!("supervisor failed: {e}"));
            71
        }
    }
}

fn watch_signals() -> io::Result<Flags> {
    let (wake, write) = UnixStream::pair()?;
    wake.set_nonblocking(true)?;
    let flag = |numbers: &[i32]| -> io::Result<Arc<AtomicBool>> {
        let flag = Arc::new(AtomicBool::new(false));
        for number in numbers {
            signal_hook::flag::register(*number, flag.clone())?;
            signal_hook::low_level::pipe::register(*number, write.try_clone()?)?;
        }
        Ok(flag)
    };
    Ok(Flags {
        stop: flag(&[signals::SIGTERM, signals::SIGINT, signals::SIGQUIT])?,
        restart: flag(&[signals::SIGHUP])?,
        child: flag(&[signals::SIGCHLD])?,
        state: flag(&[signals::SIGUSR1])?,
        wake,
    })
}

fn supervise(mut plan: Plan) -> io::Result<u8> {
    let flags = watch_signals()?;
    title::set(plan.title.as_bytes());
    let mut family = Family {
        mta: Kept::new(),
        auth: Kept::new(),
        channel: None,
        workers: Vec::new(),
        wanted: 0,
        flights: None,
        crashes: Crashes::default(),
        suspects: Vec::new(),
        board: Arc::new(Board::new()?),
        control: None,
    };
    if !plan.listeners.is_empty() {
        family.control = Control::open(&plan.config);
    }
    let mut certificates = (!plan.listeners.is_empty()).then(|| Watch::new(&plan.config));
    loop {
        if family.mta.is_due() {
            family.start_mta(&plan)?;
        }
        if plan.setup.serves_auth && family.auth.is_due() {
            family.start_auth(&plan)?;
        }
        family.serve_wanted(&plan);
        let alarms = [certificates.as_ref().and_then(Watch::due), family.control.as_ref().and_then(Control::due)];
        family.wait(&flags, &plan, alarms.into_iter().flatten().min())?;
        let wish = family.serve_control(&plan);
        if let Some(files) = certificates.as_mut().and_then(Watch::look) {
            family.hand_over(&files);
        }
        if flags.child.swap(false, Ordering::Relaxed) && !family.reap(&plan) {
            // A one-run queue runner's `mta` ends by itself, and that is the end.
            family.stop();
            if let Some(file) = plan.pid_file.take() {
                file.remove();
            }
            return Ok(0);
        }
        if flags.state.swap(false, Ordering::Relaxed) {
            super::state::dump(&plan.config.macros.expanded("j"), family.board.get());
        }
        let stop = flags.stop.load(Ordering::Relaxed) || wish == Some(Wish::Shutdown);
        if stop || wish.is_some() || flags.restart.load(Ordering::Relaxed) {
            let reason = if wish.is_some() { "control socket" } else { "signal" };
            let path = plan.argv.first().map(|p| p.as_encoded_bytes().to_vec()).unwrap_or_default();
            match stop {
                true => crate::log::stopping_daemon(reason),
                false => crate::log::restarting(&path, reason),
            }
            family.stop();
            if let Some(file) = plan.pid_file.take() {
                file.remove();
            }
            if stop {
                return Ok(0);
            }
            drop(plan.listeners);
            process::reset_signals();
            let error = process::exec_self(&plan.argv);
            crate::log::syserr(crate::log::Id::Bare, b"root", &format!("could not exec: {error}"));
            return Ok(71);
        }
    }
}

/// The running children.
struct Family {
    mta: Kept,
    auth: Kept,
    /// The parent's end of `mta`'s channel.
    channel: Option<UnixStream>,
    workers: Vec<Pid>,
    /// Workers asked for and not given yet.
    wanted: usize,
    /// What `mta` is delivering.
    flights: Option<Arc<Flights>>,
    crashes: Crashes,
    /// Jobs that the next `mta` is to set aside.
    suspects: Vec<QueueId>,
    /// Where `mta` writes how many connections it has.
    board: Arc<Board>,
    /// The control socket.
    control: Option<Control>,
}

impl Family {
    fn start_auth(&mut self, plan: &Plan) -> io::Result<()> {
        let (ours, theirs) = UnixStream::pair()?;
        let config = plan.config.clone();
        let pid = process::fork_child(true, || {
            child_start(&[theirs.as_raw_fd()]);
            auth::run(&config, theirs)
        })?;
        self.auth.started(pid);
        if let Some(channel) = &self.channel {
            // A failure means that `mta` is gone; the next one gets an `auth` of its own.
            let _ = fdpass::send(channel, &[NEW_AUTH], &[ours.as_raw_fd()]);
        }
        Ok(())
    }

    fn start_mta(&mut self, plan: &Plan) -> io::Result<()> {
        let (channel, theirs) = UnixStream::pair()?;
        channel.set_nonblocking(true)?;
        self.channel = Some(channel);
        // The socket of the old `auth` went with the old `mta`: end it, and its successor's goes to this one.
        self.end(self.auth.pid);
        let flights = Arc::new(Flights::new()?);
        self.flights = Some(Arc::clone(&flights));
        let suspects = std::mem::take(&mut self.suspects);
        let mut keep: Vec<i32> = plan.listeners.iter().map(|(l, _)| l.as_raw_fd()).collect();
        keep.extend([theirs.as_raw_fd(), self.board.descriptor()]);
        let board = self.board.clone();
        board.set(0);
        let pid = process::fork_child(true, || {
            child_start(&keep);
            let setup = MtaSetup { suspects, ..plan.setup.clone() };
            mta::run(plan.config.clone(), setup, &plan.listeners, theirs, flights, board)
        })?;
        self.mta.started(pid);
        self.wanted = 0;
        Ok(())
    }

    /// Answers on the control socket; gives what somebody there wants done.
    fn serve_control(&mut self, plan: &Plan) -> Option<Wish> {
        let mut control = self.control.take()?;
        let wish = control.serve(&|| self.status(plan));
        self.control = Some(control);
        wish
    }

    fn status(&self, plan: &Plan) -> Status {
        let options = &plan.config.options;
        let directory = options.queue_directory.to_display();
        let space = nix::sys::statvfs::statvfs(directory.trim_end_matches('*')).ok();
        let free = space.map_or(-1, |s| (s.blocks_available() * s.fragment_size() / 1024) as i64);
        let mut processes = vec![(std::process::id() as i32, "accepting connections".to_owned())];
        let named = [(self.mta.pid, "mta"), (self.auth.pid, "auth")];
        processes.extend(named.into_iter().filter_map(|(pid, name)| Some((pid?.as_raw(), name.to_owned()))));
        processes.extend(self.workers.iter().map(|pid| (pid.as_raw(), "deliver".to_owned())));
        Status {
            children: self.board.get(),
            most: options.max_daemon_children,
            free: (free, directory),
            load: crate::sys::load::average(),
            processes,
        }
    }

    /// Gives `mta` certificates and keys as they are now.
    fn hand_over(&self, files: &[std::fs::File]) {
        let Some(channel) = &self.channel else { return };
        let fds: Vec<i32> = files.iter().take(fdpass::MAX_FDS).map(AsRawFd::as_raw_fd).collect();
        // A failure means that `mta` is gone; the next one reads the files itself.
        let _ = fdpass::send(channel, &[NEW_TLS], &fds);
    }

    fn end(&self, pid: Option<Pid>) {
        if let Some(pid) = pid {
            let _ = kill(pid, Signal::SIGTERM);
        }
    }

    /// Gives `mta` the workers it asked for, as far as there may be so many.
    fn serve_wanted(&mut self, plan: &Plan) {
        while self.wanted > 0 && self.workers.len() < MAX_WORKERS {
            self.wanted -= 1;
            let Some(channel) = &self.channel else { return };
            let sent = match self.fork_worker(plan) {
                Ok((pid, socket)) => {
                    self.workers.push(pid);
                    fdpass::send(channel, &[WANT_WORKER], &[socket.as_raw_fd()])
                }
                Err(e) => {
                    crate::log::syserr(crate::log::Id::Bare, b"root", &format!("cannot fork: {e}"));
                    fdpass::send(channel, &[NO_WORKER], &[])
                }
            };
            if sent.is_err() {
                self.channel = None;
            }
        }
    }

    fn fork_worker(&self, plan: &Plan) -> io::Result<(Pid, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        let config = plan.config.clone();
        let pid = process::fork_child(false, || {
            child_start(&[theirs.as_raw_fd()]);
            super::deliver_worker(config, theirs)
        })?;
        Ok((pid, ours))
    }

    /// Sleeps until a signal, a request of `mta`, or a start that is due.
    fn wait(&mut self, flags: &Flags, plan: &Plan, alarm: Option<Instant>) -> io::Result<()> {
        let due = [self.mta.due, self.auth.due.filter(|_| plan.setup.serves_auth), alarm].into_iter().flatten().min();
        let timeout = match due {
            Some(due) => {
                let millis = due.saturating_duration_since(Instant::now()).as_millis().min(60_000) as u16;
                PollTimeout::from(millis)
            }
            None => PollTimeout::NONE,
        };
        let mut fds = vec![PollFd::new(flags.wake.as_fd(), PollFlags::POLLIN)];
        if let Some(channel) = &self.channel {
            fds.push(PollFd::new(channel.as_fd(), PollFlags::POLLIN));
        }
        if let Some(control) = &self.control {
            fds.extend(control.descriptors());
        }
        // While `mta` is down for long, callers hear it from us.
        let refusing = self.mta.pid.is_none() && self.mta.pause > Duration::from_secs(1);
        if refusing {
            fds.extend(plan.listeners.iter().map(|(l, _)| PollFd::new(l.as_fd(), PollFlags::POLLIN)));
        }
        match poll(&mut fds, timeout) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(e) => return Err(e.into()),
        }
        let mut drain = [0u8; 64];
        while matches!((&flags.wake).read(&mut drain), Ok(n) if n > 0) {}
        if let Some(channel) = &self.channel {
            match (&*channel).read(&mut drain) {
                Ok(0) => self.channel = None,
                Ok(n) => self.wanted += drain.iter().take(n).filter(|b| **b == WANT_WORKER).count(),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(_) => self.channel = None,
            }
        }
        if refusing {
            refuse_callers(&plan.listeners);
        }
        Ok(())
    }

    /// Takes note of ended children; false when the work is done and nothing is to be started again.
    fn reap(&mut self, plan: &Plan) -> bool {
        while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
            let (pid, how) = match status {
                WaitStatus::Exited(pid, code) => (pid, format!("exit code {code}")),
                WaitStatus::Signaled(pid, signal, _) => (pid, format!("signal {signal}")),
                WaitStatus::StillAlive => break,
                _ => continue,
            };
            if self.mta.pid == Some(pid) {
                if plan.setup.ends_by_itself && how == "exit code 0" {
                    return false;
                }
                crate::log::syserr(
                    crate::log::Id::Bare,
                    b"root",
                    &format!("mta process {pid} ended ({how}), starting another"),
                );
                if is_crash(&how)
                    && let Some(flights) = self.flights.take()
                {
                    self.suspects = self.crashes.count(flights.under_way());
                }
                self.mta.ended();
                self.channel = None;
            } else if self.auth.pid == Some(pid) {
                if !matches!(how.as_str(), "exit code 0" | "signal SIGTERM") {
                    crate::log::syserr(
                        crate::log::Id::Bare,
                        b"root",
                        &format!("auth process {pid} ended ({how}), starting another"),
                    );
                }
                self.auth.ended();
            } else {
                self.workers.retain(|w| *w != pid);
            }
        }
        true
    }

    /// Ends the children: politely, then not.
    fn stop(&mut self) {
        if let Some(control) = self.control.take() {
            control.close();
        }
        self.end(self.mta.pid);
        self.end(self.auth.pid);
        let deadline = Instant::now() + STOP_TIME;
        let mut left: Children = [self.mta.pid, self.auth.pid].into_iter().flatten().collect();
        while !left.is_empty() && Instant::now() < deadline {
            left.retain(|pid| matches!(waitpid(*pid, Some(WaitPidFlag::WNOHANG)), Ok(WaitStatus::StillAlive)));
            std::thread::sleep(Duration::from_millis(10));
        }
        for pid in left {
            let _ = kill(pid, Signal::SIGKILL);
            let _ = waitpid(pid, None);
        }
    }
}

/// Did a child die of itself, and not because somebody ended it?
fn is_crash(how: &str) -> bool {
    !matches!(
        how,
        "exit code 0" | "signal SIGKILL" | "signal SIGTERM" | "signal SIGINT" | "signal SIGQUIT" | "signal SIGHUP"
    )
}

/// First steps of every child: default signals, only its own descriptors, its own log socket.
fn child_start(keep: &[i32]) {
    process::reset_signals();
    super::logging::forget_socket();
    process::close_all_but(keep);
}

/// `421` to those who call while nobody serves.
fn refuse_callers(listeners: &[(TcpListener, usize)]) {
    for (listener, _) in listeners {
        let _ = listener.set_nonblocking(true);
        for _ in 0..100 {
            let Ok((mut caller, _)) = listener.accept() else { break };
            let _ = caller.set_nonblocking(true);
            let _ = caller.write(b"421 4.3.2 Service not available, closing transmission channel\r\n");
        }
    }
}
