//! Answers to a session's questions. Everything here may block: it runs in a pool, or directly in one-shot modes.
//!
//! What is allowed is decided by rule sets (`check_relay`, `check_mail`, `check_rcpt`, `check_data`, ...), with the macros that
//! they expect; this code knows only when to ask which, and how to say the answer.

mod auth;
mod connect;
mod etrn;
pub mod help;
mod mail;
mod message;
mod params;
mod rcpt;
mod tls;
mod verify;

use super::action::{Answer, Ask, Flow, Question};
use super::state::{State, Transaction};
use crate::cf::Macros;
use crate::log;
use crate::log::server::Ruling;
use crate::reply::Reply;
use crate::rewrite::{Explainer, Scope, Verdict};
use crate::service::Services;
use crate::text::Line;

/// Works on `question`.
pub fn answer(question: Question, services: &Services) -> Answer {
    let Question { ask, mut state } = question;
    let mut submit = None;
    let flow = match ask {
        Ask::Connect => connect::connect(&mut state, services),
        Ask::Mail(argument) => mail::mail(&mut state, services, &argument),
        Ask::Rcpt(argument) => rcpt::rcpt(&mut state, services, &argument),
        Ask::Data => message::data(&mut state, services),
        Ask::Part(text) => message::part(&mut state, &text),
        Ask::End { text, refused } => {
            let (flow, envelope) = message::end(&mut state, services, &text, refused);
            submit = envelope;
            flow
        }
        Ask::Lost(text, reason) => message::lost(&mut state, &text, reason),
        Ask::Verify(expand, argument) => verify::verify(&mut state, services, &argument, expand),
        Ask::Etrn(argument) => etrn::etrn(&state, services, &argument),
        Ask::Help(topic) => help::help(&state, &topic),
        Ask::AuthStart(mechanism, initial) => auth::start(&mut state, services, &mechanism, initial),
        Ask::AuthStep(response) => auth::step(&mut state, services, response),
        Ask::StartTls => tls::start(&mut state, services),
        Ask::Tls(facts) => tls::established(&mut state, services, *facts),
    };
    Answer { state, flow, submit }
}

/// What a rule set said, and with `ExplainRejects` why it refused.
struct Asked {
    verdict: Verdict,
    why: Option<Vec<u8>>,
}

/// Asks the rule set `name` about `args`, joined by `$|`.
fn ask(services: &Services, macros: &mut Macros, name: &str, args: &[&[u8]]) -> Asked {
    ask_with(services, macros, |scope| crate::rewrite::check(scope, name, args))
}

/// Asks in whatever way, watched when refusals are to be explained.
fn ask_with(services: &Services, macros: &mut Macros, check: impl FnOnce(&mut Scope<'_>) -> Verdict) -> Asked {
    let config = &*services.config;
    if !config.options.explain_rejects {
        let verdict = check(&mut Scope::new(config, macros, &*services.maps));
        return Asked { verdict, why: None };
    }
    let mut explainer = Explainer::new(config);
    let mut scope = Scope::new(config, macros, &*services.maps);
    scope.trace = Some(&mut explainer);
    let verdict = check(&mut scope);
    let refused = matches!(verdict, Verdict::Reject { .. } | Verdict::Discard | Verdict::Quarantine(_));
    let why = refused.then(|| crate::rewrite::explain::summary(config, &explainer.into_facts()));
    Asked { verdict, why: why.filter(|w| !w.is_empty()) }
}

/// What a check means for a session, once it is logged.
enum Ruled {
    Accept,
    Reject(Reply),
    Discard,
    Quarantine(Vec<u8>),
}

/// Asks a check and logs what it decides; `about` stands in front of the reply's text (`<user@host>... `).
fn ruled(state: &State, asked: Asked, ruleset: &str, args: &[&[u8]], about: &[u8]) -> Ruled {
    let Asked { verdict, why } = asked;
    let ruling = Ruling { ruleset, args, relay: &state.client, why: why.as_deref() };
    let id = state
        .id
        .as_ref()
        .filter(|_| !matches!(ruleset, "trust_auth" | "tls_client"))
        .map_or(log::Id::Bare, log::Id::Queue);
    match verdict {
        Verdict::Undefined | Verdict::Accept { .. } => Ruled::Accept,
        Verdict::Discard => {
            ruling.discard(id);
            Ruled::Discard
        }
        Verdict::Quarantine(reason) => {
            ruling.quarantine(id, &reason);
            Ruled::Quarantine(reason)
        }
        Verdict::Reject { code, enhanced, text } => {
            let named = !about.is_empty() && crate::rewrite::errors::names_address(code);
            let text = if named { [about, b"... ", &text].concat() } else { text };
            let reply = Reply::new(code, Some(enhanced), text);
            let reply = soften(state, reply);
            ruling.reject(id, &reply.to_text());
            Ruled::Reject(reply)
        }
        Verdict::TempFail => {
            let reply = Reply::coded(451, (4, 3, 0), "Temporary system failure. Please try again later.");
            ruling.reject(id, &reply.to_text());
            Ruled::Reject(reply)
        }
    }
}

/// `SoftBounce`: permanent refusals become temporary ones.
fn soften(state: &State, reply: Reply) -> Reply {
    if state.settings.soft_bounce { reply.softened() } else { reply }
}

/// Replaces control characters and 8-bit octets, so that a reply never carries them back.
fn printable(text: &[u8]) -> Vec<u8> {
    text.iter().map(|b| if matches!(b, b' '..=b'~') { *b } else { b'?' }).collect()
}

/// The longest text that a reply shows of what the client said.
const MOST_SHOWN: usize = 203;

/// An address as replies show it.
fn named(address: &[u8]) -> Vec<u8> {
    shortened(address, MOST_SHOWN)
}

/// [`printable`] text of at most `most` octets: a longer one loses its middle.
fn shortened(text: &[u8], most: usize) -> Vec<u8> {
    if text.len() <= most {
        return printable(text);
    }
    if most < 12 {
        return printable(text.get(..most).unwrap_or_default());
    }
    let half = (most - 3) / 2;
    let (start, end) = (text.get(..half).unwrap_or_default(), text.get(text.len() - half..).unwrap_or_default());
    [&*printable(start), b"...", &*printable(end)].concat()
}

fn line(bytes: &[u8]) -> Line {
    Line::cleaned(bytes)
}

/// The log lines of a transaction that comes to nothing: one `to=` for each recipient, one `from=`.
pub(super) fn log_abandoned(state: &State, transaction: &Transaction, why: &str) {
    let id = log::Id::Queue(&transaction.envelope.id);
    let delay = state.now() - transaction.envelope.created;
    if !why.is_empty() {
        for recipient in &transaction.envelope.recipients {
            log::server::to_untried(id, &recipient.address, delay.max(0), 0, why);
        }
    }
    log_from(state, transaction, transaction.envelope.size, None);
}

/// The `from=` line.
fn log_from(state: &State, transaction: &Transaction, size: u64, message_id: Option<&[u8]>) {
    let envelope = &transaction.envelope;
    let line = log::server::From {
        sender: &transaction.sender_given,
        size,
        class: envelope.class,
        recipients: envelope.recipients.len(),
        message_id,
        body_type: transaction.body_given.as_deref(),
        protocol: Some(state.protocol()),
        daemon: matches!(state.facts.peer, crate::smtp::server::facts::Peer::Net(_)).then_some(&state.facts.daemon[..]),
        relay: &state.client,
    };
    log::server::from(log::Id::Queue(&envelope.id), &line);
}

/// Text from outside for a log line made here.
fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(&printable(text)).into_owned()
}
