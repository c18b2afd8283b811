//! HELP from HelpFile: lines `topic<TAB>text`, the topic `smtp` for HELP alone (operations guide, `HelpFile`).

use super::{Flow, State};
use crate::cf::{Macros, Template};
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
    let mut lines: Vec<Line> = on(&text, wanted, &state.macros).iter().map(|l| Line::cleaned(l)).collect();
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

/// The lines of a help file on one topic. Macros are filled in; those in use are `$v` and `$j`.
pub fn on(file: &[u8], topic: &[u8], macros: &Macros) -> Vec<Vec<u8>> {
    let lines = file.split(|b| *b == b'\n').filter_map(|line| {
        let at = line.iter().position(|b| *b == b'\t')?;
        let (name, rest) = (line.get(..at)?, line.get(at + 1..)?);
        name.eq_ignore_ascii_case(topic).then(|| macros.expand(&Template::parse(rest.trim_ascii_end())))
    });
    lines.take(MAX_LINES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_topic() {
        let mut macros = Macros::new();
        macros.set("j", "mail.example.test");
        let file = b"#vers\t2\nsmtp\tS\n-bt\tone of $j\nnothing\n-BT\ttwo\n";
        assert_eq!(on(file, b"-bt", &macros), [b"one of mail.example.test".to_vec(), b"two".to_vec()]);
        assert!(on(file, b"xyz", &macros).is_empty());
    }
}
