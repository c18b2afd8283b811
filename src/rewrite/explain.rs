//! Why did the rules decide so? An [`Explainer`] watches a run and keeps what mattered: look-ups, words found in classes,
//! the rules that resolved the address or returned a plain word. Rules that only move the workspace about are left out.
//!
//! What is kept is bounded in number and length; the texts are octets as the run had them.

use super::scope::{Notice, Step, Trace};
use super::service::Lookup;
use super::token::Mark;
use crate::cf::ruleset::{After, Part, Pattern, Rule};
use crate::cf::{Config, RulesetId};

/// The most facts that are kept of a run.
const MAX_FACTS: usize = 400;
/// The longest text that is kept.
const MAX_TEXT: usize = 400;
/// Classes of maps that transform and find nothing.
const NOT_TABLES: &[&str] = &["macro", "arith", "dequote", "syslog", "null"];

/// Where a rule stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct At {
    /// Its line.
    pub line: u32,
    /// The line of the nearest rule on whose behalf it ran that the `.mc` file asked for, when it was not asked for itself.
    pub caller: Option<u32>,
}

/// Something that had a part in a decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A rule set was called from outside, with this input.
    Began {
        /// Its name.
        set: String,
        /// The tokens, a blank before each.
        input: Vec<u8>,
    },
    /// It is done.
    Ended {
        /// Its name.
        set: String,
        /// The tokens, a blank before each.
        output: Vec<u8>,
    },
    /// A map answered.
    LookUp {
        /// The map.
        map: String,
        /// The key.
        key: Vec<u8>,
        /// The value; `None` for a key that is not there.
        value: Option<Vec<u8>>,
        /// It could not say now.
        temporary: bool,
        /// The rule.
        at: At,
    },
    /// A phrase is in a class.
    Class {
        /// The class.
        class: String,
        /// The phrase.
        phrase: Vec<u8>,
        /// The rule.
        at: At,
    },
    /// A rule resolved the address, or returned a word of its own.
    Decision {
        /// The rule set.
        set: String,
        /// The rule.
        at: At,
        /// The rule as `=S` shows it.
        rule: Vec<u8>,
        /// What it made.
        result: Vec<u8>,
    },
    /// A complaint.
    Notice(Vec<u8>),
}

/// Keeps the facts of the runs that it watches.
pub struct Explainer<'c> {
    config: &'c Config,
    /// The lines of the rules whose calls are under way.
    calls: Vec<u32>,
    line: u32,
    facts: Vec<Fact>,
}

impl<'c> Explainer<'c> {
    /// Nothing seen yet.
    pub fn new(config: &'c Config) -> Explainer<'c> {
        Explainer { config, calls: Vec::new(), line: 0, facts: Vec::new() }
    }

    /// What was seen, in order.
    pub fn into_facts(self) -> Vec<Fact> {
        self.facts
    }

    fn at(&self, line: u32) -> At {
        let origins = &self.config.origins;
        let marked = |line: &&u32| origins.of(**line).is_some();
        let caller = match origins.of(line) {
            Some(_) => None,
            // The first is the one from outside: no rule.
            None => self.calls.iter().skip(1).rev().find(marked).copied(),
        };
        At { line, caller }
    }

    fn keep(&mut self, fact: Fact) {
        if self.facts.len() < MAX_FACTS && !self.repeats(&fact) {
            self.facts.push(fact);
        }
    }

    /// Whether this was said since the run began: a key asked twice, a class tried by every rule.
    fn repeats(&self, fact: &Fact) -> bool {
        let same = |old: &Fact| match (old, fact) {
            (Fact::Class { class: a, phrase: x, .. }, Fact::Class { class: b, phrase: y, .. }) => a == b && x == y,
            (Fact::LookUp { map: a, key: x, value: v, .. }, Fact::LookUp { map: b, key: y, value: w, .. }) => {
                a == b && x == y && v == w
            }
            _ => false,
        };
        let run = self.facts.iter().rev().take_while(|f| !matches!(f, Fact::Began { .. }));
        run.into_iter().any(same)
    }

    fn matched(&mut self, rule: &Rule, taken: &[Vec<u8>]) {
        self.line = rule.line;
        let operators = rule.lhs.iter().filter(|p| {
            matches!(
                p,
                Pattern::AnyNumber | Pattern::OneOrMore | Pattern::One | Pattern::Class(_) | Pattern::NotClass(_)
            )
        });
        let found: Vec<(String, Vec<u8>)> = operators
            .zip(taken)
            .filter_map(|(pattern, text)| match pattern {
                // Dots and other operators in a class are grammar, not policy.
                Pattern::Class(id) if text.iter().any(u8::is_ascii_alphanumeric) => {
                    Some((self.config.classes.name(*id)?.braced(), bounded(text)))
                }
                _ => None,
            })
            .collect();
        for (class, phrase) in found {
            let at = self.at(rule.line);
            self.keep(Fact::Class { class, phrase, at });
        }
    }

    fn looked_up(&mut self, map: &str, key: &[u8], answer: &Lookup) {
        if self.config.map(map).is_some_and(|def| NOT_TABLES.contains(&def.class.as_str())) {
            return;
        }
        let (value, temporary) = match answer {
            Lookup::Found(value) => (Some(bounded(value)), false),
            Lookup::FoundTemp(value) => (Some(bounded(value)), true),
            Lookup::TempFail(_) => (None, true),
            Lookup::NotFound | Lookup::NoSuchMap => (None, false),
        };
        let at = self.at(self.line);
        self.keep(Fact::LookUp { map: map.to_string(), key: bounded(key), value, temporary, at });
    }
}

impl Trace for Explainer<'_> {
    fn enter(&mut self, ruleset: &str, input: &[u8]) {
        if self.calls.is_empty() {
            self.keep(Fact::Began { set: ruleset.to_string(), input: bounded(input) });
        }
        self.calls.push(self.line);
    }

    fn leave(&mut self, ruleset: &str, output: &[u8]) {
        self.line = self.calls.pop().unwrap_or_default();
        if self.calls.is_empty() {
            self.keep(Fact::Ended { set: ruleset.to_string(), output: bounded(output) });
        }
    }

    fn fail(&mut self) {
        self.line = self.calls.pop().unwrap_or_default();
    }

    fn notice(&mut self, notice: &Notice) {
        // A refusal's text is told with the verdict.
        if let Notice::System(text) = notice {
            self.keep(Fact::Notice(bounded(text)));
        }
    }

    fn wants_steps(&self) -> bool {
        true
    }

    fn step(&mut self, step: &Step<'_>) {
        if self.facts.len() >= MAX_FACTS {
            // Nothing more is kept: only where the run is still counts, for the end of it.
            if let Step::Matched { rule, .. } = step {
                self.line = rule.line;
            }
            return;
        }
        match step {
            Step::Matched { rule, taken, .. } => self.matched(rule, taken),
            Step::LookedUp { map, key, answer } => self.looked_up(map, key, answer),
            Step::Rewritten { set, rule, result } if decides(self.config, rule) => {
                let fact = Fact::Decision {
                    set: set_name(self.config, *set),
                    at: self.at(rule.line),
                    rule: rule_text(rule),
                    result: bounded(result),
                };
                self.keep(fact);
            }
            Step::Rewritten { .. } => {}
        }
    }
}

/// The facts behind a refusal in one line: the last entry or class that was found, and the rule that refused, with their places.
pub fn summary(config: &Config, facts: &[Fact]) -> Vec<u8> {
    let refusal = facts.iter().rposition(|f| matches!(f, Fact::Decision { result, .. } if result.starts_with(b" $#")));
    let before = facts.get(..refusal.unwrap_or(facts.len())).unwrap_or_default();
    let found = before.iter().rev().find(|f| {
        matches!(f, Fact::LookUp { value: Some(_), .. } | Fact::LookUp { temporary: true, .. } | Fact::Class { .. })
    });
    let mut parts: Vec<Vec<u8>> = Vec::new();
    match found {
        Some(Fact::LookUp { map, key, value, at, .. }) => {
            let value = value.as_deref().unwrap_or(b"(no answer)");
            parts.push(
                [b"map ", map.as_bytes(), b" has ", key, b": ", value, b" at ", place(config, *at).as_bytes()].concat(),
            );
        }
        Some(Fact::Class { class, phrase, at }) => {
            parts
                .push([b"class ", class.as_bytes(), b" has ", phrase, b" at ", place(config, *at).as_bytes()].concat());
        }
        _ => {}
    }
    match refusal.and_then(|at| facts.get(at)) {
        Some(Fact::Decision { set, at, .. }) => {
            parts.push(format!("rule in {set} at {}", place(config, *at)).into_bytes())
        }
        _ => parts.extend(facts.iter().rev().find_map(|f| match f {
            Fact::Notice(text) => Some(text.clone()),
            _ => None,
        })),
    }
    parts.join(&b"; "[..])
}

/// `sendmail.cf:812`, with the word of the `.mc` file that the rule, or the one that it works for, is there for.
fn place(config: &Config, at: At) -> String {
    let file = config.file.rsplit('/').next().unwrap_or_default();
    match config.origins.of(at.caller.unwrap_or(at.line)) {
        Some(origin) => format!("{file}:{} ({origin})", at.line),
        None => format!("{file}:{}", at.line),
    }
}

fn set_name(config: &Config, set: RulesetId) -> String {
    config.rulesets.name(set)
}

/// `R` line of a rule, in one line.
fn rule_text(rule: &Rule) -> Vec<u8> {
    let [left, right] = &rule.shown;
    bounded(&[b"R", left.trim_ascii(), b"  ", right.trim_ascii()].concat())
}

/// Whether a rule decides: it resolves what was not resolved, or returns words of its own that it was not given.
fn decides(config: &Config, rule: &Rule) -> bool {
    if matches!(rule.rhs.first(), Some(Part::Op(Mark::Mailer))) {
        return !rule.lhs.iter().any(|p| matches!(p, Pattern::Op(Mark::Mailer)));
    }
    let pool = &config.rulesets.pool;
    let given = |word: &[u8]| rule.lhs.iter().any(|p| matches!(p, Pattern::Word(w) if pool.text(*w) == word));
    let mut own = false;
    for part in &rule.rhs {
        match part {
            Part::Word(w) => {
                let text = pool.text(*w);
                own |= text.iter().any(u8::is_ascii_alphanumeric) && !given(text);
            }
            _ => return false,
        }
    }
    // What is left for everything else is no decision: what did not fit before it is.
    let tests = !matches!(rule.lhs.as_slice(), [Pattern::AnyNumber]);
    own && tests && rule.after == After::Return
}

fn bounded(text: &[u8]) -> Vec<u8> {
    text.get(..MAX_TEXT).unwrap_or(text).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::load::LoadOptions;
    use crate::cf::system::Fixed;
    use crate::rewrite::{Scope, run_sequence};

    /// A rule that is applied until the depth is used up: each round's call fails.
    #[test]
    fn calls_that_failed_are_not_under_way() {
        let system = Fixed { host: "mail.example.test".into() };
        let cf = b"V10\nMlocal, P=/x, F=l, S=A, R=3, A=x\nS3\nR$+\t$>3 $1\n";
        let (config, _) = Config::parse(cf, "t.cf", &LoadOptions::new(&system));
        let mut macros = config.layer();
        let mut explainer = Explainer::new(&config);
        let maps = crate::rewrite::service::NoMaps;
        let mut scope = Scope::new(&config, &mut macros, &maps);
        scope.trace = Some(&mut explainer);
        let _ = run_sequence(&mut scope, &[RulesetId(3)], b"a", None);
        assert!(explainer.calls.is_empty(), "{}", explainer.calls.len());
        assert!(explainer.facts.iter().any(|f| matches!(f, Fact::Notice(_))));
    }
}
