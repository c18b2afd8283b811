//! VRFY (RFC 5321 4.1.1.6).

use super::{Call, Flow, MAX_VERIFY, Reply, count_bad, slow_down};
use crate::cf::options::Privacy;
use crate::log;
use crate::smtp::server::action::Ask;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    if let Some(flow) = slow_down(call, |s| &mut s.counters.verify, MAX_VERIFY, "VRFY") {
        return flow;
    }
    let state = &mut *call.state;
    state.did_something = true;
    let privacy = state.settings.privacy;
    if privacy.has(Privacy::NEED_VRFY_HELO) && !privacy.has(Privacy::NO_VRFY) && state.helo.is_none() {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "I demand that you introduce yourself first"));
    }
    log::server::verify(state.log_id(), &state.client, call.line, privacy.has(Privacy::NO_VRFY));
    if privacy.has(Privacy::NO_VRFY) {
        if let Some(closing) = count_bad(state) {
            return closing;
        }
        let text = "Cannot VRFY user; try RCPT to attempt delivery (or try finger)";
        return Flow::Reply(Reply::coded(252, (2, 5, 2), text));
    }
    if call.rest.is_empty() {
        return Flow::Reply(Reply::coded(501, (5, 5, 2), "Argument required"));
    }
    Flow::Ask(Ask::Verify(false, call.rest.to_vec()))
}
