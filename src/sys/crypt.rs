//! crypt(3) of libxcrypt: every hash that the distribution's passwords have (yescrypt, sha512crypt, bcrypt ...).

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use zeroize::Zeroize;

/// `CRYPT_DATA_SIZE` of crypt.h.
const DATA_SIZE: usize = 32768;

#[repr(C, align(16))]
struct Data([u8; DATA_SIZE]);

#[link(name = "crypt")]
unsafe extern "C" {
    fn crypt_rn(phrase: *const c_char, setting: *const c_char, data: *mut c_void, size: c_int) -> *mut c_char;
}

/// The hash of `phrase` under `setting` (a whole hash serves as its own setting). `None`: NUL in one of them, or a setting
/// that the library does not know. Takes milliseconds on purpose.
pub fn crypt(phrase: &[u8], setting: &[u8]) -> Option<Vec<u8>> {
    let mut phrase = CString::new(phrase).ok()?.into_bytes_with_nul();
    let setting = CString::new(setting).ok()?;
    let mut data = Box::new(Data([0; DATA_SIZE]));
    // SAFETY: both strings end in NUL and live through the call; `data` has the size and alignment that crypt.h asks
    // for, zeroed as a fresh one must be.
    let out =
        unsafe { crypt_rn(phrase.as_ptr().cast(), setting.as_ptr(), data.0.as_mut_ptr().cast(), DATA_SIZE as c_int) };
    let hash = if out.is_null() {
        None
    } else {
        // SAFETY: not null, so it points to a NUL-terminated string inside `data`, which is alive.
        Some(unsafe { CStr::from_ptr(out) }.to_bytes().to_vec())
    };
    phrase.zeroize();
    data.0.zeroize();
    hash.filter(|h| !h.starts_with(b"*"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_hashes() {
        let hash =
            b"$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        assert_eq!(crypt(b"Hello world!", hash).as_deref(), Some(&hash[..]));
        assert_ne!(crypt(b"hello world!", hash).as_deref(), Some(&hash[..]));
        assert_eq!(crypt(b"x", b"!"), None);
        assert_eq!(crypt(b"a\0b", hash), None);
    }
}
