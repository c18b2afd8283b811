//! Reading a configuration: logical lines, and what each kind of line does (sendmail operations guide 5).

mod define;
mod settings;

use std::path::Path;
use std::sync::Arc;

use super::class::Classes;
use super::class_file;
use super::config::{Config, MapDef};
use super::header::HeaderDef;
use super::macros::{MacroName, Macros};
use super::mailer::Mailer;
use super::milter::MilterDef;
use super::options::Options;
use super::predefined;
use super::problem::{Fault, Problem, Severity, printable};
use super::queue_group::QueueGroup;
use super::rule::Compiler;
use super::ruleset::{RulesetId, Rulesets};
use super::system::System;
use super::template::{Sym, Template, shown, source, translate, written};
use crate::rewrite::prescan::CharTable;

/// The configuration level that this program reads (`V10`).
pub const LEVEL: i64 = 10;
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
            version: crate::version::VERSION,
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
            self.report(0, vec![Fault { text, severity: Severity::Error(70), placed: false, usage: false }]);
        }
        if self.config.mailer_index(b"local").is_none() && !super::problem::is_fatal(&self.problems) {
            let text = "No local mailer defined".to_string();
            self.report(0, vec![Fault { text, severity: Severity::Error(70), placed: false, usage: false }]);
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::system::Fixed;

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
