//! Lists with owners: their recipients go on in an envelope whose sender is the owner (aliases(5), `owner-`).

use crate::envelope::{Envelope, RecipientState};
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

/// `env` without recipients, with another sender and a new id.
fn clone(svc: &Services, env: &Envelope, sender: Line) -> Envelope {
    let at = clock::utc(svc.clock.now().0);
    let id = svc.ids.next((at.year, at.month, at.day, at.hour, at.minute, at.second));
    let mut copy = Envelope { id, sender, recipients: Vec::new(), ..env.clone() };
    copy.flags.split = true;
    copy
}
