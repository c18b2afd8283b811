//! Listening sockets that are closed for a while: too many connections (`MaxDaemonChildren`, `children=`) or too much load
//! (`RefuseLA`). Callers are refused by the kernel then, as by a host where nobody listens.
//!
//! The socket itself stays (the parent holds it too); it only stops listening, and listens again later.

use super::gate::Gate;
use crate::cf::Config;
use crate::cf::options::ports::Port;
use crate::log::server as log;
use crate::role::listen;
use socket2::SockRef;
use std::net::{Shutdown, TcpListener};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// Why a door is shut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Children(u32, i64),
    Load(i64),
}

struct Door {
    listener: TcpListener,
    daemon: usize,
    /// Since when it is shut, and when that was last told.
    shut: Option<(Instant, Instant)>,
}

/// What becomes of a door.
#[derive(Debug, PartialEq, Eq)]
enum Turn {
    Stays,
    Shuts(Why),
    /// Shut for so long, and it is time to say so once more.
    StillShut(Duration),
    Opens,
}

impl Door {
    /// Notes that at `now` there is this reason to be shut, or none; a shut door is told of once in `again`.
    fn turn(&mut self, reason: Option<Why>, now: Instant, again: Duration) -> Turn {
        match (reason, &mut self.shut) {
            (Some(why), shut @ None) => {
                *shut = Some((now, now));
                Turn::Shuts(why)
            }
            (Some(_), Some((since, told))) if now.saturating_duration_since(*told) >= again => {
                *told = now;
                Turn::StillShut(now.saturating_duration_since(*since))
            }
            (Some(_), Some(_)) | (None, None) => Turn::Stays,
            (None, shut @ Some(_)) => {
                *shut = None;
                Turn::Opens
            }
        }
    }
}

/// All doors.
pub struct Doors {
    doors: Mutex<Vec<Door>>,
    config: Arc<Config>,
    /// `RefuseLA` where none is given. The number of processors stands in files, which each connection need not read.
    usual_limit: i64,
    /// The load average, for sessions too.
    pub load: Arc<AtomicI64>,
}

impl Doors {
    /// Takes (clones of) the listening sockets, and opens them.
    pub fn new(config: Arc<Config>, listeners: &[(TcpListener, usize)]) -> std::io::Result<Doors> {
        let mut doors = Vec::new();
        for (listener, daemon) in listeners {
            doors.push(Door { listener: listener.try_clone()?, daemon: *daemon, shut: None });
        }
        let processors = std::thread::available_parallelism().map_or(1, |n| n.get() as i64);
        let doors = Doors { doors: Mutex::new(doors), config, usual_limit: 12 * processors, load: Arc::default() };
        for door in doors.lock().iter() {
            // The process before this one may have left it shut.
            doors.open(door);
        }
        doors.watch_load();
        Ok(doors)
    }

    /// Looks at the load average.
    pub fn watch_load(&self) {
        self.load.store(crate::sys::load::average(), Ordering::Relaxed);
    }

    /// True when `daemon` may take no further connection now.
    pub fn is_full(&self, daemon: usize, gate: &Gate) -> bool {
        self.reason(daemon, gate).is_some()
    }

    /// Shuts and opens doors as things stand.
    pub fn review(&self, gate: &Gate) {
        let again =
            Duration::from_secs(u64::try_from(self.config.options.reject_log_interval.0.max(1)).unwrap_or(3600));
        for door in self.lock().iter_mut() {
            let name = self.port(door.daemon).map(|p| listen::daemon_name(p, door.daemon)).unwrap_or_default();
            match door.turn(self.reason(door.daemon, gate), Instant::now(), again) {
                Turn::Stays => {}
                Turn::Shuts(why) => {
                    match why {
                        Why::Children(children, most) => log::rejecting_by_number(&name, children, most),
                        Why::Load(load) => log::rejecting_by_load(&name, load),
                    }
                    let _ = SockRef::from(&door.listener).shutdown(Shutdown::Read);
                }
                Turn::StillShut(time) => log::still_rejecting(&name, time.as_secs()),
                Turn::Opens => self.open(door),
            }
        }
    }

    fn open(&self, door: &Door) {
        let backlog = self.port(door.daemon).map_or(listen::BACKLOG, listen::backlog);
        if let Err(e) = SockRef::from(&door.listener).listen(backlog) {
            crate::log::syserr(crate::log::Id::None, b"root", &format!("cannot listen again: {e}"));
        }
    }

    fn port(&self, daemon: usize) -> Option<&Port> {
        self.config.options.daemon_port_options.0.get(daemon)
    }

    fn reason(&self, daemon: usize, gate: &Gate) -> Option<Why> {
        let options = &self.config.options;
        let port = self.port(daemon)?;
        let load = self.load.load(Ordering::Relaxed);
        let refuse = match port.refuse_la.unwrap_or(options.refuse_la) {
            0 => self.usual_limit,
            limit => limit,
        };
        if load >= refuse {
            return Some(Why::Load(load));
        }
        let (all, own) = gate.open(daemon);
        let (count, most) = match port.children {
            Some(most) => (own, most),
            None => (all, options.max_daemon_children),
        };
        (most > 0 && i64::from(count) >= most).then_some(Why::Children(count, most))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Door>> {
        self.doors.lock().unwrap_or_else(|e| e.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::LoadOptions;
    use crate::cf::system::Fixed;
    use std::net::TcpStream;

    #[test]
    fn a_full_house_refuses_and_opens_again() {
        let system = Fixed { host: "x.test".into() };
        let cf = b"V10\nO DaemonPortOptions=Name=A, Port=2525\nO MaxDaemonChildren=1\nO RefuseLA=100000\n";
        let (config, _) = Config::parse(cf, "t.cf", &LoadOptions::new(&system));
        // A port that the kernel chose would be another one after listening again.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let listener = TcpListener::bind(address).unwrap();
        let gate = Gate::new(Duration::from_secs(60));
        let doors = Doors::new(Arc::new(config), &[(listener, 0)]).unwrap();
        doors.review(&gate);
        drop(TcpStream::connect(address).unwrap());
        gate.enter(address.ip(), 0);
        assert!(doors.is_full(0, &gate));
        doors.review(&gate);
        assert!(TcpStream::connect(address).is_err());
        gate.leave(address.ip(), 0);
        doors.review(&gate);
        assert!(TcpStream::connect(address).is_ok());
    }

    #[test]
    fn a_shut_door_is_told_of_once_in_an_interval() {
        let mut door = Door { listener: TcpListener::bind("127.0.0.1:0").unwrap(), daemon: 0, shut: None };
        let (start, again) = (Instant::now(), Duration::from_secs(3 * 3600));
        let mut at = |seconds: u64, why| door.turn(why, start + Duration::from_secs(seconds), again);
        let load = Some(Why::Load(50));
        assert_eq!(at(0, None), Turn::Stays);
        assert_eq!(at(0, load), Turn::Shuts(Why::Load(50)));
        assert_eq!(at(3 * 3600 - 1, load), Turn::Stays);
        assert_eq!(at(3 * 3600, load), Turn::StillShut(again));
        assert_eq!(at(3 * 3600 + 1, load), Turn::Stays);
        assert_eq!(at(6 * 3600, load), Turn::StillShut(2 * again));
        assert_eq!(at(6 * 3600 + 1, None), Turn::Opens);
        assert_eq!(at(6 * 3600 + 2, load), Turn::Shuts(Why::Load(50)));
    }
}
