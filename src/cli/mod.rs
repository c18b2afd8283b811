//! The command line: flags, modes and the applets that `argv[0]` names.
//!
//! The order at the start matters: descriptors 0 to 2, signals and the environment are put right before anything else,
//! then the flags are read, then rights that the caller has no claim to are given up, and only then files are opened.

pub mod applet;
pub mod built_in;
pub mod check;
pub mod class_maps;
pub mod flags;
pub mod levels;
pub mod modes;
pub mod settings;
pub mod test_mode;

use crate::log::traffic::{self, Kind};
use crate::sys::{process, title};
use flags::Flags;
use settings::{Caller, Settings, Unusable};
use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

/// Variables of the caller that are kept; all else goes (SECURITY.md, environment).
const KEPT_ENVIRONMENT: &[&str] = &["TZ", "NAME", "PATH", "HOME", "POSTRIDER_LOG", "SASL_CONF_PATH"];

/// Runs the applet that the program's name chooses, else sendmail itself; the exit code is one of sysexits(3).
pub fn main() -> ExitCode {
    let missing = process::open_standard_descriptors();
    process::clean_start(&[]);
    let argv: Vec<OsString> = std::env::args_os().collect();
    let name = program_name(&argv);
    if let Some(run) = applet::find(&name) {
        return ExitCode::from(run(&argv));
    }
    let kept = if process::has_borrowed_rights() { &KEPT_ENVIRONMENT[..2] } else { KEPT_ENVIRONMENT };
    title::own_environment(&title::kept_environment(kept));
    ExitCode::from(sendmail(&argv, &name, missing))
}

fn program_name(argv: &[OsString]) -> String {
    let name = argv.first().map(std::path::Path::new).and_then(|p| p.file_name());
    name.and_then(|n| n.to_str()).unwrap_or("sendmail").to_owned()
}

/// sendmail under any name that is no applet's.
fn sendmail(argv: &[OsString], name: &str, _missing_descriptors: bool) -> u8 {
    let flags = match flags::parse(argv) {
        Ok(flags) => flags,
        Err(refusal) => {
            match refusal.grammar {
                _ if refusal.text.is_empty() => {}
                true => complain_aside(&refusal.text),
                false => complain(&refusal.text),
            }
            return flags::USAGE;
        }
    };
    let mode = mode_of(&flags, name);
    let caller = Caller::find(&crate::user::Passwd);
    if mode == b'C' {
        return check::run(&flags, &caller, &crate::cf::machine::Machine);
    }
    let mut settings = match Settings::load(flags, mode, caller, &crate::cf::machine::Machine) {
        Ok(settings) => settings,
        Err(Unusable(code)) => return code,
    };
    let complaint = settings.flags.complaint.take();
    if let Some(complaint) = &complaint {
        complain(complaint);
    }
    let misused = settings.misused && settings.mode == b'm';
    match modes::run(settings, argv) {
        0 if complaint.is_some() || misused => flags::USAGE,
        code => code,
    }
}

/// The operation mode: `-b`, else what the name says, else delivery.
fn mode_of(flags: &Flags, name: &str) -> u8 {
    match (flags.mode, name) {
        (Some(mode), _) => mode,
        (None, "mailq") => b'p',
        (None, "newaliases") => b'i',
        (None, "hoststat") => b'h',
        (None, "purgestat") => b'H',
        (None, "smtpd") => b'd',
        _ => b'm',
    }
}

/// Says what is wrong on standard output, where the original says it; a closed one is no reason to fail.
fn complain(text: &[u8]) {
    traffic::lines(Kind::Out, text);
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
}

/// Says `text` on standard error.
fn complain_aside(text: &[u8]) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text);
    let _ = err.write_all(b"\n");
}
