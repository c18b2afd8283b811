//! What reading the configuration complained about, with what to write instead.

use super::nearest::advice;
use super::report::{Level, Report};
use super::{Subject, files};
use crate::cf::mailer::FLAGS;
use crate::cf::options::{Blame, Options, Privacy, ROWS};
use crate::cf::problem::{Problem, Severity};
use crate::cf::{Condition, Flags};
use std::path::Path;

/// The classes of maps.
const CLASSES: &[&str] = &[
    "hash", "btree", "cdb", "text", "implicit", "null", "sequence", "switch", "user", "host", "dequote", "regex",
    "arith", "macro", "stab", "program", "syslog", "bestmx", "dns", "socket", "ldap", "arpa", "nis", "nisplus",
    "userdb",
];
/// The fields of a mailer.
const EQUATES: &str = "P= F= S= R= A= E= M= m= L= N= D= /= C= Q= r= W= T= U=";

pub(super) fn tell(subject: &Subject<'_>, problems: &[Problem], report: &mut Report) {
    for p in problems {
        if report.is_full() {
            return;
        }
        let text = p.text.trim();
        let found = classify(text);
        if found.code == "class-file" && files::elsewhere(text, subject.name, p.line, report) {
            continue;
        }
        let level = match p.severity {
            _ if text.contains("No such file or directory") => subject.absent(quoted(text)),
            _ if text.contains("unknown user ") || text.contains("unknown group ") => subject.absent(None),
            // Root reads it; whoever checks may not.
            _ if text.contains("Permission denied") && !nix::unistd::geteuid().is_root() => Level::Warning,
            // The program goes on with a value that nobody wrote.
            Severity::Warning if found.code != "bad-value" => Level::Warning,
            _ => Level::Error,
        };
        report.note(level, found.code, subject.name, p.line, text.to_string(), found.advice);
    }
    flags(subject, report);
}

/// The path in a complaint about a file.
fn quoted(text: &str) -> Option<&Path> {
    text.split_once('\'')?.1.split_once('\'').map(|(path, _)| Path::new(path))
}

struct Kind {
    code: &'static str,
    advice: String,
}

/// What kind of complaint a text is, by the words that the original has for it.
fn classify(text: &str) -> Kind {
    let kind = |code, advice: String| Kind { code, advice };
    let after = |mark: &str| text.split_once(mark).map(|(_, rest)| rest.split(' ').next().unwrap_or_default());
    if let Some(name) = after("unknown option name ") {
        return kind("unknown-option", advice(name, ROWS.iter().map(|r| r.name)));
    }
    if text.contains("ambiguous option name") {
        return kind("unknown-option", "write the whole name".into());
    }
    if let Some(name) = after(" used as abbreviation for ") {
        return kind("abbreviated-option", format!("write {name}"));
    }
    if let Some(name) = after("invalid timeout ") {
        let known = Options::default().timeouts.show();
        let names = known.iter().filter_map(|(n, _)| n.strip_prefix("Timeout.").or(Some(n)));
        return kind("unknown-option", advice(name, names));
    }
    if text.ends_with(" not available") {
        return kind(
            "unknown-map-class",
            after(": class ").map(|c| advice(c, CLASSES.iter().copied())).unwrap_or_default(),
        );
    }
    if text.contains("unknown mailer equate") {
        return kind("unknown-equate", format!("a mailer has {EQUATES}"));
    }
    if text.contains("(tab expected)") {
        return kind("syntax", "separate the two sides by a tab".into());
    }
    if text.starts_with("replacement $") {
        return kind("replacement", "the left-hand side has fewer $* $+ $- $= $~ than that".into());
    }
    if text.starts_with("fileclass: ") {
        return kind("class-file", "make the file, or write -o before its name when it may be missing".into());
    }
    if text.starts_with("Illegal option ") {
        return kind("map-flag", String::new());
    }
    if text.contains("No local mailer") {
        return kind("no-local-mailer", "add an M line for local, or MAILER(`local') to the .mc file".into());
    }
    if text.contains("out of date") {
        return kind("old-level", "begin the file with V10/Berkeley".into());
    }
    if let Some(word) = text.strip_suffix(" unrecognized").and_then(|t| t.rsplit(' ').next()) {
        return kind(
            "bad-value",
            advice(
                word,
                Privacy::NAMES.iter().map(|(n, _)| *n).chain(Blame::NAMES.iter().map(|(n, _)| *n)).chain(["goaway"]),
            ),
        );
    }
    let value = ["nvalid", "nknown", "llegal", "no such", "not found", "pattern-compile-error"]
        .iter()
        .any(|w| text.contains(w));
    let line = ["unknown configuration line", "R line", "name required", "ruleset", "header syntax", "LHS", "RHS"];
    if value && !line.iter().any(|w| text.contains(w)) {
        return kind("bad-value", String::new());
    }
    kind("syntax", String::new())
}

/// Letters in F= that mean nothing: neither to the program nor to an `H?x?` line.
fn flags(subject: &Subject<'_>, report: &mut Report) {
    let config = subject.config;
    let mut asked = Flags::default();
    for header in &config.headers {
        if let Condition::Flags(letters) = &header.condition {
            letters.iter().for_each(|b| asked.add(*b));
        }
    }
    for mailer in config.mailers.iter().filter(|m| m.line > 0) {
        let unknown: String = (33u8..127)
            .filter(|b| mailer.flags.has(*b) && !FLAGS.iter().any(|(f, _)| f == b) && !asked.has(*b))
            .map(char::from)
            .collect();
        if !unknown.is_empty() {
            let text = format!("mailer {}: flags {unknown} in F= mean nothing", mailer.name);
            report.warning(
                "mailer-flag",
                subject.name,
                mailer.line,
                text,
                "take them out, or use them in an H?x? line",
            );
        }
    }
}
