//! VRFY and EXPN: `check_vrfy`, `check_expn`, then what routing makes of the address.

use super::{Flow, Ruled, State, ask, named, printable, ruled};
use crate::envelope::{Recipient, Target};
use crate::reply::{Enhanced, Reply};
use crate::route;
use crate::service::Services;
use crate::text::Line;

pub(super) fn verify(state: &mut State, services: &Services, argument: &[u8], expand: bool) -> Flow {
    if let Some(reply) = super::mail::unusable(argument) {
        return Flow::Reply(reply);
    }
    let mut macros = state.macros.clone();
    let ruleset = if expand { "check_expn" } else { "check_vrfy" };
    let verdict = ask(services, &mut macros, ruleset, &[argument]);
    if let Ruled::Reject(reply) = ruled(state, verdict, ruleset, &[argument], &named(argument)) {
        return Flow::Reply(reply);
    }
    let verified = route::verify(services, argument, expand);
    if let Some(fault) = verified.faults.into_iter().next() {
        return Flow::Reply(fault);
    }
    let local = |r: &Recipient| {
        let mailer = r.target.as_ref().and_then(|t| services.config.mailers.get(t.mailer));
        mailer.is_some_and(|m| m.flags.has(b'A') || m.flags.has(b'w'))
    };
    let code = if verified.recipients.iter().all(local) || expand { 250 } else { 252 };
    let found = verified.recipients.iter().take(MAX_LISTED);
    let lines: Vec<Line> = found.map(|r| Line::cleaned(&listed(state, services, r))).collect();
    if lines.is_empty() {
        return Flow::Reply(Reply::coded(554, (5, 5, 2), "Nothing to VRFY"));
    }
    Flow::Reply(Reply { code, enhanced: Some(Enhanced(2, 1, 5)), lines })
}

/// Addresses of one EXPN.
const MAX_LISTED: usize = 1000;

/// The address, and for one of our users the full name in front of it.
fn listed(state: &State, services: &Services, recipient: &Recipient) -> Vec<u8> {
    let mailer = |t: &Target| services.config.mailers.get(t.mailer);
    let ours = recipient.target.as_ref().filter(|t| mailer(t).is_some_and(|m| m.flags.has(b'w')));
    let address = full(state, ours.map_or(&recipient.address, |t| &t.user));
    let user = ours.and_then(|t| services.users.by_name(&t.user).ok().flatten());
    match user.map(|u| printable(&u.full_name)).filter(|name| !name.is_empty()) {
        Some(name) => [&*name, b" ", &*address].concat(),
        None => address,
    }
}

/// `<user@host>`: our name where there is none; programs and files as they are.
fn full(state: &State, address: &[u8]) -> Vec<u8> {
    let bare = address.strip_prefix(b"<").and_then(|a| a.strip_suffix(b">")).unwrap_or(address);
    let bare =
        bare.strip_prefix(b"\"").and_then(|a| a.strip_suffix(b"\"")).filter(|a| !a.contains(&b'"')).unwrap_or(bare);
    let bare = printable(bare);
    let complete = bare.contains(&b'@') || matches!(bare.first(), Some(b'|' | b'/' | b':' | b'"'));
    if complete { [b"<", &*bare, b">"].concat() } else { [b"<", &*bare, b"@", &*state.settings.host, b">"].concat() }
}
