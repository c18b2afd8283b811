//! `D`, `C`, `T` and `F` lines: macros and classes (sendmail operations guide 5.3).

use super::Loader;
use crate::cf::class_file;
use crate::cf::config::MapDef;
use crate::cf::macros::MacroName;
use crate::cf::problem::{Fault, Severity};
use crate::cf::template::{MAX_NAME, Op, Sym, Template, read_name, source};

/// The exit code after a map that cannot be opened (EX_OSERR).
const OSERR: u8 = 71;

impl Loader<'_> {
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

    pub(super) fn define(&mut self, rest: &[Sym], faults: &mut Vec<Fault>) {
        let Some((name, value)) = Loader::name(rest, faults) else { return };
        self.macros.define(name.as_str(), Template::from_syms(munch(value)));
    }

    pub(super) fn class(&mut self, number: u32, rest: &[Sym], faults: &mut Vec<Fault>) {
        let Some((name, words)) = Loader::name(rest, faults) else { return };
        self.config.origins.class_line(&name, number);
        let words = Template::from_syms(words.to_vec()).expand_early(&self.macros);
        self.class_words(&name, &words);
    }

    pub(super) fn class_words(&mut self, name: &MacroName, syms: &[Sym]) {
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

    pub(super) fn class_file(&mut self, number: u32, rest: &[Sym], faults: &mut Vec<Fault>) {
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
        let complaint =
            |text: String, code: u8| Fault { text, severity: Severity::Error(code), placed: true, usage: false };
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
