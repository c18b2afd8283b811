//! xtext (RFC 3461 4): `+XX` for octets outside `!`..`~` and for `+` and `=`.

/// True when `text` is well-formed xtext: printable ASCII without blank and `=`, and `+` only before two upper-case
/// hexadecimal digits.
pub fn is_xtext(text: &[u8]) -> bool {
    let mut rest = text;
    loop {
        match rest {
            [] => return true,
            [b'+', a, b, tail @ ..] => {
                if !is_hex(*a) || !is_hex(*b) {
                    return false;
                }
                rest = tail;
            }
            [b'+', ..] | [b'=', ..] => return false,
            [b'!'..=b'~', tail @ ..] => rest = tail,
            _ => return false,
        }
    }
}

fn is_hex(b: u8) -> bool {
    b.is_ascii_digit() || (b'A'..=b'F').contains(&b)
}

/// The octets that `text` stands for; a malformed `+` stands for itself.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let value = |b: u8| (b as char).to_digit(16).unwrap_or(0) as u8;
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        match rest {
            [b'+', a, b, after @ ..] if is_hex(*a) && is_hex(*b) => {
                out.push(value(*a) * 16 + value(*b));
                rest = after;
            }
            _ => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    out
}

/// `bytes` as xtext.
pub fn encode(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for &b in bytes {
        match b {
            b'+' | b'=' | 0..=b' ' | 0x7f.. => out.extend_from_slice(format!("+{b:02X}").as_bytes()),
            _ => out.push(b),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trip() {
        let all: Vec<u8> = (0..=255).collect();
        let coded = encode(&all);
        assert!(is_xtext(&coded));
        assert_eq!(decode(&coded), all);
        for bad in [&b"a+zz"[..], b"a+0a", b"a b", b"a=b", b"a+4", b"\x80"] {
            assert!(!is_xtext(bad));
        }
    }
}
