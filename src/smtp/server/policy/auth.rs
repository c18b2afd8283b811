//! AUTH: which mechanisms are offered, the exchange, and what follows a success (`${auth_*}`, `trust_auth` comes at MAIL).

use super::{Flow, State};
use crate::log;
use crate::reply::Reply;
use crate::sasl::{Facts, Step, security};
use crate::service::Services;
use crate::smtp::server::facts::Peer;
use zeroize::Zeroizing;

/// Steps of one exchange; no mechanism needs as many.
const MAX_STEPS: u32 = 16;

/// Sets the mechanisms to offer: what there is, narrowed by AuthMechanisms and AuthOptions.
pub(super) fn offer(state: &mut State, services: &Services) {
    state.mechanisms.clear();
    if !state.features.auth || state.rejected.is_some() {
        return;
    }
    let settings = &state.settings;
    state.mechanisms = services
        .auth
        .mechanisms(&facts(state))
        .into_iter()
        .filter(|m| settings.auth_mechanisms.is_empty() || settings.auth_mechanisms.contains(m))
        .collect();
    // The order is that of AuthMechanisms.
    let place = |m: &String| settings.auth_mechanisms.iter().position(|a| a == m);
    state.mechanisms.sort_by_key(place);
}

fn facts(state: &State) -> Facts {
    let end = |socket: std::net::SocketAddr| format!("{};{}", socket.ip().to_canonical(), socket.port());
    let wanted = security::of(&state.settings.auth_options);
    // srv_features may say otherwise for this client.
    let security = match state.features.plain_needs_tls {
        true => wanted | security::NO_PLAINTEXT,
        false => wanted & !security::NO_PLAINTEXT,
    };
    let verified = state.tls.as_ref().filter(|t| t.verify == "OK");
    Facts {
        tls_bits: state.tls.as_ref().map_or(0, |t| t.bits),
        external: verified.map(|t| t.cert_subject.clone()),
        host: state.settings.host.clone(),
        realm: state.settings.auth_realm.clone(),
        security,
        local: state.facts.local.map(end).unwrap_or_default(),
        remote: match state.facts.peer {
            Peer::Net(socket) => end(socket),
            Peer::User { .. } => String::new(),
        },
    }
}

pub(super) fn start(
    state: &mut State,
    services: &Services,
    mechanism: &str,
    initial: Option<Zeroizing<Vec<u8>>>,
) -> Flow {
    let Some(mut exchange) = services.auth.start(mechanism, &facts(state)) else {
        return Flow::Reply(Reply::coded(454, (4, 3, 0), "Please try again later"));
    };
    let step = exchange.step(initial);
    state.auth_steps = 1;
    state.exchange = Some((mechanism.to_owned(), exchange));
    follow(state, services, step)
}

pub(super) fn step(state: &mut State, services: &Services, response: Zeroizing<Vec<u8>>) -> Flow {
    state.auth_steps += 1;
    let Some((_, exchange)) = state.exchange.as_mut().filter(|_| state.auth_steps <= MAX_STEPS) else {
        state.exchange = None;
        return Flow::Reply(Reply::coded(535, (5, 7, 0), "authentication failed"));
    };
    let step = exchange.step(Some(response));
    follow(state, services, step)
}

fn follow(state: &mut State, services: &Services, step: Step) -> Flow {
    let mechanism = match (&step, state.exchange.take()) {
        (Step::Challenge(text), Some(exchange)) => {
            let flow = Flow::Challenge(text.clone());
            state.exchange = Some(exchange);
            return flow;
        }
        (_, exchange) => exchange.map(|e| e.0).unwrap_or_default(),
    };
    match step {
        Step::Done(identity) => {
            let client = state.client.clone();
            log::server::auth(state.log_id(), &client, &identity.authen, &mechanism, identity.ssf);
            state.macros.set("{auth_authen}", &identity.authen);
            state.macros.set("{auth_type}", &mechanism);
            state.macros.set("{auth_ssf}", identity.ssf.to_string());
            state.authenticated = true;
            let protocol = state.protocol();
            state.macros.set("r", protocol);
            offer(state, services);
            Flow::Reply(Reply::coded(235, (2, 0, 0), "OK Authenticated"))
        }
        Step::Failed(failure) => {
            log::server::auth_failure(state.log_id(), &mechanism, &failure, &state.client);
            Flow::Reply(if failure.transient {
                Reply::coded(454, (4, 7, 0), "Temporary authentication failure")
            } else {
                Reply::coded(535, (5, 7, 0), "authentication failed")
            })
        }
        Step::Challenge(_) => Flow::Reply(Reply::coded(454, (4, 3, 0), "Please try again later")),
    }
}
