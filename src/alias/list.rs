//! Lists of addresses as alias values, `.forward` and `:include:` files have them: split at commas outside quotes,
//! comments and angle brackets. What an element means is for the rule sets to say.

/// Walks over `text` and knows what is quoted.
#[derive(Default)]
struct Quoting {
    quoted: bool,
    escaped: bool,
    comments: u32,
    angle: bool,
}

impl Quoting {
    /// Takes the next octet; true when it stands outside quotes, comments and angle brackets, not escaped.
    fn outside(&mut self, b: u8) -> bool {
        if std::mem::take(&mut self.escaped) {
            return false;
        }
        match b {
            b'\\' => {
                self.escaped = true;
                return false;
            }
            b'"' if self.comments == 0 => {
                self.quoted = !self.quoted;
                return false;
            }
            _ if self.quoted => return false,
            b'(' => self.comments = self.comments.saturating_add(1),
            b')' if self.comments > 0 => {
                self.comments -= 1;
                return false;
            }
            _ => {}
        }
        if self.comments > 0 {
            return false;
        }
        match b {
            b'<' => self.angle = true,
            b'>' => self.angle = false,
            _ => return !self.angle,
        }
        false
    }
}

/// Where `wanted` first stands outside quotes, comments and angle brackets.
pub fn find_outside(text: &[u8], wanted: u8) -> Option<usize> {
    let mut quoting = Quoting::default();
    text.iter().position(|&b| quoting.outside(b) && b == wanted)
}

/// The elements of a list: no blanks around them, empty ones left out.
pub fn split(list: &[u8]) -> Vec<&[u8]> {
    let mut out = Vec::new();
    let mut rest = list;
    loop {
        let end = find_outside(rest, b',');
        let element = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().trim_ascii();
        if !element.is_empty() {
            out.push(element);
        }
        match end {
            Some(end) => rest = rest.get(end + 1..).unwrap_or_default(),
            None => return out,
        }
    }
}

/// An element without its quotes and backslashes, as programs, files and includes are recognised.
pub fn unquoted(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut quoted = false;
    let mut bytes = text.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'"' => quoted = !quoted,
            b'\\' => out.extend(bytes.next()),
            _ => out.push(b),
        }
    }
    out
}

/// The elements of an `:include:` or `.forward` file, line by line, with the number of the line; lines that begin with `#`
/// and empty ones are left out.
pub fn file_elements(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    text.split(|b| *b == b'\n')
        .enumerate()
        .map(|(n, line)| (n + 1, line.strip_suffix(b"\r").unwrap_or(line)))
        .filter(|(_, line)| !line.starts_with(b"#") && !line.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_are_kept() {
        let list = br#"alice, "|prog a, b" , |"prog c, d", <x@y,z>, (a, b) bob,, \, , dave"#;
        let want: [&[u8]; 7] =
            [b"alice", br#""|prog a, b""#, br#"|"prog c, d""#, b"<x@y,z>", b"(a, b) bob", br"\,", b"dave"];
        assert_eq!(split(list), want);
    }

    #[test]
    fn quotes_come_off() {
        assert_eq!(unquoted(br#""|/bin/cat > \"x\"""#), br#"|/bin/cat > "x""#);
        assert_eq!(unquoted(br"\alice"), b"alice");
    }

    #[test]
    fn files_have_comments() {
        let text = b"# c\nalice\n\nbob, dave\r\n  # x\n";
        let got: Vec<_> = file_elements(text).collect();
        assert_eq!(got, [(2, &b"alice"[..]), (4, b"bob, dave"), (5, b"  # x")]);
    }
}
