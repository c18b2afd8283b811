//! The engine: rule sets applied to tokens (sendmail operations guide 5.1).
//!
//! A rule is tried until it fails; its right-hand side is built in the order: arguments and late macros, look-ups from
//! left to right, calls from right to left. What the rules do is bounded: 100 rounds of one rule, depth 50, the budget
//! of [`super::work`].

use super::matching::{Matched, matches};
use super::prescan::{MAX_ATOMS, Mode, join, prescan};
use super::scope::{LookedUp, Step};
use super::service::Lookup;
use super::token::{Mark, Token};
use super::work::Work;
use crate::cf::ruleset::{After, Part, Rule};
use crate::cf::{MacroName, RulesetId};

/// How deep rule sets may call each other.
const MAX_DEPTH: usize = 50;
/// How often one rule may be applied in a row.
const MAX_LOOPS: usize = 100;
/// No fault.
pub(super) const OK: u8 = 0;
/// A look-up gave text that is no address (EX_DATAERR).
const DATAERR: u8 = 65;
/// Nothing was found (EX_NOHOST).
const NOHOST: u8 = 68;
/// Try again later (EX_TEMPFAIL).
pub(super) const TEMPFAIL: u8 = 75;
/// The rules are at fault (EX_CONFIG).
pub(super) const CONFIG: u8 = 78;

/// Applies the rule set `id` to `tokens`; the status of sysexits(3).
pub(super) fn rewrite(work: &mut Work<'_, '_, '_>, tokens: &mut Vec<Token>, id: RulesetId, depth: usize) -> u8 {
    let config = work.config();
    let name = match work.scope.trace.is_some() {
        true => config.rulesets.name(id),
        false => String::new(),
    };
    work.traced_enter(&name, tokens);
    if depth > MAX_DEPTH {
        let name = config.rulesets.name(id);
        work.system(format!("rewrite: excessive recursion (max {MAX_DEPTH}), ruleset {name}"));
        work.traced_failure();
        return CONFIG;
    }
    let mut status = OK;
    // What has been resolved stays so.
    let set = config.rulesets.get(id).filter(|_| !resolved(tokens));
    let watched = work.debugging(1);
    let mut bits = Token::bits(tokens);
    for (index, rule) in set.map(|s| &*s.rules).unwrap_or_default().iter().enumerate() {
        if !watched && set.is_some_and(|s| s.passes_by(index, tokens.len(), bits)) {
            continue;
        }
        match apply(work, tokens, rule, index, id, depth, (&mut bits, &mut status)) {
            Flow::Next => {}
            Flow::Return => break,
            Flow::Fail(code) => {
                work.traced_failure();
                return code;
            }
        }
        if work.exhausted() {
            let name = config.rulesets.name(id);
            work.system(format!("rewrite: ruleset {name}: too much work, given up"));
            work.traced_failure();
            return CONFIG;
        }
    }
    work.traced_leave(&name, tokens);
    status
}

/// Whether the tokens begin with `$#`.
fn resolved(tokens: &[Token]) -> bool {
    tokens.first().is_some_and(|t| t.is(Mark::Mailer))
}

/// How a rule set goes on after a rule.
enum Flow {
    Next,
    Return,
    Fail(u8),
}

fn apply(
    work: &mut Work<'_, '_, '_>,
    tokens: &mut Vec<Token>,
    rule: &Rule,
    index: usize,
    id: RulesetId,
    depth: usize,
    (bits, status): (&mut u64, &mut u8),
) -> Flow {
    let mut loops = 0;
    loop {
        if work.debugging(12) {
            debug_rule(work, rule);
        }
        let Some(matched) = matches(rule, tokens, *bits, work) else {
            if work.debugging(10) {
                work.debug(10, b"----- rule fails");
            }
            return Flow::Next;
        };
        loops += 1;
        if loops > MAX_LOOPS {
            let name = work.config().rulesets.name(id);
            work.system(format!("Infinite loop in ruleset {name}, rule {}", index + 1));
            if work.debugging(1) {
                let line = [b"workspace: ", work.texts.show(tokens).as_slice()].concat();
                work.debug(1, &line);
            }
            return Flow::Return;
        }
        if !work.apply() {
            return Flow::Next;
        }
        if work.debugging(12) {
            debug_match(work, rule, tokens, &matched);
        }
        let explaining = work.explaining();
        if explaining {
            let taken = taken(work, tokens, &matched);
            work.step(&Step::Matched { set: id, rule, taken: &taken });
        }
        let mut ends = rule.after == After::Return;
        let mut new = match substitute(work, tokens, rule, &matched, id) {
            Ok(new) => new,
            Err(code) => return Flow::Fail(code),
        };
        if let Err(code) = look_ups(work, &mut new, status) {
            return Flow::Fail(code);
        }
        calls(work, &mut new, depth, status);
        *tokens = new;
        *bits = Token::bits(tokens);
        ends |= resolved(tokens);
        if explaining {
            let result = work.texts.show(tokens);
            work.step(&Step::Rewritten { set: id, rule, result: &result });
        }
        if work.debugging(4) {
            let mut line = b"rewritten as:".to_vec();
            line.extend(work.texts.show(tokens));
            work.debug(4, &line);
        }
        if ends {
            return Flow::Return;
        }
        if rule.after == After::Next {
            return Flow::Next;
        }
    }
}

/// Builds the right-hand side: arguments and late macros put in.
fn substitute(
    work: &mut Work<'_, '_, '_>,
    tokens: &[Token],
    rule: &Rule,
    matched: &Matched,
    id: RulesetId,
) -> Result<Vec<Token>, u8> {
    let mut out = Vec::with_capacity(rule.rhs.len() + tokens.len());
    for part in &rule.rhs {
        match part {
            Part::Word(w) => out.push(Token::Word(*w)),
            Part::Op(m) => out.push(Token::Op(*m)),
            Part::Arg(n) => match matched.get(*n) {
                Some((start, end)) => out.extend_from_slice(tokens.get(start..end).unwrap_or_default()),
                None => {
                    let name = work.config().rulesets.name(id);
                    work.system(format!("rewrite: ruleset {name}: replacement ${n} out of bounds"));
                    return Err(CONFIG);
                }
            },
            Part::Late(name) => {
                let value = work.scope.macros.find(name).unwrap_or_default().to_vec();
                debug_late(work, "RHS", name, &value);
                let scanned = scan_value(work, &value);
                out.extend(scanned.unwrap_or_default());
            }
        }
        if out.len() >= MAX_ATOMS {
            work.system("rewrite: expansion too long");
            return Err(DATAERR);
        }
    }
    Ok(out)
}

/// Cuts a macro's or map's value into tokens; `None` when there are none in it. The separator of a map's parts is part of a word.
fn scan_value(work: &mut Work<'_, '_, '_>, value: &[u8]) -> Option<Vec<Token>> {
    let mode = Mode { delimiter: None, keep_comments: false };
    let scanned = prescan(value, mode, &work.config().chars, work.texts);
    for fault in &scanned.faults {
        super::address::report_fault(work.scope, value, fault);
    }
    scanned.tokens.filter(|t| !t.is_empty())
}

/// Puts tokens together and cuts them again, operators aside: words that stood beside each other are one, with the blank's substitute
/// between them.
fn scan_again(work: &mut Work<'_, '_, '_>, tokens: &[Token]) -> Option<Vec<Token>> {
    let config = work.config();
    let blank = Some(config.options.blank_sub.0);
    let mode = Mode { delimiter: None, keep_comments: false };
    let mut out = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    loop {
        let end = rest.iter().position(|t| matches!(t, Token::Op(_))).unwrap_or(rest.len());
        let (words, after) = rest.split_at(end);
        let text = join(words, blank, &config.chars, work.texts);
        let scanned = prescan(&text, mode, &config.chars, work.texts);
        for fault in &scanned.faults {
            let whole = join(tokens, blank, &config.chars, work.texts);
            super::address::report_fault(work.scope, &whole, fault);
        }
        out.extend(scanned.tokens?);
        let Some((operator, tail)) = after.split_first() else { break };
        out.push(*operator);
        rest = tail;
    }
    (!out.is_empty()).then_some(out)
}

/// Does the look-ups `$[ .. $]` and `$( .. $)` in `new`, from left to right.
fn look_ups(work: &mut Work<'_, '_, '_>, new: &mut Vec<Token>, status: &mut u8) -> Result<(), u8> {
    let mut at = 0;
    while at < new.len() {
        let end_mark = match new.get(at) {
            Some(t) if t.is(Mark::HostBegin) => Mark::HostEnd,
            Some(t) if t.is(Mark::MapBegin) => Mark::MapEnd,
            _ => {
                at += 1;
                continue;
            }
        };
        let close = new.iter().skip(at).position(|t| t.is(end_mark)).map_or(new.len(), |n| at + n);
        let inside = new.get(at + 1..close).unwrap_or_default().to_vec();
        let replacement = look_up(work, &inside, end_mark == Mark::HostEnd, status)?;
        let after = (close + 1).min(new.len());
        let next = at + replacement.len();
        new.splice(at..after, replacement);
        at = next;
        if new.len() >= MAX_ATOMS {
            work.system("rewrite: expansion too long");
            return Err(DATAERR);
        }
    }
    Ok(())
}

/// One look-up: what stands between the brackets, and what it becomes.
fn look_up(work: &mut Work<'_, '_, '_>, inside: &[Token], host: bool, status: &mut u8) -> Result<Vec<Token>, u8> {
    let config = work.config();
    let (map, rest) = match (host, inside.split_first()) {
        (true, _) => (b"host".to_vec(), inside),
        (false, Some((Token::Word(w), rest))) => (work.texts.text(*w).to_vec(), rest),
        (false, Some((Token::Op(m), rest))) => (vec![m.octet()], rest),
        (false, None) => (Vec::new(), inside),
    };
    let mut key: &[Token] = rest;
    let mut args: Vec<&[Token]> = Vec::new();
    let mut default: Option<&[Token]> = None;
    let mut part_start = 0;
    let mut kind: Option<Mark> = None;
    for i in 0..=rest.len() {
        let mark = match rest.get(i) {
            Some(Token::Op(m @ (Mark::Host | Mark::User))) => Some(*m),
            Some(_) => continue,
            None => None,
        };
        let part = rest.get(part_start..i).unwrap_or_default();
        match kind {
            None => key = part,
            Some(Mark::Host) => args.push(part),
            Some(_) => default = Some(part),
        }
        kind = mark;
        part_start = i + 1;
    }
    let blank = Some(config.options.blank_sub.0);
    let key_text = join(key, blank, &config.chars, work.texts);
    let arg_texts: Vec<Vec<u8>> = args.iter().map(|a| join(a, blank, &config.chars, work.texts)).collect();
    let arg_refs: Vec<&[u8]> = arg_texts.iter().map(Vec::as_slice).collect();
    let map_name = crate::cf::problem::printable(&map);
    let answer = work.scope.maps.lookup(&map_name, &key_text, &arg_refs, work.scope.macros);
    if work.explaining() {
        work.step(&Step::LookedUp { map: &map_name, key: &key_text, answer: &answer });
    }
    if let Some(trace) = work.scope.trace.as_deref_mut()
        && answer != Lookup::NoSuchMap
    {
        let (value, code) = match &answer {
            Lookup::Found(value) => (Some(value.as_slice()), OK),
            Lookup::FoundTemp(value) => (Some(value.as_slice()), TEMPFAIL),
            Lookup::TempFail(_) => (None, TEMPFAIL),
            Lookup::NotFound | Lookup::NoSuchMap => (None, NOHOST),
        };
        trace.looked_up(&LookedUp { map: &map_name, key: &key_text, args: &arg_refs, value, status: code });
    }
    let value = match answer {
        Lookup::Found(value) => Some(value),
        Lookup::FoundTemp(value) => {
            *status = TEMPFAIL;
            Some(value)
        }
        Lookup::NotFound => None,
        // The map has said why already, where that is said.
        Lookup::TempFail(_) => {
            *status = TEMPFAIL;
            work.scope.deferred.get_or_insert_with(|| (map_name.clone(), key_text.clone()));
            None
        }
        Lookup::NoSuchMap => {
            work.system(naming("rewrite: map ", &map_name, " not found"));
            None
        }
    };
    let scanned = match (value, default) {
        (Some(value), _) if value.is_empty() => return Ok(Vec::new()),
        (Some(value), _) => scan_value(work, &value),
        (None, Some([])) => return Ok(Vec::new()),
        (None, Some(default)) => scan_again(work, default),
        (None, None) => return Ok(key.to_vec()),
    };
    scanned.ok_or(DATAERR)
}

/// Does the calls `$>set ..` in `new`: each takes all that follows it, what it gives takes its place. A call's name is looked
/// at before the calls in its argument are made; false when one is unknown, and all stays as it is from there on.
fn calls(work: &mut Work<'_, '_, '_>, new: &mut Vec<Token>, depth: usize, status: &mut u8) -> bool {
    let Some(at) = new.iter().position(|t| t.is(Mark::Call)) else { return true };
    let name = match new.get(at + 1) {
        Some(Token::Word(w)) => ruleset_name(work.texts.text(*w)),
        Some(Token::Op(m)) => char::from(m.octet()).to_string(),
        // A call of nothing is text.
        None => return true,
    };
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        work.system(naming("invalid ruleset name: \"", &name, "\""));
    }
    let Some(set) = work.config().rulesets.find(&name) else {
        work.system(naming("Unknown ruleset ", &name, ""));
        *status = CONFIG;
        if let Some(slot) = new.get_mut(at + 1) {
            *slot = work.texts.word(&naming("", &name, ""));
        }
        return false;
    };
    let mut argument = new.split_off(at + 2);
    if !calls(work, &mut argument, depth, status) {
        new.append(&mut argument);
        return false;
    }
    new.truncate(at);
    // An empty rule set is not worth a trace.
    if work.config().rulesets.get(set).is_some_and(|s| !s.rules.is_empty()) {
        let code = rewrite(work, &mut argument, set, depth + 1);
        if code != OK {
            *status = code;
        }
    }
    new.append(&mut argument);
    true
}

/// The name in a call: it may be quoted.
fn ruleset_name(text: &[u8]) -> String {
    let bare = text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text);
    let end = bare.iter().position(|b| bare.len() < text.len() && b.is_ascii_whitespace()).unwrap_or(bare.len());
    crate::cf::problem::printable(bare.get(..end).unwrap_or(bare))
}

/// The text `before`, a name that may be an operator's octet, and `after`.
fn naming(before: &str, name: &str, after: &str) -> Vec<u8> {
    let mut out = before.as_bytes().to_vec();
    match name.chars().all(|c| u32::from(c) < 0xa0) {
        true => out.extend(name.chars().filter_map(|c| u8::try_from(u32::from(c)).ok())),
        false => out.extend_from_slice(name.as_bytes()),
    }
    out.extend_from_slice(after.as_bytes());
    out
}

/// What the operators of a match took, as text.
fn taken(work: &Work<'_, '_, '_>, tokens: &[Token], matched: &Matched) -> Vec<Vec<u8>> {
    let range = |n: usize| u8::try_from(n).ok().and_then(|n| matched.get(n)).unwrap_or_default();
    let text = |(start, end): (usize, usize)| {
        join(tokens.get(start..end).unwrap_or_default(), None, &work.config().chars, work.texts)
    };
    (1..=matched.len()).map(|n| text(range(n))).collect()
}

/// Tells the value that a late macro has.
pub(super) fn debug_late(work: &mut Work<'_, '_, '_>, side: &str, name: &MacroName, value: &[u8]) {
    if work.debugging(2) {
        let line = [format!("rewrite: {side} $&{{{}}} => \"", name.as_str()).as_bytes(), value, b"\""].concat();
        work.debug(2, &line);
    }
}

fn debug_rule(work: &mut Work<'_, '_, '_>, rule: &Rule) {
    let place = if work.debugging(15) { format!(" (line {})", rule.line) } else { String::new() };
    let line = [format!("-----trying rule{place}: ").as_bytes(), rule.shown[0].trim_ascii_end()].concat();
    work.debug(12, &line);
}

fn debug_match(work: &mut Work<'_, '_, '_>, rule: &Rule, tokens: &[Token], matched: &Matched) {
    let prefix: &[u8] = match rule.after {
        After::Again => b"",
        After::Next => b"$: ",
        After::Return => b"$@ ",
    };
    let shown = rule.shown[1].strip_prefix(prefix).unwrap_or(&rule.shown[1]).trim_ascii_end();
    work.debug(12, &[b"-----rule matches: ", prefix, shown].concat());
    if !work.debugging(15) {
        return;
    }
    for n in 1..=matched.len() {
        let Some((start, end)) = u8::try_from(n).ok().and_then(|n| matched.get(n)) else { continue };
        let mut line = format!("${n}:").into_bytes();
        line.extend(work.texts.show(tokens.get(start..end).unwrap_or_default()));
        work.debug(12, &line);
    }
}
