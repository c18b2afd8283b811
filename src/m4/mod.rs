//! m4(1): POSIX m4 and what GNU m4 adds, for the configuration tree in `cf/`.
//!
//! [`process`] is the whole face: file names and definitions in, text out through an [`Io`]. The engine itself opens
//! nothing and starts nothing: files, temporary files and commands are what the caller's [`Io`] offers, and the default
//! methods of that trait refuse, so the daemon and `-bC` run macro files that can neither read what they should not nor
//! start a program.
//!
//! Trusts: nobody. Macro programs may loop for ever or grow without end, so [`Limits`] bounds the number of calls, the
//! bytes expanded, the bytes written and the depth of nested calls; reaching one is an error with file and line. Calls
//! nested in arguments live on the heap, not on the stack.
//!
//! Guarantees: the same text, the same messages and the same exit code as GNU m4 1.4.19, except frozen state files
//! (`-F`, `-R`), which are not offered, and `changeword`, which that program has only when built so.
//!
//! Bytes are bytes: character classes and ranges are those of the C locale.
mod builtin;
mod engine;
mod eval;
mod format;
mod input;
mod number;
mod output;
pub mod regex;
mod symbol;
mod token;
mod trace;

use std::io::Write;

pub use trace::Debug;

/// What the engine asks of its surroundings. The default methods refuse.
pub trait Io {
    /// The whole text of a file; the error is the text for the message (`No such file or directory`).
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String>;

    /// The whole standard input.
    fn stdin(&mut self) -> Result<Vec<u8>, String> {
        Ok(Vec::new())
    }

    /// Takes the next piece of the result; `false` if it could not be written.
    fn output(&mut self, text: &[u8]) -> bool;

    /// Takes a piece of text for the standard error: messages, `errprint`, traces.
    fn diagnostic(&mut self, text: &[u8]);

    /// Runs a command of `syscmd` with the standard output as it is; gives what `sysval` shows.
    fn system(&mut self, _command: &[u8]) -> Result<i32, String> {
        Err(OFF.into())
    }

    /// Runs a command of `esyscmd`; gives its output and what `sysval` shows.
    fn capture(&mut self, _command: &[u8]) -> Result<(Vec<u8>, i32), String> {
        Err(OFF.into())
    }

    /// Makes a new file for a template that ends in `XXXXXX`; gives its name.
    fn temporary(&mut self, _template: &[u8]) -> Result<Vec<u8>, String> {
        Err(OFF.into())
    }

    /// The file for traces that `debugfile` names, opened for appending.
    fn debug_file(&mut self, _path: &[u8]) -> Result<Box<dyn Write>, String> {
        Err(OFF.into())
    }
}

const OFF: &str = "switched off";

/// Bounds for one run; reaching one is a fatal error with file and line.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Macro calls in all.
    pub calls: u64,
    /// Bytes that expansions produce in all.
    pub expansion: u64,
    /// Bytes written or diverted in all.
    pub output: u64,
    /// Calls nested in each other's arguments.
    pub nesting: usize,
}

impl Default for Limits {
    /// Far above what a configuration needs, and reached in seconds.
    fn default() -> Self {
        Self { calls: 20_000_000, expansion: 256 << 20, output: 64 << 20, nesting: 100_000 }
    }
}

impl Limits {
    /// No bounds, as m4(1) has none.
    pub const NONE: Self = Self { calls: u64::MAX, expansion: u64::MAX, output: u64::MAX, nesting: usize::MAX };
}

/// One thing to do before or between the files, in the order of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `-D name=value`.
    Define(Vec<u8>, Vec<u8>),
    /// `-U name`.
    Undefine(Vec<u8>),
    /// `-t name`.
    Trace(Vec<u8>),
    /// `-s` that appears among the files.
    SyncLines,
    /// A file to process; `-` is the standard input.
    File(Vec<u8>),
    /// A text to process, with the name that messages give it.
    Text(Vec<u8>, Vec<u8>),
}

/// How a run behaves; the fields are the options of m4(1).
#[derive(Clone, Debug)]
pub struct Options {
    /// `-G`: without the extensions of GNU.
    pub traditional: bool,
    /// `-P`: builtins are called `m4_define` and so on.
    pub prefix: bool,
    /// `-Q`: without warnings about the number of arguments.
    pub quiet: bool,
    /// `-E`: once, warnings make the exit code 1; twice, the first one ends the run.
    pub fatal_warnings: u32,
    /// `-s`: `#line` marks in the output.
    pub sync_lines: bool,
    /// `-I`: folders to search after the current one.
    pub include_path: Vec<Vec<u8>>,
    /// `-L`: nested calls that m4(1) allows, 0 for any number.
    pub nesting_limit: usize,
    /// `-d`: what traces show.
    pub debug: Debug,
    /// `-l`: how much of an argument traces show, 0 for all.
    pub arg_length: usize,
    /// `--debugfile`.
    pub debug_file: Option<Vec<u8>>,
    /// `--warn-macro-sequence`.
    pub warn_sequence: Option<Vec<u8>>,
    /// The name that messages begin with.
    pub program: Vec<u8>,
    /// Bounds for this run.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            traditional: false,
            prefix: false,
            quiet: false,
            fatal_warnings: 0,
            sync_lines: false,
            include_path: Vec::new(),
            nesting_limit: 0,
            debug: Debug::default(),
            arg_length: 0,
            debug_file: None,
            warn_sequence: None,
            program: b"m4".to_vec(),
            limits: Limits::default(),
        }
    }
}

/// Why a run ends before its input does: the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stop(pub u8);

/// Processes `steps` in order and then the wrapped text and the diversions; gives the exit code.
pub fn process(options: &Options, steps: &[Step], io: &mut dyn Io) -> u8 {
    engine::M4::new(options, io).run(steps)
}

#[cfg(test)]
mod tests;
