//! What is no command here: typing errors, abuse, verbs that nobody implements, HTTP.

use super::{Call, Flow, Reply, State, count_bad, rejected, shown};
use crate::log;

/// SEND, SAML, SOML, TURN.
pub(super) fn not_implemented(call: &mut Call<'_>) -> Flow {
    if let Some(closing) = count_bad(call.state) {
        return closing;
    }
    let text = format!("Command not implemented: \"{}\"", shown(call.line));
    Flow::Reply(Reply::coded(502, (5, 5, 1), text))
}

/// Any other word.
pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let state = &mut *call.state;
    if let Some(closing) = count_bad(state) {
        return closing;
    }
    let verb: Vec<u8> = call.line.iter().copied().take_while(|b| !b.is_ascii_whitespace()).collect();
    if [&b"DEBUG"[..], b"WIZ", b"SHOWQ"].iter().any(|old| verb.eq_ignore_ascii_case(old)) {
        if state.rejected.is_some() {
            state.counters.bad -= 1;
            return rejected(state);
        }
        log::server::old_attack(state.log_id(), &verb.to_ascii_lowercase(), &state.client, state.facts.address());
    }
    let text = format!("Command unrecognized: \"{}\"", shown(call.line));
    Flow::Reply(Reply::coded(500, (5, 5, 1), text))
}

/// True for the verbs of HTTP and proxies.
pub(super) fn is_http(verb: &[u8]) -> bool {
    ["GET", "POST", "CONNECT", "USER"].iter().any(|v| verb.eq_ignore_ascii_case(v.as_bytes()))
}

/// A proxy speaks, or somebody through one: the session ends.
pub(super) fn http(state: &mut State, line: &[u8]) -> Flow {
    log::server::open_proxy(state.log_id(), &state.client, line);
    let client = String::from_utf8_lossy(&state.client).into_owned();
    let text = format!("{} Rejecting open proxy {client}", state.host());
    Flow::Close(Reply::coded(421, (4, 7, 0), text))
}
