//! Queue identifiers: fourteen characters of time, a counter and the process (operations guide, appendix B).
//!
//! `TTYMDhmsNNpppppp` without the file type prefix: year, month, day, hour, minute and second one character each,
//! two characters of a counter with a random start, six digits of the process id.

use crate::text::Line;
use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

/// The 60 digits of identifiers.
const DIGITS: &[u8; 60] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx";

/// A queue identifier: 8 to 20 letters and digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(Box<str>);

impl QueueId {
    /// Takes `text` when it can be an identifier: ASCII letters and digits only, as many as fit a file name here.
    pub fn parse(text: &[u8]) -> Option<QueueId> {
        let fits = (8..=20).contains(&text.len()) && text.iter().all(u8::is_ascii_alphanumeric);
        let text = std::str::from_utf8(text).ok()?;
        fits.then(|| QueueId(text.into()))
    }

    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier as a line.
    pub fn to_line(&self) -> Line {
        Line::cleaned(self.0.as_bytes())
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes identifiers; one for each process.
#[derive(Debug)]
pub struct IdGenerator {
    pid: u32,
    counter: AtomicU32,
}

impl IdGenerator {
    /// A generator for the process `pid` whose counter begins at `start` (a random number).
    pub fn new(pid: u32, start: u32) -> IdGenerator {
        IdGenerator { pid, counter: AtomicU32::new(start) }
    }

    /// The next identifier for a message created at `time`, given as UTC calendar fields:
    /// (year, month 0-11, day 1-31, hour, minute, second).
    pub fn next(&self, time: (i32, u32, u32, u32, u32, u32)) -> QueueId {
        let digit = |n: u32| DIGITS[(n % 60) as usize] as char;
        let count = self.counter.fetch_add(1, Ordering::Relaxed) % 3600;
        let (year, month, day, hour, minute, second) = time;
        let mut id = String::with_capacity(14);
        for n in [(year - 1900).rem_euclid(60) as u32, month, day, hour, minute, second, count / 60, count % 60] {
            id.push(digit(n));
        }
        id.push_str(&format!("{:06}", self.pid));
        QueueId(id.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_have_the_classic_form() {
        let ids = IdGenerator::new(366, 61);
        let id = ids.next((2026, 10, 22, 16, 12, 23));
        assert_eq!(id.as_str(), "6AMGCN11000366");
        assert_eq!(ids.next((2026, 10, 22, 16, 12, 23)).as_str(), "6AMGCN12000366");
        assert!(QueueId::parse(b"6AMGCN/1000366").is_none());
    }
}
