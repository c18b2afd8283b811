//! The name and the comments around an address: found, kept, and put around another one (RFC 5322 3.4).

use super::prescan::MAX_NAME;
use crate::cf::Config;

/// Characters that a name has to be quoted for, besides those of the option MustQuoteChars.
const QUOTED: &[u8] = b"@,;:\\()[]";

/// Finds the address in `text` and gives `text` with `$g` in its place: `"J. Doe" <$g> (work)`.
///
/// The address is what stands in the last angle brackets; without any, what is no comment. A group's name
/// (`list: a, b;`) stays outside.
pub fn crackaddr(text: &[u8], config: &Config) -> Vec<u8> {
    let text = text.get(..text.len().min(MAX_NAME)).unwrap_or(text).trim_ascii();
    let mut cracker = Cracker {
        text,
        must: config.options.must_quote_chars.as_bytes(),
        colons: !config.options.colon_ok_in_addr,
        out: Vec::new(),
        from: 0,
        head: 0,
        place: Place::Address,
        found: false,
        brackets: 0,
        quote: false,
    };
    cracker.run();
    cracker.out
}

/// Where in an address the reader is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Outside angle brackets: what is read may yet turn out to be a name.
    Address,
    /// Inside of them.
    Angles,
    /// Behind them: what is read is kept.
    After,
}

struct Cracker<'t> {
    text: &'t [u8],
    must: &'t [u8],
    /// A colon still ends the name of a group.
    colons: bool,
    out: Vec<u8>,
    /// Where the present part of the text begins, behind the name of a group.
    from: usize,
    /// Where it begins in what is put out.
    head: usize,
    place: Place,
    /// `$g` has been put out for this part.
    found: bool,
    brackets: i64,
    quote: bool,
}

impl Cracker<'_> {
    fn run(&mut self) {
        let text = self.text;
        let mut i = 0;
        let mut comments = 0usize;
        let mut quoted = false;
        while let Some(&b) = text.get(i) {
            let at = i;
            i += 1;
            if comments > 0 {
                self.out.push(b);
                match b {
                    b'\\' => {
                        self.out.extend(text.get(i));
                        i += 1;
                    }
                    b'(' => comments += 1,
                    b')' => comments -= 1,
                    _ => {}
                }
                continue;
            }
            match b {
                // Quoted text behind the address cannot be kept apart from it.
                _ if quoted && self.place == Place::After => {
                    self.out = b"<$g>".to_vec();
                    return;
                }
                b'\\' => {
                    let next = text.get(i).copied();
                    i += 1;
                    if self.place == Place::After {
                        self.out.push(b);
                        self.out.extend(next);
                    } else {
                        self.found();
                    }
                }
                b'"' => {
                    quoted = !quoted;
                    if self.place == Place::After {
                        self.out.push(b);
                    }
                }
                _ if quoted => self.ordinary(b),
                b'(' => {
                    if self.place != Place::After && self.out.len() > self.head && self.out.last() != Some(&b' ') {
                        self.out.push(b' ');
                    }
                    self.out.push(b);
                    comments = 1;
                }
                b')' if self.place == Place::After => {}
                b':' if self.colons && self.place != Place::Angles && self.brackets <= 0 => {
                    match text.get(i) {
                        // `node::user` is no group. Behind the address it gets one colon more.
                        Some(b':') => {
                            i += 1;
                            (0..3).for_each(|_| self.ordinary(b));
                        }
                        Some(b'.') => (0..2).for_each(|_| self.ordinary(b)),
                        _ => i = self.group(at),
                    }
                }
                b';' if self.place != Place::After => {
                    self.out.push(b);
                    if !std::mem::replace(&mut self.found, true) {
                        self.out.extend_from_slice(b"$g");
                    }
                }
                b'<' => {
                    self.rename(at, false);
                    self.out.push(b);
                    self.place = Place::Angles;
                    self.found = false;
                }
                b'>' => {
                    if self.place == Place::Angles {
                        self.out.push(b);
                        self.place = Place::After;
                    }
                }
                _ => {
                    match b {
                        b'[' => self.brackets += 1,
                        b']' => self.brackets -= 1,
                        _ => {}
                    }
                    self.ordinary(b);
                }
            }
        }
        self.out.extend(std::iter::repeat_n(b')', comments));
        if quoted && self.place == Place::After {
            self.out.push(b'"');
        }
        if self.place == Place::Angles {
            self.out.push(b'>');
        }
    }

    /// An octet of the address, or of what follows it.
    fn ordinary(&mut self, b: u8) {
        match self.place {
            Place::After => self.out.push(b),
            _ => self.found(),
        }
    }

    fn found(&mut self) {
        if !std::mem::replace(&mut self.found, true) {
            if self.out.last() == Some(&b')') {
                self.out.push(b' ');
            }
            self.out.extend_from_slice(b"$g");
        }
    }

    /// What has been read of this part, up to `end`, was a name.
    fn rename(&mut self, end: usize, of_group: bool) {
        self.out.truncate(self.head);
        let name = self.text.get(self.from..end).unwrap_or_default();
        let quote = self.quote || needs_quotes(name.trim_ascii_end(), self.must, of_group);
        // What follows the name of a group is quoted if that was, with an address in it.
        self.quote = quote && of_group && plain(name).contains(&b'<');
        self.out.extend(if quote { quote_name(name) } else { name.to_vec() });
    }

    /// The colon of a group's name at `at`; where the group's content begins.
    fn group(&mut self, at: usize) -> usize {
        self.rename(at, true);
        self.colons = false;
        self.out.push(b':');
        let rest = self.text.get(at + 1..).unwrap_or_default();
        let blanks = rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
        self.out.extend_from_slice(rest.get(..blanks).unwrap_or_default());
        self.from = at + 1 + blanks;
        self.head = self.out.len();
        self.place = Place::Address;
        self.found = false;
        self.from
    }
}

/// The octets of `text` that stand neither in quotes nor in comments, and backslashes.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut quoted = false;
    let mut comments = 0usize;
    let mut bytes = text.iter().copied();
    while let Some(b) = bytes.next() {
        match b {
            b'\\' => {
                if !quoted && comments == 0 {
                    out.push(b);
                }
                bytes.next();
            }
            b'"' if comments == 0 => quoted = !quoted,
            b'(' if !quoted => comments += 1,
            b')' if !quoted && comments > 0 => comments -= 1,
            _ if !quoted && comments == 0 => out.push(b),
            _ => {}
        }
    }
    out
}

/// Whether a name has to be put in quotes. What stands before an address in a group's name does not count.
fn needs_quotes(name: &[u8], must: &[u8], of_group: bool) -> bool {
    let marks = plain(name);
    let special = |b: &u8| must.contains(b) || QUOTED.contains(b) || *b == b'<' || *b == b'>';
    match marks.iter().rposition(|b| *b == b'<').filter(|_| of_group) {
        Some(open) => {
            let inside = marks.get(open + 1..).unwrap_or_default();
            let close = inside.iter().position(|b| *b == b'>');
            inside.iter().enumerate().any(|(i, b)| special(b) && Some(i) != close)
        }
        None => marks.iter().any(special),
    }
}

/// A name in quotes.
fn quote_name(text: &[u8]) -> Vec<u8> {
    let name = text.trim_ascii_end();
    let blanks = text.get(name.len()..).unwrap_or_default();
    let mut out = b"\"".to_vec();
    for b in name {
        match b {
            b'"' => out.extend_from_slice(b"\\\""),
            other => out.push(*other),
        }
    }
    out.push(b'"');
    out.extend_from_slice(blanks);
    out
}

/// Puts `address` in the place of `$g`.
pub fn fill(fancy: &[u8], address: &[u8]) -> Vec<u8> {
    match memchr::memmem::find(fancy, b"$g") {
        Some(at) => {
            let (before, after) = fancy.split_at(at);
            [before, address, after.get(2..).unwrap_or_default()].concat()
        }
        None => fancy.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cracked() {
        let config = Config::default();
        for (text, want) in [
            ("a@b", "$g"),
            ("(just comment)", "(just comment)"),
            ("\"\"", ""),
            ("foo (x", "$g (x)"),
            ("<a@b", "<$g>"),
            ("a) b (c", "$g (c)"),
            ("<a@b> c <d@e>", "\"<a@b> c\" <$g>"),
            ("x <a@b> y", "x <$g> y"),
            ("(c1) a@b (c2)", "(c1) $g (c2)"),
            ("g: a@b, c@d;", "g: $g;"),
            ("g:;", "g:;$g"),
            ("a@b:c", "\"a@b\":$g"),
            ("<@a:b@c>", "<$g>"),
            ("x.y <foo@bar>", "\"x.y\" <$g>"),
            ("\"x\" y <foo@bar>", "\"x\" y <$g>"),
            ("a (b) c (d) e", "$g (b) (d)"),
            ("a;b", "$g;"),
            ("a:", "a:"),
            ("alice@[IPv6:2001:db8::25]", "$g"),
        ] {
            assert_eq!(String::from_utf8(crackaddr(text.as_bytes(), &config)).unwrap(), want, "{text}");
        }
    }
}
