//! One address: through the rule sets, and whether it can be a recipient at all.

use super::{Known, Params, Parsed, RcptOk};
use crate::alias::list;
use crate::cf::{Macros, Mailer};
use crate::envelope::{Envelope, Origin, Recipient, Target};
use crate::reply::{Enhanced, Reply};
use crate::rewrite::service::Lookup;
use crate::rewrite::{self, Kind, Notice, Scope};
use crate::service::Services;
use crate::text::Line;
use crate::user::User;

/// Why an address is no recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bad {
    pub code: u16,
    pub enhanced: Enhanced,
    pub text: Line,
    pub exit: u8,
}

impl Bad {
    pub fn new(code: u16, enhanced: (u8, u16, u16), exit: u8, text: impl AsRef<[u8]>) -> Bad {
        let (class, subject, detail) = enhanced;
        Bad { code, enhanced: Enhanced(class, subject, detail), text: Line::cleaned(text.as_ref()), exit }
    }

    pub fn user_unknown() -> Bad {
        Bad::new(550, (5, 1, 1), 67, "User unknown")
    }

    pub fn later(why: impl AsRef<[u8]>) -> Bad {
        Bad::new(451, (4, 3, 0), 75, why)
    }

    /// `550 5.1.1 address... text`.
    pub fn reply(&self, address: &[u8]) -> Reply {
        let named = rewrite::errors::names_address(self.code);
        let text = if named { [address, b"... ", &self.text[..]].concat() } else { self.text.to_vec() };
        Reply::new(self.code, Some(self.enhanced), text)
    }
}

/// A target, and whether a map could not answer (then it may be another one later).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resolved {
    pub target: Target,
    /// Why the answer may be another one later.
    pub later: Option<Line>,
    pub skip_ruleset_5: bool,
}

/// What an address waits for, in the words of the queue file. Mail for a host whose name cannot be looked up now goes to
/// FallbackMXhost, if there is one, and need not wait.
fn waiting_for(scope: &Scope<'_>) -> Option<Line> {
    match &scope.deferred {
        Some((map, _)) if map == "host" && scope.config.options.fallback_mx_host.get().is_some() => None,
        Some((map, key)) => {
            Some(Line::cleaned(format!("{map} map: lookup ({}): deferred", key.escape_ascii()).as_bytes()))
        }
        None => Some(Line::cleaned(b"Transient parse error")),
    }
}

/// Rule sets 3 and 0 for a recipient's address.
pub(super) fn resolve(svc: &Services, macros: &mut Macros, address: &[u8]) -> Result<Resolved, Bad> {
    let mut scope = Scope::new(&svc.config, macros, &*svc.maps);
    let parsed = rewrite::parse_address(&mut scope, address, Kind::EnvelopeRecipient);
    if parsed.is_ok()
        && let Some(fault) = malformed(&scope, address)
    {
        return Err(Bad::new(553, (5, 0, 0), 64, fault));
    }
    match parsed {
        Ok(parsed) => Ok(Resolved {
            target: Target {
                mailer: parsed.mailer,
                host: Line::cleaned(&parsed.host.unwrap_or_default()),
                user: Line::cleaned(&parsed.user),
                group: parsed.queue_group,
            },
            later: parsed.try_later.then(|| waiting_for(&scope)).flatten(),
            skip_ruleset_5: parsed.skip_ruleset_5,
        }),
        Err(refusal) => Err(Bad {
            code: refusal.code,
            enhanced: refusal.enhanced,
            text: Line::cleaned(&refusal.text),
            exit: refusal.exit,
        }),
    }
}

/// What the tokenizer complained about (`Unbalanced '<'`) in an address that it could make sense of all the same.
pub fn malformed<'n>(scope: &'n Scope<'_>, address: &[u8]) -> Option<&'n [u8]> {
    scope.notices.iter().find_map(|notice| match notice {
        Notice::User { text, .. } => {
            Some(text.strip_prefix(address).map_or(&**text, |t| t.strip_prefix(b"... ").unwrap_or(t)))
        }
        Notice::System(_) => None,
    })
}

/// See [`super::parse_recipient`].
pub(super) fn parse_recipient(svc: &Services, macros: &mut Macros, address: &[u8]) -> Result<Parsed, Reply> {
    let resolved = resolve(svc, macros, address).map_err(|bad| bad.reply(address))?;
    let name = svc.config.mailers.get(resolved.target.mailer).map(|m| m.name.as_str()).unwrap_or_default();
    macros.set("{rcpt_mailer}", name);
    macros.set("{rcpt_host}", &resolved.target.host);
    macros.set("{rcpt_addr}", &resolved.target.user);
    Ok(Parsed { address: Line::cleaned(address), target: resolved.target, later: resolved.later.is_some() })
}

/// See [`super::add_recipient`].
pub(super) fn add_recipient(
    svc: &Services,
    env: &mut Envelope,
    known: &mut Known,
    parsed: Parsed,
    params: &Params,
    origin: &Origin,
) -> Result<RcptOk, Reply> {
    let mut queued = parsed.later;
    match check(svc, &parsed.target, origin) {
        Ok(()) => {}
        Err(bad) if bad.exit == 75 => queued = true,
        Err(bad) => return Err(bad.reply(&parsed.address)),
    }
    Ok(put(svc, (env, known), parsed, params, origin, queued))
}

/// See [`super::add_unchecked`].
pub(super) fn add_unchecked(
    svc: &Services,
    env: &mut Envelope,
    known: &mut Known,
    parsed: Parsed,
    params: &Params,
) -> RcptOk {
    let queued = parsed.later;
    put(svc, (env, known), parsed, params, &Origin::Direct, queued)
}

fn put(
    svc: &Services,
    (env, known): (&mut Envelope, &mut Known),
    parsed: Parsed,
    params: &Params,
    origin: &Origin,
    queued: bool,
) -> RcptOk {
    let ok: &[u8] = if queued { b"... Recipient ok (will queue)" } else { b"... Recipient ok" };
    let reply = |address: &[u8]| Reply::coded(250, (2, 1, 5), [address, ok].concat());
    // A duplicate is answered with the name under which it came first.
    if let Some(index) = known.0.get(&parsed.target).copied()
        && let Some(first) = env.recipients.get(index)
    {
        return RcptOk { index, reply: reply(&first.address) };
    }
    if !parsed.later {
        known.0.insert(parsed.target.clone(), env.recipients.len());
    }
    let reply = reply(&parsed.address);
    env.recipients.push(Recipient {
        final_recipient: Some(final_recipient(svc, &parsed.address)),
        notify: params.notify,
        orcpt: params.orcpt.clone(),
        origin: origin.clone(),
        // What a map could not answer is asked again before delivery.
        group: parsed.target.group,
        target: (!parsed.later).then_some(parsed.target),
        ..Recipient::new(parsed.address)
    });
    RcptOk { index: env.recipients.len() - 1, reply }
}

/// `RFC822; user@host` for reports.
fn final_recipient(svc: &Services, address: &[u8]) -> Line {
    let bare = address.strip_prefix(b"<").and_then(|a| a.strip_suffix(b">")).unwrap_or(address);
    let mut text = [b"RFC822; ", bare].concat();
    if !bare.contains(&b'@') {
        text.push(b'@');
        text.extend_from_slice(svc.config.macros.get("j").unwrap_or(b"localhost"));
    }
    Line::cleaned(&text)
}

/// Can the target be a recipient? Programs and files only from an expansion; local users must be aliases or have an account.
fn check(svc: &Services, target: &Target, origin: &Origin) -> Result<(), Bad> {
    let Some(mailer) = svc.config.mailers.get(target.mailer) else { return Ok(()) };
    if let Some(what) = special(mailer) {
        if *origin == Origin::Direct {
            return Err(Bad::new(550, (5, 7, 1), 64, format!("Cannot mail directly to {what}")));
        }
        return Ok(());
    }
    let mut target = target.clone();
    for _ in 0..MAX_LOCALADDR {
        let Some(mailer) = svc.config.mailers.get(target.mailer) else { return Ok(()) };
        if mailer.flags.has(b'A') {
            match alias(svc, &target.user) {
                Lookup::Found(_) | Lookup::FoundTemp(_) => return Ok(()),
                Lookup::TempFail(why) => return Err(Bad::later(why)),
                Lookup::NotFound | Lookup::NoSuchMap => {}
            }
        }
        match localaddr(svc, &target)? {
            Some(next) => target = next,
            None => break,
        }
    }
    let local = svc.config.mailers.get(target.mailer).is_some_and(|m| m.flags.has(b'w'));
    if local { user(svc, &target.user).map(|_| ()) } else { Ok(()) }
}

/// How often rule set 5 is applied to one address.
pub(super) const MAX_LOCALADDR: usize = 10;

/// `programs`, `files` or `:include:s` for the mailers that nobody outside may use.
pub(super) fn special(mailer: &Mailer) -> Option<&'static str> {
    match mailer.name.as_str() {
        "prog" => Some("programs"),
        "*file*" => Some("files"),
        "*include*" => Some(":include:s"),
        _ => None,
    }
}

/// The alias of a user of a mailer with `F=A`. A name with backslash is never one.
pub(super) fn alias(svc: &Services, user: &[u8]) -> Lookup {
    if user.contains(&b'\\') {
        return Lookup::NotFound;
    }
    svc.aliases.lookup(user)
}

/// The account of a user of a mailer with `F=w`; quotes and backslashes do not count.
pub(super) fn user(svc: &Services, name: &[u8]) -> Result<User, Bad> {
    match svc.users.by_name(&list::unquoted(name)) {
        Ok(Some(user)) => Ok(user),
        Ok(None) => fuzzy(svc, &list::unquoted(name))?.ok_or_else(Bad::user_unknown),
        Err(why) => Err(Bad::later(why.0)),
    }
}

/// `MatchGECOS`: the user whose full name this is, with underscores or BlankSub for blanks.
fn fuzzy(svc: &Services, name: &[u8]) -> Result<Option<User>, Bad> {
    let options = &svc.config.options;
    if !options.match_gecos || name.is_empty() || name.len() > MAX_FULL_NAME {
        return Ok(None);
    }
    let blank = |b: &u8| if *b == b'_' || *b == options.blank_sub.0 { b' ' } else { *b };
    let spelt: Vec<u8> = name.iter().map(blank).collect();
    svc.users.by_full_name(&spelt).map_err(|why| Bad::later(why.0))
}

/// No full name is longer.
const MAX_FULL_NAME: usize = 256;

/// Rule set 5 for a user that is no alias (`F=5`): another target, or `None` when it stays as it is.
pub(super) fn localaddr(svc: &Services, target: &Target) -> Result<Option<Target>, Bad> {
    let config = &svc.config;
    if !config.mailers.get(target.mailer).is_some_and(|m| m.flags.has(b'5')) {
        return Ok(None);
    }
    let mut macros = config.layer();
    macros.set("h", &target.host);
    macros.set("u", &target.user);
    let mut scope = Scope::new(config, &mut macros, &*svc.maps);
    let parsed = match rewrite::localaddr(&mut scope, &target.user) {
        Ok(None) => return Ok(None),
        Ok(Some(parsed)) if parsed.try_later => return Err(Bad::later("rule set 5 cannot answer now")),
        Ok(Some(parsed)) => parsed,
        Err(refusal) => {
            return Err(Bad {
                code: refusal.code,
                enhanced: refusal.enhanced,
                text: Line::cleaned(&refusal.text),
                exit: refusal.exit,
            });
        }
    };
    let (mailer, user, host) = (parsed.mailer, parsed.user, parsed.host.unwrap_or_default());
    // `+detail` is on its way while the user is `name+*`; at its end `$h` is the detail alone.
    let host = match host.strip_prefix(b"+") {
        Some(detail) if !user.ends_with(b"+*") => detail.to_vec(),
        _ => host,
    };
    let next = Target { mailer, host: Line::cleaned(&host), user: Line::cleaned(&user), group: target.group };
    Ok((next != *target).then_some(next))
}
