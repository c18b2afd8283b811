//! The types that options have: how each is read from text, and how it is shown again.

use crate::cf::problem::{Fault, printable};
use crate::cf::system::System;

/// What reading an option's value may ask and say.
pub struct Context<'a> {
    /// The machine.
    pub system: &'a dyn System,
    /// Where complaints go.
    pub faults: &'a mut Vec<Fault>,
    /// The option's name, for messages.
    pub name: &'static str,
    /// Whether the value comes from a command line.
    pub command_line: bool,
}

impl Context<'_> {
    pub(super) fn error(&mut self, text: String) {
        self.faults.push(Fault::error(text));
    }
}

/// A value that an option can have.
pub trait OptionValue {
    /// Takes over what `text` says.
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>);
    /// The value as it could be written in a configuration.
    fn show(&self) -> Vec<u8>;
}

/// Reads a number as atoi(3) does: what follows the digits is not looked at, and no digits are 0.
pub fn number(text: &[u8]) -> i64 {
    let text = text.trim_ascii_start();
    let (negative, digits) = match text.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, text),
    };
    let n = digits
        .iter()
        .take_while(|b| b.is_ascii_digit())
        .fold(0i64, |n, b| n.saturating_mul(10).saturating_add(i64::from(b - b'0')));
    if negative { -n } else { n }
}

/// Reads a boolean: nothing at all, or a text that starts with `t` or `y`, is true.
pub fn truth(text: &[u8]) -> bool {
    matches!(text.first(), None | Some(b't' | b'T' | b'y' | b'Y'))
}

/// Seconds in a unit letter.
fn unit(letter: u8) -> Option<i64> {
    Some(match letter {
        b's' => 1,
        b'm' => 60,
        b'h' => 3600,
        b'd' => 86_400,
        b'w' => 604_800,
        _ => return None,
    })
}

/// Reads a time such as `1h30m`; a number without unit counts in `default` (`s m h d w`). The units that are none
/// are complained about and read as `default`.
pub fn seconds(text: &[u8], default: u8, faults: &mut Vec<Fault>) -> i64 {
    if text.eq_ignore_ascii_case(b"now") {
        return NOW;
    }
    let mut total = 0i64;
    let mut rest = text;
    while !rest.is_empty() {
        let negative = rest.first() == Some(&b'-');
        let digits = if negative { rest.get(1..).unwrap_or_default() } else { rest };
        let len = digits.iter().take_while(|b| b.is_ascii_digit()).count();
        let n = number(digits);
        rest = digits.get(len..).unwrap_or_default();
        let letter = match rest.split_first() {
            Some((b, tail)) => {
                rest = tail;
                *b
            }
            None => default,
        };
        let each = unit(letter).or_else(|| {
            faults.push(Fault::misuse(format!("Invalid time unit `{}'", printable(&[letter]))));
            unit(default)
        });
        let part = n.saturating_mul(each.unwrap_or(1));
        total = total.saturating_add(if negative { -part } else { part });
    }
    total
}

/// What the time `now` is read as: a bounce at once.
pub const NOW: i64 = 0;

/// Seconds as a configuration would say them.
pub fn show_seconds(mut s: i64) -> String {
    if s <= 0 {
        return if s == 0 { "0".into() } else { format!("{s}s") };
    }
    let mut out = String::new();
    for letter in [b'w', b'd', b'h', b'm', b's'] {
        let each = unit(letter).unwrap_or(1);
        if s >= each {
            out.push_str(&format!("{}{}", s / each, char::from(letter)));
            s %= each;
        }
    }
    out
}

impl OptionValue for bool {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        *self = truth(text);
    }
    fn show(&self) -> Vec<u8> {
        if *self { b"True".to_vec() } else { b"False".to_vec() }
    }
}

impl OptionValue for i64 {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        *self = number(text);
    }
    fn show(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

macro_rules! time_type {
    ($(#[$doc:meta] $name:ident $unit:literal)*) => {$(
        #[$doc]
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub struct $name(
            /// Seconds.
            pub i64,
        );
        impl $name {
            /// The time in seconds.
            pub fn secs(self) -> i64 {
                self.0
            }
        }
        impl OptionValue for $name {
            fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
                self.0 = seconds(text, $unit, ctx.faults);
            }
            fn show(&self) -> Vec<u8> {
                show_seconds(self.0).into_bytes()
            }
        }
    )*};
}
time_type! {
    /// A time whose numbers without unit are seconds; held in seconds.
    Seconds b's'
    /// A time whose numbers without unit are minutes; held in seconds.
    Minutes b'm'
    /// A time whose numbers without unit are hours; held in seconds.
    Hours b'h'
}

/// Text; empty when the option is not set.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Text(Vec<u8>);

impl Text {
    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
    /// The text, if the option is set to one.
    pub fn get(&self) -> Option<&[u8]> {
        (!self.0.is_empty()).then_some(&self.0[..])
    }
    /// The text as a path, if the option is set to one.
    pub fn path(&self) -> Option<&std::path::Path> {
        use std::os::unix::ffi::OsStrExt;
        self.get().map(|t| std::path::Path::new(std::ffi::OsStr::from_bytes(t)))
    }
    /// The text as a template with macros in it.
    pub fn template(&self) -> crate::cf::Template {
        crate::cf::Template::parse(&self.0)
    }
    /// The text for messages.
    pub fn to_display(&self) -> String {
        printable(&self.0)
    }
}

impl From<&str> for Text {
    fn from(s: &str) -> Text {
        Text(s.as_bytes().to_vec())
    }
}

impl OptionValue for Text {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        self.0 = text.to_vec();
    }
    fn show(&self) -> Vec<u8> {
        self.0.clone()
    }
}

/// The texts of an option that may be given several times, each adding one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct TextList(pub Vec<Vec<u8>>);

impl OptionValue for TextList {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        self.0.push(text.to_vec());
    }
    fn show(&self) -> Vec<u8> {
        self.0.join(&b", "[..])
    }
}

/// One octet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Char(pub u8);

impl OptionValue for Char {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        self.0 = text.first().copied().unwrap_or(b' ');
    }
    fn show(&self) -> Vec<u8> {
        vec![self.0]
    }
}

/// A file mode, written in octal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode(pub u32);

impl OptionValue for Mode {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        let text = text.trim_ascii_start();
        let digits = text.iter().take_while(|b| (b'0'..=b'7').contains(b));
        self.0 = digits.fold(0u32, |n, b| (n << 3 | u32::from(b - b'0')) & 0o7777);
    }
    fn show(&self) -> Vec<u8> {
        format!("0{:o}", self.0).into_bytes()
    }
}

/// A user and group that a configuration names.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct UserSpec {
    /// The user id, if one is set.
    pub uid: Option<u32>,
    /// The group id, if one is set.
    pub gid: Option<u32>,
    /// The login name, if the user was named and not numbered.
    pub name: Option<String>,
}

impl UserSpec {
    /// Reads `user[:group]` (also `user.group`); complains with `what` before the fault.
    pub fn parse(text: &[u8], what: &str, system: &dyn System, faults: &mut Vec<Fault>) -> UserSpec {
        let mut spec = UserSpec::default();
        let (user, group) = match text.iter().position(|b| matches!(b, b':' | b'.' | b'/')) {
            Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..)),
            None => (text, None),
        };
        let user = printable(user.trim_ascii());
        if user.starts_with(|c: char| c.is_ascii_digit()) {
            spec.uid = u32::try_from(number(user.as_bytes())).ok();
        } else if let Some(account) = system.user(&user) {
            spec = UserSpec { uid: Some(account.uid), gid: Some(account.gid), name: Some(account.name) };
        } else {
            faults.push(Fault::error(format!("readcf: {what}: unknown user {user}")));
            return spec;
        }
        if let Some(group) = group {
            let group = printable(group.trim_ascii());
            if group.starts_with(|c: char| c.is_ascii_digit()) {
                spec.gid = u32::try_from(number(group.as_bytes())).ok();
            } else if let Some(gid) = system.group(&group) {
                spec.gid = Some(gid);
            } else {
                faults.push(Fault::error(format!("readcf: {what}: unknown group {group}")));
            }
        }
        spec
    }
}

impl OptionValue for UserSpec {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        if ctx.name == "TrustedUser"
            && ctx.system.user(&printable(text)).is_none()
            && !text.iter().all(u8::is_ascii_digit)
        {
            // It has no group.
            return ctx.error(format!("readcf: option TrustedUser: unknown user {}", printable(text)));
        }
        let what = match ctx.name {
            "DefaultUser" => "option u".to_string(),
            name => format!("option {name}"),
        };
        let spec = UserSpec::parse(text, &what, ctx.system, ctx.faults);
        if spec.uid.is_some() {
            *self = spec;
        }
    }
    fn show(&self) -> Vec<u8> {
        let id = |i: Option<u32>| i.map(|i| i.to_string()).unwrap_or_default();
        let user = self.name.clone().unwrap_or_else(|| id(self.uid));
        match self.gid {
            Some(gid) => format!("{user}:{gid}").into_bytes(),
            None => user.into_bytes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        let mut faults = Vec::new();
        assert_eq!(seconds(b"1h30m", b'd', &mut faults), 5400);
        assert_eq!(seconds(b"5", b'd', &mut faults), 432_000);
        assert!(faults.is_empty());
        seconds(b"abc", b'm', &mut faults);
        assert_eq!(faults.len(), 3);
        assert_eq!(show_seconds(5400), "1h30m");
    }

    #[test]
    fn numbers_as_atoi_reads_them() {
        assert_eq!(number(b" 12abc"), 12);
        assert_eq!(number(b"abc"), 0);
        assert_eq!(number(b"-30"), -30);
        assert_eq!(number(b"99999999999999999999"), i64::MAX);
    }
}
