//! Facts about a decision as text, each with the place of the rule, of the map and of the word in the `.mc` file.

use super::super::output::Out;
use super::plain;
use crate::cf::problem::printable;
use crate::cf::{Config, MapDef};
use crate::rewrite::{At, Fact};
use std::cell::{OnceCell, RefCell};
use std::collections::HashSet;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that is read of a configuration or `.mc` file to find places.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// The most keys without an answer that are listed.
const MAX_KEYS: usize = 12;

/// Prints facts.
pub(super) struct Teller<'c> {
    config: &'c Config,
    out: &'c Out,
    lines: OnceCell<Vec<Vec<u8>>>,
    /// Maps that were described.
    told: RefCell<HashSet<String>>,
}

impl<'c> Teller<'c> {
    pub(super) fn new(config: &'c Config, out: &'c Out) -> Teller<'c> {
        Teller { config, out, lines: OnceCell::new(), told: RefCell::default() }
    }

    /// Tells all `facts`; look-ups in a row that found nothing are one line.
    pub(super) fn facts(&self, facts: &[Fact]) {
        let mut rest = facts;
        let mut last: Option<&[u8]> = None;
        while let Some((fact, after)) = rest.split_first() {
            rest = after;
            match fact {
                Fact::Began { set, input } => match after.first() {
                    Some(Fact::Ended { output, .. }) => {
                        // Nothing of note: where it went is enough, if it went anywhere.
                        if output != input {
                            self.say(0, &[set.as_bytes(), b": ", &tidy(input), b"  ->  ", &tidy(output)]);
                        }
                        rest = after.get(1..).unwrap_or_default();
                    }
                    _ => self.say(0, &[set.as_bytes(), b": ", &tidy(input)]),
                },
                Fact::Ended { output, .. } => {
                    if last != Some(output.as_slice()) {
                        self.say(1, &[b"=> ", &tidy(output)]);
                    }
                }
                Fact::LookUp { map, value: None, temporary, at, .. } => {
                    let same = |f: &&Fact| matches!(f, Fact::LookUp { map: m, value: None, temporary: t, .. } if m == map && t == temporary);
                    let run = after.iter().take_while(same).count();
                    let (missed, more) = after.split_at(run);
                    rest = more;
                    let keys: Vec<&[u8]> = std::iter::once(fact).chain(missed).filter_map(key).collect();
                    self.missed(map, &keys, *temporary, *at);
                }
                Fact::LookUp { map, key, value: Some(value), temporary, at } => {
                    let how: &[u8] = if *temporary { b" (temporary failure)" } else { b"" };
                    self.say(1, &[b"map ", map.as_bytes(), b" has ", key, b": ", value, how]);
                    self.asked(map, *at);
                }
                Fact::Class { class, phrase, at } => self.class(class, phrase, *at),
                Fact::Decision { set, at, rule, result } => {
                    let written = self.line(at.line).filter(|l| l.first() == Some(&b'R'));
                    let rule = written.map_or_else(|| tidy(rule), one_line);
                    self.say(1, &[b"rule in ", set.as_bytes(), b": ", &rule]);
                    self.say(2, &[b"at ", self.where_is(*at).as_bytes()]);
                    self.say(2, &[b"gives ", &tidy(result)]);
                    last = Some(result);
                }
                Fact::Notice(text) => self.say(1, &[b"complaint: ", text]),
            }
        }
    }

    fn say(&self, depth: usize, parts: &[&[u8]]) {
        let mut line = vec![b' '; depth * 2];
        for part in parts {
            line.extend(plain(part));
        }
        self.out.line(&line);
    }

    fn missed(&self, map: &str, keys: &[&[u8]], temporary: bool, at: At) {
        let mut text = keys.iter().take(MAX_KEYS).copied().collect::<Vec<_>>().join(&b", "[..]);
        if keys.len() > MAX_KEYS {
            text.extend(format!(" and {} more", keys.len() - MAX_KEYS).bytes());
        }
        let how: &[u8] = if temporary { b" cannot answer now for " } else { b" has nothing for " };
        self.say(1, &[b"map ", map.as_bytes(), how, &text]);
        self.asked(map, at);
    }

    /// Which rule asked, and what the map is.
    fn asked(&self, map: &str, at: At) {
        self.say(2, &[b"asked at ", self.where_is(at).as_bytes()]);
        if !self.told.borrow_mut().insert(map.to_string()) {
            return;
        }
        if let Some(def) = self.config.map(map).filter(|def| def.line > 0) {
            self.say(2, &[b"map is ", &definition(def), b" at ", self.place(def.line).as_bytes()]);
        }
    }

    fn class(&self, class: &str, phrase: &[u8], at: At) {
        self.say(1, &[b"class ", class.as_bytes(), b" has ", phrase]);
        self.say(2, &[b"asked at ", self.where_is(at).as_bytes()]);
        for source in self.class_sources(class, phrase) {
            self.say(2, &[b"filled at ", source.as_bytes()]);
        }
    }

    /// The lines that put `phrase` into `class`: those that have the word, else those that read it from somewhere.
    fn class_sources(&self, class: &str, phrase: &[u8]) -> Vec<String> {
        let mut files = Vec::new();
        for number in self.config.origins.class_lines(class).take(1000) {
            let Some(text) = self.line(number) else { continue };
            if text.first() == Some(&b'C') {
                let words = text.split(|b| b.is_ascii_whitespace() || *b == b'}');
                let first = text.get(2..).unwrap_or_default();
                let mut all = words.chain(first.split(u8::is_ascii_whitespace).take(1));
                if all.any(|w| w.eq_ignore_ascii_case(phrase)) {
                    return vec![self.place(number)];
                }
            }
            if text.first() == Some(&b'F') || text.contains(&b'$') {
                files.push(format!("{} ({})", self.place(number), printable(text)));
            }
        }
        files.truncate(4);
        files
    }

    fn line(&self, number: u32) -> Option<&[u8]> {
        let lines = self.lines.get_or_init(|| {
            let text = read(Path::new(&self.config.file)).unwrap_or_default();
            text.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l).to_vec()).collect()
        });
        lines.get(usize::try_from(number).ok()?.checked_sub(1)?).map(Vec::as_slice)
    }

    /// A rule's place, and that of the rule that it works for.
    fn where_is(&self, at: At) -> String {
        match at.caller {
            Some(caller) => format!("{}, for {}", self.place(at.line), self.place(caller)),
            None => self.place(at.line),
        }
    }

    /// `sendmail.cf:812, FEATURE(access_db), sendmail.mc:14`.
    pub(super) fn place(&self, line: u32) -> String {
        let here = format!("{}:{line}", self.config.file);
        let Some(mark) = self.config.origins.of(line) else { return here };
        match mark.split_once(' ') {
            Some((word, place)) => format!("{here}, {word}, {place}"),
            None => match self.define(mark) {
                Some(place) => format!("{here}, {mark}, {place}"),
                None => format!("{here}, {mark}"),
            },
        }
    }

    /// Where the `.mc` file defines `word`, when it is there to be read.
    fn define(&self, word: &str) -> Option<String> {
        let mc = self.config.origins.mc_file()?;
        let beside = Path::new(&self.config.file).parent().map(|p| p.join(mc));
        let text = [Some(PathBuf::from(mc)), beside].into_iter().flatten().find_map(|p| read(&p))?;
        let wanted = format!("define(`{word}'");
        let at = text.split(|b| *b == b'\n').position(|l| l.windows(wanted.len()).any(|w| w == wanted.as_bytes()))?;
        Some(format!("{mc}:{}", at + 1))
    }
}

/// Tokens as a trace shows them, closer together: dots join words.
fn tidy(tokens: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(tokens.len());
    let mut dot = false;
    for word in tokens.trim_ascii().split(|b| *b == b' ') {
        let joins = word == b"." || dot && word.first().is_some_and(u8::is_ascii_alphanumeric);
        if !out.is_empty() && !joins {
            out.push(b' ');
        }
        out.extend_from_slice(word);
        dot = word == b".";
    }
    out
}

/// A line of the configuration, tabs as two blanks.
fn one_line(line: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = line.split(|b| *b == b'\t').filter(|p| !p.is_empty()).collect();
    parts.join(&b"  "[..])
}

fn key(fact: &Fact) -> Option<&[u8]> {
    match fact {
        Fact::LookUp { key, .. } => Some(key),
        _ => None,
    }
}

fn definition(def: &MapDef) -> Vec<u8> {
    [def.class.as_bytes(), b" ", def.args.trim_ascii()].concat()
}

/// A plain file's text, at most [`MAX_FILE`] of it.
fn read(path: &Path) -> Option<Vec<u8>> {
    let file = std::fs::File::open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut text).ok()?;
    Some(text)
}
