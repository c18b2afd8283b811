//! Queue groups: `Q` lines (sendmail operations guide 5.10).

use super::mailer::equates;
use super::options::value::{number, seconds};
use super::problem::{Fault, printable};

/// The equates of a `Q` line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct QueueGroup {
    /// The name.
    pub name: String,
    /// `P=` / `Path=`: directory, with a `*` at the end for several.
    pub path: Option<Vec<u8>>,
    /// `F=`: `f` forks for every runner.
    pub flags: Vec<u8>,
    /// `I=`: seconds between queue runs.
    pub interval: Option<i64>,
    /// `J=`: jobs of a run.
    pub jobs: Option<i64>,
    /// `N=`: niceness of runners.
    pub nice: Option<i64>,
    /// `R=`: runners.
    pub runners: Option<i64>,
    /// `r=`: recipients of an envelope.
    pub recipients: Option<i64>,
}

impl QueueGroup {
    /// A group with nothing set but its name.
    pub fn named(name: &str) -> QueueGroup {
        QueueGroup {
            name: name.to_string(),
            path: None,
            flags: Vec::new(),
            interval: None,
            jobs: None,
            nice: None,
            runners: None,
            recipients: None,
        }
    }

    /// Reads a `Q` line's text (without the `Q`).
    pub(super) fn parse(text: &[u8], faults: &mut Vec<Fault>) -> Option<QueueGroup> {
        let (name, fields) = equates(text);
        if name.is_empty() {
            faults.push(Fault::error("name required for queue"));
            return None;
        }
        let mut group = QueueGroup::named(&printable(&name));
        for (key, value) in fields {
            match key.first() {
                Some(b'P') => group.path = Some(value),
                Some(b'F') => group.flags = value,
                Some(b'I') => group.interval = Some(seconds(&value, b'm', faults)),
                Some(b'J') => group.jobs = Some(number(&value)),
                Some(b'N') => group.nice = Some(number(&value)),
                Some(b'R') => group.runners = Some(number(&value)),
                Some(b'r') => group.recipients = Some(number(&value)),
                _ => {
                    let text = format!("Q{}: unknown queue equate {}=", group.name, printable(&key));
                    faults.push(Fault::error(text));
                }
            }
        }
        Some(group)
    }
}
