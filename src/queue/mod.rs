//! The queue: control and data files (`qf`, `df` ...), the store that commits them, selection and scheduling.
pub mod file;
pub mod store;

use crate::text::Line;

/// Which jobs a queue run or listing takes: `-qI`, `-qR`, `-qS`, `-qQ`, `-qG`; `!` inverts. Several of one kind mean
/// or, of different kinds and.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Queue group.
    pub group: Option<String>,
    /// Substrings of identifiers: (inverted, text).
    pub ids: Vec<(bool, Line)>,
    /// Substrings of recipients.
    pub recipients: Vec<(bool, Line)>,
    /// Substrings of senders.
    pub senders: Vec<(bool, Line)>,
    /// Substrings of quarantine reasons.
    pub reasons: Vec<(bool, Line)>,
    /// Quarantined jobs instead of the others (`-qQ`).
    pub quarantined: bool,
    /// Lost jobs instead of the others (`-qL`).
    pub lost: bool,
}

impl Selection {
    /// True when every normal job is meant.
    pub fn is_all(&self) -> bool {
        *self == Selection::default()
    }
}
