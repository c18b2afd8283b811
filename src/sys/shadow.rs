//! The shadow password file through getspnam_r(3).

use std::ffi::{CStr, CString, c_char};
use zeroize::Zeroizing;

/// A shadow entry; days since 1970, -1 for no limit.
#[derive(Clone)]
pub struct Entry {
    /// The hash, or what stands in its place.
    pub hash: Zeroizing<Vec<u8>>,
    /// Day of the last change; 0: the password must be changed.
    pub last_change: i64,
    /// Days that a password is valid.
    pub max: i64,
    /// Days after that until the account is closed.
    pub inactive: i64,
    /// Day on which the account expires.
    pub expire: i64,
}

/// Largest buffer tried for one entry.
const MAX_BUFFER: usize = 1 << 16;

/// The entry of `name`; `Ok(None)` when there is none, an error when the file cannot be read.
pub fn entry(name: &[u8]) -> std::io::Result<Option<Entry>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    let mut buffer: Zeroizing<Vec<c_char>> = Zeroizing::new(vec![0; 1024]);
    loop {
        // SAFETY: all zeroes is a valid `spwd`.
        let mut spwd: libc::spwd = unsafe { std::mem::zeroed() };
        let mut found: *mut libc::spwd = std::ptr::null_mut();
        // SAFETY: all pointers are to live values; the buffer's length is the one given.
        let rc = unsafe { libc::getspnam_r(name.as_ptr(), &mut spwd, buffer.as_mut_ptr(), buffer.len(), &mut found) };
        match rc {
            0 if found.is_null() => return Ok(None),
            0 => {
                // SAFETY: the call succeeded, so `sp_pwdp` points to a NUL-terminated string in `buffer`.
                let hash = unsafe { CStr::from_ptr(spwd.sp_pwdp) }.to_bytes().to_vec();
                return Ok(Some(Entry {
                    hash: Zeroizing::new(hash),
                    last_change: spwd.sp_lstchg,
                    max: spwd.sp_max,
                    inactive: spwd.sp_inact,
                    expire: spwd.sp_expire,
                }));
            }
            libc::ERANGE if buffer.len() < MAX_BUFFER => buffer = Zeroizing::new(vec![0; buffer.len() * 4]),
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(std::io::Error::from_raw_os_error(error)),
        }
    }
}
