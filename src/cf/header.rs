//! Header definitions: `H` lines (sendmail operations guide 5.5).

use super::macros::MacroName;
use super::problem::{Fault, printable};
use super::template::{Op, Sym, Template, read_name, source, translate, written};

/// When a header of an `H` line is added.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Condition {
    /// Always, unless the message has it.
    Always,
    /// When the mailer has one of these flags (`H?PDx?`).
    Flags(Vec<u8>),
    /// When the macro has a value (`H?${name}?`).
    Macro(MacroName),
}

/// The check that an `H` line asks for: `$>set`, or `$>+set` to keep comments.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeaderCheck {
    /// The rule set's name.
    pub ruleset: String,
    /// Whether comments are left in the value.
    pub keep_comments: bool,
}

/// One `H` line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HeaderDef {
    /// The field's name; `*` for every field that no other line names.
    pub name: Vec<u8>,
    /// When it is added.
    pub condition: Condition,
    /// The value; `None` for a line that only names a check.
    pub template: Option<Template>,
    /// The rule set that checks incoming fields of this name.
    pub check: Option<HeaderCheck>,
    /// The line.
    pub line: u32,
}

impl HeaderDef {
    /// Reads an `H` line's elements (without the `H`).
    pub(super) fn from_syms(syms: &[Sym], line: u32, faults: &mut Vec<Fault>) -> Option<HeaderDef> {
        HeaderDef::parse(&written(syms), line, faults)
    }

    /// Reads an `H` line's text (without the `H`), as it stands in a configuration or a queue file.
    pub fn parse(text: &[u8], line: u32, faults: &mut Vec<Fault>) -> Option<HeaderDef> {
        let bad = |faults: &mut Vec<Fault>, text: &[u8]| {
            faults.push(Fault::error(format!("header syntax error, line \"{}\"", printable(text))));
            None
        };
        let mut condition = Condition::Always;
        let mut rest = text;
        if let Some(tail) = text.strip_prefix(b"?") {
            let Some(end) = tail.iter().position(|b| *b == b'?') else { return bad(faults, text) };
            let inside = tail.get(..end).unwrap_or_default();
            rest = tail.get(end + 1..).unwrap_or_default();
            if let Some(name) = inside.strip_prefix(b"$") {
                let mut at = 0;
                let complain = &mut |t: String| faults.push(Fault::error(t));
                if let Some(name) = read_name(name, &mut at, complain) {
                    condition = Condition::Macro(name);
                }
            } else if !inside.is_empty() {
                condition = Condition::Flags(inside.to_vec());
            }
        }
        let Some(colon) = rest.iter().position(|b| *b == b':') else { return bad(faults, text) };
        let name = rest.get(..colon).unwrap_or_default().trim_ascii_end();
        let value = rest.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        if name.is_empty() || name.iter().any(|b| b.is_ascii_whitespace() || *b < b' ' || *b >= 127) {
            return bad(faults, text);
        }
        let syms = translate(value, false, &mut |t| faults.push(Fault::error(t)));
        let start = syms.iter().position(|s| *s != Sym::Byte(b' ') && *s != Sym::Byte(b'\t'));
        let mut def = HeaderDef { name: name.to_vec(), condition, template: None, check: None, line };
        match start.and_then(|at| syms.get(at..)) {
            Some([Sym::Op(Op::Call), set @ ..]) => {
                let set = source(set);
                let set = set.trim_ascii();
                let (keep_comments, set) = match set.strip_prefix(b"+") {
                    Some(bare) => (true, bare.trim_ascii_start()),
                    None => (false, set),
                };
                def.check = Some(HeaderCheck { ruleset: printable(set), keep_comments });
            }
            _ => def.template = Some(Template::from_syms(syms)),
        }
        Some(def)
    }
}
