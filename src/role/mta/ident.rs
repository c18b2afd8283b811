//! A question to the client's RFC 1413 server: who holds the connection that was just made. It never blocks the loop.

use mio::net::TcpStream;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// The port of the service.
const PORT: u16 = 113;
/// Most octets of an answer.
const MAX_ANSWER: usize = 1024;

/// A question under way.
pub struct Ident {
    stream: TcpStream,
    question: Vec<u8>,
    sent: usize,
    answer: Vec<u8>,
    /// When nobody waits any longer.
    pub deadline: Instant,
}

/// How far a question has come.
pub enum Progress {
    /// Wait for the socket.
    Wait,
    /// The answer as it came (empty: there is none).
    Done(Vec<u8>),
}

impl Ident {
    /// Calls `peer`'s server from our end of the connection.
    pub fn ask(local: SocketAddr, peer: SocketAddr, time: Duration) -> io::Result<Ident> {
        let domain = if peer.is_ipv6() { Domain::IPV6 } else { Domain::IPV4 };
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_nonblocking(true)?;
        socket.bind(&SockAddr::from(SocketAddr::new(local.ip(), 0)))?;
        match socket.connect(&SockAddr::from(SocketAddr::new(peer.ip(), PORT))) {
            Err(e) if !matches!(e.raw_os_error(), Some(libc::EINPROGRESS)) => return Err(e),
            _ => {}
        }
        Ok(Ident {
            stream: TcpStream::from_std(socket.into()),
            question: format!("{},{}\r\n", peer.port(), local.port()).into_bytes(),
            sent: 0,
            answer: Vec::new(),
            deadline: Instant::now() + time,
        })
    }

    /// The socket, to register it.
    pub fn socket(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Goes on as far as it goes without waiting.
    pub fn drive(&mut self) -> Progress {
        while let Some(rest) = self.question.get(self.sent..).filter(|r| !r.is_empty()) {
            match self.stream.write(rest) {
                Ok(n) => self.sent += n,
                Err(e) if waits(&e) => return Progress::Wait,
                Err(_) => return Progress::Done(Vec::new()),
            }
        }
        let mut buffer = [0; 256];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Progress::Done(std::mem::take(&mut self.answer)),
                Ok(n) => self.answer.extend_from_slice(buffer.get(..n).unwrap_or_default()),
                Err(e) if waits(&e) => return Progress::Wait,
                Err(_) => return Progress::Done(Vec::new()),
            }
            if self.answer.contains(&b'\n') || self.answer.len() > MAX_ANSWER {
                return Progress::Done(std::mem::take(&mut self.answer));
            }
        }
    }
}

fn waits(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected | io::ErrorKind::Interrupted)
}
