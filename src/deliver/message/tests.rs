use super::*;
use crate::envelope::{Body, Flags, IdGenerator};
use crate::header::{Field, Headers, grammar};
use crate::text::Line;

#[test]
fn placeholder() {}
