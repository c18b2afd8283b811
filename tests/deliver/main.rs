//! Local delivery through workers: mailboxes, programs, files, LMTP over pipes, `.forward` and `:include:` files.
//!
//! Run by root, workers become other users; run by anybody else, everything happens as the caller. Tests that need one of the
//! two say loudly when they are left out.

mod common;
mod files;
mod lists;
mod lmtp;
mod mailboxes;
mod programs;
