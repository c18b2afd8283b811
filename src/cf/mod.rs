//! `sendmail.cf`: from text to a [`Config`].
//!
//! The file is trusted (it belongs to root), but a fault in it must never do more than be reported: [`Problem`] says
//! where and what, in the original's words, and reading goes on where the original goes on.
pub mod class;
mod class_file;
pub mod config;
pub mod header;
pub mod load;
pub mod machine;
pub mod macros;
pub mod mailer;
pub mod milter;
pub mod options;
pub mod origin;
pub mod predefined;
pub mod problem;
pub mod queue_group;
mod rule;
pub mod ruleset;
pub mod system;
pub mod template;

pub use class::{Class, ClassId, Classes};
pub use config::{Config, MapDef};
pub use header::{Condition, HeaderCheck, HeaderDef};
pub use load::LoadOptions;
pub use macros::{MacroName, Macros};
pub use mailer::{Flags, Mailer, MailerIndex};
pub use milter::MilterDef;
pub use options::Options;
pub use origin::Origins;
pub use problem::{Problem, Severity};
pub use queue_group::QueueGroup;
pub use ruleset::{RulesetId, Rulesets};
pub use system::System;
pub use template::Template;
