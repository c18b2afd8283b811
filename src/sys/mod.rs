//! The operating system, safely: the only module with `unsafe` code.
//!
//! Descriptors, credentials, process start, locks, password and shadow entries, crypt(3), the sandbox.
//! Each submodule is one idea; each `unsafe` block states why it is sound.
#![allow(unsafe_code)]

pub mod clock;
pub mod cred;
pub mod crypt;
pub mod dir;
pub mod fdpass;
pub mod load;
pub mod netdb;
pub mod passwd;
pub mod printf;
pub mod process;
pub mod regex;
pub mod sandbox;
pub mod sasl;
pub mod scratch;
pub mod shadow;
pub mod shared;
pub mod spawn;
pub mod title;
