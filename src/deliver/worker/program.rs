//! Mailers that are programs: `P=/path`, `A=` the arguments, the message on standard input.

use super::Worker;
use crate::cf::options::TimeZone;
use crate::cf::{Macros, Mailer};
use crate::deliver::{LocalJob, sysexits};
use crate::envelope::Status;
use crate::log::Id;
use crate::log::traffic::{self, Kind, Tap};
use crate::sys::spawn::{Ended, Program, Running};
use crate::text::Line;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How much of what a program says is kept.
const MAX_OUTPUT: usize = 64 * 1024;
/// How many lines of it.
const MAX_LINES: usize = 200;
/// How long a line of it may be.
const MAX_LINE: usize = 1000;
/// How much of the message is written at once.
const PIECE: usize = 64 * 1024;

impl Worker {
    /// Runs the mailer once for all recipients of `job`.
    pub(super) fn program(&self, mailer: &Mailer, job: &LocalJob) -> Status {
        let path = String::from_utf8_lossy(&mailer.path).into_owned();
        let mut running = match self.start(mailer, job) {
            Ok(running) => running,
            Err(status) => return status,
        };
        let deadline =
            u64::try_from(mailer.wait).ok().filter(|w| *w > 0).map(|w| Instant::now() + Duration::from_secs(w));
        let mut reader = Pieces { file: &job.message, at: 0, end: job.size };
        let mut tap = traffic::wanted().then(Tap::default);
        let next = || {
            let piece = reader.next()?;
            if let (Some(tap), Some(piece)) = (&mut tap, &piece) {
                tap.feed(Kind::Out, piece);
            }
            Ok(piece)
        };
        let (ended, output) = match running.feed(next, MAX_OUTPUT, deadline) {
            Ok(done) => done,
            Err(error) => return Status::new((4, 3, 0), 75, format!("{} mailer ({path}): {error}", mailer.name)),
        };
        traffic::lines(Kind::In, &output);
        traffic::ended();
        let mut status = match ended {
            Ended::TimedOut => Status::new((4, 4, 7), 75, format!("{} mailer ({path}) timed out", mailer.name)),
            Ended::Exit(exit) => match (exit.code(), exit.signal()) {
                (Some(code), _) => sysexits::status(u8::try_from(code).unwrap_or(70), &mailer.name, &path),
                (None, signal) => {
                    let mut status = sysexits::status(75, &mailer.name, &path);
                    let signal = signal.unwrap_or_default();
                    system_error(job, &format!("mailer {} died with signal {signal}", mailer.name));
                    let text = format!("451 4.3.0 {path} died with signal {signal}");
                    status.transcript.push(Line::cleaned(text.as_bytes()));
                    status
                }
            },
        };
        status.transcript.splice(0..0, transcript(&output));
        status
    }

    /// Starts the mailer's program for `job`.
    pub(super) fn start(&self, mailer: &Mailer, job: &LocalJob) -> Result<Running, Status> {
        let Some(first) = job.recipients.first() else {
            return Err(Status::new((5, 3, 0), 70, "no recipients"));
        };
        let macros = self.macros(job, mailer, first);
        let argv = self.argv(mailer, job, &macros);
        if traffic::wanted() {
            let words: Vec<&[u8]> = argv.iter().map(|a| a.as_bytes()).collect();
            traffic::line(Kind::Event, &[b"EXEC ", &words.join(&b" "[..])[..]].concat());
        }
        let environment = self.environment();
        let directory = working_directory(mailer, &macros);
        let program = Program {
            path: std::path::Path::new(OsStr::from_bytes(&mailer.path)),
            argv: &argv,
            environment: &environment,
            directory: directory.as_deref(),
            nice: i32::try_from(mailer.nice).unwrap_or(0),
        };
        program.start().map_err(|error| {
            let path = String::from_utf8_lossy(&mailer.path).into_owned();
            let why = crate::deliver::listed::io_text(&error);
            let text = format!("Cannot exec {path}: {why}");
            system_error(job, &text);
            let mut status = sysexits::status(71, &mailer.name, &path);
            status.transcript.push(Line::cleaned(format!("451 4.3.0 {text}").as_bytes()));
            status
        })
    }

    /// `A=` filled in; an argument with `$u` stands once for each recipient.
    fn argv(&self, mailer: &Mailer, job: &LocalJob, macros: &Macros) -> Vec<OsString> {
        let mut argv = Vec::new();
        for template in &mailer.argv {
            if template.mentions("u") {
                for recipient in &job.recipients {
                    let mut own = macros.clone();
                    own.set("u", self.user_text(mailer, recipient));
                    own.set("h", &recipient.host);
                    argv.push(OsString::from_vec(template.expand(&own)));
                }
            } else {
                argv.push(OsString::from_vec(template.expand(macros)));
            }
        }
        if let Some(flag) = [b'f', b'r'].into_iter().find(|f| mailer.flags.has(*f)) {
            // `F=f` and `F=r`: the sender is handed on, right after the name.
            let pair = [OsString::from_vec(vec![b'-', flag]), OsString::from_vec(job.sender.to_vec())];
            let at = argv.len().min(1);
            argv.splice(at..at, pair);
        }
        argv.iter_mut()
            .for_each(|a| *a = OsString::from_vec(a.as_bytes().iter().copied().filter(|b| *b != 0).collect()));
        argv
    }

    /// The environment of mailers: `AGENT`, the time zone, and what `E` lines name.
    fn environment(&self) -> Vec<(OsString, OsString)> {
        let mut out = vec![(OsString::from("AGENT"), OsString::from("sendmail"))];
        match &self.config.options.time_zone_spec {
            TimeZone::Clear => {}
            TimeZone::Set(zone) => out.push(("TZ".into(), OsString::from_vec(zone.to_vec()))),
            TimeZone::Keep => out.extend(std::env::var_os("TZ").map(|zone| (OsString::from("TZ"), zone))),
        }
        for (name, value) in &self.config.environment {
            let name = OsString::from_vec(name.clone());
            let value = match value {
                Some(value) => Some(OsString::from_vec(value.clone())),
                None => std::env::var_os(&name),
            };
            out.extend(value.map(|v| (name, v)));
        }
        out
    }
}

/// The log line of a mailer that does not work.
fn system_error(job: &LocalJob, text: &str) {
    let id = job.macros.iter().find(|(name, _)| *name == crate::cf::MacroName::new("i"));
    let id = id.and_then(|(_, value)| crate::envelope::QueueId::parse(value));
    crate::log::syserr(id.as_ref().map_or(Id::None, Id::Queue), b"root", text);
}

/// The first directory of `D=` that this user may be in; the worker's own without one.
fn working_directory(mailer: &Mailer, macros: &Macros) -> Option<PathBuf> {
    let list = mailer.directory.as_ref().map(|d| d.expand(macros)).unwrap_or_default();
    list.split(|b| *b == b':')
        .filter(|d| d.starts_with(b"/"))
        .map(|d| PathBuf::from(OsStr::from_bytes(d)))
        .find(|d| nix::unistd::access(d.as_path(), nix::unistd::AccessFlags::X_OK).is_ok() && d.is_dir())
}

/// What a program said, as lines of a transcript.
fn transcript(output: &[u8]) -> Vec<Line> {
    let lines = output.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let printable = |line: &[u8]| {
        let cut = line.get(..line.len().min(MAX_LINE)).unwrap_or_default();
        let clean: Vec<u8> =
            cut.iter().map(|b| if *b < b' ' && *b != b'\t' || *b == 127 { b'?' } else { *b }).collect();
        Line::cleaned(&clean)
    };
    let mut out: Vec<Line> = lines.take(MAX_LINES).map(printable).collect();
    while out.last().is_some_and(|l| l.is_empty()) {
        out.pop();
    }
    out
}

/// The message, piece by piece, whatever the descriptor's offset.
pub(super) struct Pieces<'a> {
    pub(super) file: &'a File,
    pub(super) at: u64,
    pub(super) end: u64,
}

impl Pieces<'_> {
    /// The next piece; `None` at the end.
    pub(super) fn next(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let want = usize::try_from(self.end - self.at).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; want];
        let got = if want == 0 { 0 } else { self.file.read_at(&mut piece, self.at)? };
        piece.truncate(got);
        self.at += got as u64;
        Ok((got > 0).then_some(piece))
    }
}
