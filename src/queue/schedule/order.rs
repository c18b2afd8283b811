//! Which jobs are due, and in which order (`QueueSortOrder`, `MinQueueAge`, `MaxQueueAge`, `MaxQueueRunSize`, load).

use crate::cf::Config;
use crate::cf::options::QueueSort;
use crate::envelope::{Envelope, QueueId};
use crate::queue::Selection;
use crate::queue::store::Store;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// The load formula of the operations guide (5.6, QueueLA): at this load, is a message of this priority only queued?
pub(super) fn load_says_queue(config: &Config, priority: i64) -> bool {
    let limit = match config.options.queue_la {
        0 => 8 * std::thread::available_parallelism().map_or(1, |n| n.get() as i64),
        limit => limit,
    };
    queue_only(crate::sys::load::average(), limit, config.options.queue_factor, priority)
}

fn queue_only(load: i64, limit: i64, factor: i64, priority: i64) -> bool {
    load >= limit && priority > factor / (load - limit + 1)
}

/// Why a job is not tried in this run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Skip {
    /// Tried less than `MinQueueAge` ago.
    Young,
    /// `MaxQueueAge`: it is tried less and less often.
    Resting,
}

/// Does the time since the last attempt forbid another one? A job that was asked for is always due.
pub(super) fn skip(config: &Config, e: &Envelope, selection: &Selection, now: i64) -> Option<Skip> {
    if selection.is_explicit() || e.attempts == 0 {
        return None;
    }
    let since = now.saturating_sub(e.last_attempt);
    // A clock that was set back must not stop a message.
    if since < 0 {
        return None;
    }
    if since < config.options.min_queue_age.secs() {
        return Some(Skip::Young);
    }
    let most = config.options.max_queue_age.secs();
    let rest = e.last_attempt.saturating_sub(e.created).min(most);
    (most > 0 && since < rest).then_some(Skip::Resting)
}

/// The jobs of a run, in their order.
pub fn due(config: &Config, store: &dyn Store, selection: &Selection, now: i64) -> Vec<QueueId> {
    let mut ids = store.list(selection).unwrap_or_default();
    let sort = config.options.queue_sort_order;
    let ages = config.options.min_queue_age.secs() > 0 || config.options.max_queue_age.secs() > 0;
    let random = RandomState::new();
    match sort {
        QueueSort::FileName | QueueSort::None if !ages => {}
        QueueSort::Random if !ages => ids.sort_by_cached_key(|id| random.hash_one(id)),
        _ => {
            let read = ids.into_iter().filter_map(|id| {
                let e = store.peek(&id).ok().flatten()?;
                if skip(config, &e, selection, now).is_some() {
                    return None;
                }
                Some((key(sort, &e, &random), id))
            });
            let mut keyed: Vec<(Key, QueueId)> = read.collect();
            keyed.sort();
            ids = keyed.into_iter().map(|(_, id)| id).collect();
        }
    }
    let most = usize::try_from(config.options.max_queue_run_size).unwrap_or(0);
    if most > 0 {
        ids.truncate(most);
    }
    ids
}

/// What a run is sorted by.
type Key = (Vec<u8>, i64, i64);

fn key(sort: QueueSort, e: &Envelope, random: &RandomState) -> Key {
    match sort {
        QueueSort::Priority => (Vec::new(), e.priority, e.created),
        // Hosts are compared from their end, so that a domain's hosts come together.
        QueueSort::Host => (host(e), e.priority, e.created),
        QueueSort::Time => (Vec::new(), e.created, 0),
        QueueSort::ModTime => (Vec::new(), e.last_attempt, e.created),
        QueueSort::Random => (Vec::new(), random.hash_one(&e.id) as i64, 0),
        QueueSort::FileName | QueueSort::None => (e.id.as_str().as_bytes().to_vec(), 0, 0),
    }
}

/// The first recipient's host, labels reversed.
pub(super) fn host(e: &Envelope) -> Vec<u8> {
    let address = e.recipients.first().map(|r| &r.address[..]).unwrap_or_default();
    let address = address.strip_suffix(b">").unwrap_or(address);
    let Some(at) = address.iter().rposition(|b| *b == b'@') else { return Vec::new() };
    let mut labels: Vec<&[u8]> = address.get(at + 1..).unwrap_or_default().split(|b| *b == b'.').collect();
    labels.reverse();
    labels.join(&b'.').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::queue_only;

    #[test]
    fn load_and_priority() {
        assert!(!queue_only(3, 8, 600_000, i64::MAX));
        assert!(!queue_only(8, 8, 600_000, 600_000) && queue_only(8, 8, 600_000, 600_001));
        assert!(queue_only(13, 8, 600_000, 100_001));
    }
}
