//! From quoted-printable or base64 back to 8 bits (mailer flag `9`), for a body that is one piece of text.

use super::input::Lines;
use base64::Engine;
use std::io::{self, Read, Seek, Write};

/// The transfer encodings that can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decoding {
    /// `quoted-printable`
    Quoted,
    /// `base64`
    Base64,
}

impl Decoding {
    /// By the name in `Content-Transfer-Encoding`, lower case.
    pub fn named(name: &str) -> Option<Decoding> {
        match name {
            "quoted-printable" => Some(Decoding::Quoted),
            "base64" => Some(Decoding::Base64),
            _ => None,
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Decoding::Quoted => "quoted-printable",
            Decoding::Base64 => "base64",
        }
    }
}

/// Writes `body` decoded, lines ending in LF.
pub fn decode<R: Read + Seek>(body: R, decoding: Decoding, out: &mut dyn Write) -> io::Result<()> {
    let mut lines = Lines::new(body);
    match decoding {
        Decoding::Quoted => quoted(&mut lines, out),
        Decoding::Base64 => base64(&mut lines, out),
    }
}

fn quoted<R: Read + Seek>(lines: &mut Lines<R>, out: &mut dyn Write) -> io::Result<()> {
    // An escape may be cut by the end of a piece: its start waits here.
    let mut pending: Vec<u8> = Vec::new();
    let mut broken = false;
    while let Some((piece, begins)) = lines.next_piece()? {
        if begins {
            broken = false;
            pending.clear();
        }
        let mut text = Vec::with_capacity(piece.len());
        for &b in piece {
            if broken {
                continue;
            }
            match (pending.as_slice(), b) {
                ([], b'=') => pending.push(b),
                ([], _) => text.push(b),
                ([_], _) if b.is_ascii_hexdigit() => pending.push(b),
                ([_, high], _) if b.is_ascii_hexdigit() => {
                    text.push(hex(*high) << 4 | hex(b));
                    pending.clear();
                }
                // A soft break, or something that is no escape: the rest of the line is dropped, the lines join.
                _ => broken = true,
            }
        }
        out.write_all(&text)?;
    }
    // The original ends the last line here, also one that has ended.
    out.write_all(b"\n")
}

fn hex(digit: u8) -> u8 {
    (digit as char).to_digit(16).unwrap_or(0) as u8
}

fn base64<R: Read + Seek>(lines: &mut Lines<R>, out: &mut dyn Write) -> io::Result<()> {
    let mut quad: Vec<u8> = Vec::new();
    let mut cr = false;
    while let Some((piece, _)) = lines.next_piece()? {
        let mut text = Vec::with_capacity(piece.len());
        for &b in piece {
            if !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=')) {
                continue;
            }
            quad.push(b);
            if quad.len() < 4 {
                continue;
            }
            for byte in unquad(&quad) {
                if cr && byte != b'\n' {
                    text.push(b'\r');
                }
                cr = byte == b'\r';
                if !cr {
                    text.push(byte);
                }
            }
            quad.clear();
        }
        out.write_all(&text)?;
    }
    // The original ends the last line here, also one that has ended.
    out.write_all(b"\n")
}

/// Up to three bytes of four characters; nothing when they make no sense.
fn unquad(quad: &[u8]) -> Vec<u8> {
    let bare: Vec<u8> = quad.iter().copied().take_while(|b| *b != b'=').collect();
    base64::engine::general_purpose::GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent),
    )
    .decode(bare)
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &[u8], how: Decoding) -> Vec<u8> {
        let mut out = Vec::new();
        decode(io::Cursor::new(text), how, &mut out).unwrap();
        out
    }

    #[test]
    fn quoted_printable_as_the_original() {
        let text = b"caf=E9=\nfoo =\t \nbar=20\nbad =zz = =4\n.\nFrom=20x\n=46rom z\nlast=";
        assert_eq!(run(text, Decoding::Quoted), b"caf\xe9foo bar \nbad .\nFrom x\nFrom z\nlast\n");
    }

    #[test]
    fn base64_with_junk() {
        assert_eq!(run(b"Y2Fm6SANCg==\nRnJvbSB4DQpmb28K!Lg==", Decoding::Base64), b"caf\xe9 \nFrom x\nfoo\n.\n");
        assert_eq!(run(b"====A===", Decoding::Base64), b"\n");
    }
}
