//! `mta`'s end of the channel to the parent: asks for `deliver` workers, gets the sockets of new `auth` processes.

use crate::role::auth::AuthClient;
use crate::role::parent::{NEW_AUTH, NEW_TLS, NO_WORKER, WANT_WORKER};
use crate::sys::fdpass;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long a delivery waits for a worker when all that may be are busy.
const WORKER_TIME: Duration = Duration::from_secs(300);

/// The link to the parent.
pub struct Link {
    socket: UnixStream,
    /// Those who wait for a worker, in order.
    waiting: Mutex<VecDeque<Sender<Option<UnixStream>>>>,
    /// Certificate and key files that the parent handed over and nobody took yet.
    certificates: Mutex<Option<Vec<OwnedFd>>>,
}

impl Link {
    /// Takes the channel, and starts a thread that reads it and runs `parent_gone` when it ends.
    pub fn start(
        socket: UnixStream,
        auth: AuthClient,
        parent_gone: impl FnOnce() + Send + 'static,
    ) -> io::Result<Arc<Link>> {
        let reader = socket.try_clone()?;
        let link = Arc::new(Link { socket, waiting: Mutex::default(), certificates: Mutex::default() });
        let there = link.clone();
        std::thread::Builder::new().name("parent-link".into()).spawn(move || {
            there.read(&reader, &auth);
            parent_gone();
        })?;
        Ok(link)
    }

    fn read(&self, socket: &UnixStream, auth: &AuthClient) {
        let mut byte = [0u8; 1];
        loop {
            let (n, mut fds) = match fdpass::receive(socket, &mut byte) {
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(_) => return,
            };
            if byte[0] == NEW_TLS && n > 0 {
                *self.certificates.lock().unwrap_or_else(|e| e.into_inner()) = Some(fds);
                continue;
            }
            let stream = fds.pop().map(UnixStream::from);
            match (n, byte[0], stream) {
                (0, _, _) => return,
                (_, WANT_WORKER, worker) => self.answer(worker),
                (_, NO_WORKER, _) => self.answer(None),
                (_, NEW_AUTH, Some(socket)) => auth.connect(socket),
                _ => {}
            }
        }
    }

    /// Certificate and key files that changed since the last call.
    pub fn renewed(&self) -> Option<Vec<OwnedFd>> {
        self.certificates.lock().unwrap_or_else(|e| e.into_inner()).take()
    }

    fn answer(&self, worker: Option<UnixStream>) {
        let next = self.waiting.lock().unwrap_or_else(|e| e.into_inner()).pop_front();
        if let Some(next) = next {
            let _ = next.send(worker);
        }
    }

    /// A socket to a fresh `deliver` worker; waits while there are too many.
    pub fn worker(&self) -> io::Result<UnixStream> {
        let (send, receive) = channel();
        let mut waiting = self.waiting.lock().unwrap_or_else(|e| e.into_inner());
        waiting.push_back(send);
        // Under the lock: requests and answers keep one order.
        (&self.socket).write_all(&[WANT_WORKER])?;
        drop(waiting);
        receive.recv_timeout(WORKER_TIME).ok().flatten().ok_or_else(|| io::Error::other("no deliver worker to be had"))
    }
}
