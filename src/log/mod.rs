//! Log lines: one function each, in the original's words and field order, since programs read them.
//!
//! Every value goes through [`Field`], which escapes control characters: one record is one line. The text goes to the
//! `log` crate with the queue id in front; `role` points env_logger at syslog or the terminal. `LogLevel` decides here.

use std::fmt;

/// Bytes as a log field: printable ASCII and bytes from 0xA0 up stay, control characters become `\ooo`.
pub struct Field<'a>(pub &'a [u8]);

impl fmt::Display for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for &b in self.0 {
            match b {
                b' '..=b'~' => write!(f, "{}", b as char)?,
                _ => write!(f, "\\{b:03o}")?,
            }
        }
        Ok(())
    }
}
