//! The mbox form of a message: `From sender date`, the message with LF line ends, a blank line.
//!
//! A line of the body that begins with `From ` after an empty one, or as the first, gets a `>` in front: readers take such
//! a line for the start of the next message. The header gets a `Content-Length:` that says how long the body is.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// What a message in a mailbox looks like.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// Write a `From ` line of our own, escape those of the body and end with a blank line; else the message as it is.
    pub envelope_line: bool,
    /// Replace `Content-Length:` by the true one.
    pub content_length: bool,
}

/// How much is read at a time; a longer line comes in pieces.
const CHUNK: usize = 64 * 1024;

/// Writes the `size` octets of `message` to `out` in mbox form. `from` is the sender and the date of the first line.
pub fn write(form: Form, from: (&[u8], &str), message: &File, size: u64, out: &mut dyn Write) -> io::Result<()> {
    let body_length = if form.content_length { Some(measure(form, message, size)?) } else { None };
    if form.envelope_line {
        out.write_all(b"From ")?;
        // The sender is one word: the date is found by its place after it.
        let sender: Vec<u8> = from.0.iter().map(|b| if b.is_ascii_whitespace() { b'_' } else { *b }).collect();
        out.write_all(&sender)?;
        out.write_all(format!(" {}\n", from.1).as_bytes())?;
    }
    let mut writer = Writer::new(form, body_length, out);
    pieces(message, size, |piece, begins, ends| writer.piece(piece, begins, ends))?;
    writer.finish()
}

/// The length of the body as it will be written.
fn measure(form: Form, message: &File, size: u64) -> io::Result<u64> {
    let mut sink = io::sink();
    let mut writer = Writer::new(form, None, &mut sink);
    pieces(message, size, |piece, begins, ends| writer.piece(piece, begins, ends))?;
    writer.end_line()?;
    Ok(writer.body)
}

/// Walks over a message line by line: the octets without line end, whether they begin a line, whether they end one.
fn pieces(message: &File, size: u64, mut take: impl FnMut(&[u8], bool, bool) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; CHUNK.min(usize::try_from(size).unwrap_or(CHUNK)).max(2)];
    let (mut offset, mut filled, mut begins) = (0u64, 0usize, true);
    loop {
        let want = buffer.len().saturating_sub(filled).min(usize::try_from(size - offset).unwrap_or(CHUNK));
        let space = buffer.get_mut(filled..filled + want).unwrap_or_default();
        let got = if space.is_empty() { 0 } else { message.read_at(space, offset)? };
        offset += got as u64;
        filled += got;
        let at_end = got == 0 || offset == size;
        let text = buffer.get(..filled).unwrap_or_default();
        let mut used = 0;
        while let Some(end) = memchr::memchr(b'\n', text.get(used..).unwrap_or_default()) {
            let line = text.get(used..used + end).unwrap_or_default();
            take(line.strip_suffix(b"\r").unwrap_or(line), begins, true)?;
            begins = true;
            used += end + 1;
        }
        let rest = text.get(used..).unwrap_or_default();
        if at_end {
            if !rest.is_empty() {
                take(rest, begins, false)?;
            }
            return Ok(());
        }
        let full = used == 0 && rest.len() == buffer.len();
        if full {
            // A line longer than the buffer; its last octet waits, it may be the CR of a line end.
            let keep = rest.len() - usize::from(rest.ends_with(b"\r"));
            take(rest.get(..keep).unwrap_or_default(), begins, false)?;
            begins = false;
            used = keep;
        }
        buffer.copy_within(used..filled, 0);
        filled -= used;
    }
}

struct Writer<'a> {
    form: Form,
    body_length: Option<u64>,
    out: &'a mut dyn Write,
    in_header: bool,
    /// In the lines of a header field that is left out.
    skipping: bool,
    /// The line before was empty (or the header's end).
    after_empty: bool,
    /// The last line has no line end yet.
    open: bool,
    body: u64,
}

impl<'a> Writer<'a> {
    fn new(form: Form, body_length: Option<u64>, out: &'a mut dyn Write) -> Writer<'a> {
        Writer {
            form,
            body_length,
            out,
            in_header: form.envelope_line,
            skipping: false,
            after_empty: true,
            open: false,
            body: 0,
        }
    }

    fn piece(&mut self, text: &[u8], begins: bool, ends: bool) -> io::Result<()> {
        if begins && self.in_header {
            self.header_line(text, ends)?;
            if self.in_header && self.skipping {
                return Ok(());
            }
        } else if self.in_header && self.skipping {
            return Ok(());
        }
        let escape = begins && self.form.envelope_line && self.after_empty && text.starts_with(b"From ");
        if escape {
            self.put(b">")?;
        }
        self.put(text)?;
        self.open = !ends;
        if ends {
            self.put(b"\n")?;
            self.after_empty = begins && text.is_empty();
        }
        if begins && ends && text.is_empty() {
            self.in_header = false;
        }
        Ok(())
    }

    /// Looks at a line of the header before it is written.
    fn header_line(&mut self, text: &[u8], ends: bool) -> io::Result<()> {
        if text.is_empty() && ends {
            self.skipping = false;
            return self.content_length();
        }
        let continues = text.first().is_some_and(|b| matches!(b, b' ' | b'\t'));
        if !continues {
            let name = b"content-length:";
            self.skipping = self.form.content_length
                && text.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
            // Something that is no header field ends the header without an empty line.
            let colon = text.iter().position(|b| *b == b':' || b.is_ascii_whitespace());
            let field = colon
                .is_some_and(|at| at > 0 && text.get(at..).is_some_and(|t| t.trim_ascii_start().starts_with(b":")));
            if !field && ends {
                self.content_length()?;
                self.put(b"\n")?;
                self.in_header = false;
                self.skipping = false;
                self.body = 0;
            }
        }
        Ok(())
    }

    fn content_length(&mut self) -> io::Result<()> {
        match self.body_length {
            Some(length) => self.out.write_all(format!("Content-Length: {length}\n").as_bytes()),
            None => Ok(()),
        }
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.in_header {
            self.body += bytes.len() as u64;
        }
        self.out.write_all(bytes)
    }

    fn end_line(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.open) { self.put(b"\n") } else { Ok(()) }
    }

    /// Ends the message.
    fn finish(mut self) -> io::Result<()> {
        if self.form.envelope_line {
            self.end_line()?;
            if self.in_header {
                self.content_length()?;
                self.out.write_all(b"\n")?;
            }
            self.out.write_all(b"\n")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(form: Form, text: &[u8]) -> io::Result<String> {
        let mut file = tempfile::tempfile()?;
        file.write_all(text)?;
        let mut out = Vec::new();
        write(form, (b"s@x.test", "Sun Nov 22 18:40:18 2026"), &file, text.len() as u64, &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    const FULL: Form = Form { envelope_line: true, content_length: true };

    #[test]
    fn a_message_in_a_mailbox() -> io::Result<()> {
        let text = b"Subject: x\r\nContent-Length: 99\r\n 7\r\nFrom: a\r\n\r\nFrom first\r\ntext\r\nFrom second\r\n\r\nFrom third\r\nlast";
        let want = "From s@x.test Sun Nov 22 18:40:18 2026\nSubject: x\nFrom: a\nContent-Length: 47\n\n\
            >From first\ntext\nFrom second\n\n>From third\nlast\n\n";
        assert_eq!(render(FULL, text)?, want);
        Ok(())
    }

    #[test]
    fn headers_alone_and_nothing() -> io::Result<()> {
        let line = "From s@x.test Sun Nov 22 18:40:18 2026\n";
        assert_eq!(render(FULL, b"Subject: x\n")?, format!("{line}Subject: x\nContent-Length: 0\n\n\n"));
        assert_eq!(render(FULL, b"")?, format!("{line}Content-Length: 0\n\n\n"));
        assert_eq!(render(FULL, b"no header\n")?, format!("{line}Content-Length: 10\n\nno header\n\n"));
        let plain = Form { envelope_line: false, content_length: false };
        assert_eq!(render(plain, b"From x\nSubject: x\n\nFrom y\n")?, "From x\nSubject: x\n\nFrom y\n");
        Ok(())
    }

    #[test]
    fn long_lines_come_in_pieces() -> io::Result<()> {
        let long = "x".repeat(CHUNK - 1) + "\r\n" + &"y".repeat(3 * CHUNK) + "\r\n";
        let text = format!("A: b\r\n\r\n{long}");
        let got = render(FULL, text.as_bytes())?;
        let body = long.replace("\r\n", "\n");
        assert!(got.ends_with(&format!("\n\n{body}\n")));
        assert!(got.contains(&format!("Content-Length: {}\n", body.len())));
        Ok(())
    }
}
