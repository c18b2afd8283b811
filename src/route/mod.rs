//! Routing: from an address to recipients with mailers, by rule sets, aliases, `.forward` and `:include:`.
//!
//! It happens in two steps, as in the original. While a message comes in each recipient is only parsed and looked at:
//! is it an alias or a user at all ([`parse_recipient`], [`add_recipient`])? Before delivery aliases, `.forward` and
//! `:include:` are expanded ([`expand`]), which may find more recipients, errors, and other senders (`owner-` aliases: an
//! envelope of their own). An envelope from the queue, whose recipients have no targets yet, takes the same way.
//!
//! Programs, files and includes come only from an expansion, never from outside; each carries the
//! [`Origin`](crate::envelope::Origin) in which `deliver` finds it again.

mod expand;
mod parse;
mod split;
mod verify;

pub use split::by_group;
pub use verify::{Verified, scratch, verify, verify_more};

pub use parse::malformed;

use crate::cf::Macros;
use crate::envelope::{Envelope, Notify, Origin, Recipient, RecipientState, Target};
use crate::reply::Reply;
use crate::service::Services;
use crate::text::Line;

/// The parameters of RCPT (RFC 3461 4).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Params {
    /// `NOTIFY=`.
    pub notify: Notify,
    /// `ORCPT=`, in xtext.
    pub orcpt: Option<Line>,
}

/// An address as rule sets understood it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The address as it was given, e.g. `<user@host>`.
    pub address: Line,
    /// Mailer, host and user (`${rcpt_mailer}`, `${rcpt_host}`, `${rcpt_addr}`).
    pub target: Target,
    /// A map could not answer: the address is parsed again before delivery.
    pub later: bool,
}

/// What became of a RCPT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RcptOk {
    /// Its place in [`Envelope::recipients`] (that of the first, for a duplicate).
    pub index: usize,
    /// The reply: `250 2.1.5 <user@host>... Recipient ok`.
    pub reply: Reply,
}

/// Most recipients of an envelope, named and found by expansion.
pub const MAX_RECIPIENTS: usize = 200_000;

/// The recipients that were added to an envelope by their targets, so that a duplicate is found without a look at all of them.
#[derive(Debug, Default)]
pub struct Known(std::collections::HashMap<Target, usize>);

/// Parses a recipient that came from outside; sets `{rcpt_mailer}`, `{rcpt_host}` and `{rcpt_addr}` in `macros`. Between this
/// and [`add_recipient`] the server asks `check_rcpt`.
pub fn parse_recipient(svc: &Services, macros: &mut Macros, address: &[u8]) -> Result<Parsed, Reply> {
    parse::parse_recipient(svc, macros, address)
}

/// Puts a parsed recipient into the envelope if it can be one: refuses programs, files and includes, and users that are
/// neither aliases nor have an account.
pub fn add_recipient(
    svc: &Services,
    env: &mut Envelope,
    known: &mut Known,
    parsed: Parsed,
    params: &Params,
    origin: &Origin,
) -> Result<RcptOk, Reply> {
    parse::add_recipient(svc, env, known, parsed, params, origin)
}

/// [`add_recipient`] for a message that will be thrown away: anybody may be its recipient.
pub fn add_unchecked(svc: &Services, env: &mut Envelope, known: &mut Known, parsed: Parsed, params: &Params) -> RcptOk {
    parse::add_unchecked(svc, env, known, parsed, params)
}

/// [`parse_recipient`] and [`add_recipient`] in one, where no policy stands between them.
pub fn recipient(
    svc: &Services,
    macros: &mut Macros,
    (env, known): (&mut Envelope, &mut Known),
    address: &[u8],
    params: &Params,
    origin: &Origin,
) -> Result<RcptOk, Reply> {
    let parsed = parse_recipient(svc, macros, address)?;
    add_recipient(svc, env, known, parsed, params, origin)
}

/// Gets `env` ready for delivery: gives every open recipient its target and expands aliases, `.forward` and `:include:`.
///
/// What was expanded is `Expanded`; what cannot be a recipient is `Failed` or `Deferred` and has its status; duplicates are
/// left out. Lists with an `owner-` alias have their recipients in envelopes of their own, with a new id and the owner as
/// sender: they are returned, in no queue yet, and their recipients are no longer in `env`.
pub fn expand(svc: &Services, env: &mut Envelope) -> Vec<Envelope> {
    let owners = expand::expand(svc, env, false, &mut |_| ());
    split::by_owner(svc, env, owners)
}

/// [`expand`] for a message that is being submitted: `failed` hears at once of each address that is none; gives how many
/// recipients there are after the expansion, too.
pub fn expand_submitted(
    svc: &Services,
    env: &mut Envelope,
    failed: &mut dyn FnMut(&Recipient),
) -> (Vec<Envelope>, usize) {
    let owners = expand::expand(svc, env, false, &mut |fault| failed(fault.recipient));
    let count = env.recipients.iter().filter(|r| counts(r)).count();
    (split::by_owner(svc, env, owners), count)
}

/// A recipient that is an end of the expansion, good or bad; a circle has no end.
fn counts(r: &Recipient) -> bool {
    let circle = r.status.as_ref().is_some_and(|s| *s.text == *expand::CIRCLE.as_bytes());
    r.target.is_some() && !circle && !matches!(r.state, RecipientState::Expanded | RecipientState::Discarded)
}
