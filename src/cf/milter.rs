//! Mail filters: `X` lines (sendmail operations guide 5.11).

use super::mailer::equates;
use super::options::value::seconds;
use super::problem::{Fault, printable};

/// The equates of an `X` line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MilterDef {
    /// The name.
    pub name: String,
    /// `S=`: `inet:port@host`, `inet6:port@host`, `local:path`, `unix:path`.
    pub socket: Vec<u8>,
    /// `F=`: `R`, `T` or `4` when the filter is not there.
    pub flags: Vec<u8>,
    /// `T=C:`, seconds to connect.
    pub connect: i64,
    /// `T=S:`, seconds to send.
    pub send: i64,
    /// `T=R:`, seconds to read an answer.
    pub read: i64,
    /// `T=E:`, seconds between the end of the message and the final answer.
    pub end: i64,
    /// The line that defines it.
    pub line: u32,
}

impl MilterDef {
    /// Reads an `X` line's text (without the `X`).
    pub(super) fn parse(text: &[u8], line: u32, faults: &mut Vec<Fault>) -> Option<MilterDef> {
        let (name, fields) = equates(text);
        if name.is_empty() {
            faults.push(Fault::error("name required for mail filter"));
            return None;
        }
        let mut def = MilterDef {
            name: printable(&name),
            socket: Vec::new(),
            flags: Vec::new(),
            connect: 300,
            send: 10,
            read: 10,
            end: 300,
            line,
        };
        for (key, value) in fields {
            match key.first() {
                Some(b'S') => def.socket = value,
                Some(b'F') => def.flags = value,
                Some(b'T') => def.set_timeouts(&value, faults),
                _ => {
                    let text = format!("X{}: unknown filter equate {}=", def.name, printable(&key));
                    faults.push(Fault::error(text));
                }
            }
        }
        if def.socket.is_empty() {
            faults.push(Fault::error(format!("X{}: empty or missing socket information", def.name)));
            return None;
        }
        Some(def)
    }

    fn set_timeouts(&mut self, text: &[u8], faults: &mut Vec<Fault>) {
        for part in text.split(|b| *b == b';' || b.is_ascii_whitespace()).filter(|p| !p.is_empty()) {
            let value = part.get(2..).unwrap_or_default();
            let slot = match part.first() {
                Some(b'C') => &mut self.connect,
                Some(b'S') => &mut self.send,
                Some(b'R') => &mut self.read,
                Some(b'E') => &mut self.end,
                _ => {
                    let text = format!("milter_set_timeouts: unknown timeout {}", printable(part));
                    faults.push(Fault::error(text));
                    continue;
                }
            };
            *slot = seconds(value, b's', faults);
        }
    }
}
