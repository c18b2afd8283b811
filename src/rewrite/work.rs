//! The state of one run: its texts, its budget and its scope.

use super::scope::{Notice, Scope, Step};
use super::token::{Texts, Token};
use crate::cf::Config;

/// The steps of matching that one run may take.
const MAX_STEPS: u64 = 5_000_000;
/// The rules that one run may apply.
const MAX_RULES: u64 = 200_000;
/// The text that one run may make.
const MAX_TEXT: usize = 32 * 1024 * 1024;
/// The text that a trace may print of one run: tens of thousands of calls.
const MAX_SHOWN: usize = 2 * 1024 * 1024;

/// What a run carries with it.
pub(super) struct Work<'w, 'a, 't> {
    pub(super) scope: &'w mut Scope<'a>,
    pub(super) texts: &'w mut Texts<'t>,
    steps: u64,
    applied: u64,
    shown: usize,
}

impl<'w, 'a, 't> Work<'w, 'a, 't> {
    pub(super) fn new(scope: &'w mut Scope<'a>, texts: &'w mut Texts<'t>) -> Work<'w, 'a, 't> {
        Work { scope, texts, steps: 0, applied: 0, shown: 0 }
    }

    /// The configuration, for as long as the scope has it.
    pub(super) fn config(&self) -> &'a Config {
        self.scope.config
    }

    /// Takes one step; false when the budget is gone.
    pub(super) fn spend(&mut self) -> bool {
        self.steps += 1;
        !self.exhausted()
    }

    /// Counts one applied rule.
    pub(super) fn apply(&mut self) -> bool {
        self.applied += 1;
        !self.exhausted()
    }

    /// Whether the run has done more than any sensible configuration asks for.
    pub(super) fn exhausted(&self) -> bool {
        let done = self.steps > MAX_STEPS || self.applied > MAX_RULES;
        done || self.shown > MAX_SHOWN || self.texts.used() > MAX_TEXT
    }

    /// Whether the trace wants debugging output of `level`.
    pub(super) fn debugging(&self, level: u8) -> bool {
        self.scope.trace.as_ref().is_some_and(|t| t.debug_level() >= level)
    }

    /// Whether somebody wants to be told of every step.
    pub(super) fn explaining(&self) -> bool {
        self.scope.trace.as_ref().is_some_and(|t| t.wants_steps())
    }

    pub(super) fn step(&mut self, step: &Step<'_>) {
        if let Some(trace) = self.scope.trace.as_deref_mut() {
            trace.step(step);
        }
    }

    pub(super) fn debug(&mut self, level: u8, line: &[u8]) {
        if let Some(trace) = self.scope.trace.as_deref_mut() {
            trace.debug(level, line);
        }
    }

    pub(super) fn system(&mut self, text: impl Into<Vec<u8>>) {
        self.scope.note(Notice::System(text.into()));
    }

    /// Counts a line of about `length` octets, if it is printed: who only keeps what matters has a bound of his own.
    fn count_shown(&mut self, length: usize) {
        if !self.explaining() {
            self.shown += length + 20;
        }
    }

    pub(super) fn traced_enter(&mut self, name: &str, tokens: &[Token]) {
        if self.scope.trace.is_some() {
            let shown = self.texts.show(tokens);
            self.count_shown(name.len() + shown.len());
            if let Some(trace) = self.scope.trace.as_deref_mut() {
                trace.enter(name, &shown);
            }
        }
    }

    pub(super) fn traced_leave(&mut self, name: &str, tokens: &[Token]) {
        if self.scope.trace.is_some() {
            let shown = self.texts.show(tokens);
            self.count_shown(name.len() + shown.len());
            if let Some(trace) = self.scope.trace.as_deref_mut() {
                trace.leave(name, &shown);
            }
        }
    }

    /// The rule set that was entered last gives up.
    pub(super) fn traced_failure(&mut self) {
        if let Some(trace) = self.scope.trace.as_deref_mut() {
            trace.fail();
        }
    }
}
