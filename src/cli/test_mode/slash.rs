//! Commands with a slash: `/parse`, `/try`, `/tryflags`, `/map`, `/mx`, `/canon`, `/header`, `/quit`.

use super::output::visible;
use super::traces::Printer;
use super::{Go, TestMode};
use crate::cf::problem::printable;
use crate::map::Probe;
use crate::rewrite::{Kind, Notice, Scope, Verdict, check_keeping_comments, crackaddr, parse_address, remote_name};

/// The length that a name to be canonified has to stay below.
const MAX_NAME: usize = 256;
/// How much of a rewritten address is shown.
const MAX_SHOWN: usize = 254;

/// A command's first word and what follows it.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    (word, rest.trim_ascii_start())
}

impl TestMode {
    pub(super) fn slash(&mut self, line: &[u8]) -> Go {
        let line = line.trim_ascii_end();
        let (command, rest) = split(line);
        let name = command.get(1..).unwrap_or_default().to_ascii_lowercase();
        match name.as_slice() {
            b"" => self.out.text("Usage: /[canon|map|mx|parse|try|tryflags]"),
            b"quit" => return Go::Quit,
            b"parse" => self.parse(rest),
            b"try" => self.try_mailer(rest),
            b"tryflags" => self.try_flags(rest),
            b"map" => self.map(rest),
            b"mx" => self.mx(rest),
            b"canon" => self.canon(rest),
            b"header" => self.header(rest),
            b"why" => self.why(rest),
            _ => self.out.text(&format!("Unknown \"/\" command {}", printable(command))),
        }
        Go::On
    }

    fn what(&self) -> &'static str {
        match self.kind() {
            Kind::EnvelopeSender => "envelope sender",
            Kind::EnvelopeRecipient => "envelope recipient",
            Kind::HeaderSender => "header sender",
            Kind::HeaderRecipient => "header recipient",
        }
    }

    fn parse(&mut self, addr: &[u8]) {
        if addr.is_empty() {
            return self.out.text("Usage: /parse address");
        }
        let mut line = b"Cracked address = ".to_vec();
        line.extend(visible(&crackaddr(addr, &self.config)));
        self.out.line(&line);
        let what = self.what();
        self.out.text(&format!("Parsing {what} address"));
        let kind = self.kind();
        let mut printer = Printer::new(self.out.clone(), &self.config, &self.levels);
        let mut scope = Scope::new(&self.config, &mut self.macros, &*self.maps);
        scope.trace = Some(&mut printer);
        let mut line = b"mailer ".to_vec();
        match parse_address(&mut scope, addr, kind) {
            Ok(parsed) => {
                if parsed.try_later {
                    let text = b"... Transient parse error -- message queued for future delivery";
                    self.out.line(&[addr, text].concat());
                }
                let name = self.config.mailers.get(parsed.mailer).map(|m| m.name.as_str()).unwrap_or_default();
                line.extend(name.bytes());
                if let Some(host) = parsed.host.filter(|h| !h.is_empty()) {
                    line.extend_from_slice(b", host ");
                    line.extend(host);
                }
                line.extend_from_slice(b", user ");
                line.extend(parsed.user);
            }
            Err(refusal) if refusal.unusable => {
                return self.out.text("Cannot parse");
            }
            Err(refusal) => {
                // A fault of the configuration has set the code already.
                if !scope.notices.iter().any(|n| matches!(n, Notice::System(_))) {
                    self.out.fail(refusal.exit);
                }
                line.extend_from_slice(b"*error*");
                if let Some(host) = refusal.host.filter(|h| !h.is_empty()) {
                    line.extend_from_slice(b", host ");
                    line.extend(host);
                }
                line.extend_from_slice(b", user ");
                line.extend(refusal.written);
            }
        }
        self.out.line(&line);
    }

    fn try_mailer(&mut self, rest: &[u8]) {
        let (mailer, addr) = split(rest);
        if addr.is_empty() {
            return self.out.text("Usage: /try mailer address");
        }
        let Some(index) = self.config.mailers.iter().position(|m| m.name.as_bytes() == mailer) else {
            return self.out.text(&format!("Unknown mailer {}", printable(mailer)));
        };
        let what = self.what();
        let mut line = format!("Trying {what} address ").into_bytes();
        line.extend_from_slice(addr);
        line.extend_from_slice(b" for mailer ");
        line.extend_from_slice(mailer);
        self.out.line(&line);
        let kind = self.kind();
        let mut printer = Printer::new(self.out.clone(), &self.config, &self.levels);
        let mut scope = Scope::new(&self.config, &mut self.macros, &*self.maps);
        scope.trace = Some(&mut printer);
        let remote = remote_name(&mut scope, addr, kind, index, None);
        let mut line = format!("Rcode = {}, addr = ", remote.status).into_bytes();
        // What is around an address makes room for two octets more.
        let most = if crackaddr(addr, &self.config) == b"$g" { MAX_SHOWN } else { MAX_SHOWN + 2 };
        let most = if remote.text == addr { addr.len() } else { most };
        line.extend(remote.text.into_iter().take(most));
        self.out.line(&line);
    }

    fn try_flags(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            return self.out.text("Usage: /tryflags [Hh|Ee][Ss|Rr]");
        }
        for b in rest {
            match b {
                b'H' | b'h' => self.header = true,
                b'E' | b'e' => self.header = false,
                b'S' | b's' => self.sender = true,
                b'R' | b'r' => self.sender = false,
                _ => {}
            }
        }
    }

    fn map(&mut self, rest: &[u8]) {
        if rest.is_empty() {
            return self.out.text("Usage: /map mapname key");
        }
        let (name, key) = split(rest);
        let name = printable(name);
        if key.is_empty() {
            return self.out.text("No key specified");
        }
        let answer = self.maps.probe(&name, key, &mut self.macros);
        let mut line = format!("map_lookup: {name} (").into_bytes();
        line.extend_from_slice(key);
        line.extend_from_slice(b") ");
        match answer {
            Probe::NotDefined => self.out.text(&format!("Map named \"{name}\" not found")),
            Probe::NotOpen => self.out.text(&format!("Map named \"{name}\" not open")),
            Probe::Outcome(outcome) => {
                match outcome.value {
                    Some(value) => {
                        line.extend_from_slice(b"returns ");
                        line.extend(value);
                    }
                    None => line.extend_from_slice(b"no match"),
                }
                line.extend(format!(" ({})", outcome.status).bytes());
                self.out.line(&line);
            }
        }
    }

    fn mx(&mut self, host: &[u8]) {
        if host.is_empty() {
            return self.out.text("Usage: /mx address");
        }
        let shown = printable(host);
        let found = crate::dns::exchangers(&*self.resolver, host);
        if found.as_ref().is_ok_and(|answer| answer.null) {
            return self.out.text(&format!("getmxrr({shown}) returns null MX (See RFC7505)"));
        }
        let failed = found.is_err();
        let mut hosts: Vec<Vec<u8>> =
            found.map(|a| a.hosts.into_iter().map(|mx| mx.name).collect()).unwrap_or_default();
        let fallback = self.config.options.fallback_mx_host.get().unwrap_or_default();
        if !fallback.is_empty() {
            let bare = fallback.strip_suffix(b".").unwrap_or(fallback);
            let dot: &[u8] = if bare.starts_with(b"[") { b"" } else { b"." };
            hosts.push([bare, dot].concat());
        }
        if failed && hosts.is_empty() {
            return self.out.text(&format!("getmxrr({shown}) returns -1 value(s):"));
        }
        self.out.text(&format!("getmxrr({shown}) returns {} value(s):", hosts.len()));
        for host in hosts {
            self.out.line(&[b"\t", host.as_slice()].concat());
        }
    }

    fn canon(&mut self, host: &[u8]) {
        if host.is_empty() {
            return self.out.text("Usage: /canon address");
        }
        if host.len() >= MAX_NAME {
            return self.out.text("Name too long");
        }
        let name = match self.resolver.canonical(host) {
            Ok((name, _)) => name,
            Err(_) => host.strip_suffix(b".").unwrap_or(host).to_vec(),
        };
        let mut line = b"getcanonname(".to_vec();
        line.extend_from_slice(host);
        line.extend_from_slice(b") returns ");
        line.extend(name);
        self.out.line(&line);
    }

    /// `/header Field: value`: the check of the field's `H` line, and the flags that the field has.
    fn header(&mut self, rest: &[u8]) {
        let colon = rest.iter().position(|b| *b == b':');
        let name = rest.get(..colon.unwrap_or(0)).unwrap_or_default().trim_ascii_end();
        let Some(colon) = colon.filter(|_| !name.is_empty() && !name.iter().any(u8::is_ascii_whitespace)) else {
            self.out.text(&format!("header syntax error, line \"{}\"", printable(rest)));
            self.out.fail(70);
            return self.out.text("ul = 00000000");
        };
        let value = rest.get(colon + 1..).unwrap_or_default().trim_ascii_start();
        let mut flags = field_flags(name);
        let own = self.config.headers.iter().rev().find(|h| h.name.eq_ignore_ascii_case(name));
        if own.and_then(|h| h.check.as_ref()).is_some_and(|c| !c.keep_comments) {
            flags |= STRIP_COMMENTS;
        }
        if flags & END_OF_HEADER == 0
            && !value.is_empty()
            && let Some(check) = self.config.header_check(name).cloned()
        {
            let mut printer = Printer::new(self.out.clone(), &self.config, &self.levels);
            let mut scope = Scope::new(&self.config, &mut self.macros, &*self.maps);
            scope.trace = Some(&mut printer);
            let ask = if check.keep_comments { check_keeping_comments } else { crate::rewrite::check };
            if let Verdict::Reject { text, .. } = ask(&mut scope, &check.ruleset, &[value]) {
                self.out.line(&text);
            }
        }
        self.out.text(&format!("ul = {flags:#010x}"));
    }
}

/// The field ends the header.
const END_OF_HEADER: u32 = 1;
/// The check of the field does not see comments.
const STRIP_COMMENTS: u32 = 0x10000;
/// The flags that every field has.
const USUAL: u32 = 0x40000;

/// The flags of the fields that have any of their own, as `/header` shows them: 1 ends the header, 2 recipients, 8
/// `Resent-`, 0x20 dropped, 0x40 forced, 0x80 trace, 0x100 senders, 0x400 receipts, 0x800 errors, 0x1000 and 0x2000
/// MIME, 0x4000 `Bcc`, 0x8000 encoded words, 0x20000 with the address in brackets.
const FIELDS: &[(&str, u32)] = &[
    ("apparently-to", 0x2),
    ("bcc", 0x4002),
    ("cc", 0x2),
    ("comments", 0x8040),
    ("content-length", 0x20),
    ("content-transfer-encoding", 0x1000),
    ("content-type", 0x2000),
    ("delivery-receipt-to", 0x400),
    ("disposition-notification-to", 0x100),
    ("errors-to", 0x900),
    ("from", 0x100),
    ("full-name", 0x20),
    ("mail-from", 0xc0),
    ("received", 0xc0),
    ("reply-to", 0x100),
    ("resent-bcc", 0x400a),
    ("resent-cc", 0xa),
    ("resent-date", 0x8),
    ("resent-from", 0x108),
    ("resent-message-id", 0x8),
    ("resent-reply-to", 0x108),
    ("resent-sender", 0x108),
    ("resent-to", 0xa),
    ("return-path", 0x20060),
    ("return-receipt-to", 0x400),
    ("sender", 0x100),
    ("subject", 0x8000),
    ("to", 0x2),
    ("via", 0xc0),
    ("x-authentication-warning", 0x40),
];

fn field_flags(name: &[u8]) -> u32 {
    let lower = name.to_ascii_lowercase();
    if lower == b"message" || lower == b"text" {
        return END_OF_HEADER;
    }
    USUAL | FIELDS.iter().find(|(n, _)| n.as_bytes() == lower).map_or(0, |(_, f)| *f)
}
