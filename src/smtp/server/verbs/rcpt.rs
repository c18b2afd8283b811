//! RCPT (RFC 5321 4.1.1.3): order and syntax; the recipient itself is policy's.

use super::{Call, Flow, Reply, shown};
use crate::log;
use crate::smtp::codec::command::after_colon;
use crate::smtp::server::action::Ask;
use std::time::Duration;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let state = &mut *call.state;
    let Some(transaction) = state.transaction.as_ref() else {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "Need MAIL before RCPT"));
    };
    let (bad, throttle) = (transaction.bad_recipients, state.settings.bad_rcpt_throttle);
    if throttle > 0 && bad >= throttle && !call.paid {
        if bad == throttle {
            log::server::throttled(state.log_id(), &state.client);
        }
        return Flow::Delay(Duration::from_secs(1));
    }
    match after_colon(call.rest, "to") {
        Ok(argument) => Flow::Ask(Ask::Rcpt(argument.to_vec())),
        Err(word) => {
            let text = format!("Syntax error in parameters scanning \"{}\"", shown(word));
            log::server::user_error(state.log_id(), text.as_bytes());
            Flow::Reply(Reply::coded(501, (5, 5, 2), text))
        }
    }
}
