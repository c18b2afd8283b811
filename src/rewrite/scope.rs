//! What a run of rules is given, and what it gives back.

use super::service::{Lookup, Maps};
use crate::cf::ruleset::Rule;
use crate::cf::{Config, Macros, RulesetId};
use crate::reply::Enhanced;

/// Something that went wrong while rules ran.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// The address is at fault: SMTP code, enhanced code and text (`553`, `5.1.0`, `a<... Unbalanced '<'`).
    User {
        /// Three digits.
        code: u16,
        /// The enhanced status code.
        enhanced: Enhanced,
        /// The text, with the address in front where the original has it.
        text: Vec<u8>,
    },
    /// The configuration is at fault; the text belongs into the log.
    System(Vec<u8>),
}

impl Notice {
    /// The enhanced code that goes with a notice when it becomes a reply (554 for a fault of the configuration).
    pub fn enhanced(&self) -> Enhanced {
        match self {
            Notice::User { enhanced, .. } => *enhanced,
            Notice::System(text) if text.starts_with(b"rewrite: map ") => Enhanced(5, 3, 0),
            Notice::System(text) if text.starts_with(b"rewrite: excessive") => Enhanced(5, 0, 0),
            Notice::System(_) => Enhanced(5, 3, 5),
        }
    }

    /// The text alone, as the test mode prints it.
    pub fn text(&self) -> &[u8] {
        match self {
            Notice::User { text, .. } | Notice::System(text) => text,
        }
    }
}

/// Watches a run of rules.
pub trait Trace {
    /// A rule set begins; `input` is as a trace shows it, a blank before each token.
    fn enter(&mut self, ruleset: &str, input: &[u8]);
    /// A rule set is done.
    fn leave(&mut self, ruleset: &str, output: &[u8]);
    /// The rule set entered last ended without a result, [`Trace::leave`] is not called for it.
    fn fail(&mut self) {}
    /// A rule set of a sequence ended with this status.
    fn status(&mut self, _ruleset: RulesetId, _status: u8) {}
    /// Something is to be said.
    fn notice(&mut self, notice: &Notice);
    /// A rule has looked something up.
    fn looked_up(&mut self, _look_up: &LookedUp<'_>) {}
    /// A line of debugging output of `-d21.level`.
    fn debug(&mut self, _level: u8, _line: &[u8]) {}
    /// The highest level of [`Trace::debug`] that is wanted; 0 for none.
    fn debug_level(&self) -> u8 {
        0
    }
    /// Whether [`Trace::step`] is wanted.
    fn wants_steps(&self) -> bool {
        false
    }
    /// One thing that a rule did.
    fn step(&mut self, _step: &Step<'_>) {}
}

/// What a rule does, for whoever explains a decision.
pub enum Step<'s> {
    /// A rule has matched; what each of its operators took, as text.
    Matched {
        /// The rule set.
        set: RulesetId,
        /// The rule.
        rule: &'s Rule,
        /// What the operators took, in order.
        taken: &'s [Vec<u8>],
    },
    /// It has asked a map.
    LookedUp {
        /// The map.
        map: &'s str,
        /// The key.
        key: &'s [u8],
        /// The answer.
        answer: &'s Lookup,
    },
    /// It is done, calls and all.
    Rewritten {
        /// The rule set.
        set: RulesetId,
        /// The rule.
        rule: &'s Rule,
        /// What the tokens are now, a blank before each.
        result: &'s [u8],
    },
}

/// A look-up that a rule made.
pub struct LookedUp<'a> {
    /// The map.
    pub map: &'a str,
    /// The key.
    pub key: &'a [u8],
    /// The arguments.
    pub args: &'a [&'a [u8]],
    /// The value, if there is one.
    pub value: Option<&'a [u8]>,
    /// The status of sysexits(3).
    pub status: u8,
}

/// What a run of rules may see and change.
pub struct Scope<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The macros of the session or envelope; a `macro` map sets them.
    pub macros: &'a mut Macros,
    /// The maps.
    pub maps: &'a dyn Maps,
    /// Watches, if anybody does.
    pub trace: Option<&'a mut dyn Trace>,
    /// What went wrong, in order. Callers look here for the text of a refusal, and log what is left.
    pub notices: Vec<Notice>,
    /// The first look-up that could not be answered now: map and key.
    pub deferred: Option<(String, Vec<u8>)>,
}

impl<'a> Scope<'a> {
    /// A scope that nobody watches.
    pub fn new(config: &'a Config, macros: &'a mut Macros, maps: &'a dyn Maps) -> Scope<'a> {
        Scope { config, macros, maps, trace: None, notices: Vec::new(), deferred: None }
    }

    pub(super) fn set_status(&mut self, id: RulesetId, status: u8) {
        if let Some(trace) = self.trace.as_deref_mut() {
            trace.status(id, status);
        }
    }

    /// Records a notice and shows it to the trace.
    pub fn note(&mut self, notice: Notice) {
        if let Some(trace) = self.trace.as_deref_mut() {
            trace.notice(&notice);
        }
        self.notices.push(notice);
    }
}

/// `$#mailer $@host $:user`, as rules return it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Triple {
    /// The mailer's name: what stands between `$#` and the next operator.
    pub mailer: Vec<u8>,
    /// What stands after `$@`.
    pub host: Option<Vec<u8>>,
    /// What stands after `$:`.
    pub user: Option<Vec<u8>>,
}

/// What a rule set made of its input.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outcome {
    /// The tokens put together (no blanks but BlankSub between words).
    pub text: Vec<u8>,
    /// The tokens as a trace shows them, a blank before each.
    pub shown: Vec<u8>,
    /// The triple, when the result begins with `$#`.
    pub triple: Option<Triple>,
    /// The status: 0, or sysexits: 75 when a map could not answer now, 78 for a fault of the rules.
    pub status: u8,
}

/// What a hook decided.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// There is no such rule set (or it has no rules): nothing was decided.
    Undefined,
    /// The rule set returned without resolving, or to `$#OK` and the like.
    Accept {
        /// What stands after `$#` (empty when there was none): `OK`, letters of `srv_features`, milliseconds of
        /// `greet_pause`, name of a queue group.
        mailer: Vec<u8>,
        /// What stands after `$@` and `$:`.
        host: Option<Vec<u8>>,
        /// What stands after `$:`.
        user: Option<Vec<u8>>,
        /// The whole result put together.
        text: Vec<u8>,
    },
    /// `$#error`: refuse with this reply.
    Reject {
        /// SMTP reply code.
        code: u16,
        /// Enhanced status code.
        enhanced: Enhanced,
        /// Text.
        text: Vec<u8>,
    },
    /// `$#discard`: accept and throw away.
    Discard,
    /// `$#error $@ quarantine $: reason`.
    Quarantine(Vec<u8>),
    /// The rules could not come to an end in reasonable time: answer 451 4.3.0.
    TempFail,
}

impl Verdict {
    /// Whether the hook lets things go on.
    pub fn is_accept(&self) -> bool {
        matches!(self, Verdict::Undefined | Verdict::Accept { .. } | Verdict::Quarantine(_))
    }
}
