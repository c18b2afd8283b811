//! Quoted-printable and base64 encoders that take a body in pieces and write lines ending in LF.

use std::io::{self, Write};

/// Width of base64 lines.
const BASE64_LINE: usize = 72;
/// A quoted-printable line that is longer than this gets a soft break before anything else is put on it.
const QP_LINE: usize = 72;

/// Base64 (RFC 2045 6.8); each LF of the text is encoded as CR LF.
#[derive(Default)]
pub struct Base64 {
    held: Vec<u8>,
}

impl Base64 {
    /// Encodes a piece.
    pub fn feed(&mut self, piece: &[u8], out: &mut dyn Write) -> io::Result<()> {
        for &b in piece {
            if b == b'\n' {
                self.push(b'\r', out)?;
            }
            self.push(b, out)?;
        }
        Ok(())
    }

    fn push(&mut self, b: u8, out: &mut dyn Write) -> io::Result<()> {
        self.held.push(b);
        if self.held.len() == BASE64_LINE / 4 * 3 { self.finish(out) } else { Ok(()) }
    }

    /// Writes what is left.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        use base64::Engine;
        let mut line = base64::engine::general_purpose::STANDARD.encode(&self.held);
        line.push('\n');
        self.held.clear();
        out.write_all(line.as_bytes())
    }
}

/// Quoted-printable (RFC 2045 6.7).
pub struct QuotedPrintable {
    /// Encode the blank of `From ` at the start of a line.
    from: bool,
    /// Encode what EBCDIC gateways spoil too.
    ebcdic: bool,
    line: Vec<u8>,
    /// A blank or dot whose form depends on what follows.
    held: Option<u8>,
    /// True while `line` begins a line of the text (not the rest after a soft break).
    first: bool,
}

impl QuotedPrintable {
    /// An encoder; see the fields.
    pub fn new(from: bool, ebcdic: bool) -> QuotedPrintable {
        QuotedPrintable { from, ebcdic, line: Vec::with_capacity(80), held: None, first: true }
    }

    /// Encodes a piece.
    pub fn feed(&mut self, piece: &[u8], out: &mut dyn Write) -> io::Result<()> {
        for &b in piece {
            if b == b'\n' {
                if let Some(held) = self.held.take() {
                    self.escape(held, out)?;
                }
                self.end_line(out)?;
                continue;
            }
            if let Some(held) = self.held.take() {
                self.plain(held, out)?;
            }
            match b {
                // A blank before the line end and a lone dot must not stay bare: the next byte decides.
                b' ' if self.from && self.first && self.line == b"From" => self.escape(b, out)?,
                b' ' | b'\t' => self.held = Some(b),
                b'.' if self.first && self.line.is_empty() => self.held = Some(b),
                b'=' => self.escape(b, out)?,
                b'!' | b'"' | b'#' | b'$' | b'@' | b'[' | b'\\' | b']' | b'^' | b'`' | b'{' | b'|' | b'}' | b'~'
                    if self.ebcdic =>
                {
                    self.escape(b, out)?
                }
                b'!'..=b'~' => self.plain(b, out)?,
                _ => self.escape(b, out)?,
            }
        }
        Ok(())
    }

    fn plain(&mut self, b: u8, out: &mut dyn Write) -> io::Result<()> {
        self.room(out)?;
        self.line.push(b);
        Ok(())
    }

    fn escape(&mut self, b: u8, out: &mut dyn Write) -> io::Result<()> {
        self.room(out)?;
        write!(self.line, "={b:02X}")
    }

    fn room(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.line.len() > QP_LINE {
            self.line.extend_from_slice(b"=");
            self.end_line(out)?;
            self.first = false;
        }
        Ok(())
    }

    fn end_line(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.line.push(b'\n');
        let done = out.write_all(&self.line);
        self.line.clear();
        self.first = true;
        done
    }

    /// Writes what is left.
    pub fn finish(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(held) = self.held.take() {
            self.escape(held, out)?;
        }
        if self.line.is_empty() { Ok(()) } else { self.end_line(out) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn qp(text: &[u8], from: bool, ebcdic: bool) -> String {
        let (mut out, mut encoder) = (Vec::new(), QuotedPrintable::new(from, ebcdic));
        encoder.feed(text, &mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn quoted_printable_as_the_original() {
        assert_eq!(
            qp(b"caf\xe9 = \t\n.\n.abc\n trailing \n\tx\t", false, false),
            "caf=E9 =3D =09\n=2E\n.abc\n trailing=20\n\tx=09\n"
        );
        assert_eq!(qp(b"From  b\nFromc\n", true, false), "From=20 b\nFromc\n");
        assert_eq!(
            qp(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\n", false, true),
            "=21=22=23=24%&'()*+,-./:;<=3D>?=40=5B=5C=5D=5E_=60=7B=7C=7D=7E\n"
        );
        let long = qp(&[b'y'; 77], false, false);
        assert_eq!(long, format!("{}=\nyyyy\n", "y".repeat(73)));
        assert_eq!(qp(&[b'y'; 73], false, false), format!("{}\n", "y".repeat(73)));
        let blank = qp(&[&[b'q'; 73][..], b" \nx"].concat(), false, false);
        assert_eq!(blank, format!("{}=\n=20\nx\n", "q".repeat(73)));
    }

    #[test]
    fn base64_lines() {
        let (mut out, mut encoder) = (Vec::new(), Base64::default());
        encoder.feed(b"caf\xe9 \n", &mut out).unwrap();
        encoder.finish(&mut out).unwrap();
        assert_eq!(out, b"Y2Fm6SANCg==\n");
    }
}
