//! Tokens: words, quoted strings, comments, and single characters.
use super::Stop;
use super::engine::M4;
use super::input::Ch;
use super::symbol::Builtin;

/// The kind of a token; its text is in [`M4::text`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Eof,
    /// A quoted string or a comment.
    String,
    Word,
    Open,
    Comma,
    Close,
    Simple,
    Macro(&'static Builtin),
}

/// The quotes and the comment marks; an empty opening one switches the idea off.
pub(super) struct Syntax {
    pub left: Vec<u8>,
    pub right: Vec<u8>,
    pub comment: Vec<u8>,
    pub comment_end: Vec<u8>,
}

impl Default for Syntax {
    fn default() -> Self {
        Self { left: b"`".to_vec(), right: b"'".to_vec(), comment: b"#".to_vec(), comment_end: b"\n".to_vec() }
    }
}

/// Which of the four marks is meant.
#[derive(Clone, Copy)]
enum Mark {
    Left,
    Right,
    Comment,
    CommentEnd,
}

impl M4<'_> {
    /// Reads the next token; gives its kind and the line it began on.
    pub(super) fn next_token(&mut self) -> Result<(Token, u64), Stop> {
        self.text.clear();
        let c = match self.input.peek() {
            Ch::Byte(c) => c,
            other => {
                self.input.next();
                let token = if let Ch::Macro(b) = other { Token::Macro(b) } else { Token::Eof };
                return Ok((token, 0));
            }
        };
        self.input.next();
        let line = self.input.line;
        let token = if self.at(c, Mark::Comment, true) {
            self.comment(line)?;
            Token::String
        } else if c == b'_' || c.is_ascii_alphabetic() {
            self.text.push(c);
            self.input.take_word(&mut self.text);
            Token::Word
        } else if self.at(c, Mark::Left, true) {
            self.quoted(line)?;
            Token::String
        } else {
            if c != 0 {
                self.text.push(c);
            }
            match c {
                b'(' => Token::Open,
                b',' => Token::Comma,
                b')' => Token::Close,
                _ => Token::Simple,
            }
        };
        Ok((token, line))
    }

    /// Whether the next token is an opening parenthesis.
    pub(super) fn open_follows(&mut self) -> bool {
        if self.input.peek() != Ch::Byte(b'(') {
            return false;
        }
        let plain = self.syntax.comment.first() != Some(&b'(') && self.syntax.left.first() != Some(&b'(');
        plain || {
            let (comment, left) = (self.syntax.comment.clone(), self.syntax.left.clone());
            !(!comment.is_empty() && self.input.follows(&comment, false))
                && !(!left.is_empty() && self.input.follows(&left, false))
        }
    }

    fn mark(&self, mark: Mark) -> &[u8] {
        match mark {
            Mark::Left => &self.syntax.left,
            Mark::Right => &self.syntax.right,
            Mark::Comment => &self.syntax.comment,
            Mark::CommentEnd => &self.syntax.comment_end,
        }
    }

    /// Whether `mark` begins with `c`, which was just read, and goes on in what follows.
    fn at(&mut self, c: u8, mark: Mark, consume: bool) -> bool {
        match self.mark(mark).split_first() {
            Some((first, _)) if *first != c => false,
            Some((_, [])) => true,
            Some((_, rest)) => {
                let rest = rest.to_vec();
                self.input.follows(&rest, consume)
            }
            None => false,
        }
    }

    fn comment(&mut self, line: u64) -> Result<(), Stop> {
        let file = self.input.file.clone();
        self.text.extend_from_slice(&self.syntax.comment);
        loop {
            match self.input.next() {
                Ch::Byte(c) if self.at(c, Mark::CommentEnd, true) => {
                    self.text.extend_from_slice(&self.syntax.comment_end);
                    break;
                }
                Ch::Byte(c) => self.text.push(c),
                Ch::Macro(_) => {}
                Ch::Eof => return Err(self.fatal_at(&file, line, "ERROR: end of file in comment")),
            }
        }
        self.cut_at_nul();
        Ok(())
    }

    fn quoted(&mut self, line: u64) -> Result<(), Stop> {
        let file = self.input.file.clone();
        let mut level = 1usize;
        loop {
            match self.input.next() {
                Ch::Byte(c) => {
                    if self.at(c, Mark::Right, true) {
                        level -= 1;
                        if level == 0 {
                            break;
                        }
                        self.text.extend_from_slice(&self.syntax.right);
                    } else if self.at(c, Mark::Left, true) {
                        level += 1;
                        self.text.extend_from_slice(&self.syntax.left);
                    } else {
                        self.text.push(c);
                    }
                }
                Ch::Macro(_) => {}
                Ch::Eof => return Err(self.fatal_at(&file, line, "ERROR: end of file in string")),
            }
        }
        self.cut_at_nul();
        Ok(())
    }

    /// A string ends at its first NUL, as in a program that keeps C strings.
    fn cut_at_nul(&mut self) {
        if let Some(at) = memchr::memchr(0, &self.text) {
            self.text.truncate(at);
        }
    }
}
