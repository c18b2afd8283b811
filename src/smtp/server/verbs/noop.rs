//! NOOP (RFC 5321 4.1.1.9).

use super::{Call, Flow, Reply, slow_down};

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let limit = call.state.settings.max_noop;
    match slow_down(call, |s| &mut s.counters.noop, limit, "NOOP") {
        Some(flow) => flow,
        None => Flow::Reply(Reply::coded(250, (2, 0, 0), "OK")),
    }
}
