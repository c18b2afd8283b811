//! Rule sets: the rewriting engine of `sendmail.cf` (sendmail operations guide 5.1).
pub mod service;
