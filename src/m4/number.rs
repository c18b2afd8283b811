//! Numbers as the builtins read and write them.
use super::Stop;
use super::engine::M4;

/// A decimal number at the start of a text, as strtol(3) reads it.
pub(super) struct Decimal {
    pub value: i64,
    pub overflow: bool,
    /// Bytes of white space before it.
    pub spaces: usize,
    /// Bytes used, 0 if there is no number.
    pub used: usize,
}

pub(super) fn decimal(text: &[u8]) -> Decimal {
    let spaces = text.iter().take_while(|c| matches!(c, b' ' | 9..=13)).count();
    let mut rest = text.get(spaces..).unwrap_or_default();
    let negative = match rest.split_first() {
        Some((sign @ (b'+' | b'-'), more)) => {
            rest = more;
            *sign == b'-'
        }
        _ => false,
    };
    let digits = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    let (mut value, mut overflow) = (0i64, false);
    for c in rest.iter().take(digits) {
        let digit = i64::from(c - b'0');
        let next = value.checked_mul(10).and_then(|v| v.checked_add(if negative { -digit } else { digit }));
        match next {
            Some(v) if !overflow => value = v,
            _ => {
                overflow = true;
                value = if negative { i64::MIN } else { i64::MAX };
            }
        }
    }
    let used = if digits == 0 { 0 } else { text.len() - rest.len() + digits };
    Decimal { value, overflow, spaces, used }
}

/// The low 32 bits, as a conversion to `int` gives them.
pub(super) fn wrap(value: i64) -> i32 {
    value as i32
}

/// `value` in `radix`, with `-` if it is negative, padded with zeros to `width`.
pub(super) fn in_radix(value: i32, radix: u32, width: usize, out: &mut Vec<u8>) {
    if value < 0 {
        out.push(b'-');
    }
    let mut left = value.unsigned_abs();
    let mut digits = Vec::new();
    if radix == 1 {
        digits.resize(left as usize, b'1');
    } else {
        loop {
            let digit = char::from_digit(left % radix, radix).unwrap_or('0');
            digits.push(digit as u8);
            left /= radix;
            if left == 0 {
                break;
            }
        }
    }
    out.resize(out.len() + width.saturating_sub(digits.len()), b'0');
    out.extend(digits.iter().rev());
}

impl M4<'_> {
    /// The number that an argument of `builtin` holds; nothing, after a message, if it holds none.
    pub(super) fn number(&mut self, builtin: &[u8], text: &[u8]) -> Result<Option<i32>, Stop> {
        if text.is_empty() {
            self.error(&[b"empty string treated as 0 in builtin `", builtin, b"'"])?;
            return Ok(Some(0));
        }
        let number = decimal(text);
        if number.used != text.len() {
            self.error(&[b"non-numeric argument to builtin `", builtin, b"'"])?;
            return Ok(None);
        }
        if number.spaces > 0 {
            self.error(&[b"leading whitespace ignored in builtin `", builtin, b"'"])?;
        } else if number.overflow {
            self.error(&[b"numeric overflow detected in builtin `", builtin, b"'"])?;
        }
        Ok(Some(wrap(number.value)))
    }
}
