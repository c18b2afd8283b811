//! `O`, `M`, `K`, `P`, `V` and `E` lines: options, mailers, maps and what else has one value (sendmail operations guide 5).

use nom::bytes::complete::{take_till, take_while};
use nom::{IResult, Parser};

use super::Loader;
use crate::cf::config::MapDef;
use crate::cf::mailer;
use crate::cf::options::Source;
use crate::cf::options::value::number;
use crate::cf::problem::{Fault, printable};
use crate::cf::template::{Sym, Template, read_name, written};
use crate::rewrite::prescan::CharTable;

impl Loader<'_> {
    pub(super) fn option(&mut self, rest: &[Sym], faults: &mut Vec<Fault>) {
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

    pub(super) fn mailer(&mut self, number: u32, text: &[u8], faults: &mut Vec<Fault>) {
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
    pub(super) fn second_mailers(&mut self) {
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

    pub(super) fn map(&mut self, number: u32, rest: &[Sym], faults: &mut Vec<Fault>) {
        let text = self.expand(rest);
        let Ok((args, (name, class))) = two_words(&text) else { return };
        if name.is_empty() {
            faults.push(Fault::error("readcf: config K line: no map name"));
            return;
        }
        let name = printable(name);
        // A class is letters and digits; what follows without a blank belongs to its arguments.
        let ends = class.iter().position(|b| !b.is_ascii_alphanumeric()).unwrap_or(class.len());
        let (class, glued) = class.split_at(ends);
        if class.is_empty() {
            faults.push(Fault::error(format!("readcf: config K line, map {name}: no map class")));
            return;
        }
        let def = MapDef {
            name,
            class: printable(class).to_ascii_lowercase(),
            args: if glued.is_empty() { args.to_vec() } else { [glued, b" ", args].concat() },
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

    pub(super) fn precedence(&mut self, rest: &[u8], whole: &[u8], faults: &mut Vec<Fault>) {
        let Some(eq) = rest.iter().position(|b| *b == b'=') else {
            faults.push(Fault::error(format!("unknown configuration line \"{}\"", printable(whole))));
            return;
        };
        let name = printable(rest.get(..eq).unwrap_or_default().trim_ascii());
        let value = number(rest.get(eq + 1..).unwrap_or_default());
        self.config.precedences.push((name, value));
    }

    pub(super) fn version(&mut self, rest: &[u8], faults: &mut Vec<Fault>) {
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

    pub(super) fn environment(&mut self, rest: &[u8]) {
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
