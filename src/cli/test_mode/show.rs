//! `=S`, `=M`, `$=x`, `$x`: what the configuration holds.

use super::TestMode;
use super::output::visible;
use crate::cf::options::UserSpec;
use crate::cf::problem::printable;
use crate::cf::{Config, Macros, Mailer, Template};

/// Macros that a running program has besides those of the configuration: dates, the process, who runs it.
pub(super) fn run_time_macros(macros: &mut Macros) {
    macros.set("_", format!("{}@localhost", login_name()));
    macros.set("{addr_type}", "e r");
    macros.set("{deliveryMode}", "i");
    macros.set("{quarantine}", "");
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let date = crate::sys::clock::local(since.as_secs() as i64).rfc5322();
    macros.set("b", &date);
}

/// Where a member of a class stands in the original's listing: it lists them by a hash of the lower-case text.
fn place(member: &[u8]) -> u32 {
    member.iter().fold(1, |h, b| ((h << 1) ^ u32::from(b.to_ascii_lowercase())) % 2003)
}

fn login_name() -> String {
    let uid = crate::sys::cred::real_uid();
    match crate::sys::passwd::by_uid(uid) {
        Ok(Some(entry)) => printable(&entry.name),
        _ => uid.to_string(),
    }
}

impl TestMode {
    /// `=Sname`: the rules of a set.
    pub(super) fn show_rules(&mut self, name: &[u8]) {
        let mut faults = Vec::new();
        let id = self.config.rulesets.look_up(name, &mut faults);
        for f in &faults {
            self.out.text(&f.text);
        }
        let Some(id) = id else {
            self.out.text(&format!("Undefined ruleset {}", printable(name)));
            return;
        };
        let rules = self.config.rulesets.get(id).map(|s| &*s.rules).unwrap_or_default();
        for rule in rules {
            let mut line = b"R".to_vec();
            line.extend(visible(&rule.shown[0]));
            line.extend_from_slice(b"\t\t");
            line.extend(visible(&rule.shown[1]));
            self.out.line(&line);
        }
    }

    /// `=M`: the mailers.
    pub(super) fn show_mailers(&mut self) {
        for line in mailers(&self.config) {
            self.out.line(&line);
        }
    }

    /// `$=x`: the members of a class.
    pub(super) fn show_class(&mut self, name: &[u8]) {
        let mut at = 0;
        let Some(name) = self.name(name, &mut at) else { return };
        if let Some(class) = self.config.classes.get(name.as_str()) {
            let mut members: Vec<&[u8]> = class.iter().collect();
            members.sort_by_key(|m| place(m));
            for member in members {
                self.out.line(&visible(member));
            }
        }
    }

    /// `$x`: a macro's value, not looked into.
    pub(super) fn show_macro(&mut self, name: &[u8]) {
        let mut at = 0;
        let Some(name) = self.name(name, &mut at) else { return };
        match self.macros.find(&name) {
            Some(value) => self.out.line(&visible(value)),
            None if b"*+-~#@:>?|.[]()&0123456789".contains(name.as_str().as_bytes().first().unwrap_or(&b'x')) => {
                self.out.text(&format!("${}", name.as_str()));
            }
            None => self.out.text("Undefined"),
        }
    }
}

/// The mailers, a line for each.
pub fn mailers(config: &Config) -> Vec<Vec<u8>> {
    config.mailers.iter().enumerate().map(|(i, m)| mailer_line(config, i, m)).collect()
}

fn mailer_line(config: &Config, index: usize, m: &Mailer) -> Vec<u8> {
    let set = |id| config.rulesets.name(id);
    let mut out = format!("mailer {index} ({}): P=", m.name).into_bytes();
    out.extend(visible(&m.path));
    let UserSpec { uid, gid, .. } = m.user;
    let id = |i: Option<u32>| i.map_or_else(|| "-1".to_string(), |i| i.to_string());
    out.extend(
        format!(
            " S={}/{} R={}/{} M={} U={}:{} F={} L={} E=",
            set(m.sender_envelope),
            set(m.sender_header),
            set(m.recipient_envelope),
            set(m.recipient_header),
            m.max_size,
            id(uid),
            id(gid),
            m.flags.letters(),
            m.line_limit
        )
        .bytes(),
    );
    out.extend(visible(&m.eol));
    if let Some(charset) = &m.charset {
        out.extend_from_slice(b" C=");
        out.extend(visible(charset));
    }
    let kind = |i: usize| match m.types.get(i) {
        Some(Some(t)) => printable(t),
        _ => "<undefined>".to_string(),
    };
    out.extend(format!(" T={}/{}/{}", kind(0), kind(1), kind(2)).bytes());
    out.extend(format!(" r={} A=", m.max_recipients).bytes());
    let argv: Vec<Vec<u8>> = m.argv.iter().map(Template::source).collect();
    out.extend(visible(&argv.join(&b" "[..])));
    out
}
