//! One envelope becomes several: lists with owners go on under the owner's name (aliases(5), `owner-`); recipients of
//! different queue groups, and more than a group takes in one envelope (`r=`), part too (operations guide 2.3.1).

use crate::envelope::{Envelope, QueueId, Recipient, RecipientState};
use crate::service::Services;
use crate::sys::clock;
use crate::text::Line;

/// Moves the recipients that have an owner (`owners` stands beside `env.recipients`) into envelopes of their own.
pub(super) fn by_owner(svc: &Services, env: &mut Envelope, owners: Vec<Option<Line>>) -> Vec<Envelope> {
    let mut copies: Vec<Envelope> = Vec::new();
    let recipients = std::mem::take(&mut env.recipients);
    for (n, recipient) in recipients.into_iter().enumerate() {
        let owner = owners.get(n).cloned().flatten().filter(|o| *o != env.sender);
        let open = matches!(recipient.state, RecipientState::Pending | RecipientState::Deferred);
        match owner {
            Some(owner) if open => match copies.iter_mut().find(|c| c.sender == owner) {
                Some(copy) => copy.recipients.push(recipient),
                None => {
                    let mut copy = clone(svc, env, owner);
                    copy.recipients.push(recipient);
                    copies.push(copy);
                }
            },
            _ => env.recipients.push(recipient),
        }
    }
    copies
}

/// Parts `env` by queue groups, then by how many recipients a group takes. The lowest group stays in `env`, and with it all
/// recipients for whom no group was chosen; an envelope that is in the queue already keeps `home`, its group.
pub fn by_group(svc: &Services, env: &mut Envelope, home: Option<usize>) -> Vec<Envelope> {
    let chosen = |r: &Recipient| r.target.as_ref().map_or(r.group, |t| t.group);
    let lowest = env.recipients.iter().filter_map(chosen).min();
    let first = home.or(lowest).unwrap_or(0);
    let most = |group: usize| {
        let limit = svc.config.queue_groups.get(group).and_then(|g| g.recipients).and_then(|n| usize::try_from(n).ok());
        limit.filter(|n| *n > 0).unwrap_or(usize::MAX)
    };
    if home.is_none() {
        env.group = first;
    }
    let open =
        |r: &Recipient| matches!(r.state, RecipientState::Pending | RecipientState::Deferred | RecipientState::Queued);
    let parted = env.recipients.iter().filter(|r| open(r)).filter_map(chosen).any(|g| g != first);
    if !parted && env.recipients.iter().filter(|r| open(r)).count() <= most(first) {
        return Vec::new();
    }
    let (mut recipients, settled): (Vec<_>, Vec<_>) = std::mem::take(&mut env.recipients).into_iter().partition(open);
    recipients.sort_by_key(|r| (chosen(r).is_some_and(|g| g != first), chosen(r).unwrap_or(usize::MAX)));
    let mut others: Vec<Envelope> = Vec::new();
    for recipient in recipients {
        let group = chosen(&recipient).unwrap_or(first);
        if group == first {
            env.recipients.push(recipient);
            continue;
        }
        match others.iter_mut().find(|e| e.group == group) {
            Some(other) => other.recipients.push(recipient),
            None => {
                let mut other = clone(svc, env, env.sender.clone());
                (other.group, other.recipients) = (group, vec![recipient]);
                others.push(other);
            }
        }
    }
    let ids: Vec<QueueId> = others.iter().map(|e| e.id.clone()).collect();
    if !ids.is_empty() {
        crate::log::queue::split(&env.id, None, &ids);
    }
    let mut all = cut(svc, env, most(first));
    for mut other in others {
        let limit = most(other.group);
        let cut = cut(svc, &mut other, limit);
        all.push(other);
        all.extend(cut);
    }
    env.flags.split = true;
    env.recipients.extend(settled);
    all
}

/// Leaves `most` recipients in `env`; gives envelopes for the others.
fn cut(svc: &Services, env: &mut Envelope, most: usize) -> Vec<Envelope> {
    let count = env.recipients.len();
    if count <= most {
        return Vec::new();
    }
    let rest = env.recipients.split_off(most);
    let mut rest = rest.into_iter().peekable();
    let mut parts = Vec::new();
    while rest.peek().is_some() {
        let mut part = clone(svc, env, env.sender.clone());
        part.recipients = rest.by_ref().take(most).collect();
        parts.push(part);
    }
    let ids: Vec<QueueId> = parts.iter().map(|e| e.id.clone()).collect();
    crate::log::queue::split(&env.id, Some((most, count)), &ids);
    parts
}

/// `env` without recipients, with another sender and a new id.
fn clone(svc: &Services, env: &Envelope, sender: Line) -> Envelope {
    let at = clock::utc(svc.clock.now().0);
    let id = svc.ids.next((at.year, at.month, at.day, at.hour, at.minute, at.second));
    let mut copy = Envelope { id, sender, recipients: Vec::new(), ..env.clone() };
    copy.flags.split = true;
    copy
}

#[cfg(test)]
mod tests {
    use super::by_group;
    use crate::deliver::attempt::testing::{bench, message};

    /// Recipients of envelopes; `1` and `2` in a name stand for the group.
    fn parts(names: &[&str], home: Option<usize>) -> Vec<(usize, Vec<String>)> {
        let b = bench("Qone, P=/q/1, r=2\nQtwo, P=/q/2\n");
        let mut e = message(names, 1);
        for r in &mut e.recipients {
            r.group = r.address.iter().find(|b| b"12".contains(b)).map(|b| usize::from(b - b'0'));
        }
        let others = by_group(&b.svc, &mut e, home);
        let named = |e: &crate::envelope::Envelope| {
            (e.group, e.recipients.iter().map(|r| String::from_utf8_lossy(&r.address).into_owned()).collect())
        };
        [&e].into_iter().chain(&others).map(named).collect()
    }

    #[test]
    fn envelopes_part_as_the_originals_do() {
        let got = parts(&["a1", "b2", "c1", "d", "e1", "f1", "g1"], None);
        let of = |group: usize, names: &[&str]| (group, names.iter().map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(got, [of(1, &["a1", "c1"]), of(1, &["e1", "f1"]), of(1, &["g1", "d"]), of(2, &["b2"])]);
        assert_eq!(parts(&["d", "e"], None), [of(0, &["d", "e"])]);
        assert_eq!(parts(&["d", "b2"], None), [of(2, &["d", "b2"])], "who has no group goes along");
        assert_eq!(parts(&["d", "b2"], Some(0)), [of(0, &["d"]), of(2, &["b2"])], "already in the queue");
    }
}
