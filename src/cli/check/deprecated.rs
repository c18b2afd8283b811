//! Settings that still work, and have something better in their place; and those that open more than people think.

use super::Subject;
use super::report::Report;
use crate::cf::load::logical_lines;
use crate::cf::options::by_letter;

/// Options and what to write instead.
const OLD: &[(&str, &str)] = &[
    (
        "UnsafeGroupWrites",
        "write O DontBlameSendmail=GroupWritableForwardFileSafe,GroupWritableIncludeFileSafe where it is meant",
    ),
    ("AutoRebuildAliases", "run newaliases"),
    ("DefaultAuthInfo", "use FEATURE(`authinfo')"),
];

pub(super) fn tell(subject: &Subject<'_>, report: &mut Report) {
    for (line, text) in logical_lines(subject.text) {
        let Some(rest) = text.strip_prefix(b"O") else { continue };
        match rest.split_first() {
            Some((b' ', assignment)) => {
                let end = assignment.iter().position(|b| *b == b'=').unwrap_or(assignment.len());
                let name = assignment.get(..end).unwrap_or_default().trim_ascii();
                if let Some((old, advice)) = OLD.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(name)) {
                    report.warning("deprecated", subject.name, line, format!("option {old} is obsolete"), *advice);
                }
            }
            Some((letter, _)) if *letter != b'M' => {
                if let Some(row) = by_letter(*letter) {
                    let text = format!("O{} is the old form of an option", char::from(*letter));
                    report.warning("deprecated", subject.name, line, text, format!("write O {}=", row.name));
                }
            }
            _ => {}
        }
    }
}
