//! The maps of `K` lines behind [`crate::rewrite::service::Maps`] (sendmail operations guide 5.9).
//!
//! [`MapSet::open`] takes the definitions and the services that classes need, and tells what is wrong with them in the words of
//! the configuration reader. Files are opened at the first look-up, and again when they have changed on disk. Every class is
//! safe to use from several threads at once.
//!
//! What a map gives is never trusted further: a value holds no NUL, and only the `regex` class makes the separator
//! [`VALUE_SEPARATOR`].
mod arith;
mod arpa;
mod dbfile;
mod dequote;
mod dns;
pub mod host;
mod nothing;
mod program;
mod regex;
pub mod replace;
pub mod safe;
mod sequence;
mod socket;
mod spec;
pub mod standard;
mod syslog;
mod text;
mod user;

use std::collections::HashMap;
use std::sync::Arc;

use crate::cf::{Macros, MapDef};
use crate::dns::Resolver;
use crate::rewrite::service::{Lookup, Maps, VALUE_SEPARATOR};
use crate::user::Users;

pub use dbfile::Stamp;
pub use program::{Ran, Run, RunDirectly};
pub use spec::Spec;

/// Exit status of a look-up that went well, or of a key that a database does not have.
pub const EX_OK: u8 = 0;
/// The key makes no sense to the map.
pub const EX_DATAERR: u8 = 65;
/// No such user.
pub const EX_NOUSER: u8 = 67;
/// Not found, as most classes say.
pub const EX_NOHOST: u8 = 68;
/// Try again later.
pub const EX_TEMPFAIL: u8 = 75;
/// The look-up was not put correctly.
pub const EX_CONFIG: u8 = 78;

/// Something wrong with a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file with the line.
    pub file: String,
    /// The line's number.
    pub line: u32,
    /// What is wrong.
    pub text: String,
}

/// A service's methods in order.
pub type Switch = Arc<dyn Fn(&str) -> Vec<String> + Send + Sync>;
/// Whether a name is one of this host's.
pub type OwnNames = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;
/// Why a file must not be read.
pub type Mistrust = Arc<dyn Fn(&std::path::Path) -> Option<String> + Send + Sync>;

/// What the classes need from the rest of the program.
#[derive(Clone)]
pub struct MapEnv {
    /// Host names.
    pub resolver: Arc<dyn Resolver>,
    /// Users.
    pub users: Arc<dyn Users>,
    /// The methods of a service by the service switch (`aliases`: `files`), in order.
    pub switch: Switch,
    /// True for a name of this host (class `w`): `bestmx` prefers it.
    pub is_own_name: OwnNames,
    /// Runs the programs of `program` maps.
    pub run: Arc<dyn Run>,
    /// Where messages about maps that cannot be opened or answer go: the terminal, the log.
    pub notice: Arc<dyn Fn(&str) + Send + Sync>,
    /// Why a file must not be read, as the checks of `DontBlameSendmail` see it; `None` when it may.
    pub unsafe_file: Mistrust,
}

impl MapEnv {
    /// An environment with this resolver and these users, the switch `files dns`, programs run directly as the caller,
    /// messages dropped, every file safe.
    pub fn new(resolver: Arc<dyn Resolver>, users: Arc<dyn Users>) -> MapEnv {
        MapEnv {
            resolver,
            users,
            switch: Arc::new(|_| vec!["files".into(), "dns".into()]),
            is_own_name: Arc::new(|_| false),
            run: Arc::new(RunDirectly { user: None }),
            notice: Arc::new(|_| {}),
            unsafe_file: Arc::new(|_| None),
        }
    }
}

/// The answer of a class: a value or none, and a status of sysexits(3). A value may come with [`EX_TEMPFAIL`] (`-T`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The value.
    pub value: Option<Vec<u8>>,
    /// The status, as `/map` of the test mode shows it.
    pub status: u8,
}

impl Outcome {
    fn found(value: Vec<u8>) -> Outcome {
        Outcome { value: Some(value), status: EX_OK }
    }

    fn none(status: u8) -> Outcome {
        Outcome { value: None, status }
    }
}

/// A key with its arguments.
struct Query<'a> {
    /// The key, quotes already taken off if the map wants that.
    key: &'a [u8],
    args: &'a [&'a [u8]],
    /// How many sequences this look-up is inside of.
    depth: u8,
}

/// One map, of whatever class.
trait Class: Send + Sync {
    /// Looks a key up.
    fn lookup(&self, set: &MapSet, query: &Query<'_>, macros: &mut Macros) -> Outcome;

    /// False for a map that has nothing to look into: optional and missing.
    fn is_open(&self, _env: &MapEnv) -> bool {
        true
    }
}

struct Entry {
    spec: Spec,
    /// `None` when the definition was so wrong that the map cannot be used.
    class: Option<Box<dyn Class>>,
}

/// What `/map` of the test mode has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// `Map named "X" not found`.
    NotDefined,
    /// `Map named "X" not open`.
    NotOpen,
    /// The outcome.
    Outcome(Outcome),
}

/// All maps of a configuration.
pub struct MapSet {
    maps: HashMap<String, Entry>,
    env: MapEnv,
}

impl MapSet {
    /// Makes the maps of `definitions`; a later one replaces an earlier one of the same name. The map `host` is always there.
    pub fn open(definitions: &[MapDef], env: MapEnv) -> (MapSet, Vec<Problem>) {
        let mut set = MapSet { maps: HashMap::new(), env };
        let mut problems = Vec::new();
        let builtin = MapDef {
            name: "host".into(),
            class: "host".into(),
            args: b"-a. -D".to_vec(),
            file: String::new(),
            line: 0,
        };
        for definition in std::iter::once(&builtin).chain(definitions) {
            let mut texts = Vec::new();
            set.define(definition, &mut texts);
            problems.extend(texts.into_iter().map(|text| Problem {
                file: definition.file.clone(),
                line: definition.line,
                text,
            }));
        }
        (set, problems)
    }

    fn define(&mut self, definition: &MapDef, problems: &mut Vec<String>) {
        let name = definition.name.to_ascii_lowercase();
        let class = definition.class.to_ascii_lowercase();
        let Some(options) = spec::options_of(&class) else {
            return problems.push(format!("readcf: map {}: class {} not available", definition.name, definition.class));
        };
        let mut spec = Spec::parse(definition, options, problems);
        // Its work is the quotes.
        spec.keep_quotes |= class == "dequote";
        let made = self.make(&class, &spec, problems);
        self.maps.insert(name, Entry { spec, class: made });
    }

    fn make(&self, class: &str, spec: &Spec, problems: &mut Vec<String>) -> Option<Box<dyn Class>> {
        let needs_file = matches!(
            class,
            "hash" | "btree" | "cdb" | "text" | "implicit" | "stab" | "switch" | "program" | "socket" | "userdb"
        );
        if needs_file && spec.rest.is_empty() {
            problems.push(format!("No file name for {class} map {}", spec.name));
            return None;
        }
        Some(match class {
            "hash" => Box::new(dbfile::DbFile::new(spec, dbfile::Format::Hash)),
            "btree" => Box::new(dbfile::DbFile::new(spec, dbfile::Format::Btree)),
            "cdb" => Box::new(dbfile::DbFile::new(spec, dbfile::Format::Cdb)),
            "implicit" => Box::new(dbfile::DbFile::new(spec, dbfile::Format::Any)),
            "text" => Box::new(text::Text::new(spec)),
            "regex" => Box::new(regex::RegexMap::new(spec, problems)?),
            "dequote" => Box::new(dequote::Dequote::new(spec)),
            "macro" => Box::new(nothing::SetMacro),
            "arith" => Box::new(arith::Arith),
            "arpa" => Box::new(arpa::Arpa),
            "user" => Box::new(user::UserMap::new(spec)),
            "host" => Box::new(host::Host::new(spec)),
            "dns" => Box::new(dns::DnsMap::new(spec, problems)),
            "bestmx" => Box::new(dns::BestMx::new(spec)),
            "sequence" => Box::new(sequence::Sequence::fixed(self, spec, problems)),
            "switch" => Box::new(sequence::Sequence::by_switch(spec)),
            "syslog" => Box::new(syslog::Syslog::new(spec)),
            "program" => Box::new(program::Program::new(spec)),
            "socket" => Box::new(socket::Socket::new(spec)),
            "null" => Box::new(nothing::Null),
            _ => Box::new(nothing::Unserved::new(class, spec)),
        })
    }

    /// True when a map of that name is defined.
    pub fn is_defined(&self, name: &str) -> bool {
        self.maps.contains_key(&name.to_ascii_lowercase())
    }

    /// The look-up of the test mode's `/map`: with status, and telling maps that are not open.
    pub fn probe(&self, name: &str, key: &[u8], macros: &mut Macros) -> Probe {
        match self.maps.get(&name.to_ascii_lowercase()) {
            None => Probe::NotDefined,
            Some(entry) => match &entry.class {
                // The key goes in as it was typed, and no flag changes what comes back.
                Some(class) if class.is_open(&self.env) => {
                    let mut outcome = class.lookup(self, &Query { key, args: &[], depth: 0 }, macros);
                    if let Some(value) = &mut outcome.value {
                        value.retain(|b| *b != 0);
                    }
                    Probe::Outcome(outcome)
                }
                _ => Probe::NotOpen,
            },
        }
    }

    fn run(&self, entry: &Entry, class: &dyn Class, query: &Query<'_>, macros: &mut Macros) -> Outcome {
        let spec = &entry.spec;
        if spec.not_deferred && macros.get("{deliveryMode}") == Some(b"d") {
            return Outcome::none(EX_OK);
        }
        let unquoted;
        let key = if spec.keep_quotes {
            query.key
        } else {
            unquoted = without_quotes(query.key);
            &unquoted
        };
        let mut outcome = class.lookup(self, &Query { key, args: query.args, depth: query.depth }, macros);
        if outcome.status == EX_TEMPFAIL
            && outcome.value.is_none()
            && let Some(mark) = &spec.on_tempfail
        {
            outcome.value = Some([key, mark].concat());
        }
        if let Some(value) = &mut outcome.value {
            value.retain(|b| *b != 0);
        }
        outcome
    }

    /// A look-up inside another map (`sequence`): the member's flags for keys and failures do not count.
    fn nested(&self, name: &str, query: &Query<'_>, macros: &mut Macros) -> Option<Outcome> {
        let entry = self.maps.get(name)?;
        let class = entry.class.as_deref().filter(|c| c.is_open(&self.env))?;
        Some(class.lookup(self, query, macros))
    }
}

impl Maps for MapSet {
    fn lookup(&self, name: &str, key: &[u8], args: &[&[u8]], macros: &mut Macros) -> Lookup {
        // Names in rules are mostly lower case already: no allocation for them.
        let entry = self.maps.get(name).or_else(|| self.maps.get(&name.to_ascii_lowercase()));
        let Some(entry) = entry else { return Lookup::NoSuchMap };
        let Some(class) = entry.class.as_deref() else { return Lookup::NotFound };
        let outcome = self.run(entry, class, &Query { key, args, depth: 0 }, macros);
        let temporary = outcome.status == EX_TEMPFAIL && !entry.spec.tempfail_is_notfound;
        match outcome.value {
            Some(value) if temporary => Lookup::FoundTemp(value),
            Some(value) => Lookup::Found(value),
            None if temporary => Lookup::TempFail(format!("map {name}: temporary failure")),
            None => Lookup::NotFound,
        }
    }
}

/// The file of a table map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFile {
    /// The name on the `K` line.
    pub source: std::path::PathBuf,
    /// The files that are tried, in order: that of the table, or the source itself for `text`.
    pub tables: Vec<std::path::PathBuf>,
    /// A missing file is an empty map.
    pub optional: bool,
}

/// The file that a definition reads; `None` for classes without one.
pub fn table_file(definition: &MapDef) -> Option<TableFile> {
    use std::os::unix::ffi::OsStrExt;
    let spec = Spec::parse(definition, spec::options_of(&definition.class)?, &mut Vec::new());
    let format = match definition.class.as_str() {
        "hash" => Some(dbfile::Format::Hash),
        "btree" => Some(dbfile::Format::Btree),
        "cdb" => Some(dbfile::Format::Cdb),
        "implicit" => Some(dbfile::Format::Any),
        "text" | "stab" => None,
        _ => return None,
    };
    let source = std::path::PathBuf::from(std::ffi::OsStr::from_bytes(&spec.rest));
    let tables = match format {
        Some(format) => format.candidates(&source).into_iter().map(|(path, _)| path).collect(),
        None => vec![source.clone()],
    };
    Some(TableFile { source, tables, optional: spec.optional })
}

/// What is wrong with a definition that follows those of `earlier`, which it joins when its class is there.
pub fn complaints(definition: &MapDef, earlier: &mut Vec<MapDef>) -> Vec<String> {
    let env = MapEnv::new(Arc::new(crate::dns::FakeResolver::default()), Arc::new(crate::user::Passwd));
    // Only a sequence looks at other maps.
    let known = if definition.class == "sequence" { &earlier[..] } else { &[] };
    let (mut set, _) = MapSet::open(known, env);
    let mut texts = Vec::new();
    set.define(definition, &mut texts);
    if set.is_defined(&definition.name) {
        earlier.push(definition.clone());
    }
    texts
}

/// `key` without its double quotes; what a backslash protects stays as it is.
fn without_quotes(key: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(key.len());
    let mut bytes = key.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'"' => {}
            b'\\' => out.extend(bytes.next()),
            _ => out.push(b),
        }
    }
    out
}

/// A value as a rule gets it: `%0` is the key, `%1`.. the arguments, `%%` a percent sign; `-m` puts the key in its place
/// and `-a` adds to it.
fn finish(spec: &Spec, query: &Query<'_>, value: &[u8]) -> Outcome {
    let mut out = Vec::with_capacity(value.len() + 8);
    if spec.match_only {
        out.extend_from_slice(query.key);
    } else {
        let mut bytes = value.iter().peekable();
        while let Some(&b) = bytes.next() {
            match (b, bytes.peek()) {
                (b'%', Some(&&b'%')) => {
                    out.push(b'%');
                    bytes.next();
                }
                (b'%', Some(&&d)) if d.is_ascii_digit() => {
                    let arg = match d {
                        b'0' => query.key,
                        _ => query.args.get(usize::from(d - b'1')).copied().unwrap_or_default(),
                    };
                    out.extend_from_slice(arg);
                    bytes.next();
                }
                // No table can make the separator that only rules may have.
                (VALUE_SEPARATOR, _) => {}
                _ => out.push(b),
            }
        }
    }
    out.extend_from_slice(&spec.append);
    Outcome::found(out)
}

/// [`finish`] for values from the net: they are no table's text, so `%` in them means nothing.
fn finish_literally(spec: &Spec, query: &Query<'_>, value: &[u8]) -> Outcome {
    let escaped: Vec<u8> = value.iter().flat_map(|b| std::iter::repeat_n(*b, if *b == b'%' { 2 } else { 1 })).collect();
    finish(spec, query, &escaped)
}
