//! The traces of rule sets, as `-bt` shows them.

use std::collections::VecDeque;

use super::output::{Out, visible};
use crate::cf::{Config, RulesetId};
use crate::cli::levels::Levels;
use crate::rewrite::{LookedUp, Notice, Trace};

/// The category of rewriting in `-d`.
const REWRITE: usize = 21;
/// The category of maps.
const MAPS: usize = 60;

/// Shows what a run of rules does.
pub(super) struct Printer<'c> {
    out: Out,
    config: &'c Config,
    levels: &'c Levels,
    /// What was typed from each rule set on that is still to run.
    pub(super) typed: VecDeque<String>,
}

/// The exit code after a fault of the configuration (EX_SOFTWARE).
const SOFTWARE: u8 = 70;

impl<'c> Printer<'c> {
    pub(super) fn new(out: Out, config: &'c Config, levels: &'c Levels) -> Printer<'c> {
        Printer { out, config, levels, typed: VecDeque::new() }
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
        if self.debug_level() >= level {
            self.out.line(&visible(line));
        }
    }

    fn debug_level(&self) -> u8 {
        self.levels.at(REWRITE)
    }

    fn looked_up(&mut self, look_up: &LookedUp<'_>) {
        let level = self.levels.at(MAPS);
        if level == 0 {
            return;
        }
        // Without -q a map sees the key without its quotes.
        let flags = self.config.map(look_up.map).map(|m| m.args.as_slice()).unwrap_or_default();
        let quoted = flags.split(u8::is_ascii_whitespace).any(|w| w == b"-q");
        let key: Vec<u8> = look_up.key.iter().copied().filter(|b| quoted || *b != b'"').collect();
        let mut line = format!("map_lookup({}, ", look_up.map).into_bytes();
        line.extend(visible(&key));
        if level >= 5 {
            for (i, arg) in std::iter::once(&key.as_slice()).chain(look_up.args).enumerate() {
                line.extend(format!(", %{i}=").bytes());
                line.extend_from_slice(arg);
            }
        }
        line.extend_from_slice(b") => ");
        line.extend_from_slice(look_up.value.unwrap_or(b"NOT FOUND"));
        line.extend(format!(" ({}), ad=0", look_up.status).bytes());
        self.out.line(&line);
    }
}
