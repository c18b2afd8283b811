//! Processes: who runs what with which rights (ARCHITECTURE.md, "Processes").
//!
//! Trusted: the configuration, and what the parent says on its channel. Not trusted: everything from `mta` (it faces the
//! network), which may ask the parent for one thing only, a `deliver` worker.

pub mod auth;
pub mod base;
mod board;
mod control;
pub mod listen;
pub mod logging;
pub mod mta;
pub mod oneshot;
pub mod parent;
pub mod pidfile;
pub mod pool;
mod renew;
mod state;

use crate::alias::Aliases;
use crate::cf::Config;
use crate::rewrite::service::Lookup;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};

/// Processes to wait for.
type Children = Vec<nix::unistd::Pid>;

/// What an `mta` process is there for.
#[derive(Debug, Clone, Default)]
pub struct MtaSetup {
    /// SMTP AUTH is offered: there is an `auth` process.
    pub serves_auth: bool,
    /// Seconds between queue runs; `None`: no runs by the clock.
    pub queue_interval: Option<u64>,
    /// `-qp`: the interval counts from the end of a run.
    pub persistent: bool,
    /// One queue run over these jobs, and then the end.
    pub ends_by_itself: bool,
    /// Jobs that were being delivered at two crashes: to be set aside.
    pub suspects: Vec<crate::envelope::QueueId>,
    /// The jobs that runs take.
    pub selection: crate::queue::Selection,
}

/// The body of a `deliver` worker: serves jobs on its socket with its own configuration and eyes.
fn deliver_worker(config: Arc<Config>, socket: UnixStream) -> u8 {
    crate::sys::title::set(b"deliver");
    let aliases = Arc::new(LateAliases { config: config.clone(), opened: OnceLock::new() });
    u8::from(crate::deliver::worker::serve(config, aliases, &socket).is_err())
}

/// The alias database, opened when it is asked: most workers never are.
struct LateAliases {
    config: Arc<Config>,
    opened: OnceLock<Arc<dyn Aliases>>,
}

impl Aliases for LateAliases {
    fn lookup(&self, name: &[u8]) -> Lookup {
        self.opened.get_or_init(|| base::Base::open(&self.config).aliases).lookup(name)
    }
}

/// Becomes `RunAsUser` where root runs the queue of a configuration that names one.
pub fn become_runner(config: &Config) {
    let wanted = &config.options.run_as_user;
    let Some(uid) = wanted.uid.filter(|uid| *uid != 0 && crate::sys::cred::is_root()) else { return };
    let identity = crate::sys::cred::Identity {
        name: wanted.name.clone().map(String::into_bytes),
        uid,
        gid: wanted.gid.unwrap_or(uid),
        reserve: None,
    };
    if let Err(e) = crate::sys::cred::become_for_good(&identity) {
        crate::log::syserr(crate::log::Id::Bare, b"root", &format!("cannot become RunAsUser: {e}"));
        crate::sys::process::exit_now(71);
    }
}

/// Says in the log what a sandbox does not do here; a kernel without it is no reason not to run.
fn note_sandbox(process: &str, what: &str, result: Result<bool, String>) {
    match result {
        Ok(true) => {}
        Ok(false) => crate::log::process_notice(&format!("{process}: {what} not restricted: not supported here")),
        Err(e) => crate::log::process_notice(&format!("{process}: {what} not restricted: {e}")),
    }
}
