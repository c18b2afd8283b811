//! The builtins: one table, one function each.
mod define;
mod files;
mod misc;
mod text;

use super::Stop;
use super::engine::{Arg, M4};
use super::symbol::{Action, Builtin, Definition};

/// One call: the name it was made by and its arguments.
pub(super) struct Call<'c> {
    pub name: &'c [u8],
    pub args: &'c [Arg],
}

impl<'c> Call<'c> {
    /// Argument `n`, the name being 0; empty if absent or a builtin.
    pub fn text(&self, n: usize) -> &'c [u8] {
        match n.checked_sub(1) {
            None => self.name,
            Some(i) => match self.args.get(i) {
                Some(Arg::Text(text)) => text,
                _ => b"",
            },
        }
    }

    /// The builtin that argument `n` is, if it is one.
    pub fn builtin(&self, n: usize) -> Option<&'static Builtin> {
        match n.checked_sub(1).and_then(|i| self.args.get(i)) {
            Some(Arg::Macro(b)) => Some(b),
            _ => None,
        }
    }

    /// How many there are, with the name.
    pub fn count(&self) -> usize {
        self.args.len() + 1
    }

    /// Appends the arguments from `first` on.
    pub fn join(&self, first: usize, separator: &[u8], quotes: Option<(&[u8], &[u8])>, out: &mut Vec<u8>) {
        for n in first..self.count() {
            if n > first {
                out.extend_from_slice(separator);
            }
            let (left, right) = quotes.unwrap_or_default();
            out.extend_from_slice(left);
            out.extend_from_slice(self.text(n));
            out.extend_from_slice(right);
        }
    }
}

const fn row(name: &'static str, flags: &str, action: Action) -> Builtin {
    let (mut gnu, mut macros, mut blind) = (false, false, false);
    let flags = flags.as_bytes();
    let mut i = 0;
    while i < flags.len() {
        match flags[i] {
            b'g' => gnu = true,
            b'm' => macros = true,
            _ => blind = true,
        }
        i += 1;
    }
    Builtin { name, gnu, macros, blind, action }
}

use Action::Function as F;

/// `g`: an extension of GNU; `m`: takes builtins as arguments; `b`: needs a parenthesis to be recognised.
pub(super) static TABLE: &[Builtin] = &[
    row("__file__", "g", F(misc::file)),
    row("__line__", "g", F(misc::line)),
    row("__program__", "g", F(misc::program)),
    row("builtin", "gmb", Action::Builtin),
    row("changecom", "", F(misc::changecom)),
    row("changequote", "", F(misc::changequote)),
    row("debugfile", "g", F(misc::debugfile)),
    row("debugmode", "g", F(misc::debugmode)),
    row("decr", "b", F(text::decr)),
    row("define", "mb", F(define::define)),
    row("defn", "b", F(define::defn)),
    row("divert", "", F(files::divert)),
    row("divnum", "", F(files::divnum)),
    row("dnl", "", F(misc::dnl)),
    row("dumpdef", "", F(define::dumpdef)),
    row("errprint", "b", F(misc::errprint)),
    row("esyscmd", "gb", F(files::esyscmd)),
    row("eval", "b", F(text::eval)),
    row("format", "gb", F(text::format)),
    row("ifdef", "b", F(define::ifdef)),
    row("ifelse", "b", F(define::ifelse)),
    row("include", "b", F(files::include)),
    row("incr", "b", F(text::incr)),
    row("index", "b", F(text::index)),
    row("indir", "gmb", Action::Indir),
    row("len", "b", F(text::len)),
    row("m4exit", "", F(misc::m4exit)),
    row("m4wrap", "b", F(misc::m4wrap)),
    row("maketemp", "b", F(files::maketemp)),
    row("mkstemp", "b", F(files::mkstemp)),
    row("patsubst", "gb", F(text::patsubst)),
    row("popdef", "b", F(define::popdef)),
    row("pushdef", "mb", F(define::pushdef)),
    row("regexp", "gb", F(text::regexp)),
    row("shift", "b", F(misc::shift)),
    row("sinclude", "b", F(files::sinclude)),
    row("substr", "b", F(text::substr)),
    row("syscmd", "b", F(files::syscmd)),
    row("sysval", "", F(files::sysval)),
    row("traceoff", "", F(define::traceoff)),
    row("traceon", "", F(define::traceon)),
    row("translit", "b", F(text::translit)),
    row("undefine", "b", F(define::undefine)),
    row("undivert", "", F(files::undivert)),
];

impl M4<'_> {
    /// Warns of too few or too many arguments, unless `-Q` was given; whether there are enough. A `max` of 0 is any number.
    pub(super) fn enough(&mut self, call: &Call, min: usize, max: usize) -> Result<bool, Stop> {
        let few = call.count() < min;
        if self.options.quiet {
            return Ok(!few);
        }
        if few {
            self.warn(&[b"too few arguments to builtin `", call.name, b"'"])?;
        } else if max > 0 && call.count() > max {
            self.warn(&[b"excess arguments to builtin `", call.name, b"' ignored"])?;
        }
        Ok(!few)
    }

    /// `indir`: what its first argument names.
    pub(super) fn indirect(&mut self, call: &Call) -> Result<Option<Definition>, Stop> {
        if !self.named(call)? {
            return Ok(None);
        }
        let found = self.symbols.get(call.text(1)).map(|(_, d)| d.clone());
        if found.is_none() {
            self.error(&[b"undefined macro `", call.text(1), b"'"])?;
        }
        Ok(found)
    }

    /// `builtin`: the builtin that its first argument names.
    pub(super) fn direct(&mut self, call: &Call) -> Result<Option<Definition>, Stop> {
        if !self.named(call)? {
            return Ok(None);
        }
        let name = call.text(1);
        let found = self.find_builtin(name).map(Definition::Builtin);
        if found.is_none() {
            self.error(&[b"undefined builtin `", name, b"'"])?;
        }
        Ok(found)
    }

    fn find_builtin(&self, name: &[u8]) -> Option<&'static Builtin> {
        let found = TABLE.binary_search_by(|b| b.name.as_bytes().cmp(name)).ok();
        found.and_then(|i| TABLE.get(i))
    }

    fn named(&mut self, call: &Call) -> Result<bool, Stop> {
        if !self.enough(call, 2, 0)? {
            return Ok(false);
        }
        if call.builtin(1).is_some() {
            self.warn(&[call.name, b": invalid macro name ignored"])?;
            return Ok(false);
        }
        Ok(true)
    }
}
