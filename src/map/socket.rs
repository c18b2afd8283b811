//! Class `socket`: a server of its own protocol: netstrings `NAME KEY` out, `STATUS VALUE` back.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::spec::Spec;
use super::{Class, EX_CONFIG, EX_NOHOST, EX_OK, EX_TEMPFAIL, MapEnv, MapSet, Outcome, Query, finish};
use crate::cf::Macros;
use crate::dns::Families;

/// How long a server may take when `-d` does not say.
const TIME: Duration = Duration::from_secs(60);
/// The longest answer.
const MAX_ANSWER: usize = 100_000;

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

/// A server.
pub struct Socket {
    spec: Spec,
    time: Duration,
    connection: Mutex<Option<Box<dyn Stream>>>,
    /// What is wrong with the address is told once.
    told: AtomicBool,
}

/// Reads `LENGTH:BYTES,`.
fn read_netstring(input: &mut dyn Stream) -> io::Result<Vec<u8>> {
    let bad = || io::Error::from(io::ErrorKind::InvalidData);
    let mut byte = [0u8];
    let mut len = 0usize;
    let mut digits = 0;
    loop {
        input.read_exact(&mut byte)?;
        match byte[0] {
            d @ b'0'..=b'9' if digits < 6 => len = len * 10 + usize::from(d - b'0'),
            b':' if digits > 0 => break,
            _ => return Err(bad()),
        }
        digits += 1;
    }
    if len > MAX_ANSWER {
        return Err(bad());
    }
    let mut answer = vec![0u8; len];
    input.read_exact(&mut answer)?;
    input.read_exact(&mut byte)?;
    if byte[0] != b',' {
        return Err(bad());
    }
    Ok(answer)
}

/// The seconds that `-d` gives: a number with an optional unit.
pub(super) fn seconds(text: &[u8]) -> Option<Duration> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        "w" => 604_800,
        _ => return None,
    };
    digits.parse::<u64>().ok().map(|n| Duration::from_secs(n.saturating_mul(unit)))
}

impl Socket {
    pub(super) fn new(spec: &Spec) -> Socket {
        let time = spec.own(b'd').and_then(seconds).filter(|t| !t.is_zero()).unwrap_or(TIME);
        Socket { spec: spec.clone(), time, connection: Mutex::new(None), told: AtomicBool::new(false) }
    }

    fn connect(&self, env: &MapEnv) -> Result<Box<dyn Stream>, String> {
        let address = String::from_utf8_lossy(&self.spec.rest).into_owned();
        let (kind, rest) = match address.split_once(':') {
            Some((kind @ ("unix" | "local" | "inet" | "inet6"), rest)) => (kind, rest),
            _ => ("local", address.as_str()),
        };
        let words = |e: io::Error| super::dbfile::reason(&e);
        if kind == "unix" || kind == "local" {
            let name = |why: String| format!("local socket name {rest} unsafe: {why}");
            if let Some(why) = (env.unsafe_file)(std::path::Path::new(rest)) {
                return Err(name(why));
            }
            let stream = UnixStream::connect(rest).map_err(|e| name(words(e)))?;
            stream.set_read_timeout(Some(self.time)).map_err(words)?;
            stream.set_write_timeout(Some(self.time)).map_err(words)?;
            return Ok(Box::new(stream));
        }
        let (port, host) = rest.split_once('@').ok_or("bad address")?;
        let port: u16 = port.parse().map_err(|_| format!("unknown port name {port}"))?;
        let families = if kind == "inet6" { Families::V6 } else { Families::V4 };
        let found = env.resolver.addresses(host.as_bytes(), families).map_err(|e| e.to_string())?;
        for ip in found.into_iter().filter(|ip| families.wants(ip)) {
            if let Ok(stream) = TcpStream::connect_timeout(&(ip, port).into(), self.time) {
                stream.set_read_timeout(Some(self.time)).map_err(words)?;
                stream.set_write_timeout(Some(self.time)).map_err(words)?;
                return Ok(Box::new(stream));
            }
        }
        // A refused connection is silent, as in the original.
        Err(String::new())
    }

    fn ask(&self, stream: &mut dyn Stream, key: &[u8]) -> io::Result<Vec<u8>> {
        let text = [self.spec.name.as_bytes(), b" ", key].concat();
        let message = [format!("{}:", text.len()).as_bytes(), &text, b","].concat();
        stream.write_all(&message)?;
        stream.flush()?;
        read_netstring(stream)
    }
}

impl Class for Socket {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        let mut connection = self.connection.lock().unwrap_or_else(|dead| {
            // Who died in a dialogue left it anywhere.
            let mut connection = dead.into_inner();
            *connection = None;
            connection
        });
        let key = self.spec.folded(query.key);
        // A connection that the server has closed meanwhile is worth one more try.
        let kept = connection.is_some();
        let mut answer = None;
        for _ in 0..=usize::from(kept) {
            if connection.is_none() {
                match self.connect(&set.env) {
                    Ok(stream) => *connection = Some(stream),
                    Err(why) => {
                        if !why.is_empty() && !self.told.swap(true, Ordering::Relaxed) {
                            (set.env.notice)(&format!("socket map \"{}\": {why}", self.spec.name));
                        }
                        return Outcome::none(EX_TEMPFAIL);
                    }
                }
            }
            match connection.as_mut().map(|stream| self.ask(stream.as_mut(), &key)) {
                Some(Ok(text)) => {
                    answer = Some(text);
                    break;
                }
                _ => *connection = None,
            }
        }
        let Some(answer) = answer else { return Outcome::none(EX_TEMPFAIL) };
        let space = answer.iter().position(|b| *b == b' ').unwrap_or(answer.len());
        let (status, value) = answer.split_at(space);
        match status {
            b"OK" => finish(&self.spec, query, value.get(1..).unwrap_or_default()),
            b"NOTFOUND" => Outcome::none(EX_NOHOST),
            b"TEMP" | b"TIMEOUT" => Outcome::none(EX_TEMPFAIL),
            b"PERM" => Outcome::none(EX_CONFIG),
            _ => {
                *connection = None;
                Outcome::none(if status.is_empty() { EX_OK } else { EX_TEMPFAIL })
            }
        }
    }
}
