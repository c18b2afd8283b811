//! The input: a stack of files, expansions waiting to be scanned again, and builtins that `defn` gave.
//!
//! Each piece of text remembers the file and line that messages name while it is read: a file its own, an expansion
//! those of the macro's call.
use std::rc::Rc;

use super::symbol::Builtin;

/// What reading gives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ch {
    Byte(u8),
    Macro(&'static Builtin),
    Eof,
}

enum Source {
    Text { text: Vec<u8>, pos: usize },
    File { text: Vec<u8>, pos: usize, resume: bool },
    Macro(&'static Builtin),
}

struct Block {
    source: Source,
    file: Rc<[u8]>,
    line: u64,
}

/// The end of a file that was noticed, for `debugmode(i)`.
pub(super) struct Reverted {
    pub file: Rc<[u8]>,
    pub line: u64,
    /// The file and line that reading goes back to.
    pub to: Option<(Rc<[u8]>, u64)>,
}

/// The stack, and the place that messages name.
pub(super) struct Input {
    blocks: Vec<Block>,
    wrapped: Vec<Block>,
    pub file: Rc<[u8]>,
    pub line: u64,
    change: bool,
    start_of_line: bool,
    /// Ends of files since the last look.
    pub reverted: Vec<Reverted>,
    /// A file began or ended since the last look, so that the next output line needs its mark.
    pub switched: bool,
}

impl Input {
    pub fn new() -> Self {
        Self {
            blocks: Vec::new(),
            wrapped: Vec::new(),
            file: Rc::from(&b""[..]),
            line: 0,
            change: false,
            start_of_line: false,
            reverted: Vec::new(),
            switched: false,
        }
    }

    pub fn push_file(&mut self, name: &[u8], text: Vec<u8>) {
        let resume = std::mem::replace(&mut self.start_of_line, true);
        self.blocks.push(Block { source: Source::File { text, pos: 0, resume }, file: Rc::from(name), line: 0 });
        self.change = true;
        self.switched = true;
    }

    /// Drops what is read to its end, so that a macro that calls itself last needs no room.
    fn drop_exhausted(&mut self) {
        while let Some(Block { source: Source::Text { text, pos }, .. }) = self.blocks.last() {
            if *pos < text.len() {
                break;
            }
            self.blocks.pop();
            self.change = true;
        }
    }

    pub fn push_text(&mut self, text: Vec<u8>) {
        self.drop_exhausted();
        if !text.is_empty() {
            self.blocks.push(Block { source: Source::Text { text, pos: 0 }, file: self.file.clone(), line: self.line });
            self.change = true;
        }
    }

    pub fn push_macro(&mut self, builtin: &'static Builtin) {
        self.drop_exhausted();
        self.blocks.push(Block { source: Source::Macro(builtin), file: self.file.clone(), line: self.line });
        self.change = true;
    }

    /// Keeps text for the end of the input.
    pub fn push_wrapped(&mut self, text: Vec<u8>) {
        self.wrapped.push(Block { source: Source::Text { text, pos: 0 }, file: self.file.clone(), line: self.line });
    }

    /// Makes the wrapped text the input; `false` if there is none.
    pub fn take_wrapped(&mut self) -> bool {
        if self.wrapped.is_empty() {
            return false;
        }
        self.blocks = std::mem::take(&mut self.wrapped);
        self.change = true;
        true
    }

    /// Says that the place of messages was moved by hand and must be found again.
    pub fn moved(&mut self) {
        self.change = true;
    }

    fn pop(&mut self) {
        let Some(block) = self.blocks.pop() else { return };
        if let Source::File { resume, .. } = block.source {
            self.start_of_line = resume;
            self.switched = true;
            let to = self.blocks.last().map(|b| (b.file.clone(), b.line));
            self.reverted.push(Reverted { file: self.file.clone(), line: self.line, to });
        }
        self.change = true;
    }

    pub fn peek(&self) -> Ch {
        for block in self.blocks.iter().rev() {
            match &block.source {
                Source::Macro(b) => return Ch::Macro(b),
                Source::Text { text, pos } | Source::File { text, pos, .. } => {
                    if let Some(&c) = text.get(*pos) {
                        return Ch::Byte(c);
                    }
                }
            }
        }
        Ch::Eof
    }

    pub fn next(&mut self) -> Ch {
        loop {
            let Some(block) = self.blocks.last_mut() else {
                self.file = Rc::from(&b""[..]);
                self.line = 0;
                return Ch::Eof;
            };
            if self.change {
                self.file = block.file.clone();
                self.line = block.line;
                self.change = false;
            }
            match &mut block.source {
                Source::Macro(b) => {
                    let b = *b;
                    self.pop();
                    return Ch::Macro(b);
                }
                Source::Text { text, pos } => {
                    if let Some(&c) = text.get(*pos) {
                        *pos += 1;
                        return Ch::Byte(c);
                    }
                }
                Source::File { text, pos, .. } => {
                    if self.start_of_line {
                        self.start_of_line = false;
                        block.line += 1;
                        self.line = block.line;
                    }
                    if let Some(&c) = text.get(*pos) {
                        *pos += 1;
                        self.start_of_line = c == b'\n';
                        return Ch::Byte(c);
                    }
                }
            }
            self.pop();
        }
    }

    /// Appends to `word` all that follows and belongs to it.
    pub fn take_word(&mut self, word: &mut Vec<u8>) {
        loop {
            match self.peek() {
                Ch::Byte(c) if c == b'_' || c.is_ascii_alphanumeric() => {
                    self.next();
                    word.push(c);
                }
                _ => return,
            }
        }
    }

    /// Whether `rest` follows; it is consumed if so and `consume` says so.
    pub fn follows(&mut self, rest: &[u8], consume: bool) -> bool {
        let mut seen = 0;
        while let Some(&want) = rest.get(seen) {
            if self.peek() != Ch::Byte(want) {
                break;
            }
            if seen + 1 == rest.len() && seen == 0 && !consume {
                return true;
            }
            self.next();
            seen += 1;
        }
        let found = seen == rest.len();
        if seen > 0 && !(found && consume) {
            self.push_text(rest.get(..seen).unwrap_or_default().to_vec());
        }
        found
    }
}
