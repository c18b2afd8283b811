//! mailstats(8): prints the counters of the statistics file.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::path::Path;

use super::tables::{self, EX_NOINPUT, EX_USAGE, complain};
use crate::stats::{self, Connection, Count, Counters, MAILERS, Unfit};
use crate::sys::clock;

const EX_OSERR: u8 = 71;
const EX_OSFILE: u8 = 72;
/// More of a mailer's name is not shown.
const MAX_NAME: usize = 20;

/// How to print.
#[derive(Default)]
struct Style {
    for_programs: bool,
    names: bool,
}

/// Runs mailstats.
pub fn main(argv: &[OsString]) -> u8 {
    const USAGE: &str = "usage: mailstats [-C cffile] [-c] [-P] [-f stfile] [-o] [-p]";
    let (options, words) = match tables::options(argv, b"C:cf:opP") {
        Ok(parsed) => parsed,
        Err(text) => {
            complain(format_args!("{text}\n{USAGE}"));
            return EX_USAGE;
        }
    };
    if !words.is_empty() {
        complain(format_args!("{USAGE}"));
        return EX_USAGE;
    }
    let mut cf = b"/etc/mail/sendmail.cf".to_vec();
    let mut file = None;
    let mut style = Style { names: true, ..Style::default() };
    let mut zero = false;
    for (letter, value) in options {
        match letter {
            b'C' => cf = value,
            b'c' => cf = b"/etc/mail/submit.cf".to_vec(),
            b'f' => file = Some(value),
            b'o' => style.names = false,
            b'P' => style.for_programs = true,
            _ => (style.for_programs, zero) = (true, true),
        }
    }
    let facts = match std::fs::read(tables::path(&cf)) {
        Ok(text) => facts(&text),
        Err(e) => return refuse(&cf, &e),
    };
    let Some(file) = file.or(facts.file) else {
        complain(format_args!("mailstats: no statistics file located"));
        return EX_OSFILE;
    };
    let counters = match read(&tables::path(&file)) {
        Ok(Ok(counters)) => counters,
        Ok(Err(why)) => {
            let shown = String::from_utf8_lossy(&file);
            match why {
                Unfit::Magic => complain(format_args!("mailstats: incorrect magic number in {shown}")),
                Unfit::Version(v) => complain(format_args!(
                    "mailstats version ({}) incompatible with {shown} version ({v})",
                    stats::VERSION
                )),
                Unfit::Size => complain(format_args!("mailstats: file size changed.")),
            }
            return EX_OSERR;
        }
        Err(e) => return refuse(&file, &e),
    };
    let _ = io::stdout().lock().write_all(table(&counters, &facts.mailers, &style).as_bytes());
    if zero {
        // An empty file is one that begins to count anew; who may not write it just looks.
        let _ = std::fs::OpenOptions::new().write(true).truncate(true).open(tables::path(&file));
    }
    0
}

fn refuse(file: &[u8], error: &io::Error) -> u8 {
    let text = error.to_string();
    let why = text.split(" (os error ").next().unwrap_or_default();
    complain(format_args!("mailstats: {}: {why}", String::from_utf8_lossy(file)));
    EX_NOINPUT
}

/// Reads the counters; an empty file begins to count now.
fn read(path: &Path) -> io::Result<Result<Counters, Unfit>> {
    let mut content = Vec::new();
    std::fs::File::open(path)?.take(stats::SIZE as u64).read_to_end(&mut content)?;
    if content.is_empty() {
        return Ok(Ok(Counters::starting(stats::now())));
    }
    Ok(Counters::decode(&content))
}

/// What the configuration says of the statistics: the file, and the names of the mailers by their numbers.
#[derive(Debug, PartialEq, Eq)]
struct Facts {
    file: Option<Vec<u8>>,
    mailers: Vec<Vec<u8>>,
}

fn facts(text: &[u8]) -> Facts {
    let built_in: [&[u8]; 3] = [b"prog", b"*file*", b"*include*"];
    let mut facts = Facts { file: None, mailers: built_in.map(<[u8]>::to_vec).to_vec() };
    for line in text.split(|b| *b == b'\n') {
        match line.split_first() {
            Some((b'M', rest)) => {
                let name = rest.split(|b| *b == b',' || b.is_ascii_whitespace()).next().unwrap_or_default();
                if !facts.mailers.iter().any(|m| m == name) {
                    facts.mailers.push(name.to_vec());
                }
            }
            Some((b'O', rest)) => {
                let value = match rest.strip_prefix(b"S") {
                    Some(value) => value,
                    None => match rest.iter().position(|b| *b == b'=') {
                        Some(at) if rest[..at].trim_ascii().eq_ignore_ascii_case(b"StatusFile") => &rest[at + 1..],
                        _ => continue,
                    },
                };
                let value = value.trim_ascii_start();
                let end = value.iter().position(|b| *b == b'#' || b.is_ascii_whitespace()).unwrap_or(value.len());
                facts.file = Some(value[..end].to_vec()).filter(|file| !file.is_empty()).or(facts.file);
            }
            _ => {}
        }
    }
    facts
}

fn table(counters: &Counters, mailers: &[Vec<u8>], style: &Style) -> String {
    let mut out = String::new();
    if style.for_programs {
        let _ = writeln!(out, "{} {}", counters.since, stats::now());
    } else {
        let _ = writeln!(out, "Statistics from {}", clock::local(counters.since).ctime());
        let name = if style.names { "  Mailer" } else { "" };
        let _ = writeln!(out, " M   msgsfr  bytes_from   msgsto    bytes_to  msgsrej msgsdis msgsqur{name}");
    }
    // A mailer without messages has no line and no part in the sums, whatever its kilobytes.
    let messages = [Count::From, Count::To, Count::Rejected, Count::Discarded, Count::Quarantined];
    let shown: Vec<usize> =
        (0..MAILERS).filter(|mailer| messages.into_iter().any(|count| counters.of(count, *mailer) != 0)).collect();
    for &mailer in &shown {
        let name = mailers.get(mailer).map(|name| String::from_utf8_lossy(name)).unwrap_or_default();
        let name: String = name.chars().take(MAX_NAME).collect();
        let tail = if style.names { format!("  {name}") } else { String::new() };
        let _ = writeln!(out, "{mailer:2}{}{tail}", columns(style, &|count| counters.of(count, mailer)));
    }
    if !style.for_programs {
        let _ = writeln!(out, "{}", "=".repeat(69));
    }
    let _ = writeln!(out, " T{}", columns(style, &|count| counters.total(count, &shown)));
    let of = |kind| counters.connections(kind);
    let (from, to, refused) = (of(Connection::In), of(Connection::Out), of(Connection::Refused));
    let _ = match style.for_programs {
        true => writeln!(out, " C {from:8} {to:8} {refused:6}"),
        false => writeln!(out, " C {from:8}             {to:8}               {refused:6}"),
    };
    out
}

/// The numbers of one line.
fn columns(style: &Style, value: &dyn Fn(Count) -> i64) -> String {
    let unit = if style.for_programs { "" } else { "K" };
    format!(
        " {:8} {:10}{unit} {:8} {:10}{unit}   {:6}  {:6}  {:6}",
        value(Count::From),
        value(Count::FromKilobytes),
        value(Count::To),
        value(Count::ToKilobytes),
        value(Count::Rejected),
        value(Count::Discarded),
        value(Count::Quarantined),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_file_and_mailers() {
        let text = b"# x\nO StatusFile = /a/b # c\nMlocal, P=/x\n\tA=y\nM*file*, P=z\nMsmtp,P=[IPC]\nMlocal, P=q\n";
        let found = facts(text);
        assert_eq!(found.file.as_deref(), Some(&b"/a/b"[..]));
        let names: Vec<_> = found.mailers.iter().map(|m| String::from_utf8_lossy(m)).collect();
        assert_eq!(names, ["prog", "*file*", "*include*", "local", "smtp"]);
        assert_eq!(facts(b"OS/c/d\n").file.as_deref(), Some(&b"/c/d"[..]));
        assert_eq!(facts(b"O StatusFile\n").file, None);
    }

    #[test]
    fn tables_have_their_form() {
        let mut counters = Counters::starting(1);
        counters.add(Count::ToKilobytes, 4, 77);
        counters.add(Count::From, 3, 1);
        counters.add(Count::ToKilobytes, 3, 9);
        let names = facts(b"Mlocal,P=x\n").mailers;
        let text = table(&counters, &names, &Style { for_programs: true, names: true });
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                " 3        1          0        0          9        0       0       0  local",
                " T        1          0        0          9        0       0       0",
                " C        0        0      0",
            ]
        );
        let text = table(&counters, &names, &Style::default());
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                " M   msgsfr  bytes_from   msgsto    bytes_to  msgsrej msgsdis msgsqur",
                " 3        1          0K        0          9K        0       0       0",
                "=====================================================================",
                " T        1          0K        0          9K        0       0       0",
                " C        0                    0                    0",
            ]
        );
    }
}
