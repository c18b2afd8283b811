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
    match angles(text) {
        Some((open, close)) => {
            let inside = text.get(open + 1..close).unwrap_or_default();
            let must = config.options.must_quote_chars.as_bytes();
            let mut out = quote_name(text.get(..open).unwrap_or_default(), must);
            out.push(b'<');
            if !inside.trim_ascii().is_empty() {
                out.extend_from_slice(b"$g");
            }
            out.push(b'>');
            let after = text.get(close + 1..).unwrap_or_default();
            out.extend_from_slice(close_comment(after).trim_ascii_end());
            out
        }
        None => bare(text, config.options.colon_ok_in_addr, config.options.must_quote_chars.as_bytes()),
    }
}

/// The last angle brackets outside quotes and comments, from the outermost `<` to its `>` or the end.
fn angles(text: &[u8]) -> Option<(usize, usize)> {
    let mut open = None;
    let mut close = None;
    let mut depth = 0usize;
    for (i, b) in plain(text) {
        match b {
            b'<' => {
                if depth == 0 {
                    open = Some(i);
                    close = None;
                }
                depth += 1;
            }
            b'>' if depth > 0 => {
                depth -= 1;
                if depth == 0 {
                    close = Some(i);
                }
            }
            _ => {}
        }
    }
    open.map(|o| (o, close.unwrap_or(text.len())))
}

/// The octets of `text` that stand neither in quotes nor in comments, with their places.
fn plain(text: &[u8]) -> Vec<(usize, u8)> {
    let mut out = Vec::new();
    let mut quoted = false;
    let mut comments = 0usize;
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        match b {
            b'\\' => i += 1,
            b'"' if comments == 0 => quoted = !quoted,
            b'(' if !quoted => comments += 1,
            b')' if !quoted && comments > 0 => comments -= 1,
            _ if !quoted && comments == 0 => out.push((i, b)),
            _ => {}
        }
        i += 1;
    }
    out
}

/// What stands before the address, in quotes when characters in it demand that.
fn quote_name(text: &[u8], must: &[u8]) -> Vec<u8> {
    let name = text.trim_ascii_end();
    let blanks = text.get(name.len()..).unwrap_or_default();
    let needs = |b: u8| must.contains(&b) || QUOTED.contains(&b) || b == b'<' || b == b'>';
    if !plain(name).iter().any(|(_, b)| needs(*b)) {
        return text.to_vec();
    }
    let mut out = b"\"".to_vec();
    let mut quoted = false;
    let mut bytes = name.iter().copied();
    while let Some(b) = bytes.next() {
        match b {
            b'\\' => {
                out.push(b);
                out.extend(bytes.next());
            }
            b'"' => quoted = !quoted,
            other => out.push(other),
        }
    }
    out.push(b'"');
    out.extend_from_slice(blanks);
    out
}

/// Closes what a comment left open.
fn close_comment(text: &[u8]) -> Vec<u8> {
    let mut depth = 0usize;
    for b in text {
        match b {
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    let mut out = text.to_vec();
    out.extend(std::iter::repeat_n(b')', depth));
    out
}

/// The colon that ends a group's name: the first one outside brackets that no second one follows.
fn group_colon(text: &[u8]) -> Option<usize> {
    let mut brackets = 0usize;
    let marks = plain(text);
    let mut skip = false;
    for (n, (i, b)) in marks.iter().enumerate() {
        if std::mem::take(&mut skip) {
            continue;
        }
        match b {
            b'[' => brackets += 1,
            b']' => brackets = brackets.saturating_sub(1),
            b':' if brackets == 0 => {
                // `node::user` is no group.
                if marks.get(n + 1) == Some(&(i + 1, b':')) {
                    skip = true;
                    continue;
                }
                return Some(*i);
            }
            _ => {}
        }
    }
    None
}

/// An address without angle brackets: comments stay where they are, the rest is one `$g`.
fn bare(text: &[u8], colons: bool, must: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut i = 0;
    if !colons && let Some(colon) = group_colon(text) {
        out = quote_name(text.get(..colon).unwrap_or_default(), must);
        out.push(b':');
        i = colon + 1;
        let blanks = text.get(i..).unwrap_or_default().iter().take_while(|b| b.is_ascii_whitespace()).count();
        out.extend_from_slice(text.get(i..i + blanks).unwrap_or_default());
        i += blanks;
    }
    let mut comments = 0usize;
    let mut quoted = false;
    let mut placed = false;
    let mut ended = false;
    while let Some(&b) = text.get(i) {
        i += 1;
        match b {
            b'\\' => {
                let next = text.get(i);
                i += 1;
                if comments > 0 {
                    out.push(b);
                    out.extend(next);
                    continue;
                }
            }
            b'(' if !quoted => {
                if comments == 0 && placed && out.last() != Some(&b' ') {
                    out.push(b' ');
                }
                comments += 1;
                out.push(b);
                continue;
            }
            b')' if !quoted => {
                if comments > 0 {
                    comments -= 1;
                    out.push(b);
                    if comments == 0 && !placed {
                        out.push(b' ');
                    }
                }
                continue;
            }
            _ if comments > 0 => {
                out.push(b);
                continue;
            }
            b';' if !quoted && !colons => {
                if !placed && !ended {
                    if !out.is_empty() {
                        out.extend_from_slice(b";$g");
                    } else {
                        out.extend_from_slice(b"$g;");
                    }
                } else if !ended {
                    out.push(b';');
                }
                placed = true;
                ended = true;
                continue;
            }
            b'"' => quoted = !quoted,
            _ if b.is_ascii_whitespace() && !quoted => continue,
            _ => {}
        }
        // An empty quoted string is no address.
        if !placed && b != b'"' {
            out.extend_from_slice(b"$g");
            placed = true;
        }
    }
    out.extend(std::iter::repeat_n(b')', comments));
    while out.last().is_some_and(u8::is_ascii_whitespace) {
        out.pop();
    }
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
