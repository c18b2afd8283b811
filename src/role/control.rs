//! The control socket (`ControlSocketName`): `help`, `status`, `mstat`, `restart`, `shutdown`, `memdump`, one command a connection.
//!
//! The parent serves it. Who may connect is what the socket's permissions say: its owner alone.

use crate::cf::Config;
use nix::poll::{PollFd, PollFlags};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Most clients at once; others wait.
const MAX_CLIENTS: usize = 8;
/// Longest command.
const MAX_LINE: usize = 256;

const HELP: &str = "Help for smcontrol:\n\
    help\t\tThis message.\n\
    restart\t\tRestart sendmail.\n\
    shutdown\tShutdown sendmail.\n\
    status\t\tShow sendmail status.\n\
    mstat\t\tShow sendmail status (machine readable format).\n\
    memdump\t\tDump allocated memory list (for debugging only).\n\
    End of HELP info\n";

/// What a client wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Start the program anew.
    Restart,
    /// End it.
    Shutdown,
}

/// What `status` and `mstat` tell.
pub struct Status {
    /// Open connections.
    pub children: u32,
    /// `MaxDaemonChildren`.
    pub most: i64,
    /// Free space of the queue, in KB; its directory.
    pub free: (i64, String),
    /// The load average.
    pub load: i64,
    /// Processes and what they do.
    pub processes: Vec<(i32, String)>,
}

struct Client {
    stream: UnixStream,
    line: Vec<u8>,
    deadline: Instant,
}

/// The socket and those who speak on it.
pub struct Control {
    listener: UnixListener,
    path: PathBuf,
    clients: Vec<Client>,
    patience: Duration,
}

impl Control {
    /// Opens the socket that `config` names, if it names one. A failure is in the log.
    pub fn open(config: &Config) -> Option<Control> {
        let path = config.options.control_socket_name.path()?.to_owned();
        match bind(&path, config.options.trusted_user.uid) {
            Ok(listener) => {
                let seconds = u64::try_from(config.options.timeouts.control).ok().filter(|s| *s > 0).unwrap_or(120);
                Some(Control { listener, path, clients: Vec::new(), patience: Duration::from_secs(seconds) })
            }
            Err(e) => {
                let text = format!("daemon could not open control socket {}: {e}", path.display());
                crate::log::syserr(crate::log::Id::None, b"root", &text);
                None
            }
        }
    }

    /// What to wait for.
    pub fn descriptors(&self) -> Vec<PollFd<'_>> {
        let listener = (self.clients.len() < MAX_CLIENTS).then(|| self.listener.as_fd());
        let all = listener.into_iter().chain(self.clients.iter().map(|c| c.stream.as_fd()));
        all.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect()
    }

    /// When the next client has been silent for too long.
    pub fn due(&self) -> Option<Instant> {
        self.clients.iter().map(|c| c.deadline).min()
    }

    /// Serves whoever has said something; gives the wish of one of them.
    pub fn serve(&mut self, status: &dyn Fn() -> Status) -> Option<Wish> {
        while self.clients.len() < MAX_CLIENTS {
            let Ok((stream, _)) = self.listener.accept() else { break };
            if stream.set_nonblocking(true).is_ok() {
                self.clients.push(Client { stream, line: Vec::new(), deadline: Instant::now() + self.patience });
            }
        }
        let mut wish = None;
        self.clients.retain_mut(|client| match client.read() {
            Ok(None) => client.deadline > Instant::now(),
            Ok(Some(line)) => {
                let (text, wanted) = answer(&line, status);
                wish = wish.or(wanted);
                // The answer fits the socket's buffer; a client that goes away needs none.
                let _ = client.stream.write_all(text.as_bytes());
                false
            }
            Err(_) => false,
        });
        wish
    }

    /// Takes the socket away.
    pub fn close(self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// A socket in place of one that a process before this one left behind.
fn bind(path: &std::path::Path, owner: Option<u32>) -> io::Result<UnixListener> {
    if std::fs::symlink_metadata(path).is_ok_and(|m| m.file_type().is_socket()) {
        std::fs::remove_file(path)?;
    }
    // The mask alone sets the permissions, so that nobody else may connect at any moment.
    let mask = nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o177));
    let listener = UnixListener::bind(path);
    nix::sys::stat::umask(mask);
    let listener = listener?;
    if let Some(uid) = owner.filter(|_| crate::sys::cred::is_root()) {
        // Whatever has taken the socket's place meanwhile is not followed.
        std::os::unix::fs::lchown(path, Some(uid), None)?;
    }
    listener.set_nonblocking(true)?;
    Ok(listener)
}

impl Client {
    /// The command, once it is whole.
    fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = [0; MAX_LINE];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => self.line.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(None),
                Err(e) => return Err(e),
            }
            if let Some(end) = self.line.iter().position(|b| *b == b'\n') {
                self.line.truncate(end);
                return Ok(Some(std::mem::take(&mut self.line)));
            }
            if self.line.len() > MAX_LINE {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
    }
}

fn answer(line: &[u8], status: &dyn Fn() -> Status) -> (String, Option<Wish>) {
    let word = line.split(u8::is_ascii_whitespace).find(|w| !w.is_empty()).unwrap_or_default();
    let text = match word.to_ascii_lowercase().as_slice() {
        b"help" => HELP.to_owned(),
        b"restart" => return ("OK\n".to_owned(), Some(Wish::Restart)),
        b"shutdown" => return ("OK\n".to_owned(), Some(Wish::Shutdown)),
        b"memdump" => "Memory dump unavailable.\n".to_owned(),
        b"status" => {
            let Status { children, most, free, load, processes } = status();
            let list: String = processes.iter().map(|(pid, what)| format!("{pid} {what}\n")).collect();
            format!("{children}/{most}/{}/{load}\n{list}", free.0)
        }
        b"mstat" => {
            let Status { children, most, free, load, processes } = status();
            let list: String = processes.iter().map(|(pid, what)| format!("P:{pid} {what}\n")).collect();
            format!("C:{children}\nM:{most}\nL:{load}\nQ:NOTCONFIGURED:-1\nD:0/{}/{}\n{list}", free.1, free.0)
        }
        _ => format!("Bad command ({})\n", word.escape_ascii()),
    };
    (text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands() {
        let status = || Status {
            children: 1,
            most: 10,
            free: (99, "/q".into()),
            load: 2,
            processes: vec![(7, "accepting connections".into())],
        };
        assert_eq!(answer(b" STATUS x\r", &status).0, "1/10/99/2\n7 accepting connections\n");
        assert_eq!(
            answer(b"mstat", &status).0,
            "C:1\nM:10\nL:2\nQ:NOTCONFIGURED:-1\nD:0//q/99\nP:7 accepting connections\n"
        );
        assert_eq!(answer(b"shutdown", &status), ("OK\n".into(), Some(Wish::Shutdown)));
        assert_eq!(answer(b"", &status).0, "Bad command ()\n");
    }
}
