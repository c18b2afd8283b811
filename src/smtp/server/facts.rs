//! What a session is told about its connection.

use crate::cf::options::DeliveryMode;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

/// Who is at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A network client.
    Net(SocketAddr),
    /// A user at standard input (`-bs`): login name.
    User {
        /// Login name.
        name: Vec<u8>,
        /// User id.
        uid: u32,
    },
}

/// A connection as accepted.
#[derive(Debug, Clone)]
pub struct ConnectionFacts {
    /// The other end.
    pub peer: Peer,
    /// Our end, for a network client.
    pub local: Option<SocketAddr>,
    /// Name of the listener (`Name=` of its DaemonPortOptions; `stdin` for `-bs`).
    pub daemon: Vec<u8>,
    /// `M=` letters of the listener.
    pub modifiers: Vec<u8>,
    /// The load average, kept up to date by the owner.
    pub load: Arc<AtomicI64>,
    /// `DelayLA` of the listener, else of the configuration; 0 for none.
    pub delay_load: i64,
    /// Connections open from this client's address, this one included (`${client_connections}`).
    pub client_connections: u32,
    /// Connections accepted from this client's address in the last window (`${client_rate}`).
    pub client_rate: u32,
    /// Connections accepted in all in the last window (`${total_rate}`).
    pub total_rate: u32,
    /// `DeliveryMode=` of the listener, where it has its own.
    pub mode: Option<DeliveryMode>,
}

impl ConnectionFacts {
    /// A network connection with nothing special about it.
    pub fn net(peer: SocketAddr, local: SocketAddr, daemon: &[u8], modifiers: &[u8]) -> ConnectionFacts {
        ConnectionFacts {
            peer: Peer::Net(peer),
            local: Some(local),
            daemon: daemon.to_vec(),
            modifiers: modifiers.to_vec(),
            load: Arc::default(),
            delay_load: 0,
            client_connections: 1,
            client_rate: 1,
            total_rate: 1,
            mode: None,
        }
    }

    /// Standard input of `-bs`, run by `name`.
    pub fn stdin(name: &[u8], uid: u32) -> ConnectionFacts {
        ConnectionFacts {
            peer: Peer::User { name: name.to_vec(), uid },
            local: None,
            daemon: b"stdin".to_vec(),
            modifiers: Vec::new(),
            load: Arc::default(),
            delay_load: 0,
            client_connections: 0,
            client_rate: 0,
            total_rate: 0,
            mode: None,
        }
    }

    /// The load average when it is so high that commands have to wait.
    pub fn overload(&self) -> Option<i64> {
        let load = self.load.load(Ordering::Relaxed);
        (self.delay_load > 0 && load >= self.delay_load).then_some(load)
    }

    /// True when the listener has the modifier `letter`.
    pub fn modifier(&self, letter: u8) -> bool {
        self.modifiers.contains(&letter)
    }

    /// The client's address.
    pub fn address(&self) -> Option<IpAddr> {
        match &self.peer {
            Peer::Net(socket) => Some(socket.ip().to_canonical()),
            Peer::User { .. } => None,
        }
    }
}

/// `UseCompressedIPv6Addresses`, one for the whole process.
static COMPRESSED: AtomicBool = AtomicBool::new(false);

/// Sets `UseCompressedIPv6Addresses`.
pub fn set_compressed(on: bool) {
    COMPRESSED.store(on, Ordering::Relaxed);
}

/// An address as the original writes it: `127.0.0.1`, `IPv6:2001:db8:0:0:0:0:0:1`, or `IPv6:2001:db8::1` with
/// `UseCompressedIPv6Addresses`.
pub fn address_text(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) if COMPRESSED.load(Ordering::Relaxed) => format!("IPv6:{ip}"),
        IpAddr::V6(ip) => format!("IPv6:{}", ip.segments().map(|s| format!("{s:x}")).join(":")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_at_length() {
        assert_eq!(address_text("2001:db8::a1".parse().unwrap()), "IPv6:2001:db8:0:0:0:0:0:a1");
        assert_eq!(address_text("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1");
    }
}
