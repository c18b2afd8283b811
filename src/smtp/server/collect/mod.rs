//! Collection of a message: header fields byte for byte, the body into the store's spool, and what is counted meanwhile.
//!
//! Fed with text whose lines end in LF (dots already unstuffed), in parts of any size; used by DATA, and by local submission
//! on standard input. Memory is bounded by MaxHeadersLength (and by [`MAX_HEADER`] where that is off); the body goes to
//! the spool as it comes. After a refusal the rest is swallowed.
mod complete;
mod defaults;

pub use complete::{complete, message_id, only_recipient};
pub use defaults::{Defaults, add as add_defaults};

use crate::envelope::Body;
use crate::header::grammar;
use crate::header::known::kind;
use crate::header::{Field, Headers};
use crate::queue::store::{Spool, StoreError};
use std::io::ErrorKind;

/// Most octets of header kept, whatever the configuration says.
pub const MAX_HEADER: usize = 1 << 20;
/// Most fields.
const MAX_FIELDS: usize = 10_000;

/// Limits of a collection.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits {
    /// `MaxHeadersLength`, 0 for none.
    pub headers: usize,
    /// `MaxMessageSize`, 0 for none.
    pub message: u64,
    /// Keep a `From ` line at the start as text (`SaveFromLine`).
    pub save_from_line: bool,
    /// Text with NUL in it is refused (`RejectNUL`).
    pub no_nul: bool,
}

/// Why a message was not taken.
#[derive(Debug)]
pub enum Fault {
    /// The header is longer than this.
    Headers(usize),
    /// The message is longer than this.
    Size(u64),
    /// There is a NUL in it.
    Nul,
    /// The store failed.
    Store(StoreError),
}

/// A message, collected.
#[derive(Debug)]
pub struct Collected {
    /// Header fields in the order in which they came.
    pub headers: Headers,
    /// The body.
    pub body: Body,
    /// Octets of header and body, line ends counted as one.
    pub size: u64,
    /// Octets above 127 are in the body.
    pub eight_bit: bool,
    /// Trace fields.
    pub hops: usize,
    /// Octets of the header, the empty line included.
    pub header_octets: usize,
}

/// Where the reader stands.
enum Place {
    /// Before the first line.
    First,
    Header,
    Body,
}

/// Collects one message.
pub struct Collector {
    limits: Limits,
    place: Place,
    /// The line that is not complete yet, in the header.
    line: Vec<u8>,
    fields: Vec<Field>,
    header_octets: usize,
    size: u64,
    eight_bit: bool,
    spool: Option<Box<dyn Spool>>,
    fault: Option<Fault>,
    /// The end of the header was told by [`Collector::header_done`].
    told: bool,
}

impl Collector {
    /// A collector that writes the body to `spool`; without one (a message to be discarded) the body goes nowhere.
    pub fn new(limits: Limits, spool: Option<Box<dyn Spool>>) -> Collector {
        Collector {
            limits,
            place: Place::First,
            line: Vec::new(),
            fields: Vec::new(),
            header_octets: 0,
            size: 0,
            eight_bit: false,
            spool,
            fault: None,
            told: false,
        }
    }

    /// Takes a part of the text.
    pub fn text(&mut self, mut text: &[u8]) {
        self.size = self.size.saturating_add(text.len() as u64);
        if self.limits.message > 0 && self.size > self.limits.message {
            self.fail(Fault::Size(self.limits.message));
        }
        if self.limits.no_nul && memchr::memchr(0, text).is_some() {
            self.fail(Fault::Nul);
        }
        while !text.is_empty() && !matches!(self.place, Place::Body) {
            let end = memchr::memchr(b'\n', text).map_or(text.len(), |i| i + 1);
            let (piece, rest) = text.split_at(end);
            text = rest;
            self.header_piece(piece);
        }
        self.body(text);
    }

    /// The size so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// `header`, `body` or `header+body`-like place names of the log: where the reader stands.
    pub fn place(&self) -> &'static str {
        if matches!(self.place, Place::Body) { "body" } else { "header" }
    }

    /// The header's fields, once, as soon as the header is complete.
    pub fn header_done(&mut self) -> Option<&[Field]> {
        if self.told || !matches!(self.place, Place::Body) {
            return None;
        }
        self.told = true;
        Some(&self.fields)
    }

    /// Ends the message.
    pub fn finish(mut self) -> Result<Collected, Fault> {
        if !self.line.is_empty() {
            let line = std::mem::take(&mut self.line);
            self.header_line(&line);
        }
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let body = match self.spool {
            Some(spool) => spool.finish().map_err(Fault::Store)?,
            None => Body::Empty,
        };
        let hops = self.fields.iter().filter(|f| kind(&f.name).trace).count();
        Ok(Collected {
            headers: Headers { fields: self.fields },
            body,
            size: self.size,
            eight_bit: self.eight_bit,
            hops,
            header_octets: self.header_octets,
        })
    }

    fn fail(&mut self, fault: Fault) {
        if self.fault.is_none() {
            self.fault = Some(fault);
            self.spool = None;
        }
    }

    /// A line of the header, or a piece of one.
    fn header_piece(&mut self, piece: &[u8]) {
        self.header_octets = self.header_octets.saturating_add(piece.len());
        let most = if self.limits.headers > 0 { self.limits.headers.min(MAX_HEADER) } else { MAX_HEADER };
        if self.header_octets > most {
            self.fail(Fault::Headers(most));
        }
        if self.fault.is_none() {
            self.line.extend_from_slice(piece);
        }
        if piece.ends_with(b"\n") {
            let line = std::mem::take(&mut self.line);
            self.header_line(if self.fault.is_some() { piece } else { &line });
        }
    }

    /// A complete line of the header, line end included where there is one.
    fn header_line(&mut self, line: &[u8]) {
        let first = matches!(self.place, Place::First);
        self.place = Place::Header;
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        if text.is_empty() {
            self.place = Place::Body;
            return;
        }
        if first && !self.limits.save_from_line && text.starts_with(b"From ") {
            return;
        }
        if grammar::continues(text) && !self.fields.is_empty() {
            if let Some(field) = self.fields.last_mut().filter(|_| self.fault.is_none()) {
                field.value.push(b'\n');
                field.value.extend_from_slice(text);
            }
            return;
        }
        match grammar::field(text) {
            Some((name, value)) if self.fields.len() < MAX_FIELDS => {
                let ends = kind(&name).ends;
                if ends {
                    self.place = Place::Body;
                    self.body(line);
                } else if self.fault.is_none() {
                    self.fields.push(Field { name, value: value.to_vec(), condition: None, template: false });
                }
            }
            // What is no field begins the body, as if a blank line stood before it.
            _ => {
                self.place = Place::Body;
                self.body(line);
            }
        }
    }

    fn body(&mut self, text: &[u8]) {
        if text.is_empty() || self.fault.is_some() {
            return;
        }
        self.eight_bit |= text.iter().any(|b| *b >= 0x80);
        if let Some(spool) = self.spool.as_mut()
            && let Err(error) = spool.write_all(text)
        {
            let full = matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
            self.fail(Fault::Store(if full { StoreError::NoSpace(error) } else { StoreError::Failed(error) }));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collect(parts: &[&[u8]], limits: Limits) -> Result<(Vec<(String, String)>, Vec<u8>, u64), Fault> {
        let body = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        struct Sink(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);
        impl std::io::Write for Sink {
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(buf);
                Ok(buf.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        impl Spool for Sink {
            fn finish(self: Box<Self>) -> Result<Body, StoreError> {
                Ok(Body::Memory(self.0.lock().unwrap().as_slice().into()))
            }
        }
        let mut c = Collector::new(limits, Some(Box::new(Sink(body.clone()))));
        for part in parts {
            c.text(part);
        }
        let done = c.finish()?;
        let s = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let fields = done.headers.fields.iter().map(|f| (s(&f.name), s(&f.value))).collect();
        let text = body.lock().unwrap().clone();
        Ok((fields, text, done.size))
    }

    #[test]
    fn header_and_body_part() {
        let text = b"Subject:  a\n\tb\nX-Y:z\n\nbody\n";
        let (fields, body, size) = collect(&[text], Limits::default()).unwrap();
        assert_eq!(fields, [("Subject".into(), "  a\n\tb".into()), ("X-Y".into(), "z".into())]);
        assert_eq!((body.as_slice(), size), (&b"body\n"[..], text.len() as u64));
        for cut in 1..text.len() {
            let again = collect(&[&text[..cut], &text[cut..]], Limits::default()).unwrap();
            assert_eq!((again.0, again.1), (fields.clone(), body.clone()));
        }
    }

    #[test]
    fn what_is_no_field_begins_the_body() {
        let (fields, body, _) = collect(&[b"From x\nA: b\nno field\nC: d\n"], Limits::default()).unwrap();
        assert_eq!(fields, [("A".into(), " b".into())]);
        assert_eq!(body, b"no field\nC: d\n");
        assert_eq!(collect(&[b"x"], Limits::default()).unwrap().1, b"x");
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { headers: 20, message: 100, save_from_line: false, no_nul: false };
        assert!(matches!(collect(&[b"A: 45678901234567890123\n\n"], limits), Err(Fault::Headers(20))));
        assert!(matches!(collect(&[b"A: b\n\n", &[b'x'; 100]], limits), Err(Fault::Size(100))));
    }
}
