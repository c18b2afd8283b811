//! Processes: children that run a function, the background, a clean start.

use nix::unistd::{ForkResult, Pid};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, IntoRawFd};
use std::os::unix::process::CommandExt;

/// Forks a child that runs `body` and exits with its result. The child dies with this process when `tied`.
///
/// Only for a process with a single thread: the child is a copy of this one and may use everything it has.
pub fn fork_child(tied: bool, body: impl FnOnce() -> u8) -> io::Result<Pid> {
    let parent = nix::unistd::getpid();
    // SAFETY: the callers (the parent process and one-shot modes before they start threads) have one thread, so no lock is
    // held by another in the child's copy.
    match unsafe { nix::unistd::fork()? } {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            if tied {
                let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
                if nix::unistd::getppid() != parent {
                    exit_now(0);
                }
            }
            let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).unwrap_or(70);
            exit_now(code)
        }
    }
}

/// Ends this process at once, without running exit handlers of the process it was forked from.
pub fn exit_now(code: u8) -> ! {
    // SAFETY: _exit(2) has no preconditions.
    unsafe { libc::_exit(i32::from(code)) }
}

/// Goes to the background: the caller's process exits 0, a child in a session of its own goes on with descriptors 0-2 on
/// /dev/null. Only while there is one thread.
pub fn daemonize() -> io::Result<()> {
    daemonize_leaving(0)
}

/// [`daemonize`] where the caller's process has another exit code to give.
pub fn daemonize_leaving(exit: u8) -> io::Result<()> {
    // SAFETY: one thread; see `fork_child`.
    if let ForkResult::Parent { .. } = unsafe { nix::unistd::fork()? } {
        exit_now(exit);
    }
    nix::unistd::setsid()?;
    detach_stdio()
}

/// Points descriptors 0, 1 and 2 at /dev/null.
pub fn detach_stdio() -> io::Result<()> {
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    nix::unistd::dup2_stdin(null.as_fd())?;
    nix::unistd::dup2_stdout(null.as_fd())?;
    nix::unistd::dup2_stderr(null.as_fd())?;
    Ok(())
}

/// Makes sure that descriptors 0, 1 and 2 are open, so that no file opened later becomes one of them. True when some were
/// missing.
pub fn open_standard_descriptors() -> bool {
    let mut missing = false;
    loop {
        let Ok(file) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") else { return missing };
        if file.as_raw_fd() > 2 {
            return missing;
        }
        missing = true;
        let _ = nix::fcntl::fcntl(file.as_fd(), nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty()));
        let _stays_open = file.into_raw_fd();
    }
}

/// Default actions for all signals but SIGPIPE (ignored), none blocked.
pub fn reset_signals() {
    use nix::sys::signal::{SigHandler, SigSet, Signal, signal};
    for number in Signal::iterator() {
        let handler = if number == Signal::SIGPIPE { SigHandler::SigIgn } else { SigHandler::SigDfl };
        if !matches!(number, Signal::SIGKILL | Signal::SIGSTOP) {
            // SAFETY: default and ignore are no functions that could run at a bad moment.
            let _ = unsafe { signal(number, handler) };
        }
    }
    let _ = SigSet::empty().thread_set_mask();
}

/// The start of the program: default signals, umask 022, no descriptor above 2 but `keep`.
pub fn clean_start(keep: &[i32]) {
    reset_signals();
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
    close_all_but(keep);
}

/// The file mode creation mask, if the system tells it without changing it.
pub fn umask() -> Option<u32> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(value.trim(), 8).ok()
}

/// Closes every descriptor above 2 except `keep`. For the start of a program or of a forked child: values that owned the
/// others must not be used or dropped afterwards.
pub fn close_all_but(keep: &[i32]) {
    let mut low = 3;
    let mut kept: Vec<i32> = keep.iter().copied().filter(|fd| *fd > 2).collect();
    kept.sort_unstable();
    for fd in kept.into_iter().chain([i32::MAX]) {
        if fd > low {
            // SAFETY: by contract nobody uses the descriptors that go.
            unsafe { libc::close_range(low as u32, fd as u32 - 1, 0) };
        }
        low = fd.saturating_add(1);
    }
}

/// True when the program runs with a group or user id that its caller does not have (set-user-ID, set-group-ID).
pub fn has_borrowed_rights() -> bool {
    use nix::unistd::{getegid, geteuid, getgid, getuid};
    geteuid() != getuid() || getegid() != getgid()
}

/// Gives up borrowed rights for good.
pub fn drop_borrowed_rights(uid: u32, gid: u32) -> io::Result<()> {
    use nix::unistd::{Gid, Uid, setresgid, setresuid};
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    setresgid(gid, gid, gid)?;
    setresuid(uid, uid, uid)?;
    Ok(())
}

/// Replaces this process by `argv` (absolute path first); what is open and not close-on-exec stays so. Gives the error if that fails.
pub fn exec_self(argv: &[std::ffi::OsString]) -> io::Error {
    let Some((program, rest)) = argv.split_first() else { return io::Error::from(io::ErrorKind::InvalidInput) };
    std::process::Command::new(program).args(rest).exec()
}

/// Takes ownership of an inherited descriptor, if it is open.
pub fn inherited(fd: i32) -> Option<std::os::fd::OwnedFd> {
    // SAFETY: fcntl(F_GETFD) only asks.
    if fd <= 2 || unsafe { libc::fcntl(fd, libc::F_GETFD) } < 0 {
        return None;
    }
    // SAFETY: open, and by contract handed to this process by its starter: nobody else here owns it.
    Some(unsafe { std::os::fd::OwnedFd::from_raw_fd(fd) })
}

/// Makes the process give way to others (`NiceQueueRun`); what cannot be done is left.
pub fn give_way(by: i64) {
    let by = libc::c_int::try_from(by).unwrap_or(19).clamp(0, 19);
    if by > 0 {
        // SAFETY: nice(2) takes a number and touches no memory.
        let _ = unsafe { libc::nice(by) };
    }
}
