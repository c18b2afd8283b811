//! A body read in pieces of lines.

use memchr::memchr;
use std::io::{self, Read, Seek, SeekFrom};

/// Longest piece given out at once; longer lines come in several.
const PIECE: usize = 8 * 1024;

/// Reads `R` in pieces: each is a line with its LF, or a part of a long one.
pub struct Lines<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset of `buffer[start]` in the body.
    at: u64,
    /// True when the next piece begins a line.
    fresh: bool,
}

impl<R: Read + Seek> Lines<R> {
    /// Reads from where `inner` is, which must be its start.
    pub fn new(inner: R) -> Lines<R> {
        Lines { inner, buffer: vec![0; PIECE], start: 0, end: 0, at: 0, fresh: true }
    }

    /// The next piece and whether it begins a line; `None` at the end.
    pub fn next_piece(&mut self) -> io::Result<Option<(&[u8], bool)>> {
        let length = loop {
            let held = self.buffer.get(self.start..self.end).unwrap_or_default();
            if let Some(lf) = memchr(b'\n', held) {
                break lf + 1;
            }
            if held.len() == PIECE {
                break PIECE;
            }
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            let got = match self.inner.read(&mut self.buffer[self.end..]) {
                Ok(got) => got,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            };
            if got == 0 {
                break self.end;
            }
            self.end += got;
        };
        if length == 0 {
            return Ok(None);
        }
        let begins = self.fresh;
        let piece = &self.buffer[self.start..self.start + length];
        self.fresh = piece.last() == Some(&b'\n');
        self.start += length;
        self.at += length as u64;
        Ok(Some((piece, begins)))
    }

    /// A place to come back to with [`Lines::back_to`].
    pub fn mark(&self) -> (u64, bool) {
        (self.at, self.fresh)
    }

    /// Goes back to a mark.
    pub fn back_to(&mut self, mark: (u64, bool)) -> io::Result<()> {
        self.inner.seek(SeekFrom::Start(mark.0))?;
        (self.at, self.fresh, self.start, self.end) = (mark.0, mark.1, 0, 0);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_come_in_pieces_and_marks_work() {
        let mut body = vec![b'a'; PIECE + 10];
        body.extend_from_slice(b"\nb\nc");
        let mut lines = Lines::new(io::Cursor::new(body));
        assert_eq!(lines.next_piece().unwrap().map(|(p, n)| (p.len(), n)), Some((PIECE, true)));
        assert_eq!(lines.next_piece().unwrap(), Some((&b"aaaaaaaaaa\n"[..], false)));
        let mark = lines.mark();
        assert_eq!(lines.next_piece().unwrap(), Some((&b"b\n"[..], true)));
        assert_eq!(lines.next_piece().unwrap(), Some((&b"c"[..], true)));
        assert_eq!(lines.next_piece().unwrap(), None);
        lines.back_to(mark).unwrap();
        assert_eq!(lines.next_piece().unwrap(), Some((&b"b\n"[..], true)));
    }
}
