//! Postrider: a drop-in `/usr/sbin/sendmail`.
//!
//! The modules stand in layers; a module uses only modules of its own or a lower layer
//! (`tests/layers.rs` enforces it):
//!
//! ```text
//! 0  sys version                                            the only unsafe code
//! 1  text reply address header mime m4 db dns::wire smtp::codec   grammars and codecs, no I/O
//! 2  cf rewrite envelope queue::file log                     configuration, rule sets, values
//! 3  map dns alias user sasl tls queue::store                services that may block
//! 4  service smtp route queue::schedule dsn deliver stats    engines
//! 5  role                                                    processes
//! 6  cli                                                     command line and applets
//! ```

pub mod sys;
pub mod version;

pub mod address;
pub mod db;
pub mod header;
pub mod m4;
pub mod mime;
pub mod reply;
pub mod text;

pub mod cf;
pub mod envelope;
pub mod log;
pub mod rewrite;

pub mod alias;
pub mod dns;
pub mod map;
pub mod queue;
pub mod sasl;
pub mod tls;
pub mod user;

pub mod deliver;
pub mod dsn;
pub mod route;
pub mod service;
pub mod smtp;
pub mod stats;

pub mod role;

pub mod cli;

/// Build information by shadow-rs: version, commit, date.
#[allow(missing_docs, clippy::all)]
pub mod build {
    shadow_rs::shadow!(info);
    pub use info::*;
}
