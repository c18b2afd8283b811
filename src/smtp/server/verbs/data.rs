//! DATA (RFC 5321 4.1.1.4).

use super::{Call, Flow, Reply, protocol_error};
use crate::smtp::server::action::Ask;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let state = &mut *call.state;
    let Some(transaction) = state.transaction.as_ref() else {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "Need MAIL command"));
    };
    if transaction.envelope.recipients.is_empty() {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "Need RCPT (recipient)"));
    }
    if call.early {
        return protocol_error(state, "DATA");
    }
    Flow::Ask(Ask::Data)
}
