//! Options: `O Name=value`, `Oxvalue`, `-O`, `-o` (sendmail operations guide 5.6).

mod checks;
mod codes;
pub mod ports;
pub mod sets;
pub mod table;
pub mod timeouts;
pub mod value;
pub mod words;

pub use ports::{Family, Modifiers, Port, PortList};
pub use sets::{Blame, Privacy, ResolverFlags};
pub use table::{Options, ROWS, Row};
pub use timeouts::Timeouts;
pub use value::{Char, Hours, Minutes, Mode, Seconds, Text, TextList, UserSpec};
pub use words::{DeliveryMode, EightBit, ErrorMode, MimeLimits, NoRecipient, Probe, QueueSort, SuperSafe, TimeZone};

use super::problem::{Fault, printable};
use super::system::System;
use value::Context;

/// Who sets an option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// A line of the configuration.
    File,
    /// The command line of a caller who may set anything (root, or the program has no rights of its own).
    Trusted,
    /// The command line of an ordinary user.
    Untrusted,
}

/// What [`Options::set`] did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The option's long name, when it exists.
    pub name: Option<&'static str>,
    /// An untrusted caller set an option that is not safe: the program has to give up its rights, then go on.
    pub drop_rights: bool,
    /// What is to be said.
    pub faults: Vec<Fault>,
}

/// What an option's name means.
enum Found {
    Row(&'static Row),
    Abbreviated(&'static Row),
    Ambiguous(&'static str, &'static str),
    Unknown,
}

/// Finds an option by its long name, whatever its case, or by an unambiguous start of it.
fn find(name: &[u8]) -> Found {
    if let Some(row) = ROWS.iter().find(|r| r.name.as_bytes().eq_ignore_ascii_case(name)) {
        return Found::Row(row);
    }
    let starts = |r: &&Row| r.name.as_bytes().get(..name.len()).is_some_and(|p| p.eq_ignore_ascii_case(name));
    let mut hits = ROWS.iter().filter(starts);
    match (hits.next(), hits.next()) {
        (Some(row), None) => Found::Abbreviated(row),
        (Some(a), Some(b)) => Found::Ambiguous(a.name, b.name),
        (None, _) => Found::Unknown,
    }
}

/// Finds an option by its letter.
pub fn by_letter(letter: u8) -> Option<&'static Row> {
    ROWS.iter().find(|r| r.short == Some(letter))
}

impl Options {
    /// Sets the option called `name` (`Name`, or `Name.sub`) to `value`.
    pub fn set(&mut self, name: &[u8], value: &[u8], source: Source, system: &dyn System) -> Setting {
        let mut setting = Setting { name: None, drop_rights: false, faults: Vec::new() };
        if name.is_empty() {
            setting.faults.push(Fault::error("readcf: null option name"));
            return setting;
        }
        let (base, sub) = match name.iter().position(|b| *b == b'.') {
            Some(dot) => (name.get(..dot).unwrap_or_default(), name.get(dot + 1..)),
            None => (name, None),
        };
        let shown = printable(base);
        let row = match find(base) {
            Found::Row(row) => row,
            Found::Abbreviated(row) => {
                let text = format!("Option {shown} used as abbreviation for {}", row.name);
                setting.faults.push(Fault::remark(text));
                row
            }
            Found::Ambiguous(a, b) => {
                let text = format!("readcf: ambiguous option name {shown} (matches {a} and {b})");
                setting.faults.push(Fault::error(text));
                return setting;
            }
            Found::Unknown => {
                setting.faults.push(Fault::error(format!("readcf: unknown option name {shown}")));
                return setting;
            }
        };
        self.apply(row, sub, value, source, system, &mut setting);
        setting
    }

    /// Sets the option of a letter (`Oxvalue`, `-oxvalue`).
    pub fn set_letter(&mut self, letter: u8, value: &[u8], source: Source, system: &dyn System) -> Setting {
        let mut setting = Setting { name: None, drop_rights: false, faults: Vec::new() };
        match by_letter(letter) {
            Some(row) => self.apply(row, None, value, source, system, &mut setting),
            None => {
                setting.faults.push(Fault::error(format!("readcf: unknown option name 0x{letter:x}")));
            }
        }
        setting
    }

    /// Sets `Name=value` as `-O` has it.
    pub fn set_assignment(&mut self, text: &[u8], source: Source, system: &dyn System) -> Setting {
        let text = text.trim_ascii_start();
        let (name, value) = match text.iter().position(|b| *b == b'=') {
            Some(eq) => (text.get(..eq).unwrap_or_default(), text.get(eq + 1..).unwrap_or_default()),
            None => (text, &b""[..]),
        };
        self.set(name.trim_ascii_end(), value.trim_ascii_start(), source, system)
    }

    fn apply(
        &mut self,
        row: &'static Row,
        sub: Option<&[u8]>,
        value: &[u8],
        source: Source,
        system: &dyn System,
        setting: &mut Setting,
    ) {
        setting.name = Some(row.name);
        if self.traced {
            let mut text = format!("setoption {} ({})", row.name, codes::mark(row.name, row.short));
            if let Some(sub) = sub {
                text.push_str(&format!(".{}", printable(sub)));
            }
            setting.faults.push(Fault::warning(format!("{text}={}", printable(value))));
        }
        setting.drop_rights = source == Source::Untrusted && !row.safe;
        let command_line = source != Source::File;
        let mut ctx = Context { system, faults: &mut setting.faults, name: row.name, command_line };
        checks::check(row.name, value, &mut ctx);
        (row.set)(self, sub, value, &mut ctx);
        self.given.insert(row.name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::system::Fixed;

    fn set(options: &mut Options, text: &str) -> Setting {
        options.set_assignment(text.as_bytes(), Source::File, &Fixed { host: "h.test".into() })
    }

    #[test]
    fn names_and_abbreviations() {
        let mut o = Options::default();
        assert!(set(&mut o, "maxhopcount=12").faults.is_empty());
        assert_eq!(o.max_hop_count, 12);
        assert_eq!(set(&mut o, "MaxHop=5").faults[0].text, "Option MaxHop used as abbreviation for MaxHopCount");
        assert_eq!(
            set(&mut o, "Max=5").faults[0].text,
            "readcf: ambiguous option name Max (matches MaxHopCount and MaxMessageSize)"
        );
        assert_eq!(set(&mut o, "NoSuch=1").faults[0].text, "readcf: unknown option name NoSuch");
        set(&mut o, "Timeout.queuereturn=3d");
        assert_eq!(o.timeouts.queuereturn_urgent, 259_200);
    }

    #[test]
    fn unsafe_options_cost_rights() {
        let system = Fixed { host: "h.test".into() };
        let mut o = Options::default();
        assert!(o.set_letter(b'Q', b"/tmp", Source::Untrusted, &system).drop_rights);
        assert!(!o.set_letter(b'd', b"q", Source::Untrusted, &system).drop_rights);
        assert_eq!(o.delivery_mode, DeliveryMode::Queue);
    }
}
