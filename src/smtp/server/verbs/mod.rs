//! The verbs: one file each. A verb looks at the state, changes it, and says how the session goes on; what may block it
//! asks for ([`Flow::Ask`]) and [`super::policy`] does it.

mod auth;
mod data;
mod etrn;
mod expn;
mod helo;
mod help;
mod mail;
mod noop;
mod quit;
mod rcpt;
mod rset;
mod starttls;
mod unknown;
mod verb;
mod vrfy;

pub(super) use auth::response;

use super::action::Flow;
use super::facts::address_text;
use super::state::State;
use crate::log;
use crate::reply::Reply;
use crate::smtp::codec::command::Command;
use crate::smtp::codec::line::LineReader;
use std::time::Duration;

/// Bad commands before the session is closed.
const MAX_BAD: u32 = 25;
/// HELO and EHLO commands before slow-down.
const MAX_HELO: u32 = 3;
/// VRFY and EXPN commands before slow-down.
const MAX_VERIFY: u32 = 6;
/// ETRN commands before slow-down.
const MAX_ETRN: u32 = 8;
/// AUTH commands before slow-down.
const MAX_AUTH: u32 = 4;
/// The longest wait.
const MAX_DELAY: Duration = Duration::from_secs(240);

/// What a verb is given.
pub(super) struct Call<'a> {
    /// The state of the session.
    pub state: &'a mut State,
    /// What follows the verb.
    pub rest: &'a [u8],
    /// The whole line.
    pub line: &'a [u8],
    /// More input waits behind the command.
    pub early: bool,
    /// The command was delayed already.
    pub paid: bool,
}

/// A row of the table of verbs.
struct Verb {
    name: &'static str,
    /// The name in `lost input channel ... after NAME`.
    log_name: &'static str,
    run: fn(&mut Call<'_>) -> Flow,
    /// It works even in a session that is rejected.
    always: bool,
}

/// Verbs that wait a second each while the load is above DelayLA.
const DELAYED: [&str; 12] =
    ["MAIL", "RCPT", "DATA", "EHLO", "HELO", "NOOP", "HELP", "VRFY", "EXPN", "ETRN", "AUTH", "STARTTLS"];

const VERBS: &[Verb] = &[
    Verb { name: "MAIL", log_name: "mail", run: mail::run, always: false },
    Verb { name: "RCPT", log_name: "rcpt", run: rcpt::run, always: false },
    Verb { name: "DATA", log_name: "data", run: data::run, always: false },
    Verb { name: "EHLO", log_name: "ehlo", run: helo::ehlo, always: true },
    Verb { name: "HELO", log_name: "helo", run: helo::helo, always: true },
    Verb { name: "RSET", log_name: "rset", run: rset::run, always: true },
    Verb { name: "NOOP", log_name: "noop", run: noop::run, always: true },
    Verb { name: "QUIT", log_name: "quit", run: quit::run, always: true },
    Verb { name: "HELP", log_name: "help", run: help::run, always: false },
    Verb { name: "VRFY", log_name: "vrfy", run: vrfy::run, always: false },
    Verb { name: "EXPN", log_name: "expn", run: expn::run, always: false },
    Verb { name: "ETRN", log_name: "etrn", run: etrn::run, always: false },
    Verb { name: "VERB", log_name: "verb", run: verb::run, always: false },
    Verb { name: "AUTH", log_name: "auth", run: auth::run, always: false },
    Verb { name: "STARTTLS", log_name: "starttls", run: starttls::run, always: false },
    Verb { name: "SEND", log_name: "send", run: unknown::not_implemented, always: false },
    Verb { name: "SAML", log_name: "saml", run: unknown::not_implemented, always: false },
    Verb { name: "SOML", log_name: "soml", run: unknown::not_implemented, always: false },
    Verb { name: "TURN", log_name: "turn", run: unknown::not_implemented, always: false },
];

/// Does the command in `line`; `input` is what waits behind it.
pub(super) fn run(state: &mut State, line: &[u8], input: &LineReader, eof: bool) -> Flow {
    let command = Command::parse(line);
    let paid = std::mem::take(&mut state.paid);
    let early = spoke_early(state, input, eof);
    let first = !std::mem::replace(&mut state.spoke, true);
    if (first || state.features.close_on_http) && unknown::is_http(command.verb) {
        return unknown::http(state, line);
    }
    let verb = VERBS.iter().find(|v| command.verb.eq_ignore_ascii_case(v.name.as_bytes()));
    state.last = verb.map_or("startup", |v| v.log_name);
    if !paid
        && verb.is_some_and(|v| DELAYED.contains(&v.name))
        && let Some(load) = state.facts.overload()
    {
        if !std::mem::replace(&mut state.delayed, true) {
            log::server::delaying_commands(state.log_id(), load, state.facts.delay_load);
        }
        state.waited = true;
        return Flow::Delay(Duration::from_secs(1));
    }
    // A slow-down comes on top of a wait for the load.
    let paid = paid && !std::mem::take(&mut state.waited);
    let mut call = Call { state, rest: command.rest, line, early, paid };
    match verb {
        None => unknown::run(&mut call),
        Some(verb) if !verb.always && call.state.rejected.is_some() => rejected(call.state),
        Some(verb) => (verb.run)(&mut call),
    }
}

/// Input stands in the buffer that should have waited for a reply, and the session does not allow that.
pub(super) fn spoke_early(state: &State, input: &LineReader, _eof: bool) -> bool {
    !state.features.early_talk && !input.is_empty()
}

/// The answer to input ahead of EHLO's or DATA's reply; all that follows is rejected. After DATA it would be the text of a
/// message: the session ends.
pub(super) fn protocol_error(state: &mut State, command: &str) -> Flow {
    let address = state.facts.address().map(address_text).unwrap_or_default();
    log::server::early_traffic(state.log_id(), command, &state.client_name, &address);
    state.rejected = Some(Reply::coded(550, (5, 0, 0), "Command rejected"));
    abandon(state, "");
    let reply = Reply::coded(554, (5, 5, 0), "SMTP protocol error");
    if command == "DATA" { Flow::Close(reply) } else { Flow::Reply(reply) }
}

/// The greeting for a client that spoke before it; all that follows is rejected.
pub(super) fn pre_greeting_traffic(state: &mut State, waited: Duration) -> Reply {
    let address = state.facts.address().map(address_text).unwrap_or_default();
    log::server::pre_greeting_traffic(state.log_id(), &state.client_name, &address, waited.as_secs());
    state.rejected = Some(Reply::coded(550, (5, 0, 0), "Command rejected"));
    state.greeted = true;
    Reply::new(554, None, format!("{} ESMTP not accepting messages", state.host()))
}

/// A command line with NUL or a bare CR in it: counted, never executed.
pub(super) fn spoiled(state: &mut State) -> Flow {
    match count_bad(state) {
        Some(closing) => closing,
        None => Flow::Reply(Reply::coded(501, (5, 5, 2), "Syntax error: control character in command")),
    }
}

fn rejected(state: &mut State) -> Flow {
    if let Some(closing) = count_bad(state) {
        return closing;
    }
    let reply = state.rejected.clone();
    Flow::Reply(reply.unwrap_or_else(|| Reply::coded(550, (5, 0, 0), "Command rejected")))
}

/// Counts a bad command; the answer once there are too many.
fn count_bad(state: &mut State) -> Option<Flow> {
    state.counters.bad += 1;
    (state.counters.bad > MAX_BAD).then(|| {
        let text = format!("{} Too many bad commands; closing connection", state.host());
        Flow::Close(Reply::coded(421, (4, 7, 0), text))
    })
}

/// The slow-down of a verb: from the `limit`th command on each waits, twice as long as the one before.
fn slow_down(call: &mut Call<'_>, counter: fn(&mut State) -> &mut u32, limit: u32, command: &str) -> Option<Flow> {
    if call.paid || limit == 0 {
        return None;
    }
    let count = {
        let counter = counter(call.state);
        *counter = counter.saturating_add(1);
        *counter
    };
    if count < limit {
        return None;
    }
    if count == limit {
        log::server::attack(call.state.log_id(), &call.state.client, command, count);
    }
    let seconds = 1u64.checked_shl(count - limit).unwrap_or(u64::MAX);
    Some(Flow::Delay(Duration::from_secs(seconds).min(MAX_DELAY)))
}

/// Drops the transaction under way, with the log lines that tell of it; `why` stands in `stat=`.
pub(super) fn abandon(state: &mut State, why: &str) {
    if let Some(transaction) = state.transaction.take() {
        super::policy::log_abandoned(state, &transaction, why);
    }
    state.renew_id();
}

/// The session is over.
pub(super) fn end(state: &mut State) {
    if !state.did_something && state.rejected.is_none() {
        log::server::did_not_issue(state.log_id(), &state.client, &state.facts.daemon);
    }
    if let Some(transaction) = state.transaction.take() {
        let why = if state.last == "quit" { "aborted by sender" } else { "" };
        super::policy::log_abandoned(state, &transaction, why);
    }
}

/// Text from outside as a reply may show it: printable ASCII only, and not too much of it.
fn shown(text: &[u8]) -> String {
    const MOST: usize = 203;
    let clean: String = text.iter().filter(|b| matches!(b, b' '..=b'~')).map(|b| char::from(*b)).collect();
    if clean.len() <= MOST {
        return clean;
    }
    let half = (MOST - 3) / 2;
    format!("{}...{}", clean.get(..half).unwrap_or_default(), clean.get(clean.len() - half..).unwrap_or_default())
}
