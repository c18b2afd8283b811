//! Command lines out of a stream of octets (RFC 5321 4.5.3.1.4).
//!
//! A line ends with LF; a CR before it is dropped. A line longer than [`MAX_LINE`] is not cut into two commands: the reader
//! says so once and the session ends. Buffered input is bounded by the caller's read size plus one line.

/// Longest line taken, line end included (the original's MAXLINE).
pub const MAX_LINE: usize = 2048;

/// A line of input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandLine {
    /// The line without its end.
    pub text: Vec<u8>,
    /// A NUL octet, or a CR that does not end the line, is in it.
    pub spoiled: bool,
}

/// What the buffer holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// A whole line.
    Line(CommandLine),
    /// No line end yet.
    Incomplete,
    /// No line end within [`MAX_LINE`]; so many octets were there.
    TooLong(usize),
}

/// Input not yet worked on.
#[derive(Debug, Default)]
pub struct LineReader {
    buffer: Vec<u8>,
    /// Where unread input starts.
    start: usize,
    /// Up to where no LF was found.
    scanned: usize,
}

impl LineReader {
    /// Adds input.
    pub fn push(&mut self, input: &[u8]) {
        if self.start == self.buffer.len() {
            self.buffer.clear();
            self.start = 0;
            self.scanned = 0;
        } else if self.start > MAX_LINE {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(input);
    }

    /// The next line, if there is a whole one.
    pub fn next_line(&mut self) -> Next {
        let from = self.scanned.max(self.start);
        let found = self.buffer.get(from..).and_then(|rest| memchr::memchr(b'\n', rest)).map(|i| from + i);
        let Some(end) = found else {
            self.scanned = self.buffer.len();
            let waiting = self.len();
            return if waiting > MAX_LINE { Next::TooLong(waiting) } else { Next::Incomplete };
        };
        let line = self.buffer.get(self.start..end).unwrap_or_default();
        let length = line.len() + 1;
        if length > MAX_LINE {
            return Next::TooLong(length);
        }
        let text = line.strip_suffix(b"\r").unwrap_or(line).to_vec();
        let spoiled = text.iter().any(|b| matches!(b, 0 | b'\r'));
        self.start = end + 1;
        self.scanned = self.start;
        Next::Line(CommandLine { text, spoiled })
    }

    /// The octets that wait, unread.
    pub fn waiting(&self) -> &[u8] {
        self.buffer.get(self.start..).unwrap_or_default()
    }

    /// Number of octets that wait.
    pub fn len(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the first `n` waiting octets as read (by the data reader).
    pub fn consume(&mut self, n: usize) {
        self.start = (self.start + n).min(self.buffer.len());
        self.scanned = self.start;
    }

    /// Drops all waiting input (before TLS starts, after an abuse).
    pub fn discard(&mut self) {
        *self = LineReader::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &[u8]) -> Next {
        Next::Line(CommandLine { text: text.to_vec(), spoiled: false })
    }

    #[test]
    fn lines_come_whole_whatever_the_cuts() {
        let mut r = LineReader::default();
        r.push(b"EHL");
        assert_eq!(r.next_line(), Next::Incomplete);
        r.push(b"O a\r\nNOOP\nRS");
        assert_eq!(r.next_line(), line(b"EHLO a"));
        assert_eq!(r.next_line(), line(b"NOOP"));
        assert_eq!(r.next_line(), Next::Incomplete);
        assert_eq!(r.waiting(), b"RS");
    }

    #[test]
    fn a_tail_is_never_a_command() {
        let mut r = LineReader::default();
        let mut long = vec![b'a'; MAX_LINE];
        long.extend_from_slice(b"\r\nQUIT\r\n");
        r.push(&long);
        assert!(matches!(r.next_line(), Next::TooLong(_)));
        assert!(matches!(r.next_line(), Next::TooLong(_)));
    }

    #[test]
    fn nul_and_bare_cr_are_told() {
        let mut r = LineReader::default();
        r.push(b"NOOP\0\r\nNO\rOP\r\n");
        for _ in 0..2 {
            assert!(matches!(r.next_line(), Next::Line(CommandLine { spoiled: true, .. })));
        }
    }
}
