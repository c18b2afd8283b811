//! Mailers: defined twice, programs that are not there, a submission program that would refuse its own host.

use super::Subject;
use super::report::Report;
use crate::cf::load::logical_lines;
use crate::cf::problem::printable;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(super) fn tell(subject: &Subject<'_>, report: &mut Report) {
    twice(subject, report);
    programs(subject, report);
    own_host(subject, report);
}

fn twice(subject: &Subject<'_>, report: &mut Report) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for (line, text) in logical_lines(subject.text) {
        let Some(rest) = text.strip_prefix(b"M") else { continue };
        let end = rest.iter().position(|b| *b == b',' || b.is_ascii_whitespace()).unwrap_or(rest.len());
        let name = printable(rest.get(..end).unwrap_or_default()).to_ascii_lowercase();
        if let Some(first) = seen.insert(name.clone(), line) {
            let text = format!("mailer {name} is defined a second time; line {first} has no effect");
            report.warning(
                "mailer-duplicate",
                subject.name,
                line,
                text,
                "take one of them out, or give it another name",
            );
        }
    }
}

fn programs(subject: &Subject<'_>, report: &mut Report) {
    for mailer in subject.config.mailers.iter().filter(|m| m.line > 0 && m.path.first() == Some(&b'/')) {
        let path = Path::new(OsStr::from_bytes(&mailer.path));
        let shown = path.display();
        let fault = match std::fs::metadata(path) {
            Err(_) => "is not there",
            Ok(_) if mailer.path == b"/dev/null" => continue,
            Ok(meta) if !meta.is_file() => "is no regular file",
            Ok(meta) if meta.permissions().mode() & 0o111 == 0 => "is not executable",
            Ok(meta) if meta.permissions().mode() & 0o002 != 0 => "may be changed by everybody",
            Ok(_) => continue,
        };
        let text = format!("mailer {}: program {shown} {fault}", mailer.name);
        report.warning("mailer-program", subject.name, mailer.line, text, "install it, or change P=");
    }
}

/// A submission program talks to the MTA on its own host: without F=k it takes that for a loop.
fn own_host(subject: &Subject<'_>, report: &mut Report) {
    if !subject.config.options.use_msp {
        return;
    }
    let relay = subject.config.mailers.iter().find(|m| m.name == "relay" && m.is_ipc() && m.line > 0);
    if let Some(mailer) = relay.filter(|m| !m.flags.has(b'k')) {
        let text =
            "mailer relay of a submission program has no F=k: it takes the MTA on this host for a loop".to_string();
        report.warning("msp-loop", subject.name, mailer.line, text, "add k to its F=");
    }
}
