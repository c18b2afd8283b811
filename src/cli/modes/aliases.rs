//! `-bi`, newaliases(1): makes the table files of the alias database from their texts.
//!
//! What is wrong with lines goes to standard output with file and line, as does the summary; the log has the summary and who did it.

use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::alias::rebuild::{Name, Unable, rebuild};
use crate::alias::source::{self, Source};
use crate::alias::{list, text};
use crate::cf::options::Blame;
use crate::cf::{Config, Macros};
use crate::cli::settings::Settings;
use crate::dns::{self, SystemResolver};
use crate::map::{MapSet, replace, safe, standard};
use crate::rewrite::address::{Kind, parse_address};
use crate::rewrite::{Notice, Scope};

/// An address on the command line or in a file is wrong.
const EX_USAGE: u8 = 64;
/// Lines were left out, or a table could not be made.
const EX_SOFTWARE: u8 = 70;

/// Rebuilds every source of `AliasFile` that has a table.
pub(super) fn run(settings: &Settings) -> u8 {
    if !settings.may_control() {
        return super::not_permitted(settings, "rebuild the alias map");
    }
    let parser = Parser::new(&settings.config);
    let mut exit = 0;
    for source in settings.config.options.alias_file.0.iter().flat_map(|value| source::parse(value)) {
        if !source.is_known() {
            say(&[b"setalias: unknown alias class ", source.class.as_bytes()]);
            exit = EX_SOFTWARE;
        } else if source.is_rebuilt() {
            let code = one(settings, &parser, &source);
            exit = if code == 0 { exit } else { code };
        }
    }
    exit
}

/// Prints one line; a closed standard output is no reason to fail.
fn say(parts: &[&[u8]]) {
    let mut line = parts.concat();
    line.push(b'\n');
    let _ = std::io::stdout().lock().write_all(&line);
}

/// Why the text of a source must not be believed.
fn mistrusted(file: &Path, blame: Blame) -> Option<&'static str> {
    let m = std::fs::metadata(file).ok()?;
    if !m.is_file() {
        return Some("Regular files only");
    }
    let by_group = m.mode() & 0o020 != 0 && !blame.has(Blame::GROUP_WRITABLE_ALIAS);
    let by_world = m.mode() & 0o002 != 0 && !blame.has(Blame::WORLD_WRITABLE_ALIAS);
    match (by_group, by_world) {
        (true, _) => Some("Group writable file"),
        (_, true) => Some("World writable file"),
        _ => None,
    }
}

/// Rebuilds one source; the exit code.
fn one(settings: &Settings, parser: &Parser<'_>, source: &Source) -> u8 {
    let options = &settings.config.options;
    let file = Path::new(std::ffi::OsStr::from_bytes(&source.file));
    let cannot_open = |why: &str| say(&[b"newaliases: cannot open ", &source.file, b": ", why.as_bytes()]);
    if let Some(why) = mistrusted(file, options.dont_blame_sendmail) {
        cannot_open(why);
        return 0;
    }
    let no_table = || {
        say(&[b"WARNING: cannot open alias database ", &source.file]);
        say(&[b"Cannot create database for alias file ", &source.file]);
        EX_SOFTWARE
    };
    if file.exists() && safe::unsafe_path(file, options.dont_blame_sendmail, options.trusted_user.uid).is_some() {
        return no_table();
    }
    let reader = || replace::reader(options.run_as_user.uid, options.queue_directory.as_bytes());
    let owner = options.trusted_user.uid.or_else(reader).filter(|_| nix::unistd::geteuid().is_root());
    let mut code = 0;
    let links = options.dont_blame_sendmail.has(Blame::WRITE_MAP_TO_SYM_LINK);
    let built = rebuild(source, owner, links, &mut |name| {
        let (name, usage) = parser.name(name);
        if let Name::Foreign(_) = name {
            code = if usage { EX_USAGE } else { EX_SOFTWARE };
        }
        name
    });
    let all = match built {
        Ok(all) => all,
        Err(Unable::Text(e)) => {
            let why = e.raw_os_error().map(|n| nix::errno::Errno::from_raw(n).desc().to_owned());
            cannot_open(&why.unwrap_or_else(|| e.to_string()));
            return 0;
        }
        Err(Unable::Table(..)) => return no_table(),
    };
    if all.failed && code == 0 {
        code = EX_SOFTWARE;
    }
    let at = |line: usize| [&source.file[..], format!(": line {line}: ").as_bytes()].concat();
    for (line, fault) in &all.faults {
        say(&[&at(*line), fault]);
    }
    if options.check_aliases && parser.check_values(file, &at) {
        code = EX_USAGE;
    }
    crate::log::route::rebuilt(&source.file, &settings.caller.name);
    crate::log::route::alias_summary(&source.file, &all.summary());
    say(&[&source.file, b": ", all.summary().as_bytes()]);
    code
}

/// What rules make of an address.
struct Understood {
    /// Mailer and user.
    target: Option<(usize, Vec<u8>)>,
    /// Everything that was said on the way.
    said: Vec<Vec<u8>>,
    /// The address itself is at fault.
    usage: bool,
}

/// Reads addresses of alias files by the configuration's rules.
struct Parser<'a> {
    config: &'a Config,
    maps: MapSet,
    /// What maps had to say, and what the rules have.
    said: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl<'a> Parser<'a> {
    fn new(config: &'a Config) -> Parser<'a> {
        let said: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let sink = Arc::clone(&said);
        let notice: standard::Notice = Arc::new(move |text| {
            if let Ok(mut said) = sink.lock() {
                said.push(text.as_bytes().to_vec());
            }
        });
        let resolver = Arc::new(SystemResolver::new(dns::Settings::from_config(config)));
        let env = standard::environment(config, &resolver, Arc::new(crate::user::Passwd), notice);
        let (maps, _) = standard::maps(config, env);
        Parser { config, maps, said }
    }

    /// What rules make of `address`.
    fn parse(&self, address: &[u8]) -> Understood {
        let mut macros = Macros::over(Arc::clone(&self.config.macros));
        let mut scope = Scope::new(self.config, &mut macros, &self.maps);
        let parsed = parse_address(&mut scope, address, Kind::EnvelopeRecipient).ok();
        let mut said = self.said.lock().map(|mut s| std::mem::take(&mut *s)).unwrap_or_default();
        let usage = scope.notices.iter().any(|n| matches!(n, Notice::User { .. }));
        said.extend(scope.notices.iter().map(|n| n.text().to_vec()));
        Understood { target: parsed.map(|p| (p.mailer, p.user)), said, usage }
    }

    /// Understands the name on the left of an alias; true with it when the address is at fault.
    fn name(&self, name: &[u8]) -> (Name, bool) {
        let understood = self.parse(name);
        match understood.target {
            Some((mailer, user)) if self.config.mailers.get(mailer).is_some_and(|m| m.flags.has(b'A')) => {
                (Name::Local(user), false)
            }
            _ => (Name::Foreign(understood.said), understood.usage),
        }
    }

    /// `CheckAliases`: parses all values too; true when one is at fault.
    fn check_values(&self, file: &Path, at: &dyn Fn(usize) -> Vec<u8>) -> bool {
        let Ok(bytes) = std::fs::read(file) else { return false };
        let mut faulty = false;
        for entry in text::entries(&bytes) {
            let text::Entry::Alias { last, value, .. } = entry else { continue };
            for element in list::split(&value) {
                let understood = self.parse(element);
                understood.said.iter().for_each(|text| say(&[&at(last), text]));
                faulty |= understood.usage;
            }
        }
        faulty
    }
}
