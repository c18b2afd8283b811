//! Commands: verb and rest, the `FROM:` of MAIL, an address up to its end, ESMTP parameters (RFC 5321 4.1.2).
//!
//! Lenient where the original is (blanks after the colon, addresses without angle brackets); nothing is decoded here.

use nom::Parser;
use nom::bytes::complete::{take_while, take_while1};
use nom::character::complete::char;
use nom::combinator::opt;
use nom::sequence::preceded;

/// A command line, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Command<'a> {
    /// The first word.
    pub verb: &'a [u8],
    /// What follows, without blanks around.
    pub rest: &'a [u8],
}

impl<'a> Command<'a> {
    /// Takes `line` apart at its first blank.
    pub fn parse(line: &'a [u8]) -> Command<'a> {
        let line = line.trim_ascii();
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (verb, rest) = line.split_at(end);
        Command { verb, rest: rest.trim_ascii() }
    }
}

/// Takes `word` and a colon from the front of `rest`, case ignored; gives what follows, or the word that stood there
/// instead (as the reply quotes it). Nothing after the colon is an error too.
pub fn after_colon<'a>(rest: &'a [u8], word: &str) -> Result<&'a [u8], &'a [u8]> {
    let rest = rest.trim_ascii_start();
    let end = rest.iter().position(|b| b.is_ascii_whitespace() || *b == b':').unwrap_or(rest.len());
    let (found, tail) = rest.split_at(end);
    if !found.eq_ignore_ascii_case(word.as_bytes()) {
        return Err(found);
    }
    match tail.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(found),
    }
}

/// Splits an argument into its address and the text of its parameters: the address ends at the first blank outside quotes,
/// comments and angle brackets.
pub fn split_address(argument: &[u8]) -> (&[u8], &[u8]) {
    let (mut quoted, mut comments, mut angles, mut escaped) = (false, 0usize, 0usize, false);
    for (i, &b) in argument.iter().enumerate() {
        if escaped {
            escaped = false;
            continue;
        }
        match b {
            b'\\' => escaped = true,
            b'"' if comments == 0 => quoted = !quoted,
            b'(' if !quoted => comments += 1,
            b')' if !quoted => comments = comments.saturating_sub(1),
            b'<' if !quoted && comments == 0 => angles += 1,
            b'>' if !quoted && comments == 0 => angles = angles.saturating_sub(1),
            b' ' | b'\t' if !quoted && comments == 0 && angles == 0 => return argument.split_at(i),
            _ => {}
        }
    }
    (argument, b"")
}

/// An ESMTP parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// The keyword as written.
    pub keyword: &'a [u8],
    /// The value, where there is an equal sign.
    pub value: Option<&'a [u8]>,
}

impl Parameter<'_> {
    /// True when the keyword is `name`, case ignored.
    pub fn is(&self, name: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The parameters in `text`, in order; one that does not parse comes with an empty keyword and ends the list.
pub fn parameters(text: &[u8]) -> Vec<Parameter<'_>> {
    let mut out = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() && out.len() < 64 {
        match parameter(rest) {
            Ok((after, found)) if after.first().is_none_or(u8::is_ascii_whitespace) => {
                out.push(found);
                rest = after.trim_ascii_start();
            }
            Ok((_, found)) if !found.keyword.is_empty() && found.value.is_none() => {
                out.push(found);
                break;
            }
            _ => {
                out.push(Parameter { keyword: b"", value: None });
                break;
            }
        }
    }
    out
}

/// esmtp-param: `keyword [ "=" value ]`.
fn parameter(input: &[u8]) -> nom::IResult<&[u8], Parameter<'_>> {
    let keyword = take_while1(|b: u8| b.is_ascii_alphanumeric() || b == b'-');
    let value = take_while(|b: u8| b > b' ' && b != 0x7f);
    let mut both = (keyword, opt(preceded(char('='), value)));
    both.parse(input).map(|(rest, (keyword, value))| (rest, Parameter { keyword, value }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_the_colon() {
        assert_eq!(after_colon(b"FROM:<a>", "from"), Ok(&b"<a>"[..]));
        assert_eq!(after_colon(b"From : a", "from"), Ok(&b"a"[..]));
        assert_eq!(after_colon(b"", "from"), Err(&b""[..]));
        assert_eq!(after_colon(b"FROM a@b", "from"), Err(&b"FROM"[..]));
        assert_eq!(after_colon(b"FROM:", "from"), Err(&b"FROM"[..]));
        assert_eq!(after_colon(b"TO:<a@b>", "from"), Err(&b"TO"[..]));
    }

    #[test]
    fn addresses_end_at_blanks() {
        assert_eq!(split_address(b"<a b> SIZE=1"), (&b"<a b>"[..], &b" SIZE=1"[..]));
        assert_eq!(split_address(b"\"a b\"@c x"), (&b"\"a b\"@c"[..], &b" x"[..]));
        assert_eq!(split_address(b"alice bob"), (&b"alice"[..], &b" bob"[..]));
    }

    #[test]
    fn parameters_in_order() {
        let p = parameters(b" SIZE=100 BODY=8BITMIME  RET");
        assert_eq!(p.len(), 3);
        assert!(p[0].is("size") && p[0].value == Some(b"100"));
        assert_eq!(p[2], Parameter { keyword: b"RET", value: None });
        assert_eq!(parameters(b"=bar"), [Parameter { keyword: b"", value: None }]);
        assert_eq!(parameters(b"<alice>"), [Parameter { keyword: b"", value: None }]);
        assert_eq!(parameters(b"SIZE="), [Parameter { keyword: b"SIZE", value: Some(b"") }]);
    }
}
