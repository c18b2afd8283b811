//! Values of options that the program takes without a word and understands as something else.

use super::Subject;
use super::report::Report;
use crate::cf::load::logical_lines;
use crate::cf::options::{Options, ROWS, by_letter};
use crate::cf::problem::printable;

/// Words that mean true or false; only the first letter counts, and only t and y mean true.
const TRUTHS: &[&str] = &["true", "false", "t", "f", "yes", "no", "y", "n"];

pub(super) fn tell(subject: &Subject<'_>, report: &mut Report) {
    let defaults = Options::default();
    for (line, text) in logical_lines(subject.text) {
        let Some(rest) = text.strip_prefix(b"O") else { continue };
        let (name, value) = match rest.split_first() {
            Some((b' ', assignment)) => {
                let text = printable(assignment.split(|b| *b == b'#').next().unwrap_or_default());
                let (name, value) = text.split_once('=').unwrap_or((&text, ""));
                (name.trim().to_string(), value.trim().to_string())
            }
            Some((b'M', _)) | None => continue,
            Some((letter, value)) => match by_letter(*letter) {
                Some(row) => (row.name.to_string(), printable(value).trim().to_string()),
                None => continue,
            },
        };
        let Some(row) = ROWS.iter().find(|r| r.name.eq_ignore_ascii_case(&name)) else { continue };
        let usual = printable(&(row.show)(&defaults));
        let fault = match usual.as_str() {
            "True" | "False" => not_truth(&value),
            number if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => not_number(&value),
            _ => None,
        };
        if let Some((fault, advice)) = fault {
            report.error("bad-value", subject.name, line, format!("option {}: {fault}", row.name), advice);
        }
    }
}

fn not_truth(value: &str) -> Option<(String, &'static str)> {
    let known = value.is_empty() || TRUTHS.iter().any(|t| t.eq_ignore_ascii_case(value));
    (!known).then(|| {
        let means = if value.starts_with(['t', 'T', 'y', 'Y']) { "true" } else { "false" };
        (format!("\"{value}\" is taken for {means}"), "write True or False")
    })
}

fn not_number(value: &str) -> Option<(String, &'static str)> {
    let digits = value.trim_start_matches(['-', '+']);
    let fits = value.is_empty() || digits.starts_with(|c: char| c.is_ascii_digit()) || value.starts_with('$');
    (!fits).then(|| (format!("\"{value}\" is no number and taken for 0"), "write a number"))
}
