//! Tokens: words and operators, as the rules see an address.
//!
//! A word is a piece of one of two pools of text: the configuration's, or that of the present run. Tokens are small
//! and copied freely. Operators are variants of [`Mark`], so no octet of an address can be taken for one.

use crate::cf::class::ClassId;
use crate::cf::template::Op;

/// A word, by its place in a pool.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    start: u32,
    len: u32,
    hash: u32,
    shared: bool,
}

/// An operator that can stand among the tokens of an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// `$#`
    Mailer,
    /// `$@`
    Host,
    /// `$:`
    User,
    /// `$|`
    Bar,
    /// `$>`
    Call,
    /// `$[`
    HostBegin,
    /// `$]`
    HostEnd,
    /// `$(`
    MapBegin,
    /// `$)`
    MapEnd,
    /// `$.`
    Fi,
    /// `$*`
    AnyNumber,
    /// `$+`
    OneOrMore,
    /// `$-`
    One,
    /// `$=x` where it means nothing
    Class(ClassId),
    /// `$~x` where it means nothing
    NotClass(ClassId),
    /// `$0` to `$9` where it means nothing
    Arg(u8),
}

impl Mark {
    /// The operator without name that `op` is.
    pub fn plain(op: &Op) -> Option<Mark> {
        Some(match op {
            Op::Mailer => Mark::Mailer,
            Op::Host => Mark::Host,
            Op::User => Mark::User,
            Op::Else => Mark::Bar,
            Op::Call => Mark::Call,
            Op::HostBegin => Mark::HostBegin,
            Op::HostEnd => Mark::HostEnd,
            Op::MapBegin => Mark::MapBegin,
            Op::MapEnd => Mark::MapEnd,
            Op::Fi => Mark::Fi,
            Op::AnyNumber => Mark::AnyNumber,
            Op::OneOrMore => Mark::OneOrMore,
            Op::One => Mark::One,
            Op::Arg(d) => Mark::Arg(*d),
            _ => return None,
        })
    }

    /// The octet that stands for the operator in text that is put together. Nothing from outside holds one: these octets are
    /// refused in addresses.
    pub fn octet(self) -> u8 {
        match self {
            Mark::MapBegin => 0x85,
            Mark::MapEnd => 0x86,
            Mark::AnyNumber => 0x90,
            Mark::OneOrMore => 0x91,
            Mark::One => 0x92,
            Mark::Class(_) => 0x93,
            Mark::NotClass(_) => 0x94,
            Mark::Arg(_) => 0x95,
            Mark::Mailer => 0x96,
            Mark::Host => 0x97,
            Mark::User => 0x98,
            Mark::Call => 0x99,
            Mark::Bar => super::service::VALUE_SEPARATOR,
            Mark::Fi => 0x9c,
            Mark::HostBegin => 0x9d,
            Mark::HostEnd => 0x9e,
        }
    }

    /// The operator as it is written.
    pub fn text(self) -> String {
        match self {
            Mark::Mailer => "$#".into(),
            Mark::Host => "$@".into(),
            Mark::User => "$:".into(),
            Mark::Bar => "$|".into(),
            Mark::Call => "$>".into(),
            Mark::HostBegin => "$[".into(),
            Mark::HostEnd => "$]".into(),
            Mark::MapBegin => "$(".into(),
            Mark::MapEnd => "$)".into(),
            Mark::Fi => "$.".into(),
            Mark::AnyNumber => "$*".into(),
            Mark::OneOrMore => "$+".into(),
            Mark::One => "$-".into(),
            Mark::Class(_) => "$=".into(),
            Mark::NotClass(_) => "$~".into(),
            Mark::Arg(d) => format!("${d}"),
        }
    }
}

/// A token of an address.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    /// Text.
    Word(Word),
    /// An operator.
    Op(Mark),
}

impl Token {
    /// Whether the token is the operator `mark`.
    pub fn is(self, mark: Mark) -> bool {
        matches!(self, Token::Op(m) if m == mark)
    }

    /// One bit that tokens that are the same have in common.
    pub fn bit(self) -> u64 {
        let number = match self {
            Token::Word(w) => w.hash ^ (w.hash >> 16),
            Token::Op(mark) => u32::from(mark.octet()),
        };
        1 << (number & 63)
    }

    /// The bits of all of `tokens`: where one of a rule's is missing, the rule cannot match.
    pub fn bits(tokens: &[Token]) -> u64 {
        tokens.iter().fold(0, |bits, token| bits | token.bit())
    }
}

/// The case-folded hash of a word.
pub fn fold_hash(text: &[u8]) -> u32 {
    text.iter().fold(0x811c_9dc5u32, |h, b| (h ^ u32::from(b.to_ascii_lowercase())).wrapping_mul(0x0100_0193))
}

/// Text that words are pieces of.
#[derive(Clone, Default, Debug)]
pub struct Pool {
    text: Vec<u8>,
}

impl Pool {
    fn piece(&self, w: Word) -> &[u8] {
        let start = w.start as usize;
        self.text.get(start..start + w.len as usize).unwrap_or_default()
    }

    fn add(&mut self, text: &[u8], shared: bool) -> Word {
        let start = self.text.len();
        self.text.extend_from_slice(text);
        Word { start: start as u32, len: text.len() as u32, hash: fold_hash(text), shared }
    }

    /// Adds a word of the configuration.
    pub fn add_shared(&mut self, text: &[u8]) -> Word {
        self.add(text, true)
    }

    /// The text of a word of the configuration.
    pub fn text(&self, w: Word) -> &[u8] {
        self.piece(w)
    }

    /// The octets in the pool.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }
}

/// The two pools of a run.
pub struct Texts<'a> {
    shared: &'a Pool,
    own: Pool,
}

impl<'a> Texts<'a> {
    /// An empty pool beside that of the configuration.
    pub fn new(shared: &'a Pool) -> Texts<'a> {
        Texts { shared, own: Pool::default() }
    }

    /// Adds a word.
    pub fn word(&mut self, text: &[u8]) -> Token {
        Token::Word(self.own.add(text, false))
    }

    /// A word's text.
    pub fn text(&self, w: Word) -> &[u8] {
        if w.shared { self.shared.piece(w) } else { self.own.piece(w) }
    }

    /// How much text the run has made.
    pub fn used(&self) -> usize {
        self.own.len()
    }

    /// Whether two words are the same but for case.
    pub fn same(&self, a: Word, b: Word) -> bool {
        a.hash == b.hash && a.len == b.len && self.text(a).eq_ignore_ascii_case(self.text(b))
    }

    /// Tokens as a trace shows them: each with a blank before it.
    pub fn show(&self, tokens: &[Token]) -> Vec<u8> {
        let mut out = Vec::new();
        for t in tokens {
            out.push(b' ');
            match t {
                Token::Word(w) => out.extend_from_slice(self.text(*w)),
                Token::Op(m) => out.extend_from_slice(m.text().as_bytes()),
            }
        }
        out
    }
}
