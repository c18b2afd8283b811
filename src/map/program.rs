//! Class `program`: the first line that a program prints. It is started without a shell, with an environment of its own, and must end in
//! time. Whose rights it has is the affair of [`Run`].

use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::spec::Spec;
use super::{Class, EX_CONFIG, EX_OK, EX_TEMPFAIL, MapSet, Outcome, Query, finish};
use crate::cf::Macros;

/// How long a program may take.
const TIME: Duration = Duration::from_secs(60);
/// How much of its output is read.
const MAX_OUTPUT: u64 = 4096;

/// What a program left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The beginning of its standard output.
    pub output: Vec<u8>,
    /// Its exit status; 75 when it was killed or took too long.
    pub status: u8,
}

/// Starts programs for maps. The daemon's network side may not start programs itself and hands them on.
pub trait Run: Send + Sync {
    /// Runs `argv` (never through a shell) as the default user and waits for it.
    fn run(&self, argv: &[&[u8]]) -> std::io::Result<Ran>;
}

/// Starts programs as children of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunDirectly {
    /// The user and group to become; `None` stays as it is.
    pub user: Option<(u32, u32)>,
}

impl Run for RunDirectly {
    fn run(&self, argv: &[&[u8]]) -> std::io::Result<Ran> {
        use std::os::unix::ffi::OsStrExt;
        let mut words = argv.iter().map(|a| std::ffi::OsStr::from_bytes(a));
        let program = words.next().ok_or(std::io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(words).env_clear().env("AGENT", "sendmail").stdin(Stdio::null()).stdout(Stdio::piped());
        if let Some(zone) = std::env::var_os("TZ") {
            command.env("TZ", zone);
        }
        if let Some((uid, gid)) = self.user {
            command.uid(uid).gid(gid);
        }
        command.process_group(0);
        let mut child = command.spawn()?;
        let stdout = child.stdout.take();
        // The output is read beside the waiting, so that neither a full pipe nor a silent program blocks for ever.
        let (send, received) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut output = Vec::new();
            if let Some(stdout) = stdout {
                let _ = stdout.take(MAX_OUTPUT).read_to_end(&mut output);
            }
            let _ = send.send(output);
        });
        let deadline = Instant::now() + TIME;
        let output = received.recv_timeout(TIME).unwrap_or_default();
        loop {
            if let Some(status) = child.try_wait()? {
                let status = status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(EX_TEMPFAIL);
                return Ok(Ran { output, status });
            }
            if Instant::now() >= deadline {
                let _ = nix::sys::signal::killpg(
                    nix::unistd::Pid::from_raw(child.id() as i32),
                    nix::sys::signal::Signal::SIGKILL,
                );
                child.wait()?;
                return Ok(Ran { output: Vec::new(), status: EX_TEMPFAIL });
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// A program.
pub struct Program {
    spec: Spec,
    argv: Vec<Vec<u8>>,
}

impl Program {
    pub(super) fn new(spec: &Spec) -> Program {
        let words = spec.rest.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        Program { argv: words.map(<[u8]>::to_vec).collect(), spec: spec.clone() }
    }
}

impl Class for Program {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        if query.key.contains(&0) {
            return Outcome::none(EX_CONFIG);
        }
        let mut argv: Vec<&[u8]> = self.argv.iter().map(Vec::as_slice).collect();
        argv.push(query.key);
        match set.env.run.run(&argv) {
            Err(_) => Outcome::none(EX_CONFIG),
            Ok(ran) if ran.status != EX_OK => Outcome::none(ran.status),
            Ok(ran) => {
                let line = ran.output.split(|b| *b == b'\n').next().unwrap_or_default();
                if ran.output.is_empty() {
                    return Outcome::none(EX_CONFIG);
                }
                finish(&self.spec, query, &self.spec.despaced(line.to_vec()))
            }
        }
    }
}
