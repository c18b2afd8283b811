//! DATA and what follows: `check_data`, the header checks, `check_eoh`, `check_eom`, the commit.
//!
//! 250 is said only after [`crate::queue::store::Store::commit`] came back; whatever goes wrong before is a 4xx or 5xx and leaves nothing behind.

use super::{Flow, Ruled, State, ask, line, ruled};
use crate::cf::HeaderDef;
use crate::envelope::{BodyType, Envelope};
use crate::header::Field;
use crate::log;
use crate::queue::store::StoreError;
use crate::reply::Reply;
use crate::rewrite;
use crate::route;
use crate::service::Services;
use crate::smtp::server::action::{Framing, READ_TIMEOUT};
use crate::smtp::server::collect::{Collected, Collector, Fault, Limits, complete, message_id, only_recipient};
use crate::smtp::server::state::Transaction;

/// The longest header value that a rule set gets to see.
const MAX_CHECKED: usize = 1000;

/// DATA: may it begin.
pub(super) fn data(state: &mut State, services: &Services) -> Flow {
    let Some(mut transaction) = state.transaction.take() else {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "Need MAIL command"));
    };
    let recipients = transaction.envelope.recipients.len().to_string();
    transaction.macros.set("{nrcpts}", &recipients);
    let verdict = ask(services, &mut transaction.macros, "check_data", &[recipients.as_bytes()]);
    let ruling = ruled(state, verdict, "check_data", &[recipients.as_bytes()], b"");
    match ruling {
        Ruled::Accept => {}
        Ruled::Discard => transaction.discard = true,
        Ruled::Quarantine(reason) => transaction.envelope.quarantine = Some(line(&reason)),
        Ruled::Reject(reply) => {
            state.transaction = Some(transaction);
            return Flow::Reply(reply);
        }
    }
    let spool = if transaction.discard {
        None
    } else {
        match services.store.spool(&transaction.envelope.id) {
            Ok(spool) => Some(spool),
            Err(error) => {
                state.transaction = Some(transaction);
                return Flow::Reply(store_failed(state, &error));
            }
        }
    };
    let limits = Limits {
        headers: state.settings.max_headers_length,
        message: state.settings.max_message_size,
        save_from_line: state.settings.save_from_line,
        no_nul: state.settings.reject_nul,
    };
    transaction.collector = Some(Collector::new(limits, spool));
    state.transaction = Some(transaction);
    Flow::Collect(Reply::new(354, None, "End data with <CR><LF>.<CR><LF>"))
}

/// A part of the text.
pub(super) fn part(state: &mut State, text: &[u8]) -> Flow {
    if let Some(collector) = state.transaction.as_mut().and_then(|t| t.collector.as_mut()) {
        collector.text(text);
    }
    Flow::Go
}

/// The input ended inside the text, or stood still too long.
pub(super) fn lost(state: &mut State, text: &[u8], reason: &str) -> Flow {
    let id = state.id.clone();
    let id = id.as_ref().map_or(log::Id::None, log::Id::Queue);
    let Some(mut transaction) = state.transaction.take() else { return Flow::Hangup };
    if reason == READ_TIMEOUT {
        log::server::collect_timeout(id, &state.client_name, &transaction.sender_given, reason);
    } else {
        log::server::premature_end(id, reason);
        log::server::collect_lost(id, &state.client_name, &transaction.sender_given, reason);
    }
    let size = transaction.collector.take().map_or(0, |c| c.size()).saturating_add(text.len() as u64);
    super::log_from(state, &transaction, size, None);
    let relay = super::shown(&state.client_name);
    let sender = super::shown(&transaction.sender_given);
    Flow::Close(Reply::coded(421, (4, 4, 1), format!("collect: relay={relay}, from={sender}, info={reason}")))
}

/// The last part of the text: the reply, and the envelope to deliver.
pub(super) fn end(
    state: &mut State,
    services: &Services,
    text: &[u8],
    refused: Option<Framing>,
) -> (Flow, Option<Box<Envelope>>) {
    let Some(mut transaction) = state.transaction.take() else {
        return (Flow::Reply(Reply::coded(451, (4, 3, 0), "no message")), None);
    };
    if let Some(collector) = transaction.collector.as_mut() {
        collector.text(text);
    }
    if let Some(framing) = refused {
        let flow = bad_framing(state, &mut transaction, framing);
        state.renew_id();
        return (flow, None);
    }
    let outcome = take(state, services, &mut transaction);
    let id = transaction.envelope.id.clone();
    let out = match outcome {
        Ok(submit) => {
            let text = format!("{id} Message accepted for delivery");
            let reply = Flow::Reply(Reply::coded(250, (2, 0, 0), text));
            (reply, submit.then(|| Box::new(transaction.envelope)))
        }
        Err(reply) => {
            let reply = super::soften(state, reply);
            (Flow::Reply(reply), None)
        }
    };
    state.renew_id();
    out
}

fn bad_framing(state: &State, transaction: &mut Transaction, framing: Framing) -> Flow {
    let info = match framing {
        Framing::Lf => "Bare linefeed (LF) not allowed",
        Framing::Cr => "Bare carriage return (CR) not allowed",
    };
    let (place, size) = transaction.collector.take().map_or(("header", 0), |c| (c.place(), c.size()));
    let id = log::Id::Queue(&transaction.envelope.id);
    log::server::collect(id, &state.client_name, &transaction.sender_given, info, place, "tempfail");
    super::log_from(state, transaction, size, None);
    Flow::Close(Reply::coded(421, (4, 5, 0), info))
}

/// All from the final dot to the commit; `true` when there is something to deliver.
fn take(state: &State, services: &Services, transaction: &mut Transaction) -> Result<bool, Reply> {
    let Some(collector) = transaction.collector.take() else {
        return Err(Reply::coded(451, (4, 3, 0), "Temporary system failure. Please try again later."));
    };
    let id = transaction.envelope.id.clone();
    let id = log::Id::Queue(&id);
    let size = collector.size();
    let collected = match collector.finish() {
        Ok(collected) => collected,
        Err(fault) => {
            super::log_from(state, transaction, size, None);
            let reply = collect_failed(state, id, size, &fault);
            let octets = i64::try_from(size).unwrap_or(i64::MAX);
            let count = i64::try_from(transaction.envelope.recipients.len()).unwrap_or(i64::MAX);
            let priority = octets.saturating_add(state.settings.recipient_factor.saturating_mul(count));
            refused_recipients(state, transaction, priority, &reply);
            return Err(reply);
        }
    };
    let verdict = judge(state, services, transaction, &collected);
    let message_id = message_id(&collected.headers);
    only_recipient(&mut transaction.macros, &transaction.envelope, transaction.bad_recipients);
    complete(&services.config, &mut transaction.macros, &mut transaction.envelope, collected);
    let message_id = message_id.or_else(|| self::message_id(&transaction.envelope.headers));
    super::log_from(state, transaction, size, message_id.as_deref());
    if verdict.is_ok() {
        crate::dsn::accepted(services, &transaction.envelope.sender, size);
    }
    if let Err(reply) = verdict {
        refused_recipients(state, transaction, transaction.envelope.priority, &reply);
        return Err(reply);
    }
    if transaction.discard {
        let delay = (state.now() - transaction.envelope.created).max(0);
        for recipient in &transaction.envelope.recipients {
            log::server::to_untried(id, &recipient.address, delay, transaction.envelope.priority, "discarded");
        }
        return Ok(false);
    }
    let parts = route::by_group(services, &mut transaction.envelope, None);
    let all: Vec<&Envelope> = parts.iter().chain([&transaction.envelope]).collect();
    services.store.commit_all(&all).map_err(|error| store_failed(state, &error))?;
    for part in parts {
        services.scheduler.submit(part);
    }
    Ok(true)
}

/// The `to=` lines of a message that was refused when it was complete.
fn refused_recipients(state: &State, transaction: &Transaction, priority: i64, reply: &Reply) {
    let status = reply.lines.first().map(|l| super::shown(l)).unwrap_or_default();
    let delay = (state.now() - transaction.envelope.created).max(0);
    for recipient in &transaction.envelope.recipients {
        let id = log::Id::Queue(&transaction.envelope.id);
        log::server::to_untried(id, &recipient.address, delay, priority, &status);
    }
}

fn collect_failed(state: &State, id: log::Id<'_>, size: u64, fault: &Fault) -> Reply {
    match fault {
        Fault::Headers(most) => {
            let client = super::shown(&state.client_name);
            log::server::notice(id, &format!("headers too large ({most} max) from {client} during message collect"));
            Reply::coded(552, (5, 6, 0), format!("Headers too large ({most} max)"))
        }
        Fault::Size(most) => {
            log::server::too_big(id, size, *most);
            Reply::coded(552, (5, 2, 3), format!("Message exceeds maximum fixed size ({most})"))
        }
        Fault::Nul => {
            let client = super::shown(&state.client_name);
            log::server::notice(id, &format!("NUL byte from {client} during message collect"));
            Reply::coded(554, (5, 6, 0), "NUL byte not allowed")
        }
        Fault::Store(error) => store_failed(state, error),
    }
}

fn store_failed(state: &State, error: &StoreError) -> Reply {
    match error {
        StoreError::NoSpace(cause) => {
            log::server::system_error(state.log_id(), &format!("queue: {cause}"));
            Reply::coded(452, (4, 4, 5), "Insufficient disk space; try again later")
        }
        StoreError::Failed(cause) => {
            log::server::system_error(state.log_id(), &format!("queue: {cause}"));
            Reply::coded(451, (4, 3, 0), "Temporary system failure. Please try again later.")
        }
    }
}

/// What rule sets and limits say about a complete message.
fn judge(
    state: &State,
    services: &Services,
    transaction: &mut Transaction,
    collected: &Collected,
) -> Result<(), Reply> {
    if state.settings.eight_bit_strict
        && collected.eight_bit
        && transaction.envelope.body_type != Some(BodyType::EightBitMime)
    {
        return Err(Reply::coded(554, (5, 6, 1), "Eight bit data not allowed"));
    }
    if state.settings.max_hops > 0 && collected.hops > state.settings.max_hops {
        let text = format!("Too many hops {} ({} max)", collected.hops, state.settings.max_hops);
        return Err(Reply::coded(554, (5, 4, 6), text));
    }
    for field in &collected.headers.fields {
        header_check(state, services, transaction, field)?;
    }
    let (count, octets) = (collected.headers.fields.len().to_string(), collected.header_octets.to_string());
    hook(state, services, transaction, "check_eoh", &[count.as_bytes(), octets.as_bytes()], b"")?;
    let size = collected.size.to_string();
    transaction.macros.set("{msg_size}", &size);
    hook(state, services, transaction, "check_eom", &[size.as_bytes()], b"")
}

/// The rule set that an `H` line names for this field.
fn header_check(state: &State, services: &Services, transaction: &mut Transaction, field: &Field) -> Result<(), Reply> {
    let named = |def: &&HeaderDef| def.check.is_some() && def.name.eq_ignore_ascii_case(&field.name);
    let every = |def: &&HeaderDef| def.check.is_some() && def.name == b"*";
    let defs = &services.config.headers;
    let Some(check) = defs.iter().find(named).or_else(|| defs.iter().find(every)).and_then(|d| d.check.as_ref()) else {
        return Ok(());
    };
    let value: Vec<u8> = field.value.iter().copied().filter(|b| *b != b'\n').collect();
    let value = value.trim_ascii();
    let cut = value.get(..value.len().min(MAX_CHECKED)).unwrap_or_default();
    let macros = &mut transaction.macros;
    macros.set("{hdrlen}", value.len().to_string());
    macros.set("{hdr_name}", &field.name);
    macros.set("{currHeader}", cut);
    macros.set("{addr_type}", if crate::header::known::kind(&field.name).sender { "h s" } else { "h" });
    let ask = if check.keep_comments { rewrite::check_keeping_comments } else { rewrite::check };
    let asked = super::ask_with(services, macros, |scope| ask(scope, &check.ruleset, &[cut]));
    let out = match ruled(state, asked, &check.ruleset, &[cut], b"") {
        Ruled::Accept => Ok(()),
        Ruled::Discard => {
            transaction.discard = true;
            Ok(())
        }
        Ruled::Quarantine(reason) => {
            transaction.envelope.quarantine = Some(line(&reason));
            Ok(())
        }
        Ruled::Reject(reply) => Err(reply),
    };
    transaction.macros.unset("{addr_type}");
    out
}

/// A rule set about the whole message.
fn hook(
    state: &State,
    services: &Services,
    transaction: &mut Transaction,
    name: &str,
    args: &[&[u8]],
    about: &[u8],
) -> Result<(), Reply> {
    let verdict = ask(services, &mut transaction.macros, name, args);
    match ruled(state, verdict, name, args, about) {
        Ruled::Accept => {}
        Ruled::Discard => transaction.discard = true,
        Ruled::Quarantine(reason) => transaction.envelope.quarantine = Some(line(&reason)),
        Ruled::Reject(reply) => return Err(reply),
    }
    Ok(())
}
