//! Log lines: one function each, in the original's words and field order, since programs read them.
//!
//! Every value goes through [`Field`], which escapes control characters: one record is one line. [`emit`] hands the text to
//! the `log` crate; `role::logging` points env_logger at syslog or the terminal. `LogLevel` decides here.

pub mod applet;
pub mod client;
pub mod delivery;
pub mod queue;
pub mod route;
pub mod server;
pub mod tls;
pub mod traffic;

use crate::envelope::QueueId;
use std::fmt;
use std::sync::atomic::{AtomicI32, Ordering};

/// Severity of a record, as syslog(3) has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// LOG_ALERT
    Alert = 1,
    /// LOG_CRIT
    Critical = 2,
    /// LOG_ERR
    Error = 3,
    /// LOG_WARNING
    Warning = 4,
    /// LOG_NOTICE
    Notice = 5,
    /// LOG_INFO
    Info = 6,
    /// LOG_DEBUG
    Debug = 7,
}

/// Names of severities as `log` targets, most urgent first; `log` has fewer levels than syslog.
const TARGETS: [&str; 8] = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

static LOG_LEVEL: AtomicI32 = AtomicI32::new(9);

/// Sets `LogLevel`.
pub fn set_level(level: i32) {
    LOG_LEVEL.store(level, Ordering::Relaxed);
}

/// True when records of `level` are wanted.
pub fn wanted(level: i32) -> bool {
    LOG_LEVEL.load(Ordering::Relaxed) >= level
}

/// Writes one record when `LogLevel` is at least `level`: `QUEUEID: text`, `NOQUEUE: text` for `Id::None`, or the bare text.
pub fn emit(level: i32, severity: Severity, id: Id<'_>, text: fmt::Arguments<'_>) {
    if !wanted(level) {
        return;
    }
    let target = TARGETS[severity as usize];
    let rust_level = match severity {
        Severity::Alert | Severity::Critical | Severity::Error => ::log::Level::Error,
        Severity::Warning => ::log::Level::Warn,
        Severity::Notice | Severity::Info => ::log::Level::Info,
        Severity::Debug => ::log::Level::Debug,
    };
    match id {
        Id::Queue(id) => ::log::log!(target: target, rust_level, "{id}: {text}"),
        Id::None => ::log::log!(target: target, rust_level, "NOQUEUE: {text}"),
        Id::Bare => ::log::log!(target: target, rust_level, "{text}"),
    }
}

/// The severity that [`emit`] wrote into a record's target.
pub fn severity_of(target: &str) -> Option<u8> {
    TARGETS.iter().position(|t| *t == target).map(|n| n as u8)
}

/// What stands before the text of a record.
#[derive(Debug, Clone, Copy)]
pub enum Id<'a> {
    /// `QUEUEID: `
    Queue(&'a QueueId),
    /// `NOQUEUE: `
    None,
    /// Nothing.
    Bare,
}

/// Bytes as a log field: printable ASCII stays, a backslash is doubled, tab, CR and LF become `\t`, `\r` and `\n`, all else `\ooo`.
pub struct Field<'a>(pub &'a [u8]);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &b in self.0 {
            match b {
                b'\\' => f.write_str("\\\\")?,
                b'\n' => f.write_str("\\n")?,
                b'\r' => f.write_str("\\r")?,
                b'\t' => f.write_str("\\t")?,
                b' '..=b'~' => write!(f, "{}", b as char)?,
                _ => write!(f, "\\{b:03o}")?,
            }
        }
        Ok(())
    }
}

/// `starting daemon (VERSION): MODES` (level 0).
pub fn starting_daemon(version: &str, modes: &str) {
    emit(0, Severity::Info, Id::Bare, format_args!("starting daemon ({version}): {modes}"));
}

/// `started as: COMMAND LINE` (level 10).
pub fn started_as(command: &[u8]) {
    emit(10, Severity::Info, Id::Bare, format_args!("started as: {}", Field(command)));
}

/// `stopping daemon, reason=REASON` (level 10).
pub fn stopping_daemon(reason: &str) {
    emit(10, Severity::Info, Id::None, format_args!("stopping daemon, reason={reason}"));
}

/// `restarting PATH due to REASON` (level 0).
pub fn restarting(path: &[u8], reason: &str) {
    emit(0, Severity::Info, Id::Bare, format_args!("restarting {} due to {reason}", Field(path)));
}

/// A line of the state that SIGUSR1 asks for (level 0).
pub fn state(text: &str) {
    emit(0, Severity::Debug, Id::None, format_args!("{}", Field(text.as_bytes())));
}

/// `SYSERR(USER): TEXT` (level 0).
pub fn syserr(id: Id<'_>, user: &[u8], text: &str) {
    emit(0, Severity::Critical, id, format_args!("SYSERR({}): {}", Field(user), Field(text.as_bytes())));
}

/// `user UID attempted to WHAT` (level 0): one who may not.
pub fn attempted(uid: u32, what: &str) {
    emit(0, Severity::Alert, Id::Bare, format_args!("user {uid} attempted to {what}"));
}

/// `user UID changed syslog label` (level 0).
pub fn label_changed(uid: u32) {
    emit(0, Severity::Warning, Id::Bare, format_args!("user {uid} changed syslog label"));
}

/// A plain notice about the process itself (level 9), e.g. a sandbox that the kernel does not have.
pub fn process_notice(text: &str) {
    emit(9, Severity::Notice, Id::Bare, format_args!("{}", Field(text.as_bytes())));
}

/// `Authentication-Warning: HOST: TEXT` (level 0).
pub fn authentication_warning(id: Id<'_>, text: &[u8]) {
    emit(0, Severity::Info, id, format_args!("Authentication-Warning: {}", Field(text)));
}
