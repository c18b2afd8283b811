//! AUTH (RFC 4954).

use super::{Call, Flow, MAX_AUTH, Reply, State, shown, slow_down};
use crate::log;
use crate::smtp::server::action::Ask;
use base64::Engine;
use zeroize::Zeroizing;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    let refuse = |code, enhanced, text: String| Flow::Reply(Reply::coded(code, enhanced, text));
    let state = &mut *call.state;
    if !state.features.auth || state.mechanisms.is_empty() {
        return refuse(503, (5, 3, 3), "AUTH not available".into());
    }
    if state.authenticated {
        return refuse(503, (5, 5, 0), "Already Authenticated".into());
    }
    if state.transaction.is_some() {
        return refuse(503, (5, 5, 0), "AUTH not permitted during a mail transaction".into());
    }
    // A client may try each mechanism once.
    let limit = u32::try_from(state.mechanisms.len() + 1).unwrap_or(MAX_AUTH).max(MAX_AUTH);
    if let Some(flow) = slow_down(call, |s| &mut s.counters.auth, limit, "AUTH") {
        return flow;
    }
    let state = &mut *call.state;
    let mut words = call.rest.splitn(2, u8::is_ascii_whitespace);
    let mechanism = words.next().unwrap_or_default();
    if mechanism.is_empty() {
        return refuse(501, (5, 5, 2), "AUTH mechanism must be specified".into());
    }
    let name = String::from_utf8_lossy(mechanism).to_ascii_uppercase();
    if !state.mechanisms.iter().any(|m| *m == name) {
        return refuse(504, (5, 3, 3), format!("AUTH mechanism {} not available", shown(mechanism)));
    }
    let initial = words.next().unwrap_or_default().trim_ascii();
    let initial = match initial {
        b"" => None,
        b"=" => Some(Zeroizing::new(Vec::new())),
        coded => match base64::engine::general_purpose::STANDARD.decode(coded) {
            Ok(bytes) => Some(Zeroizing::new(bytes)),
            Err(_) => {
                log::server::auth_decode(state.log_id(), &state.client, coded.len());
                return refuse(501, (5, 5, 4), format!("cannot BASE64 decode '{}'", shown(coded)));
            }
        },
    };
    Flow::Ask(Ask::AuthStart(name, initial))
}

/// The client's line after a challenge.
pub(in crate::smtp::server) fn response(state: &mut State, line: &[u8]) -> Flow {
    let line = line.trim_ascii();
    if line == b"*" {
        state.exchange = None;
        return Flow::Reply(Reply::coded(501, (5, 0, 0), "AUTH aborted"));
    }
    match base64::engine::general_purpose::STANDARD.decode(line) {
        Ok(bytes) => Flow::Ask(Ask::AuthStep(Zeroizing::new(bytes))),
        Err(_) => {
            state.exchange = None;
            log::server::auth_decode(state.log_id(), &state.client, line.len());
            Flow::Reply(Reply::coded(501, (5, 5, 4), format!("cannot decode AUTH parameter {}", shown(line))))
        }
    }
}
