//! HELO and EHLO (RFC 5321 4.1.1.1).

use super::{Call, Flow, MAX_HELO, Reply, State, abandon, protocol_error, slow_down};
use crate::log;
use crate::text::Line;

pub(super) fn ehlo(call: &mut Call<'_>) -> Flow {
    run(call, true)
}

pub(super) fn helo(call: &mut Call<'_>) -> Flow {
    run(call, false)
}

fn run(call: &mut Call<'_>, extended: bool) -> Flow {
    let verb = if extended { "EHLO" } else { "HELO" };
    if let Some(flow) = slow_down(call, |s| &mut s.counters.helo, MAX_HELO, "HELO/EHLO") {
        return flow;
    }
    let state = &mut *call.state;
    if call.early {
        return protocol_error(state, verb);
    }
    if call.rest.is_empty() {
        return Flow::Reply(Reply::coded(501, (5, 0, 0), format!("{verb} requires domain address")));
    }
    let name = call.rest.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    if !call.rest.iter().all(|b| is_name_octet(*b)) || call.rest.len() > MAX_NAME {
        let bogus = state.settings.allow_bogus_helo && call.rest.len() <= MAX_NAME;
        let shown = if call.rest.len() > MAX_NAME { b"too long" } else { name };
        log::server::invalid_domain(state.log_id(), &state.client, shown, bogus);
        if !bogus {
            return Flow::Reply(Reply::coded(501, (5, 0, 0), "Invalid domain name"));
        }
    }
    if state.transaction.is_some() {
        abandon(state, verb);
    }
    state.helo = Some(name.to_vec());
    state.extended = extended;
    state.macros.set("s", name);
    let protocol = state.protocol();
    state.macros.set("r", protocol);
    Flow::Reply(greeting(state, extended))
}

/// Longest name taken (RFC 5321 4.5.3.1.2 has 255).
const MAX_NAME: usize = 255;

/// The octets that the original takes in a name.
fn is_name_octet(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'[' | b']' | b'.' | b'-' | b'_' | b'#' | b':')
}

fn greeting(state: &mut State, extended: bool) -> Reply {
    let client = String::from_utf8_lossy(&state.client).into_owned();
    let hello = format!("{} Hello {client}, pleased to meet you", state.host());
    let mut reply = Reply::new(250, None, hello);
    if extended {
        reply.lines.extend(extensions(state).iter().map(|e| Line::cleaned(e.as_bytes())));
    }
    reply
}

/// The extensions offered, in the original's order.
fn extensions(state: &State) -> Vec<String> {
    let mut list = vec!["ENHANCEDSTATUSCODES".to_owned()];
    if state.rejected.is_some() {
        return list;
    }
    let (features, settings) = (&state.features, &state.settings);
    let mut offer = |offered: bool, text: &str| {
        if offered {
            list.push(text.to_owned());
        }
    };
    offer(features.pipelining, "PIPELINING");
    offer(features.expn, "EXPN");
    offer(features.expn && features.verb, "VERB");
    offer(true, "8BITMIME");
    match settings.max_message_size {
        0 => offer(true, "SIZE"),
        most => offer(true, &format!("SIZE {most}")),
    }
    offer(features.dsn, "DSN");
    offer(features.etrn, "ETRN");
    offer(features.auth && !state.mechanisms.is_empty(), &format!("AUTH {}", state.mechanisms.join(" ")));
    offer(features.starttls && settings.tls && state.tls.is_none(), "STARTTLS");
    match settings.deliver_by_min {
        0 => offer(true, "DELIVERBY"),
        least if least > 0 => offer(true, &format!("DELIVERBY {least}")),
        _ => {}
    }
    offer(true, "HELP");
    list
}
