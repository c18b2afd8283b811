//! ETRN (RFC 1985).

use super::{Call, Flow, MAX_ETRN, Reply, count_bad, slow_down};
use crate::log;
use crate::smtp::server::action::Ask;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    call.state.did_something = true;
    let offered = call.state.features.etrn;
    if offered && call.rest.is_empty() {
        return Flow::Reply(Reply::coded(500, (5, 5, 2), "Parameter required"));
    }
    if let Some(flow) = slow_down(call, |s| &mut s.counters.etrn, MAX_ETRN, "ETRN") {
        return flow;
    }
    let state = &mut *call.state;
    log::server::verify(state.log_id(), &state.client, call.line, !offered);
    if !offered {
        if let Some(closing) = count_bad(state) {
            return closing;
        }
        return Flow::Reply(Reply::coded(502, (5, 7, 0), "Sorry, we do not allow this operation"));
    }
    Flow::Ask(Ask::Etrn(call.rest.to_vec()))
}
