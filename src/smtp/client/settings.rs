//! What the options say of outgoing connections.

use super::session::Times;
use super::wire::Source;
use crate::cf::options::Options;
use crate::cf::options::ports::Family;
use crate::dns::Families;
use std::net::IpAddr;
use std::time::Duration;

/// So many seconds; none when negative.
pub(super) fn seconds(n: i64) -> Duration {
    Duration::from_secs(u64::try_from(n).unwrap_or(0))
}

/// The limits of the steps of a session.
pub(super) fn times(options: &Options) -> Times {
    let t = &options.timeouts;
    Times {
        initial: seconds(t.initial),
        helo: seconds(t.helo),
        lhlo: seconds(t.lhlo),
        starttls: seconds(t.starttls),
        auth: seconds(t.auth),
        mail: seconds(t.mail),
        rcpt: seconds(t.rcpt),
        datainit: seconds(t.datainit),
        datablock: seconds(t.datablock),
        datafinal: seconds(t.datafinal),
        rset: seconds(t.rset),
        quit: seconds(t.quit),
    }
}

/// The families that `ClientPortOptions` leaves: those named, or all.
pub(super) fn families(options: &Options) -> Families {
    let ports = &options.client_port_options.0;
    let has = |family| ports.iter().any(|p| p.family == family);
    match (has(Family::Inet), has(Family::Inet6)) {
        (true, false) => Families::V4,
        (false, true) => Families::V6,
        _ => Families::Both,
    }
}

/// Where a connection to `ip` comes from, by `ClientPortOptions`.
pub(super) fn source(options: &Options, ip: IpAddr) -> Source {
    let family = if ip.is_ipv4() { Family::Inet } else { Family::Inet6 };
    let Some(port) = options.client_port_options.0.iter().find(|p| p.family == family) else {
        return Source::default();
    };
    let address = port.addr.as_ref().and_then(|a| std::str::from_utf8(a).ok()?.trim().parse().ok());
    let size = |n| usize::try_from(n).unwrap_or(0);
    Source { address, send_buffer: size(port.send_buffer), receive_buffer: size(port.receive_buffer) }
}
