//! A connection: plain or TLS, TCP or a local socket, with a time limit for each step as a whole.

use super::outcome::Lost;
use super::reply::{ReplyReader, WireReply};
use openssl::ssl::{Ssl, SslContext, SslRef, SslStream};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
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
        Ok(Wire { stream: Stream::Tcp(socket.into()), replies: ReplyReader::default() })
    }

    /// Connects to a local socket.
    pub fn unix(path: &Path) -> io::Result<Wire> {
        let stream = UnixStream::connect(path)?;
        Ok(Wire { stream: Stream::Unix(stream), replies: ReplyReader::default() })
    }

    /// Reads a reply; `each` sees its lines.
    pub fn reply(&mut self, limit: Duration, each: &mut dyn FnMut(&[u8])) -> Result<WireReply, Lost> {
        let deadline = Instant::now() + if limit.is_zero() { LONGEST } else { limit };
        let mut buffer = [0u8; 8192];
        loop {
            if let Some(reply) = self.replies.next(each).map_err(|_| Lost::Nonsense)? {
                return Ok(reply);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Lost::TimedOut);
            }
            self.limit(left).map_err(lost)?;
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
                Err(e) => return Err(lost(e)),
            }
        }
    }

    /// Writes all of `bytes`.
    pub fn send(&mut self, bytes: &[u8], limit: Duration) -> Result<(), Lost> {
        self.limit(if limit.is_zero() { LONGEST } else { limit }).map_err(lost)?;
        self.write_all(bytes).map_err(lost)
    }

    /// Sets the limit of one read or write.
    pub fn limit(&self, limit: Duration) -> io::Result<()> {
        let limit = Some(limit.clamp(Duration::from_millis(1), LONGEST));
        match &self.stream {
            Stream::Tcp(stream) => stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit)),
            Stream::Unix(stream) => stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit)),
            Stream::Tls(stream) => {
                let stream = stream.get_ref();
                stream.set_read_timeout(limit).and_then(|()| stream.set_write_timeout(limit))
            }
            Stream::None => Ok(()),
        }
    }

    /// Shakes hands as the client; `name`: the server's, for SNI. The error is for the log.
    pub fn start_tls(&mut self, context: &SslContext, name: Option<&str>, limit: Duration) -> Result<(), String> {
        if self.replies.has_rest() {
            // Text sent ahead of the handshake could not be told from text inside it (CVE-2011-0411).
            return Err("text after the reply to STARTTLS".into());
        }
        self.limit(if limit.is_zero() { LONGEST } else { limit }).map_err(|e| e.to_string())?;
        let Stream::Tcp(stream) = std::mem::replace(&mut self.stream, Stream::None) else {
            return Err("TLS needs TCP".into());
        };
        let mut ssl = Ssl::new(context).map_err(|e| e.to_string())?;
        if let Some(name) = name {
            ssl.set_hostname(name).map_err(|e| e.to_string())?;
        }
        let deadline = Instant::now() + if limit.is_zero() { LONGEST } else { limit };
        let guarded = stream.try_clone().ok();
        let watch = guarded.map(|stream| Watchdog::start(stream, deadline));
        let done = ssl.connect(stream).map_err(|e| e.to_string());
        drop(watch);
        self.stream = Stream::Tls(Box::new(done?));
        Ok(())
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
        match &mut self.stream {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
            Stream::Tls(stream) => stream.write(bytes),
            Stream::None => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Shuts a connection down when a handshake as a whole takes too long: a peer that sends an octet now and then would never run
/// into the limit of a single read.
struct Watchdog {
    done: std::sync::mpsc::Sender<()>,
}

impl Watchdog {
    fn start(stream: TcpStream, deadline: Instant) -> Watchdog {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        std::thread::spawn(move || {
            let left = deadline.saturating_duration_since(Instant::now());
            if let Err(std::sync::mpsc::RecvTimeoutError::Timeout) = wait.recv_timeout(left) {
                let _ = stream.shutdown(std::net::Shutdown::Both);
            }
        });
        Watchdog { done }
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        let _ = self.done.send(());
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
