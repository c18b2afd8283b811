//! HELP: texts come from HelpFile.

use super::{Call, Flow};
use crate::smtp::server::action::Ask;

pub(super) fn run(call: &mut Call<'_>) -> Flow {
    Flow::Ask(Ask::Help(call.rest.to_vec()))
}
