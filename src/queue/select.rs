//! Which jobs a queue run or a listing takes: `-qI`, `-qR`, `-qS`, `-qQ`, `-qL`, `-qG`, each with `!` to invert.

use crate::envelope::Envelope;
use crate::text::Line;

/// Which jobs a queue run or listing takes. Several of one kind mean or, of different kinds and.
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

    /// True when jobs were picked by id, recipient or sender: then neither their age nor a hold counts.
    pub fn is_explicit(&self) -> bool {
        !(self.ids.is_empty() && self.recipients.is_empty() && self.senders.is_empty())
    }

    /// Does the identifier match?
    pub fn takes_id(&self, id: &[u8]) -> bool {
        any(&self.ids, |wanted| contains(id, wanted))
    }

    /// True when [`Selection::takes_envelope`] has something to ask.
    pub fn needs_envelope(&self) -> bool {
        !(self.recipients.is_empty() && self.senders.is_empty() && self.reasons.is_empty())
    }

    /// Do recipients, sender and reason match?
    pub fn takes_envelope(&self, e: &Envelope) -> bool {
        let recipients: Vec<&[u8]> = e.recipients.iter().map(|r| &r.address[..]).collect();
        self.takes(&recipients, &e.sender, e.quarantine.as_deref())
    }

    /// The same for what a reader of control files found.
    pub fn takes(&self, recipients: &[&[u8]], sender: &[u8], reason: Option<&[u8]>) -> bool {
        // Each recipient by itself: `!` takes a job with some recipient that does not match.
        let one = |(inverted, wanted): &(bool, Line)| recipients.iter().any(|r| contains(r, wanted) != *inverted);
        (self.recipients.is_empty() || self.recipients.iter().any(one))
            && any(&self.senders, |wanted| contains(sender, wanted))
            && any(&self.reasons, |wanted| reason.is_some_and(|q| contains(q, wanted)))
    }
}

/// True when there are no limits, or one of them holds.
fn any(limits: &[(bool, Line)], holds: impl Fn(&[u8]) -> bool) -> bool {
    limits.is_empty() || limits.iter().any(|(inverted, wanted)| holds(wanted) != *inverted)
}

/// `wanted` is in `text`, letter case aside.
fn contains(text: &[u8], wanted: &[u8]) -> bool {
    wanted.is_empty() || text.windows(wanted.len()).any(|w| w.eq_ignore_ascii_case(wanted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_of_a_kind_mean_or() {
        let mut s = Selection::default();
        assert!(s.is_all() && s.takes_id(b"6AMIXRXP004517"));
        s.ids = vec![(false, Line::cleaned(b"MIX")), (false, Line::cleaned(b"zz"))];
        assert!(s.is_explicit() && s.takes_id(b"6AMIXRXP004517") && !s.takes_id(b"6AMYXRXP004517"));
        s.ids = vec![(true, Line::cleaned(b"MIX"))];
        assert!(!s.takes_id(b"6AMIXRXP004517"));
        s = Selection { recipients: vec![(true, Line::cleaned(b"bob"))], ..Selection::default() };
        assert!(s.takes(&[b"bob", b"ann"], b"", None) && !s.takes(&[b"BOB"], b"", None));
    }
}
