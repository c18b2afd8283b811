//! Left-hand sides: does a rule match, and what did each of its operators take?
//!
//! Every operator starts with as little as it may; when what follows does not fit, the rightmost one is extended
//! first. The work is bounded by the run's budget.

use super::token::{Token, Word};
use super::work::Work;
use crate::cf::class::{HASH_START, hash_more};
use crate::cf::ruleset::{Pattern, Rule};
use crate::cf::{ClassId, MacroName};

/// What an operator took: a range of tokens.
pub(super) type Taken = (usize, usize);

/// The most operators that a rule has.
const MAX_TAKEN: usize = 10;

/// The ranges that the operators of a match took, in order.
#[derive(Default, Debug)]
pub(super) struct Matched {
    ranges: [Taken; MAX_TAKEN],
    len: usize,
}

impl Matched {
    fn push(&mut self, start: usize, end: usize) {
        if let Some(slot) = self.ranges.get_mut(self.len) {
            *slot = (start, end);
        }
        self.len += 1;
    }

    /// What the `n`th operator took, counted from 1.
    pub(super) fn get(&self, n: u8) -> Option<Taken> {
        let n = usize::from(n);
        if n == 0 || n > self.len { None } else { self.ranges.get(n - 1).copied() }
    }

    /// How many operators took something.
    pub(super) fn len(&self) -> usize {
        self.len.min(MAX_TAKEN)
    }
}

/// Matches one rule against the tokens, whose [`Token::bits`] are `bits`.
pub(super) fn matches(rule: &Rule, tokens: &[Token], bits: u64, work: &mut Work<'_, '_, '_>) -> Option<Matched> {
    // Whoever watches sees the values of late macros also where the rule cannot match.
    if (rule.least > tokens.len() || rule.needs & !bits != 0) && !work.debugging(2) {
        return None;
    }
    let mut matched = Matched::default();
    step(&rule.lhs, tokens, 0, work, &mut matched).then_some(matched)
}

fn step(
    mut lhs: &[Pattern],
    tokens: &[Token],
    mut at: usize,
    work: &mut Work<'_, '_, '_>,
    matched: &mut Matched,
) -> bool {
    loop {
        let Some((pattern, rest)) = lhs.split_first() else { return at == tokens.len() };
        if !work.spend() {
            return false;
        }
        match pattern {
            Pattern::Word(w) => match tokens.get(at) {
                Some(Token::Word(t)) if work.texts.same(*w, *t) => at += 1,
                _ => return false,
            },
            Pattern::Op(mark) => match tokens.get(at) {
                Some(t) if t.is(*mark) => at += 1,
                _ => return false,
            },
            Pattern::Nothing => {}
            Pattern::One => {
                if at >= tokens.len() {
                    return false;
                }
                matched.push(at, at + 1);
                at += 1;
            }
            Pattern::NotClass(class) => {
                match tokens.get(at) {
                    Some(Token::Word(w)) if !in_class(*class, *w, work) => {}
                    Some(Token::Op(_)) => {}
                    _ => return false,
                }
                matched.push(at, at + 1);
                at += 1;
            }
            Pattern::Late(name) => match late(name, tokens, at, work) {
                Some(end) => at = end,
                None => return false,
            },
            Pattern::AnyNumber | Pattern::OneOrMore => {
                let least = usize::from(matches!(pattern, Pattern::OneOrMore));
                if rest.is_empty() {
                    if at + least > tokens.len() {
                        return false;
                    }
                    matched.push(at, tokens.len());
                    return true;
                }
                return extend(rest, tokens, at, at + least, work, matched);
            }
            Pattern::Class(class) => return extend_class(*class, rest, tokens, at, work, matched),
        }
        lhs = rest;
    }
}

/// Tries every end of a `$*` or `$+` that starts at `at`, the nearest first.
fn extend(
    rest: &[Pattern],
    tokens: &[Token],
    at: usize,
    from: usize,
    work: &mut Work<'_, '_, '_>,
    matched: &mut Matched,
) -> bool {
    let len = matched.len;
    for end in from..=tokens.len() {
        if !work.spend() {
            return false;
        }
        // The common case without recursion: the next element is a word.
        if let Some(Pattern::Word(w)) = rest.first() {
            match tokens.get(end) {
                Some(Token::Word(t)) if work.texts.same(*w, *t) => {}
                Some(_) => continue,
                None => return false,
            }
        }
        matched.len = len;
        matched.push(at, end);
        if step(rest, tokens, end, work, matched) {
            return true;
        }
        if work.exhausted() {
            return false;
        }
    }
    matched.len = len;
    false
}

/// Tries every phrase of a class that starts at `at`, the shortest first. BlankSub stands between its words.
fn extend_class(
    class: ClassId,
    rest: &[Pattern],
    tokens: &[Token],
    at: usize,
    work: &mut Work<'_, '_, '_>,
    matched: &mut Matched,
) -> bool {
    let config = work.config();
    let Some(set) = config.classes.by_id(class) else { return false };
    let len = matched.len;
    let mut hash = HASH_START;
    let mut phrase: Vec<u8> = Vec::new();
    let blank = [config.options.blank_sub.0];
    let mut after_atom = false;
    for end in at + 1..=tokens.len() {
        let Some(Token::Word(w)) = tokens.get(end - 1) else { return false };
        let text = work.texts.text(*w);
        let atom = text.first().is_some_and(|b| config.chars.is_atom(*b));
        if after_atom && atom {
            hash = hash_more(hash, &blank);
            phrase.extend(blank);
        }
        after_atom = atom;
        hash = hash_more(hash, text);
        phrase.extend_from_slice(text);
        if phrase.len() > set.longest() {
            return false;
        }
        if !set.contains_hashed(hash, |e| e.eq_ignore_ascii_case(&phrase)) {
            continue;
        }
        matched.len = len;
        matched.push(at, end);
        if step(rest, tokens, end, work, matched) {
            return true;
        }
        if work.exhausted() {
            return false;
        }
    }
    matched.len = len;
    false
}

fn in_class(class: ClassId, w: Word, work: &Work<'_, '_, '_>) -> bool {
    work.config().classes.by_id(class).is_some_and(|set| set.contains(work.texts.text(w)))
}

/// Compares the value of a macro with the tokens from `at`; the end of what it covers. Where no token is left even an empty value
/// does not match.
fn late(name: &MacroName, tokens: &[Token], at: usize, work: &mut Work<'_, '_, '_>) -> Option<usize> {
    if at >= tokens.len() {
        return None;
    }
    if work.debugging(2) {
        let value = work.scope.macros.find(name).unwrap_or_default().to_vec();
        super::engine::debug_late(work, "LHS", name, &value);
    }
    let mut value: &[u8] = work.scope.macros.find(name).unwrap_or_default();
    let mut at = at;
    while !value.is_empty() {
        let Some(Token::Word(w)) = tokens.get(at) else { return None };
        let text = work.texts.text(*w);
        let head = value.get(..text.len())?;
        if text.is_empty() || !head.eq_ignore_ascii_case(text) {
            return None;
        }
        value = value.get(text.len()..).unwrap_or_default();
        at += 1;
    }
    Some(at)
}
