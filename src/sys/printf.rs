//! Numbers as printf(3) writes and strtod(3) reads them.
use std::ffi::{CString, c_char, c_int};

/// One conversion of printf: `flags`, width, precision and the letter.
pub struct Shape<'a> {
    /// Some of `'+ 0#-`.
    pub flags: &'a [u8],
    /// The width; negative means flush left.
    pub width: i32,
    /// The precision; a negative one counts as none.
    pub precision: Option<i32>,
    /// The conversion's letter.
    pub letter: u8,
}

impl Shape<'_> {
    fn format(&self) -> Option<CString> {
        let mut text = b"%".to_vec();
        text.extend(self.flags.iter().filter(|c| b"'+ 0#-".contains(c)));
        text.extend_from_slice(b"*.*");
        text.push(self.letter);
        CString::new(text).ok()
    }
}

fn print(out: &mut Vec<u8>, mut write: impl FnMut(*mut c_char, usize) -> c_int) {
    let Ok(need) = usize::try_from(write(std::ptr::null_mut(), 0)) else { return };
    let mut buffer = vec![0u8; need + 1];
    write(buffer.as_mut_ptr().cast(), buffer.len());
    buffer.truncate(need);
    out.append(&mut buffer);
}

/// Appends an integer; letters other than `diouxX` give nothing.
pub fn int(shape: &Shape, value: i32, out: &mut Vec<u8>) {
    if !b"diouxX".contains(&shape.letter) {
        return;
    }
    let Some(format) = shape.format() else { return };
    let precision = shape.precision.unwrap_or(-1);
    // SAFETY: the format takes exactly two ints for `*` and one int; the buffer holds the given number of bytes (or is
    // null with size 0, which snprintf allows).
    print(out, |to, size| unsafe { libc::snprintf(to, size, format.as_ptr(), shape.width, precision, value) });
}

/// Appends a floating-point number; letters other than `aAeEfFgG` give nothing.
pub fn double(shape: &Shape, value: f64, out: &mut Vec<u8>) {
    if !b"aAeEfFgG".contains(&shape.letter) {
        return;
    }
    let Some(format) = shape.format() else { return };
    let precision = shape.precision.unwrap_or(-1);
    // SAFETY: as in `int`, with a double as the value.
    print(out, |to, size| unsafe { libc::snprintf(to, size, format.as_ptr(), shape.width, precision, value) });
}

/// The number at the start of `text`, how many bytes it took, and whether it was out of range.
pub fn read_double(text: &[u8]) -> (f64, usize, bool) {
    let Ok(text) = CString::new(text.split(|c| *c == 0).next().unwrap_or_default()) else { return (0.0, 0, false) };
    let mut end: *mut c_char = std::ptr::null_mut();
    nix::errno::Errno::clear();
    // SAFETY: `text` is a C string that lives through the call; strtod sets `end` to a place within it.
    let value = unsafe { libc::strtod(text.as_ptr(), &mut end) };
    let range = nix::errno::Errno::last_raw() == libc::ERANGE;
    let used = (end as usize).saturating_sub(text.as_ptr() as usize);
    (value, used, range)
}
