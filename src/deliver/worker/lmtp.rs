//! LMTP (RFC 2033, `F=z`) or SMTP with a program over its standard input and output: mailers whose arguments do not name
//! the user, and `P=[LPC]`.

use super::Worker;
use super::program::Pieces;
use crate::cf::Mailer;
use crate::deliver::LocalJob;
use crate::envelope::Status;
use crate::reply::{Enhanced, Reply};
use crate::text::Line;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, BufWriter, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::process::{ChildStdin, ChildStdout};
use std::time::{Duration, Instant};

/// The longest reply line, and the most lines of one reply.
const MAX_LINE: usize = 1024;
const MAX_LINES: usize = 100;

struct Talk {
    input: BufWriter<TimedPipe>,
    output: ChildStdout,
    buffer: Vec<u8>,
}

impl Worker {
    /// Hands the message to all recipients in one dialogue; a status for each.
    pub(super) fn lmtp(&self, mailer: &Mailer, job: &LocalJob) -> Vec<Status> {
        let all = |status: Status| vec![status; job.recipients.len()];
        let mut running = match self.start(mailer, job) {
            Ok(running) => running,
            Err(status) => return all(status),
        };
        let Some((input, output)) = running.pipes() else {
            return all(Status::new((4, 3, 0), 75, "no pipes to the mailer"));
        };
        let input = match TimedPipe::new(input, self.config.options.timeouts.datablock) {
            Ok(input) => BufWriter::with_capacity(64 * 1024, input),
            Err(error) => return all(Status::new((4, 3, 0), 75, error.to_string())),
        };
        let mut talk = Talk { input, output, buffer: Vec::new() };
        let mut statuses: Vec<Option<Status>> = vec![None; job.recipients.len()];
        let result = self.dialogue(mailer, job, &mut talk, &mut statuses);
        drop(talk);
        let _ = running.wait(Some(Instant::now() + Duration::from_secs(10)));
        let missing = match result {
            Ok(()) => Status::new((4, 3, 0), 75, "no reply"),
            Err(Trouble::Said(reply)) => from_reply(reply),
            Err(Trouble::Io(error)) => {
                let text = format!("lost connection with {} mailer: {error}", mailer.name);
                Status::new((4, 4, 2), 75, text)
            }
        };
        statuses.into_iter().map(|s| s.unwrap_or_else(|| missing.clone())).collect()
    }

    fn dialogue(
        &self,
        mailer: &Mailer,
        job: &LocalJob,
        talk: &mut Talk,
        statuses: &mut [Option<Status>],
    ) -> Result<(), Trouble> {
        let limits = &self.config.options.timeouts;
        let wait = |seconds: i64| Duration::from_secs(u64::try_from(seconds).ok().filter(|s| *s > 0).unwrap_or(3600));
        talk.expect(wait(limits.initial))?;
        let own_name = self.config.macros.get("j").unwrap_or(b"localhost").to_vec();
        let verb: &[u8] = match mailer.flags.has(b'z') {
            true => b"LHLO ",
            false => b"EHLO ",
        };
        let hello = match talk.ask(&[verb, &own_name[..]].concat(), wait(limits.helo)) {
            Err(Trouble::Said(_)) if !mailer.flags.has(b'z') => {
                talk.ask(&[b"HELO ", &own_name[..]].concat(), wait(limits.helo))?
            }
            other => other?,
        };
        let offers = |word: &[u8]| {
            hello.lines.iter().any(|l| l.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)))
        };
        let sender = job.sender.strip_prefix(b"<").and_then(|s| s.strip_suffix(b">")).unwrap_or(&job.sender);
        let mut mail = [b"MAIL From:<", sender, b">"].concat();
        if offers(b"SIZE") {
            mail.extend_from_slice(format!(" SIZE={}", job.size).as_bytes());
        }
        if job.eight_bit && offers(b"8BITMIME") {
            mail.extend_from_slice(b" BODY=8BITMIME");
        }
        talk.ask(&mail, wait(limits.mail))?;
        for (recipient, status) in job.recipients.iter().zip(statuses.iter_mut()) {
            let user = self.user_text(mailer, recipient);
            match talk.ask(&[b"RCPT To:<", &user[..], b">"].concat(), wait(limits.rcpt)) {
                Ok(_) => {}
                Err(Trouble::Said(reply)) => *status = Some(from_reply(reply)),
                Err(other) => return Err(other),
            }
        }
        if statuses.iter().all(Option::is_some) {
            return talk.end(wait(limits.quit));
        }
        match talk.ask(b"DATA", wait(limits.datainit)) {
            Ok(_) => {}
            Err(trouble) => return Err(trouble),
        }
        talk.message(job, !mailer.flags.has(b'X'))?;
        let mut said = None;
        for status in statuses.iter_mut().filter(|s| s.is_none()) {
            // SMTP has one answer for all.
            let reply = match said.take().filter(|_| !mailer.flags.has(b'z')) {
                Some(reply) => reply,
                None => talk.reply(wait(limits.datafinal))?,
            };
            said = Some(reply.clone());
            *status = Some(match reply {
                reply if reply.is_positive() => Status::new((2, 0, 0), 0, ""),
                reply => from_reply(reply),
            });
        }
        talk.end(wait(limits.quit))
    }
}

/// A pipe to a program that may stop reading.
struct TimedPipe(ChildStdin, Duration);

impl TimedPipe {
    fn new(pipe: ChildStdin, seconds: i64) -> io::Result<TimedPipe> {
        nix::fcntl::fcntl(pipe.as_fd(), nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK))?;
        Ok(TimedPipe(pipe, Duration::from_secs(u64::try_from(seconds).ok().filter(|s| *s > 0).unwrap_or(3600))))
    }
}

impl Write for TimedPipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                other => return other,
            }
            let mut fds = [PollFd::new(self.0.as_fd(), PollFlags::POLLOUT)];
            match poll(&mut fds, PollTimeout::try_from(self.1).unwrap_or(PollTimeout::MAX)) {
                Ok(0) => return Err(ErrorKind::TimedOut.into()),
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Why a dialogue ended early.
enum Trouble {
    /// An unexpected reply.
    Said(Reply),
    Io(io::Error),
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Trouble {
        Trouble::Io(error)
    }
}

fn from_reply(reply: Reply) -> Status {
    let class = if reply.is_transient() { 4 } else { 5 };
    let enhanced = reply.enhanced.filter(|e| e.0 == class).unwrap_or(Enhanced(class, 0, 0));
    let exit = match (reply.code, class) {
        (_, 4) => 75,
        (550, _) if enhanced == Enhanced(5, 1, 1) => 67,
        _ => 69,
    };
    let mut status = Status::new((enhanced.0, enhanced.1, enhanced.2), exit, "Service unavailable");
    if exit == 67 {
        status.text = Line::cleaned(b"User unknown");
    } else if exit == 75 {
        status.text = Line::cleaned(&reply.to_text());
    }
    status.reply = Some(reply);
    status
}

impl Talk {
    /// A command and its reply, which has to be positive.
    fn ask(&mut self, command: &[u8], wait: Duration) -> Result<Reply, Trouble> {
        self.input.write_all(command)?;
        self.input.write_all(b"\r\n")?;
        self.input.flush()?;
        self.expect(wait)
    }

    fn expect(&mut self, wait: Duration) -> Result<Reply, Trouble> {
        let reply = self.reply(wait)?;
        if matches!(reply.code / 100, 2 | 3) { Ok(reply) } else { Err(Trouble::Said(reply)) }
    }

    fn end(&mut self, wait: Duration) -> Result<(), Trouble> {
        // The mail is where it belongs: what QUIT says does not matter.
        let _ = self.ask(b"QUIT", wait.min(Duration::from_secs(10)));
        Ok(())
    }

    fn reply(&mut self, wait: Duration) -> io::Result<Reply> {
        let deadline = Instant::now() + wait;
        let mut reply: Option<Reply> = None;
        for _ in 0..MAX_LINES {
            let line = self.line(deadline)?;
            let code = line.get(..3).and_then(|d| std::str::from_utf8(d).ok()).and_then(|d| d.parse::<u16>().ok());
            let code = code.filter(|c| (200..600).contains(c)).ok_or(ErrorKind::InvalidData)?;
            let text = line.get(4..).unwrap_or_default();
            let word = text.split(|b| *b == b' ').next().unwrap_or_default();
            let enhanced = Enhanced::parse(word).filter(|e| u16::from(e.0) == code / 100);
            let text =
                if enhanced.is_some() { text.get(word.len()..).unwrap_or_default().trim_ascii_start() } else { text };
            let clean: Vec<u8> = text.iter().map(|b| if *b < b' ' || *b == 127 { b'?' } else { *b }).collect();
            match &mut reply {
                None => reply = Some(Reply::new(code, enhanced, clean)),
                Some(reply) => reply.lines.push(Line::cleaned(&clean)),
            }
            if line.get(3) != Some(&b'-') {
                return reply.ok_or_else(|| ErrorKind::InvalidData.into());
            }
        }
        Err(ErrorKind::InvalidData.into())
    }

    fn line(&mut self, deadline: Instant) -> io::Result<Vec<u8>> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.buffer) {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                line.pop();
                if line.ends_with(b"\r") {
                    line.pop();
                }
                return Ok(line);
            }
            if self.buffer.len() > MAX_LINE {
                return Err(ErrorKind::InvalidData.into());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            let ready = match poll(&mut fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
                Err(nix::errno::Errno::EINTR) => continue,
                other => other?,
            };
            if ready == 0 {
                return Err(ErrorKind::TimedOut.into());
            }
            let mut piece = [0; 4096];
            let got = self.output.read(&mut piece)?;
            if got == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.buffer.extend_from_slice(piece.get(..got).unwrap_or_default());
        }
    }

    /// The message: line ends are CRLF already as the mailer's `E=` says (a bare LF becomes one); leading dots are doubled
    /// where the mailer's flags did not ask for it (`F=X`).
    fn message(&mut self, job: &LocalJob, double: bool) -> io::Result<()> {
        let mut pieces = Pieces { file: &job.message, at: 0, end: job.size };
        let (mut begins, mut after_cr) = (true, false);
        while let Some(piece) = pieces.next()? {
            for line in piece.split_inclusive(|b| *b == b'\n') {
                if begins && double && line.starts_with(b".") {
                    self.input.write_all(b".")?;
                }
                begins = line.ends_with(b"\n");
                let text = line.strip_suffix(b"\n").unwrap_or(line);
                self.input.write_all(text)?;
                let cr = if text.is_empty() { after_cr } else { text.ends_with(b"\r") };
                if begins {
                    self.input.write_all(if cr { b"\n" } else { b"\r\n" })?;
                }
                after_cr = cr && !begins;
            }
        }
        self.input.write_all(if begins { b".\r\n" } else { b"\r\n.\r\n" })?;
        self.input.flush()
    }
}
