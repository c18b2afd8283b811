//! Rule sets asked from outside: one set run on an address, and the hooks for policy.

use super::address::{report_fault, triple};
use super::engine::{OK, rewrite};
use super::errors;
use super::prescan::{Mode, join, prescan};
use super::scope::{Notice, Outcome, Scope, Triple, Verdict};
use super::token::{Mark, Texts, Token};
use super::work::Work;
use crate::cf::RulesetId;
use crate::reply::Enhanced;

/// Applies the rule set called `name` to `input`; `None` when there is no such rule set or nothing in `input`.
pub fn run(scope: &mut Scope<'_>, name: &str, input: &[u8]) -> Option<Outcome> {
    let id = scope.config.rulesets.find(name)?;
    run_sequence(scope, &[id], input, None).0
}

/// Applies the rule sets `ids` one after the other to what stands in `input` up to `delimiter`; with
/// it, where the input ended.
pub fn run_sequence(
    scope: &mut Scope<'_>,
    ids: &[RulesetId],
    input: &[u8],
    delimiter: Option<u8>,
) -> (Option<Outcome>, usize) {
    let config = scope.config;
    let mut texts = Texts::new(&config.rulesets.pool);
    // Since level 9 comments are tokens of an address that is tried.
    let mode = Mode { delimiter, keep_comments: config.level >= 9 };
    let scanned = prescan(input, mode, &config.chars, &mut texts);
    for fault in &scanned.faults {
        report_fault(scope, input, fault);
    }
    let Some(mut tokens) = scanned.tokens.filter(|t| !t.is_empty()) else { return (None, scanned.end) };
    let mut work = Work::new(scope, &mut texts);
    let mut status = OK;
    for id in ids {
        status = rewrite(&mut work, &mut tokens, *id, 0);
        work.scope.set_status(*id, status);
    }
    (Some(outcome(&work, &tokens, status)), scanned.end)
}

fn outcome(work: &Work<'_, '_, '_>, tokens: &[Token], status: u8) -> Outcome {
    let config = work.config();
    let blank = Some(config.options.blank_sub.0);
    let text = |t: &[Token]| join(t, blank, &config.chars, work.texts);
    let triple = triple(tokens).map(|p| Triple {
        mailer: text(p.mailer),
        host: p.host.map(text),
        user: p.user.map(|u| join(u, Some(b' '), &config.chars, work.texts)),
    });
    Outcome { text: text(tokens), shown: work.texts.show(tokens), triple, status }
}

/// Asks the hook `name` about `args` (joined by `$|`). Comments in them are not looked at.
pub fn check(scope: &mut Scope<'_>, name: &str, args: &[&[u8]]) -> Verdict {
    check_with(scope, name, args, false)
}

/// [`check`], with comments kept as tokens: for `H` lines with `$>+`.
pub fn check_keeping_comments(scope: &mut Scope<'_>, name: &str, args: &[&[u8]]) -> Verdict {
    check_with(scope, name, args, true)
}

fn check_with(scope: &mut Scope<'_>, name: &str, args: &[&[u8]], keep_comments: bool) -> Verdict {
    let config = scope.config;
    let Some(id) = config.rulesets.hook(name) else { return Verdict::Undefined };
    let mut texts = Texts::new(&config.rulesets.pool);
    let mut tokens = Vec::new();
    for (i, arg) in args.iter().enumerate() {
        if i > 0 {
            tokens.push(Token::Op(Mark::Bar));
        }
        let scanned = prescan(arg, Mode { delimiter: None, keep_comments }, &config.chars, &mut texts);
        for fault in &scanned.faults {
            report_fault(scope, arg, fault);
        }
        let Some(more) = scanned.tokens else {
            let text = scanned.faults.join("; ");
            return Verdict::Reject { code: 553, enhanced: Enhanced(5, 1, 0), text: text.into_bytes() };
        };
        tokens.extend(more);
    }
    let before = scope.notices.len();
    let mut work = Work::new(scope, &mut texts);
    let status = rewrite(&mut work, &mut tokens, id, 0);
    if work.exhausted() {
        return Verdict::TempFail;
    }
    let outcome = outcome(&work, &tokens, status);
    let faults = work.scope.notices.iter().skip(before).find(|n| matches!(n, Notice::System(_)));
    match faults {
        // Rules that are at fault let nothing pass.
        Some(fault) => Verdict::Reject { code: 554, enhanced: fault.enhanced(), text: fault.text().to_vec() },
        None => verdict(outcome),
    }
}

/// What a result says. A map that could not answer is for the rules to deal with: the status decides nothing.
fn verdict(outcome: Outcome) -> Verdict {
    let Some(t) = outcome.triple else {
        return Verdict::Accept { mailer: Vec::new(), host: None, user: None, text: outcome.text };
    };
    if t.mailer.eq_ignore_ascii_case(b"error") {
        if t.host.as_deref().is_some_and(|h| h.eq_ignore_ascii_case(b"quarantine")) {
            let reason = errors::from_triple(None, &t.user.unwrap_or_default());
            return Verdict::Quarantine(reason.text);
        }
        let Some(user) = t.user else {
            let text = b"buildaddr: no user".to_vec();
            return Verdict::Reject { code: 554, enhanced: Enhanced(5, 3, 5), text };
        };
        let refusal = errors::from_triple(t.host.as_deref(), &user);
        return Verdict::Reject { code: refusal.code, enhanced: refusal.enhanced, text: refusal.text };
    }
    if t.mailer.eq_ignore_ascii_case(b"discard") {
        return Verdict::Discard;
    }
    Verdict::Accept { mailer: t.mailer, host: t.host, user: t.user, text: outcome.text }
}
