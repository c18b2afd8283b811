//! Starting a mailer program and looking after it: its standard input is written, its output read, and its end waited for,
//! all with a time limit.

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What to start.
#[derive(Debug)]
pub struct Program<'a> {
    /// The file.
    pub path: &'a Path,
    /// The argument vector, with the name first.
    pub argv: &'a [OsString],
    /// The whole environment.
    pub environment: &'a [(OsString, OsString)],
    /// Where it runs, if not where this process is.
    pub directory: Option<&'a Path>,
    /// Added to the nice value.
    pub nice: i32,
}

/// A running program, its own process group, with pipes on descriptors 0 and 1 (2 goes with 1).
#[derive(Debug)]
pub struct Running {
    child: Child,
    output: Option<ChildStdout>,
    finished: bool,
}

/// Why talking to a program ended.
#[derive(Debug)]
pub enum Ended {
    /// It has ended.
    Exit(ExitStatus),
    /// It was killed after the time limit.
    TimedOut,
}

impl Program<'_> {
    /// Starts it. The child has descriptors 0 to 2 and no others, default signals, umask 022.
    ///
    /// Nothing of ours runs between fork and exec, so that the library can start it without copying this process's memory
    /// map; what the child inherits is prepared here instead.
    pub fn start(&self) -> io::Result<Running> {
        let mut command = Command::new(self.path);
        if let Some((name, rest)) = self.argv.split_first() {
            command.arg0(name).args(rest);
        }
        let (output, theirs) = io::pipe()?;
        command.env_clear().envs(self.environment.iter().map(|(k, v)| (OsStr::new(k), OsStr::new(v))));
        if let Some(directory) = self.directory {
            command.current_dir(directory);
        }
        command.stdin(Stdio::piped()).process_group(0);
        command.stdout(theirs.try_clone()?).stderr(theirs);
        // SAFETY: no descriptor is closed; from now on none but 0 to 2 outlives an exec.
        unsafe { libc::close_range(3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC as i32) };
        nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o022));
        if self.nice != 0 {
            let nice = self.nice;
            // SAFETY: the closure runs between fork and exec and calls only async-signal-safe functions.
            unsafe {
                command.pre_exec(move || {
                    libc::setpriority(libc::PRIO_PROCESS, 0, libc::getpriority(libc::PRIO_PROCESS, 0) + nice);
                    Ok(())
                });
            }
        }
        let child = command.spawn()?;
        Ok(Running { child, output: Some(ChildStdout::from(std::os::fd::OwnedFd::from(output))), finished: false })
    }
}

/// How often the end of a program is looked for while its output stays open (a child of it may hold it).
const LOOK: Duration = Duration::from_millis(100);

impl Running {
    /// Writes `input` (in pieces, as `next` gives them; `None` closes) and collects up to `limit` octets of output, until the
    /// program ends.
    pub fn feed(
        &mut self,
        mut next: impl FnMut() -> io::Result<Option<Vec<u8>>>,
        limit: usize,
        deadline: Option<Instant>,
    ) -> io::Result<(Ended, Vec<u8>)> {
        let mut stdin = self.child.stdin.take();
        let mut stdout = self.output.take();
        for fd in [stdin.as_ref().map(AsFd::as_fd), stdout.as_ref().map(AsFd::as_fd)].into_iter().flatten() {
            fcntl(fd, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        }
        let mut output = Vec::new();
        let mut pending: Vec<u8> = Vec::new();
        let mut written = 0;
        loop {
            if stdin.is_some() && written == pending.len() {
                match next()? {
                    Some(piece) => (pending, written) = (piece, 0),
                    None => stdin = None,
                }
                if stdin.is_some() && pending.is_empty() {
                    continue;
                }
            }
            if stdin.is_none() && stdout.is_none() {
                break;
            }
            self.wait_ready(stdin.as_ref().map(AsFd::as_fd), stdout.as_ref().map(AsFd::as_fd), deadline)?;
            if let Some(pipe) = &mut stdin {
                match pipe.write(pending.get(written..).unwrap_or_default()) {
                    Ok(n) => written += n,
                    Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                    // It need not read all of it.
                    Err(_) => stdin = None,
                }
            }
            if let Some(pipe) = &mut stdout
                && !read_some(pipe, &mut output, limit)
            {
                stdout = None;
            }
            if let Some(status) = self.child.try_wait()? {
                self.finished = true;
                if let Some(pipe) = &mut stdout {
                    read_some(pipe, &mut output, limit);
                }
                return Ok((Ended::Exit(status), output));
            }
            if deadline.is_some_and(|d| Instant::now() >= d) {
                self.kill();
                return Ok((Ended::TimedOut, output));
            }
        }
        Ok((self.wait(deadline)?, output))
    }

    /// The pipes for a dialogue: what is written to the program, what it says.
    pub fn pipes(&mut self) -> Option<(std::process::ChildStdin, ChildStdout)> {
        self.child.stdin.take().zip(self.output.take())
    }

    fn wait_ready(
        &self,
        stdin: Option<std::os::fd::BorrowedFd<'_>>,
        stdout: Option<std::os::fd::BorrowedFd<'_>>,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        let mut fds: Vec<PollFd<'_>> = Vec::with_capacity(2);
        fds.extend(stdin.map(|fd| PollFd::new(fd, PollFlags::POLLOUT)));
        fds.extend(stdout.map(|fd| PollFd::new(fd, PollFlags::POLLIN)));
        let left = deadline.map_or(LOOK, |d| d.saturating_duration_since(Instant::now()).min(LOOK));
        match poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::ZERO)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the end; kills the program at the deadline.
    pub fn wait(&mut self, deadline: Option<Instant>) -> io::Result<Ended> {
        let Some(deadline) = deadline else {
            let status = self.child.wait()?;
            self.finished = true;
            return Ok(Ended::Exit(status));
        };
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.finished = true;
                return Ok(Ended::Exit(status));
            }
            if Instant::now() >= deadline {
                self.kill();
                return Ok(Ended::TimedOut);
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(LOOK);
        }
    }

    /// Ends the program's whole process group.
    pub fn kill(&mut self) {
        if !self.finished
            && let Ok(id) = i32::try_from(self.child.id())
        {
            let _ = killpg(Pid::from_raw(id), Signal::SIGKILL);
            let _ = self.child.wait();
            self.finished = true;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads what is there; beyond `limit` it is thrown away. False at the end.
fn read_some(pipe: &mut impl Read, output: &mut Vec<u8>, limit: usize) -> bool {
    let mut buffer = [0; 8192];
    loop {
        match pipe.read(&mut buffer) {
            Ok(0) => return false,
            Ok(n) => {
                let room = limit.saturating_sub(output.len()).min(n);
                output.extend_from_slice(buffer.get(..room).unwrap_or_default());
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return e.kind() == ErrorKind::WouldBlock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, input: &[u8], seconds: u64) -> (Ended, Vec<u8>) {
        let argv: Vec<OsString> = ["sh", "-c", script].map(OsString::from).to_vec();
        let environment = [(OsString::from("AGENT"), OsString::from("x"))];
        let program = Program {
            path: Path::new("/bin/sh"),
            argv: &argv,
            environment: &environment,
            directory: Some(Path::new("/")),
            nice: 0,
        };
        let mut pieces = input.chunks(1000).map(<[u8]>::to_vec);
        let deadline = Instant::now() + Duration::from_secs(seconds);
        program.start().unwrap().feed(|| Ok(pieces.next()), 1000, Some(deadline)).unwrap()
    }

    #[test]
    fn programs_get_their_input_and_a_clean_world() {
        let (ended, output) =
            run("cat; env | sort; pwd; umask; ls /proc/self/fd | tr '\\n' ' '; echo e >&2; exit 7", b"hello\n", 10);
        assert!(matches!(ended, Ended::Exit(s) if s.code() == Some(7)));
        let text = String::from_utf8(output).unwrap();
        assert!(text.starts_with("hello\nAGENT=x\nPWD=/\n"), "{text}");
        assert!(text.ends_with("/\n0022\n0 1 2 3 e\n"), "{text}");
    }

    #[test]
    fn input_need_not_be_read_and_output_is_bounded() {
        let (ended, output) = run("head -c 100000 /dev/zero; exit 0", &vec![b'x'; 1_000_000], 10);
        assert!(matches!(ended, Ended::Exit(s) if s.success()));
        assert_eq!(output.len(), 1000);
    }

    #[test]
    fn time_has_an_end_and_grandchildren_do_not_count() {
        let start = Instant::now();
        assert!(matches!(run("sleep 30 & exit 3", b"", 10).0, Ended::Exit(s) if s.code() == Some(3)));
        assert!(matches!(run("sleep 30", b"", 1).0, Ended::TimedOut));
        assert!(start.elapsed() < Duration::from_secs(8));
    }
}
