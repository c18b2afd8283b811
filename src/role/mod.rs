//! Processes: who runs what with which rights (ARCHITECTURE.md, "Processes").
//!
//! Trusted: the configuration, and what the parent says on its channel. Not trusted: everything from `mta` (it faces the
//! network), which may ask the parent for one thing only, a `deliver` worker.

pub mod listen;
pub mod logging;
pub mod pidfile;
pub mod pool;
