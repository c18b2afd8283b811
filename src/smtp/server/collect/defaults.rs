//! The fields that `H` lines of the configuration add to a message: `Received:` always, the others where the message has none
//! (operations guide 5.5).

use crate::cf::{Condition as Wanted, Config, HeaderDef, Macros};
use crate::header::known::kind;
use crate::header::{Condition, Field, Headers};
use crate::text::Line;

/// What a message says about the fields it lacks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults {
    /// It has `Resent-` fields, so that the sender of this copy is told by those.
    pub resent: bool,
}

/// Puts the configuration's fields in front of those that the message has.
pub fn add(config: &Config, macros: &Macros, headers: &mut Headers) -> Defaults {
    let resent = headers.fields.iter().any(|f| kind(&f.name).resent);
    let mut added: Vec<Field> = Vec::new();
    for def in &config.headers {
        let Some(template) = &def.template else { continue };
        let kind = kind(&def.name);
        let ours = kind.trace || def.name.eq_ignore_ascii_case(b"Return-Path");
        if kind.resent && !resent || !ours && has(headers, &def.name) {
            continue;
        }
        // `$g`, `$u` and `$h` differ from mailer to mailer.
        let late = kind.own && template.mentions("g");
        let value = if late { template.source() } else { macros.expand(template) };
        if value.trim_ascii().is_empty() {
            continue;
        }
        let Ok(name) = Line::new(def.name.clone()) else { continue };
        let value = [b" ", value.trim_ascii_start()].concat();
        added.push(Field { name, value, condition: condition(def), template: late });
    }
    // The mail system writes this one at final delivery (RFC 5321 4.4); what a client sent is dropped.
    headers.fields.retain(|f| !f.name.eq_ignore_ascii_case(b"Return-Path"));
    for field in headers.fields.iter_mut().filter(|f| f.name.eq_ignore_ascii_case(b"Full-Name")) {
        field.condition = Some(Condition::MailerFlags("x".into()));
    }
    added.append(&mut headers.fields);
    headers.fields = added;
    Defaults { resent }
}

fn has(headers: &Headers, name: &[u8]) -> bool {
    headers.fields.iter().any(|f| f.name.eq_ignore_ascii_case(name))
}

fn condition(def: &HeaderDef) -> Option<Condition> {
    match &def.condition {
        Wanted::Always => None,
        Wanted::Flags(flags) => Some(Condition::MailerFlags(String::from_utf8_lossy(flags).into())),
        Wanted::Macro(name) => Some(Condition::MacroSet(name.as_str().into())),
    }
}
