//! The grammar of header fields (RFC 5322 2.2), as lenient as mail needs it.

use crate::text::Line;

/// A field of a header block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a> {
    /// All of it with its line ends; lines that are no field come as one with an empty name.
    pub raw: &'a [u8],
    /// The name.
    pub name: &'a [u8],
    /// The value as written after the colon, without the last line end.
    pub value: &'a [u8],
}

impl Raw<'_> {
    /// True when this is the name, case ignored.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Splits the first line of a field into name and value; blanks between name and colon are dropped. `None`: it is no field,
/// and a header that has such a line ends before it.
pub fn field(line: &[u8]) -> Option<(Line, &[u8])> {
    let (name, value) = split(line)?;
    Some((Line::new(name).ok()?, value))
}

fn split(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().position(|b| !matches!(b, b'!'..=b'9' | b';'..=b'~'))?;
    let (name, rest) = line.split_at(end);
    let value = rest.trim_ascii_start().strip_prefix(b":")?;
    (!name.is_empty() && !rest.starts_with(b"\n")).then_some((name, value))
}

/// True for a line that continues the field before it.
pub fn continues(line: &[u8]) -> bool {
    matches!(line.first(), Some(b' ' | b'\t'))
}

/// The fields of a block of lines that end in LF.
pub fn fields(block: &[u8]) -> impl Iterator<Item = Raw<'_>> {
    let mut rest = block;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut end = line_end(rest);
        while end < rest.len() && continues(&rest[end..]) {
            end += line_end(&rest[end..]);
        }
        let (raw, after) = rest.split_at(end);
        rest = after;
        let text = raw.strip_suffix(b"\n").unwrap_or(raw);
        let (name, value) = split(text).unwrap_or((b"", text));
        Some(Raw { raw, name, value })
    })
}

fn line_end(text: &[u8]) -> usize {
    memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_field() {
        let cases: [(&[u8], Option<(&[u8], &[u8])>); 9] = [
            (b"Subject : x", Some((b"Subject", b" x"))),
            (b"X-Y\t:z", Some((b"X-Y", b"z"))),
            (b"Foo:", Some((b"Foo", b""))),
            (b"X;y: z", Some((b"X;y", b" z"))),
            (b": noname", None),
            (b"no colon line", None),
            (b"X y: z", None),
            (b"A\xe9: x", None),
            (b" folded: x", None),
        ];
        for (line, want) in cases {
            assert_eq!(field(line).as_ref().map(|(n, v)| (n.as_bytes(), *v)), want);
        }
    }

    #[test]
    fn blocks_fall_into_fields() {
        let got: Vec<_> = fields(b"A: x\n y\nodd\nB:z").map(|f| (f.name, f.value)).collect();
        assert_eq!(got, [(&b"A"[..], &b" x\n y"[..]), (b"", b"odd"), (b"B", b"z")]);
    }
}
