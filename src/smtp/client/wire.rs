//! A connection: plain or TLS, TCP or a local socket, with a time limit for each step as a whole.
//!
//! The descriptors do not block; waiting is done by poll(2) until a deadline, so that a peer which sends an octet now and then
//! gains nothing, also not in the middle of a handshake or a TLS record.

use super::outcome::Lost;
use super::reply::{ReplyReader, WireReply};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use openssl::ssl::{ErrorCode, HandshakeError, Ssl, SslContext, SslRef, SslStream};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// What a step without a limit gets all the same.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// The limit of connect(2) when none is configured.
const CONNECT: Duration = Duration::from_secs(300);

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<SslStream<TcpStream>>),
    /// Between two of the others.
    None,
}

/// A connection to a server, and the replies that wait in it.
pub struct Wire {
    stream: Stream,
    replies: ReplyReader,
    /// Limit of one write.
    block: Duration,
}

/// Where a TCP connection comes from.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The local address.
    pub address: Option<IpAddr>,
    /// Size of the send buffer, 0 for the system's.
    pub send_buffer: usize,
    /// Size of the receive buffer.
    pub receive_buffer: usize,
}

impl Wire {
    /// Connects to `address`.
    pub fn tcp(address: SocketAddr, source: &Source, limit: Duration) -> io::Result<Wire> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM.cloexec(), Some(Protocol::TCP))?;
        if source.send_buffer > 0 {
            socket.set_send_buffer_size(source.send_buffer)?;
        }
        if source.receive_buffer > 0 {
            socket.set_recv_buffer_size(source.receive_buffer)?;
        }
        if let Some(local) = source.address.filter(|ip| ip.is_ipv4() == address.is_ipv4()) {
            socket.bind(&SockAddr::from(SocketAddr::new(local, 0)))?;
        }
        let limit = if limit.is_zero() { CONNECT } else { limit };
        socket.connect_timeout(&SockAddr::from(address), limit)?;
        socket.set_tcp_nodelay(true)?;
        socket.set_keepalive(true)?;
        socket.set_nonblocking(true)?;
        Ok(Wire { stream: Stream::Tcp(socket.into()), replies: ReplyReader::default(), block: LONGEST })
    }

    /// Connects to a local socket.
    pub fn unix(path: &Path) -> io::Result<Wire> {
        let stream = UnixStream::connect(path)?;
        stream.set_nonblocking(true)?;
        Ok(Wire { stream: Stream::Unix(stream), replies: ReplyReader::default(), block: LONGEST })
    }

    /// Reads a reply; `each` sees its lines.
    pub fn reply(&mut self, limit: Duration, each: &mut dyn FnMut(&[u8])) -> Result<WireReply, Lost> {
        let deadline = until(limit);
        let mut buffer = [0u8; 8192];
        loop {
            if let Some(reply) = self.replies.next(each).map_err(|_| Lost::Nonsense)? {
                return Ok(reply);
            }
            if Instant::now() >= deadline {
                return Err(Lost::TimedOut);
            }
            // TLS may hold octets that the socket has given up already; elsewhere waiting first saves a failed read.
            if !matches!(self.stream, Stream::Tls(_)) {
                self.wait(PollFlags::POLLIN, deadline).map_err(lost)?;
            }
            let got = match &mut self.stream {
                Stream::Tcp(stream) => stream.read(&mut buffer),
                Stream::Unix(stream) => stream.read(&mut buffer),
                Stream::Tls(stream) => stream.read(&mut buffer),
                Stream::None => Ok(0),
            };
            match got {
                Ok(0) => return Err(Lost::Reset),
                Ok(got) => self.replies.feed(buffer.get(..got).unwrap_or_default()),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.wait(PollFlags::POLLIN, deadline).map_err(lost)?;
                }
                Err(e) => return Err(lost(e)),
            }
        }
    }

    /// Writes all of `bytes`.
    pub fn send(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Lost> {
        self.limit(limit);
        self.write_all(bytes).map_err(lost)
    }

    /// Sets the time that each piece may take to be written.
    pub fn limit(&mut self, limit: Duration) {
        self.block = if limit.is_zero() { LONGEST } else { limit };
    }

    /// Waits until the socket can do what is asked.
    fn wait(&self, what: PollFlags, deadline: Instant) -> io::Result<()> {
        let fd = match &self.stream {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
            Stream::Tls(stream) => stream.get_ref().as_fd(),
            Stream::None => return Err(ErrorKind::NotConnected.into()),
        };
        wait(fd, what, deadline)
    }

    /// Shakes hands as the client; `name`: the server's, for SNI. The error is for the log.
    pub fn start_tls(&mut self, context: &SslContext, name: Option<&str>, limit: Duration) -> Result<(), String> {
        if self.replies.has_rest() {
            // Text sent ahead of the handshake could not be told from text inside it (CVE-2011-0411).
            return Err("text after the reply to STARTTLS".into());
        }
        let deadline = until(limit);
        let Stream::Tcp(stream) = std::mem::replace(&mut self.stream, Stream::None) else {
            return Err("TLS needs TCP".into());
        };
        let mut ssl = Ssl::new(context).map_err(|e| e.to_string())?;
        if let Some(name) = name {
            ssl.set_hostname(name).map_err(|e| e.to_string())?;
        }
        let mut attempt = ssl.connect(stream);
        loop {
            attempt = match attempt {
                Ok(stream) => {
                    self.stream = Stream::Tls(Box::new(stream));
                    return Ok(());
                }
                Err(HandshakeError::WouldBlock(middle)) => {
                    let what = match middle.error().code() {
                        ErrorCode::WANT_WRITE => PollFlags::POLLOUT,
                        _ => PollFlags::POLLIN,
                    };
                    wait(middle.get_ref().as_fd(), what, deadline).map_err(|e| words(&e))?;
                    middle.handshake()
                }
                Err(error) => return Err(error.to_string()),
            };
        }
    }

    /// Our own address, before TLS.
    pub fn local(&self) -> Option<IpAddr> {
        match &self.stream {
            Stream::Tcp(tcp) => tcp.local_addr().ok().map(|a| a.ip()),
            _ => None,
        }
    }

    /// The TLS session, if there is one.
    pub fn tls(&self) -> Option<&SslRef> {
        match &self.stream {
            Stream::Tls(stream) => Some(stream.ssl()),
            _ => None,
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let deadline = until(self.block);
        loop {
            let done = match &mut self.stream {
                Stream::Tcp(stream) => stream.write(bytes),
                Stream::Unix(stream) => stream.write(bytes),
                Stream::Tls(stream) => stream.write(bytes),
                Stream::None => Err(ErrorKind::NotConnected.into()),
            };
            match done {
                Err(e) if e.kind() == ErrorKind::WouldBlock => self.wait(PollFlags::POLLOUT, deadline)?,
                done => return done,
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn until(limit: Duration) -> Instant {
    Instant::now() + if limit.is_zero() { LONGEST } else { limit.min(LONGEST) }
}

/// poll(2) with a deadline.
fn wait(fd: BorrowedFd<'_>, what: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        let left = i32::try_from(left.as_millis()).unwrap_or(i32::MAX).max(1);
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(fd, what)], timeout) {
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

/// What an error of the system means.
pub fn lost(error: io::Error) -> Lost {
    match error.kind() {
        ErrorKind::WouldBlock | ErrorKind::TimedOut => Lost::TimedOut,
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof
        | ErrorKind::NotConnected => Lost::Reset,
        _ => Lost::Other(words(&error)),
    }
}

/// The system's words for an error, without the number.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_string()
}
