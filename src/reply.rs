//! SMTP replies (RFC 5321 4.2, RFC 2034): what goes to the wire, and the status an MTA draws from one.

use crate::text::Line;
use std::fmt;

/// An enhanced status code `class.subject.detail` (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Enhanced(pub u8, pub u16, pub u16);

impl Enhanced {
    /// Reads `D.S.N` with a class of 2, 4 or 5 and at most three digits each; `None` for all else.
    pub fn parse(text: &[u8]) -> Option<Enhanced> {
        let mut parts = text.split(|b| *b == b'.');
        let mut number = || -> Option<u16> {
            let part = parts.next()?;
            if part.is_empty() || part.len() > 3 || !part.iter().all(u8::is_ascii_digit) {
                return None;
            }
            std::str::from_utf8(part).ok()?.parse().ok()
        };
        let (class, subject, detail) = (number()?, number()?, number()?);
        match (class, parts.next()) {
            (2 | 4 | 5, None) => Some(Enhanced(class as u8, subject, detail)),
            _ => None,
        }
    }
}

impl fmt::Display for Enhanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// One reply: a three-digit code, an enhanced code where there is one, and the lines of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200 to 599.
    pub code: u16,
    /// The enhanced status code, put in front of every line's text.
    pub enhanced: Option<Enhanced>,
    /// The text, at least one line.
    pub lines: Vec<Line>,
}

impl Reply {
    /// A reply of one line; breaks in `text` become blanks.
    pub fn new(code: u16, enhanced: Option<Enhanced>, text: impl AsRef<[u8]>) -> Reply {
        Reply { code, enhanced, lines: vec![Line::cleaned(text.as_ref())] }
    }

    /// `Reply::coded(550, (5, 7, 1), "Relaying denied")`.
    pub fn coded(code: u16, enhanced: (u8, u16, u16), text: impl AsRef<[u8]>) -> Reply {
        Reply::new(code, Some(Enhanced(enhanced.0, enhanced.1, enhanced.2)), text)
    }

    /// The reply as `SoftBounce` has it: a permanent refusal becomes a temporary one.
    pub fn softened(&self) -> Reply {
        let mut reply = self.clone();
        if reply.code >= 500 {
            reply.code -= 100;
            reply.enhanced = reply.enhanced.map(|Enhanced(_, subject, detail)| Enhanced(4, subject, detail));
        }
        reply
    }

    /// The wire form: `250-text CRLF` ... `250 text CRLF`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for (i, line) in self.lines.iter().enumerate() {
            let separator = if i + 1 < self.lines.len() { '-' } else { ' ' };
            out.extend_from_slice(format!("{}{separator}", self.code).as_bytes());
            if let Some(enhanced) = self.enhanced {
                out.extend_from_slice(format!("{enhanced} ").as_bytes());
            }
            out.extend_from_slice(line);
            out.extend_from_slice(b"\r\n");
        }
    }

    /// The reply as log lines and reports show it: the first line, `550 5.7.1 text`.
    pub fn to_text(&self) -> Vec<u8> {
        let mut out = self.code.to_string().into_bytes();
        if let Some(enhanced) = self.enhanced {
            out.extend_from_slice(format!(" {enhanced}").as_bytes());
        }
        if let Some(line) = self.lines.first() {
            out.push(b' ');
            out.extend_from_slice(line);
        }
        out
    }

    /// Reads one line of a reply, `450 4.2.1 text` or `550-5.1.1 text`; `None` when it begins with no code.
    pub fn parse_line(text: &[u8]) -> Option<Reply> {
        let (code, rest) = text.split_at_checked(3)?;
        let code: u16 = std::str::from_utf8(code).ok()?.parse().ok().filter(|c| (200..600).contains(c))?;
        let rest = rest.get(1..).unwrap_or_default();
        let end = rest.iter().position(|b| *b == b' ').unwrap_or(rest.len());
        let (word, tail) = rest.split_at(end);
        match Enhanced::parse(word) {
            Some(enhanced) => Some(Reply::new(code, Some(enhanced), tail.trim_ascii_start())),
            None => Some(Reply::new(code, None, rest)),
        }
    }

    /// The first line as it came: `550-5.1.1 text` when more follow. Log lines and reports show a peer's reply so.
    pub fn first_line(&self) -> Vec<u8> {
        let separator = if self.lines.len() > 1 { '-' } else { ' ' };
        let mut out = format!("{}{separator}", self.code).into_bytes();
        if let Some(enhanced) = self.enhanced {
            out.extend_from_slice(format!("{enhanced} ").as_bytes());
        }
        out.extend_from_slice(self.lines.first().map_or(&b""[..], |l| l));
        out
    }

    /// 2yz.
    pub fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4yz: try again later.
    pub fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_lines_have_dashes() {
        let mut reply = Reply::coded(214, (2, 0, 0), "one");
        reply.lines.push(Line::cleaned(b"two"));
        let mut wire = Vec::new();
        reply.encode(&mut wire);
        assert_eq!(wire, b"214-2.0.0 one\r\n214 2.0.0 two\r\n");
    }

    #[test]
    fn enhanced_codes_are_strict() {
        assert_eq!(Enhanced::parse(b"5.7.1"), Some(Enhanced(5, 7, 1)));
        for bad in [&b"5.7"[..], b"3.1.1", b"5.7.1.1", b"5.7.1000", b""] {
            assert_eq!(Enhanced::parse(bad), None);
        }
    }
}
