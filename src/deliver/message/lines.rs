//! The last step of a message's way out: lines as the mailer wants them.

use memchr::{memchr, memrchr};
use std::io::{self, Write};

/// Most of an unfinished line that is kept before it is written on.
const HELD: usize = 16 * 1024;
/// Shortest line limit that leaves room to go on.
const MIN_LIMIT: usize = 4;

/// How lines go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// `E=`.
    pub eol: Vec<u8>,
    /// `L=`: longer lines are cut, with `!` at the cut; 0 for no limit.
    pub limit: usize,
    /// `F=X`: double a leading dot.
    pub dots: bool,
    /// `F=E`: put `>` before `From `.
    pub from: bool,
    /// `F=1`: leave NUL out.
    pub no_nul: bool,
    /// Clear the top bit.
    pub seven: bool,
}

/// Takes text whose lines end in LF and writes it in its [`Shape`].
///
/// When lines are to end in CR LF, a CR elsewhere would be read as a line end by some and not by others (message
/// smuggling): one at the end of a line is dropped, others become blanks.
pub struct LineWriter<'w> {
    out: &'w mut dyn Write,
    shape: Shape,
    /// The start of a line whose end has not come yet.
    held: Vec<u8>,
    /// Octets of the current line that are written already, a cut's blank included; dots and `>` put before it are not.
    column: usize,
    begun: bool,
    written: u64,
}

impl<'w> LineWriter<'w> {
    /// A writer to `out`, which should be buffered.
    pub fn new(out: &'w mut dyn Write, mut shape: Shape) -> LineWriter<'w> {
        if shape.limit > 0 {
            shape.limit = shape.limit.max(MIN_LIMIT);
        }
        LineWriter { out, shape, held: Vec::new(), column: 0, begun: false, written: 0 }
    }

    /// Changes whether the top bit is cleared and `From ` is quoted, between header and body.
    pub fn reshape(&mut self, seven: bool, from: bool) {
        self.shape.seven = seven;
        self.shape.from = from;
    }

    /// True in the middle of a line.
    pub fn is_open(&self) -> bool {
        !self.held.is_empty() || self.begun
    }

    /// Ends a line that has no end yet; gives the number of octets written in all.
    pub fn finish(&mut self) -> io::Result<u64> {
        if self.is_open() {
            let held = std::mem::take(&mut self.held);
            self.text(&held, true)?;
        }
        Ok(self.written)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len() as u64;
        self.out.write_all(bytes)
    }

    /// A line's text or, when not `last`, its start; then a CR at the end and what may still need a cut are held back.
    fn text(&mut self, text: &[u8], last: bool) -> io::Result<()> {
        let crlf = self.shape.eol.ends_with(b"\r\n");
        let odd = |b: &u8| (crlf && *b == b'\r') || (self.shape.no_nul && *b == 0) || (self.shape.seven && *b >= 0x80);
        if !text.iter().any(odd) {
            return self.clean(text, last);
        }
        let mut text = text;
        if crlf && let Some(shorter) = text.strip_suffix(b"\r") {
            text = shorter;
            if !last {
                // Its fate hangs on the next octet.
                let clean = self.cleaned(text, crlf);
                self.clean(&clean, false)?;
                self.held.push(b'\r');
                return Ok(());
            }
        }
        let clean = self.cleaned(text, crlf);
        self.clean(&clean, last)
    }

    fn cleaned(&self, text: &[u8], crlf: bool) -> Vec<u8> {
        let mask = if self.shape.seven { 0x7f } else { 0xff };
        let kept = text.iter().filter(|b| !(self.shape.no_nul && **b == 0));
        kept.map(|b| if crlf && *b == b'\r' { b' ' } else { b & mask }).collect()
    }

    fn clean(&mut self, mut text: &[u8], last: bool) -> io::Result<()> {
        if !self.begun {
            if self.shape.dots && text.first() == Some(&b'.') {
                self.put(b".")?;
            }
            if self.shape.from && text.starts_with(b"From ") {
                self.put(b">")?;
            }
            self.begun = true;
            self.column = 0;
        }
        if self.shape.limit > 0 {
            while text.len() > self.shape.limit - self.column {
                let (head, rest) = text.split_at(self.shape.limit - self.column - 1);
                self.put(head)?;
                self.put(b"!")?;
                let eol = std::mem::take(&mut self.shape.eol);
                let done = self.put(&eol).and_then(|()| self.put(b" "));
                self.shape.eol = eol;
                done?;
                self.column = 1;
                text = rest;
            }
            if !last {
                self.held = text.to_vec();
                return Ok(());
            }
        }
        self.put(text)?;
        if last {
            let eol = std::mem::take(&mut self.shape.eol);
            let done = self.put(&eol);
            self.shape.eol = eol;
            self.begun = false;
            return done;
        }
        Ok(())
    }
}

impl Write for LineWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        if self.is_open() {
            match memchr(b'\n', rest) {
                Some(at) => {
                    let mut line = std::mem::take(&mut self.held);
                    line.extend_from_slice(&rest[..at]);
                    self.text(&line, true)?;
                    rest = &rest[at + 1..];
                }
                None => {
                    self.held.extend_from_slice(rest);
                    if self.held.len() >= HELD {
                        let line = std::mem::take(&mut self.held);
                        self.text(&line, false)?;
                    }
                    return Ok(bytes.len());
                }
            }
        }
        if let Some(end) = memrchr(b'\n', rest) {
            let (lines, tail) = rest.split_at(end + 1);
            let mut lines = lines;
            while let Some(at) = memchr(b'\n', lines) {
                self.text(&lines[..at], true)?;
                lines = &lines[at + 1..];
            }
            rest = tail;
        }
        self.held.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shape(limit: usize) -> Shape {
        Shape { eol: b"\r\n".to_vec(), limit, dots: true, from: false, no_nul: false, seven: false }
    }

    fn run(shape: Shape, chunks: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        let mut writer = LineWriter::new(&mut out, shape);
        for chunk in chunks {
            writer.write_all(chunk).unwrap();
        }
        let counted = writer.finish().unwrap();
        assert_eq!(counted, out.len() as u64);
        out
    }

    #[test]
    fn long_lines_are_cut_as_the_original_does() {
        for (n, want) in [(20, vec![20]), (21, vec![20, 3]), (38, vec![20, 20]), (39, vec![20, 20, 3])] {
            let out = run(shape(20), &[&vec![b'a'; n]]);
            let lens: Vec<_> =
                out.split(|b| *b == b'\n').map(|l| l.len().saturating_sub(1)).filter(|l| *l > 0).collect();
            assert_eq!(lens, want, "{n}");
        }
        assert_eq!(run(shape(20), &[b".", &[b'w'; 20]]), b"..wwwwwwwwwwwwwwwwww!\r\n ww\r\n");
        let from = Shape { from: true, ..shape(20) };
        assert_eq!(run(from, &[b"From ffffffffffffffffff\n"]), b">From ffffffffffffff!\r\n ffff\r\n");
    }

    #[test]
    fn no_line_end_but_its_own() {
        assert_eq!(run(shape(0), &[b"a\rb\r\n\r\n.\n"]), b"a b\r\n\r\n..\r\n");
        assert_eq!(run(Shape { eol: b"\n".to_vec(), ..shape(0) }, &[b"a\rb\r\n"]), b"a\rb\r\n");
        assert_eq!(run(Shape { seven: true, no_nul: true, ..shape(0) }, &[b"\xe9\0x"]), b"ix\r\n");
        assert_eq!(run(shape(0), &[b""]), b"");
        assert_eq!(run(shape(0), &[b"\n"]), b"\r\n");
    }

    proptest! {
        #[test]
        fn chunks_do_not_matter(
            text in proptest::collection::vec(proptest::sample::select(&b"a.\r\n\nF\0\xe9"[..]), 0..200),
            cut in 0usize..200, limit in 0usize..12,
        ) {
            let cut = cut.min(text.len());
            let whole = run(shape(limit), &[&text]);
            prop_assert_eq!(&whole, &run(shape(limit), &[&text[..cut], &text[cut..]]));
            // No bare CR or LF, and nothing that ends the message early.
            let mut bare = whole.iter().enumerate().filter(|(i, b)| {
                (**b == b'\n' && whole.get(i.wrapping_sub(1)) != Some(&b'\r')) || (**b == b'\r' && whole.get(i + 1) != Some(&b'\n'))
            });
            prop_assert!(bare.next().is_none());
            prop_assert!(!whole.windows(5).any(|w| w == b"\r\n.\r\n") && !whole.starts_with(b".\r\n"));
        }

        #[test]
        fn huge_lines_stay_whole(n in HELD..HELD * 2, limit in prop::sample::select(vec![0usize, 990])) {
            let text = vec![b'x'; n];
            let out = run(shape(limit), &[&text[..HELD], &text[HELD..]]);
            let xs = out.iter().filter(|b| **b == b'x').count();
            prop_assert_eq!(xs, n);
        }
    }
}
