//! Regular expressions as `regexp` and `patsubst` have them: the syntax of Emacs, the leftmost longest match.
//!
//! `\( \) \|` group and choose, `* + ?` repeat, `\1`-`\9` refer back, `\w \W \s \S \b \B \< \> \` \'` are as in GNU
//! programs; intervals and `[:class:]` are not part of this syntax. A pattern without references is matched in time
//! proportional to pattern times text; one with them stops after a bounded number of steps.
//!
//! Known differences: which empty part a repeated group that can match nothing remembers.
mod parse;
mod run;

use std::collections::HashMap;
use std::rc::Rc;

/// Steps of one search, with back references.
const STEPS: u64 = 2_000_000;
/// Bits of one search's memory, without.
const MEMORY: usize = 1 << 28;
/// Ways not yet tried that one search may remember.
const PENDING: usize = 8 << 20;

/// What a place in the text must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Assert {
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    WordStart,
    WordEnd,
    Boundary,
    NoBoundary,
}

/// A set of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Set([u64; 4]);

impl Set {
    const EMPTY: Self = Self([0; 4]);

    fn add(&mut self, c: u8) {
        if let Some(word) = self.0.get_mut(usize::from(c >> 6)) {
            *word |= 1 << (c & 63);
        }
    }

    fn has(&self, c: u8) -> bool {
        self.0.get(usize::from(c >> 6)).is_some_and(|w| w >> (c & 63) & 1 == 1)
    }

    fn of(test: impl Fn(u8) -> bool) -> Self {
        let mut set = Self::EMPTY;
        (0..=255).filter(|c| test(*c)).for_each(|c| set.add(c));
        set
    }

    fn invert(&mut self) {
        for word in &mut self.0 {
            *word = !*word;
        }
    }
}

fn is_word(c: u8) -> bool {
    c == b'_' || c.is_ascii_alphanumeric()
}

/// One instruction of a compiled pattern.
#[derive(Clone, Debug)]
enum Inst {
    Byte(u8),
    Set(Box<Set>),
    /// Goes on at the first place, and at the second if that fails.
    Split(usize, usize),
    Jump(usize),
    /// Remembers the position in a slot.
    Save(usize),
    /// Goes on only if the position moved since the slot was set.
    Moved(usize),
    Assert(Assert),
    Back(usize),
    Match,
}

/// A compiled pattern.
#[derive(Debug)]
pub struct Regex {
    program: Vec<Inst>,
    groups: usize,
    slots: usize,
    backs: bool,
}

/// Where the whole match and each group begin and end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Match {
    slots: Vec<usize>,
}

impl Match {
    /// The part that group `n` matched; group 0 is the whole.
    pub fn get(&self, n: usize) -> Option<(usize, usize)> {
        match (self.slots.get(2 * n), self.slots.get(2 * n + 1)) {
            (Some(&a), Some(&b)) if a <= b && b != usize::MAX => Some((a, b)),
            _ => None,
        }
    }
}

/// A search took more steps or memory than it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooComplex;

impl Regex {
    /// Compiles a pattern; the error is the text for the message.
    pub fn new(pattern: &[u8]) -> Result<Self, &'static str> {
        parse::compile(pattern)
    }

    /// How many groups the pattern has.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The leftmost longest match that begins at `from` or later.
    pub fn search(&self, text: &[u8], from: usize) -> Result<Option<Match>, TooComplex> {
        self.searcher(text)?.find(from)
    }

    /// A search over one text that keeps its memory between matches.
    pub fn searcher<'a>(&'a self, text: &'a [u8]) -> Result<run::Searcher<'a>, TooComplex> {
        run::Searcher::new(self, text)
    }
}

/// The patterns that were compiled last.
#[derive(Default)]
pub(super) struct Cache(HashMap<Vec<u8>, Rc<Regex>>);

impl Cache {
    pub fn get(&mut self, pattern: &[u8]) -> Result<Rc<Regex>, &'static str> {
        if let Some(found) = self.0.get(pattern) {
            return Ok(found.clone());
        }
        let regex = Rc::new(Regex::new(pattern)?);
        if self.0.len() >= 64 {
            self.0.clear();
        }
        self.0.insert(pattern.to_vec(), regex.clone());
        Ok(regex)
    }
}

#[cfg(test)]
mod tests {
    use super::Regex;

    fn find(pattern: &str, text: &str) -> Option<(usize, usize)> {
        Regex::new(pattern.as_bytes()).ok()?.search(text.as_bytes(), 0).ok()??.get(0)
    }

    #[test]
    fn longest_of_the_leftmost() {
        assert_eq!(find(r"a\|ab\|abc", "xabcd"), Some((1, 4)));
        assert_eq!(find(r"\(a\|ab\)\(c\|bcd\)", "abcd"), Some((0, 4)));
        assert_eq!(find("a+?", "b"), Some((0, 0)));
    }

    #[test]
    fn what_is_literal() {
        assert_eq!(find("*a", "x*a"), Some((1, 3)));
        assert_eq!(find("a^b$c", "a^b$c"), Some((0, 5)));
        assert_eq!(find(r"a\{2\}", "a{2}"), Some((0, 4)));
        assert_eq!(find("^*", "*"), Some((0, 1)));
    }

    #[test]
    fn errors() {
        for (pattern, text) in [
            (r"\(", r"Unmatched ( or \("),
            (r"\)", r"Unmatched ) or \)"),
            ("[", "Invalid regular expression"),
            ("[a", "Unmatched [, [^, [:, [., or [="),
            ("[a-c-e]", "Invalid range end"),
            (r"\1", "Invalid back reference"),
            ("a\\", "Trailing backslash"),
        ] {
            assert_eq!(Regex::new(pattern.as_bytes()).err(), Some(text), "{pattern}");
        }
    }

    #[test]
    fn hard_patterns_end() {
        let text = vec![b'a'; 5000];
        let nested = Regex::new(br"\(\(a*\)*\)*b").unwrap();
        assert_eq!(nested.search(&text, 0), Ok(None));
        let back = Regex::new(br"\(a*\)*\1\(a*\)*\2b").unwrap();
        assert!(back.search(&text, 0).is_err());
    }
}
