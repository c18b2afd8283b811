//! STARTTLS (RFC 3207).

use super::{Call, Flow, Reply};
use crate::smtp::server::action::Ask;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let state = &mut *call.state;
    let refuse = |code, enhanced, text: &str| Flow::Reply(Reply::coded(code, enhanced, text));
    if !call.rest.is_empty() {
        return refuse(501, (5, 5, 2), "Syntax error (no parameters allowed)");
    }
    if !state.features.starttls {
        return refuse(503, (5, 5, 0), "TLS not available");
    }
    if state.tls.is_some() || !state.settings.tls {
        return refuse(454, (4, 3, 3), "TLS not available after start");
    }
    if state.transaction.is_some() {
        return refuse(503, (5, 5, 0), "TLS not permitted during a mail transaction");
    }
    if state.authenticated {
        return refuse(503, (5, 5, 0), "TLS not permitted after AUTH");
    }
    Flow::Ask(Ask::StartTls)
}
