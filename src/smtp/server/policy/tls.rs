//! TLS stands: its macros, the log line, `tls_client`; the session starts afresh (RFC 3207 4.2).

use super::{Flow, Ruled, State, ask, ruled};
use crate::log;
use crate::service::Services;
use crate::tls::TlsFacts;

pub(super) fn established(state: &mut State, services: &Services, facts: TlsFacts) -> Flow {
    let fresh = state.greeted;
    if !fresh {
        super::connect::identify(state, services);
    }
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
    state.begin_again();
    state.tls = Some(Box::new(facts));
    if !fresh {
        return super::connect::connect(state, services);
    }
    super::auth::offer(state, services);
    Flow::Go
}

impl State {
    /// `tls_client` about the session's security, asked after STARTTLS and at MAIL.
    pub(super) fn tls_client(&mut self, services: &Services, when: &[u8]) -> Option<Flow> {
        let verify = self.tls.as_ref().map_or_else(|| b"NONE".to_vec(), |t| t.verify.clone().into_bytes());
        let phase = if self.tls.is_some() { &b"STARTTLS"[..] } else { when };
        let args: [&[u8]; 2] = [&verify, phase];
        let verdict = ask(services, &mut self.macros, "tls_client", &args);
        match ruled(self, verdict, "tls_client", &args, b"") {
            Ruled::Reject(reply) if reply.code == 421 => Some(Flow::Close(reply)),
            Ruled::Reject(reply) => Some(Flow::Reply(reply)),
            Ruled::Accept | Ruled::Discard | Ruled::Quarantine(_) => None,
        }
    }
}
