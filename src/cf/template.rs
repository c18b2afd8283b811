//! Text with `$` in it: from a line of `sendmail.cf` to [`Sym`]s, and templates that macros fill in.
//!
//! A `$` escape becomes an [`Op`], never an octet: text that arrives from the network can therefore not forge an
//! operator, whatever octets it holds (sendmail operations guide 5.1, 5.2).

use super::macros::{MacroName, Macros};
use super::problem::printable;

/// A `$` operator of the configuration language.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Op {
    /// `$*`
    AnyNumber,
    /// `$+`
    OneOrMore,
    /// `$-`
    One,
    /// `$=x`
    Class(MacroName),
    /// `$~x`
    NotClass(MacroName),
    /// `$0` to `$9`
    Arg(u8),
    /// `$#`
    Mailer,
    /// `$@`
    Host,
    /// `$:`
    User,
    /// `$>`
    Call,
    /// `$?x`
    If(MacroName),
    /// `$|`
    Else,
    /// `$.`
    Fi,
    /// `$[`
    HostBegin,
    /// `$]`
    HostEnd,
    /// `$(`
    MapBegin,
    /// `$)`
    MapEnd,
    /// `$x`, filled in when the template is expanded
    Macro(MacroName),
    /// `$&x`, filled in at the last moment and not expanded further
    Late(MacroName),
}

impl Op {
    /// Appends the operator as it is written in a configuration.
    pub fn write(&self, out: &mut Vec<u8>) {
        let (prefix, name): (&[u8], Option<&MacroName>) = match self {
            Op::AnyNumber => (b"$*", None),
            Op::OneOrMore => (b"$+", None),
            Op::One => (b"$-", None),
            Op::Class(n) => (b"$=", Some(n)),
            Op::NotClass(n) => (b"$~", Some(n)),
            Op::Arg(d) => {
                out.extend([b'$', b'0' + d % 10]);
                return;
            }
            Op::Mailer => (b"$#", None),
            Op::Host => (b"$@", None),
            Op::User => (b"$:", None),
            Op::Call => (b"$>", None),
            Op::If(n) => (b"$?", Some(n)),
            Op::Else => (b"$|", None),
            Op::Fi => (b"$.", None),
            Op::HostBegin => (b"$[", None),
            Op::HostEnd => (b"$]", None),
            Op::MapBegin => (b"$(", None),
            Op::MapEnd => (b"$)", None),
            Op::Macro(n) => (b"$", Some(n)),
            Op::Late(n) => (b"$&", Some(n)),
        };
        out.extend_from_slice(prefix);
        if let Some(n) = name {
            out.extend_from_slice(n.braced().as_bytes());
        }
    }
}

/// One element of configuration text: an octet that stands for itself, or an operator.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Sym {
    /// An ordinary octet.
    Byte(u8),
    /// A `$` operator.
    Op(Op),
}

/// Turns the `$` escapes of `text` into operators. Every fault is handed to `complain`.
///
/// `comments` says whether a `#` ends the text (configuration version 3 and later; not after `$` or `\`).
pub fn translate(text: &[u8], comments: bool, complain: &mut dyn FnMut(String)) -> Vec<Sym> {
    let mut out: Vec<Sym> = Vec::with_capacity(text.len());
    let mut i = 0;
    while let Some(&c) = text.get(i) {
        i += 1;
        match c {
            b'#' if comments && !out.is_empty() => {
                if out.last() == Some(&Sym::Byte(b'\\')) {
                    out.pop();
                    out.push(Sym::Byte(b'#'));
                } else {
                    break;
                }
            }
            b'$' => match escape(text, &mut i, complain) {
                Some(sym) => out.push(sym),
                None => continue,
            },
            _ => out.push(Sym::Byte(c)),
        }
    }
    while out.len() > 1 && matches!(out.last(), Some(Sym::Byte(b)) if b.is_ascii_whitespace() || *b == 0x0b) {
        out.pop();
    }
    out
}

/// Reads what follows a `$` at `*i`.
fn escape(text: &[u8], i: &mut usize, complain: &mut dyn FnMut(String)) -> Option<Sym> {
    let Some(&c) = text.get(*i) else { return Some(Sym::Byte(b'$')) };
    *i += 1;
    let mut name = |i: &mut usize| read_name(text, i, complain);
    let op = match c {
        b'$' => return Some(Sym::Byte(b'$')),
        b'*' => Op::AnyNumber,
        b'+' => Op::OneOrMore,
        b'-' => Op::One,
        b'=' => Op::Class(name(i)?),
        b'~' => Op::NotClass(name(i)?),
        b'#' => Op::Mailer,
        b'@' => Op::Host,
        b':' => Op::User,
        b'>' => Op::Call,
        b'?' => Op::If(name(i)?),
        b'|' => Op::Else,
        b'.' => Op::Fi,
        b'[' => Op::HostBegin,
        b']' => Op::HostEnd,
        b'(' => Op::MapBegin,
        b')' => Op::MapEnd,
        b'&' => Op::Late(name(i)?),
        b'0'..=b'9' => Op::Arg(c - b'0'),
        _ => {
            *i -= 1;
            Op::Macro(name(i)?)
        }
    };
    Some(Sym::Op(op))
}

/// The longest `{name}` that a macro or class may have.
pub const MAX_NAME: usize = 25;

/// Reads a macro or class name, `x` or `{name}`, at `*i`; `None` (after a complaint) when there is none.
pub fn read_name(text: &[u8], i: &mut usize, complain: &mut dyn FnMut(String)) -> Option<MacroName> {
    let required = "Name required for macro/class";
    match text.get(*i) {
        None => {
            complain(required.into());
            None
        }
        Some(b'{') => {
            let mut end = *i + 1;
            let mut bare = String::new();
            while let Some(&b) = text.get(end).filter(|b| **b != b'}') {
                if b.is_ascii_alphanumeric() || b == b'_' {
                    bare.push(char::from(b));
                } else {
                    complain(format!("Invalid macro/class character {}", char::from(b)));
                }
                end += 1;
            }
            let closed = text.get(end) == Some(&b'}');
            *i = if closed { end + 1 } else { end };
            if bare.is_empty() && closed {
                complain(required.into());
                return None;
            }
            let unassigned = "Unable to assign macro/class ID (mid = 0xffffffff)";
            if !closed {
                complain(format!("Unbalanced {{ on {bare}"));
                complain(unassigned.into());
                return None;
            }
            if bare.len() > MAX_NAME {
                bare.truncate(MAX_NAME);
                complain(format!("Macro/class name ({{{bare}}}) too long ({MAX_NAME} chars max)"));
                complain(unassigned.into());
                return None;
            }
            Some(MacroName::new(&bare))
        }
        Some(&b) => {
            *i += 1;
            let mut utf8 = [0; 4];
            Some(MacroName::new(char::from(b).encode_utf8(&mut utf8)))
        }
    }
}

/// How deep macros within macros are followed.
pub const MAX_DEPTH: usize = 50;
/// The elements that an expansion may look at: macros that name themselves twice would else take for ever.
const MAX_STEPS: usize = 1 << 20;
/// The longest text that an expansion may give.
const MAX_EXPANSION: usize = 256 * 1024;

/// Text with macros to fill in: a header's format, an argument of a mailer, the SMTP greeting.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Template {
    syms: Vec<Sym>,
}

impl Template {
    /// Compiles `text`; faulty escapes are left out. For text of the program itself and of queue files.
    pub fn parse(text: &[u8]) -> Template {
        Template { syms: translate(text, false, &mut |_| ()) }
    }

    /// A template of elements that are translated already.
    pub fn from_syms(syms: Vec<Sym>) -> Template {
        Template { syms }
    }

    /// The elements.
    pub fn syms(&self) -> &[Sym] {
        &self.syms
    }

    /// The text as it stands in a configuration.
    pub fn source(&self) -> Vec<u8> {
        source(&self.syms)
    }

    /// Whether the template names the macro `name` (as `$u` is looked for in a mailer's arguments).
    pub fn mentions(&self, name: &str) -> bool {
        let wanted = MacroName::new(name);
        self.syms.iter().any(|s| matches!(s, Sym::Op(Op::Macro(n) | Op::Late(n)) if *n == wanted))
    }

    /// Fills in the macros. Operators that are none of a template's stay as they are written.
    pub fn expand(&self, macros: &Macros) -> Vec<u8> {
        let mut syms = Vec::new();
        expand_into(&self.syms, macros, true, 0, &mut { MAX_STEPS }, &mut syms);
        source(&syms)
    }

    /// Fills in the macros of read time: `$x` and `$?x`; `$&x` and the operators of rules stay.
    pub fn expand_early(&self, macros: &Macros) -> Vec<Sym> {
        let mut syms = Vec::new();
        expand_into(&self.syms, macros, false, 0, &mut { MAX_STEPS }, &mut syms);
        syms
    }
}

/// `syms` as they are written in a configuration.
pub fn source(syms: &[Sym]) -> Vec<u8> {
    let mut out = Vec::with_capacity(syms.len());
    for sym in syms {
        match sym {
            Sym::Byte(b) => out.push(*b),
            Sym::Op(op) => op.write(&mut out),
        }
    }
    out
}

/// Expands `syms` into `out`; `late` says whether `$&x` is filled in too.
fn expand_into(syms: &[Sym], macros: &Macros, late: bool, depth: usize, steps: &mut usize, out: &mut Vec<Sym>) {
    // One entry for each open `$?x`: whether its present branch counts.
    let mut open: Vec<bool> = Vec::new();
    for sym in syms {
        *steps = steps.saturating_sub(1);
        if out.len() > MAX_EXPANSION || *steps == 0 {
            return;
        }
        let live = open.iter().all(|b| *b);
        match sym {
            Sym::Op(Op::If(name)) => {
                let set = macros.find(name).is_some_and(|v| !v.is_empty());
                open.push(set);
            }
            Sym::Op(Op::Else) if !open.is_empty() => {
                if let Some(last) = open.last_mut() {
                    *last = !*last;
                }
            }
            Sym::Op(Op::Fi) if !open.is_empty() => {
                open.pop();
            }
            _ if !live => {}
            Sym::Op(Op::Macro(name)) => {
                if depth < MAX_DEPTH {
                    match macros.template(name) {
                        Some(t) => expand_into(&t.syms, macros, late, depth + 1, steps, out),
                        None => out.extend(macros.find(name).unwrap_or_default().iter().map(|b| Sym::Byte(*b))),
                    }
                }
            }
            Sym::Op(Op::Late(name)) if late => {
                out.extend(macros.find(name).unwrap_or_default().iter().map(|b| Sym::Byte(*b)));
            }
            other => out.push(other.clone()),
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str, m: &Macros) -> String {
        String::from_utf8(Template::parse(text.as_bytes()).expand(m)).unwrap()
    }

    #[test]
    fn conditions_and_nesting() {
        let mut m = Macros::new();
        m.set("x", "Name");
        m.define("j", Template::parse(b"host.$m"));
        m.set("m", "dom");
        assert_eq!(expand("$?x$x <$g>$|$g$.", &m), "Name <>");
        assert_eq!(expand("$?y$x <$g>$|none$.", &m), "none");
        assert_eq!(expand("[$j] $$x ${j}", &m), "[host.dom] $x host.dom");
        assert_eq!(expand("$?y a $?x b $. c $| d $.", &m), " d ");
        m.set("evil", "$j");
        assert_eq!(expand("${evil}", &m), "$j");
    }

    #[test]
    fn a_macro_of_itself_ends() {
        let mut m = Macros::new();
        m.define("A", Template::parse(b"x$A$A"));
        assert!(expand("$A", &m).len() <= 2 * MAX_EXPANSION);
    }

    #[test]
    fn comments() {
        let t = |s: &str| source(&translate(s.as_bytes(), true, &mut |_| ()));
        assert_eq!(t("DBtest # comment"), b"DBtest");
        assert_eq!(t("DCtest \\# kept"), b"DCtest # kept");
        assert_eq!(t("DDtest $# kept"), b"DDtest $# kept");
    }
}
