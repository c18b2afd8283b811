//! The traffic log (`-X`): what goes in and out, line by line, as the original writes it: `PID <<< line` came in, `PID >>> line`
//! went out, `PID === text` happened.
//!
//! The file is opened once, with the caller's rights, before anything else is; children of the process inherit it. A line is one
//! write to a file that appends, so processes may share it. Passwords and what else follows the mechanism of AUTH are not shown.

use std::fs::File;
use std::io::Write;
use std::sync::OnceLock;

/// A longer line is written in pieces.
const MAX_LINE: usize = 8192;

static FILE: OnceLock<File> = OnceLock::new();

/// What a line tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Came in.
    In,
    /// Went out.
    Out,
    /// Happened.
    Event,
}

impl Kind {
    fn sign(self) -> &'static str {
        match self {
            Kind::In => "<<<",
            Kind::Out => ">>>",
            Kind::Event => "===",
        }
    }
}

/// From here on `file` gets the traffic.
pub fn start(file: File) {
    let _ = FILE.set(file);
}

/// Somebody wants it.
pub fn wanted() -> bool {
    FILE.get().is_some()
}

/// One line, without its end.
pub fn line(kind: Kind, text: &[u8]) {
    if let Some(mut file) = FILE.get() {
        // The log is for whoever looks for a fault: a full disk must not become another one.
        let _ = file.write_all(&record(std::process::id(), kind, text));
    }
}

/// Several lines; what came in keeps its CR, as the original has it.
pub fn lines(kind: Kind, text: &[u8]) {
    if wanted() {
        let mut tap = Tap::default();
        tap.feed(kind, text);
        tap.end(kind);
    }
}

/// The end of what came in.
pub fn ended() {
    line(Kind::In, b"[EOF]");
}

fn record(pid: u32, kind: Kind, text: &[u8]) -> Vec<u8> {
    let text = if kind == Kind::In { text } else { text.strip_suffix(b"\r").unwrap_or(text) };
    [pid.to_string().as_bytes(), b" ", kind.sign().as_bytes(), b" ", text, b"\n"].concat()
}

/// AUTH without what follows its mechanism.
pub fn without_secret(line: &[u8]) -> &[u8] {
    let is_auth = line.get(..5).is_some_and(|verb| verb.eq_ignore_ascii_case(b"AUTH "));
    let mut words = line.splitn(3, |b| *b == b' ');
    match (is_auth, words.next(), words.next()) {
        (true, Some(verb), Some(mechanism)) => line.get(..verb.len() + 1 + mechanism.len()).unwrap_or(line),
        _ => line,
    }
}

/// Makes lines of what comes in pieces.
#[derive(Debug, Default)]
pub struct Tap {
    held: Vec<u8>,
}

impl Tap {
    /// The next piece.
    pub fn feed(&mut self, kind: Kind, bytes: &[u8]) {
        self.feed_as(bytes, |text| line(kind, text));
    }

    /// The next piece of what a client sends; `secret`: it is the answer to a challenge.
    pub fn command(&mut self, bytes: &[u8], secret: bool) {
        self.feed_as(bytes, |text| line(Kind::In, if secret { b"*" } else { without_secret(text) }));
    }

    fn feed_as(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            self.held.extend_from_slice(piece);
            if let Some(text) = self.held.strip_suffix(b"\n") {
                each(text);
                self.held.clear();
            } else if self.held.len() > MAX_LINE {
                each(&self.held);
                self.held.clear();
            }
        }
    }

    /// What is left without a line end.
    pub fn end(&mut self, kind: Kind) {
        if !self.held.is_empty() {
            line(kind, &self.held);
            self.held.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_as_the_original_writes_them() {
        assert_eq!(record(7, Kind::In, b"EHLO x\r"), b"7 <<< EHLO x\r\n");
        assert_eq!(record(7, Kind::Out, b"250 HELP\r"), b"7 >>> 250 HELP\n");
        assert_eq!(record(7, Kind::Event, b"EXEC a b"), b"7 === EXEC a b\n");
    }

    #[test]
    fn secrets_stay_out() {
        assert_eq!(without_secret(b"auth PLAIN AGEAYg==\r"), b"auth PLAIN");
        assert_eq!(without_secret(b"AUTH LOGIN\r"), b"AUTH LOGIN\r");
        assert_eq!(without_secret(b"MAIL FROM:<a> AUTH=<>"), b"MAIL FROM:<a> AUTH=<>");
    }

    #[test]
    fn pieces_become_lines() {
        let mut tap = Tap::default();
        let mut seen: Vec<Vec<u8>> = Vec::new();
        for piece in [&b"a"[..], b"b\r\nc\n", b"", b"d"] {
            tap.feed_as(piece, |l| seen.push(l.to_vec()));
        }
        assert_eq!(seen, [&b"ab\r"[..], b"c"]);
        assert_eq!(tap.held, b"d");
        tap.feed_as(&vec![b'x'; 3 * MAX_LINE], |l| assert!(l.len() > MAX_LINE));
        assert!(tap.held.is_empty());
    }
}
