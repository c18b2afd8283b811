//! Rules that never match, because one above takes everything that they would.
//!
//! After a rule without `$:` has done its work the workspace no longer fits it, or the set is left. So a later rule whose
//! left-hand side accepts nothing that the earlier one's does not is dead, as long as every rule between them leaves the
//! set when it matches: a rule that only rewrites may make what the later one waits for.

use super::Subject;
use super::report::Report;
use crate::cf::RulesetId;
use crate::cf::problem::printable;
use crate::cf::ruleset::{After, MAX_RULESETS, Part, Pattern, Rule};
use crate::rewrite::token::{Mark, Pool};

/// How far up a rule is compared: sets of thousands of rules exist.
const MAX_ABOVE: usize = 64;
/// Longer left-hand sides are not compared.
const MAX_ELEMENTS: usize = 200;

pub(super) fn tell(subject: &Subject<'_>, report: &mut Report) {
    let sets = &subject.config.rulesets;
    for id in (0..MAX_RULESETS).map(RulesetId) {
        let rules = sets.get(id).map(|s| &*s.rules).unwrap_or_default();
        // A dead rule does nothing to the workspace.
        let mut alive: Vec<&Rule> = Vec::new();
        for (at, rule) in rules.iter().enumerate() {
            let most = if subject.is_sites(rule.line) { MAX_ABOVE } else { 1 };
            let Some(first) = shadow(rule, alive.iter().rev().take(most).copied(), &sets.pool) else {
                alive.push(rule);
                continue;
            };
            let text = format!(
                "rule {} of rule set {} can never match: line {} ({}) takes all that it would",
                at + 1,
                sets.name(id),
                first.line,
                printable(first.shown[0].trim_ascii())
            );
            report.warning("rule-unreachable", subject.name, rule.line, text, "take it out, or put it above that line");
        }
    }
}

/// The rule of `above`, nearest first, that leaves nothing for `rule`.
fn shadow<'r>(rule: &Rule, above: impl Iterator<Item = &'r Rule>, pool: &Pool) -> Option<&'r Rule> {
    for earlier in above {
        let sizes = 1..=MAX_ELEMENTS;
        let sensible = sizes.contains(&rule.lhs.len()) && sizes.contains(&earlier.lhs.len());
        let takes = earlier.after != After::Next || resolves(earlier);
        if takes && sensible && covers(&earlier.lhs, &rule.lhs, pool) {
            return Some(earlier);
        }
        if earlier.after != After::Return && !resolves(earlier) {
            return None;
        }
    }
    None
}

/// Whether the rule's result ends the set: it begins with `$#`.
fn resolves(rule: &Rule) -> bool {
    matches!(rule.rhs.first(), Some(Part::Op(Mark::Mailer)))
}

/// Whether everything that `narrow` accepts is accepted by `wide`: `wide` is matched against the elements of `narrow`,
/// each standing for all that it may take.
fn covers(wide: &[Pattern], narrow: &[Pattern], pool: &Pool) -> bool {
    let (wide, narrow): (Vec<_>, Vec<_>) = (
        wide.iter().filter(|p| !matches!(p, Pattern::Nothing)).collect(),
        narrow.iter().filter(|p| !matches!(p, Pattern::Nothing)).collect(),
    );
    // reach[j]: the elements of `wide` so far can take exactly the first j of `narrow`.
    let mut reach = vec![false; narrow.len() + 1];
    if let Some(start) = reach.first_mut() {
        *start = true;
    }
    for pattern in wide {
        let mut next = vec![false; narrow.len() + 1];
        // What `$+` has taken so far holds no token for sure yet.
        let mut empty_run = false;
        let mut full_run = false;
        for j in 0..=narrow.len() {
            let here = reach.get(j).copied().unwrap_or_default();
            let taken = j.checked_sub(1).and_then(|k| narrow.get(k));
            let from_before = j.checked_sub(1).and_then(|k| reach.get(k)).copied().unwrap_or_default();
            let hit = match pattern {
                Pattern::AnyNumber => {
                    full_run |= here;
                    full_run
                }
                Pattern::OneOrMore => {
                    full_run |= empty_run && taken.is_some_and(|t| certain(t));
                    empty_run |= here;
                    full_run
                }
                other => from_before && taken.is_some_and(|t| takes(other, t, pool)),
            };
            if let Some(slot) = next.get_mut(j) {
                *slot = hit;
            }
        }
        reach = next;
    }
    reach.last().copied().unwrap_or_default()
}

/// Whether an element stands for at least one token.
fn certain(pattern: &Pattern) -> bool {
    !matches!(pattern, Pattern::AnyNumber | Pattern::Nothing | Pattern::Late(_))
}

/// Whether `wide`, which is no `$*` or `$+`, accepts everything that `narrow` stands for.
fn takes(wide: &Pattern, narrow: &Pattern, pool: &Pool) -> bool {
    match (wide, narrow) {
        (Pattern::Word(a), Pattern::Word(b)) => pool.text(*a).eq_ignore_ascii_case(pool.text(*b)),
        (Pattern::Op(a), Pattern::Op(b)) => a == b,
        (Pattern::One, Pattern::One | Pattern::Word(_) | Pattern::Op(_) | Pattern::NotClass(_)) => true,
        (Pattern::Class(a), Pattern::Class(b)) | (Pattern::NotClass(a), Pattern::NotClass(b)) => a == b,
        (Pattern::Late(a), Pattern::Late(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::cf::Config;
    use crate::cf::load::LoadOptions;
    use crate::cf::system::Fixed;
    use crate::cli::check::{Subject, report::Report};

    fn dead(rules: &str) -> Vec<u32> {
        let text = format!("V10\nS1\n{rules}");
        let system = Fixed { host: "h.test".into() };
        let (config, _) = Config::parse(text.as_bytes(), "t", &LoadOptions::new(&system));
        let mut report = Report::new("t");
        super::tell(&Subject { name: "t", text: text.as_bytes(), config: &config, ours: false }, &mut report);
        report.findings().iter().map(|f| f.line - 2).collect()
    }

    #[test]
    fn what_is_taken_above_is_dead() {
        assert_eq!(dead("R$*\t$@ a\nR$+\t$@ b\n"), [2]);
        assert_eq!(dead("R$* @ $*\t$#x\nR$+ @ $- . $=w\t$: b\n"), [2]);
        assert_eq!(dead("Rfoo\tbar\nR$-\t$@ x\nRFOO\t$: b\n"), [3]);
        assert_eq!(dead("R$=w $*\t$@ x\nR$=w\t$@ y\nR$=w . $~x\t$@ z\n"), [2, 3]);
    }

    #[test]
    fn what_may_come_is_alive() {
        // $: hands its result on; a rewriting rule between may make what fits.
        assert_eq!(dead("R$*\t$: $1 x\nR$*\t$@ b\n"), [] as [u32; 0]);
        assert_eq!(dead("R$+ . $+\t$@ x\nRa\tb . c\nR$- . $-\t$@ y\n"), [] as [u32; 0]);
        assert_eq!(dead("R$+\t$@ a\nR$*\t$@ b\n"), [] as [u32; 0]);
        assert_eq!(dead("R$- $-\t$@ a\nR$+ $+\t$@ b\nR$=w\t$@ c\nR$=m\t$@ d\n"), [] as [u32; 0]);
        assert_eq!(dead("R$+ $+\t$@ a\nR$=w\t$@ b\nR$* $&x\t$@ c\n"), [] as [u32; 0]);
    }
}
