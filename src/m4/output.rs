//! The output: the current diversion, the others, and the `#line` marks of `-s`.
use std::collections::BTreeMap;

/// What is collected before it goes out in one piece.
const CHUNK: usize = 64 << 10;

/// Where text goes.
pub(super) struct Output {
    /// The number that `divnum` shows.
    pub current: i32,
    diversions: BTreeMap<i32, Vec<u8>>,
    /// Text of diversion 0 that waits to be written.
    pub waiting: Vec<u8>,
    pub sync: bool,
    line: i64,
    start_of_line: bool,
    /// Bytes taken in all.
    pub total: u64,
}

impl Output {
    pub fn new(sync: bool) -> Self {
        Self {
            current: 0,
            diversions: BTreeMap::new(),
            waiting: Vec::new(),
            sync,
            line: 0,
            start_of_line: true,
            total: 0,
        }
    }

    /// The next line of output gets its mark.
    pub fn resync(&mut self) {
        self.line = -1;
    }

    pub fn is_full(&self) -> bool {
        self.waiting.len() >= CHUNK
    }

    fn raw(&mut self, text: &[u8]) {
        self.total = self.total.saturating_add(text.len() as u64);
        match self.current {
            0 => self.waiting.extend_from_slice(text),
            n if n > 0 => self.diversions.entry(n).or_default().extend_from_slice(text),
            _ => {}
        }
    }

    /// Appends the text of a token that began on `line` of `file`.
    pub fn token(&mut self, text: &[u8], file: &[u8], line: u64) {
        // An empty string brings a mark all the same.
        if self.current < 0 || (text.is_empty() && !self.sync) {
            return;
        }
        if !self.sync {
            return self.raw(text);
        }
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        if self.start_of_line {
            self.start_of_line = false;
            self.line += 1;
            if self.line != line {
                let mut mark = format!("#line {line}").into_bytes();
                if self.line < 1 && !file.is_empty() {
                    mark.extend_from_slice(b" \"");
                    mark.extend_from_slice(file);
                    mark.push(b'"');
                }
                mark.push(b'\n');
                self.raw(&mark);
                self.line = line;
            }
        }
        for &c in text {
            if std::mem::take(&mut self.start_of_line) {
                self.line += 1;
            }
            self.start_of_line = c == b'\n';
        }
        self.raw(text);
    }

    pub fn divert(&mut self, number: i32) {
        if self.current != number {
            self.current = number;
            self.resync();
        }
    }

    /// Brings a diversion back into the current one.
    pub fn undivert(&mut self, number: i32) {
        if number <= 0 || number == self.current {
            return;
        }
        if let Some(text) = self.diversions.remove(&number)
            && self.current >= 0
        {
            self.insert(&text);
            self.resync();
        }
    }

    /// Inserts text that is not scanned: a diversion or a file.
    pub fn insert(&mut self, text: &[u8]) {
        self.raw(text);
    }

    /// The numbers of all diversions that hold text.
    pub fn pending(&self) -> Vec<i32> {
        self.diversions.keys().copied().collect()
    }
}
