//! Addresses as header fields have them (RFC 5322 3.4, with RFC 822's comments and the habits of old mail): where in
//! `Phrase <addr> (comment)` the address stands, and where one address of a list ends.
//!
//! Nothing here changes a byte: results are positions and slices, so that what is around an address can stay as it is.
//! What an address means is for the rule sets.

/// One address of a list, with the text around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cracked<'a> {
    /// All up to the address: phrase, `<`, comments, group name.
    pub before: &'a [u8],
    /// The address, comments inside it taken out.
    pub address: Vec<u8>,
    /// All after it: `>`, comments, `;`.
    pub after: &'a [u8],
    /// True when it stands in angle brackets.
    pub angle: bool,
}

/// What kind of text a byte is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Plain,
    Quoted,
    Comment,
    /// Between `<` and `>`; the brackets themselves are plain.
    Angle,
}

/// Walks over `text` and says what each byte is; quoted pairs belong to what they are in.
fn parts(text: &[u8]) -> impl Iterator<Item = (usize, u8, Part)> + '_ {
    let (mut comment, mut quoted, mut angle, mut escaped, mut literal) = (0usize, false, false, false, false);
    text.iter().enumerate().map(move |(at, &b)| {
        let part = if comment > 0 {
            Part::Comment
        } else if quoted {
            Part::Quoted
        } else if angle {
            Part::Angle
        } else {
            Part::Plain
        };
        if escaped {
            escaped = false;
            return (at, b, if part == Part::Plain { Part::Quoted } else { part });
        }
        match (b, part) {
            (b'\\', _) => escaped = true,
            (b'(', Part::Quoted) => {}
            (b'(', _) if !literal => {
                comment += 1;
                return (at, b, Part::Comment);
            }
            (b')', Part::Comment) => comment -= 1,
            (b'"', Part::Quoted) => quoted = false,
            (b'"', Part::Plain | Part::Angle) => {
                quoted = true;
                return (at, b, Part::Quoted);
            }
            (b'[', Part::Plain | Part::Angle) => literal = true,
            (b']', Part::Plain | Part::Angle) => literal = false,
            (b'<', Part::Plain) => angle = true,
            (b'>', Part::Angle) => {
                angle = false;
                return (at, b, Part::Plain);
            }
            _ => {}
        }
        (at, b, part)
    })
}

/// Splits a list at its commas and at the ends of groups; `old_style`: at blanks too when the text has none of `,;<("`.
/// The pieces come trimmed and are never empty.
pub fn split(list: &[u8], old_style: bool) -> Vec<&[u8]> {
    let modern = !old_style || list.iter().any(|b| b",;<(\"".contains(b));
    let mut items = Vec::new();
    let mut start = 0;
    for (at, b, part) in parts(list) {
        let ends = part == Part::Plain && (b == b',' || (!modern && matches!(b, b' ' | b'\t' | b'\n')));
        if ends {
            items.push(&list[start..at]);
            start = at + 1;
        }
    }
    items.push(list.get(start..).unwrap_or_default());
    items.into_iter().map(<[u8]>::trim_ascii).filter(|i| !i.is_empty()).collect()
}

/// Finds the address in one element of a list; `None` when there is none (a bare comment, an empty group).
pub fn crack(text: &[u8]) -> Option<Cracked<'_>> {
    let group = group_prefix(text);
    let body = text.get(group..).unwrap_or_default();
    let mut open = None;
    let mut close = None;
    for (at, b, part) in parts(body) {
        match (b, part) {
            (b'<', Part::Plain) if open.is_none() => open = Some(at + 1),
            (b'>', Part::Plain) if open.is_some() && close.is_none() => close = Some(at),
            _ => {}
        }
    }
    let (start, end, angle) = match open {
        Some(open) => (open, close.unwrap_or(body.len()), true),
        None => {
            let meant = |&(_, b, part): &(usize, u8, Part)| {
                part != Part::Comment && !b.is_ascii_whitespace() && !(part == Part::Plain && b == b';')
            };
            let first = parts(body).find(|p| meant(p))?.0;
            let last = parts(body).filter(|p| meant(p)).last()?.0;
            (first, last + 1, false)
        }
    };
    let inside = &body[start..end];
    let address: Vec<u8> = parts(inside).filter(|p| p.2 != Part::Comment).map(|p| p.1).collect();
    let address = address.trim_ascii().to_vec();
    if address.is_empty() && !angle {
        return None;
    }
    Some(Cracked { before: &text[..group + start], address, after: &body[end..], angle })
}

/// Length of a group's name with its colon (`Team: joe@a.test`), 0 without one.
fn group_prefix(text: &[u8]) -> usize {
    let mut end = 0;
    for (at, b, part) in parts(text) {
        match (b, part) {
            (b'@' | b'<' | b'[', Part::Plain) => break,
            // `host::user` is DECnet, not a group.
            (b':', Part::Plain) if text.get(at + 1) == Some(&b':') || (at > 0 && text.get(at - 1) == Some(&b':')) => {
                break;
            }
            (b':', Part::Plain) => {
                end = at + 1;
                break;
            }
            _ => {}
        }
    }
    end
}

/// The addresses of a header value, as they would be given on a command line.
pub fn recipients(value: &[u8], old_style: bool) -> Vec<Vec<u8>> {
    split(value, old_style).into_iter().filter_map(crack).map(|c| c.address).filter(|a| !a.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(text: &[u8]) -> (String, String, String) {
        let c = crack(text).unwrap();
        let s = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        (s(c.before), s(&c.address), s(c.after))
    }

    #[test]
    fn addresses_are_found() {
        for (text, before, address, after) in [
            ("joe@a.test", "", "joe@a.test", ""),
            ("\"Joe, User\" <joe@a.test> (home)", "\"Joe, User\" <", "joe@a.test", "> (home)"),
            ("joe@a.test (Joe (nested) User)", "", "joe@a.test", " (Joe (nested) User)"),
            ("(pre) eve@d.test (post)", "(pre) ", "eve@d.test", " (post)"),
            ("joe (x) @ a.test", "", "joe  @ a.test", ""),
            ("<@r1.test,@r2.test:u@r3.test>", "<", "@r1.test,@r2.test:u@r3.test", ">"),
            ("List: g1@a.test", "List: ", "g1@a.test", ""),
            ("g2@b.test;", "", "g2@b.test", ";"),
            ("\"a b\"@c.test", "", "\"a b\"@c.test", ""),
            ("u@[IPv6:::1]", "", "u@[IPv6:::1]", ""),
            ("node::user", "", "node::user", ""),
            ("<>", "<", "", ">"),
            ("x <a@b", "x <", "a@b", ""),
        ] {
            assert_eq!(one(text.as_bytes()), (before.into(), address.into(), after.into()), "{text}");
        }
        assert_eq!(crack(b"undisclosed-recipients:;"), None);
        assert_eq!(crack(b"(only a comment)"), None);
    }

    #[test]
    fn lists_fall_apart() {
        let items = |t: &'static [u8], old| {
            recipients(t, old).iter().map(|a| String::from_utf8_lossy(a).into_owned()).collect::<Vec<_>>().join("|")
        };
        assert_eq!(items(b" a@x, \"B, C\" <b@y> , (c, d) e@z,, List: f@x, g@y;", false), "a@x|b@y|e@z|f@x|g@y");
        assert_eq!(items(b"a b  c", true), "a|b|c");
        assert_eq!(items(b"a b, c", true), "a b|c");
        assert_eq!(items(b"<@r1,@r2:u@h>, x", false), "@r1,@r2:u@h|x");
    }

    proptest! {
        #[test]
        fn nothing_is_lost(text in proptest::collection::vec(proptest::sample::select(&b"ab@<>()\"\\,;: []\n\xff"[..]), 0..60)) {
            for item in split(&text, false) {
                if let Some(c) = crack(item) {
                    prop_assert!(item.starts_with(c.before) && item.ends_with(c.after));
                    prop_assert!(c.before.len() + c.after.len() <= item.len());
                }
            }
        }
    }
}
