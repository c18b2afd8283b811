//! Rule sets: their names and numbers, and the rules compiled for the engine in [`crate::rewrite`].

use std::collections::HashMap;

use super::class::ClassId;
use super::macros::MacroName;
use super::problem::{Fault, printable};
use crate::rewrite::token::{Mark, Pool, Word};

/// How many rule sets there can be.
pub const MAX_RULESETS: u16 = 200;
/// Numbers below this one may be written; those above are given to names.
pub const MAX_NUMBER: u16 = 100;

/// A rule set's number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RulesetId(pub u16);

impl RulesetId {
    /// The number 0, which in a mailer stands for "none".
    pub const NONE: RulesetId = RulesetId(0);
}

/// One element of a rule's left-hand side.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A word, whatever its case.
    Word(Word),
    /// An operator among the tokens.
    Op(Mark),
    /// `$*`
    AnyNumber,
    /// `$+`
    OneOrMore,
    /// `$-`
    One,
    /// `$=x`
    Class(ClassId),
    /// `$~x`
    NotClass(ClassId),
    /// `$@`: no token, which is found anywhere
    Nothing,
    /// `$&x`
    Late(MacroName),
}

/// One element of a rule's right-hand side.
#[derive(Clone, Debug)]
pub enum Part {
    /// A word.
    Word(Word),
    /// An operator.
    Op(Mark),
    /// `$1` to `$9`
    Arg(u8),
    /// `$&x`
    Late(MacroName),
}

/// What follows when a rule has matched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// The same rule is tried again.
    Again,
    /// The next rule (`$:`).
    Next,
    /// The rule set is done (`$@`).
    Return,
}

/// A compiled rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The left-hand side.
    pub lhs: Vec<Pattern>,
    /// The right-hand side without its `$:` or `$@` prefix.
    pub rhs: Vec<Part>,
    /// What the prefix says.
    pub after: After,
    /// Both sides' tokens as `=S` and traces show them.
    pub shown: [Vec<u8>; 2],
    /// The line of the configuration.
    pub line: u32,
    /// The fewest tokens that can match.
    pub least: usize,
    /// The bits ([`crate::rewrite::token::Token::bit`]) of the tokens that must be there.
    pub needs: u64,
}

/// A rule set.
#[derive(Clone, Debug, Default)]
pub struct Ruleset {
    /// The rules, in order.
    pub rules: Vec<Rule>,
    /// Whether an `S` line started it.
    pub defined: bool,
    /// What each rule needs, side by side: most rules are passed by, and these are all that is read of them.
    heads: Vec<Head>,
}

/// What a rule needs to match at all.
#[derive(Clone, Copy, Debug)]
struct Head {
    needs: u64,
    least: usize,
}

impl Ruleset {
    /// Adds a rule at the end.
    pub fn push(&mut self, rule: Rule) {
        self.heads.push(Head { needs: rule.needs, least: rule.least });
        self.rules.push(rule);
    }

    /// Whether the rule with this index cannot match so many tokens with these [`bits`](crate::rewrite::token::Token::bits).
    pub fn passes_by(&self, index: usize, tokens: usize, bits: u64) -> bool {
        self.heads.get(index).is_some_and(|head| head.least > tokens || head.needs & !bits != 0)
    }
}

/// All rule sets of a configuration.
#[derive(Clone, Debug)]
pub struct Rulesets {
    sets: Vec<Ruleset>,
    names: Vec<Option<String>>,
    by_name: HashMap<String, Option<u16>>,
    next: u16,
    /// The text of the rules' words.
    pub pool: Pool,
}

impl Default for Rulesets {
    fn default() -> Rulesets {
        let all = usize::from(MAX_RULESETS);
        Rulesets {
            sets: vec![Ruleset::default(); all],
            names: vec![None; all],
            by_name: HashMap::new(),
            next: MAX_RULESETS - 1,
            pool: Pool::default(),
        }
    }
}

impl Rulesets {
    /// The rule set of a number.
    pub fn get(&self, id: RulesetId) -> Option<&Ruleset> {
        self.sets.get(usize::from(id.0))
    }

    /// The rule set of a number, to be added to.
    pub fn get_mut(&mut self, id: RulesetId) -> Option<&mut Ruleset> {
        self.sets.get_mut(usize::from(id.0))
    }

    /// The name of a number, or the number itself.
    pub fn name(&self, id: RulesetId) -> String {
        self.names.get(usize::from(id.0)).and_then(Clone::clone).unwrap_or_else(|| id.0.to_string())
    }

    /// Finds a rule set that exists, by name or number.
    pub fn find(&self, name: &str) -> Option<RulesetId> {
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            let n: u16 = name.parse().ok()?;
            return (n < MAX_NUMBER).then_some(RulesetId(n));
        }
        self.by_name.get(name).copied().flatten().map(RulesetId)
    }

    /// Finds a rule set by name that has rules, as hooks are looked for.
    pub fn hook(&self, name: &str) -> Option<RulesetId> {
        self.find(name).filter(|id| self.get(*id).is_some_and(|s| !s.rules.is_empty()))
    }

    /// The number of a name or number as `S`, `S=` and `$>` write it; a new name gets a number.
    pub fn intern(&mut self, text: &[u8], faults: &mut Vec<Fault>) -> Option<RulesetId> {
        self.read(text, true, faults).map(|(id, _)| id)
    }

    /// The number of a name that is looked for, as the test mode does; a name without number gets one.
    pub fn look_up(&mut self, text: &[u8], faults: &mut Vec<Fault>) -> Option<RulesetId> {
        self.read(text, false, faults).map(|(id, _)| id)
    }

    /// Reads a name or number at the start of `text`, and what follows it: a name's `=number`.
    pub fn read<'t>(&mut self, text: &'t [u8], make: bool, faults: &mut Vec<Fault>) -> Option<(RulesetId, &'t [u8])> {
        let text = text.trim_ascii_start();
        let len = text.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let starts_as_name = text.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        if !starts_as_name {
            faults.push(Fault::error(format!("invalid ruleset name: \"{}\"", printable(text))));
            return None;
        }
        if text.first().is_some_and(u8::is_ascii_digit) {
            let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
            let (number, rest) = text.split_at(digits);
            let n = super::options::value::number(number);
            let Some(id) = u16::try_from(n).ok().filter(|n| *n < MAX_NUMBER) else {
                faults.push(Fault::error(format!("bad ruleset {n} ({MAX_NUMBER} max)")));
                return None;
            };
            return Some((RulesetId(id), rest));
        }
        let (name, rest) = text.split_at(len);
        let name = printable(name);
        if !make && !self.by_name.contains_key(&name) {
            return None;
        }
        let known = *self.by_name.entry(name.clone()).or_insert(None);
        let after = rest.trim_ascii_start();
        let given = match after.split_first() {
            Some((b'=', number)) if make => {
                let number = number.trim_ascii_start();
                if !number.first().is_some_and(u8::is_ascii_digit) {
                    faults.push(Fault::error(format!(
                        "bad ruleset definition \"{}\" (number required after `=')",
                        printable(text)
                    )));
                    return None;
                }
                let n = super::options::value::number(number);
                match u16::try_from(n).ok().filter(|n| *n < MAX_NUMBER) {
                    Some(n) => Some(n),
                    None => {
                        let text = printable(text);
                        faults.push(Fault::error(format!("bad ruleset number {n} in \"{text}\" ({MAX_NUMBER} max)")));
                        return None;
                    }
                }
            }
            _ => None,
        };
        let id = match (given, known) {
            (Some(n), Some(old)) if n != old => {
                let shown = printable(text);
                faults.push(Fault::error(format!("{shown}: ruleset changed value (old {old}, new {n})")));
                return Some((RulesetId(old), rest));
            }
            (Some(n), _) => n,
            (None, Some(old)) => old,
            (None, None) => {
                if self.next < MAX_NUMBER {
                    faults.push(Fault::error(format!(
                        "{name}: too many named rulesets ({} max)",
                        MAX_RULESETS - MAX_NUMBER
                    )));
                    return None;
                }
                let n = self.next;
                self.next -= 1;
                n
            }
        };
        self.by_name.insert(name.clone(), Some(id));
        if make && let Some(slot) = self.names.get_mut(usize::from(id)) {
            *slot = Some(name);
        }
        Some((RulesetId(id), rest))
    }
}
