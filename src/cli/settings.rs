//! From flags to a configuration: which file, who calls, what the command line overrides.
//!
//! Rights come first: an ordinary user who names a configuration file, a macro or an option that is not safe makes the
//! program give up its set-group-ID rights for good, before the file is opened.

use super::complain;
use super::flags::{Flags, OptionSetting};
use crate::cf::load::LoadOptions;
use crate::cf::options::Source;
use crate::cf::problem::{self, Fault, Problem, Severity};
use crate::cf::system::System;
use crate::cf::{Config, Macros};
use crate::role::logging;
use crate::sys::{cred, process};
use crate::version::VERSION;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// The MTA's configuration.
pub const SENDMAIL_CF: &str = "/etc/mail/sendmail.cf";
/// The submission program's configuration.
pub const SUBMIT_CF: &str = "/etc/mail/submit.cf";

/// Who calls the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Real user id.
    pub uid: u32,
    /// Real group id.
    pub gid: u32,
    /// Login name, or the number where there is none.
    pub name: Vec<u8>,
    /// Full name from the password file.
    pub full_name: Vec<u8>,
    /// Home directory.
    pub home: PathBuf,
}

impl Caller {
    /// The caller as the system knows it.
    pub fn find(users: &dyn crate::user::Users) -> Caller {
        let (uid, gid) = (cred::real_uid(), nix::unistd::getgid().as_raw());
        match users.by_uid(uid) {
            Ok(Some(user)) => {
                Caller { uid, gid, name: user.name, full_name: user.full_name, home: PathBuf::from(user.home) }
            }
            _ => Caller { uid, gid, name: uid.to_string().into_bytes(), full_name: Vec::new(), home: "/".into() },
        }
    }

    /// Root may do anything.
    pub fn is_root(&self) -> bool {
        self.uid == 0
    }
}

/// Everything the command line and the configuration say together.
pub struct Settings {
    /// The flags.
    pub flags: Flags,
    /// The configuration with the command line's overrides.
    pub config: Config,
    /// Who calls.
    pub caller: Caller,
    /// The operation mode's letter.
    pub mode: u8,
    /// This is the submission program (`submit.cf`).
    pub submission: bool,
    /// Rights were given up because of what the caller asked for.
    pub dropped_rights: bool,
    /// A value of an option on the command line was partly nonsense.
    pub misused: bool,
    /// What was wrong with the configuration.
    pub problems: Vec<Problem>,
}

/// The category of options in `-d`.
const OPTIONS: usize = 37;

/// A configuration that cannot be used: exit code; what is wrong was said already.
pub struct Unusable(pub u8);

impl Settings {
    /// Reads the configuration that `flags` and `mode` call for. Problems go to standard error.
    pub fn load(flags: Flags, mode: u8, caller: Caller, system: &dyn System) -> Result<Settings, Unusable> {
        let submission = is_submission(&flags, mode);
        let trusted = caller.is_root() || !process::has_borrowed_rights();
        let mut dropped_rights = false;
        if !trusted
            && (flags.config_file.is_some()
                || flags.traffic_log.is_some()
                || flags.debug_file.is_some()
                || mode == b't'
                || mode == b'v' && !submission
                || unsafe_macros(&flags))
        {
            drop_rights(&caller);
            dropped_rights = true;
        }
        if let Some(path) = &flags.traffic_log {
            open_traffic_log(path)?;
        }
        let path = match &flags.config_file {
            Some(file) => PathBuf::from(std::ffi::OsStr::from_bytes(file)),
            None if submission => SUBMIT_CF.into(),
            None => SENDMAIL_CF.into(),
        };
        let mut options = LoadOptions::new(system);
        options.version = VERSION;
        options.test_mode = mode == b't';
        options.op_mode = mode;
        options.traced = super::levels::Levels::of(&flags.debug).at(OPTIONS) > 0;
        let earlier = std::cell::RefCell::new(Vec::new());
        let check = |def: &crate::cf::MapDef| crate::map::complaints(def, &mut earlier.borrow_mut());
        options.map_check = Some(&check);
        options.map_ask = Some(&super::class_maps::ask);
        let (mut config, problems) = if flags.config_file.is_none() && !path.exists() {
            super::built_in::config(submission, &options)
        } else {
            Config::load(&path, &options)
        };
        let fatal = problem::is_fatal(&problems);
        for problem in &problems {
            complain(problem.to_string().as_bytes());
        }
        if fatal {
            log_label(&flags);
            for problem in &problems {
                crate::log::syserr(crate::log::Id::None, &caller.name, &problem.to_string());
            }
            return Err(Unusable(problem::exit_code(&problems)));
        }
        let source = if trusted { Source::Trusted } else { Source::Untrusted };
        if flags.options.iter().any(names_aliases) {
            // The command line's list stands for the file's, instead of adding to it.
            config.options.alias_file.0.clear();
        }
        let mut misused = false;
        for setting in &flags.options {
            let done = match setting {
                OptionSetting::Long(text) => config.options.set_assignment(text, source, system),
                OptionSetting::Short(letter, value) => config.options.set_letter(*letter, value, source, system),
            };
            for fault in &done.faults {
                complain(fault.text.as_bytes());
                misused |= fault.usage;
            }
            if let Some(code) = done.faults.iter().find_map(Fault::ends) {
                return Err(Unusable(code));
            }
            if let Some(fault) = done.faults.iter().find(|f| matches!(f.severity, Severity::Error(..))) {
                log_label(&flags);
                crate::log::syserr(crate::log::Id::None, &caller.name, &fault.text);
                return Err(Unusable(70));
            }
            if done.drop_rights && !dropped_rights {
                drop_rights(&caller);
                dropped_rights = true;
            }
        }
        if flags.verbose {
            config.options.set(b"Verbose", b"True", source, system);
        }
        if !flags.macros.is_empty() {
            let mut macros = Macros::over(config.macros.clone());
            for (name, value) in &flags.macros {
                macros.set(&String::from_utf8_lossy(name), value);
            }
            config.macros = std::sync::Arc::new(macros);
        }
        let group = config.options.run_as_user.gid.filter(|_| dropped_rights && submission);
        if let Some(wanted) = group.filter(|g| *g != nix::unistd::getegid().as_raw()) {
            let (has, text) = (nix::unistd::getegid().as_raw(), "WARNING: RunAsUser for MSP ignored, check group ids");
            complain(format!("{text} (egid={has}, want={wanted})").as_bytes());
        }
        Ok(Settings { flags, config, caller, mode, submission, dropped_rights, misused, problems })
    }
}

impl Settings {
    /// The caller may start daemons, run the queue and rebuild aliases: root, `TrustedUser`, or whoever runs a program without
    /// borrowed rights on a queue of his own.
    pub fn may_control(&self) -> bool {
        let trusted = self.config.options.trusted_user.uid == Some(self.caller.uid);
        let runs_as = self.config.options.run_as_user.uid == Some(self.caller.uid);
        self.caller.is_root() || trusted || runs_as || self.owns_queue()
    }

    fn owns_queue(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        let meta = self.config.options.queue_directory.path().and_then(|p| std::fs::metadata(p).ok());
        meta.is_some_and(|m| m.uid() == self.caller.uid)
    }
}

/// `submit.cf` is for what users do, when it is there: `-bm`, `-bs`, `-t`; `-Ac` and `-Am` decide otherwise.
fn is_submission(flags: &Flags, mode: u8) -> bool {
    match flags.config_choice {
        Some(b'c') => true,
        Some(b'm') => false,
        _ => {
            let users = matches!(mode, b'm' | b's' | b'a') && flags.queue.is_none();
            users && flags.config_file.is_none() && std::path::Path::new(SUBMIT_CF).exists()
        }
    }
}

/// Whether a setting is one of AliasFile.
fn names_aliases(setting: &OptionSetting) -> bool {
    match setting {
        OptionSetting::Long(text) => {
            let name = text.split(|b| *b == b'=').next().unwrap_or_default().trim_ascii();
            name.eq_ignore_ascii_case(b"AliasFile")
        }
        OptionSetting::Short(letter, _) => *letter == b'A',
    }
}

/// `r` and `s` may be set by anybody.
fn unsafe_macros(flags: &Flags) -> bool {
    flags.macros.iter().any(|(name, _)| !matches!(name.as_slice(), b"r" | b"s"))
}

/// Logging under the caller's label, for what is wrong before the configuration is known.
fn log_label(flags: &Flags) {
    let label = flags.label.as_deref().unwrap_or(b"sendmail");
    logging::start(&String::from_utf8_lossy(label), logging::Sink::Syslog, 9);
}

/// Opens the file of `-X`, with the caller's rights.
fn open_traffic_log(path: &[u8]) -> Result<(), Unusable> {
    use std::os::unix::fs::OpenOptionsExt;
    let place = std::path::Path::new(std::ffi::OsStr::from_bytes(path));
    // Nobody else reads what others write to each other.
    let opened = std::fs::OpenOptions::new().append(true).create(true).mode(0o600).open(place);
    match opened {
        Ok(file) => {
            crate::log::traffic::start(file);
            Ok(())
        }
        Err(error) => {
            let why = super::modes::bare_reason(&error);
            complain(&[b"cannot open ", path, b": ", why.as_bytes()].concat());
            Err(Unusable(73))
        }
    }
}

fn drop_rights(caller: &Caller) {
    if process::drop_borrowed_rights(caller.uid, caller.gid).is_err() {
        super::complain_aside(b"sendmail: cannot give up set-group-ID rights");
        process::exit_now(71);
    }
}
