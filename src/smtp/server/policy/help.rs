//! HELP from HelpFile: lines `topic<TAB>text`, the topic `smtp` for HELP alone (operations guide, `HelpFile`).

use super::{Flow, State};
use crate::reply::{Enhanced, Reply};
use crate::text::Line;
use std::os::unix::ffi::OsStrExt;

/// More of a topic is not looked at.
const LONGEST_TOPIC: usize = 10;
/// No help text has more.
const MAX_LINES: usize = 200;

pub(super) fn help(state: &State, topic: &[u8]) -> Flow {
    let Some(text) = read(state) else {
        let text = format!("Sendmail {} -- HELP not implemented", state.settings.version);
        return Flow::Reply(Reply::coded(502, (5, 3, 0), text));
    };
    let wanted = if topic.is_empty() { &b"smtp"[..] } else { topic };
    let mut lines = Vec::new();
    for line in text.split(|b| *b == b'\n') {
        let Some(at) = line.iter().position(|b| *b == b'\t') else { continue };
        let (name, rest) = (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default());
        if name.eq_ignore_ascii_case(wanted) && lines.len() < MAX_LINES {
            lines.push(Line::cleaned(&expand(state, rest.trim_ascii_end())));
        }
    }
    if lines.is_empty() {
        let shown: Vec<u8> = topic.iter().filter(|b| matches!(b, b' '..=b'~')).map(u8::to_ascii_lowercase).collect();
        let shown = super::shortened(&shown, LONGEST_TOPIC);
        return Flow::Reply(Reply::coded(504, (5, 3, 0), [b"HELP topic \"", &*shown, b"\" unknown"].concat()));
    }
    lines.push(Line::cleaned(b"End of HELP info"));
    Flow::Reply(Reply { code: 214, enhanced: Some(Enhanced(2, 0, 0)), lines })
}

fn read(state: &State) -> Option<Vec<u8>> {
    let path = state.settings.help_file.as_deref()?;
    std::fs::read(std::ffi::OsStr::from_bytes(path)).ok()
}

/// Macros in help texts are few: `$v` and `$j`.
fn expand(state: &State, text: &[u8]) -> Vec<u8> {
    let template = crate::cf::Template::parse(text);
    state.macros.expand(&template)
}
