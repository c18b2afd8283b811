//! `sendmail.cf`: from text to a [`Config`].
pub mod macros;

pub use macros::{MacroName, Macros};
