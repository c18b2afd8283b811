//! Reading a configuration: logical lines, and what each kind of line does (sendmail operations guide 5).

use std::path::Path;
use std::sync::Arc;

use nom::bytes::complete::{take_till, take_while};
use nom::{IResult, Parser};

use super::class::Classes;
use super::class_file;
use super::config::{Config, MapDef};
use super::header::HeaderDef;
use super::macros::{MacroName, Macros};
use super::mailer::{self, Mailer};
use super::milter::MilterDef;
use super::options::value::number;
use super::options::{Options, Source};
use super::predefined;
use super::problem::{Fault, Problem, Severity, printable};
use super::queue_group::QueueGroup;
use super::rule::Compiler;
use super::ruleset::{RulesetId, Rulesets};
use super::system::System;
use super::template::{MAX_NAME, Op, Sym, Template, read_name, source, translate};
use crate::rewrite::prescan::CharTable;

/// The configuration level that this program reads (`V10`).
pub const LEVEL: i64 = 10;
/// The exit code after a map that cannot be opened (EX_OSERR).
const OSERR: u8 = 71;
/// The largest configuration that is read.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// Checks a map's definition: the texts of what is wrong with it. `src/map` has one that knows every class.
pub type MapCheck<'a> = &'a dyn Fn(&MapDef) -> Vec<String>;

/// Looks a key up in a map while the configuration is read: the value, or why the map cannot be asked.
pub type MapAsk<'a> = &'a dyn Fn(&MapDef, &[u8]) -> Result<Option<Vec<u8>>, Vec<String>>;

/// How a configuration is read.
pub struct LoadOptions<'a> {
    /// The machine.
    pub system: &'a dyn System,
    /// The version that `$v` tells and messages name.
    pub version: &'a str,
    /// Whether the test mode reads it: rule sets that are added to are mentioned.
    pub test_mode: bool,
    /// Tells each option that is set among the problems, for `-d37`.
    pub traced: bool,
    /// The letter of the operation mode, for `${opMode}`.
    pub op_mode: u8,
    /// It is only looked at: no program is run for a class, and reading goes on after faults that end it otherwise.
    pub check_only: bool,
    /// Looks at every `K` line.
    pub map_check: Option<MapCheck<'a>>,
    /// Asks the maps of `F` lines.
    pub map_ask: Option<MapAsk<'a>>,
}

impl<'a> LoadOptions<'a> {
    /// The usual way, on this machine.
    pub fn new(system: &'a dyn System) -> LoadOptions<'a> {
        LoadOptions {
            system,
            version: env!("CARGO_PKG_VERSION"),
            test_mode: false,
            traced: false,
            op_mode: b'm',
            check_only: false,
            map_check: None,
            map_ask: None,
        }
    }
}

impl Default for Config {
    /// What stands before the first line is read, on a machine that is not asked anything.
    fn default() -> Config {
        Config {
            file: String::new(),
            macros: Arc::new(Macros::new()),
            classes: Classes::default(),
            rulesets: Rulesets::default(),
            mailers: Mailer::built_in(),
            maps: vec![MapDef {
                name: "host".into(),
                class: "host".into(),
                args: b"-a. -D".to_vec(),
                file: String::new(),
                line: 0,
            }],
            options: Options::default(),
            headers: Vec::new(),
            precedences: Vec::new(),
            environment: Vec::new(),
            milters: Vec::new(),
            queue_groups: vec![QueueGroup::named("mqueue")],
            level: 0,
            vendor: "Berkeley".into(),
            origins: super::origin::Origins::default(),
            chars: CharTable::new(b".:@[]"),
        }
    }
}

impl Config {
    /// Reads the file at `path`. A file that cannot be read is a fatal problem.
    pub fn load(path: &Path, options: &LoadOptions<'_>) -> (Config, Vec<Problem>) {
        let name = path.display().to_string();
        let plain = std::fs::metadata(path).map_or(true, |m| m.is_file());
        match class_file::read_bounded(path, MAX_FILE) {
            Ok(bytes) => Config::parse(&bytes, &name, options),
            Err(error) => {
                let reason = match plain {
                    true => format!("cannot open: {}", class_file::reason(&error)),
                    false => "not a plain file".to_string(),
                };
                let problem = Problem {
                    file: name.clone(),
                    line: 0,
                    text: format!("{name}: line 0: {reason}"),
                    severity: Severity::Fatal(72),
                };
                (Config { file: name, ..Config::default() }, vec![problem])
            }
        }
    }

    /// Reads a configuration that is there already; `name` is the file's name for messages.
    pub fn parse(bytes: &[u8], name: &str, options: &LoadOptions<'_>) -> (Config, Vec<Problem>) {
        let mut loader = Loader::new(name, options);
        loader.read(bytes);
        loader.finish()
    }
}

/// The logical lines of a configuration with the number of the last physical line of each.
pub fn logical_lines(bytes: &[u8]) -> Vec<(u32, Vec<u8>)> {
    let mut out: Vec<(u32, Vec<u8>)> = Vec::new();
    let mut lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    if lines.last().is_some_and(|l| l.is_empty()) {
        lines.pop();
    }
    for (i, line) in lines.into_iter().enumerate() {
        let number = u32::try_from(i + 1).unwrap_or(u32::MAX);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let continues = matches!(line.first(), Some(b' ' | b'\t'));
        match out.last_mut() {
            Some((last, text)) if continues => {
                *last = number;
                text.push(b'\n');
                text.extend_from_slice(line);
            }
            _ => out.push((number, line.to_vec())),
        }
    }
    out
}

/// What follows a line.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Stop,
}

struct Loader<'a> {
    config: Config,
    macros: Macros,
    options: &'a LoadOptions<'a>,
    problems: Vec<Problem>,
    current: Option<RulesetId>,
    rules_seen: bool,
}

impl<'a> Loader<'a> {
    fn new(name: &str, options: &'a LoadOptions<'a>) -> Loader<'a> {
        let mut config = Config { file: name.to_string(), ..Config::default() };
        config.options.traced = options.traced;
        let mut macros = Macros::new();
        predefined::before(&mut macros, &mut config.classes, options);
        Loader { config, macros, options, problems: Vec::new(), current: Some(RulesetId(0)), rules_seen: false }
    }

    fn read(&mut self, bytes: &[u8]) {
        for (number, text) in logical_lines(bytes) {
            if text.first() == Some(&b'#') {
                self.config.origins.comment(number, &text);
            }
            if text.is_empty() || text.first() == Some(&b'#') {
                continue;
            }
            if self.line(number, &text) == Go::Stop {
                return;
            }
        }
    }

    fn finish(mut self) -> (Config, Vec<Problem>) {
        if self.config.level < LEVEL && !super::problem::is_fatal(&self.problems) {
            let text = format!(
                "Warning: .cf file is out of date: sendmail {} supports version {LEVEL}, .cf file is version {}",
                self.options.version, self.config.level
            );
            self.report(0, vec![Fault::warning(text)]);
        }
        if self.config.level > LEVEL && !super::problem::is_fatal(&self.problems) {
            let text = format!(
                "Warning: .cf version level ({}) exceeds sendmail version {} functionality ({LEVEL})",
                self.config.level, self.options.version
            );
            self.report(0, vec![Fault { text, severity: Severity::Error(70), placed: false }]);
        }
        if self.config.mailer_index(b"local").is_none() && !super::problem::is_fatal(&self.problems) {
            let text = "No local mailer defined".to_string();
            self.report(0, vec![Fault { text, severity: Severity::Error(70), placed: false }]);
        }
        if !self.options.test_mode {
            self.second_mailers();
        }
        predefined::after(&mut self.macros, &mut self.config, self.options.system);
        self.config.macros = Arc::new(self.macros);
        (self.config, self.problems)
    }

    fn report(&mut self, line: u32, faults: Vec<Fault>) -> Go {
        let mut go = Go::On;
        for f in faults {
            if matches!(f.severity, Severity::Fatal(_)) && !self.options.check_only {
                go = Go::Stop;
            }
            let line = if f.placed { line } else { 0 };
            let file = self.config.file.clone();
            self.problems.push(Problem { file, line, text: f.text, severity: f.severity });
            if go == Go::Stop {
                break;
            }
        }
        go
    }

    fn line(&mut self, number: u32, text: &[u8]) -> Go {
        let mut faults = Vec::new();
        let comments = self.config.level >= 3 || self.config.level == 0;
        let syms = translate(text, comments, &mut |t| faults.push(Fault::error(t)));
        let rest = syms.get(1..).unwrap_or_default();
        match syms.first() {
            Some(Sym::Byte(b'R')) => self.rule(number, rest, &mut faults),
            Some(Sym::Byte(b'S')) => self.ruleset(rest, &mut faults),
            Some(Sym::Byte(b'D')) => self.define(rest, &mut faults),
            Some(Sym::Byte(b'C')) => self.class(number, rest, &mut faults),
            Some(Sym::Byte(b'T')) => {
                let words = Template::from_syms(rest.to_vec()).expand_early(&self.macros);
                self.class_words(&MacroName::new("t"), &words);
            }
            Some(Sym::Byte(b'F')) => self.class_file(number, rest, &mut faults),
            Some(Sym::Byte(b'O')) => self.option(rest, &mut faults),
            Some(Sym::Byte(b'H')) => {
                if let Some(def) = HeaderDef::from_syms(rest, number, &mut faults) {
                    if let Some(check) = &def.check {
                        self.config.rulesets.intern(check.ruleset.as_bytes(), &mut faults);
                    }
                    self.config.headers.push(def);
                }
            }
            Some(Sym::Byte(b'M')) => self.mailer(number, &written(rest), &mut faults),
            Some(Sym::Byte(b'K')) => self.map(number, rest, &mut faults),
            Some(Sym::Byte(b'P')) => self.precedence(&written(rest), text, &mut faults),
            Some(Sym::Byte(b'V')) => self.version(&written(rest), &mut faults),
            Some(Sym::Byte(b'E')) => self.environment(&written(rest)),
            Some(Sym::Byte(b'X')) => {
                if let Some(def) = MilterDef::parse(&written(rest), number, &mut faults) {
                    self.config.milters.retain(|m| m.name != def.name);
                    self.config.milters.push(def);
                }
            }
            Some(Sym::Byte(b'Q')) => {
                if let Some(def) = QueueGroup::parse(&written(rest), &mut faults) {
                    // A group keeps its number: recipients and directories go by it.
                    match self.config.queue_groups.iter_mut().find(|q| q.name.eq_ignore_ascii_case(&def.name)) {
                        Some(known) => *known = def,
                        None => self.config.queue_groups.push(def),
                    }
                }
            }
            Some(Sym::Byte(b'\n' | b' ' | b'\t')) => {}
            _ => {
                let shown = shown(&syms);
                faults.push(Fault::error(format!("unknown configuration line \"{shown}\"")));
            }
        }
        self.report(number, faults)
    }

    fn expand(&self, syms: &[Sym]) -> Vec<u8> {
        source(&Template::from_syms(syms.to_vec()).expand_early(&self.macros))
    }

    fn rule(&mut self, number: u32, rest: &[Sym], faults: &mut Vec<Fault>) {
        self.rules_seen = true;
        let Some(id) = self.current else {
            faults.push(Fault::error(format!("missing valid ruleset for \"R{}\"", shown(rest))));
            return;
        };
        let mut pool = std::mem::take(&mut self.config.rulesets.pool);
        let mut compiler = Compiler {
            macros: &self.macros,
            classes: &mut self.config.classes,
            pool: &mut pool,
            chars: &self.config.chars,
            faults,
        };
        let rule = compiler.compile(rest, number);
        self.config.rulesets.pool = pool;
        if let (Some(rule), Some(set)) = (rule, self.config.rulesets.get_mut(id)) {
            set.push(rule);
        }
    }

    fn ruleset(&mut self, rest: &[Sym], faults: &mut Vec<Fault>) {
        let text = self.expand(rest);
        self.current = self.config.rulesets.intern(&text, faults);
        let Some(id) = self.current else { return };
        if let Some(set) = self.config.rulesets.get_mut(id) {
            if self.options.test_mode && !set.rules.is_empty() {
                let shown = printable(text.trim_ascii());
                faults.push(Fault::warning(format!("WARNING: Ruleset {shown} has multiple definitions")));
            }
            set.defined = true;
        }
    }

    /// Takes a macro's or class's name off the front of `rest`.
    fn name<'s>(rest: &'s [Sym], faults: &mut Vec<Fault>) -> Option<(MacroName, &'s [Sym])> {
        // Names are short: only that much is looked at as text.
        let bytes: Vec<u8> = rest
            .iter()
            .take(4 * MAX_NAME)
            .map_while(|s| match s {
                Sym::Byte(b) => Some(*b),
                Sym::Op(_) => None,
            })
            .collect();
        let mut at = 0;
        let mut texts = Vec::new();
        let name = read_name(&bytes, &mut at, &mut |t| texts.push(t));
        faults.extend(texts.into_iter().map(Fault::error));
        Some((name?, rest.get(at..).unwrap_or_default()))
    }

    fn define(&mut self, rest: &[Sym], faults: &mut Vec<Fault>) {
        let Some((name, value)) = Loader::name(rest, faults) else { return };
        self.macros.define(name.as_str(), Template::from_syms(munch(value)));
    }

    fn class(&mut self, number: u32, rest: &[Sym], faults: &mut Vec<Fault>) {
        let Some((name, words)) = Loader::name(rest, faults) else { return };
        self.config.origins.class_line(&name, number);
        let words = Template::from_syms(words.to_vec()).expand_early(&self.macros);
        self.class_words(&name, &words);
    }

    fn class_words(&mut self, name: &MacroName, syms: &[Sym]) {
        self.config.classes.id(name);
        let blank = |s: &Sym| matches!(s, Sym::Byte(b) if b.is_ascii_whitespace());
        for word in syms.split(blank).filter(|w| !w.is_empty()) {
            if let [Sym::Op(Op::Class(other))] = word {
                let copies: Vec<Vec<u8>> = match self.config.classes.get(other.as_str()) {
                    Some(c) => c.iter().map(<[u8]>::to_vec).collect(),
                    None => Vec::new(),
                };
                for w in copies {
                    self.config.classes.insert(name, &w);
                }
            } else {
                self.config.classes.insert(name, &source(word));
            }
        }
    }

    fn class_file(&mut self, number: u32, rest: &[Sym], faults: &mut Vec<Fault>) {
        let Some((name, spec)) = Loader::name(rest, faults) else { return };
        self.config.origins.class_line(&name, number);
        let spec = self.expand(spec);
        self.config.classes.id(&name);
        if self.options.check_only && spec.trim_ascii_start().first() == Some(&b'|') {
            return;
        }
        if let Some(map) = class_file::from_map(&spec) {
            return self.class_from_map(name, map, faults);
        }
        match class_file::read(&spec, &self.config.options.dont_blame_sendmail, &self.config.options.default_user) {
            Ok(words) => {
                for w in words {
                    self.config.classes.insert(&name, &w);
                }
            }
            Err(fault) => faults.push(fault),
        }
    }

    /// The words of a class are the value of a key in a map.
    fn class_from_map(&mut self, name: MacroName, from: class_file::FromMap, faults: &mut Vec<Fault>) {
        let shown = name.braced();
        let shown = shown.trim_matches(|c| c == '{' || c == '}');
        let definition = MapDef {
            name: shown.to_owned(),
            class: from.class.clone(),
            args: from.args,
            file: self.config.file.clone(),
            line: 0,
        };
        let complaint = |text: String, code: u8| Fault { text, severity: Severity::Error(code), placed: true };
        let Some(ask) = self.options.map_ask else { return };
        match ask(&definition, &from.key) {
            Ok(value) => {
                for word in value.unwrap_or_default().split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
                    self.config.classes.insert(&name, word);
                }
            }
            Err(texts) if texts.is_empty() => {
                faults.push(complaint(format!("fileclass: F{{{shown}}}: class {} not available", from.class), OSERR));
            }
            Err(texts) => {
                faults.extend(texts.into_iter().map(|t| complaint(t, OSERR)));
                faults.push(complaint(format!("fileclass: F{{{shown}}}: map open failed"), OSERR));
            }
        }
    }

    fn option(&mut self, rest: &[Sym], faults: &mut Vec<Fault>) {
        let text = written(rest);
        let system = self.options.system;
        let setting = match text.split_first() {
            Some((b' ', assignment)) => self.config.options.set_assignment(assignment, Source::File, system),
            Some((b'M', rest)) => {
                let mut at = 0;
                let name = read_name(rest, &mut at, &mut |t| faults.push(Fault::error(t)));
                if let Some(name) = name {
                    self.macros.define(name.as_str(), Template::parse(rest.get(at..).unwrap_or_default()));
                }
                return;
            }
            Some((letter, value)) => self.config.options.set_letter(*letter, value, Source::File, system),
            None => self.config.options.set_letter(0, b"", Source::File, system),
        };
        faults.extend(setting.faults);
        if setting.name == Some("OperatorChars") {
            if self.rules_seen || self.config.options.operator_chars_repeated {
                faults.push(Fault::warning("Warning: OperatorChars is being redefined."));
                faults.push(Fault::warning("         It should only be set before ruleset definitions."));
            }
            self.config.options.operator_chars_repeated = true;
            self.config.chars = CharTable::new(self.config.options.operator_chars.as_bytes());
        }
    }

    fn mailer(&mut self, number: u32, text: &[u8], faults: &mut Vec<Fault>) {
        let mut with = mailer::Reading {
            rulesets: &mut self.config.rulesets,
            system: self.options.system,
            queue_groups: &self.config.queue_groups,
            faults,
        };
        let Some(m) = mailer::parse(text, number, &mut with) else { return };
        match self.config.mailer_index(m.name.as_bytes()) {
            Some(old) => {
                if let Some(slot) = self.config.mailers.get_mut(old) {
                    *slot = m;
                }
            }
            None => self.config.mailers.push(m),
        }
    }

    /// Mailers whose program is not installed become what `{else_NAME}` says, if there is such a macro.
    fn second_mailers(&mut self) {
        for m in 0..self.config.mailers.len() {
            let Some(first) = self.config.mailers.get(m) else { continue };
            if !first.path.starts_with(b"/") || self.options.system.has_program(&first.path) {
                continue;
            }
            let second = self.macros.expanded(&format!("else_{}", first.name));
            if second.is_empty() {
                continue;
            }
            let text = [first.name.as_bytes(), b", ", &second].concat();
            let (line, mut faults) = (first.line, Vec::new());
            self.mailer(line, &text, &mut faults);
            self.report(line, faults);
        }
    }

    fn map(&mut self, number: u32, rest: &[Sym], faults: &mut Vec<Fault>) {
        let text = self.expand(rest);
        let Ok((args, (name, class))) = two_words(&text) else { return };
        if name.is_empty() {
            faults.push(Fault::error("readcf: config K line: no map name"));
            return;
        }
        let name = printable(name);
        if class.is_empty() {
            faults.push(Fault::error(format!("readcf: config K line, map {name}: no map class")));
            return;
        }
        let def = MapDef {
            name,
            class: printable(class).to_ascii_lowercase(),
            args: args.to_vec(),
            file: self.config.file.clone(),
            line: number,
        };
        if let Some(check) = self.options.map_check {
            let complaints = check(&def);
            let unknown = complaints.iter().any(|c| c.ends_with(" not available"));
            faults.extend(complaints.into_iter().map(Fault::error));
            if unknown {
                return;
            }
        }
        self.config.maps.retain(|m| !m.name.eq_ignore_ascii_case(&def.name));
        self.config.maps.push(def);
    }

    fn precedence(&mut self, rest: &[u8], whole: &[u8], faults: &mut Vec<Fault>) {
        let Some(eq) = rest.iter().position(|b| *b == b'=') else {
            faults.push(Fault::error(format!("unknown configuration line \"{}\"", printable(whole))));
            return;
        };
        let name = printable(rest.get(..eq).unwrap_or_default().trim_ascii());
        let value = number(rest.get(eq + 1..).unwrap_or_default());
        self.config.precedences.push((name, value));
    }

    fn version(&mut self, rest: &[u8], faults: &mut Vec<Fault>) {
        let text = rest.trim_ascii_start();
        if !text.first().is_some_and(u8::is_ascii_digit) {
            faults.push(Fault::error(format!("invalid argument to V line: \"{}\"", printable(rest))));
            return;
        }
        self.config.level = number(text);
        if let Some(slash) = text.iter().position(|b| *b == b'/') {
            let vendor = printable(text.get(slash + 1..).unwrap_or_default().trim_ascii());
            if ["Berkeley", "Debian", "Sun", "HP", "IBM", "DEC"].iter().any(|v| v.eq_ignore_ascii_case(&vendor)) {
                self.config.vendor = vendor;
            } else {
                faults.push(Fault::error(format!("invalid V line vendor code: \"{vendor}\"")));
            }
        }
    }

    fn environment(&mut self, rest: &[u8]) {
        let (name, value) = match rest.iter().position(|b| *b == b'=') {
            Some(eq) => (rest.get(..eq).unwrap_or_default(), rest.get(eq + 1..).map(<[u8]>::to_vec)),
            None => (rest, None),
        };
        self.config.environment.retain(|(n, _)| n != name);
        self.config.environment.push((name.to_vec(), value));
    }
}

/// The first two words of a line, and what follows them.
fn two_words(text: &[u8]) -> IResult<&[u8], (&[u8], &[u8])> {
    let blank = |b: u8| b.is_ascii_whitespace();
    let parts = (take_while(blank), take_till(blank), take_while(blank), take_till(blank), take_while(blank));
    parts.map(|(_, first, _, second, _)| (first, second)).parse(text)
}

/// Elements as text that [`translate`] reads back as the same elements.
pub(super) fn written(syms: &[Sym]) -> Vec<u8> {
    let mut out = Vec::with_capacity(syms.len());
    for s in syms {
        match s {
            Sym::Byte(b'$') => out.extend_from_slice(b"$$"),
            Sym::Byte(b) => out.push(*b),
            Sym::Op(op) => op.write(&mut out),
        }
    }
    out
}

/// A line for a message: `$` of an operator shows as the control character that the original has for it.
pub(super) fn shown(syms: &[Sym]) -> String {
    let mut out = Vec::new();
    for s in syms {
        match s {
            Sym::Byte(b) => out.push(*b),
            Sym::Op(op) => {
                let at = out.len();
                op.write(&mut out);
                if let Some(first) = out.get_mut(at) {
                    *first = 1;
                }
            }
        }
    }
    printable(&out)
}

/// A macro's value without its quotes and with its backslash escapes resolved.
fn munch(syms: &[Sym]) -> Vec<Sym> {
    let mut out = Vec::with_capacity(syms.len());
    let mut rest = syms.iter();
    while let Some(s) = rest.next() {
        match s {
            Sym::Byte(b'"') => {}
            Sym::Byte(b'\\') => match rest.next() {
                Some(Sym::Byte(b'n')) => out.push(Sym::Byte(b'\n')),
                Some(Sym::Byte(b'r')) => out.push(Sym::Byte(b'\r')),
                Some(Sym::Byte(b'b' | b'f')) | None => {}
                Some(other) => out.push(other.clone()),
            },
            other => out.push(other.clone()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::system::Fixed;
    use super::*;

    fn load(text: &str) -> (Config, Vec<String>) {
        let system = Fixed { host: "mail.example.test".into() };
        let (c, p) = Config::parse(text.as_bytes(), "t.cf", &LoadOptions::new(&system));
        (c, p.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_second_definition_for_a_missing_program() {
        let text = "Mlocal, P=/absent/deliver, F=lw, A=deliver $u\nD{else_local}P=/there, F=lz, A=there -l\n\
                    Mother, P=/there, A=x $u\nD{else_other}P=/no, A=no\n";
        let (c, _) = load(text);
        let found = |name: &[u8]| c.mailer(name).map(|m| (m.path.clone(), m.flags.letters()));
        assert_eq!(found(b"local"), Some((b"/there".to_vec(), "lz".into())));
        assert_eq!(found(b"other"), Some((b"/there".to_vec(), String::new())));
    }

    #[test]
    fn lines_continue() {
        let lines = logical_lines(b"CA one\n\ttwo\n three\r\nDXx\n");
        assert_eq!(lines, [(3, b"CA one\n\ttwo\n three".to_vec()), (4, b"DXx".to_vec())]);
    }

    #[test]
    fn a_small_configuration() {
        let text = "V10/Berkeley\nDmexample.test\nDjmail.$m\nCw$j localhost\nMlocal, P=/bin/mail, F=lsA, S=10, R=20/S2, A=mail -d $u\n\
                    S3\nR$* <$+>\t$: $2\tcomment\nH?P?Return-Path: <$g>\nHSubject: $>+check\nPbulk=-60\n";
        let (c, p) = load(text);
        assert_eq!(p, Vec::<String>::new());
        assert_eq!(c.macros.expanded("j"), b"mail.example.test");
        assert!(c.classes.contains("w", b"LOCALHOST"));
        assert_eq!(c.mailer(b"LOCAL").unwrap().sender_header, RulesetId(10));
        assert_eq!(c.rulesets.get(RulesetId(3)).unwrap().rules[0].shown[0], b"$* < $+ > ");
        assert_eq!(c.header_check(b"subject").unwrap().ruleset, "check");
        assert_eq!(c.precedence(b"bulk"), -60);
    }

    #[test]
    fn faults_have_their_line() {
        let (_, p) = load("V10\nSfoo=\nRx\ty\nZ\n");
        assert_eq!(p[0], "t.cf: line 2: bad ruleset definition \"foo=\" (number required after `=')");
        assert_eq!(p[1], "t.cf: line 3: missing valid ruleset for \"Rx\ty\"");
        assert_eq!(p[2], "t.cf: line 4: unknown configuration line \"Z\"");
    }
}
