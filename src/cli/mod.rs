//! The command line: flags, modes and the applets that `argv[0]` names.
pub mod applet;
pub mod flags;

use std::process::ExitCode;

/// Runs the applet that the program's name chooses, else sendmail itself; the exit code is one of sysexits(3).
pub fn main() -> ExitCode {
    let argv: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let name = argv
        .first()
        .map(std::path::Path::new)
        .and_then(|p| p.file_name())
        .and_then(|n| n.to_str())
        .unwrap_or("sendmail");
    let code = match applet::find(name) {
        Some(run) => run(&argv),
        None => 64,
    };
    ExitCode::from(code)
}
