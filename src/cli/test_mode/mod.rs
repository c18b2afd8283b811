//! Address test mode, `-bt` (sendmail operations guide 4.4): rule sets, addresses, maps, classes and macros, tried by
//! hand. What it prints is read by people's scripts: the text is the original's.

mod output;
mod show;
mod slash;
mod traces;
mod why;

use std::collections::VecDeque;
use std::io::BufRead;
use std::sync::Arc;

use crate::cf::problem::{Fault, printable};
use crate::cf::template::read_name;
use crate::cf::{Config, MacroName, Macros};
use crate::cli::levels::Levels;
use crate::dns::Resolver;
use crate::map::MapSet;
use crate::rewrite::{Kind, Scope, run_sequence};
use crate::smtp::server::policy::help;
pub use output::Out;
pub use show::mailers;
use traces::Printer;

/// The longest line that is taken; what is longer is taken for more lines.
const MAX_LINE: usize = 2047;

/// What the test mode works on.
pub struct TestMode {
    /// The configuration; `.D` and `.C` change this copy.
    config: Config,
    macros: Macros,
    maps: Arc<MapSet>,
    resolver: Arc<dyn Resolver>,
    out: Out,
    header: bool,
    sender: bool,
    levels: Levels,
}

/// What follows a command.
#[derive(PartialEq, Eq)]
enum Go {
    On,
    Quit,
}

impl TestMode {
    /// A test mode over a configuration, its maps and a resolver, writing to `out`. `levels` are those of `-d`, `exit` the exit
    /// code that reading the configuration left.
    pub fn new(
        config: Config,
        maps: Arc<MapSet>,
        resolver: Arc<dyn Resolver>,
        out: Out,
        levels: Levels,
        exit: u8,
    ) -> TestMode {
        out.fail(exit);
        let mut macros = config.layer();
        show::run_time_macros(&mut macros);
        TestMode { config, macros, maps, resolver, out, header: false, sender: false, levels }
    }

    /// Reads commands from `input` until its end or `/quit`; the exit code.
    pub fn run(&mut self, input: &mut dyn BufRead) -> u8 {
        self.out.line(b"ADDRESS TEST MODE (ruleset 3 NOT automatically invoked)");
        self.out.line(b"Enter <ruleset> <address>");
        loop {
            self.out.put(b"> ");
            self.out.flush();
            let Some(line) = read_line(input) else { break };
            if self.command(&line) == Go::Quit {
                break;
            }
        }
        self.out.flush();
        self.out.exit()
    }

    fn command(&mut self, line: &[u8]) -> Go {
        let text = printable(line);
        match line.first() {
            None | Some(b'#') => {}
            Some(b'?') => self.help(),
            Some(b'.') => self.dot(line),
            Some(b'=') => match line.get(1) {
                Some(b'S') => self.show_rules(line.get(2..).unwrap_or_default()),
                Some(b'M') => self.show_mailers(),
                _ => self.out.text(&format!("Unknown \"=\" command {text}")),
            },
            Some(b'-') => match line.get(1) {
                Some(b'd') => self.set_debug(line.get(2..).unwrap_or_default()),
                _ => self.out.text(&format!("Unknown \"-\" command {text}")),
            },
            Some(b'$') => match line.get(1) {
                Some(b'=') => self.show_class(line.get(2..).unwrap_or_default()),
                _ => self.show_macro(line.get(1..).unwrap_or_default()),
            },
            Some(b'/') => return self.slash(line),
            _ => self.try_rules(line),
        }
        Go::On
    }

    /// `-d21.12`: only rewriting and maps say anything here.
    fn set_debug(&mut self, spec: &[u8]) {
        self.levels.set(spec);
    }

    fn help(&mut self) {
        let path = self.config.options.help_file.path();
        let Some(file) = path.and_then(|path| std::fs::read(path).ok()) else {
            return self.out.text(&format!("Sendmail {} -- HELP not implemented", crate::version::VERSION));
        };
        let lines = help::on(&file, b"-bt", &self.macros);
        for line in &lines {
            self.out.line(line);
        }
        self.out.text(if lines.is_empty() { "HELP topic \"-bt\" unknown" } else { "End of HELP info" });
    }

    /// `.Dx value` and `.Cx words`.
    fn dot(&mut self, line: &[u8]) {
        match line.get(1) {
            None => self.out.text("Usage: .[DC]macro value(s)"),
            Some(b'D') => {
                let mut at = 2;
                if let Some(name) = self.name(line, &mut at) {
                    self.macros.set(name.as_str(), line.get(at..).unwrap_or_default());
                }
            }
            Some(b'C') if line.len() == 2 => {}
            Some(b'C') => {
                let mut at = 2;
                if let Some(name) = self.name(line, &mut at) {
                    let words = line.get(at..).unwrap_or_default();
                    for word in words.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
                        self.config.classes.insert(&name, word);
                    }
                }
            }
            Some(_) => self.out.text(&format!("Unknown \".\" command {}", printable(line))),
        }
    }

    /// Reads a macro's or class's name at `*at`; complaints are printed.
    fn name(&mut self, line: &[u8], at: &mut usize) -> Option<MacroName> {
        let mut complaints = Vec::new();
        let name = read_name(line, at, &mut |t| complaints.push(t));
        for c in complaints {
            self.out.text(&c);
        }
        name
    }

    /// `3,0 address`: rule sets one after the other, on each address of a list.
    fn try_rules(&mut self, line: &[u8]) {
        let line = line.trim_ascii_start();
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (sets, rest) = line.split_at(end);
        if rest.is_empty() {
            self.out.text("No address!");
            return;
        }
        let mut rest = rest.get(1..).unwrap_or_default();
        if let Some(refusal) = crate::rewrite::address::invalid(rest) {
            self.out.message(&refusal.text);
            return;
        }
        while !rest.is_empty() {
            let used = self.try_one(sets, rest);
            let more = rest.get(used..).unwrap_or_default();
            let skip = usize::from(more.first() == Some(&b','));
            rest = more.get(skip..).unwrap_or_default();
            if used == 0 && skip == 0 {
                break;
            }
        }
    }

    /// Runs the sets on the first address of `rest`; where it ended.
    fn try_one(&mut self, sets: &[u8], rest: &[u8]) -> usize {
        let mut faults: Vec<Fault> = Vec::new();
        let mut ids = Vec::new();
        let mut typed = VecDeque::new();
        let mut undefined = None;
        let mut p = sets;
        loop {
            let mut rulesets = std::mem::take(&mut self.config.rulesets);
            let found = rulesets.read(p, false, &mut faults);
            self.config.rulesets = rulesets;
            match found {
                Some((id, tail)) => {
                    ids.push(id);
                    typed.push_back(printable(p));
                    match tail.split_first() {
                        Some((b',', more)) => p = more,
                        _ => break,
                    }
                }
                None => {
                    undefined = Some(p.to_vec());
                    break;
                }
            }
        }
        let mut printer = Printer::new(self.out.clone(), &self.config, &self.levels);
        printer.typed = typed;
        let mut scope = Scope::new(&self.config, &mut self.macros, &*self.maps);
        scope.trace = Some(&mut printer);
        let (outcome, used) = run_sequence(&mut scope, &ids, rest, Some(b','));
        if outcome.is_none() {
            return used;
        }
        for f in &faults {
            self.out.message(f.text.as_bytes());
        }
        if let Some(name) = undefined {
            self.out.text(&format!("Undefined ruleset {}", printable(&name)));
        }
        used
    }

    fn kind(&self) -> Kind {
        match (self.header, self.sender) {
            (true, true) => Kind::HeaderSender,
            (true, false) => Kind::HeaderRecipient,
            (false, true) => Kind::EnvelopeSender,
            (false, false) => Kind::EnvelopeRecipient,
        }
    }
}

/// Reads a line without its end; `None` at the end of the input.
fn read_line(input: &mut dyn BufRead) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        let buffer = input.fill_buf().ok()?;
        if buffer.is_empty() {
            return (!line.is_empty()).then_some(line);
        }
        let room = MAX_LINE.saturating_sub(line.len());
        let (take, ended) = match buffer.iter().take(room).position(|b| *b == b'\n') {
            Some(at) => (at, true),
            None => (buffer.len().min(room), false),
        };
        line.extend_from_slice(buffer.get(..take).unwrap_or_default());
        input.consume(if ended { take + 1 } else { take });
        let done = ended || line.len() >= MAX_LINE;
        if done {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Some(line);
        }
    }
}
