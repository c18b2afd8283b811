//! MAIL (RFC 5321 4.1.1.2): order and syntax; the sender itself is policy's.

use super::{Call, Flow, Reply, shown};
use crate::cf::options::Privacy;
use crate::log;
use crate::smtp::codec::command::after_colon;
use crate::smtp::server::action::Ask;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let state = &mut *call.state;
    state.did_something = true;
    if state.settings.privacy.has(Privacy::NEED_MAIL_HELO) && state.helo.is_none() {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "Polite people say HELO first"));
    }
    if state.transaction.is_some() {
        return Flow::Reply(Reply::coded(503, (5, 5, 0), "Sender already specified"));
    }
    if state.features.auth_required && !state.authenticated {
        return Flow::Reply(Reply::coded(530, (5, 7, 0), "Authentication required"));
    }
    match after_colon(call.rest, "from") {
        Ok(argument) => {
            if state.helo.is_none() && state.settings.privacy.has(Privacy::AUTH_WARNINGS) {
                log::server::no_helo(state.log_id(), &state.settings.host, &state.client);
            }
            Flow::Ask(Ask::Mail(argument.to_vec()))
        }
        Err(word) => {
            let text = format!("Syntax error in parameters scanning \"{}\"", shown(word));
            Flow::Reply(Reply::coded(501, (5, 5, 2), text))
        }
    }
}
