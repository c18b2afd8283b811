//! Names that are used and never set, or called and not there: macros, classes, maps, rule sets.

use super::Subject;
use super::nearest::{advice, nearest};
use super::report::{Level, Report};
use crate::cf::class::ClassId;
use crate::cf::load::logical_lines;
use crate::cf::problem::printable;
use crate::cf::ruleset::{MAX_RULESETS, Part, Pattern, Rule};
use crate::cf::template::{Op, Sym, read_name, translate};
use crate::cf::{Config, MacroName, RulesetId};
use crate::rewrite::token::Mark;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Macros that the program sets while it works.
const RUN_TIME: &[&str] = &[
    "_",
    "a",
    "b",
    "c",
    "d",
    "e",
    "f",
    "g",
    "h",
    "i",
    "l",
    "m",
    "o",
    "p",
    "q",
    "r",
    "s",
    "t",
    "u",
    "x",
    "y",
    "z",
    "addr_type",
    "alg_bits",
    "auth_authen",
    "auth_author",
    "auth_ssf",
    "auth_type",
    "bodytype",
    "cert_altnames",
    "cert_fp",
    "cert_issuer",
    "cert_md5",
    "cert_subject",
    "cipher",
    "cipher_bits",
    "client_addr",
    "client_connections",
    "client_flags",
    "client_name",
    "client_port",
    "client_ptr",
    "client_rate",
    "client_resolve",
    "cn_issuer",
    "cn_subject",
    "currHeader",
    "daemon_addr",
    "daemon_family",
    "daemon_flags",
    "daemon_info",
    "daemon_name",
    "daemon_port",
    "deliveryMode",
    "dsn_envid",
    "dsn_notify",
    "dsn_ret",
    "envid",
    "hdr_name",
    "hdrlen",
    "if_addr",
    "if_addr_out",
    "if_family",
    "if_family_out",
    "if_name",
    "if_name_out",
    "load_avg",
    "mail_addr",
    "mail_from",
    "mail_host",
    "mail_mailer",
    "msg_id",
    "msg_size",
    "nbadrcpts",
    "nrcpts",
    "ntries",
    "opMode",
    "quarantine",
    "queue_interval",
    "rcpt_addr",
    "rcpt_host",
    "rcpt_mailer",
    "server_addr",
    "server_name",
    "sts_sni",
    "time",
    "tls_version",
    "total_rate",
    "verify",
    "msp_host",
    "c_s",
    "s_s",
    "auth_params",
    "rcpt_orcpt",
    "milter_state",
    "ssl_version",
    "TLS_Name",
    "sendmailMTACluster",
];
/// Macros and classes of the macro trees that stand for something a site may leave out.
const OPTIONAL_MACROS: &str = "BCDFHLMRSUVWXYZ";
const OPTIONAL_CLASSES: &[&str] = &[
    "B",
    "E",
    "G",
    "L",
    "M",
    "N",
    "R",
    "U",
    "V",
    "W",
    "X",
    "Y",
    "Z",
    "O",
    "P",
    "t",
    "Accept",
    "Canonify",
    "LDAPRoute",
    "LDAPRouteEquiv",
    "ResOk",
    "m",
    "w",
    "k",
    "TrustAuthMech",
    "VirtHost",
    "SpamTag",
    "VirtHostRelay",
    "LDAPRouteDetour",
    "src",
];
/// The most names that a misspelt one is compared with.
const MAX_KNOWN: usize = 2000;
/// Maps that are there without a K line.
const BUILT_IN_MAPS: &[&str] = &["host", "aliases", "aliases.files", "users"];

pub(super) fn tell(subject: &Subject<'_>, report: &mut Report) {
    macros(subject, report);
    classes(subject, report);
    let config = subject.config;
    let maps: BTreeSet<String> = config.maps.iter().map(|m| m.name.to_ascii_lowercase()).collect();
    for rule in all_rules(config) {
        if report.is_full() {
            return;
        }
        called(subject, rule, &maps, report);
    }
    for header in &config.headers {
        if let Some(check) = &header.check {
            set(subject, &check.ruleset, header.line, report);
        }
    }
}

/// What the lines of a configuration do with macros.
#[derive(Default)]
struct Uses {
    set: BTreeSet<MacroName>,
    tested: BTreeSet<MacroName>,
    used: BTreeMap<MacroName, u32>,
}

impl Uses {
    fn line(&mut self, number: u32, text: &[u8]) {
        let syms = translate(text, true, &mut |_| ());
        let start = match text.first() {
            Some(b'D') => 1,
            Some(b'O') if text.get(1) == Some(&b'M') => 2,
            _ => 0,
        };
        if start > 0
            && let Some(name) = read_name(text, &mut { start }, &mut |_| ())
        {
            self.set.insert(name);
        }
        let mut words = Vec::new();
        for sym in &syms {
            match sym {
                Sym::Op(Op::Macro(name) | Op::Late(name)) => {
                    self.used.entry(name.clone()).or_insert(number);
                }
                Sym::Op(Op::If(name)) => {
                    self.tested.insert(name.clone());
                }
                Sym::Byte(b) => words.push(*b),
                Sym::Op(_) => words.push(b' '),
            }
        }
        // The macro map gets the name as a word: $(storage {name} $@ value $)
        if text.first() == Some(&b'R') {
            for word in words.split(u8::is_ascii_whitespace) {
                if word.first() == Some(&b'{')
                    && let Some(name) = read_name(word, &mut 0, &mut |_| ())
                {
                    self.set.insert(name);
                }
            }
        }
        if text.starts_with(b"H?$")
            && let Some(name) = read_name(text, &mut 3, &mut |_| ())
        {
            self.tested.insert(name);
        }
    }
}

fn macros(subject: &Subject<'_>, report: &mut Report) {
    let mut uses = Uses::default();
    for (number, text) in logical_lines(subject.text) {
        if !matches!(text.first(), None | Some(b'#')) {
            uses.line(number, &text);
        }
    }
    let mut known: Vec<String> = uses.set.iter().take(MAX_KNOWN).map(|n| n.as_str().to_string()).collect();
    known.extend(RUN_TIME.iter().map(|n| n.to_string()));
    for (name, line) in &uses.used {
        let plain = name.as_str();
        let optional = plain.len() == 1 && OPTIONAL_MACROS.contains(plain);
        let there = uses.set.contains(name)
            || uses.tested.contains(name)
            || RUN_TIME.contains(&plain)
            || subject.config.macros.find(name).is_some();
        if report.is_full() {
            return;
        }
        if optional || there {
            continue;
        }
        let hint = match nearest(plain, known.iter().map(String::as_str).filter(|k| k.len() > 2)) {
            Some(near) => format!("write ${{{near}}}"),
            None => format!("set it by D{}", name.braced()),
        };
        report.warning(
            "macro-unset",
            subject.name,
            *line,
            format!("macro ${} is used and never set", name.braced()),
            hint,
        );
    }
}

fn classes(subject: &Subject<'_>, report: &mut Report) {
    let config = subject.config;
    let lines: BTreeSet<&MacroName> = config.origins.classes().collect();
    let unset: HashMap<ClassId, &MacroName> = config
        .classes
        .all()
        .filter(|(name, id)| {
            let filled = config.classes.by_id(*id).is_some_and(|c| c.iter().next().is_some());
            !filled && !lines.contains(name) && !OPTIONAL_CLASSES.contains(&name.as_str())
        })
        .map(|(name, id)| (id, name))
        .collect();
    let mut told = HashSet::new();
    for rule in all_rules(config) {
        for pattern in &rule.lhs {
            let (Pattern::Class(class) | Pattern::NotClass(class)) = pattern else { continue };
            let Some(name) = unset.get(class).filter(|_| told.insert(*class)) else { continue };
            let text = format!("class $={} is used and never set", name.braced());
            report.warning("class-unset", subject.name, rule.line, text, format!("fill it by C{}", name.braced()));
        }
    }
}

/// The rules of all sets.
fn all_rules(config: &Config) -> impl Iterator<Item = &Rule> {
    let sets = (0..MAX_RULESETS).filter_map(|id| config.rulesets.get(RulesetId(id)));
    sets.flat_map(|set| &set.rules)
}

/// Rule sets and maps that a rule calls.
fn called(subject: &Subject<'_>, rule: &Rule, known: &BTreeSet<String>, report: &mut Report) {
    let pool = &subject.config.rulesets.pool;
    for pair in rule.rhs.windows(2) {
        let [Part::Op(mark), Part::Word(word)] = pair else { continue };
        let text = printable(pool.text(*word));
        match mark {
            Mark::Call => set(subject, text.trim_matches('"'), rule.line, report),
            Mark::MapBegin if !has_map(known, &text) => {
                let maps = subject
                    .config
                    .maps
                    .iter()
                    .take(MAX_KNOWN)
                    .map(|m| m.name.as_str())
                    .chain(BUILT_IN_MAPS.iter().copied());
                let near = advice(&text, maps);
                let hint = if near.is_empty() { format!("declare it: K{text} class arguments") } else { near };
                let level = if subject.is_sites(rule.line) { Level::Error } else { Level::Warning };
                let text = format!("map {text} is used and no K line declares it");
                report.note(level, "map-undeclared", subject.name, rule.line, text, hint);
            }
            _ => {}
        }
    }
}

fn has_map(known: &BTreeSet<String>, name: &str) -> bool {
    let alias =
        |n: &str| n.strip_prefix("alias").is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
    let lower = name.to_ascii_lowercase();
    known.contains(&lower) || BUILT_IN_MAPS.contains(&lower.as_str()) || alias(&lower)
}

/// A rule set that is called by name or number.
fn set(subject: &Subject<'_>, name: &str, line: u32, report: &mut Report) {
    let sets = &subject.config.rulesets;
    let found = sets.find(name);
    let there = found.and_then(|id| sets.get(id)).is_some_and(|s| s.defined || !s.rules.is_empty());
    if there {
        return;
    }
    // A name that a mailer mentions has a number, and calling it does nothing; other names end the run.
    let level = if found.is_some() { Level::Warning } else { Level::Error };
    let all: Vec<String> = (0..MAX_RULESETS)
        .map(RulesetId)
        .filter(|id| sets.get(*id).is_some_and(|s| s.defined))
        .map(|id| sets.name(id))
        .collect();
    let near = advice(name, all.iter().map(String::as_str).filter(|n| n.len() > 2));
    let hint = if near.is_empty() { format!("define it: S{name}") } else { near };
    report.note(
        level,
        "ruleset-undefined",
        subject.name,
        line,
        format!("rule set {name} is called and not defined"),
        hint,
    );
}
