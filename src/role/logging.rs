//! Where records go: env_logger writing datagrams to syslog's socket, or lines to standard error.

use crate::sys::clock;
use std::io::{self, Write};
use std::os::unix::net::UnixDatagram;
use std::sync::Mutex;

/// syslog facility `mail`.
const FACILITY_MAIL: u8 = 2 << 3;

/// Where records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sink {
    /// The socket `/dev/log`, with standard error as the way out when nobody listens there.
    Syslog,
    /// Standard error, with time and tag: the foreground without a syslog daemon.
    Stderr,
}

/// Starts logging under `tag` (`-L`, else `sendmail`) and sets `LogLevel`. The first call counts.
pub fn start(tag: &str, sink: Sink, level: i32) {
    crate::log::set_level(level);
    let mut builder = env_logger::Builder::new();
    builder.filter_level(::log::LevelFilter::Trace);
    // Crates that log by themselves have nothing to say to a mail log.
    builder.filter_module("mio", ::log::LevelFilter::Off);
    let tag = tag.to_owned();
    match sink {
        Sink::Syslog => {
            builder.target(env_logger::Target::Pipe(Box::new(Syslog)));
            builder.format(move |out, record| {
                let severity = crate::log::severity_of(record.target()).unwrap_or(6);
                let stamp = clock::local(now()).syslog();
                write!(out, "<{}>{stamp} {tag}[{}]: {}", FACILITY_MAIL | severity, std::process::id(), record.args())
            });
        }
        Sink::Stderr => {
            builder.format(move |out, record| {
                let stamp = clock::local(now()).syslog();
                writeln!(out, "{stamp} {tag}[{}]: {}", std::process::id(), record.args())
            });
        }
    }
    let _ = builder.try_init();
}

fn now() -> i64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs() as i64)
}

static SOCKET: Mutex<Option<UnixDatagram>> = Mutex::new(None);

/// The socket of syslogd; connects again after it was restarted, and drops records while nobody listens.
struct Syslog;

fn connect() -> Option<UnixDatagram> {
    let socket = UnixDatagram::unbound().ok()?;
    socket.connect("/dev/log").ok()?;
    Some(socket)
}

impl Write for Syslog {
    fn write(&mut self, record: &[u8]) -> io::Result<usize> {
        let mut socket = SOCKET.lock().unwrap_or_else(|e| e.into_inner());
        for _ in 0..2 {
            if socket.is_none() {
                *socket = connect();
            }
            match socket.as_ref().map(|s| s.send(record)) {
                Some(Err(_)) => *socket = None,
                _ => break,
            }
        }
        Ok(record.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends one record under `tag` without a process id, as mail.local(8) logs what it says to a terminal.
pub fn plain(tag: &str, severity: u8, text: &str) {
    let stamp = clock::local(now()).syslog();
    let record = format!(
        "<{}>{stamp} {tag}: {}",
        FACILITY_MAIL | severity,
        crate::text::Line::cleaned(text.as_bytes()).escape_ascii()
    );
    let _ = Syslog.write_all(record.as_bytes());
}

/// Forgets the socket without closing it: a forked child whose descriptors were closed must not write to a number that
/// now may be another file.
pub fn forget_socket() {
    let socket = SOCKET.lock().unwrap_or_else(|e| e.into_inner()).take();
    std::mem::forget(socket);
}

/// True when a syslog daemon listens.
pub fn syslog_is_there() -> bool {
    connect().is_some()
}
