//! The programs inside the program: one row each in [`APPLETS`], one file each below.

mod editmap;
mod m4;
mod mail_local;
pub mod mailq;
mod mailstats;
mod makemap;
mod praliases;
mod rmail;
mod smrsh;
mod tables;
mod vacation;

use std::ffi::OsString;

/// An applet: takes the whole argument vector (with the program's name first), gives the exit code.
pub type Applet = fn(&[OsString]) -> u8;

/// Every name that the binary answers to besides `sendmail`.
const APPLETS: &[(&str, Applet)] = &[
    ("editmap", editmap::main),
    ("m4", m4::main),
    ("mail.local", mail_local::main),
    ("mailstats", mailstats::main),
    ("makemap", makemap::main),
    ("praliases", praliases::main),
    ("rmail", rmail::main),
    ("smrsh", smrsh::main),
    ("vacation", vacation::main),
];

/// The applet called `name`.
pub fn find(name: &str) -> Option<Applet> {
    APPLETS.iter().find(|(n, _)| *n == name).map(|(_, run)| *run)
}
