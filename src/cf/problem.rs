//! What is wrong with a configuration, said as the original says it.

use std::fmt;

/// How bad a [`Problem`] is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// Worth a line; the configuration is used as if nothing were wrong.
    Warning,
    /// The line is not used; modes that only look go on, and the program ends with this exit code.
    Error(u8),
    /// The program ends here with this exit code.
    Fatal(u8),
}

/// One fault found while a configuration was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file, as it was named.
    pub file: String,
    /// The line, counted from 1; 0 for a message that is printed without file and line.
    pub line: u32,
    /// The message.
    pub text: String,
    /// What follows from it.
    pub severity: Severity,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return f.write_str(&self.text);
        }
        write!(f, "{}: line {}: {}", self.file, self.line, self.text)
    }
}

/// The exit code that `problems` ask for: that of the last error, else 0.
pub fn exit_code(problems: &[Problem]) -> u8 {
    problems
        .iter()
        .rev()
        .find_map(|p| match p.severity {
            Severity::Error(code) | Severity::Fatal(code) => Some(code),
            Severity::Warning => None,
        })
        .unwrap_or(0)
}

/// Whether one of `problems` ends the program whatever it was asked to do.
pub fn is_fatal(problems: &[Problem]) -> bool {
    problems.iter().any(|p| matches!(p.severity, Severity::Fatal(_)))
}

/// A fault before it is known where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The message.
    pub text: String,
    /// What follows from it.
    pub severity: Severity,
    /// Whether file and line stand before the message.
    pub placed: bool,
    /// On the command line, a program that delivers goes on and ends with EX_USAGE.
    pub usage: bool,
}

/// The exit code for a fault in the configuration that has no better one (EX_SOFTWARE).
const SOFTWARE: u8 = 70;

impl Fault {
    /// An error in a line.
    pub fn error(text: impl Into<String>) -> Fault {
        Fault { text: text.into(), severity: Severity::Error(SOFTWARE), placed: true, usage: false }
    }

    /// A complaint with file and line that changes no exit code.
    pub fn remark(text: impl Into<String>) -> Fault {
        Fault { text: text.into(), severity: Severity::Warning, placed: true, usage: false }
    }

    /// A complaint about a value of which the rest is used.
    pub fn misuse(text: impl Into<String>) -> Fault {
        Fault { usage: true, ..Fault::remark(text) }
    }

    /// A warning printed without file and line.
    pub fn warning(text: impl Into<String>) -> Fault {
        Fault { text: text.into(), severity: Severity::Warning, placed: false, usage: false }
    }

    /// The exit code of a fault that ends the program.
    pub fn ends(&self) -> Option<u8> {
        match self.severity {
            Severity::Fatal(code) => Some(code),
            _ => None,
        }
    }

    /// A fault that ends the program with `code`.
    pub fn fatal(code: u8, text: impl Into<String>) -> Fault {
        Fault { text: text.into(), severity: Severity::Fatal(code), placed: true, usage: false }
    }
}

/// Text from a configuration for a message: octets that are not UTF-8 are shown as the octets' Latin-1 characters.
pub fn printable(text: &[u8]) -> String {
    match std::str::from_utf8(text) {
        Ok(s) => s.to_string(),
        Err(_) => text.iter().map(|b| char::from(*b)).collect(),
    }
}
