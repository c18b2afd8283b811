//! The text of an alias file (aliases(5)): logical lines and their two sides.
//!
//! A line that begins with a blank goes on with the line before it, and so does the line after one that ends in a
//! backslash; a line that begins with `#` is a comment, together with its continuations. What stands before the first
//! colon outside quotes, comments and angle brackets is the name.

/// A logical line of an alias file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// `name: value`, both without surrounding blanks; the name is as written (quotes, case and comments kept).
    Alias {
        /// The number of the physical line where it begins, from 1.
        line: usize,
        /// The number of the physical line where it ends.
        last: usize,
        /// What is before the colon.
        name: Vec<u8>,
        /// What is after it; the list of aliases(5).
        value: Vec<u8>,
    },
    /// A line that is none.
    Fault {
        /// The number of the physical line where it begins, from 1.
        line: usize,
        /// The number of the physical line where it ends.
        last: usize,
        /// The line.
        text: Vec<u8>,
        /// What is wrong.
        what: Fault,
    },
}

/// What can be wrong with a line of an alias file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The line begins with a blank and there is none before it to go on with.
    NotAContinuation,
    /// No colon.
    NoName,
    /// Nothing before the colon.
    BadName,
    /// Nothing after the colon.
    NoValue,
}

impl Fault {
    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Fault::NotAContinuation => "Non-continuation line starts with space",
            Fault::NoName => "missing colon",
            Fault::BadName => "illegal alias name",
            Fault::NoValue => "missing value for alias",
        }
    }
}

/// The entries of an alias file, in order.
pub fn entries(text: &[u8]) -> impl Iterator<Item = Entry> + '_ {
    let mut lines = text.split(|b| *b == b'\n').enumerate().map(|(n, l)| (n + 1, l)).peekable();
    // What follows the last line feed is no line.
    let total = text.split(|b| *b == b'\n').count();
    let ends_in_feed = text.ends_with(b"\n");
    std::iter::from_fn(move || {
        loop {
            let (number, first) = lines.next()?;
            if first.is_empty() || (number == total && ends_in_feed) {
                continue;
            }
            let mut logical = first.to_vec();
            let mut last = number;
            while let Some((at, next)) = lines.peek() {
                let folded = logical.ends_with(b"\\");
                if folded {
                    logical.pop();
                } else if !next.starts_with(b" ") && !next.starts_with(b"\t") {
                    break;
                }
                logical.extend_from_slice(next);
                last = *at;
                lines.next();
            }
            if first.starts_with(b"#") {
                continue;
            }
            if let Some(entry) = classify(number, last, logical) {
                return Some(entry);
            }
        }
    })
}

/// `None` for a line of blanks.
fn classify(line: usize, last: usize, text: Vec<u8>) -> Option<Entry> {
    if text.trim_ascii().is_empty() {
        return None;
    }
    let fault = |text: Vec<u8>, what| Some(Entry::Fault { line, last, text, what });
    if text.first().is_some_and(|b| b.is_ascii_whitespace()) {
        return fault(text, Fault::NotAContinuation);
    }
    let Some(colon) = super::list::find_outside(&text, b':') else { return fault(text, Fault::NoName) };
    if text[..colon].trim_ascii().is_empty() {
        return fault(text, Fault::BadName);
    }
    let (name, value) = (text[..colon].trim_ascii().to_vec(), text[colon + 1..].trim_ascii().to_vec());
    if value.is_empty() {
        return fault(name, Fault::NoValue);
    }
    Some(Entry::Alias { line, last, name, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &[u8]) -> Vec<(String, String)> {
        let show = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        entries(text)
            .map(|e| match e {
                Entry::Alias { line, name, value, .. } => (format!("{line} {}", show(&name)), show(&value)),
                Entry::Fault { line, text, what, .. } => (format!("{line} ! {}", show(&text)), what.as_str().into()),
            })
            .collect()
    }

    #[test]
    fn lines_go_on() {
        let text =
            b"# comment\n of two lines\na1: x, y,\n  z\na2: x \\\n y\na3 : s , l\n\n# c\\\nnot: seen\n\"q: n\": q\n";
        let expect = [("3 a1", "x, y,  z"), ("5 a2", "x  y"), ("7 a3", "s , l"), ("11 \"q: n\"", "q")]
            .map(|(a, b)| (a.into(), b.into()));
        assert_eq!(pairs(text), expect);
    }

    #[test]
    fn faults_are_told() {
        let text = b"a6: first\n\n  after blank\na7:\na8\n : wrong\n:a24: bob\nlast: bob";
        let expect = [
            ("1 a6", "first"),
            ("3 !   after blank", "Non-continuation line starts with space"),
            ("4 ! a7", "missing value for alias"),
            ("5 a8", "wrong"),
            ("7 ! :a24: bob", "illegal alias name"),
            ("8 last", "bob"),
        ]
        .map(|(a, b)| (a.into(), b.into()));
        assert_eq!(pairs(text), expect);
    }
}
