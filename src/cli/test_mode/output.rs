//! Standard output, shared by the test mode, its traces and the maps' messages; and the exit code that these ask for.

use std::io::Write;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the test mode writes. A closed output is no reason to fail.
#[derive(Clone)]
pub struct Out {
    sink: Arc<Mutex<Box<dyn Write + Send>>>,
    exit: Arc<AtomicU8>,
}

impl Out {
    /// Output to `sink`.
    pub fn new(sink: Box<dyn Write + Send>) -> Out {
        Out { sink: Arc::new(Mutex::new(sink)), exit: Arc::new(AtomicU8::new(0)) }
    }

    /// Buffered standard output.
    pub fn stdout() -> Out {
        Out::new(Box::new(std::io::BufWriter::with_capacity(32 * 1024, std::io::stdout())))
    }

    /// Writes `bytes` as they are.
    pub fn put(&self, bytes: &[u8]) {
        let _ = self.sink.lock().unwrap_or_else(PoisonError::into_inner).write_all(bytes);
    }

    /// Writes a line.
    pub fn line(&self, bytes: &[u8]) {
        let mut sink = self.sink.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = sink.write_all(bytes).and_then(|()| sink.write_all(b"\n"));
    }

    /// Writes a line of text: each character below U+0100 is one octet again.
    pub fn text(&self, text: &str) {
        self.line(&octets(text));
    }

    /// Writes a message: terminals get its octets without their top bits.
    pub fn message(&self, bytes: &[u8]) {
        let plain: Vec<u8> = bytes.iter().map(|b| b & 0x7f).collect();
        self.line(&plain);
    }

    /// Lets the program end with `code`, unless something later says otherwise.
    pub fn fail(&self, code: u8) {
        self.exit.store(code, Ordering::Relaxed);
    }

    /// The exit code so far.
    pub fn exit(&self) -> u8 {
        self.exit.load(Ordering::Relaxed)
    }

    /// Hands what is buffered on.
    pub fn flush(&self) {
        let _ = self.sink.lock().unwrap_or_else(PoisonError::into_inner).flush();
    }
}

/// The octets of a text that may have been made of octets that were no UTF-8.
fn octets(text: &str) -> Vec<u8> {
    if text.is_ascii() || text.chars().any(|c| u32::from(c) > 0xff) {
        return text.as_bytes().to_vec();
    }
    let latin: Vec<u8> = text.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    match std::str::from_utf8(&latin) {
        // What is UTF-8 as octets cannot have come from octets that were none.
        Ok(_) => text.as_bytes().to_vec(),
        Err(_) => latin,
    }
}

/// Text for the terminal: line ends and tabs are shown as escapes, other control characters are left out, octets above 127 are
/// written `M-` and the octet without its top bit, or as the operator that they stand for.
pub fn visible(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for b in bytes {
        if let Some((_, operator)) = OPERATORS.iter().find(|(octet, _)| octet == b) {
            out.extend_from_slice(operator.as_bytes());
            continue;
        }
        if *b >= 0x80 {
            out.extend_from_slice(b"M-");
        }
        match b & 0x7f {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..=31 | 127 => {}
            other => out.push(other),
        }
    }
    out
}

/// Octets that stand for operators in text.
const OPERATORS: [(u8, &str); 20] = [
    (0x81, "$"),
    (0x82, "$&"),
    (0x85, "$("),
    (0x86, "$)"),
    (0x90, "$*"),
    (0x91, "$+"),
    (0x92, "$-"),
    (0x93, "$="),
    (0x94, "$~"),
    (0x95, "$"),
    (0x96, "$#"),
    (0x97, "$@"),
    (0x98, "$:"),
    (0x99, "$>"),
    (0x9a, "$?"),
    (0x9b, "$|"),
    (0x9c, "$."),
    (0x9d, "$["),
    (0x9e, "$]"),
    (0xff, ""),
];
