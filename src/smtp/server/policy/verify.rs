//! VRFY and EXPN: `check_vrfy`, `check_expn`, then what routing makes of the address.

use super::{Flow, Ruled, State, ask, printable, ruled};
use crate::envelope::Origin;
use crate::log;
use crate::reply::{Enhanced, Reply};
use crate::route;
use crate::service::Services;
use crate::text::Line;

pub(super) fn verify(state: &mut State, services: &Services, argument: &[u8], expand: bool) -> Flow {
    if let Some(reply) = super::mail::not_printable(argument) {
        return Flow::Reply(reply);
    }
    let mut macros = state.macros.clone();
    let ruleset = if expand { "check_expn" } else { "check_vrfy" };
    let verdict = ask(services, &mut macros, ruleset, &[argument]);
    if let Ruled::Reject(reply) = ruled(state, verdict, ruleset, &[argument], &printable(argument)) {
        return Flow::Reply(reply);
    }
    let mut envelope = super::mail::scratch(state, services);
    let refused = |reply: Reply| {
        let text = reply.lines.first().map(|l| l.to_vec()).unwrap_or_default();
        log::server::user_error(state.log_id(), &text);
        Flow::Reply(reply)
    };
    let parsed = match route::parse_recipient(services, &mut macros, argument) {
        Ok(parsed) => parsed,
        Err(reply) => return refused(reply),
    };
    let mailer = services.config.mailers.get(parsed.target.mailer);
    let local = mailer.is_some_and(|m| m.flags.has(b'A') || m.flags.has(b'w'));
    if let Err(reply) = route::add_recipient(services, &mut envelope, parsed, &Default::default(), &Origin::Direct) {
        return refused(reply);
    }
    if !expand {
        let address = envelope.recipients.first().map(|r| full(state, &r.address)).unwrap_or_default();
        let code = if local { 250 } else { 252 };
        return Flow::Reply(Reply::coded(code, (2, 1, 5), address));
    }
    let found = envelope.recipients.iter().filter(|r| !r.alias);
    let lines: Vec<Line> = found.map(|r| Line::cleaned(&full(state, &r.address))).take(1000).collect();
    if lines.is_empty() {
        return Flow::Reply(Reply::coded(550, (5, 1, 1), [&*printable(argument), b"... User unknown"].concat()));
    }
    Flow::Reply(Reply { code: 250, enhanced: Some(Enhanced(2, 1, 5)), lines })
}

/// `<user@host>`: our name where there is none; programs and files as they are.
fn full(state: &State, address: &[u8]) -> Vec<u8> {
    let bare = address.strip_prefix(b"<").and_then(|a| a.strip_suffix(b">")).unwrap_or(address);
    let bare = printable(bare);
    let complete = bare.contains(&b'@') || matches!(bare.first(), Some(b'|' | b'/' | b':' | b'"'));
    if complete { [b"<", &*bare, b">"].concat() } else { [b"<", &*bare, b"@", &*state.settings.host, b">"].concat() }
}
