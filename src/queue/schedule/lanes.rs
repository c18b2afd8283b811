//! Work in its order, but by destination: what waits for a busy one lets others pass.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// A destination: a domain in lower case; behind a NUL an address here; empty for mixed mail.
pub(super) type Place = Box<[u8]>;

/// Waiting work, one queue for each destination.
pub(super) struct Lanes<T> {
    lanes: HashMap<Place, VecDeque<(u64, T)>>,
    /// The lanes by the number of their first piece of work.
    heads: BTreeMap<u64, Place>,
    next: u64,
    len: usize,
}

impl<T> Default for Lanes<T> {
    fn default() -> Lanes<T> {
        Lanes { lanes: HashMap::new(), heads: BTreeMap::new(), next: 0, len: 0 }
    }
}

impl<T> Lanes<T> {
    /// How much waits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// True when nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds work at the end.
    pub fn push(&mut self, place: Place, work: T) {
        let number = self.next;
        self.next += 1;
        self.len += 1;
        if !self.lanes.contains_key(&place) {
            self.heads.insert(number, place.clone());
        }
        self.lanes.entry(place).or_default().push_back((number, work));
    }

    /// Takes the first work whose destination `may` be used now.
    pub fn pop(&mut self, may: impl Fn(&[u8], &T) -> bool) -> Option<(Place, T)> {
        let allowed = |(_, place): &(&u64, &Place)| {
            self.lanes.get(*place).and_then(|lane| lane.front()).is_some_and(|(_, work)| may(place, work))
        };
        let number = *self.heads.iter().find(allowed)?.0;
        let place = self.heads.remove(&number)?;
        let lane = self.lanes.get_mut(&place)?;
        let (_, work) = lane.pop_front()?;
        self.len -= 1;
        match lane.front() {
            Some((next, _)) => {
                self.heads.insert(*next, place.clone());
            }
            None => {
                self.lanes.remove(&place);
            }
        }
        Some((place, work))
    }

    /// Takes everything out, in order.
    pub fn drain(&mut self) -> Vec<T> {
        let mut all: Vec<(u64, T)> = self.lanes.drain().flat_map(|(_, lane)| lane).collect();
        all.sort_by_key(|(number, _)| *number);
        self.heads.clear();
        self.len = 0;
        all.into_iter().map(|(_, work)| work).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn others_pass_a_busy_destination() {
        let mut lanes = Lanes::default();
        for (place, n) in [("a", 1), ("a", 2), ("b", 3), ("a", 4), ("c", 5)] {
            lanes.push(place.as_bytes().into(), n);
        }
        assert_eq!(lanes.len(), 5);
        let mut next = |busy: &str| lanes.pop(|p, _| p != busy.as_bytes()).map(|(_, n)| n);
        assert_eq!([next("a"), next(""), next("a"), next("a")], [Some(3), Some(1), Some(5), None]);
        assert_eq!(lanes.drain(), [2, 4]);
        assert!(lanes.is_empty());
    }
}
