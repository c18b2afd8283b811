//! What the small programs have to say.

use super::{Field, Id, Severity, emit};

/// A program that nobody watches ended with an error.
pub fn failed(text: &[u8]) {
    emit(0, Severity::Error, Id::Bare, format_args!("{}", Field(text)));
}
