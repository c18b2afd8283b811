//! From an address to tokens (and from tokens back to an address).
//!
//! Separators are the characters of OperatorChars and `( ) < > , ;`; blanks separate words and vanish; a quoted
//! string is one word with its quotes; `\` takes the next octet as it is. What is not balanced is repaired and
//! complained about (RFC 5322 3.2; sendmail operations guide 5.6, OperatorChars).

use super::token::{Texts, Token};

/// What an octet is to the tokenizer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Atom,
    Operator,
    Quote,
    Space,
}

/// The octets' kinds for one set of OperatorChars.
#[derive(Clone, Debug)]
pub struct CharTable {
    kinds: [Kind; 256],
}

impl CharTable {
    /// The table in which `operators` and the characters that always separate are separators.
    pub fn new(operators: &[u8]) -> CharTable {
        let mut kinds = [Kind::Atom; 256];
        for (i, kind) in kinds.iter_mut().enumerate() {
            let b = i as u8;
            *kind = match b {
                b'"' => Kind::Quote,
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => Kind::Space,
                b'(' | b')' | b'<' | b'>' | b',' | b';' => Kind::Operator,
                _ if operators.contains(&b) => Kind::Operator,
                _ => Kind::Atom,
            };
        }
        CharTable { kinds }
    }

    fn kind(&self, b: u8) -> Kind {
        self.kinds.get(usize::from(b)).copied().unwrap_or(Kind::Atom)
    }

    /// Whether a word that begins with `b` is an ordinary one: two of those need something between them.
    pub fn is_atom(&self, b: u8) -> bool {
        self.kind(b) == Kind::Atom
    }
}

/// The longest address that is looked at (MAXNAME).
pub const MAX_NAME: usize = 1000;
/// The longest token of an address.
const MAX_TOKEN: usize = 256;
/// The most tokens that an address may have (MAXATOM).
pub const MAX_ATOMS: usize = 1000;

/// How an address is cut up.
#[derive(Clone, Copy, Debug)]
pub struct Mode {
    /// The octet that ends the address, outside quotes and comments.
    pub delimiter: Option<u8>,
    /// Comments are tokens; else they are skipped.
    pub keep_comments: bool,
}

/// An address cut up.
#[derive(Clone, Debug, Default)]
pub struct Scanned {
    /// The tokens; `None` when the address cannot be used at all.
    pub tokens: Option<Vec<Token>>,
    /// Where the delimiter stands, or the end of the text.
    pub end: usize,
    /// Complaints, in order: `Unbalanced '<'` and the like.
    pub faults: Vec<String>,
}

/// Cuts `text` into tokens.
pub fn prescan(text: &[u8], mode: Mode, chars: &CharTable, texts: &mut Texts<'_>) -> Scanned {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut out = Scanned::default();
    let usable = scan(text, mode, chars, &mut words, &mut out);
    out.tokens = usable.then(|| words.iter().map(|w| texts.word(w)).collect());
    out
}

/// The words of a piece of a rule: as [`prescan`], but brackets and quotes need not be balanced.
pub fn rule_words(text: &[u8], chars: &CharTable) -> Vec<Vec<u8>> {
    let mut words = Vec::new();
    let mut word = Vec::new();
    let mut quoted = false;
    let mut bytes = text.iter().copied();
    while let Some(c) = bytes.next() {
        if c == b'\\' {
            // A backslash at the end stands for nothing.
            if let Some(next) = bytes.next() {
                word.extend([c, next]);
            }
            continue;
        }
        if quoted {
            word.push(c);
            if c == b'"' {
                quoted = false;
                flush(&mut word, &mut words);
            }
            continue;
        }
        match chars.kind(c) {
            Kind::Atom => word.push(c),
            Kind::Space => flush(&mut word, &mut words),
            Kind::Quote => {
                flush(&mut word, &mut words);
                word.push(c);
                quoted = true;
            }
            Kind::Operator => {
                flush(&mut word, &mut words);
                words.push(vec![c]);
            }
        }
    }
    flush(&mut word, &mut words);
    words
}

/// Cuts `text` into the texts of its tokens; false when it cannot be used.
///
/// The delimiter counts wherever it is neither quoted nor in a comment that is skipped, be it inside angle brackets: only in a
/// route address (`<@a,@b:c@d>`) it does not.
fn scan(text: &[u8], mode: Mode, chars: &CharTable, words: &mut Vec<Vec<u8>>, out: &mut Scanned) -> bool {
    let mut at = 0;
    let mut angles = 0usize;
    let mut comments = 0usize;
    let mut quoted = false;
    let mut escaped = false;
    let mut stopped = false;
    let mut route = false;
    let mut word: Vec<u8> = Vec::new();
    let mut total = 0usize;
    let fault = |out: &mut Scanned, what: &str| out.faults.push(what.to_string());
    loop {
        let next = if stopped { None } else { text.get(at).copied() };
        if next.is_some() && next == mode.delimiter && !quoted && comments == 0 && !route {
            stopped = true;
            continue;
        }
        let c = match next {
            Some(b) => {
                at += 1;
                b
            }
            // What is still open at the end is closed as if the text had done so.
            None if quoted => {
                fault(out, "Unbalanced '\"'");
                b'"'
            }
            None if comments > 0 => {
                fault(out, "Unbalanced '('");
                b')'
            }
            None if angles > 0 => {
                fault(out, "Unbalanced '<'");
                b'>'
            }
            None => break,
        };
        total += 1;
        if total > MAX_NAME + 8 {
            fault(out, "Address too long");
            return false;
        }
        if std::mem::take(&mut escaped) {
            // RFC 5322 3.2.1: it stands for itself.
            if comments == 0 {
                word.extend([b'\\', c]);
            }
            continue;
        }
        if c == b'\\' {
            escaped = true;
            continue;
        }
        if quoted {
            word.push(c);
            if word.len() > MAX_TOKEN {
                fault(out, "prescan: token too long");
                return false;
            }
            if c == b'"' {
                quoted = false;
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        match c {
            b'(' if !mode.keep_comments => {
                flush(&mut word, words);
                comments += 1;
                continue;
            }
            b')' if !mode.keep_comments => {
                match comments {
                    0 => fault(out, "Unbalanced ')'"),
                    _ => comments -= 1,
                }
                continue;
            }
            _ if comments > 0 => continue,
            b'<' => angles += 1,
            b'>' if angles == 0 => {
                fault(out, "Unbalanced '>'");
                continue;
            }
            b'>' => {
                angles -= 1;
                route = false;
            }
            b'@' if word.is_empty() && words.last().is_some_and(|w| w == b"<") => route = true,
            _ => {}
        }
        match chars.kind(c) {
            Kind::Atom => word.push(c),
            Kind::Space => flush(&mut word, words),
            Kind::Quote => {
                flush(&mut word, words);
                word.push(c);
                quoted = true;
            }
            Kind::Operator => {
                flush(&mut word, words);
                words.push(vec![c]);
            }
        }
        if words.len() >= MAX_ATOMS {
            fault(out, "Address too long");
            return false;
        }
        if word.len() > MAX_TOKEN {
            fault(out, "prescan: token too long");
            return false;
        }
    }
    flush(&mut word, words);
    out.end = at.min(text.len());
    true
}

fn flush(word: &mut Vec<u8>, words: &mut Vec<Vec<u8>>) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// Puts tokens together again; `blank` goes between two words that would else grow together.
pub fn join(tokens: &[Token], blank: Option<u8>, chars: &CharTable, texts: &Texts<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut after_atom = false;
    for t in tokens {
        match t {
            Token::Word(w) => {
                let text = texts.text(*w);
                let atom = text.first().is_some_and(|b| chars.is_atom(*b));
                if let Some(blank) = blank
                    && after_atom
                    && atom
                {
                    out.push(blank);
                }
                after_atom = atom;
                out.extend_from_slice(text);
            }
            Token::Op(m) => {
                after_atom = false;
                out.push(m.octet());
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rewrite::token::Pool;

    fn cut(text: &str, keep: bool) -> (String, Vec<String>) {
        let pool = Pool::default();
        let mut texts = Texts::new(&pool);
        let chars = CharTable::new(b".:%@!^/[]+");
        let mode = Mode { delimiter: Some(b','), keep_comments: keep };
        let s = prescan(text.as_bytes(), mode, &chars, &mut texts);
        let shown = texts.show(s.tokens.as_deref().unwrap_or_default());
        (String::from_utf8(shown).unwrap(), s.faults)
    }

    #[test]
    fn balance_is_repaired() {
        assert_eq!(cut("<a@b", true), (" < a @ b >".into(), vec!["Unbalanced '<'".to_string()]));
        assert_eq!(cut("a>", true), (" a".into(), vec!["Unbalanced '>'".to_string()]));
        assert_eq!(cut("a (b", true), (" a ( b".into(), vec![]));
        assert_eq!(cut("<a, b>", true), (" < a >".into(), vec!["Unbalanced '<'".to_string()]));
        assert_eq!(cut("<@a,@b:c>, d", true), (" < @ a , @ b : c >".into(), vec![]));
        assert_eq!(cut("\"a\\", true).0, " \"a\\\"\"");
        assert_eq!(cut("a (b", false), (" a".into(), vec!["Unbalanced '('".to_string()]));
        assert_eq!(cut("\"x y\"@z, q", true).0, " \"x y\" @ z");
        assert_eq!(cut("\\", true).0, "");
    }
}
