//! RCPT: the recipient by rule sets, `check_rcpt`, and its place in the envelope.

use super::{Flow, Ruled, State, ask, named, params, ruled};
use crate::envelope::Origin;
use crate::log;
use crate::reply::Reply;
use crate::route;
use crate::service::Services;
use crate::smtp::codec::command::split_address;
use crate::smtp::server::state::Transaction;

pub(super) fn rcpt(state: &mut State, services: &Services, argument: &[u8]) -> Flow {
    let Some(mut transaction) = state.transaction.take() else {
        return Flow::Reply(Reply::coded(503, (5, 0, 0), "Need MAIL before RCPT"));
    };
    let result = one(state, services, &mut transaction, argument);
    if result.is_err() {
        transaction.bad_recipients = transaction.bad_recipients.saturating_add(1);
    }
    transaction.macros.unset("{addr_type}");
    let good = transaction.envelope.recipients.len();
    let too_many = result.is_err() && is_flood(state, good, transaction.bad_recipients);
    state.transaction = Some(transaction);
    if too_many {
        log::server::shutting_down(state.log_id(), &state.client);
        let text = format!("{} Too many bad recipients; closing connection", state.host());
        return Flow::Close(Reply::coded(421, (4, 7, 0), text));
    }
    match result {
        Ok(reply) | Err(reply) => Flow::Reply(reply),
    }
}

/// `BadRcptShutdown` bad recipients, and fewer than `BadRcptShutdownGood` percent good ones beside them.
fn is_flood(state: &State, good: usize, bad: u32) -> bool {
    let (most, percent) = (state.settings.bad_rcpt_shutdown, state.settings.bad_rcpt_shutdown_good);
    let good = u64::try_from(good).unwrap_or(u64::MAX);
    let share = good.saturating_mul(100) / good.saturating_add(u64::from(bad)).max(1);
    most > 0 && bad >= most && (percent == 0 || share < u64::from(percent))
}

fn one(state: &State, services: &Services, transaction: &mut Transaction, argument: &[u8]) -> Result<Reply, Reply> {
    let log_id = log::Id::Queue(&transaction.envelope.id);
    let logged = |reply: Reply| {
        let text = reply.lines.first().map(|l| l.to_vec()).unwrap_or_default();
        log::server::user_error(log_id, &text);
        super::soften(state, reply)
    };
    let most = state.settings.max_recipients;
    let most = if most > 0 { most.min(route::MAX_RECIPIENTS) } else { route::MAX_RECIPIENTS };
    if transaction.envelope.recipients.len() >= most {
        return Err(logged(Reply::coded(452, (4, 5, 3), "Too many recipients")));
    }
    let (address, rest) = split_address(argument);
    if let Some(reply) = super::mail::unusable(address) {
        return Err(logged(reply));
    }
    let macros = &mut transaction.macros;
    macros.set("{addr_type}", "e r");
    macros.set("{nrcpts}", (transaction.envelope.recipients.len() + 1).to_string());
    macros.set("{nbadrcpts}", transaction.bad_recipients.to_string());
    let parsed = route::parse_recipient(services, macros, address).map_err(logged)?;
    let params = params::rcpt(state, rest).map_err(logged)?;
    let verdict = ask(services, macros, "check_rcpt", &[address]);
    match ruled(state, verdict, "check_rcpt", &[address], &named(address)) {
        Ruled::Accept => {}
        Ruled::Reject(reply) => return Err(reply),
        Ruled::Discard => transaction.discard = true,
        Ruled::Quarantine(reason) => transaction.envelope.quarantine = Some(super::line(&reason)),
    }
    if transaction.discard {
        return Ok(
            route::add_unchecked(services, &mut transaction.envelope, &mut transaction.known, parsed, &params).reply
        );
    }
    let added = route::add_recipient(
        services,
        &mut transaction.envelope,
        &mut transaction.known,
        parsed,
        &params,
        &Origin::Direct,
    );
    match added {
        Ok(accepted) => Ok(accepted.reply),
        Err(reply) => {
            let text = reply.lines.first().map(|l| l.to_vec()).unwrap_or_default();
            log::server::user_error(log::Id::Queue(&transaction.envelope.id), &text);
            Err(super::soften(state, reply))
        }
    }
}
