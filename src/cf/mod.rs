//! `sendmail.cf`: from text to a [`Config`].
pub mod macros;

pub use macros::{MacroName, Macros};

/// A configuration, read whole.
#[derive(Debug, Default)]
pub struct Config {
    /// The macros as the configuration leaves them.
    pub macros: std::sync::Arc<Macros>,
}
