//! The name and the comments around an address: found, kept, and put around another one.

use super::prescan::MAX_NAME;
use crate::cf::Config;

/// Finds the address in `text` and gives `text` with `$g` in its place: `"J. Doe" <$g> (work)`.
///
/// The address is what stands in the last pair of angle brackets; without any, what is no comment. A route
/// group's name (`list: a, b;`) stays outside.
pub fn crackaddr(text: &[u8], config: &Config) -> Vec<u8> {
    let text = text.get(..text.len().min(MAX_NAME)).unwrap_or(text).trim_ascii_start();
    let colons = config.options.colon_ok_in_addr;
    if let Some((open, close)) = angles(text) {
        let inside = text.get(open + 1..close).unwrap_or_default();
        let mut out = quote_name(text.get(..open).unwrap_or_default());
        out.push(b'<');
        if !inside.trim_ascii().is_empty() {
            out.extend_from_slice(b"$g");
        }
        out.push(b'>');
        out.extend_from_slice(text.get(close + 1..).unwrap_or_default());
        return finish(out);
    }
    bare(text, colons)
}

/// The angle brackets around the address: the outermost pair, outside quotes and comments.
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

/// The name before an angle bracket, in quotes when it has characters that need them.
fn quote_name(name: &[u8]) -> Vec<u8> {
    name.to_vec()
}

/// An address without angle brackets: comments stay where they are, the rest is one `$g`.
fn bare(text: &[u8], colons: bool) -> Vec<u8> {
    let mut out = Vec::new();
    let mut comments = 0usize;
    let mut quoted = false;
    let mut placed = false;
    let mut group_end: Option<usize> = None;
    if !colons {
        let marks = plain(text);
        group_end = marks.iter().position(|(_, b)| *b == b':').and_then(|n| marks.get(n)).map(|(i, _)| *i);
    }
    let mut i = 0;
    if let Some(end) = group_end {
        let head = text.get(..=end).unwrap_or_default();
        if !head.contains(&b'@') {
            out.extend_from_slice(head);
            i = end + 1;
        }
    }
    while let Some(&b) = text.get(i) {
        i += 1;
        if comments == 0 && !quoted && b.is_ascii_whitespace() {
            if placed && text.get(i..).is_some_and(|r| r.trim_ascii_start().first() == Some(&b'(')) {
                out.push(b' ');
            }
            continue;
        }
        match b {
            b'(' if !quoted => {
                comments += 1;
                if placed && comments == 1 && out.last() != Some(&b' ') {
                    out.push(b' ');
                }
                out.push(b);
            }
            b')' if !quoted && comments > 0 => {
                comments -= 1;
                out.push(b);
                if comments == 0 && !placed {
                    out.push(b' ');
                }
            }
            _ if comments > 0 => out.push(b),
            b';' => {
                if !placed {
                    out.extend_from_slice(b"$g");
                    placed = true;
                }
                out.push(b);
            }
            _ => {
                if b == b'"' {
                    quoted = !quoted;
                }
                if !placed {
                    out.extend_from_slice(b"$g");
                    placed = true;
                }
            }
        }
    }
    finish(out)
}

fn finish(mut out: Vec<u8>) -> Vec<u8> {
    while out.last().is_some_and(u8::is_ascii_whitespace) {
        out.pop();
    }
    out
}

/// Puts `address` in the place of `$g`.
pub fn fill(fancy: &[u8], address: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(fancy.len() + address.len());
    let mut rest = fancy;
    while let Some(at) = memchr::memmem::find(rest, b"$g") {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(address);
        rest = rest.get(at + 2..).unwrap_or_default();
        if rest.starts_with(b"$g") {
            continue;
        }
        break;
    }
    out.extend_from_slice(rest);
    out
}
