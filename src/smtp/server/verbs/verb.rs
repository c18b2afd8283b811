//! VERB: accepted for old clients.

use super::{Call, Flow, Reply, count_bad, slow_down};

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    if !call.state.features.verb {
        if let Some(closing) = count_bad(call.state) {
            return closing;
        }
        return Flow::Reply(Reply::coded(502, (5, 7, 0), "Verbose unavailable"));
    }
    let limit = call.state.settings.max_noop;
    if let Some(flow) = slow_down(call, |s| &mut s.counters.verb, limit, "VERB") {
        return flow;
    }
    call.state.verbose = true;
    Flow::Reply(Reply::coded(250, (2, 0, 0), "Verbose mode"))
}
