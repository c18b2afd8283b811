//! The `to=` lines: what became of recipients.

use super::{Field, Id, Severity, emit, wanted};
use crate::envelope::QueueId;
use crate::reply::Enhanced;
use std::fmt::Write;

/// One `to=` line.
#[derive(Debug, Clone, Default)]
pub struct To<'a> {
    /// The recipients.
    pub to: Vec<&'a [u8]>,
    /// Controlling user: address, user and group id.
    pub control: Option<(&'a [u8], u32, u32)>,
    /// Seconds since the message was made.
    pub delay: i64,
    /// Seconds that the delivery itself took; `None` when there was none.
    pub xdelay: Option<i64>,
    /// The mailer's name.
    pub mailer: Option<&'a str>,
    /// Priority.
    pub priority: i64,
    /// The host that answered.
    pub relay: Option<&'a [u8]>,
    /// Enhanced status code.
    pub dsn: Option<Enhanced>,
    /// The reply of that host.
    pub reply: Option<&'a [u8]>,
    /// Why the message is quarantined.
    pub quarantine: Option<&'a [u8]>,
    /// What happened, with the leading word: `Sent (ok)`, `Deferred: ...`, `User unknown`.
    pub stat: &'a [u8],
}

/// Octets of recipients in one line; the rest goes into `[more]` lines before it.
const MAX_TO: usize = 768;

/// `ID: to=..., [ctladdr=..., ]delay=..., [xdelay=..., ]mailer=..., pri=..., [relay=..., ][dsn=..., ][reply=..., ]stat=...`: level 8 for
/// success, 9 for what waits, 7 for failures.
pub fn to(id: &QueueId, line: &To<'_>) {
    let level = match line.dsn {
        Some(Enhanced(2, ..)) => 8,
        Some(Enhanced(5, ..)) => 7,
        _ => 9,
    };
    if !wanted(level) {
        return;
    }
    let mut shown = String::new();
    for address in &line.to {
        if !shown.is_empty() && shown.len() + address.len() > MAX_TO {
            emit(level, Severity::Info, Id::Queue(id), format_args!("to={shown} [more]"));
            shown.clear();
        }
        let comma = if shown.is_empty() { "" } else { "," };
        let _ = write!(shown, "{comma}{}", Field(address));
    }
    let mut out = format!("to={shown}");
    if let Some((address, uid, gid)) = line.control {
        let _ = write!(out, ", ctladdr={} ({uid}/{gid})", Field(address));
    }
    let _ = write!(out, ", delay={}", interval(line.delay));
    if let Some(xdelay) = line.xdelay {
        let _ = write!(out, ", xdelay={}", interval(xdelay));
    }
    if let Some(mailer) = line.mailer {
        let _ = write!(out, ", mailer={mailer}");
    }
    let _ = write!(out, ", pri={}", line.priority);
    if let Some(relay) = line.relay {
        let _ = write!(out, ", relay={}", Field(relay));
    }
    if let Some(dsn) = line.dsn {
        let _ = write!(out, ", dsn={dsn}");
    }
    if let Some(reply) = line.reply {
        let _ = write!(out, ", reply={}", Field(reply));
    }
    if let Some(reason) = line.quarantine {
        let _ = write!(out, ", quarantine={}", Field(reason));
    }
    emit(level, Severity::Info, Id::Queue(id), format_args!("{out}, stat={}", Field(line.stat)));
}

/// `[days+]hh:mm:ss`.
pub fn interval(seconds: i64) -> String {
    let s = seconds.max(0);
    let (days, s) = (s / 86_400, s % 86_400);
    let clock = format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    if days > 0 { format!("{days}+{clock}") } else { clock }
}

/// `ID: done; delay=D, ntries=N` (level 10).
pub fn done(id: &QueueId, delay: i64, attempts: u32) {
    emit(10, Severity::Info, Id::Queue(id), format_args!("done; delay={}, ntries={attempts}", interval(delay)));
}

/// `ID: NEWID: clone: owner=NAME` (level 5).
pub fn cloned(id: &QueueId, new: &QueueId, owner: &[u8]) {
    let owner = owner.strip_prefix(b"<").and_then(|o| o.strip_suffix(b">")).unwrap_or(owner);
    emit(5, Severity::Info, Id::Queue(id), format_args!("{new}: clone: owner={}", Field(owner)));
}

/// `ID: NEWID: KIND: REASON` (level 6), with the kinds `DSN`, `sender notify`, `postmaster notify`, `return to sender`.
pub fn report(id: &QueueId, new: &QueueId, kind: &str, reason: &[u8]) {
    emit(6, Severity::Info, Id::Queue(id), format_args!("{new}: {kind}: {}", Field(reason)));
}

/// `ruleset=check_compat, arg1=FROM, arg2=TO, reject=550 5.7.1 TEXT` (level 4).
pub fn incompatible(id: &QueueId, from: &[u8], to: &[u8], reply: &[u8]) {
    emit(
        4,
        Severity::Notice,
        Id::Queue(id),
        format_args!("ruleset=check_compat, arg1={}, arg2={}, reject={}", Field(from), Field(to), Field(reply)),
    );
}

#[cfg(test)]
mod tests {
    use super::interval;

    #[test]
    fn intervals() {
        assert_eq!(interval(0), "00:00:00");
        assert_eq!(interval(18_003), "05:00:03");
        assert_eq!(interval(6 * 86_400 + 18_006), "6+05:00:06");
    }
}
