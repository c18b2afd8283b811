//! `-bC FILE`: looks at a `.cf` or `.mc` file without running it, and tells every problem with file, line and what to write.
//!
//! The file may be anybody's and anything: nothing that it names is run, only regular files are read, and the work is
//! bounded. An error is what the program itself complains about, or what cannot work; everything else is a warning
//! (sendmail(8), "CHECKING A CONFIGURATION"). Findings in the output of m4 are told at the line of the `.mc` file, as far
//! as the marks of the tree know it.

mod deprecated;
mod faults;
mod files;
mod mailers;
mod mc;
mod names;
mod nearest;
mod options;
mod report;
mod rules;

use super::flags::Flags;
use super::settings::{Caller, SENDMAIL_CF, SUBMIT_CF};
use crate::cf::Config;
use crate::cf::load::LoadOptions;
use crate::cf::system::System;
use crate::sys::process;
use crate::version::VERSION;

pub use report::{Finding, Level, Report};
use std::ffi::OsStr;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The largest file that is looked at.
const MAX_FILE: u64 = 8 * 1024 * 1024;
/// The largest `.mc` file.
const MAX_MC: usize = 1024 * 1024;

/// What is looked at: a configuration as text and as read.
pub(crate) struct Subject<'a> {
    /// The file's name.
    pub name: &'a str,
    /// The text.
    pub text: &'a [u8],
    /// What it says.
    pub config: &'a Config,
    /// It is this machine's own: it lies below /etc. What another names there need not be here.
    pub ours: bool,
}

impl Subject<'_> {
    /// Whether the site wrote the line itself: the file comes from no macro tree (they define `$Z`), or the line from a
    /// `LOCAL_` section. What a tree writes may hold more than one site needs.
    pub fn is_sites(&self, line: u32) -> bool {
        let local = self.config.origins.of(line).is_some_and(|o| o.starts_with("LOCAL_"));
        local || self.config.macros.get("Z").is_none()
    }

    /// How bad it is that something of the machine is not there: a file at `path`, or a user.
    pub fn absent(&self, path: Option<&Path>) -> Level {
        let system = path.is_none_or(|p| ["/etc", "/usr", "/var"].iter().any(|top| p.starts_with(top)));
        if system && !self.ours { Level::Warning } else { Level::Error }
    }
}

/// Runs the mode; gives the exit code: 0, or 78 when there are errors.
pub fn run(flags: &Flags, caller: &Caller, system: &dyn System) -> u8 {
    // Whoever names files sees only what is theirs to see.
    if process::has_borrowed_rights() && process::drop_borrowed_rights(caller.uid, caller.gid).is_err() {
        return 71;
    }
    let json = flags.json || flags.args.iter().any(|a| a == b"--json");
    let named = flags.args.iter().find(|a| *a != b"--json").or(flags.config_file.as_ref());
    let path = match named {
        Some(name) => PathBuf::from(OsStr::from_bytes(name)),
        None if flags.config_choice == Some(b'c') => SUBMIT_CF.into(),
        None => SENDMAIL_CF.into(),
    };
    let report = file(&path, system);
    let text = if json { report.to_json() } else { report.to_text() };
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    report.exit_code()
}

/// Looks at the file at `path`.
pub fn file(path: &Path, system: &dyn System) -> Report {
    let name = path.display().to_string();
    let mut report = Report::new(&name);
    match read(path) {
        Ok(text) => text_of(&name, &text, is_mc(path, &text), system, &mut report),
        Err(reason) => report.error("unreadable", &name, 0, format!("cannot be read: {reason}"), ""),
    }
    files::of_configuration(path, &mut report);
    report.sort();
    report
}

/// Looks at a text that is there already.
pub fn text_of(name: &str, text: &[u8], is_mc: bool, system: &dyn System, report: &mut Report) {
    if !is_mc {
        return configuration(name, text, system, report);
    }
    if text.len() > MAX_MC {
        return report.error("unreadable", name, 0, format!("larger than {MAX_MC} octets"), "");
    }
    let Some(built) = mc::build(name, text, report) else { return };
    let mut inner = Report::new(name);
    configuration(name, &built, system, &mut inner);
    mc::place(name, text, &built, inner, report);
}

fn configuration(name: &str, text: &[u8], system: &dyn System, report: &mut Report) {
    let earlier = std::cell::RefCell::new(Vec::new());
    let check = |def: &crate::cf::MapDef| crate::map::complaints(def, &mut earlier.borrow_mut());
    let mut options = LoadOptions::new(system);
    options.version = VERSION;
    options.op_mode = b'C';
    options.check_only = true;
    options.map_check = Some(&check);
    let (config, problems) = Config::parse(text, name, &options);
    let ours = std::fs::canonicalize(name).is_ok_and(|p| p.starts_with("/etc"));
    let subject = Subject { name, text, config: &config, ours };
    faults::tell(&subject, &problems, report);
    options::tell(&subject, report);
    names::tell(&subject, report);
    rules::tell(&subject, report);
    mailers::tell(&subject, report);
    files::tell(&subject, report);
    deprecated::tell(&subject, report);
    report.explain(&config.origins);
}

/// Whether a file is for m4: by its name, else by what begins its lines.
fn is_mc(path: &Path, text: &[u8]) -> bool {
    match path.extension() {
        Some(ending) if ending == "mc" => true,
        Some(ending) if ending == "cf" => false,
        _ => text.split(|b| *b == b'\n').any(|l| l.starts_with(b"OSTYPE(") || l.starts_with(b"MAILER(")),
    }
}

/// A regular file's text.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let why = |e: std::io::Error| {
        let text = e.to_string();
        text.split(" (os error").next().unwrap_or_default().to_string()
    };
    let meta = std::fs::metadata(path).map_err(why)?;
    if !meta.is_file() {
        return Err("not a regular file".into());
    }
    if meta.len() > MAX_FILE {
        return Err(format!("larger than {MAX_FILE} octets"));
    }
    let mut text = Vec::new();
    std::fs::File::open(path).and_then(|f| f.take(MAX_FILE).read_to_end(&mut text)).map_err(why)?;
    Ok(text)
}
