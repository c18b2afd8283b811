//! Runs a program over a text: backtracking that visits each pair of instruction and position once.
use super::{Assert, Inst, MEMORY, Match, PENDING, Regex, STEPS, TooComplex, is_word};

enum Todo {
    Go(usize, usize),
    /// Gives a slot its old value back.
    Restore(usize, usize),
}

/// A search over one text.
pub struct Searcher<'a> {
    regex: &'a Regex,
    text: &'a [u8],
    visited: Vec<u64>,
    touched: Vec<usize>,
    slots: Vec<usize>,
    todo: Vec<Todo>,
    steps: u64,
}

impl<'a> Searcher<'a> {
    pub(super) fn new(regex: &'a Regex, text: &'a [u8]) -> Result<Self, TooComplex> {
        let mut words = 0;
        if !regex.backs {
            let bits = regex.program.len().saturating_mul(text.len() + 1);
            if bits > MEMORY {
                return Err(TooComplex);
            }
            words = bits / 64 + 1;
        }
        Ok(Self {
            regex,
            text,
            visited: vec![0; words],
            touched: Vec::new(),
            slots: Vec::new(),
            todo: Vec::new(),
            steps: 0,
        })
    }

    /// The leftmost longest match that begins at `from` or later.
    pub fn find(&mut self, from: usize) -> Result<Option<Match>, TooComplex> {
        for word in self.touched.drain(..) {
            if let Some(w) = self.visited.get_mut(word) {
                *w = 0;
            }
        }
        self.steps = 0;
        // What was visited from an earlier start led nowhere, so it need not be visited again.
        for start in from..=self.text.len() {
            if let Some(found) = self.run(start)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether this instruction and position are new.
    fn visit(&mut self, pc: usize, pos: usize) -> bool {
        let bit = pc * (self.text.len() + 1) + pos;
        let Some(word) = self.visited.get_mut(bit / 64) else { return false };
        let mask = 1 << (bit % 64);
        if *word & mask != 0 {
            return false;
        }
        if *word == 0 {
            self.touched.push(bit / 64);
        }
        *word |= mask;
        true
    }

    fn run(&mut self, start: usize) -> Result<Option<Match>, TooComplex> {
        self.slots.clear();
        self.slots.resize(self.regex.slots, usize::MAX);
        self.todo.clear();
        self.todo.push(Todo::Go(0, start));
        let mut best: Option<Match> = None;
        while let Some(todo) = self.todo.pop() {
            let (pc, pos) = match todo {
                Todo::Restore(slot, old) => {
                    if let Some(s) = self.slots.get_mut(slot) {
                        *s = old;
                    }
                    continue;
                }
                Todo::Go(pc, pos) => (pc, pos),
            };
            if self.todo.len() > PENDING {
                return Err(TooComplex);
            }
            if let Some(end) = self.thread(pc, pos)?
                && best.as_ref().and_then(|b| b.get(0)).is_none_or(|(_, e)| end > e)
            {
                let slots = self.slots.get(..2 * (self.regex.groups + 1)).unwrap_or_default().to_vec();
                best = Some(Match { slots });
                if end == self.text.len() {
                    break;
                }
            }
        }
        Ok(best)
    }

    /// Follows one thread to its failure or to a match.
    fn thread(&mut self, mut pc: usize, mut pos: usize) -> Result<Option<usize>, TooComplex> {
        loop {
            if self.regex.backs {
                self.steps += 1;
                if self.steps > STEPS {
                    return Err(TooComplex);
                }
            } else if !self.visit(pc, pos) {
                return Ok(None);
            }
            let Some(inst) = self.regex.program.get(pc) else { return Ok(None) };
            let next = self.text.get(pos).copied();
            pc += 1;
            let goes_on = match inst {
                Inst::Byte(c) => {
                    pos += 1;
                    next == Some(*c)
                }
                Inst::Set(set) => {
                    pos += 1;
                    next.is_some_and(|c| set.has(c))
                }
                Inst::Split(first, second) => {
                    self.todo.push(Todo::Go(*second, pos));
                    pc = *first;
                    true
                }
                Inst::Jump(to) => {
                    pc = *to;
                    true
                }
                Inst::Save(slot) => {
                    if let Some(s) = self.slots.get_mut(*slot) {
                        self.todo.push(Todo::Restore(*slot, *s));
                        *s = pos;
                    }
                    true
                }
                Inst::Moved(slot) => self.slots.get(*slot).is_none_or(|s| *s != pos),
                Inst::Assert(assert) => self.holds(*assert, pos),
                Inst::Back(n) => match (self.slots.get(2 * n), self.slots.get(2 * n + 1)) {
                    (Some(&a), Some(&b)) if a <= b && b != usize::MAX => {
                        let part = self.text.get(a..b).unwrap_or_default();
                        let same = self.text.get(pos..).is_some_and(|t| t.starts_with(part));
                        pos += part.len();
                        same
                    }
                    _ => false,
                },
                Inst::Match => return Ok(Some(pos)),
            };
            if !goes_on {
                return Ok(None);
            }
        }
    }

    fn holds(&self, assert: Assert, pos: usize) -> bool {
        let before = pos.checked_sub(1).and_then(|p| self.text.get(p)).copied();
        let after = self.text.get(pos).copied();
        let (left, right) = (before.is_some_and(is_word), after.is_some_and(is_word));
        match assert {
            Assert::LineStart => before.is_none_or(|c| c == b'\n'),
            Assert::LineEnd => after.is_none_or(|c| c == b'\n'),
            Assert::TextStart => before.is_none(),
            Assert::TextEnd => after.is_none(),
            Assert::WordStart => !left && right,
            Assert::WordEnd => left && !right,
            Assert::Boundary => left != right,
            Assert::NoBoundary => left == right,
        }
    }
}
