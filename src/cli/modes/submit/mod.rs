//! `-bm` and `-t`: a message from standard input. The submission program hands it to the daemon at once, and keeps it in its
//! own queue while the daemon is not there.

mod failure;
mod input;

use super::one_shot;
use crate::alias::list;
use crate::cf::Macros;
use crate::cf::options::sets::Privacy;
use crate::cf::options::{DeliveryMode, ErrorMode};
use crate::cli::complain;
use crate::cli::flags::Ret;
use crate::cli::settings::{Caller, Settings};
use crate::deliver::attempt::{self, How};
use crate::deliver::transport::Standard;
use crate::envelope::{BodyType, Envelope, Flags, Notify, Origin, QueueId, Recipient, RecipientState};
use crate::header::Field;
use crate::header::recipients::named;
use crate::log::delivery::{self, To};
use crate::log::{Id, server as lines};
use crate::queue::schedule::Delivery;
use crate::queue::store::StoreError;
use crate::role::oneshot::OneShot;
use crate::route::{self, Known, Params};
use crate::service::Services;
use crate::smtp::codec::xtext;
use crate::smtp::server::collect::{complete, message_id};
use crate::smtp::server::dates;
use crate::sys::process;
use crate::text::Line;
use crate::user::User;
use failure::{Refused, Watched};
use std::sync::Arc;

/// Reads a message and sends it; gives the exit code of sysexits(3).
pub fn run(settings: Settings) -> u8 {
    let config = Arc::new(settings.config.clone());
    let one = match one_shot(&settings, &config) {
        Ok(one) => one,
        Err(code) => return code,
    };
    match Submission::new(&settings, &one).run() {
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
        let cause = super::bare_reason(&cause);
        Stop { text: format!("451 4.3.0 queue: cannot write: {cause}").into_bytes(), exit: 75 }
    }
}

/// The exit code for what failed in the expansion.
fn failed_exit(envelopes: &[Envelope]) -> u8 {
    let failed = |r: &&Recipient| r.state == RecipientState::Failed;
    let first = envelopes.iter().flat_map(|e| &e.recipients).find(failed);
    first.and_then(|r| r.status.as_ref()).map_or(0, |s| s.exit)
}

struct Submission<'a> {
    settings: &'a Settings,
    services: &'a Services,
    delivery: &'a Arc<Delivery>,
    macros: Macros,
    known: Known,
    now: i64,
    id: QueueId,
    /// Aliases are expanded.
    routed: bool,
}

impl<'a> Submission<'a> {
    fn new(settings: &'a Settings, one: &'a OneShot) -> Submission<'a> {
        let services = &one.services;
        let now = services.clock.now().0;
        let id = services.ids.next(dates::id_fields(now));
        Submission {
            settings,
            services,
            delivery: &one.delivery,
            macros: services.config.layer(),
            known: Known::default(),
            now,
            id,
            routed: false,
        }
    }

    fn run(mut self) -> Result<u8, Stop> {
        let flags = &self.settings.flags;
        let nobody_named = flags.args.is_empty() && !flags.from_header;
        if nobody_named {
            complain(b"Recipient names must be specified");
        }
        let (sender, warning) = self.sender();
        self.set_macros(&sender);
        let mut envelope = self.envelope(&sender);
        let arguments = self.arguments();
        let mut refused = self.add_recipients(&mut envelope, &arguments, true);
        let spool = self.services.store.spool(&self.id)?;
        let mut collected = input::collect(&self.settings.config.options, spool)?;
        if flags.from_header {
            let from_header = named(&collected.headers, self.settings.config.options.old_style_headers);
            refused.extend(self.add_recipients(&mut envelope, &from_header, false));
            if arguments.is_empty() && from_header.is_empty() {
                complain(b"No recipient addresses found in header");
            }
        }
        if let Some(text) = warning.filter(|_| self.settings.config.options.privacy_options.has(Privacy::AUTH_WARNINGS))
        {
            crate::log::authentication_warning(Id::Queue(&self.id), &text);
            let name = Line::cleaned(b"X-Authentication-Warning");
            let field = Field { name, value: [b" ", &text[..]].concat(), condition: None, template: false };
            collected.headers.fields.insert(0, field);
        }
        // Who comes from the header is not known when `Received:` is written.
        match arguments.as_slice() {
            [only] => self.macros.set("u", &**only),
            _ => self.macros.unset("u"),
        }
        let (size, hops) = (collected.size, collected.hops);
        complete(&self.services.config, &mut self.macros, &mut envelope, collected);
        // A name that rule sets could make sense of counts, a string that is no address does not.
        let known = refused.iter().filter(|r| r.recipient.target.is_some()).count();
        let before = envelope.recipients.len();
        self.routed = self.mode() != DeliveryMode::Deferred && !self.too_far(hops);
        let (mut copies, count) = match self.routed {
            true => route::expand_submitted(self.services, &mut envelope, &mut |r| self.log_failed(r)),
            false => (Vec::new(), before),
        };
        let factor = self.settings.config.options.recipient_factor;
        let more = i64::try_from(count + known).unwrap_or(i64::MAX) - i64::try_from(before).unwrap_or(0);
        for part in copies.iter_mut().chain([&mut envelope]) {
            part.priority = part.priority.saturating_add(more.saturating_mul(factor));
        }
        self.log_from(&envelope, size, count + known);
        for copy in &copies {
            delivery::cloned(&envelope.id, &copy.id, &copy.sender);
        }
        crate::dsn::accepted(self.services, &envelope.sender, size);
        if nobody_named {
            return Ok(64);
        }
        if envelope.recipients.is_empty() && refused.is_empty() {
            return Ok(0);
        }
        self.count_hops(&mut envelope, &mut refused, hops);
        let mut parts = route::by_group(self.services, &mut envelope, None);
        for mut copy in copies {
            parts.extend(route::by_group(self.services, &mut copy, None));
            parts.push(copy);
        }
        envelope.recipients.extend(refused.iter().map(|r| r.recipient.clone()));
        let envelopes: Vec<Envelope> = [envelope].into_iter().chain(parts).collect();
        let all: Vec<&Envelope> = envelopes.iter().collect();
        self.services.store.commit_all(&all).map_err(|error| match &error {
            StoreError::Failed(cause) if cause.kind() == std::io::ErrorKind::PermissionDenied => {
                self.no_place(&self.id, cause)
            }
            _ => error.into(),
        })?;
        Ok(self.hand_over(envelopes, &refused))
    }

    /// The queue is not the caller's to write in; the words are the original's.
    fn no_place(&self, id: &QueueId, cause: &std::io::Error) -> Stop {
        let cause = super::bare_reason(cause);
        let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
        let data = format!("collect: Cannot write ./df{id} (bfcommit, uid={uid}, gid={gid}): {cause}");
        let control = format!("queueup: cannot create queue file ./qf{id}, euid={uid}, fd=-1, fp=0x0: {cause}");
        complain(data.as_bytes());
        for text in [&data, &control] {
            crate::log::syserr(Id::Queue(id), &self.settings.caller.name, text);
        }
        Stop { text: control.into_bytes(), exit: 71 }
    }

    fn hops(&self, seen: usize) -> u64 {
        u64::try_from(seen).unwrap_or(u64::MAX).saturating_add(u64::from(self.settings.flags.hop_count.unwrap_or(0)))
    }

    fn too_far(&self, seen: usize) -> bool {
        !i64::try_from(self.hops(seen)).is_ok_and(|hops| hops <= self.settings.config.options.max_hop_count)
    }

    /// How the message is to be delivered.
    fn mode(&self) -> DeliveryMode {
        let interactive = self.settings.flags.verbose;
        if interactive { DeliveryMode::Interactive } else { self.settings.config.options.delivery_mode }
    }

    /// A message that has come too far goes nowhere.
    fn count_hops(&self, envelope: &mut Envelope, refused: &mut Vec<Refused>, hops: usize) {
        let most = self.settings.config.options.max_hop_count;
        if !self.too_far(hops) {
            return;
        }
        let hops = self.hops(hops);
        let Some(first) = envelope.recipients.first().map(|r| r.address.clone()) else { return };
        let shown = |text: &[u8]| String::from_utf8_lossy(text).into_owned();
        let text = format!(
            "Too many hops {hops} ({most} max): from {} via localhost, to {}",
            shown(&envelope.sender),
            shown(&first)
        );
        crate::log::syserr(Id::Queue(&self.id), &self.settings.caller.name, &text);
        refused.extend(envelope.recipients.drain(..).map(|r| Refused::too_many_hops(r, &text)));
    }

    /// The sender's account, when the sender is a user of this host.
    fn account_of(&self, sender: &[u8]) -> Option<User> {
        let user = match sender.iter().rposition(|b| *b == b'@') {
            Some(at) => {
                let (user, host) = sender.split_at(at);
                self.settings.config.classes.contains("w", host.get(1..)?).then_some(user)?
            }
            None => sender,
        };
        if user.is_empty() { None } else { self.services.users.by_name(user).ok().flatten() }
    }

    /// The sender is the caller.
    fn is_caller(&self, sender: &[u8]) -> bool {
        let caller = &self.settings.caller;
        sender == caller.name || self.account_of(sender).is_some_and(|user| user.uid == caller.uid)
    }

    /// The envelope sender, and the warning when the caller had no right to choose it.
    fn sender(&self) -> (Vec<u8>, Option<Vec<u8>>) {
        let caller = &self.settings.caller;
        let Some((flag, chosen)) = &self.settings.flags.sender else { return (caller.name.clone(), None) };
        let bare = chosen.strip_prefix(b"<").and_then(|c| c.strip_suffix(b">")).unwrap_or(chosen);
        let name = String::from_utf8_lossy(&caller.name).into_owned();
        let own = self.is_caller(bare) || self.settings.config.is_trusted(&name);
        let warning = (!own && !caller.is_root()).then(|| {
            let host = self.settings.config.macros.expanded("j");
            let chosen: &[u8] = if chosen.is_empty() { b"<>" } else { chosen };
            [&host[..], b": ", &caller.name, b" set sender to ", chosen, b" using -", &[*flag]].concat()
        });
        (bare.to_vec(), warning)
    }

    /// The name to show beside the sender: that of `-F`, the caller's own wish, or that of the account. A sender elsewhere
    /// has none.
    fn full_name(&self, sender: &[u8]) -> Vec<u8> {
        let flags = &self.settings.flags;
        let caller = &self.settings.caller;
        if flags.sender.is_some() && !self.is_caller(sender) {
            let Some(account) = self.account_of(sender) else { return Vec::new() };
            return flags.full_name.clone().unwrap_or(account.full_name);
        }
        let wish = || std::env::var_os("NAME").filter(|n| !n.is_empty()).map(|n| n.into_encoded_bytes());
        flags.full_name.clone().or_else(wish).unwrap_or_else(|| caller.full_name.clone())
    }

    fn set_macros(&mut self, sender: &[u8]) {
        let full = self.full_name(sender);
        let Caller { name, .. } = &self.settings.caller;
        let flags = &self.settings.flags;
        let macros = &mut self.macros;
        macros.set("i", self.id.as_str());
        dates::set(macros, self.now);
        macros.set("f", sender);
        macros.set("g", sender);
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
        let split = |a: &Vec<u8>| list::split(a).into_iter().map(|p| p.trim_ascii().to_vec()).rev().collect::<Vec<_>>();
        self.settings.flags.args.iter().flat_map(split).filter(|a| !a.is_empty()).collect()
    }

    /// Who answers for the message (RFC 4954 5): its sender.
    fn responsible(&self, sender: &[u8]) -> Option<Line> {
        if sender.is_empty() || sender == b"<>" {
            return None;
        }
        let host = self.settings.config.macros.expanded("j");
        let whole = if sender.contains(&b'@') { sender.to_vec() } else { [sender, b"@", &host].concat() };
        Some(Line::cleaned(&xtext::encode(&whole)))
    }

    fn envelope(&self, sender: &[u8]) -> Envelope {
        let flags = &self.settings.flags;
        Envelope {
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
            sender: Line::cleaned(if sender.is_empty() { b"<>" } else { sender }),
            envid: flags.envid.as_deref().map(Line::cleaned),
            auth_param: self.responsible(sender),
            ..Envelope::new(self.id.clone(), self.now)
        }
    }

    /// Adds the recipients; gives those that cannot be. Those of the command line are complained of at once.
    fn add_recipients(
        &mut self,
        envelope: &mut Envelope,
        recipients: &[Vec<u8>],
        named_by_caller: bool,
    ) -> Vec<Refused> {
        let notify = match self.settings.flags.notify {
            None => Notify::default(),
            Some(n) => Notify { explicit: true, success: n.success, failure: n.failure, delay: n.delay },
        };
        let params = Params { notify, orcpt: None };
        let mut refused = Vec::new();
        for address in recipients {
            let added = route::recipient(
                self.services,
                &mut self.macros,
                (envelope, &mut self.known),
                address,
                &params,
                &Origin::Direct,
            );
            let Err(reply) = added else { continue };
            let text = reply.lines.last().map(|l| l.to_vec()).unwrap_or_default();
            if self.settings.config.options.error_mode == ErrorMode::Print {
                complain(&text);
            }
            if named_by_caller {
                lines::user_error(Id::Queue(&self.id), &text);
            }
            let parsed = route::parse_recipient(self.services, &mut self.macros, address).ok();
            let one = Refused::new(address, notify, &reply, parsed.map(|p| p.target), named_by_caller);
            if one.recipient.target.is_some() {
                self.log_failed(&one.recipient);
            }
            refused.push(one);
        }
        refused
    }

    fn log_from(&self, envelope: &Envelope, size: u64, recipients: usize) {
        let relay = [&self.settings.caller.name[..], b"@localhost"].concat();
        let message_id = message_id(&envelope.headers);
        let protocol = self.settings.flags.protocol.as_ref().and_then(|p| p.split(|b| *b == b':').next());
        let protocol = protocol.map(|p| String::from_utf8_lossy(&Line::cleaned(p)).into_owned());
        lines::from(
            Id::Queue(&envelope.id),
            &lines::From {
                sender: &envelope.sender,
                size,
                class: envelope.class,
                recipients,
                message_id: message_id.as_deref(),
                body_type: self.settings.flags.body_type.as_deref(),
                protocol: protocol.as_deref(),
                daemon: None,
                relay: &relay,
            },
        );
    }

    /// Delivers as the delivery mode says; the message is in the queue already.
    fn hand_over(&self, envelopes: Vec<Envelope>, refused: &[Refused]) -> u8 {
        let options = &self.settings.config.options;
        let verbose = self.settings.flags.verbose;
        let idle = envelopes.iter().flat_map(|e| &e.recipients).all(|r| r.state == RecipientState::Failed);
        let exit = match options.error_mode {
            ErrorMode::MailZero => 0,
            _ => refused.first().map_or(0, Refused::exit).max(if refused.is_empty() {
                failed_exit(&envelopes)
            } else {
                0
            }),
        };
        match self.mode() {
            // What is wrong already is told now, not when somebody looks into the queue.
            DeliveryMode::Queue | DeliveryMode::Deferred if refused.is_empty() => {
                self.only_queue(envelopes);
                exit
            }
            DeliveryMode::Background if !idle => {
                if process::daemonize_leaving(exit).is_err() {
                    return exit;
                }
                // Threads do not live through a fork: the scheduler starts on this side of it.
                let quiet = Arc::new(Standard::new(false));
                self.delivery.start(self.services.clone(), quiet.clone(), 1);
                for envelope in envelopes {
                    let how = How { routed: self.routed, submitter: self.submitter(), ..How::default() };
                    attempt::run(self.services, &*quiet, envelope, how);
                }
                self.delivery.drain();
                quiet.close();
                process::exit_now(0)
            }
            _ => self.deliver_now(envelopes, verbose, refused, exit),
        }
    }

    /// Leaves the message to a queue run; who is in it and cannot be is reported now, since the queue does not keep that.
    fn only_queue(&self, envelopes: Vec<Envelope>) {
        let quiet = Arc::new(Standard::new(false));
        let mut reports = false;
        for envelope in envelopes {
            if envelope.recipients.iter().any(|r| r.state == RecipientState::Failed) {
                if !reports {
                    self.delivery.start(self.services.clone(), quiet.clone(), 1);
                    reports = true;
                }
                let how = How { routed: true, only_queue: true, submitter: self.submitter(), ..How::default() };
                attempt::run(self.services, &*quiet, envelope, how);
            } else {
                self.log_queued(&envelope);
                self.services.store.release(&envelope.id);
            }
        }
        if reports {
            self.delivery.drain();
            quiet.close();
        }
    }

    fn submitter(&self) -> Option<(u32, u32)> {
        Some((self.settings.caller.uid, self.settings.caller.gid))
    }

    /// The `to=` line of an address that turned out to be none while the message was taken in; it has no priority yet.
    fn log_failed(&self, r: &Recipient) {
        let Some(status) = r.status.as_ref().filter(|s| !s.is_transient()) else { return };
        if r.target.is_none() || status.enhanced == crate::dsn::LOOP && status.reply.is_none() {
            return;
        }
        let target = r.target.as_ref();
        let mailer = target.and_then(|t| self.services.config.mailers.get(t.mailer));
        let reply = status.reply.as_ref().map(|r| r.first_line());
        delivery::to(
            &self.id,
            &To {
                to: vec![&r.address],
                control: r.control.as_ref().map(|c| (&c.alias[..], c.uid, c.gid)),
                delay: self.services.clock.now().0 - self.now,
                mailer: mailer.map(|m| m.name.as_str()),
                relay: target.map(|t| &t.host[..]).filter(|h| !h.is_empty()),
                dsn: Some(status.enhanced),
                reply: reply.as_deref(),
                stat: &status.text,
                ..To::default()
            },
        );
    }

    /// `stat=queued` for every recipient of a message that only goes into the queue.
    fn log_queued(&self, envelope: &Envelope) {
        let ended = |r: &&Recipient| !matches!(r.state, RecipientState::Expanded | RecipientState::Discarded);
        for r in envelope.recipients.iter().filter(ended) {
            let mailer = r.target.as_ref().and_then(|t| self.services.config.mailers.get(t.mailer));
            delivery::to(
                &envelope.id,
                &To {
                    to: vec![&r.address],
                    delay: self.services.clock.now().0 - envelope.created,
                    mailer: mailer.map(|m| m.name.as_str()),
                    priority: envelope.priority,
                    quarantine: envelope.quarantine.as_deref(),
                    stat: if envelope.quarantine.is_some() { b"quarantined" } else { b"queued" },
                    ..To::default()
                },
            );
        }
    }

    fn deliver_now(&self, envelopes: Vec<Envelope>, verbose: bool, refused: &[Refused], exit: u8) -> u8 {
        let options = &self.settings.config.options;
        let standard = Arc::new(Standard::new(verbose));
        self.delivery.start(self.services.clone(), standard.clone(), 1);
        let watched = Watched::new(standard);
        let mut saved = false;
        for envelope in envelopes {
            let own = || self.is_caller(&envelope.sender) && self.may_save() && refused.iter().all(|r| r.told);
            let keeps = match options.error_mode {
                ErrorMode::Print => own(),
                ErrorMode::Quiet => true,
                ErrorMode::Mail | ErrorMode::MailZero | ErrorMode::Write => false,
            };
            let unheard = envelope.recipients.iter().all(|r| r.notify.explicit && !r.notify.failure);
            let wanted = keeps && options.error_mode == ErrorMode::Print && !unheard && !saved;
            // The body is gone when the attempt is over, so the copy is made before, and thrown away when nothing fails.
            let letter = wanted.then(|| failure::letter(self.services, &*watched.inner, &envelope)).flatten();
            let how = How {
                routed: self.routed,
                expensive: verbose,
                caller_hears: keeps,
                submitter: self.submitter(),
                ..How::default()
            };
            attempt::run(self.services, &watched, envelope, how);
            if let Some(letter) = letter.filter(|_| watched.failed().is_some()) {
                saved = true;
                self.save(letter);
            }
        }
        let failed = watched.failed();
        self.delivery.drain();
        watched.inner.close();
        match (options.error_mode, exit) {
            (ErrorMode::MailZero, _) => 0,
            (_, 0) => failed.map_or(watched.broken(), |status| status.exit),
            (_, exit) => exit,
        }
    }
}
