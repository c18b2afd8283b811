//! `format`: printf for macros.
use super::Stop;
use super::builtin::Call;
use super::engine::M4;
use super::number::{decimal, wrap};
use crate::sys::printf;

/// A conversion: what stands between `%` and its letter.
#[derive(Default)]
struct Spec {
    flags: Vec<u8>,
    width: i32,
    precision: Option<i32>,
    shorts: u8,
}

impl M4<'_> {
    /// Appends what the format in the first argument makes of the others.
    pub(super) fn format(&mut self, call: &Call, out: &mut Vec<u8>) -> Result<(), Stop> {
        let format = call.text(1);
        let mut args = 2;
        let mut rest = format;
        while let Some(at) = memchr::memchr(b'%', rest) {
            let (plain, tail) = rest.split_at(at);
            out.extend_from_slice(plain);
            rest = tail.get(1..).unwrap_or_default();
            if let Some(tail) = rest.strip_prefix(b"%") {
                out.push(b'%');
                rest = tail;
                continue;
            }
            let mut spec = Spec::default();
            let mut allowed = b"AEFGXacdefgiosux".to_vec();
            let forbid = |allowed: &mut Vec<u8>, what: &[u8]| allowed.retain(|c| !what.contains(c));
            while let Some((&flag, tail)) = rest.split_first().filter(|(c, _)| b"'+ 0#-".contains(c)) {
                forbid(
                    &mut allowed,
                    match flag {
                        b'\'' => b"AEacdeosXx".iter().filter(|c| **c != b'd').copied().collect::<Vec<u8>>(),
                        b'+' | b' ' => b"cosuXx".to_vec(),
                        b'0' => b"cs".to_vec(),
                        b'#' => b"cdisu".to_vec(),
                        _ => Vec::new(),
                    }
                    .as_slice(),
                );
                spec.flags.push(flag);
                rest = tail;
            }
            if let Some(tail) = rest.strip_prefix(b"*") {
                rest = tail;
                spec.width = self.format_int(call, &mut args)?;
            } else {
                spec.width = take_number(&mut rest);
            }
            if let Some(tail) = rest.strip_prefix(b".") {
                forbid(&mut allowed, b"c");
                rest = tail;
                spec.precision = Some(if let Some(tail) = rest.strip_prefix(b"*") {
                    rest = tail;
                    self.format_int(call, &mut args)?
                } else {
                    take_number(&mut rest)
                });
            }
            if let Some(tail) = rest.strip_prefix(b"l") {
                forbid(&mut allowed, b"cs");
                rest = tail;
            } else if let Some(tail) = rest.strip_prefix(b"h") {
                forbid(&mut allowed, b"AEFGacefgs");
                rest = tail;
                spec.shorts = 1;
                if let Some(tail) = rest.strip_prefix(b"h") {
                    rest = tail;
                    spec.shorts = 2;
                }
            }
            let letter = rest.first().copied();
            rest = rest.get(1..).unwrap_or_default();
            match letter.filter(|c| allowed.contains(c)) {
                Some(letter) => self.convert(call, &mut args, spec, letter, out)?,
                None => self.warn(&[b"unrecognized specifier in `", format, b"'"])?,
            }
        }
        out.extend_from_slice(rest);
        Ok(())
    }

    fn convert(
        &mut self,
        call: &Call,
        args: &mut usize,
        spec: Spec,
        letter: u8,
        out: &mut Vec<u8>,
    ) -> Result<(), Stop> {
        let wide = spec.width.unsigned_abs().max(spec.precision.unwrap_or(0).unsigned_abs());
        if u64::from(wide) > self.room() {
            return Err(self.fatal(&[b"ERROR: expansion limit exceeded in builtin `format'"]));
        }
        let shape = printf::Shape { flags: &spec.flags, width: spec.width, precision: spec.precision, letter };
        match letter {
            b'c' => {
                let value = self.format_int(call, args)?;
                let byte = value as u8;
                let left = spec.width < 0 || spec.flags.contains(&b'-');
                let width = spec.width.unsigned_abs();
                // A NUL ends the text, as in a C string; what stands before it stays.
                match byte {
                    0 if left => {}
                    0 => pad(b"", width.saturating_sub(1), false, out),
                    _ => pad(&[byte], width, left, out),
                }
            }
            b's' => {
                let text = next(call, args);
                let cut = spec.precision.and_then(|p| usize::try_from(p).ok()).unwrap_or(usize::MAX);
                let left = spec.width < 0 || spec.flags.contains(&b'-');
                pad(text.get(..cut).unwrap_or(text), spec.width.unsigned_abs(), left, out);
            }
            b'd' | b'i' => {
                let value = self.format_int(call, args)?;
                let value = match spec.shorts {
                    0 => value,
                    1 => i32::from(value as i16),
                    _ => i32::from(value as i8),
                };
                printf::int(&shape, value, out);
            }
            b'o' | b'x' | b'X' | b'u' => {
                let value = self.format_int(call, args)? as u32;
                let value = match spec.shorts {
                    0 => value,
                    1 => u32::from(value as u16),
                    _ => u32::from(value as u8),
                };
                printf::int(&shape, value as i32, out);
            }
            _ => {
                let value = self.format_double(call, args)?;
                printf::double(&shape, value, out);
            }
        }
        Ok(())
    }

    fn format_int(&mut self, call: &Call, args: &mut usize) -> Result<i32, Stop> {
        if *args >= call.count() {
            return Ok(0);
        }
        let text = next(call, args);
        if text.is_empty() {
            self.error(&[b"empty string treated as 0"])?;
            return Ok(0);
        }
        let number = decimal(text);
        self.check(text, number.used, number.spaces > 0, i32::try_from(number.value).is_err())?;
        Ok(wrap(number.value))
    }

    fn format_double(&mut self, call: &Call, args: &mut usize) -> Result<f64, Stop> {
        if *args >= call.count() {
            return Ok(0.0);
        }
        let text = next(call, args);
        if text.is_empty() {
            self.error(&[b"empty string treated as 0"])?;
            return Ok(0.0);
        }
        let (value, used, overflow) = printf::read_double(text);
        self.check(text, used, text.first().is_some_and(|c| matches!(c, b' ' | 9..=13)), overflow)?;
        Ok(value)
    }

    fn check(&mut self, text: &[u8], used: usize, space: bool, overflow: bool) -> Result<(), Stop> {
        if used != text.len() {
            self.error(&[b"non-numeric argument ", text])
        } else if space {
            self.error(&[b"leading whitespace ignored"])
        } else if overflow {
            self.error(&[b"numeric overflow detected"])
        } else {
            Ok(())
        }
    }
}

fn next<'c>(call: &Call<'c>, args: &mut usize) -> &'c [u8] {
    *args += 1;
    call.text(*args - 1)
}

fn take_number(rest: &mut &[u8]) -> i32 {
    let mut value = 0i32;
    while let Some((c, tail)) = rest.split_first().filter(|(c, _)| c.is_ascii_digit()) {
        value = value.saturating_mul(10).saturating_add(i32::from(c - b'0'));
        *rest = tail;
    }
    value
}

fn pad(text: &[u8], width: u32, left: bool, out: &mut Vec<u8>) {
    let fill = (width as usize).saturating_sub(text.len());
    if !left {
        out.resize(out.len() + fill, b' ');
    }
    out.extend_from_slice(text);
    if left {
        out.resize(out.len() + fill, b' ');
    }
}
