//! Header fields (RFC 5322 2.2): kept byte for byte as received until a rule or a mailer changes one.

pub mod grammar;
pub mod known;
pub mod recipients;

use crate::text::Line;

/// One header field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// The name as written, without the colon.
    pub name: Line,
    /// The value as written after the colon: leading blank included, folded lines joined by LF, no final LF.
    pub value: Vec<u8>,
    /// The condition of an `H` line, kept for fields that the configuration added.
    pub condition: Option<Condition>,
    /// True when the text after the colon began right away or was given by the configuration template, and macros in
    /// it are still to be expanded for each mailer.
    pub template: bool,
}

/// `H?...?` of the configuration: when a field goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// Mailer flags, one of which the mailer must have.
    MailerFlags(Box<str>),
    /// A macro that must be set and not empty.
    MacroSet(Box<str>),
}

/// The header of a message, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers {
    /// The fields.
    pub fields: Vec<Field>,
}

impl Headers {
    /// The first field called `name`, case ignored.
    pub fn find(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name.as_bytes()))
    }
}
