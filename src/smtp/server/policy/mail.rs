//! MAIL: the sender by rule sets, the parameters, `check_mail`, and the new envelope.

use super::params::{self, MailParams};
use super::{Flow, Ruled, State, ask, line, named, printable, ruled};
use crate::cf::{Macros, RulesetId};
use crate::envelope::{BodyType, Envelope, Flags, QueueId};
use crate::log;
use crate::queue::store::Shortage;
use crate::reply::Reply;
use crate::rewrite::{self, Kind};
use crate::route::Known;
use crate::service::Services;
use crate::smtp::codec::command::split_address;
use crate::smtp::codec::xtext;
use crate::smtp::server::dates;
use crate::smtp::server::state::Transaction;

pub(super) fn mail(state: &mut State, services: &Services, argument: &[u8]) -> Flow {
    let (address, rest) = split_address(argument);
    if let Some(reply) = unusable(address) {
        return Flow::Reply(reply);
    }
    if let Some(Shortage { directory, wanted, free }) = services.store.shortage() {
        let id = state.queue_id(services);
        log::queue::low_on_space(log::Id::Queue(&id), &state.client_name, &directory, wanted, free);
        let text = "Insufficient disk space; try again later";
        return Flow::Reply(Reply::coded(452, (4, 4, 5), text));
    }
    let id = state.queue_id(services);
    let mut macros = state.macros.clone();
    macros.set("i", id.as_str());
    // `FEATURE(delay_checks)` asks about the sender again at RCPT, in MAIL's own words.
    macros.set("{mail_from}", address);
    dates::set(&mut macros, state.now());
    if let Err(reply) = sender(services, &mut macros, address, state.log_id(), &state.client) {
        return Flow::Reply(reply);
    }
    let (params, fault) = match params::mail(state, rest) {
        Ok(params) => (params, None),
        Err((params, reply)) => (params, Some(reply)),
    };
    macros.set("{addr_type}", "e s");
    macros.set("{msg_size}", params.size.unwrap_or(0).to_string());
    let mut transaction = Transaction {
        envelope: envelope(state, id, address, &params),
        macros,
        sender_given: address.to_vec(),
        discard: state.discard,
        bad_recipients: 0,
        known: Known::default(),
        collector: None,
        body_given: params.body_given.clone(),
    };
    if let Some(reply) = fault {
        super::log_from(state, &transaction, transaction.envelope.size, None);
        return Flow::Reply(reply);
    }
    auth_parameter(state, services, &mut transaction, params.auth.as_deref());
    let verdict = ask(services, &mut transaction.macros, "check_mail", &[address]);
    match ruled(state, verdict, "check_mail", &[address], &named(address)) {
        Ruled::Accept => {}
        Ruled::Reject(reply) => {
            super::log_from(state, &transaction, transaction.envelope.size, None);
            return Flow::Reply(reply);
        }
        Ruled::Discard => transaction.discard = true,
        Ruled::Quarantine(reason) => transaction.envelope.quarantine = Some(line(&reason)),
    }
    transaction.macros.unset("{addr_type}");
    state.transaction = Some(Box::new(transaction));
    Flow::Reply(Reply::coded(250, (2, 1, 0), [&*named(address), b"... Sender ok"].concat()))
}

/// Longest address taken, brackets included.
const MAX_ADDRESS: usize = 255;

/// The refusal of an address that is not even looked at: too long, or with octets that no address has.
pub(super) fn unusable(address: &[u8]) -> Option<Reply> {
    if address.len() <= MAX_ADDRESS {
        return not_printable(address);
    }
    let special = |b: &u8| b"()<>@,;:\\\"[].!%^/+ ".contains(b);
    if address.split(special).any(|word| word.len() > MAX_ADDRESS) {
        return Some(Reply::coded(553, (5, 1, 0), [&*named(address), b"... prescan: token too long"].concat()));
    }
    let cut = address.get(..MAX_ADDRESS).unwrap_or_default();
    let text = [&*named(cut), b"... Address \"", &*printable(cut), b"\" too long (255 bytes max)"].concat();
    Some(Reply::coded(553, (5, 1, 0), text))
}

/// The refusal of an address with octets that no address has (RFC 5321 4.1.2; SMTPUTF8 is not offered).
fn not_printable(address: &[u8]) -> Option<Reply> {
    if address.iter().all(|b| matches!(b, b' '..=b'~' | b'\t')) {
        return None;
    }
    let shown = printable(bare(address));
    let text = [b"Syntax error in mailbox address \"", &*shown, b"\" (non-printable character)"].concat();
    Some(Reply::coded(501, (5, 1, 3), text))
}

/// The address without its angle brackets.
fn bare(address: &[u8]) -> &[u8] {
    address.strip_prefix(b"<").and_then(|a| a.strip_suffix(b">")).unwrap_or(address)
}

fn envelope(state: &State, id: QueueId, address: &[u8], params: &MailParams) -> Envelope {
    Envelope {
        body_type: params.body,
        flags: Flags {
            ret_given: params.ret_full.is_some(),
            no_body_return: params.ret_full == Some(false),
            eight_bit: params.body == Some(BodyType::EightBitMime),
            ..Flags::default()
        },
        quarantine: state.quarantine.as_deref().map(line),
        sender: line(address),
        envid: params.envid.clone(),
        deliver_by: params.by,
        mode: state.facts.mode,
        size: params.size.unwrap_or(0),
        ..Envelope::new(id, state.now())
    }
}

/// `AUTH=`: handed on when the client may say so (`trust_auth`), else taken as `<>` (RFC 4954 5).
fn auth_parameter(state: &State, services: &Services, transaction: &mut Transaction, given: Option<&[u8]>) {
    let Some(given) = given else { return };
    let plain = if given == b"<>" { b"<>".to_vec() } else { xtext::decode(given) };
    let args: [&[u8]; 1] = [&plain];
    transaction.macros.set("{auth_author}", &plain);
    let verdict = ask(services, &mut transaction.macros, "trust_auth", &args);
    let about = named(&transaction.sender_given);
    let trusted = matches!(ruled(state, verdict, "trust_auth", &args, &about), Ruled::Accept) && state.authenticated;
    transaction.envelope.auth_param = Some(line(if trusted { given } else { b"<>" }));
}

/// The sender by rule sets: `${mail_mailer}`, `${mail_host}`, `${mail_addr}`, `$f`, `$g`.
fn sender(
    services: &Services,
    macros: &mut Macros,
    address: &[u8],
    id: log::Id<'_>,
    client: &[u8],
) -> Result<(), Reply> {
    let bare = bare(address);
    macros.set("f", bare);
    if bare.is_empty() {
        // The null sender belongs to nobody; the local mailer stands for it.
        macros.set("g", "");
        macros.set("{mail_mailer}", "local");
        macros.set("{mail_host}", "");
        macros.set("{mail_addr}", "");
        return Ok(());
    }
    let config = &services.config;
    let mut scope = rewrite::Scope::new(config, macros, &*services.maps);
    let parsed = rewrite::parse_address(&mut scope, address, Kind::EnvelopeSender).map_err(|refusal| {
        let quoted = rewrite::errors::names_address(refusal.code);
        let text = if quoted { [&*named(address), b"... ", &*refusal.text].concat() } else { refusal.text };
        Reply::new(refusal.code, Some(refusal.enhanced), text)
    })?;
    let special = config.mailers.get(parsed.mailer).map(|m| m.name.as_str());
    if matches!(special, Some("prog" | "*file*" | "*include*")) {
        log::server::bad_sender(id, address, client);
        return Err(Reply::coded(553, (5, 1, 7), [&*named(address), b"... Invalid sender address"].concat()));
    }
    if let Some(fault) = crate::route::malformed(&scope, address) {
        let text = [&*named(address), b"... ", fault].concat();
        return Err(Reply::coded(553, (5, 0, 0), text));
    }
    let sets = [3, 1, 4].map(RulesetId);
    let outcome = rewrite::run_sequence(&mut scope, &sets, bare, None).0;
    let shown = outcome.filter(|o| o.status == 0 && !o.text.is_empty()).map_or_else(|| bare.to_vec(), |o| o.text);
    let given = rewrite::remote_name(&mut scope, address, Kind::EnvelopeSender, parsed.mailer, None);
    let mailer = config.mailers.get(parsed.mailer).map(|m| m.name.as_bytes().to_vec()).unwrap_or_default();
    macros.set("f", &shown);
    macros.set("g", self::bare(&given.text));
    macros.set("{mail_mailer}", mailer);
    macros.set("{mail_host}", parsed.host.unwrap_or_default());
    macros.set("{mail_addr}", parsed.user);
    Ok(())
}
