//! `R` lines: from text to a compiled [`Rule`].

use super::class::Classes;
use super::macros::{MacroName, Macros};
use super::problem::{Fault, printable};
use super::ruleset::{After, Part, Pattern, Rule};
use super::template::{Op, Sym, Template, shown};
use crate::rewrite::prescan::CharTable;
use crate::rewrite::token::{Mark, Pool, Token};

/// The most `$*`-like operators that one left-hand side may have.
const MAX_WILDCARDS: usize = 9;

/// What compiling a rule needs.
pub(super) struct Compiler<'a> {
    pub macros: &'a Macros,
    pub classes: &'a mut Classes,
    pub pool: &'a mut Pool,
    pub chars: &'a CharTable,
    pub faults: &'a mut Vec<Fault>,
}

/// A token of a rule: words are text, operators keep their names.
enum RuleToken {
    Word(Vec<u8>),
    Op(Op),
}

impl Compiler<'_> {
    /// Compiles an `R` line's elements (without the `R`).
    pub(super) fn compile(&mut self, line_syms: &[Sym], line: u32) -> Option<Rule> {
        let line_syms = &tabs_apart(line_syms);
        let is_tab = |s: &Sym| *s == Sym::Byte(b'\t');
        let Some(tab) = line_syms.iter().position(is_tab) else {
            let shown = shown(line_syms);
            self.faults.push(Fault::error(format!("invalid rewrite line \"R{shown}\" (tab expected)")));
            return None;
        };
        let (left, right) = line_syms.split_at(tab);
        let tabs = right.iter().take_while(|s| is_tab(s)).count();
        let right = right.get(tabs..).unwrap_or_default();
        let right = match right.iter().position(is_tab) {
            Some(end) => right.get(..end).unwrap_or_default(),
            None => right,
        };
        let left = self.tokens(left);
        if left.is_empty() {
            self.faults.push(Fault::error("R line: null LHS"));
        }
        let right = self.tokens(right);
        if right.is_empty() {
            self.faults.push(Fault::error("R line: null RHS"));
        }
        let mut rule = Rule {
            lhs: Vec::with_capacity(left.len()),
            rhs: Vec::with_capacity(right.len()),
            after: After::Again,
            shown: [show(&left), show(&right)],
            line,
            least: 0,
            needs: 0,
        };
        let wildcards = self.left(&left, &mut rule);
        if wildcards > MAX_WILDCARDS {
            self.faults.push(Fault::error("R line: too many wildcards"));
            rule.lhs.clear();
            rule.least = 0;
            rule.needs = 0;
            rule.shown[0].clear();
        }
        self.right(&right, wildcards, &mut rule);
        Some(rule)
    }

    /// Expands the macros of one side and cuts it into tokens.
    fn tokens(&self, side: &[Sym]) -> Vec<RuleToken> {
        let syms = Template::from_syms(side.to_vec()).expand_early(self.macros);
        let mut out: Vec<RuleToken> = Vec::new();
        let mut text: Vec<u8> = Vec::new();
        for sym in syms {
            match sym {
                Sym::Byte(b) => text.push(b),
                Sym::Op(op) => {
                    self.cut(&mut text, &mut out);
                    out.push(RuleToken::Op(op));
                }
            }
        }
        self.cut(&mut text, &mut out);
        out
    }

    fn cut(&self, text: &mut Vec<u8>, out: &mut Vec<RuleToken>) {
        if !text.is_empty() {
            let words = crate::rewrite::prescan::rule_words(text, self.chars);
            out.extend(words.into_iter().map(RuleToken::Word));
            text.clear();
        }
    }

    fn left(&mut self, tokens: &[RuleToken], rule: &mut Rule) -> usize {
        let mut wildcards = 0;
        for t in tokens {
            let pattern = match t {
                RuleToken::Word(w) => Pattern::Word(self.pool.add_shared(w)),
                RuleToken::Op(Op::AnyNumber) => Pattern::AnyNumber,
                RuleToken::Op(Op::OneOrMore) => Pattern::OneOrMore,
                RuleToken::Op(Op::One) => Pattern::One,
                RuleToken::Op(Op::Class(n)) => Pattern::Class(self.classes.id(n)),
                RuleToken::Op(Op::NotClass(n)) => Pattern::NotClass(self.classes.id(n)),
                RuleToken::Op(Op::Host) => Pattern::Nothing,
                RuleToken::Op(Op::Late(n)) => Pattern::Late(n.clone()),
                RuleToken::Op(Op::Macro(_) | Op::If(_)) => continue,
                RuleToken::Op(op) => {
                    let misplaced = match op {
                        Op::Arg(_) => Some("$1-$9".to_string()),
                        Op::User | Op::Fi | Op::Call | Op::HostBegin | Op::HostEnd | Op::MapBegin | Op::MapEnd => {
                            Mark::plain(op).map(Mark::text)
                        }
                        _ => None,
                    };
                    if let Some(what) = misplaced {
                        self.faults.push(Fault::error(format!("Inappropriate use of {what} on LHS")));
                    }
                    match Mark::plain(op) {
                        Some(m) => Pattern::Op(m),
                        None => continue,
                    }
                }
            };
            match pattern {
                Pattern::AnyNumber => wildcards += 1,
                Pattern::OneOrMore | Pattern::One | Pattern::Class(_) | Pattern::NotClass(_) => {
                    wildcards += 1;
                    rule.least += 1;
                }
                Pattern::Word(w) => {
                    rule.least += 1;
                    rule.needs |= Token::Word(w).bit();
                }
                Pattern::Op(mark) => {
                    rule.least += 1;
                    rule.needs |= Token::Op(mark).bit();
                }
                Pattern::Nothing | Pattern::Late(_) => {}
            }
            rule.lhs.push(pattern);
        }
        wildcards
    }

    fn right(&mut self, tokens: &[RuleToken], wildcards: usize, rule: &mut Rule) {
        let mut tokens = tokens;
        match tokens.first() {
            Some(RuleToken::Op(Op::Host)) => rule.after = After::Return,
            Some(RuleToken::Op(Op::User)) => rule.after = After::Next,
            _ => {}
        }
        if rule.after != After::Again {
            tokens = tokens.get(1..).unwrap_or_default();
        }
        let mut open: Option<bool> = None;
        for t in tokens {
            if let RuleToken::Op(op) = t {
                match op {
                    Op::AnyNumber | Op::OneOrMore | Op::One | Op::Class(_) | Op::NotClass(_) => {
                        let mut text = Vec::new();
                        op.write(&mut text);
                        text.truncate(2);
                        let text = printable(&text);
                        self.faults.push(Fault::error(format!("Inappropriate use of {text} on RHS")));
                    }
                    Op::Arg(n) if usize::from(*n) > wildcards || *n == 0 => {
                        self.faults.push(Fault::error(format!("replacement ${n} out of bounds")));
                    }
                    Op::HostBegin | Op::MapBegin if open.is_some() => {
                        self.faults.push(Fault::error("cannot nest map lookups"));
                    }
                    Op::HostBegin => open = Some(true),
                    Op::MapBegin => open = Some(false),
                    Op::HostEnd if open == Some(true) => open = None,
                    Op::MapEnd if open == Some(false) => open = None,
                    _ => {}
                }
            }
            let part = match t {
                RuleToken::Word(w) => Part::Word(self.pool.add_shared(w)),
                RuleToken::Op(Op::Arg(n)) => Part::Arg(*n),
                RuleToken::Op(Op::Late(n)) => Part::Late(n.clone()),
                RuleToken::Op(Op::Class(n)) => Part::Op(Mark::Class(self.classes.id(n))),
                RuleToken::Op(Op::NotClass(n)) => Part::Op(Mark::NotClass(self.classes.id(n))),
                RuleToken::Op(op) => match Mark::plain(op) {
                    Some(m) => Part::Op(m),
                    None => continue,
                },
            };
            rule.rhs.push(part);
        }
        if open.is_some() {
            self.faults.push(Fault::error("missing map closing token"));
        }
    }
}

/// A tab ends a side of a rule even where a macro's or class's name should stand: the operator is left without a name.
fn tabs_apart(syms: &[Sym]) -> Vec<Sym> {
    let mut out = Vec::with_capacity(syms.len());
    for sym in syms {
        let nameless = match sym {
            Sym::Op(Op::Macro(n) | Op::If(n)) if n.as_str() == "\t" => None,
            Sym::Op(Op::Class(n)) if n.as_str() == "\t" => Some(Op::Class(MacroName::new(""))),
            Sym::Op(Op::NotClass(n)) if n.as_str() == "\t" => Some(Op::NotClass(MacroName::new(""))),
            Sym::Op(Op::Late(n)) if n.as_str() == "\t" => Some(Op::Late(MacroName::new(""))),
            other => {
                out.push(other.clone());
                continue;
            }
        };
        out.extend(nameless.map(Sym::Op));
        out.push(Sym::Byte(b'\t'));
    }
    out
}

/// One side of a rule as `=S` shows it: each token with a blank after it.
fn show(tokens: &[RuleToken]) -> Vec<u8> {
    let mut out = Vec::new();
    for t in tokens {
        match t {
            RuleToken::Word(w) => out.extend_from_slice(w),
            RuleToken::Op(op) => op.write(&mut out),
        }
        out.push(b' ');
    }
    out
}
