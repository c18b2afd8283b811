//! Descriptors over a Unix socket (`SCM_RIGHTS`).

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;

/// Most descriptors in one message.
pub const MAX_FDS: usize = 32;

/// Sends `bytes` (at least one, sent whole) with `fds`.
pub fn send(socket: &UnixStream, bytes: &[u8], fds: &[RawFd]) -> io::Result<()> {
    let rights = [ControlMessage::ScmRights(fds)];
    let control: &[ControlMessage] = if fds.is_empty() { &[] } else { &rights };
    let sent = sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], control, MsgFlags::MSG_NOSIGNAL, None)?;
    match bytes.get(sent..) {
        Some(rest) if !rest.is_empty() => io::Write::write_all(&mut &*socket, rest),
        _ => Ok(()),
    }
}

/// Receives up to `buffer.len()` bytes and the descriptors that came with them (close-on-exec); 0 bytes at the end.
pub fn receive(socket: &UnixStream, buffer: &mut [u8]) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut space = nix::cmsg_space!([RawFd; MAX_FDS]);
    let mut slices = [IoSliceMut::new(buffer)];
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC)?;
    let mut fds = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = control {
            // SAFETY: the kernel has just made these descriptors for us; nobody else owns them.
            fds.extend(raw.into_iter().map(|fd| unsafe { OwnedFd::from_raw_fd(fd) }));
        }
    }
    Ok((message.bytes, fds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn a_descriptor_travels() -> io::Result<()> {
        let (a, b) = UnixStream::pair()?;
        let (mut inner, other) = UnixStream::pair()?;
        send(&a, b"x", &[other.as_raw_fd()])?;
        drop(other);
        let mut byte = [0; 8];
        let (n, mut fds) = receive(&b, &mut byte)?;
        assert_eq!((n, fds.len()), (1, 1));
        let mut got = UnixStream::from(fds.remove(0));
        inner.write_all(b"hello")?;
        let mut text = [0; 5];
        got.read_exact(&mut text)?;
        assert_eq!(&text, b"hello");
        Ok(())
    }
}
