//! [`Config`]: everything a configuration says, ready to be used and shared.

use std::sync::Arc;

use super::class::Classes;
use super::header::HeaderDef;
use super::macros::Macros;
use super::mailer::{Mailer, MailerIndex};
use super::milter::MilterDef;
use super::options::Options;
use super::origin::Origins;
use super::queue_group::QueueGroup;
use super::ruleset::Rulesets;
use crate::rewrite::prescan::CharTable;

/// A `K` line: `src/map` opens what it describes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MapDef {
    /// The name that `$(` and other maps use.
    pub name: String,
    /// The class: `hash`, `regex`, ...
    pub class: String,
    /// The rest of the line, macros expanded, as it is written.
    pub args: Vec<u8>,
    /// The file that defines it.
    pub file: String,
    /// The line that defines it; 0 for a built-in one.
    pub line: u32,
}

/// A configuration. It does not change once it is read, and is shared as `Arc<Config>`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file's name, as it was given.
    pub file: String,
    /// The bottom layer of the macros.
    pub macros: Arc<Macros>,
    /// Classes.
    pub classes: Classes,
    /// Rule sets.
    pub rulesets: Rulesets,
    /// Mailers; the first are the built-in `prog`, `*file*` and `*include*`.
    pub mailers: Vec<Mailer>,
    /// Maps, in the order of their lines.
    pub maps: Vec<MapDef>,
    /// Options.
    pub options: Options,
    /// Header definitions, in the order of their lines.
    pub headers: Vec<HeaderDef>,
    /// `P` lines: names of `Precedence:` values.
    pub precedences: Vec<(String, i64)>,
    /// `E` lines: variables for children; `None` hands the caller's value on.
    pub environment: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    /// `X` lines.
    pub milters: Vec<MilterDef>,
    /// `Q` lines.
    pub queue_groups: Vec<QueueGroup>,
    /// The level of the `V` line.
    pub level: i64,
    /// The vendor of the `V` line.
    pub vendor: String,
    /// Where its lines come from, as far as its comments tell.
    pub origins: Origins,
    /// The characters that separate tokens.
    pub chars: CharTable,
}

impl Config {
    /// The place of the mailer called `name`, whatever its case.
    pub fn mailer_index(&self, name: &[u8]) -> Option<MailerIndex> {
        self.mailers.iter().position(|m| m.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// The mailer called `name`, whatever its case.
    pub fn mailer(&self, name: &[u8]) -> Option<&Mailer> {
        self.mailer_index(name).and_then(|i| self.mailers.get(i))
    }

    /// A new layer of macros over those of the configuration.
    pub fn layer(&self) -> Macros {
        Macros::over(Arc::clone(&self.macros))
    }

    /// The definition of the map called `name`.
    pub fn map(&self, name: &str) -> Option<&MapDef> {
        self.maps.iter().rev().find(|m| m.name.eq_ignore_ascii_case(name))
    }

    /// The value of a `Precedence:` word; 0 for an unknown one.
    pub fn precedence(&self, word: &[u8]) -> i64 {
        self.precedences.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(word)).map_or(0, |(_, v)| *v)
    }

    /// Whether `user` is trusted to say who sends.
    pub fn is_trusted(&self, user: &str) -> bool {
        self.classes.contains("t", user.as_bytes())
    }

    /// The check that headers called `name` go through: that of their own line, else that of `H*`.
    pub fn header_check(&self, name: &[u8]) -> Option<&super::header::HeaderCheck> {
        let of = |n: &[u8]| self.headers.iter().rev().find(|h| h.name.eq_ignore_ascii_case(n) && h.check.is_some());
        of(name).or_else(|| of(b"*")).and_then(|h| h.check.as_ref())
    }
}
