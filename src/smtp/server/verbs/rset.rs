//! RSET (RFC 5321 4.1.1.5).

use super::{Call, Flow, Reply, abandon};

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    abandon(call.state, "RSET");
    Flow::Reply(Reply::coded(250, (2, 0, 0), "Reset state"))
}
