//! QUIT (RFC 5321 4.1.1.10).

use super::{Call, Flow, Reply};

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    Flow::Close(Reply::coded(221, (2, 0, 0), format!("{} closing connection", call.state.host())))
}
