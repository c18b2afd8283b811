//! The `deliver` worker.
pub mod wire;
