//! Listening sockets from `DaemonPortOptions`.

use crate::cf::Config;
use crate::cf::options::ports::{Family, Port};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, ToSocketAddrs};
use std::time::Duration;

/// Backlog where `Listen=` does not say one.
pub const BACKLOG: i32 = 1024;
/// How often a bound port is tried again, and how long between.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_secs(5);

/// A port that could not be opened.
#[derive(Debug)]
pub struct ListenError {
    /// Name of the daemon.
    pub name: String,
    /// What failed.
    pub error: io::Error,
}

/// Opens the ports of the configuration; each with the index of its `DaemonPortOptions`. A port that another process still
/// holds is tried again for a while; `M=O` makes a failure harmless.
pub fn open(config: &Config) -> Result<Vec<(TcpListener, usize)>, ListenError> {
    let mut out = Vec::new();
    for (index, port) in config.options.daemon_port_options.0.iter().enumerate() {
        let name = daemon_name(port, index);
        let mut tries = 0;
        loop {
            match addresses(port).and_then(|list| list.iter().map(|a| bind(*a, port)).collect::<io::Result<Vec<_>>>()) {
                Ok(sockets) => {
                    out.extend(sockets.into_iter().map(|s| (s, index)));
                    break;
                }
                Err(error) => {
                    let optional = port.modifiers.has(b'O');
                    let text = format!("opendaemonsocket: daemon {name}: cannot bind: {error}");
                    crate::log::syserr(crate::log::Id::None, b"root", &text);
                    tries += 1;
                    if optional {
                        break;
                    }
                    if tries >= TRIES || error.kind() != io::ErrorKind::AddrInUse {
                        return Err(ListenError { name, error });
                    }
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }
    Ok(out)
}

/// The name that log lines give a daemon.
pub fn daemon_name(port: &Port, index: usize) -> String {
    port.name.as_ref().map_or_else(|| format!("Daemon{index}"), |n| String::from_utf8_lossy(n).into_owned())
}

/// The length of the queue of connections.
pub fn backlog(port: &Port) -> i32 {
    port.listen.map_or(BACKLOG, |n| n.clamp(1, 65_535) as i32)
}

fn addresses(port: &Port) -> io::Result<Vec<SocketAddr>> {
    let number = port.port.unwrap_or(25);
    let any = match port.family {
        Family::Inet => IpAddr::from(Ipv4Addr::UNSPECIFIED),
        Family::Inet6 => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        Family::Local => {
            return Err(io::Error::new(io::ErrorKind::Unsupported, "listening on a local socket is not supported"));
        }
    };
    let Some(addr) = &port.addr else { return Ok(vec![SocketAddr::new(any, number)]) };
    let text = String::from_utf8_lossy(addr);
    let bare = text.trim_start_matches('[').trim_end_matches(']').trim_start_matches("IPv6:");
    let wanted = |a: &SocketAddr| a.is_ipv6() == (port.family == Family::Inet6);
    let found: Vec<SocketAddr> = (bare, number).to_socket_addrs()?.filter(wanted).take(1).collect();
    match found.is_empty() {
        true => Err(io::Error::new(io::ErrorKind::AddrNotAvailable, format!("{text}: no address of that family"))),
        false => Ok(found),
    }
}

fn bind(address: SocketAddr, port: &Port) -> io::Result<TcpListener> {
    let domain = if address.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    if port.receive_buffer > 0 {
        socket.set_recv_buffer_size(port.receive_buffer as usize)?;
    }
    if port.send_buffer > 0 {
        socket.set_send_buffer_size(port.send_buffer as usize)?;
    }
    socket.bind(&SockAddr::from(address))?;
    socket.listen(backlog(port))?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
