//! Queue identifiers: fourteen characters of time, a counter and the process (operations guide, appendix B).
//!
//! `TTYMDhmsNNpppppp` without the file type prefix: year, month, day, hour, minute and second one character each,
//! two characters of a counter with a random start, six digits of the process id. When the counter comes round within a second
//! one character more tells the rounds apart.

use crate::text::Line;
use std::fmt;
use std::sync::{Mutex, PoisonError};

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

/// UTC calendar fields: (year, month 0-11, day 1-31, hour, minute, second).
type Time = (i32, u32, u32, u32, u32, u32);

/// How many identifiers the two characters of the counter tell apart.
const ROUND: u32 = 3600;

/// Makes identifiers; one for each process.
#[derive(Debug)]
pub struct IdGenerator {
    pid: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    counter: u32,
    /// The present second, and how many identifiers it had.
    second: Time,
    made: u32,
}

impl IdGenerator {
    /// A generator for the process `pid` whose counter begins at `start` (a random number).
    pub fn new(pid: u32, start: u32) -> IdGenerator {
        IdGenerator { pid, state: Mutex::new(State { counter: start % ROUND, second: Time::default(), made: 0 }) }
    }

    /// The next identifier for a message created at `time`.
    pub fn next(&self, time: Time) -> QueueId {
        let digit = |n: u32| DIGITS[(n % 60) as usize] as char;
        let (count, round) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.second != time {
                (state.second, state.made) = (time, 0);
            }
            let now = (state.counter, state.made / ROUND);
            state.counter = (state.counter + 1) % ROUND;
            state.made = state.made.saturating_add(1);
            now
        };
        let (year, month, day, hour, minute, second) = time;
        let mut id = String::with_capacity(14);
        for n in [(year - 1900).rem_euclid(60) as u32, month, day, hour, minute, second, count / 60, count % 60] {
            id.push(digit(n));
        }
        id.push_str(&format!("{:06}", self.pid));
        if round > 0 {
            // A letter, which no process id has.
            id.push(digit(9 + round));
        }
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

    #[test]
    fn many_in_a_second_are_different() {
        let ids = IdGenerator::new(366, u32::MAX);
        let many: std::collections::HashSet<_> = (0..10_000).map(|_| ids.next((2026, 10, 22, 16, 12, 23))).collect();
        assert_eq!(many.len(), 10_000);
        assert!(many.iter().all(|id| QueueId::parse(id.as_str().as_bytes()).is_some()));
        assert_eq!(ids.next((2026, 10, 22, 16, 12, 24)).as_str().len(), 14);
    }
}
