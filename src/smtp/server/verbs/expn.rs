//! EXPN (RFC 5321 4.1.1.7).

use super::{Call, Flow, MAX_VERIFY, Reply, count_bad, slow_down};
use crate::cf::options::Privacy;
use crate::log;
use crate::smtp::server::action::Ask;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    if let Some(flow) = slow_down(call, |s| &mut s.counters.verify, MAX_VERIFY, "EXPN") {
        return flow;
    }
    let state = &mut *call.state;
    state.did_something = true;
    if state.settings.privacy.has(Privacy::NEED_EXPN_HELO) && state.features.expn && state.helo.is_none() {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "I demand that you introduce yourself first"));
    }
    let offered = state.features.expn;
    log::server::verify(state.log_id(), &state.client, call.line, !offered);
    if !offered {
        if let Some(closing) = count_bad(state) {
            return closing;
        }
        return Flow::Reply(Reply::coded(502, (5, 7, 0), "Sorry, we do not allow this operation"));
    }
    if call.rest.is_empty() {
        return Flow::Reply(Reply::coded(501, (5, 5, 2), "Argument required"));
    }
    Flow::Ask(Ask::Verify(true, call.rest.to_vec()))
}
