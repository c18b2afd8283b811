//! Postrider: a drop-in `/usr/sbin/sendmail`.
//!
//! The modules stand in layers; a module uses only modules of its own or a lower layer
//! (`tests/layers.rs` enforces it):
//!
//! ```text
//! 0  sys                                                    the only unsafe code
//! 1  text address header mime m4 db dns::wire               grammars and codecs, no I/O
//! 2  cf rewrite envelope queue::file log                     configuration, rule sets, values
//! 3  map dns alias user sasl tls queue::store                services that may block
//! 4  smtp route queue::schedule dsn deliver                  engines
//! 5  role                                                    processes
//! 6  cli                                                     command line and applets
//! ```

pub mod sys;

pub mod db;
pub mod m4;
pub mod text;

pub mod cf;
pub mod rewrite;

pub mod map;

pub mod cli;

shadow_rs::shadow!(build);
