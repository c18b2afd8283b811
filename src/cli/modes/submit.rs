//! `-bm` and `-t`: a message from standard input. The submission program hands it to the daemon at once, and keeps it in its
//! own queue while the daemon is not there.

use super::one_shot;
use crate::alias::list;
use crate::cf::Macros;
use crate::cf::options::sets::Privacy;
use crate::cf::options::{DeliveryMode, ErrorMode};
use crate::cli::complain;
use crate::cli::flags::Ret;
use crate::cli::settings::{Caller, Settings};
use crate::deliver::attempt::{self, How, Rendered, Transport};
use crate::deliver::transport::Standard;
use crate::envelope::{Body, BodyType, Envelope, Flags, Notify, Origin, QueueId, Status};
use crate::header::recipients::named;
use crate::header::{Field, Headers};
use crate::log::{Id, server as lines};
use crate::queue::store::StoreError;
use crate::reply::Reply;
use crate::route::{self, Params};
use crate::service::Services;
use crate::smtp::server::collect::{Collected, Collector, Fault, Limits, complete, message_id};
use crate::smtp::server::dates;
use crate::sys::process;
use crate::text::Line;
use std::io::{self, BufRead};
use std::sync::{Arc, Mutex};

/// Reads a message and sends it; gives the exit code of sysexits(3).
pub fn run(settings: Settings) -> u8 {
    let flags = &settings.flags;
    if flags.args.is_empty() && !flags.from_header {
        complain(b"Recipient names must be specified");
        return 64;
    }
    let config = Arc::new(settings.config.clone());
    let one = match one_shot(&config) {
        Ok(one) => one,
        Err(code) => return code,
    };
    one.delivery.start(one.services.clone(), Arc::new(Standard::new(flags.verbose)), 1);
    match Submission::new(&settings, &one.services).run() {
        Ok(code) => code,
        Err(Stop { text, exit }) => {
            complain(&text);
            exit
        }
    }
}

/// Why a submission ends early: what to say, and the exit code.
struct Stop {
    text: Vec<u8>,
    exit: u8,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Stop {
        let (StoreError::NoSpace(cause) | StoreError::Failed(cause)) = error;
        Stop { text: format!("451 4.3.0 queue: cannot write: {cause}").into_bytes(), exit: 75 }
    }
}

struct Submission<'a> {
    settings: &'a Settings,
    services: &'a Services,
    macros: Macros,
    now: i64,
    id: QueueId,
}

impl<'a> Submission<'a> {
    fn new(settings: &'a Settings, services: &'a Services) -> Submission<'a> {
        let now = services.clock.now().0;
        let id = services.ids.next(dates::id_fields(now));
        Submission { settings, services, macros: services.config.layer(), now, id }
    }

    fn run(mut self) -> Result<u8, Stop> {
        let (sender, warning) = self.sender();
        self.set_macros(&sender);
        let collected = self.collect()?;
        let mut recipients = self.arguments();
        if self.settings.flags.from_header {
            let old_style = self.settings.config.options.old_style_headers;
            recipients.extend(named(&collected.headers, old_style));
        }
        if recipients.is_empty() {
            complain(b"No recipient addresses found in header");
            return Ok(0);
        }
        let mut envelope = self.envelope(&sender);
        let failures = self.add_recipients(&mut envelope, &recipients);
        if envelope.recipients.is_empty() {
            return Ok(self.nobody(failures, &collected));
        }
        let size = collected.size;
        if let Some(field) =
            warning.filter(|_| self.settings.config.options.privacy_options.has(Privacy::AUTH_WARNINGS))
        {
            crate::log::authentication_warning(Id::Queue(&self.id), &field);
            let value = [b" ", &field[..]].concat();
            let name = Line::cleaned(b"X-Authentication-Warning");
            envelope.headers.fields.push(Field { name, value, condition: None, template: false });
        }
        let added = std::mem::take(&mut envelope.headers);
        complete(&self.services.config, &mut self.macros, &mut envelope, collected);
        envelope.headers.fields.splice(0..0, added.fields);
        self.log_from(&envelope, size);
        for (address, reply) in &failures {
            say_failure(address, reply);
        }
        let mut envelopes = vec![];
        let parts = route::by_group(self.services, &mut envelope, None);
        for part in [envelope].into_iter().chain(parts) {
            if let Err(error) = self.services.store.commit(&part) {
                for stored in &envelopes {
                    let _ = self.services.store.remove(stored);
                }
                return Err(error.into());
            }
            envelopes.push(part);
        }
        let code = self.hand_over(envelopes);
        Ok(if code == 0 { failures.first().map_or(0, |(_, reply)| exit_of(reply)) } else { code })
    }

    /// The envelope sender, and the warning when the caller had no right to choose it.
    fn sender(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let caller = &self.settings.caller;
        let Some(chosen) = &self.settings.flags.sender else { return (caller.name.clone(), None) };
        let bare = chosen.strip_prefix(b"<").and_then(|c| c.strip_suffix(b">")).unwrap_or(chosen);
        let name = String::from_utf8_lossy(&caller.name).into_owned();
        let own = bare == caller.name || self.settings.config.is_trusted(&name);
        let warning = (!own && !caller.is_root()).then(|| {
            let host = self.settings.config.macros.expanded("j");
            [&host[..], b": ", &caller.name, b" set sender to ", chosen, b" using -f"].concat()
        });
        (bare.to_vec(), warning)
    }

    fn set_macros(&mut self, sender: &[u8]) {
        let Caller { name, full_name, .. } = &self.settings.caller;
        let flags = &self.settings.flags;
        let macros = &mut self.macros;
        macros.set("i", self.id.as_str());
        dates::set(macros, self.now);
        macros.set("f", sender);
        macros.set("g", sender);
        let named = std::env::var_os("NAME").filter(|n| !n.is_empty()).map(|n| n.into_encoded_bytes());
        // The caller's name is not the name of whoever -f says.
        let own_name = if flags.sender.is_none() { full_name.clone() } else { Vec::new() };
        let full = flags.full_name.clone().or(named).unwrap_or(own_name);
        if !full.is_empty() {
            macros.set("x", &*Line::cleaned(&full));
        }
        macros.set("_", [name, &b"@localhost"[..]].concat());
        if let Some(protocol) = &flags.protocol {
            let mut parts = protocol.splitn(2, |b| *b == b':');
            macros.set("r", parts.next().unwrap_or_default());
            if let Some(host) = parts.next() {
                macros.set("s", host);
            }
        }
        let modifiers = self.settings.config.options.direct_submission_modifiers.as_bytes();
        let usual: &[u8] = if flags.gateway { b"CC f" } else { b"c u" };
        macros.set("{daemon_flags}", if modifiers.is_empty() { usual } else { modifiers });
        macros.set("{opMode}", [self.settings.mode]);
    }

    /// The addresses of the command line; one argument may hold several.
    fn arguments(&self) -> Vec<Vec<u8>> {
        let split = |a: &Vec<u8>| list::split(a).into_iter().map(|p| p.trim_ascii().to_vec()).collect::<Vec<_>>();
        self.settings.flags.args.iter().flat_map(split).filter(|a| !a.is_empty()).collect()
    }

    /// Reads standard input to its end, or to a lone dot where that ends it.
    fn collect(&self) -> Result<Collected, Stop> {
        let options = &self.settings.config.options;
        let limits = Limits {
            headers: usize::try_from(options.max_headers_length).unwrap_or(0),
            message: u64::try_from(options.max_message_size).unwrap_or(0),
            save_from_line: options.save_from_line,
        };
        let mut collector = Collector::new(limits, Some(self.services.store.spool(&self.id)?));
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        let mut whole = true;
        loop {
            line.clear();
            match input.read_until_bounded(&mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(e) => return Err(Stop { text: format!("cannot read the message: {e}").into_bytes(), exit: 74 }),
            }
            let ended = line.last() == Some(&b'\n');
            if ended && line.ends_with(b"\r\n") {
                line.truncate(line.len() - 2);
                line.push(b'\n');
            }
            if whole && !options.ignore_dots && line == b".\n" {
                break;
            }
            whole = ended;
            collector.text(&line);
        }
        if !whole {
            collector.text(b"\n");
        }
        collector.finish().map_err(|fault| match fault {
            Fault::Headers(most) => Stop { text: format!("552 Headers too large ({most} max)").into_bytes(), exit: 69 },
            Fault::Size(most) => {
                Stop { text: format!("552 5.2.3 Message exceeds maximum fixed size ({most})").into_bytes(), exit: 69 }
            }
            Fault::Store(error) => error.into(),
        })
    }

    fn envelope(&self, sender: &[u8]) -> Envelope {
        let flags = &self.settings.flags;
        Envelope {
            id: self.id.clone(),
            created: self.now,
            last_attempt: 0,
            attempts: 0,
            priority: 0,
            class: 0,
            body_type: flags.body_type.as_deref().map(|b| match b {
                b"8BITMIME" => BodyType::EightBitMime,
                _ => BodyType::SevenBit,
            }),
            flags: Flags {
                delete_bcc: true,
                ret_given: flags.ret.is_some(),
                no_body_return: flags.ret == Some(Ret::Headers),
                ..Flags::default()
            },
            quarantine: flags.quarantine.as_deref().map(Line::cleaned),
            message: None,
            macros: Vec::new(),
            sender: Line::cleaned(if sender.is_empty() { b"<>" } else { sender }),
            envid: flags.envid.as_deref().map(Line::cleaned),
            auth_param: None,
            deliver_by: None,
            group: 0,
            mode: None,
            recipients: Vec::new(),
            headers: Headers::default(),
            body: Body::Empty,
            size: 0,
        }
    }

    /// Adds the recipients; gives those that cannot be with the reason.
    fn add_recipients(&mut self, envelope: &mut Envelope, recipients: &[Vec<u8>]) -> Vec<(Vec<u8>, Reply)> {
        let notify = match self.settings.flags.notify {
            None => Notify::default(),
            Some(n) => Notify { explicit: true, success: n.success, failure: n.failure, delay: n.delay },
        };
        let params = Params { notify, orcpt: None };
        let mut failures = Vec::new();
        for address in recipients {
            let added = route::recipient(self.services, &mut self.macros, envelope, address, &params, &Origin::Direct);
            if let Err(reply) = added {
                failures.push((address.clone(), reply));
            }
        }
        failures
    }

    /// Nobody can get the message: it is said, and the message is saved for the sender.
    fn nobody(&self, failures: Vec<(Vec<u8>, Reply)>, collected: &Collected) -> u8 {
        for (address, reply) in &failures {
            say_failure(address, reply);
        }
        self.save_dead_letter(&collected.headers, &collected.body);
        failures.first().map_or(67, |(_, reply)| exit_of(reply))
    }

    fn save_dead_letter(&self, headers: &Headers, body: &Body) {
        let Ok(mut file) = crate::sys::scratch::file(0, 1 << 20, std::path::Path::new("/tmp")) else { return };
        let mut text = Vec::new();
        for field in &headers.fields {
            text.extend_from_slice(&field.name);
            text.push(b':');
            text.extend_from_slice(&field.value);
            text.push(b'\n');
        }
        text.push(b'\n');
        let written = io::Write::write_all(&mut file, &text).and_then(|()| io::copy(&mut body.reader(), &mut file));
        if written.is_err() {
            return;
        }
        if let Some(path) = self.services.local.dead_letter(&self.settings.caller.name, file) {
            complain(&[&path[..], b"... Saved message in ", &path].concat());
        }
    }

    fn log_from(&self, envelope: &Envelope, size: u64) {
        let relay = [&self.settings.caller.name[..], b"@localhost"].concat();
        let message_id = message_id(&envelope.headers);
        lines::from(
            Id::Queue(&envelope.id),
            &lines::From {
                sender: &envelope.sender,
                size,
                class: envelope.class,
                recipients: envelope.recipients.len(),
                message_id: message_id.as_deref(),
                body_type: self.settings.flags.body_type.as_deref(),
                protocol: None,
                daemon: None,
                relay: &relay,
            },
        );
    }

    /// Delivers as the delivery mode says; the message is in the queue already.
    fn hand_over(&self, envelopes: Vec<Envelope>) -> u8 {
        let options = &self.settings.config.options;
        let verbose = self.settings.flags.verbose;
        let mode = if verbose { DeliveryMode::Interactive } else { options.delivery_mode };
        match mode {
            DeliveryMode::Queue | DeliveryMode::Deferred => {
                envelopes.iter().for_each(|e| self.services.store.release(&e.id));
                0
            }
            DeliveryMode::Background => {
                if process::daemonize().is_err() {
                    return 0;
                }
                for envelope in envelopes {
                    attempt::run(self.services, &Standard::new(false), envelope, How::default());
                }
                process::exit_now(0)
            }
            DeliveryMode::Interactive => envelopes
                .into_iter()
                .map(|e| self.deliver_now(e, verbose))
                .fold(0, |code, next| if code == 0 { next } else { code }),
        }
    }

    fn deliver_now(&self, envelope: Envelope, verbose: bool) -> u8 {
        let mode = self.settings.config.options.error_mode;
        let mails = matches!(mode, ErrorMode::Mail | ErrorMode::MailZero);
        let (headers, body) = (envelope.headers.clone(), envelope.body.clone());
        let count = envelope.recipients.len();
        let watched = Watched { inner: Standard::new(verbose), failed: Mutex::default() };
        // Some get it, some do not: then a report tells more than an exit code.
        let caller_hears = !mails && count == 1;
        let how = How { expensive: verbose, caller_hears, ..How::default() };
        attempt::run(self.services, &watched, envelope, how);
        watched.inner.close();
        let failed = watched.failed.into_inner().unwrap_or_else(|e| e.into_inner());
        let Some(exit) = failed.first().map(|s| s.exit).filter(|e| *e != 0) else { return 0 };
        if caller_hears && mode == ErrorMode::Print {
            self.save_dead_letter(&headers, &body);
        }
        match mode {
            ErrorMode::MailZero => 0,
            _ if failed.len() < count => 0,
            _ => exit,
        }
    }
}

/// Delivery that remembers what failed for good.
struct Watched {
    inner: Standard,
    failed: Mutex<Vec<Status>>,
}

impl Transport for Watched {
    fn route(&self, svc: &Services, envelope: &mut Envelope) -> Vec<Envelope> {
        self.inner.route(svc, envelope)
    }

    fn remote(&self, svc: &Services, env: &Envelope, mailer: usize, host: &Line, recipients: &[usize]) -> Vec<Status> {
        self.inner.remote(svc, env, mailer, host, recipients)
    }

    fn render(&self, svc: &Services, env: &Envelope, mailer: usize, recipients: &[usize]) -> io::Result<Rendered> {
        self.inner.render(svc, env, mailer, recipients)
    }

    fn show(&self, line: &[u8]) {
        self.inner.show(line);
    }

    fn judged(&self, status: &Status) {
        if !status.is_success() && !status.is_transient() {
            self.failed.lock().unwrap_or_else(|e| e.into_inner()).push(status.clone());
        }
    }
}

/// `ADDRESS... TEXT`, as the reply has it.
fn say_failure(_address: &[u8], reply: &Reply) {
    if let Some(text) = reply.lines.last() {
        complain(text);
    }
}

/// The exit code that a refusal stands for.
fn exit_of(reply: &Reply) -> u8 {
    match reply.enhanced.map(|e| (e.0, e.1, e.2)) {
        Some((4, ..)) => 75,
        Some((5, 1, 1)) => 67,
        Some((5, 1, 2)) => 68,
        Some((5, 1, 3) | (5, 5, _)) => 64,
        Some((5, 3, 5)) => 78,
        Some((5, 6, _)) => 65,
        _ => 69,
    }
}

/// Lines of any length, a bounded piece at a time.
trait BoundedLines {
    /// Appends up to the end of the line, but no more than a piece; the number of octets.
    fn read_until_bounded(&mut self, line: &mut Vec<u8>) -> io::Result<usize>;
}

impl<R: BufRead> BoundedLines for R {
    fn read_until_bounded(&mut self, line: &mut Vec<u8>) -> io::Result<usize> {
        let available = loop {
            match self.fill_buf() {
                Ok(bytes) => break bytes,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        };
        let end = memchr::memchr(b'\n', available).map_or(available.len(), |i| i + 1);
        line.extend_from_slice(available.get(..end).unwrap_or_default());
        self.consume(end);
        Ok(end)
    }
}
