//! The log lines of the SMTP server.

use super::{Field, Id, Severity, emit, wanted};
use std::net::IpAddr;

/// `name [address] ...` as a field.
fn f(bytes: &[u8]) -> Field<'_> {
    Field(bytes)
}

/// `connect from NAME [IP]`.
pub fn connect(client: &[u8]) {
    emit(10, Severity::Info, Id::None, format_args!("connect from {}", f(client)));
}

/// `Milter: no active filter`.
pub fn no_filter(id: Id<'_>) {
    emit(11, Severity::Info, id, format_args!("Milter: no active filter"));
}

/// `tcpwrappers (NAME, ADDRESS) rejection`.
pub fn wrappers(name: &[u8], address: IpAddr) {
    emit(4, Severity::Notice, Id::None, format_args!("tcpwrappers ({}, {address}) rejection", f(name)));
}

/// `<-- LINE`.
pub fn input(id: Id<'_>, line: &[u8]) {
    if wanted(15) {
        let secret = line.get(..4).is_some_and(|v| v.eq_ignore_ascii_case(b"AUTH"));
        let words = line.split(|b| *b == b' ').take(2).map(<[u8]>::len).sum::<usize>() + 1;
        let shown = if secret { line.get(..words.min(line.len())).unwrap_or_default() } else { line };
        emit(15, Severity::Info, id, format_args!("<-- {}", f(shown)));
    }
}

/// `--- REPLY`, one record a line.
pub fn output(id: Id<'_>, reply: &[u8]) {
    if wanted(15) {
        for line in reply.split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
            emit(15, Severity::Info, id, format_args!("--- {}", f(line.trim_ascii_end())));
        }
    }
}

/// `NAME [IP] did not issue MAIL/EXPN/VRFY/ETRN during connection to DAEMON`.
pub fn did_not_issue(id: Id<'_>, client: &[u8], daemon: &[u8]) {
    let (client, daemon) = (f(client), f(daemon));
    let text = format_args!("{client} did not issue MAIL/EXPN/VRFY/ETRN during connection to {daemon}");
    emit(6, Severity::Info, id, text);
}

/// `lost input channel from NAME [IP] to DAEMON after COMMAND`; worth a line mostly when mail was under way.
pub fn lost_input(id: Id<'_>, client: &[u8], daemon: &[u8], after: &str, mail: bool) {
    let (client, daemon) = (f(client), f(daemon));
    emit(
        if mail { 2 } else { 20 },
        Severity::Notice,
        id,
        format_args!("lost input channel from {client} to {daemon} after {after}"),
    );
}

/// `timeout waiting for input from NAME during server cmd read`, or `during message collect`.
pub fn timeout(id: Id<'_>, client: &[u8], during: &str) {
    emit(2, Severity::Notice, id, format_args!("timeout waiting for input from {} during {during}", f(client)));
}

/// `NAME [IP]: SMTP violation, input too long: N`.
pub fn input_too_long(id: Id<'_>, client: &[u8], length: usize) {
    emit(5, Severity::Info, id, format_args!("{}: SMTP violation, input too long: {length}", f(client)));
}

/// `NAME [IP]: possible SMTP attack: command=C, count=N`.
pub fn attack(id: Id<'_>, client: &[u8], command: &str, count: u32) {
    let client = f(client);
    emit(6, Severity::Info, id, format_args!("{client}: possible SMTP attack: command={command}, count={count}"));
}

/// `"wiz" command from NAME [IP] (ADDRESS)`.
pub fn old_attack(id: Id<'_>, command: &[u8], client: &[u8], address: Option<IpAddr>) {
    let address = address.map(|a| a.to_string()).unwrap_or_default();
    emit(1, Severity::Critical, id, format_args!("\"{}\" command from {} ({address})", f(command), f(client)));
}

/// `NAME [IP]: probable open proxy: command=LINE`.
pub fn open_proxy(id: Id<'_>, client: &[u8], line: &[u8]) {
    emit(5, Severity::Info, id, format_args!("{}: probable open proxy: command={}\\r\\n", f(client), f(line)));
}

/// `NAME [IP]: VRFY ARGUMENT`, with `[rejected]` when it was.
pub fn verify(id: Id<'_>, client: &[u8], line: &[u8], rejected: bool) {
    let suffix = if rejected { " [rejected]" } else { "" };
    emit(6, Severity::Info, id, format_args!("{}: {}{suffix}", f(client), f(line)));
}

/// `invalid domain name (X) from NAME [IP]`.
pub fn invalid_domain(id: Id<'_>, client: &[u8], name: &[u8], accepted: bool) {
    let what = if accepted { "accepting invalid domain name" } else { "invalid domain name" };
    emit(10, Severity::Info, id, format_args!("{what} ({}) from {}", f(name), f(client)));
}

/// `Authentication-Warning: HOST: NAME [IP] didn't use HELO protocol`.
pub fn no_helo(id: Id<'_>, host: &[u8], client: &[u8]) {
    let (host, client) = (f(host), f(client));
    emit(4, Severity::Info, id, format_args!("Authentication-Warning: {host}: {client} didn't use HELO protocol"));
}

/// `rejecting commands from NAME [IP] due to pre-greeting traffic`; a client without a name has its address there too.
pub fn pre_greeting_traffic(id: Id<'_>, name: &[u8], address: &str, seconds: u64) {
    let name = f(name);
    let text =
        format_args!("rejecting commands from {name} [{address}] due to pre-greeting traffic after {seconds} seconds");
    emit(1, Severity::Info, id, text);
}

/// `NAME [IP]: Possible SMTP RCPT flood, throttling.`
pub fn throttled(id: Id<'_>, client: &[u8]) {
    emit(6, Severity::Info, id, format_args!("{}: Possible SMTP RCPT flood, throttling.", f(client)));
}

/// `NAME [IP]: Possible SMTP RCPT flood, shutting down connection.`
pub fn shutting_down(id: Id<'_>, client: &[u8]) {
    emit(6, Severity::Info, id, format_args!("{}: Possible SMTP RCPT flood, shutting down connection.", f(client)));
}

/// A recipient's error: `ADDRESS... TEXT`.
pub fn user_error(id: Id<'_>, text: &[u8]) {
    emit(4, Severity::Notice, id, format_args!("{}", f(text)));
}

/// `setsender: ADDRESS: invalid or unparsable, received from NAME [IP]`: a program or a file as sender.
pub fn bad_sender(id: Id<'_>, address: &[u8], client: &[u8]) {
    let (address, client) = (f(address), f(client));
    emit(4, Severity::Notice, id, format_args!("setsender: {address}: invalid or unparsable, received from {client}"));
}

/// What a rule set decided about a connection, an address or a header.
pub struct Ruling<'a> {
    /// `check_mail`
    pub ruleset: &'a str,
    /// Arguments, in order.
    pub args: &'a [&'a [u8]],
    /// `NAME [IP]`.
    pub relay: &'a [u8],
    /// The facts behind it, for `ExplainRejects`.
    pub why: Option<&'a [u8]>,
}

impl Ruling<'_> {
    fn head(&self) -> String {
        let mut text = format!("ruleset={}", self.ruleset);
        for (n, arg) in self.args.iter().enumerate() {
            text.push_str(&format!(", arg{}={}", n + 1, f(arg)));
        }
        if !self.relay.is_empty() {
            text.push_str(&format!(", relay={}", f(self.relay)));
        }
        text
    }

    /// `, why=FACTS`, or nothing.
    fn tail(&self) -> String {
        self.why.map_or_else(String::new, |why| format!(", why={}", f(why)))
    }

    /// `ruleset=R, arg1=A, relay=C, reject=CODE DSN TEXT`, and `, why=FACTS` where that is wanted.
    pub fn reject(&self, id: Id<'_>, reply: &[u8]) {
        emit(4, Severity::Notice, id, format_args!("{}, reject={}{}", self.head(), f(reply), self.tail()));
    }

    /// `..., discard`.
    pub fn discard(&self, id: Id<'_>) {
        emit(4, Severity::Notice, id, format_args!("{}, discard{}", self.head(), self.tail()));
    }

    /// `..., quarantine=REASON`.
    pub fn quarantine(&self, id: Id<'_>, reason: &[u8]) {
        emit(4, Severity::Notice, id, format_args!("{}, quarantine={}{}", self.head(), f(reason), self.tail()));
    }
}

/// What the `from=` line says.
#[derive(Debug, Clone, Default)]
pub struct From<'a> {
    /// The sender as MAIL gave it.
    pub sender: &'a [u8],
    /// Octets of header and body.
    pub size: u64,
    /// `Precedence:` value.
    pub class: i32,
    /// Number of recipients.
    pub recipients: usize,
    /// `Message-Id:`.
    pub message_id: Option<&'a [u8]>,
    /// `BODY=` as given.
    pub body_type: Option<&'a [u8]>,
    /// `ESMTP` ...
    pub protocol: Option<&'a str>,
    /// Name of the listener.
    pub daemon: Option<&'a [u8]>,
    /// `NAME [IP]`.
    pub relay: &'a [u8],
}

/// `from=A, size=N, class=C, nrcpts=N, msgid=M, bodytype=T, proto=P, daemon=D, relay=R`.
pub fn from(id: Id<'_>, line: &From<'_>) {
    if !wanted(5) {
        return;
    }
    let mut text =
        format!("from={}, size={}, class={}, nrcpts={}", f(line.sender), line.size, line.class, line.recipients);
    if let Some(message_id) = line.message_id {
        text.push_str(&format!(", msgid={}", f(message_id)));
    }
    if let Some(body_type) = line.body_type {
        text.push_str(&format!(", bodytype={}", f(body_type)));
    }
    if let Some(protocol) = line.protocol {
        text.push_str(&format!(", proto={protocol}"));
    }
    if let Some(daemon) = line.daemon {
        text.push_str(&format!(", daemon={}", f(daemon)));
    }
    emit(5, Severity::Info, id, format_args!("{text}, relay={}", f(line.relay)));
}

/// `to=A, delay=D, pri=N, stat=S` of a recipient that was never tried: discarded, RSET, EHLO.
pub fn to_untried(id: Id<'_>, recipient: &[u8], delay: i64, priority: i64, status: &str) {
    let (h, m, s) = (delay / 3600, delay / 60 % 60, delay % 60);
    let recipient = f(recipient);
    let text = format_args!("to={recipient}, delay={h:02}:{m:02}:{s:02}, pri={priority}, stat={status}");
    emit(8, Severity::Info, id, text);
}

/// `collect: relay=R, from=A, info=TEXT, where=W, status=tempfail`.
pub fn collect(id: Id<'_>, relay: &[u8], sender: &[u8], info: &str, place: &str, status: &str) {
    let (relay, sender) = (f(relay), f(sender));
    let text = format_args!("collect: relay={relay}, from={sender}, info={info}, where={place}, status={status}");
    emit(1, Severity::Notice, id, text);
}

/// `rejecting server COMMAND from NAME [IP] due to traffic before response`.
pub fn early_traffic(id: Id<'_>, command: &str, name: &[u8], address: &str) {
    let name = f(name);
    let text = format_args!("rejecting server {command} from {name} [{address}] due to traffic before response");
    emit(5, Severity::Info, id, text);
}

/// `collect: relay=R, from=A, info=TEXT`: the client went away inside the message.
pub fn collect_lost(id: Id<'_>, relay: &[u8], sender: &[u8], info: &str) {
    let (relay, sender) = (f(relay), f(sender));
    emit(1, Severity::Notice, id, format_args!("collect: relay={relay}, from={sender}, info={info}"));
}

/// `SYSERR(root): collect: relay=R, from=A, info=read timeout`.
pub fn collect_timeout(id: Id<'_>, relay: &[u8], sender: &[u8], info: &str) {
    let (relay, sender) = (f(relay), f(sender));
    emit(0, Severity::Critical, id, format_args!("SYSERR(root): collect: relay={relay}, from={sender}, info={info}"));
}

/// `delaying=EHLO, load average=L >= MAX`.
pub fn delaying_commands(id: Id<'_>, load: i64, most: i64) {
    emit(9, Severity::Info, id, format_args!("delaying=EHLO, load average={load} >= {most}"));
}

/// `delaying connections on daemon NAME: load average=L >= MAX`.
pub fn delaying_connections(daemon: &str, load: i64, most: i64) {
    let daemon = f(daemon.as_bytes());
    let text = format_args!("delaying connections on daemon {daemon}: load average={load} >= {most}");
    emit(9, Severity::Info, Id::Bare, text);
}

/// `deferring connections on daemon NAME: N per second`.
pub fn deferring_connections(daemon: &str, rate: i64) {
    let daemon = f(daemon.as_bytes());
    emit(9, Severity::Info, Id::Bare, format_args!("deferring connections on daemon {daemon}: {rate} per second"));
}

/// `rejecting connections on daemon NAME: load average: L`.
pub fn rejecting_by_load(daemon: &str, load: i64) {
    let daemon = f(daemon.as_bytes());
    emit(9, Severity::Notice, Id::Bare, format_args!("rejecting connections on daemon {daemon}: load average: {load}"));
}

/// `rejecting connections on daemon NAME: N children, max M`.
pub fn rejecting_by_number(daemon: &str, children: u32, most: i64) {
    let daemon = f(daemon.as_bytes());
    let text = format_args!("rejecting connections on daemon {daemon}: {children} children, max {most}");
    emit(9, Severity::Info, Id::Bare, text);
}

/// `have been rejecting connections on daemon NAME for HH:MM:SS`.
pub fn still_rejecting(daemon: &str, seconds: u64) {
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let daemon = f(daemon.as_bytes());
    let text = format_args!("have been rejecting connections on daemon {daemon} for {h:02}:{m:02}:{s:02}");
    emit(9, Severity::Notice, Id::Bare, text);
}

/// `collect: premature EOM: REASON`.
pub fn premature_end(id: Id<'_>, reason: &str) {
    emit(2, Severity::Warning, id, format_args!("collect: premature EOM: {reason}"));
}

/// `STARTTLS=server, relay=R, version=V, verify=X, cipher=C, bits=A/B`.
pub fn starttls(relay: &[u8], facts: &crate::log::server::Tls<'_>) {
    let Tls { version, verify, cipher, bits, algorithm_bits } = facts;
    let relay = f(relay);
    let text = format_args!(
        "STARTTLS=server, relay={relay}, version={version}, verify={verify}, cipher={cipher}, bits={bits}/{algorithm_bits}"
    );
    emit(9, Severity::Info, Id::Bare, text);
}

/// What [`starttls`] says.
pub struct Tls<'a> {
    /// `TLSv1.3`
    pub version: &'a str,
    /// `OK`, `NO` ...
    pub verify: &'a str,
    /// The cipher's name.
    pub cipher: &'a str,
    /// Effective bits.
    pub bits: u32,
    /// Bits of the algorithm.
    pub algorithm_bits: u32,
}

/// `STARTTLS=server, cert-subject=S, cert-issuer=I, verifymsg=M`.
pub fn starttls_certificate(subject: &[u8], issuer: &[u8], message: &str) {
    let (subject, issuer) = (f(subject), f(issuer));
    let text = format_args!("STARTTLS=server, cert-subject={subject}, cert-issuer={issuer}, verifymsg={message}");
    emit(14, Severity::Info, Id::Bare, text);
}

/// `AUTH=server, relay=R, authid=U, mech=M, bits=N`.
pub fn auth(id: Id<'_>, relay: &[u8], authid: &[u8], mechanism: &str, bits: u32) {
    let (relay, authid) = (f(relay), f(authid));
    emit(
        9,
        Severity::Info,
        id,
        format_args!("AUTH=server, relay={relay}, authid={authid}, mech={mechanism}, bits={bits}"),
    );
}

/// `AUTH failure (MECH): TEXT (CODE) SASL(CODE): TEXT: DETAIL, user=U, relay=R`.
pub fn auth_failure(id: Id<'_>, mechanism: &str, failure: &crate::sasl::Failure, relay: &[u8]) {
    let crate::sasl::Failure { code, text, detail, user, .. } = failure;
    let user = user.as_ref().map(|u| format!(", user={}", f(u))).unwrap_or_default();
    let (detail, relay) = (f(detail.as_bytes()), f(relay));
    let line = format_args!("AUTH failure ({mechanism}): {text} ({code}) {detail}{user}, relay={relay}");
    emit(9, Severity::Warning, id, line);
}

/// `AUTH decode64 error [N octets], relay=R`: the octets themselves may be a password.
pub fn auth_decode(id: Id<'_>, relay: &[u8], octets: usize) {
    emit(5, Severity::Warning, id, format_args!("AUTH decode64 error [{octets} octets], relay={}", f(relay)));
}

/// `srv_features: unknown feature X`.
pub fn unknown_feature(id: Id<'_>, letter: &str) {
    emit(9, Severity::Info, id, format_args!("srv_features: unknown feature {}", f(letter.as_bytes())));
}

/// `message size (N) exceeds maximum (M)`.
pub fn too_big(id: Id<'_>, size: u64, maximum: u64) {
    emit(6, Severity::Notice, id, format_args!("message size ({size}) exceeds maximum ({maximum})"));
}

/// `Too many recipients`-like refusals of one line.
pub fn notice(id: Id<'_>, text: &str) {
    emit(4, Severity::Notice, id, format_args!("{}", f(text.as_bytes())));
}

/// `SYSERR(USER): TEXT`.
pub fn system_error(id: Id<'_>, text: &str) {
    emit(0, Severity::Critical, id, format_args!("SYSERR(root): {}", f(text.as_bytes())));
}
