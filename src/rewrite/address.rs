//! Addresses through the rules: to mailer, host and user, and as a mailer is to see them.
//!
//! The path of an address stands in the operations guide, figure 1: rule set 3, then 0 to resolve; then 1 or 2, the
//! mailer's own, and 4 for the form in which it travels.

use super::crack::crackaddr;
use super::engine::{CONFIG, OK, TEMPFAIL, rewrite};
use super::errors::{self, Refusal};
use super::prescan::{Mode, Scanned, join, prescan};
use super::scope::{Notice, Scope};
use super::token::{Mark, Texts, Token};
use super::work::Work;
use crate::cf::{Mailer, MailerIndex, RulesetId};
use crate::reply::Enhanced;

/// What an address is: where it stands and whom it names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// MAIL FROM.
    EnvelopeSender,
    /// RCPT TO.
    EnvelopeRecipient,
    /// `From:` and the like.
    HeaderSender,
    /// `To:` and the like.
    HeaderRecipient,
}

impl Kind {
    /// Whether it names a sender.
    pub fn is_sender(self) -> bool {
        matches!(self, Kind::EnvelopeSender | Kind::HeaderSender)
    }

    /// `${addr_type}` for it.
    pub fn addr_type(self) -> &'static str {
        match self {
            Kind::EnvelopeSender => "e s",
            Kind::EnvelopeRecipient => "e r",
            Kind::HeaderSender => "h s",
            Kind::HeaderRecipient => "h r",
        }
    }

    fn general_set(self) -> RulesetId {
        RulesetId(if self.is_sender() { 1 } else { 2 })
    }

    fn mailer_set(self, mailer: &Mailer) -> RulesetId {
        match self {
            Kind::EnvelopeSender => mailer.sender_envelope,
            Kind::EnvelopeRecipient => mailer.recipient_envelope,
            Kind::HeaderSender => mailer.sender_header,
            Kind::HeaderRecipient => mailer.recipient_header,
        }
    }
}

/// An address resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parsed {
    /// The mailer. It may be `prog`, `*file*` or `*include*` when the resolving mailer's flags allow such users: only
    /// an address that comes from an alias or a `.forward` may be used with those.
    pub mailer: MailerIndex,
    /// The host, folded to lower case unless the mailer has F=h.
    pub host: Option<Vec<u8>>,
    /// The user, rewritten as the mailer wants it, folded to lower case unless the mailer has F=u.
    pub user: Vec<u8>,
    /// The user has no more to go through rule set 5: the mailer has F=@ and its user began with `@`.
    pub skip_ruleset_5: bool,
    /// A map could not answer now: queue the address and parse it again later.
    pub try_later: bool,
    /// The queue group of an envelope recipient, by its index: what the rule set `queuegroup` says, else the mailer's Q=.
    pub queue_group: Option<usize>,
}

const SYNTAX: Enhanced = Enhanced(5, 1, 3);

/// Puts a fault of the tokenizer on record, as a fault of the address `text`.
pub(super) fn report_fault(scope: &mut Scope<'_>, text: &[u8], fault: &str) {
    let mut message = shortened(text);
    message.extend_from_slice(b"... ");
    message.extend_from_slice(fault.as_bytes());
    scope.note(Notice::User { code: 553, enhanced: Enhanced(5, 0, 0), text: message });
}

/// The length that an address has to stay below.
const MAX_ADDRESS: usize = 256;

/// A text for a message: of a long one the first and the last 100 octets.
pub(super) fn shortened(text: &[u8]) -> Vec<u8> {
    match (text.first_chunk::<100>(), text.last_chunk::<100>()) {
        (Some(first), Some(last)) if text.len() > 203 => [&first[..], b"...", last].concat(),
        _ => text.to_vec(),
    }
}

/// Why `addr` is refused before it is looked at, if it is.
pub fn invalid(addr: &[u8]) -> Option<Refusal> {
    if addr.len() >= MAX_ADDRESS {
        let mut text = b"Address \"".to_vec();
        text.extend_from_slice(addr.get(..MAX_ADDRESS - 1).unwrap_or(addr));
        text.extend(format!("\" too long ({} bytes max)", MAX_ADDRESS - 1).bytes());
        return Some(Refusal::unusable(553, Enhanced(5, 1, 0), text));
    }
    if addr.iter().any(|b| (0x80..=0x9f).contains(b) || *b == 0) {
        let mut text = b"8-bit character in mailbox address \"".to_vec();
        text.extend(addr.iter().map(|b| if (0x80..=0x9f).contains(b) || *b == 0 { b'?' } else { *b }));
        text.push(b'"');
        return Some(Refusal::unusable(553, Enhanced(5, 1, 0), text));
    }
    None
}

/// Resolves `addr` to mailer, host and user: rule sets 3 and 0, then the user through those of the mailer.
///
/// What is refused has been put on record in `scope.notices` too, with the address in front.
pub fn parse_address(scope: &mut Scope<'_>, addr: &[u8], kind: Kind) -> Result<Parsed, Refusal> {
    parse_until(scope, addr, kind, None).map_err(|(refusal, _)| refusal).map(|(parsed, _)| parsed)
}

/// [`parse_address`] for one of a list: stops at `delimiter`, and tells where.
pub fn parse_until(
    scope: &mut Scope<'_>,
    addr: &[u8],
    kind: Kind,
    delimiter: Option<u8>,
) -> Result<(Parsed, usize), (Refusal, usize)> {
    let config = scope.config;
    let mut texts = Texts::new(&config.rulesets.pool);
    let Scanned { tokens, end, faults } =
        prescan(addr, Mode { delimiter, keep_comments: false }, &config.chars, &mut texts);
    for fault in &faults {
        report_fault(scope, addr, fault);
    }
    if tokens.is_some()
        && let Some(refusal) = invalid(addr)
    {
        refusal.report(scope, addr.get(..MAX_ADDRESS - 1).filter(|_| addr.len() >= MAX_ADDRESS).unwrap_or_default());
        return Err((refusal, addr.len()));
    }
    let Some(mut tokens) = tokens.filter(|t| !t.is_empty()) else {
        return Err((Refusal::unusable(553, SYNTAX, "User address required"), end));
    };
    scope.macros.set("{addr_type}", kind.addr_type());
    let mut work = Work::new(scope, &mut texts);
    let status = match rewrite(&mut work, &mut tokens, RulesetId(3), 0) {
        OK => rewrite(&mut work, &mut tokens, RulesetId(0), 0),
        other => {
            rewrite(&mut work, &mut tokens, RulesetId(0), 0);
            other
        }
    };
    let original = addr.get(..end).unwrap_or(addr);
    match build(&mut work, &tokens, original, kind) {
        Ok(mut parsed) => {
            parsed.try_later |= status == TEMPFAIL;
            if kind == Kind::EnvelopeRecipient {
                choose_queue_group(&mut work, &mut parsed);
            }
            Ok((parsed, end))
        }
        Err(refusal) => Err((refusal, end)),
    }
}

/// Asks the rule set `queuegroup` where a recipient is to be queued.
fn choose_queue_group(work: &mut Work<'_, '_, '_>, parsed: &mut Parsed) {
    let config = work.config();
    let Some(mailer) = config.mailers.get(parsed.mailer) else { return };
    let known = |name: &[u8]| config.queue_groups.iter().position(|q| q.name.as_bytes().eq_ignore_ascii_case(name));
    parsed.queue_group = mailer.queue_group.as_deref().and_then(known);
    let Some(id) = config.rulesets.hook("queuegroup") else { return };
    let mode = Mode { delimiter: None, keep_comments: false };
    let scanned = prescan(&parsed.user, mode, &config.chars, work.texts);
    let Some(mut tokens) = scanned.tokens.filter(|t| !t.is_empty()) else { return };
    rewrite(work, &mut tokens, id, 0);
    if let Some(parts) = triple(&tokens)
        && let Some(group) = known(&join(parts.mailer, None, &config.chars, work.texts))
    {
        parsed.queue_group = Some(group);
    }
}

/// Rule set 5 for a local user that is no alias: where it goes instead, or `None` when the rules do not say (operations guide 5.1).
/// `$h` and `$u` are the caller's to set.
pub fn localaddr(scope: &mut Scope<'_>, user: &[u8]) -> Result<Option<Parsed>, Refusal> {
    let config = scope.config;
    let mut texts = Texts::new(&config.rulesets.pool);
    let mode = Mode { delimiter: None, keep_comments: false };
    let Some(mut tokens) = prescan(user, mode, &config.chars, &mut texts).tokens.filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    let mut work = Work::new(scope, &mut texts);
    let status = rewrite(&mut work, &mut tokens, RulesetId(5), 0);
    if triple(&tokens).is_none() {
        return Ok(None);
    }
    let mut parsed = build(&mut work, &tokens, user, Kind::EnvelopeRecipient)?;
    parsed.try_later |= status == TEMPFAIL;
    Ok(Some(parsed))
}

/// The parts of a result that begins with `$#`.
pub(super) struct Parts<'t> {
    pub mailer: &'t [Token],
    pub host: Option<&'t [Token]>,
    pub user: Option<&'t [Token]>,
}

/// Takes a resolved result apart; `None` when it does not begin with `$#`.
pub(super) fn triple(tokens: &[Token]) -> Option<Parts<'_>> {
    let (first, rest) = tokens.split_first()?;
    if !first.is(Mark::Mailer) {
        return None;
    }
    // The mailer is one word, and a host stands right after it.
    let host_at = rest.get(1).is_some_and(|t| t.is(Mark::Host)).then_some(1);
    let user_at = rest.iter().position(|t| t.is(Mark::User));
    Some(Parts {
        mailer: rest.get(..rest.len().min(1)).unwrap_or_default(),
        host: host_at.map(|h| rest.get(h + 1..user_at.unwrap_or(rest.len())).unwrap_or_default()),
        user: user_at.map(|u| rest.get(u + 1..).unwrap_or_default()),
    })
}

/// Reads what rule set 0 returned. The user goes through the rule sets for envelope recipients, whatever the address is: a sender's is
/// wanted for reports that go back to it. Before level 10 only rule set 4 was asked about such addresses.
fn build(work: &mut Work<'_, '_, '_>, tokens: &[Token], original: &[u8], kind: Kind) -> Result<Parsed, Refusal> {
    let config = work.config();
    let blank = Some(config.options.blank_sub.0);
    let Some(parts) = triple(tokens) else {
        work.system("buildaddr: no mailer in parsed address");
        return Err(Refusal::config("553 5.3.5 buildaddr: no mailer in parsed address"));
    };
    let name = join(parts.mailer, None, &config.chars, work.texts);
    let host = parts.host.map(|h| join(h, blank, &config.chars, work.texts));
    if name.eq_ignore_ascii_case(b"error") && parts.user.is_some_and(|u| !u.is_empty()) {
        let user = join(parts.user.unwrap_or_default(), Some(b' '), &config.chars, work.texts);
        let refusal = errors::from_triple(host.as_deref(), &user);
        refusal.report(work.scope, original);
        return Err(refusal);
    }
    if name.eq_ignore_ascii_case(b"error") {
        work.system("buildaddr: no user");
        return Err(Refusal::config("buildaddr: no user"));
    }
    let Some(mut index) = config.mailer_index(&name) else {
        let shown = crate::cf::problem::printable(&name);
        work.system(format!("buildaddr: unknown mailer {shown}"));
        return Err(Refusal::config("buildaddr: unknown mailer"));
    };
    let Some(resolved) = config.mailers.get(index) else {
        return Err(Refusal::config("buildaddr: unknown mailer"));
    };
    let mut host = host;
    if host.as_ref().is_none_or(Vec::is_empty) && !resolved.flags.has(b'l') {
        work.system("buildaddr: no host");
        return Err(Refusal::config("buildaddr: no host"));
    }
    let Some(user) = parts.user else {
        work.system("buildaddr: no user");
        return Err(Refusal::config("buildaddr: no user"));
    };
    let mut user: Vec<Token> = user.to_vec();
    let mut skip_ruleset_5 = false;
    match special_mailer(work, resolved, &user) {
        Some(Special::File(mailer)) => {
            index = mailer;
            host = None;
        }
        // The name of a file, which is nothing for the rules.
        Some(Special::Include(mailer, path)) => {
            return Ok(Parsed { mailer, host: None, user: path, skip_ruleset_5, try_later: false, queue_group: None });
        }
        None => {}
    }
    let Some(mailer) = config.mailers.get(index) else {
        return Err(Refusal::config("buildaddr: unknown mailer"));
    };
    if mailer.flags.has(b'@') && user.first().is_some_and(|t| is_text(work, *t, b"@")) {
        user.remove(0);
        skip_ruleset_5 = true;
    }
    let host = host.map(|mut h| {
        if !mailer.flags.has(b'h') {
            h.make_ascii_lowercase();
        }
        h
    });
    // The mailer's rules may ask which host the mail goes to.
    match &host {
        Some(host) => work.scope.macros.set("h", host),
        None => work.scope.macros.unset("h"),
    }
    let status = match config.level < 10 && kind != Kind::EnvelopeRecipient {
        true => rewrite(work, &mut user, RulesetId(4), 0),
        false => outward(work, &mut user, Kind::EnvelopeRecipient, Some(mailer)),
    };
    let mut user = join(&user, blank, &config.chars, work.texts);
    if !mailer.flags.has(b'u') {
        user.make_ascii_lowercase();
    }
    check_printable(work, &mut user);
    Ok(Parsed { mailer: index, host, user, skip_ruleset_5, try_later: status == TEMPFAIL, queue_group: None })
}

/// Complains about control characters and operators in what came out, and puts question marks in their place.
fn check_printable(work: &mut Work<'_, '_, '_>, user: &mut [u8]) {
    let control = |b: &u8| *b < b' ' || *b == 127;
    let operator = |b: &u8| (0x80..=0x9f).contains(b);
    let why = match user.iter().find(|b| control(b) || operator(b)) {
        Some(b) if operator(b) => "8-bit character",
        Some(_) => "non-printable character",
        None => return,
    };
    for b in user.iter_mut().filter(|b| control(b) || operator(b)) {
        *b = b'?';
    }
    let mut text = b"Syntax error in mailbox address \"".to_vec();
    text.extend_from_slice(user);
    text.extend(format!("\" ({why})").bytes());
    work.scope.note(Notice::User { code: 501, enhanced: SYNTAX, text });
}

fn is_text(work: &Work<'_, '_, '_>, token: Token, text: &[u8]) -> bool {
    matches!(token, Token::Word(w) if work.texts.text(w).eq_ignore_ascii_case(text))
}

/// A mailer that the user's first characters ask for.
enum Special {
    /// `|program` or `/file`.
    File(MailerIndex),
    /// `:include:path`.
    Include(MailerIndex, Vec<u8>),
}

/// What the user's first characters ask for, when the resolving mailer's flags allow it.
fn special_mailer(work: &Work<'_, '_, '_>, mailer: &Mailer, user: &[Token]) -> Option<Special> {
    let config = work.config();
    let text = join(user, Some(config.options.blank_sub.0), &config.chars, work.texts);
    let bare = text.strip_prefix(b"\"").unwrap_or(&text);
    let index = |name: &[u8]| config.mailer_index(name);
    if mailer.flags.has(b'|') && bare.first() == Some(&b'|') {
        return Some(Special::File(index(b"prog")?));
    }
    if mailer.flags.has(b'/') && bare.first() == Some(&b'/') {
        return Some(Special::File(index(b"*file*")?));
    }
    let include = b":include:";
    if mailer.flags.has(b':') && bare.get(..include.len()).is_some_and(|h| h.eq_ignore_ascii_case(include)) {
        let mut path = bare.get(include.len()..).unwrap_or_default().to_vec();
        if bare.len() < text.len() && path.last() == Some(&b'"') {
            path.pop();
        }
        return Some(Special::Include(index(b"*include*")?, path));
    }
    None
}

/// Rule sets 1 or 2, that of the mailer, and 4.
fn outward(work: &mut Work<'_, '_, '_>, tokens: &mut Vec<Token>, kind: Kind, mailer: Option<&Mailer>) -> u8 {
    let mut status = OK;
    let own = mailer.map_or(RulesetId::NONE, |m| kind.mailer_set(m));
    let mut run = |work: &mut Work<'_, '_, '_>, tokens: &mut Vec<Token>, id: RulesetId| {
        let code = rewrite(work, tokens, id, 0);
        if code == TEMPFAIL || (code == CONFIG && status == OK) {
            status = code;
        }
    };
    run(work, tokens, kind.general_set());
    if own != RulesetId::NONE {
        run(work, tokens, own);
    }
    run(work, tokens, RulesetId(4));
    status
}

/// An address as it is for ourselves, without any mailer: rule sets 3, 1 or 2, and 4. What `$f` has for a sender.
pub fn general_name(scope: &mut Scope<'_>, addr: &[u8], kind: Kind) -> Remote {
    let config = scope.config;
    let mut texts = Texts::new(&config.rulesets.pool);
    let mode = Mode { delimiter: None, keep_comments: false };
    let scanned = prescan(addr, mode, &config.chars, &mut texts);
    for fault in &scanned.faults {
        report_fault(scope, addr, fault);
    }
    let Some(mut tokens) = scanned.tokens.filter(|t| !t.is_empty()) else {
        return Remote { text: addr.to_vec(), status: OK };
    };
    let mut work = Work::new(scope, &mut texts);
    let first = rewrite(&mut work, &mut tokens, RulesetId(3), 0);
    let second = outward(&mut work, &mut tokens, kind, None);
    let blank = Some(config.options.blank_sub.0);
    let text = join(&tokens, blank, &config.chars, work.texts);
    Remote { text, status: if second == OK { first } else { second } }
}

/// A result of [`remote_name`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// The address, with the name and comments around it as they were.
    pub text: Vec<u8>,
    /// The status of sysexits(3): 0, 75 when a map could not answer, 78 for a fault of the rules.
    pub status: u8,
}

/// Rewrites `addr` as `mailer` is to see it: rule set 3, 1 or 2, the mailer's, 4. Name and comments stay.
///
/// `add_domain` is the domain (`@example.org`, as rule set 3 left it) that an address without one gets: for header
/// addresses of mail whose sender's mailer has F=C.
pub fn remote_name(
    scope: &mut Scope<'_>,
    addr: &[u8],
    kind: Kind,
    mailer: MailerIndex,
    add_domain: Option<&[u8]>,
) -> Remote {
    let unchanged = |status| Remote { text: addr.to_vec(), status };
    let config = scope.config;
    let Some(mailer) = config.mailers.get(mailer) else { return unchanged(CONFIG) };
    let fancy = if mailer.flags.has(b'c') { b"$g".to_vec() } else { crackaddr(addr, config) };
    let mut texts = Texts::new(&config.rulesets.pool);
    let mode = Mode { delimiter: None, keep_comments: false };
    let scanned = prescan(addr, mode, &config.chars, &mut texts);
    for fault in &scanned.faults {
        report_fault(scope, addr, fault);
    }
    let Some(mut tokens) = scanned.tokens.filter(|t| !t.is_empty()) else { return unchanged(OK) };
    scope.macros.set("{addr_type}", kind.addr_type());
    let mut work = Work::new(scope, &mut texts);
    let mut status = rewrite(&mut work, &mut tokens, RulesetId(3), 0);
    if let Some(domain) = add_domain
        && !tokens.iter().any(|t| is_text(&work, *t, b"@"))
    {
        let mode = Mode { delimiter: None, keep_comments: true };
        let more = prescan(domain, mode, &config.chars, work.texts).tokens.unwrap_or_default();
        tokens.extend(more);
        let code = rewrite(&mut work, &mut tokens, RulesetId(3), 0);
        status = if code == OK { status } else { code };
    }
    let code = outward(&mut work, &mut tokens, kind, Some(mailer));
    // Of faults only those that pass count.
    let status = if code == TEMPFAIL || status == TEMPFAIL { TEMPFAIL } else { OK };
    let blank = Some(config.options.blank_sub.0);
    let new = join(&tokens, blank, &config.chars, work.texts);
    let text = super::crack::fill(&fancy, &new);
    Remote { text, status }
}
