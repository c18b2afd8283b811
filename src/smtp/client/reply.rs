//! Replies of a server, read with bounds: what a hostile one sends costs little and stays text.

use crate::reply::{Enhanced, Reply};
use crate::text::Line;

/// Most of one line that is kept.
const LINE: usize = 1024;
/// Most lines that are kept.
const KEPT: usize = 100;
/// Most octets of one reply, junk before it included.
const TOTAL: usize = 64 * 1024;

/// A reply as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WireReply {
    /// The code of the last line, 0 to 999.
    pub code: u16,
    /// The text after the code of each line, printable.
    pub lines: Vec<Line>,
    /// True when the code and the first text are set apart by `-`: there were more lines.
    pub several: bool,
}

/// The reply grew past all bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl WireReply {
    /// 2 for 2yz and so on.
    pub fn class(&self) -> u16 {
        self.code / 100
    }

    /// The first line's text.
    pub fn text(&self) -> &[u8] {
        self.lines.first().map(|l| l.as_bytes()).unwrap_or_default()
    }

    /// The enhanced status code at the start of the text, and the text after it.
    pub fn enhanced(&self) -> Option<(Enhanced, &[u8])> {
        let text = self.text();
        let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
        let enhanced = Enhanced::parse(&text[..end])?;
        Some((enhanced, text.get(end + 1..).unwrap_or_default()))
    }

    /// The reply for reports and logs.
    pub fn to_reply(&self) -> Reply {
        Reply { code: self.code, enhanced: None, lines: self.lines.clone() }
    }

    /// `550 text`, as `stat=Deferred: ...` shows it.
    pub fn shown(&self) -> Vec<u8> {
        let mut out = format!("{:03}", self.code).into_bytes();
        if !self.text().is_empty() {
            out.push(b' ');
            out.extend_from_slice(self.text());
        }
        out
    }
}

/// Takes octets and gives replies. Lines that do not begin with a code are skipped, as the original does.
#[derive(Default)]
pub struct ReplyReader {
    buffer: Vec<u8>,
    lines: Vec<Line>,
    seen: usize,
    several: bool,
}

impl ReplyReader {
    /// Takes what was read.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// True when octets wait that no reply was made of: after the answer to STARTTLS there must be none.
    pub fn has_rest(&self) -> bool {
        !self.buffer.is_empty() || !self.lines.is_empty()
    }

    /// The next whole reply, if it is there; the lines of it as they came go to `each`.
    pub fn next(&mut self, each: &mut dyn FnMut(&[u8])) -> Result<Option<WireReply>, TooLong> {
        let mut start = 0;
        let mut found = None;
        while let Some(at) = memchr::memchr(b'\n', &self.buffer[start..]) {
            let line = self.buffer[start..start + at].to_vec();
            start += at + 1;
            self.seen += at + 1;
            let line = line.strip_suffix(b"\r").unwrap_or(&line);
            if self.seen > TOTAL {
                return Err(TooLong);
            }
            let line = printable(line);
            each(&line);
            // With VERB, lines with 05x tell of the work ahead of the reply.
            let Some((code, rest)) = code(&line).filter(|(code, _)| !(50..60).contains(code)) else { continue };
            let more = rest.first() == Some(&b'-');
            self.several |= more;
            if self.lines.len() < KEPT {
                self.lines.push(Line::cleaned(rest.get(1..).unwrap_or_default()));
            }
            if !more {
                let several = std::mem::take(&mut self.several);
                found = Some(WireReply { code, lines: std::mem::take(&mut self.lines), several });
                self.seen = 0;
                break;
            }
        }
        self.buffer.drain(..start);
        if found.is_none() && self.seen + self.buffer.len() > TOTAL {
            return Err(TooLong);
        }
        Ok(found)
    }
}

/// A line's text, cut, with `?` for what is not printable ASCII.
fn printable(line: &[u8]) -> Vec<u8> {
    line.iter()
        .take(LINE)
        .map(|b| {
            if matches!(b, b' '..=b'~') {
                *b
            } else if *b == b'\t' {
                b' '
            } else {
                b'?'
            }
        })
        .collect()
}

fn code(line: &[u8]) -> Option<(u16, &[u8])> {
    let digits = line.get(..3).filter(|d| d.iter().all(u8::is_ascii_digit))?;
    let rest = line.get(3..).unwrap_or_default();
    matches!(rest.first(), None | Some(b' ' | b'-'))
        .then(|| (digits.iter().fold(0, |n, d| n * 10 + u16::from(d - b'0')), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &[u8]) -> Result<Option<WireReply>, TooLong> {
        let mut reader = ReplyReader::default();
        reader.feed(text);
        reader.next(&mut |_| ())
    }

    #[test]
    fn replies_are_read() {
        let mut reader = ReplyReader::default();
        reader.feed(b"junk\r\n250-2.0.0 a\r\n250 b\n354");
        let reply = reader.next(&mut |_| ()).unwrap().unwrap();
        assert_eq!((reply.code, reply.text(), reply.lines.len(), reply.several), (250, &b"2.0.0 a"[..], 2, true));
        assert_eq!(reply.enhanced(), Some((Enhanced(2, 0, 0), &b"a"[..])));
        assert!(reader.has_rest());
        assert_eq!(reader.next(&mut |_| ()), Ok(None));
        reader.feed(b"\r\n");
        let reply = reader.next(&mut |_| ()).unwrap().unwrap();
        assert_eq!((reply.code, reply.shown()), (354, b"354".to_vec()));
        assert!(!reader.has_rest());
    }

    #[test]
    fn hostile_replies() {
        assert_eq!(one(b"550 no\x1b[31m\x07\xe9\0 user\r\n").unwrap().unwrap().text(), b"no?[31m??? user");
        assert_eq!(one(&[b'9'; TOTAL + 1]), Err(TooLong));
        assert_eq!(one(&b"250-x\r\n".repeat(20_000)), Err(TooLong));
        assert_eq!(one(&b"\r\n".repeat(TOTAL)), Err(TooLong));
        assert_eq!(one(b"250x\r\n25 \r\n"), Ok(None));
        let many = one(&[b"250-x\r\n".repeat(500), b"250 y\r\n".to_vec()].concat()).unwrap().unwrap();
        assert_eq!(many.lines.len(), KEPT);
        let long = one(&[b"250 ".as_slice(), &[b'x'; 30_000], b"\r\n"].concat()).unwrap().unwrap();
        assert_eq!(long.text().len(), LINE - 4);
    }
}
