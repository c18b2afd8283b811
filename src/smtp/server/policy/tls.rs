//! TLS: what `tls_srv_features` asks for before it; and when it stands its macros, the log line, `tls_client`, and a session that
//! starts afresh (RFC 3207 4.2).

use super::{Flow, Ruled, State, ask, ruled};
use crate::log;
use crate::reply::Reply;
use crate::rewrite::Verdict;
use crate::service::Services;
use crate::smtp::server::facts::address_text;
use crate::tls::TlsFacts;
use crate::tls::server::Wishes;

/// STARTTLS.
pub(super) fn start(state: &mut State, services: &Services) -> Flow {
    match wishes(state, services) {
        Some(wishes) => Flow::StartTls(Some(Reply::coded(220, (2, 0, 0), "Ready to start TLS")), Box::new(wishes)),
        None => Flow::Reply(Reply::coded(454, (4, 3, 3), "TLS currently not available")),
    }
}

/// TLS from the first octet on (`M=s`).
pub(super) fn start_at_once(state: &mut State, services: &Services) -> Flow {
    match wishes(state, services).filter(|_| state.settings.tls) {
        Some(wishes) => Flow::StartTls(None, Box::new(wishes)),
        None => Flow::Hangup,
    }
}

/// What `tls_srv_features` says of this client; `None` when that cannot be followed.
fn wishes(state: &mut State, services: &Services) -> Option<Wishes> {
    let Some(address) = state.facts.address() else { return Some(Wishes::default()) };
    let (name, address) = (state.client_name.clone(), address_text(address).into_bytes());
    let text = match ask(services, &mut state.macros, "tls_srv_features", &[&name, &address]).verdict {
        Verdict::Undefined => return Some(Wishes::default()),
        Verdict::Accept { text, .. } => text,
        _ => return None,
    };
    let text = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(&text);
    let relay = [&*name, b" [", &*address, b"]"].concat();
    Wishes::parse(text, &services.config.options, &relay)
}

/// TLS stands.
pub(super) fn established(state: &mut State, services: &Services, facts: TlsFacts) -> Flow {
    let line = log::server::Tls {
        version: &facts.version,
        verify: &facts.verify,
        cipher: &facts.cipher,
        bits: facts.bits,
        algorithm_bits: facts.algorithm_bits,
    };
    log::server::starttls(&state.client, &line);
    log::server::starttls_certificate(&facts.cert_subject, &facts.cert_issuer, &facts.verify_message);
    facts.set_macros(&mut state.macros);
    let verify = facts.verify.clone();
    state.begin_again();
    state.tls = Some(Box::new(facts));
    let args: [&[u8]; 2] = [verify.as_bytes(), b"STARTTLS"];
    let verdict = ask(services, &mut state.macros, "tls_client", &args);
    if let Ruled::Reject(reply) = ruled(state, verdict, "tls_client", &args, b"") {
        // Commands get this answer from now on.
        state.rejected = Some(reply);
    }
    if !state.greeted {
        return super::connect::welcome(state, services);
    }
    super::auth::offer(state, services);
    Flow::Go
}
