//! Text that may leave the process: values which cannot carry a line break into a second language.
//!
//! Mail is bytes. What goes into a queue file, a header, a reply or a log line is a [`Line`]: bytes without
//! CR, LF or NUL, so that no value can add a line of its own (SECURITY.md, injection).

use std::fmt;

/// Bytes that hold no CR, LF or NUL: fit for a queue record, a header field, an SMTP reply.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Line(Box<[u8]>);

/// What [`Line::new`] answers when the bytes hold a line break or NUL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotALine;

impl fmt::Display for NotALine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("value holds CR, LF or NUL")
    }
}

impl std::error::Error for NotALine {}

impl Line {
    /// Takes `bytes` as they are, or refuses them when they hold CR, LF or NUL.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Line, NotALine> {
        let bytes = bytes.into();
        if bytes.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            return Err(NotALine);
        }
        Ok(Line(bytes.into_boxed_slice()))
    }

    /// Takes `bytes` with each run of CR, LF and NUL replaced by one space.
    pub fn cleaned(bytes: &[u8]) -> Line {
        let mut out = Vec::with_capacity(bytes.len());
        let mut broken = false;
        for &b in bytes {
            let bad = matches!(b, b'\r' | b'\n' | 0);
            if !bad {
                out.push(b);
            } else if !broken {
                out.push(b' ');
            }
            broken = bad;
        }
        Line(out.into_boxed_slice())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// True when there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::ops::Deref for Line {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for Line {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_refuses_breaks() {
        assert!(Line::new(&b"a\nb"[..]).is_err());
        assert!(Line::new(&b"a\0b"[..]).is_err());
        assert_eq!(Line::new(&b"ab"[..]).map(|l| l.as_bytes().to_vec()), Ok(b"ab".to_vec()));
        assert_eq!(&*Line::cleaned(b"a\r\n\tb"), b"a \tb");
    }
}
