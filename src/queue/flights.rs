//! Which jobs are being delivered, for the process that outlives a crash.
//!
//! The delivering process notes the identifiers in memory that it shares with its parent. When it dies, the parent finds there
//! what was in flight. A job that was so at two crashes is taken for their cause and set aside ([`Crashes`]). A process
//! that somebody killed (`SIGKILL`) did not crash.

use crate::envelope::QueueId;
use crate::sys::shared::SharedWords;
use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers in a place: a length and the letters of an identifier (20 at most).
const WORDS: usize = 4;
/// Jobs that are noted at once; more are delivered unnoted.
const PLACES: usize = 256;
/// Jobs remembered between crashes.
const MOST: usize = 10_000;

/// The table.
pub struct Flights(SharedWords);

/// A place that is taken while a job is delivered.
pub struct Flight<'a>(Option<&'a [AtomicU64]>);

impl Flights {
    /// An empty table.
    pub fn new() -> io::Result<Flights> {
        SharedWords::new(WORDS * PLACES).map(Flights)
    }

    /// Notes that `id` is being delivered until the result is dropped.
    pub fn begin(&self, id: &QueueId) -> Flight<'_> {
        let text = id.as_str().as_bytes();
        let free = self.0.words().chunks_exact(WORDS).find(|place| {
            let [length, ..] = place else { return false };
            // The length is written last; this number means that the place is being filled.
            length.compare_exchange(0, u64::MAX, Ordering::AcqRel, Ordering::Relaxed).is_ok()
        });
        if let Some([length, letters @ ..]) = free {
            for (word, part) in letters.iter().zip(text.chunks(8)) {
                let mut bytes = [0; 8];
                bytes.iter_mut().zip(part).for_each(|(to, from)| *to = *from);
                word.store(u64::from_le_bytes(bytes), Ordering::Relaxed);
            }
            length.store(text.len() as u64, Ordering::Release);
        }
        Flight(free)
    }

    /// The jobs that are being delivered.
    pub fn under_way(&self) -> Vec<QueueId> {
        let read = |place: &[AtomicU64]| {
            let (length, letters) = place.split_first()?;
            let length = usize::try_from(length.load(Ordering::Acquire)).ok().filter(|n| *n > 0)?;
            let text: Vec<u8> = letters.iter().flat_map(|w| w.load(Ordering::Relaxed).to_le_bytes()).collect();
            QueueId::parse(text.get(..length)?)
        };
        self.0.words().chunks_exact(WORDS).filter_map(read).collect()
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some([length, ..]) = self.0 {
            length.store(0, Ordering::Release);
        }
    }
}

/// How often jobs were under way when the delivering process crashed.
#[derive(Debug, Default)]
pub struct Crashes(HashMap<QueueId, u32>);

impl Crashes {
    /// Counts a crash; gives the jobs that were in flight at another one before.
    pub fn count(&mut self, under_way: Vec<QueueId>) -> Vec<QueueId> {
        if self.0.len() > MOST {
            self.0.clear();
        }
        let mut twice = Vec::new();
        for id in under_way {
            let count = self.0.entry(id.clone()).or_default();
            *count += 1;
            if *count >= 2 {
                self.0.remove(&id);
                twice.push(id);
            }
        }
        twice
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_in_flight_twice() {
        let flights = Flights::new().expect("memory");
        let id = |n: u32| QueueId::parse(format!("6AMIXR{n:02}004517").as_bytes()).expect("id");
        let long = QueueId::parse(b"6AMIXR000045171234ab").expect("id");
        let (one, two, three) = (flights.begin(&id(1)), flights.begin(&id(2)), flights.begin(&long));
        assert_eq!(flights.under_way(), [id(1), id(2), long.clone()]);
        drop(two);
        let four = flights.begin(&id(4));
        assert_eq!(flights.under_way(), [id(1), id(4), long]);
        drop((one, three, four));
        assert!(flights.under_way().is_empty());
        let kept: Vec<_> = (0..300).map(|n| flights.begin(&id(n % 100))).collect();
        assert_eq!(flights.under_way().len(), PLACES);
        drop(kept);
        let mut crashes = Crashes::default();
        assert!(crashes.count(vec![id(1), id(2)]).is_empty());
        assert_eq!(crashes.count(vec![id(2), id(3)]), [id(2)]);
        assert_eq!(crashes.count(vec![id(1)]), [id(1)]);
    }
}
