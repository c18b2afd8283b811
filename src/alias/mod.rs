//! The alias database: `AliasFile` sources in order (aliases(5)).

pub mod database;
pub mod list;
pub mod rebuild;
pub mod source;
pub mod text;

use crate::rewrite::service::Lookup;

/// Alias look-ups.
pub trait Aliases: Send + Sync {
    /// The right-hand side of `name` (case folded by the database), raw as the source has it; `NoSuchMap` when there is no
    /// alias database at all.
    fn lookup(&self, name: &[u8]) -> Lookup;
}
