//! What `-d`, `traceon` and `debugmode` show.
use std::io::Write;

use super::Stop;
use super::engine::{Arg, M4};

/// The flags of `-d` and `debugmode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Debug(u32);

impl Debug {
    pub(super) const ARGS: u32 = 1;
    pub(super) const EXPANSION: u32 = 2;
    pub(super) const QUOTE: u32 = 4;
    pub(super) const ALL: u32 = 8;
    pub(super) const LINE: u32 = 16;
    pub(super) const FILE: u32 = 32;
    pub(super) const PATH: u32 = 64;
    pub(super) const CALL: u32 = 128;
    pub(super) const INPUT: u32 = 256;
    pub(super) const ID: u32 = 512;
    const VERBOSE: u32 = 1023;
    const USUAL: u32 = Self::ARGS | Self::EXPANSION | Self::QUOTE;

    /// The flags that `text` names; the usual ones if it names none.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let mut flags = 0;
        for c in text {
            flags |= match c {
                b'a' => Self::ARGS,
                b'e' => Self::EXPANSION,
                b'q' => Self::QUOTE,
                b't' => Self::ALL,
                b'l' => Self::LINE,
                b'f' => Self::FILE,
                b'p' => Self::PATH,
                b'c' => Self::CALL,
                b'i' => Self::INPUT,
                b'x' => Self::ID,
                b'V' => Self::VERBOSE,
                _ => return None,
            };
        }
        Some(Self(if text.is_empty() { Self::USUAL } else { flags }))
    }

    pub(super) fn has(self, flag: u32) -> bool {
        self.0 & flag != 0
    }

    /// Sets, adds or removes flags as `debugmode` says; `false` if they are not all known.
    pub(super) fn change(&mut self, text: &[u8]) -> bool {
        let (sign, flags) = match text.split_first() {
            Some((sign @ (b'+' | b'-'), flags)) => (*sign, flags),
            _ => (b'=', text),
        };
        let Some(Self(flags)) = Self::parse(flags) else { return false };
        self.0 = match sign {
            b'+' => self.0 | flags,
            b'-' => self.0 & !flags,
            _ => flags,
        };
        true
    }
}

enum Sink {
    Stderr,
    Nowhere,
    File(Box<dyn Write>),
}

/// Where traces go and what they show.
pub(super) struct Tracer {
    pub debug: Debug,
    arg_length: usize,
    /// `debugmode` changed the flags: what waits of its own trace is dropped.
    pub changed: bool,
    /// The builtin just called shows its result even when it is empty, as `patsubst` does in GNU m4.
    pub shows_empty: bool,
    sink: Sink,
}

impl Tracer {
    pub fn new(debug: Debug, arg_length: usize) -> Self {
        Self { debug, arg_length, changed: false, shows_empty: false, sink: Sink::Stderr }
    }
}

impl M4<'_> {
    /// Sends traces elsewhere: to a file, nowhere for an empty name, to the standard error for none.
    pub(super) fn set_debug_file(&mut self, path: Option<&[u8]>, shown: &[u8]) -> Result<(), Stop> {
        self.tracer.sink = match path {
            None => Sink::Stderr,
            Some(b"") => Sink::Nowhere,
            Some(path) => match self.io.debug_file(path) {
                Ok(file) => Sink::File(file),
                Err(e) => return self.error(&[b"cannot set debug file `", shown, b"': ", e.as_bytes()]),
            },
        };
        Ok(())
    }

    /// Writes to wherever traces go.
    pub(super) fn debug_write(&mut self, text: &[u8]) -> Result<(), Stop> {
        if !self.input.reverted.is_empty() {
            self.tell_reverted()?;
        }
        match &mut self.tracer.sink {
            Sink::Stderr => {
                self.flush()?;
                self.io.diagnostic(text);
            }
            Sink::Nowhere => {}
            // A trace that cannot be written must not stop the work.
            Sink::File(file) => drop(file.write_all(text)),
        }
        Ok(())
    }

    /// A message of `m4debug:` if `flag` is set.
    pub(super) fn debug_message(&mut self, flag: u32, parts: &[&[u8]]) -> Result<(), Stop> {
        let (file, line) = (self.input.file.clone(), self.input.line);
        self.debug_message_at(flag, &file, line, parts)
    }

    fn debug_message_at(&mut self, flag: u32, file: &[u8], line: u64, parts: &[&[u8]]) -> Result<(), Stop> {
        if !self.tracer.debug.has(flag) {
            return Ok(());
        }
        let mut text = b"m4debug:".to_vec();
        if line > 0 {
            self.push_place(file, line, &mut text);
        }
        text.push(b' ');
        for part in parts {
            text.extend_from_slice(part);
        }
        text.push(b'\n');
        self.debug_write(&text)
    }

    fn push_place(&self, file: &[u8], line: u64, text: &mut Vec<u8>) {
        if self.tracer.debug.has(Debug::FILE) {
            text.extend_from_slice(file);
            text.push(b':');
        }
        if self.tracer.debug.has(Debug::LINE) {
            text.extend_from_slice(format!("{line}:").as_bytes());
        }
    }

    /// The messages about files that ended since the last look.
    pub(super) fn tell_reverted(&mut self) -> Result<(), Stop> {
        for end in std::mem::take(&mut self.input.reverted) {
            match end.to {
                Some((file, line)) => {
                    let number = line.to_string();
                    let parts: &[&[u8]] = &[b"input reverted to ", &file, b", line ", number.as_bytes()];
                    self.debug_message_at(Debug::INPUT, &end.file, end.line, parts)?;
                }
                None => self.debug_message_at(Debug::INPUT, &end.file, end.line, &[b"input exhausted"])?,
            }
        }
        Ok(())
    }

    fn trace_head(&self, name: &[u8], id: u64, level: usize) -> Vec<u8> {
        let mut text = b"m4trace:".to_vec();
        if self.input.line > 0 {
            self.push_place(&self.input.file, self.input.line, &mut text);
        }
        text.extend_from_slice(format!(" -{level}- ").as_bytes());
        if self.tracer.debug.has(Debug::ID) {
            text.extend_from_slice(format!("id {id}: ").as_bytes());
        }
        text.extend_from_slice(name);
        text
    }

    /// Text as traces show it: cut, and quoted if they quote.
    fn push_shown(&self, value: &[u8], out: &mut Vec<u8>) {
        let quote = self.tracer.debug.has(Debug::QUOTE);
        if quote {
            out.extend_from_slice(&self.syntax.left);
        }
        let limit = self.tracer.arg_length;
        match value.get(..limit) {
            Some(cut) if limit > 0 => {
                out.extend_from_slice(cut);
                out.extend_from_slice(b"...");
            }
            _ => out.extend_from_slice(value),
        }
        if quote {
            out.extend_from_slice(&self.syntax.right);
        }
    }

    /// Before the arguments are collected.
    pub(super) fn trace_before(&mut self, name: &[u8], id: u64, level: usize) -> Result<(), Stop> {
        if !self.tracer.debug.has(Debug::CALL) {
            return Ok(());
        }
        let mut text = self.trace_head(name, id, level);
        text.extend_from_slice(b" ...\n");
        self.debug_write(&text)
    }

    /// When the arguments are there; gives the text that waits for the expansion.
    pub(super) fn trace_call(&mut self, name: &[u8], id: u64, level: usize, args: &[Arg]) -> Result<Vec<u8>, Stop> {
        let mut text = self.trace_head(name, id, level);
        self.tracer.changed = false;
        self.tracer.shows_empty = false;
        if self.tracer.debug.has(Debug::ARGS) && !args.is_empty() {
            text.push(b'(');
            for (i, arg) in args.iter().enumerate() {
                if i > 0 {
                    text.extend_from_slice(b", ");
                }
                match arg {
                    Arg::Text(value) => self.push_shown(value, &mut text),
                    Arg::Macro(b) => text.extend_from_slice(format!("<{}>", b.name).as_bytes()),
                }
            }
            text.push(b')');
        }
        if self.tracer.debug.has(Debug::CALL) {
            text.extend_from_slice(b" -> ???\n");
            self.debug_write(&text)?;
            text.clear();
        }
        Ok(text)
    }

    /// When the expansion is there.
    pub(super) fn trace_after(
        &mut self,
        name: &[u8],
        id: u64,
        level: usize,
        args: bool,
        expansion: &[u8],
        waiting: Vec<u8>,
    ) -> Result<(), Stop> {
        let mut text = if std::mem::take(&mut self.tracer.changed) { Vec::new() } else { waiting };
        if self.tracer.debug.has(Debug::CALL) {
            text = self.trace_head(name, id, level);
            if args {
                text.extend_from_slice(b"(...)");
            }
        }
        let shown = std::mem::take(&mut self.tracer.shows_empty) || !expansion.is_empty();
        if self.tracer.debug.has(Debug::EXPANSION) && shown {
            text.extend_from_slice(b" -> ");
            self.push_shown(expansion, &mut text);
        }
        text.push(b'\n');
        self.debug_write(&text)
    }
}
