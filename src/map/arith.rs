//! Class `arith`: the key is an operator, the arguments are numbers.

use super::{Class, EX_CONFIG, EX_OK, MapSet, Outcome, Query};
use crate::cf::Macros;

/// The longest result, as the original cuts it.
const MAX_RESULT: usize = 15;

/// Arithmetic.
pub struct Arith;

/// A number as strtol(3) reads it with base 0: blanks, a sign, `0x` for hexadecimal, `0` for octal; what follows is ignored.
fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let (base, digits) = match digits {
        [b'0', b'x' | b'X', rest @ ..] if rest.first().is_some_and(u8::is_ascii_hexdigit) => (16, rest),
        [b'0', ..] => (8, digits),
        _ => (10, digits),
    };
    let mut value: i128 = 0;
    for digit in digits.iter().map_while(|b| (*b as char).to_digit(base)) {
        value = (value * i128::from(base) + i128::from(digit)).min(i128::from(u64::MAX));
    }
    let signed = if negative { -value } else { value };
    signed.clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
}

/// A number in `low..high` that nobody foresees; `low` when there is none between.
fn random(low: i64, high: i64) -> i64 {
    use std::hash::{BuildHasher, Hasher};
    let span = (i128::from(high) - i128::from(low)).max(1);
    let raw = std::hash::RandomState::new().build_hasher().finish();
    (i128::from(low) + i128::from(raw) % span) as i64
}

fn compute(operator: &[u8], a: i64, b: i64) -> Option<String> {
    let truth = |t: bool| Some(if t { "TRUE".to_owned() } else { "FALSE".to_owned() });
    let result = match operator.first()? {
        b'|' => a | b,
        b'&' => a & b,
        b'+' => a.wrapping_add(b),
        b'-' => a.wrapping_sub(b),
        b'*' => a.wrapping_mul(b),
        b'/' if b != 0 => a.wrapping_div(b),
        b'%' if b != 0 => a.wrapping_rem(b),
        b'l' => return truth(a < b),
        b'=' => return truth(a == b),
        b'r' if a <= b => random(a, b),
        _ => return None,
    };
    Some(result.to_string())
}

impl Class for Arith {
    fn lookup(&self, _: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        let &[a, b, ..] = query.args else { return Outcome::none(EX_CONFIG) };
        match compute(query.key, number(a), number(b)) {
            Some(mut text) => {
                text.truncate(MAX_RESULT);
                Outcome::found(text.into_bytes())
            }
            None => Outcome::none(EX_OK),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_strtol_does() {
        let texts: [&[u8]; 8] = [b"0x10", b"010", b"-7", b" 12ab", b"a", b"", b"99999999999999999999", b"0x"];
        assert_eq!(texts.map(number), [16, 8, -7, 12, 0, 0, i64::MAX, 0]);
    }

    #[test]
    fn results() {
        assert_eq!(compute(b"/", 7, 0), None);
        assert_eq!(compute(b"/", i64::MIN, -1), Some(i64::MIN.to_string()));
        assert_eq!(compute(b"l", 1, 2), Some("TRUE".into()));
        assert_eq!(compute(b"r", 5, 6), Some("5".into()));
        assert_eq!(compute(b"r", 1, 1), Some("1".into()));
        assert_eq!(compute(b"r", 6, 5), None);
        assert_eq!(compute(b"L", 1, 2), None);
    }
}
