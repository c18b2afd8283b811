//! What the rest of the program and a `deliver` worker say to each other.
//!
//! One frame each way: four octets of length, then the fields; a request may carry one descriptor (the message). The worker may
//! be root when it reads a request, so the decoder takes nothing for granted: every length is checked against what is there.

use crate::cf::MacroName;
use crate::deliver::{Found, Listed, LocalJob, LocalRecipient};
use crate::envelope::{Origin, Status};
use crate::reply::{Enhanced, Reply};
use crate::sys::fdpass;
use crate::text::Line;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

/// The longest frame: an include file and a little.
const MAX_FRAME: usize = 12 * 1024 * 1024;
/// How deep an [`Origin`] may be nested.
const MAX_NESTING: usize = 64;

/// What a worker is asked.
#[derive(Debug)]
pub enum Request {
    /// See [`crate::deliver::LocalDelivery::deliver`].
    Deliver(LocalJob),
    /// See [`crate::deliver::LocalDelivery::forward`].
    Forward(Line, Line),
    /// See [`crate::deliver::LocalDelivery::include`].
    Include(Line, Origin),
    /// See [`crate::deliver::LocalDelivery::dead_letter`].
    DeadLetter(Line, File),
}

/// What a worker answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It has become somebody else already: ask a new one.
    Elsewhere,
    /// One for each recipient.
    Statuses(Vec<Status>),
    /// What was found.
    Found(Found),
    /// Why not.
    Failed(Status),
    /// Where the dead letter is.
    Saved(Option<Line>),
}

/// Sends a request.
pub fn send_request(socket: &UnixStream, request: &Request) -> io::Result<()> {
    let mut out = Encoder::default();
    let fd = match request {
        Request::Deliver(job) => {
            out.byte(1);
            out.job(job);
            Some(job.message.as_raw_fd())
        }
        Request::Forward(user, detail) => {
            out.byte(2);
            out.bytes(user);
            out.bytes(detail);
            None
        }
        Request::Include(path, origin) => {
            out.byte(3);
            out.bytes(path);
            out.origin(origin);
            None
        }
        Request::DeadLetter(user, file) => {
            out.byte(4);
            out.bytes(user);
            Some(file.as_raw_fd())
        }
    };
    send(socket, &out.0, fd)
}

/// Receives a request; `Ok(None)` at the end.
pub fn receive_request(socket: &UnixStream) -> io::Result<Option<Request>> {
    let Some((bytes, fd)) = receive(socket)? else { return Ok(None) };
    let mut input = Decoder(&bytes);
    let request = match input.byte()? {
        1 => Request::Deliver(input.job(file(fd)?)?),
        2 => Request::Forward(input.line()?, input.line()?),
        3 => Request::Include(input.line()?, input.origin(0)?),
        4 => Request::DeadLetter(input.line()?, file(fd)?),
        _ => return Err(bad()),
    };
    input.end()?;
    Ok(Some(request))
}

/// Sends an answer.
pub fn send_answer(socket: &UnixStream, answer: &Answer) -> io::Result<()> {
    let mut out = Encoder::default();
    match answer {
        Answer::Elsewhere => out.byte(1),
        Answer::Statuses(all) => {
            out.byte(2);
            out.number(all.len() as u64);
            all.iter().for_each(|s| out.status(s));
        }
        Answer::Found(found) => {
            out.byte(3);
            out.option(found.file.as_ref(), Encoder::listed);
            out.number(found.refused.len() as u64);
            for (path, why) in &found.refused {
                out.bytes(path);
                out.bytes(why);
            }
        }
        Answer::Failed(status) => {
            out.byte(4);
            out.status(status);
        }
        Answer::Saved(path) => {
            out.byte(5);
            out.option(path.as_ref(), |o, p| o.bytes(p));
        }
    }
    send(socket, &out.0, None)
}

/// Receives an answer.
pub fn receive_answer(socket: &UnixStream) -> io::Result<Answer> {
    let (bytes, _) = receive(socket)?.ok_or_else(|| io::Error::from(ErrorKind::UnexpectedEof))?;
    let mut input = Decoder(&bytes);
    let answer = match input.byte()? {
        1 => Answer::Elsewhere,
        2 => Answer::Statuses(input.list(Decoder::status)?),
        3 => Answer::Found(Found {
            file: input.option(Decoder::listed)?,
            refused: input.list(|i| Ok((i.line()?, i.line()?)))?,
        }),
        4 => Answer::Failed(input.status()?),
        5 => Answer::Saved(input.option(Decoder::line)?),
        _ => return Err(bad()),
    };
    input.end()?;
    Ok(answer)
}

fn bad() -> io::Error {
    ErrorKind::InvalidData.into()
}

fn file(fd: Option<OwnedFd>) -> io::Result<File> {
    fd.map(File::from).ok_or_else(bad)
}

fn send(socket: &UnixStream, frame: &[u8], fd: Option<i32>) -> io::Result<()> {
    let length = u32::try_from(frame.len()).ok().filter(|l| *l as usize <= MAX_FRAME).ok_or_else(bad)?;
    let mut bytes = length.to_be_bytes().to_vec();
    bytes.extend_from_slice(frame);
    fdpass::send(socket, &bytes, fd.as_slice())
}

fn receive(mut socket: &UnixStream) -> io::Result<Option<(Vec<u8>, Option<OwnedFd>)>> {
    let mut head = [0; 4];
    let (got, mut fds) = loop {
        match fdpass::receive(socket, &mut head) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            other => break other?,
        }
    };
    if got == 0 {
        return Ok(None);
    }
    socket.read_exact(head.get_mut(got..).unwrap_or_default())?;
    let length = u32::from_be_bytes(head) as usize;
    if length > MAX_FRAME || fds.len() > 1 {
        return Err(bad());
    }
    let mut bytes = Vec::new();
    socket.take(length as u64).read_to_end(&mut bytes)?;
    if bytes.len() < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(Some((bytes, fds.pop())))
}

#[derive(Default)]
struct Encoder(Vec<u8>);

impl Encoder {
    fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    fn number(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn option<T>(&mut self, value: Option<&T>, put: impl FnOnce(&mut Self, &T)) {
        self.byte(u8::from(value.is_some()));
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn origin(&mut self, origin: &Origin) {
        match origin {
            Origin::Direct => self.byte(0),
            Origin::Alias(key) => {
                self.byte(1);
                self.bytes(key);
            }
            Origin::Forward(user) => {
                self.byte(2);
                self.bytes(user);
            }
            Origin::Include(outer, path) => {
                self.byte(3);
                self.bytes(path);
                self.origin(outer);
            }
        }
    }

    fn job(&mut self, job: &LocalJob) {
        self.number(job.mailer as u64);
        self.number(job.recipients.len() as u64);
        for r in &job.recipients {
            self.bytes(&r.user);
            self.bytes(&r.host);
            self.origin(&r.origin);
            self.option(r.control.as_ref(), |o, c| o.bytes(c));
        }
        self.number(job.macros.len() as u64);
        for (name, value) in &job.macros {
            self.bytes(name.as_str().as_bytes());
            self.bytes(value);
        }
        self.bytes(&job.sender);
        self.number(job.size);
        self.byte(u8::from(job.eight_bit));
    }

    fn status(&mut self, status: &Status) {
        self.enhanced(&status.enhanced);
        self.option(status.reply.as_ref(), |o, r| {
            o.number(u64::from(r.code));
            o.option(r.enhanced.as_ref(), Encoder::enhanced);
            o.number(r.lines.len() as u64);
            r.lines.iter().for_each(|l| o.bytes(l));
        });
        self.bytes(&status.text);
        self.option(status.queued_as.as_ref(), |o, r| o.bytes(r));
        self.option(status.remote.as_ref(), |o, r| o.bytes(r));
        self.byte(status.exit);
        self.number(status.transcript.len() as u64);
        status.transcript.iter().for_each(|l| self.bytes(l));
        self.byte(u8::from(status.relays_dsn));
    }

    fn enhanced(&mut self, e: &Enhanced) {
        self.byte(e.0);
        self.number(u64::from(e.1));
        self.number(u64::from(e.2));
    }

    fn listed(&mut self, listed: &Listed) {
        self.bytes(&listed.path);
        self.bytes(&listed.text);
        self.bytes(&listed.owner);
        self.number(u64::from(listed.uid));
        self.number(u64::from(listed.gid));
        self.option(listed.programs.as_ref().err(), |o, why| o.bytes(why));
    }
}

struct Decoder<'a>(&'a [u8]);

impl<'a> Decoder<'a> {
    fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or_else(bad)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> io::Result<u8> {
        self.take(1)?.first().copied().ok_or_else(bad)
    }

    fn number(&mut self) -> io::Result<u64> {
        Ok(u64::from_be_bytes(self.take(8)?.try_into().map_err(|_| bad())?))
    }

    fn small<T: TryFrom<u64>>(&mut self) -> io::Result<T> {
        T::try_from(self.number()?).map_err(|_| bad())
    }

    fn bytes(&mut self) -> io::Result<&'a [u8]> {
        let length = self.small()?;
        self.take(length)
    }

    fn line(&mut self) -> io::Result<Line> {
        Line::new(self.bytes()?).map_err(|_| bad())
    }

    fn end(&self) -> io::Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(bad()) }
    }

    fn option<T>(&mut self, get: impl FnOnce(&mut Self) -> io::Result<T>) -> io::Result<Option<T>> {
        match self.byte()? {
            0 => Ok(None),
            1 => get(self).map(Some),
            _ => Err(bad()),
        }
    }

    fn list<T>(&mut self, mut get: impl FnMut(&mut Self) -> io::Result<T>) -> io::Result<Vec<T>> {
        let count: usize = self.small()?;
        // Each element takes an octet at least: a count beyond that is a lie and must not make us reserve memory.
        if count > self.0.len() {
            return Err(bad());
        }
        (0..count).map(|_| get(self)).collect()
    }

    fn origin(&mut self, depth: usize) -> io::Result<Origin> {
        if depth > MAX_NESTING {
            return Err(bad());
        }
        Ok(match self.byte()? {
            0 => Origin::Direct,
            1 => Origin::Alias(self.line()?),
            2 => Origin::Forward(self.line()?),
            3 => {
                let path = self.line()?;
                Origin::Include(Box::new(self.origin(depth + 1)?), path)
            }
            _ => return Err(bad()),
        })
    }

    fn job(&mut self, message: File) -> io::Result<LocalJob> {
        Ok(LocalJob {
            mailer: self.small()?,
            recipients: self.list(|i| {
                Ok(LocalRecipient {
                    user: i.line()?,
                    host: i.line()?,
                    origin: i.origin(0)?,
                    control: i.option(Decoder::line)?,
                })
            })?,
            macros: self.list(|i| {
                let name = std::str::from_utf8(i.bytes()?).map_err(|_| bad())?;
                Ok((MacroName::new(name), i.line()?))
            })?,
            sender: self.line()?,
            size: self.number()?,
            eight_bit: self.byte()? != 0,
            message,
        })
    }

    fn status(&mut self) -> io::Result<Status> {
        Ok(Status {
            enhanced: self.enhanced()?,
            reply: self.option(|i| {
                Ok(Reply { code: i.small()?, enhanced: i.option(Decoder::enhanced)?, lines: i.list(Decoder::line)? })
            })?,
            text: self.line()?,
            queued_as: self.option(Decoder::line)?,
            remote: self.option(Decoder::line)?,
            exit: self.byte()?,
            transcript: self.list(Decoder::line)?,
            relays_dsn: self.byte()? != 0,
        })
    }

    fn enhanced(&mut self) -> io::Result<Enhanced> {
        Ok(Enhanced(self.byte()?, self.small()?, self.small()?))
    }

    fn listed(&mut self) -> io::Result<Listed> {
        Ok(Listed {
            path: self.line()?,
            text: self.bytes()?.to_vec(),
            owner: self.line()?,
            uid: self.small()?,
            gid: self.small()?,
            programs: match self.option(Decoder::line)? {
                Some(why) => Err(why),
                None => Ok(()),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line::cleaned(text.as_bytes())
    }

    #[test]
    fn a_job_travels() {
        let (a, b) = UnixStream::pair().unwrap();
        let origin = Origin::Include(Box::new(Origin::Alias(line("list"))), line("/lists/x"));
        let recipient = LocalRecipient { user: line("|cat"), host: line(""), origin, control: Some(line("dave")) };
        let job = LocalJob {
            mailer: 3,
            recipients: vec![recipient.clone()],
            macros: vec![(MacroName::new("f"), line("s@x"))],
            sender: line("<>"),
            message: tempfile::tempfile().unwrap(),
            size: 77,
            eight_bit: true,
        };
        send_request(&a, &Request::Deliver(job)).unwrap();
        match receive_request(&b).unwrap() {
            Some(Request::Deliver(got)) => {
                assert_eq!((got.mailer, got.size, got.eight_bit), (3, 77, true));
                assert_eq!(got.recipients, [recipient]);
                assert_eq!(got.macros, [(MacroName::new("f"), line("s@x"))]);
            }
            other => panic!("{other:?}"),
        }
        drop(a);
        assert!(receive_request(&b).unwrap().is_none());
    }

    #[test]
    fn answers_travel() {
        let (a, b) = UnixStream::pair().unwrap();
        let mut status = Status::new((5, 1, 1), 67, "User unknown");
        status.reply = Some(Reply::coded(550, (5, 1, 1), "User unknown"));
        status.transcript = vec![line("hello")];
        let listed = Listed {
            path: line("/home/x/.forward"),
            text: b"a\0\nb".to_vec(),
            owner: line("x"),
            uid: 7,
            gid: 8,
            programs: Err(line("no shell")),
        };
        for answer in [
            Answer::Elsewhere,
            Answer::Statuses(vec![status.clone(), status.clone()]),
            Answer::Found(Found { file: Some(listed), refused: vec![(line("/a"), line("b"))] }),
            Answer::Found(Found::default()),
            Answer::Failed(status),
            Answer::Saved(Some(line("/home/x/dead.letter"))),
        ] {
            send_answer(&a, &answer).unwrap();
            assert_eq!(receive_answer(&b).unwrap(), answer);
        }
    }

    #[test]
    fn lies_are_refused() {
        for frame in [
            &[9u8][..],
            &[2],
            &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
            &[2, 0, 0, 0, 0, 0, 0, 0, 1, b'\n', 0, 0, 0, 0, 0, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7],
            &[[3].as_slice(), &[0; 8], &[[3].as_slice(), &[0; 8]].concat().repeat(200)].concat(),
        ] {
            let (a, b) = UnixStream::pair().unwrap();
            send(&a, frame, None).unwrap();
            drop(a);
            assert!(receive_request(&b).is_err(), "{frame:?}");
        }
    }
}
