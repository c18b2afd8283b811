//! The queue: control and data files (`qf`, `df` ...), the store that commits them, selection and scheduling.
pub mod file;
pub mod files;
pub mod flights;
pub mod schedule;
mod select;
pub mod store;

pub use select::Selection;
