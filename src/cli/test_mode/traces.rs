//! The traces of rule sets, as `-bt` shows them.

use std::collections::VecDeque;

use super::output::{Out, visible};
use crate::cf::{Config, RulesetId};
use crate::rewrite::{Notice, Trace};

/// The category of rewriting in `-d`.
const REWRITE: u32 = 21;

/// Shows what a run of rules does.
pub(super) struct Printer<'c> {
    out: Out,
    config: &'c Config,
    level: u8,
    /// What was typed from each rule set on that is still to run.
    pub(super) typed: VecDeque<String>,
}

/// The exit code after a fault of the configuration (EX_SOFTWARE).
const SOFTWARE: u8 = 70;

impl<'c> Printer<'c> {
    pub(super) fn new(out: Out, config: &'c Config, level: u8) -> Printer<'c> {
        Printer { out, config, level, typed: VecDeque::new() }
    }

    fn show(&self, ruleset: &str, what: &str, tokens: &[u8]) {
        let mut line = format!("{ruleset:<16.16} {what:>8}").into_bytes();
        line.extend(visible(tokens));
        self.out.line(&line);
    }
}

impl Trace for Printer<'_> {
    fn enter(&mut self, ruleset: &str, input: &[u8]) {
        self.show(ruleset, "input:", input);
    }

    fn leave(&mut self, ruleset: &str, output: &[u8]) {
        self.show(ruleset, "returns:", output);
    }

    fn status(&mut self, ruleset: RulesetId, status: u8) {
        let name = self.typed.pop_front().unwrap_or_else(|| self.config.rulesets.name(ruleset));
        if status == 0 {
            return;
        }
        self.out.text(&format!("== Ruleset {name} ({}) status {status}", ruleset.0));
    }

    fn notice(&mut self, notice: &Notice) {
        if matches!(notice, Notice::System(_)) {
            self.out.fail(SOFTWARE);
        }
        self.out.message(notice.text());
    }

    fn debug(&mut self, level: u8, line: &[u8]) {
        if self.level >= level {
            self.out.line(&visible(line));
        }
    }

    fn debug_level(&self) -> u8 {
        self.level
    }
}

/// The level that a `-d` value (`21.12`, `0-99.1`, `21`) gives to rewriting; nothing at all is everything at 1.
pub fn level_of(spec: &[u8]) -> Option<u8> {
    let number = |text: &[u8]| u32::try_from(crate::cf::options::value::number(text)).unwrap_or(u32::MAX);
    let mut found = None;
    for part in spec.split(|b| *b == b',') {
        let mut halves = part.splitn(2, |b| *b == b'.');
        let range = halves.next().unwrap_or_default();
        let level = halves.next().map_or(1, number);
        let mut ends = range.splitn(2, |b| *b == b'-');
        let first = ends.next().unwrap_or_default();
        let (low, high) = match (first.is_empty(), ends.next()) {
            (true, _) => (0, 99),
            (false, Some(high)) => (number(first), number(high)),
            (false, None) => (number(first), number(first)),
        };
        if (low..=high).contains(&REWRITE) {
            found = Some(u8::try_from(level).unwrap_or(u8::MAX));
        }
    }
    found
}
