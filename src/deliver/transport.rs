//! The delivery that processes use: routing by rule sets, the SMTP client with its connection cache, messages for local mailers
//! in memory or, when they are large, in an unnamed file of the queue's directory.

use super::attempt::{Rendered, Transport};
use super::message::{Message, Options};
use crate::cf::MacroName;
use crate::envelope::{Envelope, Status};
use crate::log::traffic::{self, Kind};
use crate::service::Services;
use crate::smtp::client::{self, ConnectionCache, Transcript};
use crate::sys::scratch;
use crate::text::Line;
use std::io::{self, BufWriter, Write};

/// Messages up to this size are kept in memory for a local mailer.
const IN_MEMORY: u64 = 1 << 20;

/// Macros that arguments, directories and environments of local mailers may use and that differ from message to message.
const MAILER_MACROS: &[&str] = &[
    "a",
    "b",
    "c",
    "d",
    "f",
    "g",
    "h",
    "i",
    "p",
    "r",
    "s",
    "t",
    "u",
    "x",
    "_",
    "client_addr",
    "client_name",
    "client_port",
    "client_ptr",
    "daemon_name",
    "auth_type",
    "auth_authen",
    "auth_author",
    "mail_addr",
    "mail_host",
    "mail_mailer",
    "msg_id",
    "msg_size",
    "nrcpts",
    "if_addr",
    "if_name",
    "tls_version",
    "cipher",
    "cipher_bits",
    "verify",
    "envid",
    "dsn_notify",
    "dsn_ret",
    "dsn_envid",
    "bodytype",
    "quarantine",
    "ntries",
];

/// Delivery for real.
#[derive(Default)]
pub struct Standard {
    cache: ConnectionCache,
    /// `-v`: the dialogue goes to standard output.
    pub verbose: bool,
}

impl Standard {
    /// With an empty connection cache.
    pub fn new(verbose: bool) -> Standard {
        Standard { cache: ConnectionCache::new(), verbose }
    }

    /// Ends kept connections that were idle for `timeout`.
    pub fn expire(&self, timeout: std::time::Duration) {
        self.cache.expire(timeout);
    }

    /// Says goodbye on all kept connections.
    pub fn close(&self) {
        let mut out = Out;
        self.cache.close_all(if self.verbose { Some(&mut out) } else { None });
    }
}

/// Standard output; a closed one loses lines and nothing else.
struct Out;

/// Tells whoever watches (`-v`) a line.
pub fn tell(line: &[u8]) {
    Out.line(line);
}

impl Transcript for Out {
    fn line(&mut self, text: &[u8]) {
        traffic::line(Kind::Out, text);
        let mut out = io::stdout().lock();
        let _ = out.write_all(text).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
    }
}

impl Transport for Standard {
    fn route(&self, svc: &Services, envelope: &mut Envelope) -> Vec<Envelope> {
        crate::route::expand(svc, envelope)
    }

    fn show(&self, line: &[u8]) {
        if self.verbose {
            Out.line(line);
        }
    }

    fn remote(&self, svc: &Services, env: &Envelope, mailer: usize, host: &Line, recipients: &[usize]) -> Vec<Status> {
        let mut out = Out;
        let verbose: Option<&mut dyn Transcript> = if self.verbose { Some(&mut out) } else { None };
        client::deliver(svc, &self.cache, env, mailer, host, recipients, verbose)
    }

    fn render(&self, svc: &Services, env: &Envelope, mailer: usize, recipients: &[usize]) -> io::Result<Rendered> {
        let options = Options { eight_bit: env.flags.eight_bit };
        let now = svc.clock.now().0;
        let mut message = Message::new(&svc.config, svc.maps.as_ref(), env, mailer, recipients, options, now)?;
        let directory = svc.store.scratch_directory().unwrap_or_else(std::env::temp_dir);
        let file = scratch::file(env.body.len(), IN_MEMORY, &directory)?;
        let mut out = BufWriter::with_capacity(32 * 1024, &file);
        let size = message.write(&mut out)?;
        out.flush()?;
        drop(out);
        let macros = message.macros();
        let value = |name: &&str| macros.get(name).map(|v| (MacroName::new(name), Line::cleaned(v)));
        let sender = Line::cleaned(macros.get("g").unwrap_or_default());
        Ok(Rendered { size, macros: MAILER_MACROS.iter().filter_map(value).collect(), sender, file })
    }
}
