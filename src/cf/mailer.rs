//! Mailers: `M` lines (sendmail operations guide 5.4).

use super::options::UserSpec;
use super::options::value::{number, seconds};
use super::problem::{Fault, printable};
use super::ruleset::{RulesetId, Rulesets};
use super::system::System;
use super::template::{Template, translate};

/// Every mailer flag that has a meaning of its own; other letters are free for `H?x?` lines.
pub const FLAGS: &[(u8, &str)] = &[
    (b'a', "try EHLO"),
    (b'A', "look recipients up in the aliases"),
    (b'b', "end the message with a blank line"),
    (b'B', "strip leading backslashes"),
    (b'c', "strip comments from addresses"),
    (b'C', "add the sender's domain to unqualified header addresses"),
    (b'd', "no angle brackets around route addresses"),
    (b'D', "wants Date:"),
    (b'e', "expensive to connect to"),
    (b'E', "write >From for From in bodies"),
    (b'f', "pass -f and the sender"),
    (b'F', "wants From:"),
    (b'g', "errors come from MAILER-DAEMON, not from <>"),
    (b'h', "keep the case of hosts"),
    (b'i', "user database for envelope senders"),
    (b'I', "the peer is a sendmail"),
    (b'j', "user database for header recipients"),
    (b'k', "no check for loops to ourselves"),
    (b'K', "reserved"),
    (b'l', "local: the final delivery"),
    (b'L', "short lines, as RFC 821 demands"),
    (b'm', "several recipients at once"),
    (b'M', "wants Message-Id:"),
    (b'n', "no From_ line"),
    (b'o', "runs as the recipient's owner"),
    (b'p', "return path as a route address"),
    (b'P', "wants Return-Path:"),
    (b'q', "VRFY answers 250, not 252"),
    (b'r', "pass -r and the sender"),
    (b'R', "connect from a reserved port"),
    (b's', "strip quotes"),
    (b'S', "keep the user id"),
    (b'u', "keep the case of users"),
    (b'U', "UUCP From_ line"),
    (b'w', "the user must have an account"),
    (b'W', "ignore the long-term host status"),
    (b'x', "wants Full-Name:"),
    (b'X', "double leading dots"),
    (b'z', "LMTP"),
    (b'Z', "DialDelay applies"),
    (b'0', "no MX look-ups"),
    (b'1', "strip NUL"),
    (b'2', "HELO only"),
    (b'3', "quote more for EBCDIC"),
    (b'5', "rule set 5 for recipients without alias"),
    (b'6', "headers are 7-bit"),
    (b'7', "everything is 7-bit"),
    (b'8', "8-bit bodies are fine"),
    (b'9', "turn quoted-printable into 8-bit"),
    (b':', "recipients may be :include: files"),
    (b'|', "recipients may be programs"),
    (b'/', "recipients may be files"),
    (b'@', "look recipients up in the user database"),
    (b'%', "hold until a queue run asks for it"),
    (b'!', "keep an explicit From:"),
];

/// A set of mailer flags: ASCII characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(u128);

impl Flags {
    /// Whether `letter` is in the set.
    pub fn has(self, letter: u8) -> bool {
        letter < 128 && self.0 & (1 << letter) != 0
    }
    /// Adds `letter`.
    pub fn add(&mut self, letter: u8) {
        if letter < 128 {
            self.0 |= 1 << letter;
        }
    }
    /// Takes `letter` away.
    pub fn remove(&mut self, letter: u8) {
        if letter < 128 {
            self.0 &= !(1 << letter);
        }
    }
    /// The letters, in ASCII order.
    pub fn letters(self) -> String {
        (0u8..128).filter(|b| self.has(*b)).map(char::from).collect()
    }
}

/// A mailer by its place in [`super::Config::mailers`].
pub type MailerIndex = usize;

/// The equates of an `M` line.
#[derive(Clone, Debug)]
pub struct Mailer {
    /// The name that `$#` gives.
    pub name: String,
    /// `P=`: a program, or `[IPC]`, `[FILE]`, `[LPC]`.
    pub path: Vec<u8>,
    /// `F=`.
    pub flags: Flags,
    /// `A=`, one template for each argument.
    pub argv: Vec<Template>,
    /// `E=`.
    pub eol: Vec<u8>,
    /// `L=`: longest line, 0 for no limit.
    pub line_limit: i64,
    /// `M=`: largest message, 0 for no limit.
    pub max_size: i64,
    /// `S=` for envelope senders.
    pub sender_envelope: RulesetId,
    /// `S=` for header senders.
    pub sender_header: RulesetId,
    /// `R=` for envelope recipients.
    pub recipient_envelope: RulesetId,
    /// `R=` for header recipients.
    pub recipient_header: RulesetId,
    /// `T=`: MTA, address and diagnostic type for delivery reports.
    pub types: [Option<Vec<u8>>; 3],
    /// `U=`.
    pub user: UserSpec,
    /// `D=`: working directories, separated by colons.
    pub directory: Option<Template>,
    /// `/=`: new root.
    pub root: Option<Template>,
    /// `N=`.
    pub nice: i64,
    /// `W=`, in seconds; 0 waits for ever.
    pub wait: i64,
    /// `m=`: messages for each connection, 0 for no limit.
    pub max_messages: i64,
    /// `r=`: recipients for each envelope.
    pub max_recipients: i64,
    /// `Q=`: name of a queue group.
    pub queue_group: Option<Vec<u8>>,
    /// `C=`.
    pub charset: Option<Vec<u8>>,
    /// The line that defines it; 0 for a built-in one.
    pub line: u32,
}

impl Mailer {
    /// A mailer with nothing set but its name.
    pub fn named(name: &str) -> Mailer {
        Mailer {
            name: name.to_string(),
            path: Vec::new(),
            flags: Flags::default(),
            argv: Vec::new(),
            eol: b"\n".to_vec(),
            line_limit: 0,
            max_size: 0,
            sender_envelope: RulesetId::NONE,
            sender_header: RulesetId::NONE,
            recipient_envelope: RulesetId::NONE,
            recipient_header: RulesetId::NONE,
            types: [None, None, None],
            user: UserSpec::default(),
            directory: None,
            root: None,
            nice: 0,
            wait: 0,
            max_messages: 0,
            max_recipients: 100,
            queue_group: None,
            charset: None,
            line: 0,
        }
    }

    /// Whether the mailer speaks SMTP or LMTP: its arguments do not name the user.
    pub fn speaks_smtp(&self) -> bool {
        !self.argv.iter().any(|a| a.mentions("u"))
    }

    /// Whether it connects over TCP or a local socket.
    pub fn is_ipc(&self) -> bool {
        self.path.eq_ignore_ascii_case(b"[IPC]")
    }

    /// Whether it appends to a file.
    pub fn is_file(&self) -> bool {
        self.path.eq_ignore_ascii_case(b"[FILE]")
    }

    /// The mailers that exist without an `M` line.
    pub fn built_in() -> Vec<Mailer> {
        let make = |name: &str, path: &str, flags: &str, argv: &[&str], types: bool| {
            let mut m = Mailer::named(name);
            m.path = path.as_bytes().to_vec();
            flags.bytes().for_each(|b| m.flags.add(b));
            m.argv = argv.iter().map(|a| Template::parse(a.as_bytes())).collect();
            if types {
                m.types = [0, 1, 2].map(|_| Some(b"X-Unix".to_vec()));
            }
            m
        };
        vec![
            make("prog", "/bin/sh", "lsouDq9", &["sh", "-c", "$u"], true),
            make("*file*", "[FILE]", "lsDFMPEouq9", &["FILE", "$u"], true),
            make("*include*", "/dev/null", "su", &["INCLUDE", "$u"], false),
        ]
    }
}

/// Splits an `M`, `X` or `Q` line's text into its name and `key=value` fields. `\` keeps the next octet, also a comma.
pub(super) fn equates(text: &[u8]) -> (Vec<u8>, Vec<(Vec<u8>, Vec<u8>)>) {
    let name_len = text.iter().position(|b| *b == b',' || b.is_ascii_whitespace()).unwrap_or(text.len());
    let name = text.get(..name_len).unwrap_or_default().to_vec();
    let mut rest = text.get(name_len..).unwrap_or_default();
    let mut fields = Vec::new();
    loop {
        rest = rest.trim_ascii_start();
        let skip = rest.iter().take_while(|b| **b == b',' || b.is_ascii_whitespace()).count();
        rest = rest.get(skip..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let stop = rest.iter().position(|b| matches!(b, b'=' | b','));
        let (key, tail) = rest.split_at(stop.unwrap_or(rest.len()));
        if tail.first() != Some(&b'=') {
            fields.push((key.trim_ascii().to_vec(), Vec::new()));
            rest = tail;
            continue;
        }
        let (value, tail) = field_value(tail.get(1..).unwrap_or_default().trim_ascii_start());
        fields.push((key.trim_ascii().to_vec(), value));
        rest = tail;
    }
    (name, fields)
}

/// A field's value up to the next comma, with its backslash escapes resolved, and what follows.
fn field_value(text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut out = Vec::new();
    let mut quoted = false;
    let mut i = 0;
    while let Some(&b) = text.get(i) {
        i += 1;
        match b {
            b'\\' => {
                let Some(&e) = text.get(i) else { break };
                i += 1;
                match e {
                    b'n' => out.push(b'\n'),
                    b'r' => out.push(b'\r'),
                    b't' => out.push(b'\t'),
                    b'b' => out.push(8),
                    b'f' => out.push(12),
                    other => out.push(other),
                }
            }
            b'"' => quoted = !quoted,
            b',' if !quoted => break,
            other => out.push(other),
        }
    }
    while out.last().is_some_and(|b| *b == b' ') {
        out.pop();
    }
    (out, text.get(i..).unwrap_or_default())
}

/// What reading a mailer needs of the configuration so far.
pub(super) struct Reading<'a> {
    pub rulesets: &'a mut Rulesets,
    pub system: &'a dyn System,
    pub queue_groups: &'a [super::queue_group::QueueGroup],
    pub faults: &'a mut Vec<Fault>,
}

/// Reads an `M` line's text (without the `M`).
pub(super) fn parse(text: &[u8], line: u32, with: &mut Reading<'_>) -> Option<Mailer> {
    let (name, fields) = equates(text);
    let shown = printable(&name);
    if name.is_empty() {
        with.faults.push(Fault::error("name required for mailer"));
        return None;
    }
    let mut m = Mailer::named(&shown);
    m.eol.clear();
    m.line = line;
    for (key, value) in fields {
        set(&mut m, &key, &value, &shown, with);
    }
    finish(m, &shown, with)
}

fn set(m: &mut Mailer, key: &[u8], value: &[u8], shown: &str, with: &mut Reading<'_>) {
    let template = |text: &[u8]| Template::from_syms(translate(text, false, &mut |_| ()));
    match key.first() {
        Some(b'P') => m.path = value.to_vec(),
        Some(b'F') => {
            for b in value.iter().filter(|b| !b.is_ascii_whitespace()) {
                m.flags.add(*b);
            }
        }
        Some(b'S') | Some(b'R') => {
            let mut parts = value.splitn(2, |b| *b == b'/');
            let mut id = |name: &[u8]| with.rulesets.intern(name, with.faults).unwrap_or(RulesetId::NONE);
            let envelope = id(parts.next().unwrap_or_default());
            let header = parts.next().map_or(envelope, id);
            if key.first() == Some(&b'S') {
                (m.sender_envelope, m.sender_header) = (envelope, header);
            } else {
                (m.recipient_envelope, m.recipient_header) = (envelope, header);
            }
        }
        Some(b'E') => m.eol = value.to_vec(),
        Some(b'A') => {
            let words = value.split(|b| b.is_ascii_whitespace()).filter(|w| !w.is_empty());
            m.argv = words.map(template).collect();
        }
        Some(b'M') => m.max_size = number(value),
        Some(b'm') => m.max_messages = number(value),
        Some(b'L') => m.line_limit = number(value).max(0),
        Some(b'N') => m.nice = number(value),
        Some(b'D') => m.directory = Some(template(value)),
        Some(b'/') => m.root = Some(template(value)),
        Some(b'C') => m.charset = Some(value.to_vec()),
        Some(b'Q') => m.queue_group = Some(value.to_vec()),
        Some(b'r') => m.max_recipients = number(value),
        Some(b'W') => m.wait = seconds(value, b's', with.faults),
        Some(b'T') => {
            let mut parts = value.splitn(3, |b| *b == b'/').map(<[u8]>::trim_ascii);
            m.types = [b"dns".as_slice(), b"rfc822", b"smtp"]
                .map(|usual| Some(parts.next().filter(|p| !p.is_empty()).unwrap_or(usual).to_vec()));
        }
        Some(b'U') => {
            m.user = UserSpec::parse(value, "mailer U= flag", with.system, with.faults);
        }
        _ => {
            let text = format!("M{shown}: unknown mailer equate {}=", printable(key));
            with.faults.push(Fault::error(text));
        }
    }
}

fn finish(mut m: Mailer, shown: &str, with: &mut Reading<'_>) -> Option<Mailer> {
    if m.argv.is_empty() {
        with.faults.push(Fault::error(format!("M{shown}: A= argument required")));
        return None;
    }
    if m.path.eq_ignore_ascii_case(b"[TCP]") {
        with.faults.push(Fault::error(format!("M{shown}: P=[TCP] must be replaced by P=[IPC]")));
        return None;
    }
    if m.is_ipc() {
        let first = m.argv.first().map(Template::source).unwrap_or_default();
        if first != b"TCP" && first != b"FILE" {
            let text = format!("M{shown}: Warning: first argument in [IPC] mailer must be TCP or FILE");
            with.faults.push(Fault::warning(text));
        }
        if m.argv.len() < 2 {
            with.faults.push(Fault::error(format!("M{shown}: too few parameters for [IPC] mailer")));
            return None;
        }
    }
    if m.flags.has(b'L') && m.line_limit == 0 {
        m.line_limit = 990;
    }
    let smtp = m.speaks_smtp();
    if m.eol.is_empty() {
        m.eol = if smtp { b"\r\n".to_vec() } else { b"\n".to_vec() };
    }
    if m.is_ipc() {
        if ["prog", "*file*", "*include*"].contains(&m.name.as_str()) {
            m.flags.remove(b'm');
        }
        if m.types.iter().all(Option::is_none) {
            let file = m.argv.first().is_some_and(|a| a.source() == b"FILE");
            let last: &[u8] = if file { b"x-unix" } else { b"smtp" };
            m.types = [b"dns".as_slice(), b"rfc822", last].map(|t| Some(t.to_vec()));
        }
    }
    if let Some(group) = &m.queue_group
        && !with.queue_groups.iter().any(|q| q.name.as_bytes().eq_ignore_ascii_case(group))
    {
        let text = format!("mailer {shown}: unknown queue {}", printable(group));
        with.faults.push(Fault::error(text));
    }
    Some(m)
}
