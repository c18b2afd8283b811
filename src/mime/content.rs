//! `Content-Type` and `Content-Transfer-Encoding` values (RFC 2045 5.1, 6.1).

/// A `Content-Type`: type and subtype in lower case, and the one parameter that matters for conversion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentType {
    /// `text`, `multipart`, ...
    pub kind: String,
    /// `plain`, `mixed`, ...
    pub subtype: String,
    /// `boundary=` of a multipart.
    pub boundary: Option<Vec<u8>>,
}

impl ContentType {
    /// What a part without the field has (RFC 2045 5.2).
    pub fn text_plain() -> ContentType {
        ContentType { kind: "text".into(), subtype: "plain".into(), boundary: None }
    }

    /// What a part of `multipart/digest` without the field has (RFC 2046 5.1.5).
    pub fn message() -> ContentType {
        ContentType { kind: "message".into(), subtype: "rfc822".into(), boundary: None }
    }

    /// `type/subtype`.
    pub fn full(&self) -> String {
        format!("{}/{}", self.kind, self.subtype)
    }
}

/// Reads a `Content-Type` value; `None` when it has no `type/subtype`.
pub fn content_type(value: &[u8]) -> Option<ContentType> {
    let mut scan = Scan { rest: value };
    let kind = lower(&scan.word()?);
    scan.punctuation(b'/')?;
    let subtype = lower(&scan.word()?);
    let mut boundary = None;
    while scan.punctuation(b';').is_some() {
        let Some(name) = scan.word() else { continue };
        if scan.punctuation(b'=').is_none() {
            continue;
        }
        let Some(value) = scan.word() else { continue };
        if boundary.is_none() && name.eq_ignore_ascii_case(b"boundary") && !value.is_empty() {
            boundary = Some(value);
        }
    }
    Some(ContentType { kind, subtype, boundary })
}

/// The first word of a value in lower case, comments skipped: for `Content-Transfer-Encoding`.
pub fn token(value: &[u8]) -> String {
    Scan { rest: value }.word().map(|w| lower(&w)).unwrap_or_default()
}

fn lower(word: &[u8]) -> String {
    String::from_utf8_lossy(&word.to_ascii_lowercase()).into_owned()
}

struct Scan<'a> {
    rest: &'a [u8],
}

impl Scan<'_> {
    /// Skips blanks and (nested) comments.
    fn blanks(&mut self) {
        let mut depth = 0usize;
        let mut at = 0;
        while let Some(&b) = self.rest.get(at) {
            match b {
                b'(' => depth += 1,
                b')' if depth > 0 => depth -= 1,
                b'\\' if depth > 0 => at += 1,
                b' ' | b'\t' | b'\r' | b'\n' => {}
                _ if depth > 0 => {}
                _ => break,
            }
            at += 1;
        }
        self.rest = self.rest.get(at..).unwrap_or_default();
    }

    fn punctuation(&mut self, want: u8) -> Option<()> {
        self.blanks();
        self.rest = self.rest.strip_prefix(&[want])?;
        Some(())
    }

    /// A token or a quoted string, without its quotes.
    fn word(&mut self) -> Option<Vec<u8>> {
        self.blanks();
        let mut word = Vec::new();
        if let Some(quoted) = self.rest.strip_prefix(b"\"") {
            let mut bytes = quoted.iter();
            while let Some(&b) = bytes.next() {
                match b {
                    b'"' => break,
                    b'\\' => word.extend(bytes.next()),
                    b'\n' | b'\r' => {}
                    _ => word.push(b),
                }
            }
            self.rest = bytes.as_slice();
            return Some(word);
        }
        let end = self.rest.iter().position(|b| b" \t\r\n()<>@,;:\\\"/[]?=".contains(b)).unwrap_or(self.rest.len());
        let (head, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!head.is_empty()).then(|| head.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_quotes_and_case() {
        let ct = content_type(b" (x (y)) Multipart / MIXED (z) ; charset=a; Boundary = \"a\\\"b c\"; boundary=two");
        assert_eq!(
            ct,
            Some(ContentType { kind: "multipart".into(), subtype: "mixed".into(), boundary: Some(b"a\"b c".to_vec()) })
        );
        assert_eq!(content_type(b" foo"), None);
        assert_eq!(content_type(b" (((("), None);
        assert_eq!(token(b" (c) 8BIT;x"), "8bit");
    }
}
