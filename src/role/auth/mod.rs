//! The `auth` process: the only one that reads passwords, and that reads nothing else.
//!
//! It serves SASL exchanges over one socket to `mta`; each step runs on a thread of its own pool, since a password hash
//! takes milliseconds. `mta` gets challenges and verdicts, never a hash. Guessing is slowed down by the SMTP server.

mod client;
mod wire;

pub use client::AuthClient;

use crate::cf::Config;
use crate::role::pool::Pool;
use crate::sasl::conf::{DIRECTORIES, SaslConf};
use crate::sasl::{Authenticator, Exchange, Failure, Step};
use crate::sys::{sandbox, title};
use std::collections::HashMap;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use wire::{Answer, Request};

/// Most exchanges open at once; each belongs to an SMTP session.
const MAX_EXCHANGES: usize = 10_000;

/// Runs the process: gives up what it does not need, serves until `mta` is gone.
pub fn run(config: &Config, socket: UnixStream) -> u8 {
    title::set(b"auth");
    let authenticator = direct(config);
    // Another file's folder: the file is replaced when a password changes.
    restrict(conf().folders());
    serve(authenticator, socket);
    0
}

/// The authenticator itself, for this process and for `-bs` run by root. `SASL_CONF_PATH` names a directory to look for
/// Sendmail.conf in first, as for Cyrus SASL; the program's start drops it when rights are borrowed.
pub fn direct(config: &Config) -> Arc<dyn Authenticator> {
    let host = config.macros.expanded("j");
    let (site, problems) = conf().authenticator(&host);
    for problem in problems {
        crate::log::process_notice(&problem);
    }
    Arc::new(site)
}

fn conf() -> SaslConf {
    let named = std::env::var_os("SASL_CONF_PATH").map(PathBuf::from);
    let places: Vec<PathBuf> = named.into_iter().chain(DIRECTORIES.iter().map(PathBuf::from)).collect();
    SaslConf::load(&places)
}

fn restrict(passwords: Vec<PathBuf>) {
    let read: Vec<PathBuf> = ["/etc", "/usr", "/lib", "/lib64", "/run", "/proc", "/dev", "/var/lib"]
        .iter()
        .map(PathBuf::from)
        .chain(passwords)
        .filter(|p| p.exists())
        .collect();
    super::note_sandbox("auth", "file system", sandbox::restrict_files(&read, &[]));
    if nix::unistd::geteuid().is_root()
        && let Err(e) = sandbox::drop_capabilities()
    {
        crate::log::process_notice(&format!("auth: capabilities could not be dropped: {e}"));
    }
    let calls = sandbox::no_new_privileges().map_err(|e| e.to_string()).and_then(|()| sandbox::restrict_calls());
    super::note_sandbox("auth", "system calls", calls);
}

type Exchanges = Arc<Mutex<HashMap<u64, Box<dyn Exchange>>>>;

fn serve(authenticator: Arc<dyn Authenticator>, socket: UnixStream) {
    let Ok(out) = socket.try_clone() else { return };
    let out = Arc::new(Mutex::new(out));
    let answer = move |out: &Mutex<UnixStream>, id: u64, answer: Answer| {
        // A failure means that `mta` is gone; the reading side sees it too.
        let _ = answer.send(id, &mut *out.lock().unwrap_or_else(|e| e.into_inner()));
    };
    let exchanges: Exchanges = Arc::default();
    let threads = std::thread::available_parallelism().map_or(2, |n| n.get() + 1);
    let pool = Pool::new("auth", threads, 1000);
    let mut socket = std::io::BufReader::new(socket);
    while let Ok(Some((id, request))) = Request::receive(&mut socket) {
        match request {
            Request::Mechanisms(facts) => answer(&out, id, Answer::Mechanisms(authenticator.mechanisms(&facts))),
            Request::Start(mechanism, facts) => {
                let exchange = authenticator.start(&mechanism, &facts);
                let started = exchange.is_some();
                let mut open = exchanges.lock().unwrap_or_else(|e| e.into_inner());
                if let Some(exchange) = exchange
                    && open.len() < MAX_EXCHANGES
                {
                    open.insert(id, exchange);
                }
                answer(&out, id, Answer::Started(started));
            }
            Request::Step(response) => {
                let exchange = exchanges.lock().unwrap_or_else(|e| e.into_inner()).remove(&id);
                let (out_there, exchanges) = (out.clone(), exchanges.clone());
                let job = move || {
                    let Some(mut exchange) = exchange else {
                        return answer(&out_there, id, Answer::Step(Step::Failed(unavailable("no such exchange"))));
                    };
                    let step = exchange.step(response);
                    if matches!(step, Step::Challenge(_)) {
                        exchanges.lock().unwrap_or_else(|e| e.into_inner()).insert(id, exchange);
                    }
                    answer(&out_there, id, Answer::Step(step));
                };
                if pool.run(job).is_err() {
                    answer(&out, id, Answer::Step(Step::Failed(unavailable("too many exchanges"))));
                }
            }
            Request::Drop => drop(exchanges.lock().unwrap_or_else(|e| e.into_inner()).remove(&id)),
        }
    }
}

/// The failure of an exchange that nobody can judge now.
fn unavailable(detail: &str) -> Failure {
    Failure { transient: true, ..Failure::new(-8, "transient failure", detail) }
}
