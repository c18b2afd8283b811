//! What was found, and how it is told: a line each, or JSON.

use crate::cf::Origins;
use std::fmt::Write;

/// The most findings of a run; a file with more faults than this is no configuration.
const MAX_FINDINGS: usize = 1000;

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Level {
    /// It does not work: exit 78.
    Error,
    /// It may be meant so.
    Warning,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

/// One problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line; 0 for the file as a whole.
    pub line: u32,
    /// How bad it is.
    pub level: Level,
    /// The kind of problem, for programs: it does not change.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to write or to do; may be empty.
    pub advice: String,
    /// The word of the `.mc` file that the line is there for, with its place.
    pub origin: Option<String>,
}

/// All that was found in a file.
#[derive(Debug)]
pub struct Report {
    file: String,
    findings: Vec<Finding>,
}

impl Report {
    /// Nothing found yet.
    pub fn new(file: &str) -> Report {
        Report { file: file.to_string(), findings: Vec::new() }
    }

    /// What was found.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Whether nothing more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.findings.len() >= MAX_FINDINGS
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    pub(super) fn add(&mut self, finding: Finding) {
        let known = |f: &Finding| {
            (&f.file, f.line, f.code, &f.message) == (&finding.file, finding.line, finding.code, &finding.message)
        };
        if self.findings.len() < MAX_FINDINGS && !self.findings.iter().any(known) {
            self.findings.push(finding);
        }
    }

    pub(super) fn error(
        &mut self,
        code: &'static str,
        file: &str,
        line: u32,
        message: String,
        advice: impl Into<String>,
    ) {
        self.note(Level::Error, code, file, line, message, advice);
    }

    pub(super) fn warning(
        &mut self,
        code: &'static str,
        file: &str,
        line: u32,
        message: String,
        advice: impl Into<String>,
    ) {
        self.note(Level::Warning, code, file, line, message, advice);
    }

    pub(super) fn note(
        &mut self,
        level: Level,
        code: &'static str,
        file: &str,
        line: u32,
        message: String,
        advice: impl Into<String>,
    ) {
        let file = file.to_string();
        self.add(Finding { file, line, level, code, message, advice: advice.into(), origin: None });
    }

    /// Adds where the lines come from.
    pub(super) fn explain(&mut self, origins: &Origins) {
        for f in self.findings.iter_mut().filter(|f| f.origin.is_none() && f.line > 0) {
            f.origin = origins.of(f.line).map(str::to_string);
        }
    }

    /// By file and line.
    pub(super) fn sort(&mut self) {
        self.findings.sort_by(|a, b| (&a.file, a.line, a.level).cmp(&(&b.file, b.line, b.level)));
    }

    fn count(&self, level: Level) -> usize {
        self.findings.iter().filter(|f| f.level == level).count()
    }

    /// 78 (EX_CONFIG) when there are errors.
    pub fn exit_code(&self) -> u8 {
        if self.count(Level::Error) > 0 { 78 } else { 0 }
    }

    /// A line for each finding: `file:line: error: message; advice [code] (origin)`.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for f in &self.findings {
            let _ = write!(out, "{}:", clean(&f.file));
            if f.line > 0 {
                let _ = write!(out, "{}:", f.line);
            }
            let _ = write!(out, " {}: {}", f.level.name(), clean(&f.message));
            if !f.advice.is_empty() {
                let _ = write!(out, "; {}", clean(&f.advice));
            }
            let _ = write!(out, " [{}]", f.code);
            if let Some(origin) = &f.origin {
                let _ = write!(out, " ({})", clean(origin));
            }
            out.push('\n');
        }
        out
    }

    /// The same for programs; the format is described in sendmail(8).
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"format\":1,\"file\":");
        quote(&mut out, &self.file);
        let _ = write!(
            out,
            ",\"errors\":{},\"warnings\":{},\"problems\":[",
            self.count(Level::Error),
            self.count(Level::Warning)
        );
        for (i, f) in self.findings.iter().enumerate() {
            out.push_str(if i > 0 { ",\n{\"file\":" } else { "\n{\"file\":" });
            quote(&mut out, &f.file);
            let _ = write!(
                out,
                ",\"line\":{},\"severity\":\"{}\",\"code\":\"{}\",\"message\":",
                f.line,
                f.level.name(),
                f.code
            );
            quote(&mut out, &f.message);
            out.push_str(",\"advice\":");
            quote(&mut out, &f.advice);
            out.push_str(",\"origin\":");
            match &f.origin {
                Some(origin) => quote(&mut out, origin),
                None => out.push_str("null"),
            }
            out.push('}');
        }
        out.push_str("]}\n");
        out
    }
}

/// Text for a terminal: one line, no control characters.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '?'
            } else {
                c
            }
        })
        .collect()
}

fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let mut r = Report::new("a.cf");
        r.warning("deprecated", "a.cf", 9, "old".into(), "");
        r.error("syntax", "a.cf", 3, "tab \t \"here\" \u{1}".into(), "write this");
        r.error("syntax", "a.cf", 3, "tab \t \"here\" \u{1}".into(), "write this");
        r.sort();
        assert_eq!(
            r.to_text(),
            "a.cf:3: error: tab   \"here\" ?; write this [syntax]\na.cf:9: warning: old [deprecated]\n"
        );
        assert!(
            r.to_json().starts_with("{\"format\":1,\"file\":\"a.cf\",\"errors\":1,\"warnings\":1,\"problems\":[\n{")
        );
        assert!(r.to_json().contains("tab \\t \\\"here\\\" \\u0001"));
        assert_eq!(r.exit_code(), 78);
    }
}
