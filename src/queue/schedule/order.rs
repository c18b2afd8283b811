//! Which jobs are due, and in which order (`QueueSortOrder`, `MinQueueAge`, `MaxQueueAge`, `MaxQueueRunSize`, load).

use crate::cf::Config;
use crate::cf::options::QueueSort;
use crate::queue::Selection;
use crate::queue::store::{Store, Summary, domain_of};
use std::collections::HashMap;
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
pub(super) fn skip(config: &Config, job: &Summary, selection: &Selection, now: i64) -> Option<Skip> {
    if selection.is_explicit() || job.attempts == 0 {
        return None;
    }
    let since = now.saturating_sub(job.last_attempt);
    // A clock that was set back must not stop a message.
    if since < 0 {
        return None;
    }
    if since < config.options.min_queue_age.secs() {
        return Some(Skip::Young);
    }
    let most = config.options.max_queue_age.secs();
    let rest = job.last_attempt.saturating_sub(job.created).min(most);
    (most > 0 && since < rest).then_some(Skip::Resting)
}

/// The jobs of a run, in their order. `groups`: the queue groups whose turn it is, if not all.
pub(super) fn due(
    config: &Config,
    store: &dyn Store,
    selection: &Selection,
    groups: Option<&[usize]>,
    now: i64,
) -> Vec<Summary> {
    let mut jobs = match store.summaries(selection) {
        Ok(jobs) => jobs,
        Err(e) => {
            crate::log::queue::skipping_run(&format!("cannot read the queue: {e:?}"));
            return Vec::new();
        }
    };
    jobs.retain(|job| {
        let turn = groups.is_none_or(|g| g.contains(&job.group));
        turn && (selection.group.is_some() || has_runners(config, job.group))
    });
    jobs.retain(|job| skip(config, job, selection, now).is_none());
    sort(config.options.queue_sort_order, &mut jobs);
    let general = config.options.max_queue_run_size;
    let mut room: HashMap<usize, usize> = HashMap::new();
    jobs.retain(|job| {
        let limit = config.queue_groups.get(job.group).and_then(|g| g.jobs).unwrap_or(general);
        let most = usize::try_from(limit).ok().filter(|n| *n > 0).unwrap_or(usize::MAX);
        let taken = room.entry(job.group).or_default();
        *taken += 1;
        *taken <= most
    });
    jobs
}

/// `R=0`: a group that nothing but `-qG` runs.
fn has_runners(config: &Config, group: usize) -> bool {
    config.queue_groups.get(group).is_none_or(|g| g.runners != Some(0))
}

fn sort(order: QueueSort, jobs: &mut [Summary]) {
    let id = |job: &Summary| job.id.as_str().to_owned();
    match order {
        QueueSort::Priority => jobs.sort_by(|a, b| (a.priority, a.created, &a.id).cmp(&(b.priority, b.created, &b.id))),
        // Hosts are compared from their end, so that a domain's hosts come together.
        QueueSort::Host => jobs.sort_by_cached_key(|j| (reversed(&domain_of(&j.first)), j.priority, j.created, id(j))),
        QueueSort::Time => jobs.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id))),
        QueueSort::ModTime => {
            jobs.sort_by(|a, b| (a.last_attempt, a.created, &a.id).cmp(&(b.last_attempt, b.created, &b.id)))
        }
        QueueSort::Random => {
            let random = RandomState::new();
            jobs.sort_by_cached_key(|j| random.hash_one(&j.id));
        }
        QueueSort::FileName | QueueSort::None => jobs.sort_by(|a, b| a.id.cmp(&b.id)),
    }
}

/// The labels of a domain in reverse.
fn reversed(domain: &[u8]) -> Vec<u8> {
    let mut labels: Vec<&[u8]> = domain.split(|b| *b == b'.').collect();
    labels.reverse();
    labels.join(&b'.')
}

/// True when a job need not be tried while its destination rests: nothing is to be told to its sender yet.
pub(super) fn is_patient(config: &Config, job: &Summary, now: i64) -> bool {
    if job.attempts == 0 {
        return false;
    }
    let t = &config.options.timeouts;
    let returns = [t.queuereturn_normal, t.queuereturn_urgent, t.queuereturn_nonurgent, t.queuereturn_dsn];
    let warns = [t.queuewarn_normal, t.queuewarn_urgent, t.queuewarn_nonurgent, t.queuewarn_dsn];
    let earliest = returns.into_iter().min().unwrap_or(0);
    let warning = warns.into_iter().filter(|w| *w > 0 && !job.warned).min().unwrap_or(i64::MAX);
    now.saturating_sub(job.created) < earliest.min(warning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::QueueId;

    #[test]
    fn load_and_priority() {
        assert!(!queue_only(3, 8, 600_000, i64::MAX));
        assert!(!queue_only(8, 8, 600_000, 600_000) && queue_only(8, 8, 600_000, 600_001));
        assert!(queue_only(13, 8, 600_000, 100_001));
    }

    #[test]
    fn orders() {
        let job = |id: &str, priority: i64, created: i64, last: i64, to: &str| {
            let text = format!("V8\nT{created}\nK{last}\nN1\nP{priority}\nS<a@b>\nRPFD:<x@{to}>\nH??S: x\n.\n");
            Summary::read(QueueId::parse(id.as_bytes()).expect("id"), 0, text.as_bytes())
        };
        let jobs = [
            job("6AMIXRXC004517", 1, 30, 5, "b.example.com"),
            job("6AMIXRXA004517", 2, 20, 9, "a.test"),
            job("6AMIXRXB004517", 3, 10, 7, "a.example.com"),
        ];
        let by = |order| {
            let mut sorted = jobs.to_vec();
            sort(order, &mut sorted);
            sorted.iter().map(|j| j.priority).collect::<Vec<_>>()
        };
        assert_eq!(by(QueueSort::Priority), [1, 2, 3]);
        assert_eq!(by(QueueSort::Time), [3, 2, 1]);
        assert_eq!(by(QueueSort::ModTime), [1, 3, 2]);
        assert_eq!(by(QueueSort::FileName), [2, 3, 1]);
        assert_eq!(by(QueueSort::Host), [3, 1, 2]);
        let mut random = by(QueueSort::Random);
        random.sort_unstable();
        assert_eq!(random, [1, 2, 3]);
        assert_eq!((&*jobs[0].first, jobs[0].one_domain), (&b"x@b.example.com"[..], true));
    }
}
