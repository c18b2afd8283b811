//! Outgoing messages: for each input, mailer flags and peer, the bytes that the original was seen to write.

use postrider::cf::system::Fixed;
use postrider::cf::{Config, LoadOptions, Macros};
use postrider::deliver::message::{Message, Options};
use postrider::envelope::*;
use postrider::header::{Condition, Field, Headers, grammar};
use postrider::rewrite::service::NoMaps;
use postrider::text::Line;

/// Rules in the usual focused form; `@...@` is filled in by each test.
const CF: &str = "\
V10
Dmexample.test
Djmail.example.test
DnMAILER-DAEMON
O OperatorChars=.:%@!^/[]+
O UnixFromLine=From $g $d
@OPTS@
S3
R$* < $* > $*\t$2
R$* @ $* .\t$1 @ $2
R$* @ $*\t$: $1 < @ $2 >
R$* < @ $* < @ $* > >\t$1 < @ $2 @ $3 >
S4
R$* < @ $* > $*\t$1 @ $2 $3
S10
S11
R$* < @ change.test > $*\t$: $1 < @ changed.test > $2
S20
S21
R$* < @ change.test > $*\t$: $1 < @ changed.test > $2
Mlocal, P=/bin/cat, F=lsDFM, S=10/11, R=20/21, A=cat
Msmtp, P=[IPC], F=@F@, S=10/11, R=20/21, E=\\r\\n, L=@L@, T=DNS/RFC822/SMTP, A=TCP $h
Mtoprog, P=/bin/prog, F=@F@, S=10/11, R=20/21, L=@L@, T=DNS/RFC822/X-Unix, A=prog -f $g $u
";

struct Case {
    flags: &'static str,
    limit: &'static str,
    options: &'static str,
    program: bool,
    eight: bool,
    sender: &'static str,
}

const SMTP: Case =
    Case { flags: "mX", limit: "990", options: "", program: false, eight: true, sender: "<sender@mail.example.test>" };

fn envelope(message: &[u8], sender: &str) -> Envelope {
    let split = message.windows(2).position(|w| w == b"\n\n").map_or(message.len(), |at| at + 1);
    let (head, body) = message.split_at(split);
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    let fields = grammar::fields(head)
        .map(|f| Field { name: Line::new(f.name).unwrap(), value: f.value.to_vec(), condition: None, template: false })
        .collect();
    let ids = IdGenerator::new(4242, 0);
    Envelope {
        flags: Flags { eight_bit: !message.is_ascii(), delete_bcc: true, ..Flags::default() },
        sender: Line::new(sender).unwrap(),
        recipients: vec![Recipient::new(Line::new("<bob@sink.test>").unwrap())],
        headers: Headers { fields },
        body: Body::Memory(body.into()),
        size: message.len() as u64,
        ..Envelope::new(ids.next((2026, 10, 22, 18, 0, 0)), 1_795_370_400)
    }
}

fn config(case: &Case) -> Config {
    let text = CF.replace("@F@", case.flags).replace("@L@", case.limit).replace("@OPTS@", case.options);
    let system = Fixed { host: "mail.example.test".into() };
    let (config, problems) = Config::parse(text.as_bytes(), "test.cf", &LoadOptions::new(&system));
    assert!(problems.iter().all(|p| !p.text.contains("unknown")), "{problems:?}");
    config
}

fn output_of(case: &Case, envelope: &Envelope) -> String {
    let config = config(case);
    let mailer = config.mailer_index(if case.program { b"toprog" } else { b"smtp" }).unwrap();
    let options = Options { eight_bit: case.eight };
    let mut out = Vec::new();
    let mut message = Message::new(&config, &NoMaps, envelope, mailer, &[0], options, 1_795_370_400).unwrap();
    let written = message.write(&mut out).unwrap();
    assert_eq!(written, out.len() as u64);
    out.escape_ascii()
        .to_string()
        .replace("\\r\\n", "\r\n")
        .replace("\\n", "\n")
        .replace("\\\"", "\"")
        .replace("\\t", "\t")
        .replace("\\'", "'")
}

fn output(case: &Case, message: &[u8]) -> String {
    output_of(case, &envelope(message, case.sender))
}

/// `text` with the line ends of SMTP.
fn crlf(text: &str) -> String {
    text.replace('\n', "\r\n")
}

#[test]
fn untouched_fields_stay_byte_for_byte() {
    let message = "Received: from a by b; Sun, 1 Jan 2023 00:00:00 +0000\nFrom:   \"Joe  User\" <joe@mail.example.test>  (comment)\n\
        To:\tbob@sink.test,\n\t\"Al Ice\" <alice@sink.test> , grp: a@x.test,b@y.test;\nCc: undisclosed-recipients:;\nReply-To: joe\n\
        X-Foo:no space\nX-Bar:   lead spaces   \nX-Long: aaaa\n   folded \n\ttabbed\nSubject: =?utf-8?q?hi?=\n\nFrom here\n.dot\n>From there\n\
        last no newline";
    let want = crlf(message).replace("\r\n.dot", "\r\n..dot") + "\r\n";
    assert_eq!(output(&SMTP, message.as_bytes()), want);
}

#[test]
fn what_rules_change_is_written_anew() {
    let message = b"From: Joe User <joe@change.test> (home)\nTo:\tbob@sink.test,\n\tCarl Carlson <carl@change.test> ,\n   \"Quoted, Comma\" <dora@c.test>  , (pre) eve@d.test (post), <frank@e.test>\n\
        Cc: a@change.test\nSender: joe@other.test\nX-Addr: z@change.test\nReturn-Receipt-To: rr@change.test\n\nx\n";
    let want = "From: Joe User <joe@changed.test> (home)\nTo: bob@sink.test, Carl Carlson <carl@changed.test>,\n        \"Quoted, Comma\" <dora@c.test>, (pre) eve@d.test (post), <frank@e.test>\n\
        Cc: a@changed.test\nSender: joe@other.test\nX-Addr: z@change.test\nReturn-Receipt-To: rr@change.test\n\nx\n";
    assert_eq!(output(&SMTP, message), crlf(want));
}

#[test]
fn folding_is_at_column_78() {
    for (n, folded) in [(68, false), (69, true)] {
        let first = format!("{}@a.test", "a".repeat(n - 11));
        let message = format!("To: {first}, b@change.test\n\nx\n");
        let between = if folded { ",\n        " } else { ", " };
        // `changed` is a letter longer than what the original was shown.
        let want = format!("To: {first}{between}b@changed.test\n\nx\n");
        let longer = format!("To: {}, b@change.test\n\nx\n", &first[6..]);
        let want_longer = want.replace(&first, &first[6..]);
        assert_eq!(output(&SMTP, longer.as_bytes()), crlf(&want_longer), "{n} {message}");
    }
}

#[test]
fn comments_go_with_flag_c() {
    let case = Case { flags: "mdXc", ..SMTP };
    let message = b"From:   \"Joe  User\" <joe@mail.example.test>  (comment)\nTo: bob@sink.test, \"Al Ice\" <alice@sink.test>\n\nx\n";
    let want = "From:   joe@mail.example.test\nTo: bob@sink.test, alice@sink.test\n\nx\n";
    assert_eq!(output(&case, message), crlf(want));
}

#[test]
fn conditions_templates_and_own_fields() {
    let template = |name: &str, value: &str, condition| Field {
        name: Line::new(name).unwrap(),
        value: value.as_bytes().to_vec(),
        condition,
        template: true,
    };
    let flags = |f: &str| Some(Condition::MailerFlags(f.into()));
    let mut env =
        envelope(b"Return-Path: <old@x.test>\nContent-Length: 5\nBcc: hidden@x.test\nSubject: s\n\nx\n", SMTP.sender);
    env.headers.fields.splice(
        0..0,
        [
            template("Return-Path", " <$g>", flags("P")),
            template("Full-Name", " $x", flags("x")),
            template("X-Id", " $i at $j", flags("m")),
            template("X-Mac", " ${mac}", Some(Condition::MacroSet("{mac}".into()))),
        ],
    );
    let id = env.id.to_string();
    let case = Case { flags: "mXPx", ..SMTP };
    assert_eq!(
        output_of(&case, &env),
        crlf(&format!("Return-Path: <sender@mail.example.test>\nX-Id: {id} at mail.example.test\nSubject: s\n\nx\n"))
    );
    env.flags.delete_bcc = false;
    env.macros.push((postrider::cf::MacroName::new("{mac}"), Line::new("v").unwrap()));
    assert_eq!(output_of(&Case { flags: "X", ..SMTP }, &env), crlf("X-Mac: v\nBcc:\nSubject: s\n\nx\n"));
}

#[test]
fn from_lines_and_quoting() {
    let case = |flags| Case { flags, program: true, limit: "0", ..SMTP };
    let message = b"From: joe@x.test\n\nbody\nFrom x\n.dot\n";
    let first =
        |flags| output(&case(flags), message).split_once('\n').map(|(l, r)| (l.to_string(), r.to_string())).unwrap();
    let (line, rest) = first("E");
    assert!(line.starts_with("From sender@mail.example.test ") && line.ends_with(" 2026"), "{line}");
    assert_eq!(rest, "From: joe@x.test\n\nbody\n>From x\n.dot\n");
    assert_eq!(output(&case("nb"), message), "From: joe@x.test\n\nbody\nFrom x\n.dot\n\n");
    assert_eq!(output(&case("nEX"), message), "From: joe@x.test\n\nbody\n>From x\n..dot\n");
}

#[test]
fn long_lines() {
    let case = Case { limit: "20", ..SMTP };
    let message = format!("S: {}\n\n{}\n.{}\n", "h ".repeat(10), "x".repeat(30), "w".repeat(45));
    let want = "S: h h h h h h h h !\n h h \n\nxxxxxxxxxxxxxxxxxxx!\n xxxxxxxxxxx\n..wwwwwwwwwwwwwwwwww!\n wwwwwwwwwwwwwwwwww!\n wwwwwwwww\n";
    assert_eq!(output(&case, message.as_bytes()), crlf(want));
}

const LABELS: &str = "MIME-Version: 1.0\nContent-Type: text/plain; charset=unknown-8bit\n";

fn autoconverted(text: &str) -> String {
    crlf(&text.replace("@NOTE@", "by mail.example.test id ID"))
}

fn hide_id(text: String, id: &str) -> String {
    text.replace(id, "ID")
}

fn converted(case: &Case, message: &[u8]) -> String {
    let env = envelope(message, case.sender);
    hide_id(output_of(case, &env), &env.id.to_string())
}

#[test]
fn eight_bits_to_seven() {
    let seven = Case { eight: false, ..SMTP };
    let mimefy = Case { eight: false, options: "O EightBitMode=m", ..SMTP };
    let plain = b"S: x\n\ncaf\xe9 \n";
    assert_eq!(output(&seven, plain), crlf("S: x\n\ncaf\\xe9 \n"));
    assert_eq!(output(&Case { eight: true, ..SMTP }, plain), crlf("S: x\n\ncaf\\xe9 \n"));
    let base64 = format!(
        "S: x\n{LABELS}Content-Transfer-Encoding: base64\nX-MIME-Autoconverted: from 8bit to base64 @NOTE@\n\nY2Fm6SANCg==\n"
    );
    assert_eq!(converted(&mimefy, plain), autoconverted(&base64));
    let labelled = format!("S: x\n{LABELS}Content-Transfer-Encoding: 8bit\n\ncaf\\xe9 \n");
    assert_eq!(converted(&Case { eight: true, options: "O EightBitMode=m", ..SMTP }, plain), crlf(&labelled));
    assert_eq!(output(&Case { flags: "mX8", ..mimefy }, plain), crlf("S: x\n\ncaf\\xe9 \n"));
    let mime = b"S: x\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: 8bit\nX-After: y\n\n\xe9 odd and some more text to be quoted printable\n";
    let quoted = "S: x\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\nX-After: y\nContent-Transfer-Encoding: quoted-printable\n\
        X-MIME-Autoconverted: from 8bit to quoted-printable @NOTE@\n\n=E9 odd and some more text to be quoted printable\n";
    assert_eq!(converted(&seven, mime), autoconverted(quoted));
    assert_eq!(converted(&Case { flags: "mX7", ..SMTP }, mime), autoconverted(quoted));
}

#[test]
fn quoted_printable_back_to_eight_bits() {
    let message = b"Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\nX-After: y\n\ncaf=E9=\nfoo =\t \nbar=20\nlast=";
    let want = "Subject: x\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nX-After: y\nContent-Transfer-Encoding: 8bit\n\
        X-MIME-Autoconverted: from quoted-printable to 8bit @NOTE@\n\ncaf\\xe9foo bar \nlast\n";
    assert_eq!(converted(&Case { flags: "mX9", ..SMTP }, message), autoconverted(want));
    // Only for those who can take it.
    assert!(converted(&Case { flags: "mX9", eight: false, ..SMTP }, message).contains("caf=E9="));
}

#[test]
fn six_strips_the_header() {
    assert_eq!(output(&Case { flags: "mX6", ..SMTP }, b"S: x\xe9\n\n\xe9\n"), crlf("S: xi\n\n\\xe9\n"));
}

#[test]
fn what_a_macro_brings_begins_no_line() {
    let mut env = envelope(b"S: x\n\nb\n", SMTP.sender);
    env.headers.fields.insert(
        0,
        Field { name: Line::new("X-T").unwrap(), value: b" ${evil}".to_vec(), condition: None, template: true },
    );
    let mut macros = Macros::new();
    macros.set("{evil}", "a\r\nBcc: b");
    env.macros.push((postrider::cf::MacroName::new("{evil}"), Line::cleaned(macros.get("{evil}").unwrap())));
    assert_eq!(output_of(&SMTP, &env), crlf("X-T: a Bcc: b\nS: x\n\nb\n"));
}
