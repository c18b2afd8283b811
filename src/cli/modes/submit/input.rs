//! The message on standard input, to its end or to a lone dot where that ends it.

use super::Stop;
use crate::cf::options::Options;
use crate::log::traffic::{self, Kind, Tap};
use crate::queue::store::Spool;
use crate::smtp::server::collect::{Collected, Collector, Fault, Limits};
use std::io::{self, BufRead};

/// Reads the message into `spool`.
pub(super) fn collect(options: &Options, spool: Box<dyn Spool>) -> Result<Collected, Stop> {
    read(&mut io::stdin().lock(), options, spool)
}

fn read(input: &mut dyn BufRead, options: &Options, spool: Box<dyn Spool>) -> Result<Collected, Stop> {
    let limits = Limits {
        headers: usize::try_from(options.max_headers_length).unwrap_or(0),
        message: u64::try_from(options.max_message_size).unwrap_or(0),
        save_from_line: options.save_from_line,
        no_nul: options.reject_nul,
    };
    let mut collector = Collector::new(limits, Some(spool));
    let mut line = Vec::new();
    let mut whole = true;
    let mut missing = 0;
    let mut tap = Tap::default();
    loop {
        line.clear();
        match piece(input, &mut line) {
            Ok(0) => {
                tap.end(Kind::In);
                traffic::ended();
                break;
            }
            Ok(_) if traffic::wanted() => tap.feed(Kind::In, &line),
            Ok(_) => {}
            Err(e) => return Err(Stop { text: format!("cannot read the message: {e}").into_bytes(), exit: 74 }),
        }
        let ended = line.last() == Some(&b'\n');
        if ended && line.ends_with(b"\r\n") {
            line.truncate(line.len() - 2);
            line.push(b'\n');
        }
        if whole && !options.ignore_dots {
            if line == b".\n" {
                break;
            }
            // As in SMTP: the first of two dots is there for the other's sake.
            if line.starts_with(b"..") {
                line.remove(0);
            }
        }
        whole = ended;
        collector.text(&line);
    }
    if !whole {
        // Lines end where the message does; what was not there does not count.
        missing = 1;
        collector.text(b"\n");
    }
    let mut collected = collector.finish().map_err(|fault| match fault {
        Fault::Headers(most) => Stop { text: format!("552 Headers too large ({most} max)").into_bytes(), exit: 69 },
        Fault::Size(most) => {
            Stop { text: format!("552 5.2.3 Message exceeds maximum fixed size ({most})").into_bytes(), exit: 69 }
        }
        Fault::Nul => Stop { text: b"554 5.6.0 NUL byte not allowed".to_vec(), exit: 69 },
        Fault::Store(error) => error.into(),
    })?;
    collected.size -= missing;
    Ok(collected)
}

/// Appends what is there up to the end of the line, a bounded piece of a long one; the number of octets.
fn piece(input: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<usize> {
    let available = loop {
        match input.fill_buf() {
            Ok(bytes) => break bytes,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    };
    let end = memchr::memchr(b'\n', available).map_or(available.len(), |i| i + 1);
    line.extend_from_slice(available.get(..end).unwrap_or_default());
    input.consume(end);
    Ok(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Body;
    use crate::queue::store::StoreError;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, data: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("lock").extend_from_slice(data);
            Ok(data.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Spool for Kept {
        fn finish(self: Box<Self>) -> Result<Body, StoreError> {
            Ok(Body::Empty)
        }
    }

    fn body(text: &str, ignore_dots: bool) -> (String, u64) {
        let options = Options { ignore_dots, ..Options::default() };
        let kept = Kept::default();
        let collected = read(&mut text.as_bytes(), &options, Box::new(kept.clone())).map_err(|s| s.text).expect("read");
        let body = String::from_utf8(kept.0.lock().expect("lock").clone()).expect("text");
        (body, collected.size)
    }

    #[test]
    fn dots_as_in_smtp_unless_they_are_ignored() {
        assert_eq!(body("S: x\n\na\n..\n.b\n.\nafter\n", false), ("a\n.\n.b\n".into(), 13));
        assert_eq!(body("S: x\n\na\n..\n.\nafter\n", true).0, "a\n..\n.\nafter\n");
    }

    #[test]
    fn line_ends() {
        assert_eq!(body("S: x\n\nno end", false), ("no end\n".into(), 12));
        assert_eq!(body("S: x\r\n\r\na\r\n", false), ("a\n".into(), 8));
    }
}
