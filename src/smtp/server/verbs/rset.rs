//! RSET (RFC 5321 4.1.1.5).

use super::{Call, Flow, Reply, abandon, slow_down};

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let limit = call.state.settings.max_noop;
    if let Some(flow) = slow_down(call, |s| &mut s.counters.rset, limit, "RSET") {
        return flow;
    }
    abandon(call.state, "RSET");
    Flow::Reply(Reply::coded(250, (2, 0, 0), "Reset state"))
}
