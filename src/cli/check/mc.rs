//! `.mc` files: through our own m4 and the tree in the binary, with commands switched off; then what came out is looked at
//! like any configuration, and what is found there is told at the line of the `.mc` file that it goes back to.

use super::nearest::{advice, nearest};
use super::report::{Finding, Level, Report};
use crate::cli::built_in::TREE;
use crate::m4::{Io, Limits, Options, Step, process};
use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Where m4 believes the tree to be.
const ROOT: &str = "built-in/";
/// The most that is read of an included file, and of all together.
const MAX_FILE: u64 = 1 << 20;
const MAX_TOTAL: u64 = 16 << 20;
/// Bounds that no configuration comes near.
const LIMITS: Limits = Limits { calls: 400_000, expansion: 64 << 20, output: 16 << 20, nesting: 20_000 };

/// The most unknown words that are compared with those of the tree.
const MAX_COMPARED: usize = 200;

/// The words that open a relay, or that have a better one.
const RISKY: &[(&str, &str, &str, &str)] = &[
    (
        "promiscuous_relay",
        "open-relay",
        "lets everybody relay through this host",
        "use RELAY_DOMAIN or FEATURE(`access_db')",
    ),
    ("relay_local_from", "open-relay", "lets everybody relay who writes a sender of this host", "use SMTP AUTH"),
    ("relay_mail_from", "open-relay", "lets everybody relay who writes a sender that is listed", "use SMTP AUTH"),
    ("blacklist_recipients", "deprecated", "has another name now", "write FEATURE(`blocklist_recipients')"),
];

struct CheckIo<'a> {
    name: &'a str,
    text: &'a [u8],
    read: u64,
    output: Vec<u8>,
    messages: Vec<u8>,
}

impl Io for CheckIo<'_> {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        if path == self.name.as_bytes() {
            return Ok(self.text.to_vec());
        }
        let shown = String::from_utf8_lossy(path);
        let inside = shown.strip_prefix(ROOT).or_else(|| shown.ends_with("m4/cf.m4").then_some("m4/cf.m4"));
        if let Some(text) = inside.and_then(tree) {
            return Ok(text.to_vec());
        }
        let path = Path::new(OsStr::from_bytes(path));
        let beside = Path::new(self.name).parent().map(|p| p.join(path)).unwrap_or_default();
        let found = [path, &beside].into_iter().find(|p| p.is_file()).ok_or("No such file or directory")?;
        let mut text = Vec::new();
        let file = std::fs::File::open(found).map_err(|_| "Permission denied")?;
        file.take(MAX_FILE).read_to_end(&mut text).map_err(|e| e.to_string())?;
        self.read += text.len() as u64;
        if self.read > MAX_TOTAL {
            return Err("too much included".into());
        }
        Ok(text)
    }

    fn output(&mut self, text: &[u8]) -> bool {
        self.output.extend_from_slice(text);
        true
    }

    fn diagnostic(&mut self, text: &[u8]) {
        if self.messages.len() < 1 << 20 {
            self.messages.extend_from_slice(text);
        }
    }
}

fn tree(path: &str) -> Option<&'static [u8]> {
    TREE.iter().find(|(name, _)| *name == path).map(|(_, text)| *text)
}

/// The names of the tree's files in a folder.
fn names(folder: &str) -> impl Iterator<Item = &'static str> {
    let start = format!("{folder}/");
    TREE.iter().filter_map(move |(name, _)| name.strip_prefix(&start)?.strip_suffix(".m4"))
}

/// Makes the configuration; what m4 and the tree complain about goes to `report`.
pub(super) fn build(name: &str, text: &[u8], report: &mut Report) -> Option<Vec<u8>> {
    let source = String::from_utf8_lossy(text);
    words(name, &source, report);
    let mut io = CheckIo { name, text, read: 0, output: Vec::new(), messages: Vec::new() };
    let procmail: &[u8] = if Path::new("/usr/bin/procmail").exists() { b"yes" } else { b"no" };
    let mut steps =
        vec![Step::Define(b"_CF_DIR_".to_vec(), ROOT.into()), Step::Define(b"_PROCMAIL_".to_vec(), procmail.to_vec())];
    let includes = source.lines().any(|l| l.trim_start().starts_with("include(") && l.contains("m4/cf.m4"));
    if !includes {
        steps.push(Step::File([ROOT.as_bytes(), b"m4/cf.m4"].concat()));
    }
    steps.push(Step::File(name.into()));
    let options = Options { limits: LIMITS, ..Options::default() };
    let code = process(&options, &steps, &mut io);
    let messages = String::from_utf8_lossy(&io.messages).into_owned();
    for line in joined(&messages) {
        message(name, &source, &line, report);
    }
    if code != 0 && messages.trim().is_empty() {
        report.error("m4", name, 0, format!("m4 ends with exit code {code}"), "");
    }
    (!io.output.is_empty()).then_some(io.output)
}

/// The messages, each in one line: a line that begins with a blank goes on with the one before.
fn joined(messages: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in messages.lines().filter(|l| !l.trim().is_empty()) {
        match out.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push(' ');
                last.push_str(line.trim());
            }
            _ => out.push(line.to_string()),
        }
    }
    out
}

/// One line of what m4 or the tree said.
fn message(name: &str, source: &str, line: &str, report: &mut Report) {
    if let Some(rest) = line.strip_prefix("m4:") {
        let mut parts = rest.splitn(3, ':');
        let (file, number) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (number, text) = match (number.parse::<u32>(), parts.next()) {
            (Ok(n), Some(text)) => (n, text.trim()),
            _ => (0, rest.trim()),
        };
        let file = if number > 0 { file } else { name };
        // In the tree: what the site wrote led there.
        let (file, number) = if file.starts_with(ROOT) { (name, 0) } else { (file, number) };
        if let Some((kind, word)) = missing(text) {
            let number = if number > 0 { number } else { line_with(source, &word) };
            let hint = advice(&word, names(kind));
            let (kind, code) = (kind.to_ascii_uppercase(), "unknown-feature");
            return report.error(code, file, number, format!("there is no {kind}({word})"), hint);
        }
        if text.contains("cannot run command") {
            return report.warning("not-run", file, number, text.to_string(), "commands are not run by a check");
        }
        let level = if text.starts_with("Warning:") { Level::Warning } else { Level::Error };
        return report.note(level, "m4", file, number, text.to_string(), "");
    }
    let text = line.trim_start_matches(['*', ' ']);
    let (level, text) = match text.split_once(": ") {
        Some(("WARNING", text)) => (Level::Warning, text),
        Some(("ERROR", text)) => (Level::Error, text),
        _ => (Level::Warning, text),
    };
    let told = |(feature, ..): &(&str, &str, &str, &str)| {
        text.contains(&format!("FEATURE(`{feature}')")) || text.contains(&format!("FEATURE({feature})"))
    };
    if level == Level::Warning && RISKY.iter().any(told) {
        return;
    }
    let at = if text.contains("before MAILER()") { feature_after_mailer(source) } else { 0 };
    report.note(level, "mc", name, at, text.to_string(), "");
}

/// The folder and name of a file of the tree that is not there: ``cannot open `built-in/feature/x.m4'``.
fn missing(text: &str) -> Option<(&'static str, String)> {
    let path = text.split_once("cannot open `")?.1.split_once('\'')?.0.strip_prefix(ROOT)?;
    let (folder, file) = path.split_once('/')?;
    let kind = ["feature", "mailer", "ostype", "domain", "hack"].into_iter().find(|k| *k == folder)?;
    Some((kind, file.strip_suffix(".m4").unwrap_or(file).to_string()))
}

fn line_with(source: &str, word: &str) -> u32 {
    let at = source.lines().position(|l| !l.trim_start().starts_with("dnl") && l.contains(word));
    at.and_then(|n| u32::try_from(n + 1).ok()).unwrap_or_default()
}

fn feature_after_mailer(source: &str) -> u32 {
    let lines: Vec<&str> = source.lines().collect();
    let mailer = lines.iter().position(|l| l.starts_with("MAILER(")).unwrap_or_default();
    let feature = lines.iter().skip(mailer).position(|l| l.starts_with("FEATURE("));
    feature.and_then(|n| u32::try_from(mailer + n + 1).ok()).unwrap_or_default()
}

/// Words that look like misspelt ones of the tree, and features with a catch.
fn words(name: &str, source: &str, report: &mut Report) {
    let known = known_words();
    // What the file itself defines.
    let own: BTreeSet<&str> =
        source.split("define(`").skip(1).filter_map(|rest| Some(rest.split_once('\'')?.0)).collect();
    let mut number = 0;
    let mut compared = 0;
    for line in source.lines() {
        number += 1;
        let line = line.trim_start();
        let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(line.len());
        let (word, rest) = line.split_at(end);
        if rest.starts_with('(')
            && word.len() > 3
            && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
            && !known.contains(word)
            && compared < MAX_COMPARED
            && !own.contains(word)
        {
            compared += 1;
            let Some(best) = nearest(word, known.iter().map(String::as_str)) else { continue };
            report.error("unknown-word", name, number, format!("there is no {word}"), format!("write {best}"));
        }
        if let Some(defined) = line.strip_prefix("define(`").and_then(|l| l.split('\'').next()) {
            let conf = defined.starts_with("conf");
            if conf && !known.contains(defined) && compared < MAX_COMPARED {
                compared += 1;
                let near = advice(defined, known.iter().map(String::as_str).filter(|k| k.starts_with("conf")));
                report.warning("unknown-word", name, number, format!("nothing reads {defined}"), near);
            }
        }
        if let Some(feature) = line.strip_prefix("FEATURE(").map(|l| l.trim_start_matches('`')) {
            let feature = feature.split(['\'', ')', ',']).next().unwrap_or_default();
            if let Some((_, code, what, hint)) = RISKY.iter().find(|(f, ..)| *f == feature) {
                report.warning(code, name, number, format!("FEATURE({feature}) {what}"), *hint);
            }
        }
    }
}

/// Every word in capitals, and every `conf` word, that the tree mentions.
fn known_words() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for (_, text) in TREE {
        for word in text.split(|b| !(b.is_ascii_alphanumeric() || *b == b'_')) {
            let conf = word.starts_with(b"conf") && word.len() > 4;
            let capitals =
                word.len() > 3 && word.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
            if conf || capitals {
                words.insert(String::from_utf8_lossy(word).into_owned());
            }
        }
    }
    words
}

/// A `.mc` file by lines, with what was looked for before.
struct Source<'s> {
    name: &'s str,
    text: &'s str,
    /// The lines, by text.
    lines: HashMap<&'s str, Vec<u32>>,
    words: HashMap<String, u32>,
}

/// Tells what was found in the configuration at the places of the `.mc` file.
pub(super) fn place(name: &str, mc: &[u8], built: &[u8], inner: Report, report: &mut Report) {
    let text = String::from_utf8_lossy(mc);
    let mut source = Source { name, text: &text, lines: HashMap::new(), words: HashMap::new() };
    for (number, line) in (1..).zip(text.lines()) {
        source.lines.entry(line.trim_end()).or_default().push(number);
    }
    let lines: Vec<&[u8]> = built.split(|b| *b == b'\n').collect();
    for finding in inner.into_findings() {
        let raw = usize::try_from(finding.line).ok().and_then(|n| lines.get(n.checked_sub(1)?)).copied();
        report.add(source.placed(raw.unwrap_or_default(), finding));
    }
}

impl Source<'_> {
    fn placed(&mut self, raw: &[u8], mut finding: Finding) -> Finding {
        if finding.line == 0 {
            return finding;
        }
        finding.message = format!("{} (line {} of what m4 makes)", finding.message, finding.line);
        let raw = String::from_utf8_lossy(raw);
        let raw = raw.trim_end();
        let marked = finding.origin.as_deref().and_then(|o| o.split_once(' ')?.1.rsplit_once(':'));
        let (file, line) = marked.map_or((self.name, 0), |(file, line)| (file, line.parse().unwrap_or_default()));
        let from = if file == self.name { line } else { 0 };
        // The site's own lines come through as they are.
        let same = self.lines.get(raw).filter(|_| !raw.is_empty());
        let own = same.and_then(|at| at.get(at.partition_point(|n| *n <= from)).copied());
        let (file, line) = match own {
            Some(own) => (self.name.to_string(), own),
            None if line > 0 => (file.to_string(), line),
            None => {
                let word = option(raw).or_else(|| raw.split_once('(').map(|(word, _)| format!("{word}(")));
                (self.name.to_string(), word.map_or(0, |word| self.with(word)))
            }
        };
        finding.file = file;
        finding.line = line;
        finding
    }

    /// The first line that has the word.
    fn with(&mut self, word: String) -> u32 {
        let text = self.text;
        *self.words.entry(word).or_insert_with_key(|word| line_with(text, word))
    }
}

/// The word of the `.mc` file that an `O` line is made from.
fn option(raw: &str) -> Option<String> {
    let name = raw.strip_prefix("O ")?.split(['=', '.']).next()?.trim();
    let rows = String::from_utf8_lossy(tree("m4/options.m4")?);
    let rest = rows.split_once(&format!("(`{name}', `"))?.1;
    Some(rest.split_once('\'')?.0.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_tree() {
        assert!(known_words().contains("confMAX_HOP"));
        assert!(known_words().contains("RELAY_DOMAIN"));
        assert!(names("feature").any(|n| n == "access_db"));
        assert_eq!(option("O MaxHopCount=x").as_deref(), Some("confMAX_HOP"));
        assert_eq!(missing("cannot open `built-in/feature/acces_db.m4': No").unwrap().1, "acces_db");
    }
}
