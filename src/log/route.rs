//! Log lines of aliasing and forwarding.

use super::{Field, Id, Severity, emit};

/// `alias NAME => VALUE`.
pub fn alias(id: Id<'_>, address: &[u8], value: &[u8]) {
    emit(11, Severity::Info, id, format_args!("alias {} => {}", Field(address), Field(value)));
}

/// `forward NAME => LINE`.
pub fn forward(id: Id<'_>, address: &[u8], line: &[u8]) {
    emit(11, Severity::Info, id, format_args!("forward {} => {}", Field(address), Field(line)));
}

/// `forward PATH: reason`: a file that is there but not to be trusted.
pub fn forward_refused(id: Id<'_>, path: &[u8], why: &[u8]) {
    emit(9, Severity::Warning, id, format_args!("forward {}: {}", Field(path), Field(why)));
}

/// An expansion without end.
pub fn loop_broken(id: Id<'_>, text: &[u8]) {
    emit(4, Severity::Notice, id, format_args!("{}", Field(text)));
}

/// `ADDRESS... TEXT`: an address that an expansion found and that is wrong.
pub fn user_error(id: Id<'_>, text: &[u8]) {
    emit(4, Severity::Notice, id, format_args!("{}", Field(text)));
}

/// `alias database FILE rebuilt by USER` (level 8).
pub fn rebuilt(file: &[u8], user: &[u8]) {
    emit(8, Severity::Notice, Id::Bare, format_args!("alias database {} rebuilt by {}", Field(file), Field(user)));
}

/// `FILE: N aliases, longest L bytes, T bytes total` (level 8).
pub fn alias_summary(file: &[u8], summary: &str) {
    emit(8, Severity::Info, Id::Bare, format_args!("{}: {summary}", Field(file)));
}
