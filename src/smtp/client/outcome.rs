//! What a reply, or the lack of one, means for a recipient.

use super::reply::WireReply;
use crate::envelope::Status;
use crate::reply::Enhanced;
use crate::text::Line;

/// Most lines of one reply that a report repeats.
const MOST_SHOWN: usize = 20;

/// The command that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The greeting, EHLO, HELO or LHLO.
    Hello,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The final dot.
    Dot,
}

/// How a connection was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// No answer in time.
    TimedOut,
    /// The other side closed or reset it.
    Reset,
    /// The other side does not speak the protocol: endless replies, text after the answer to STARTTLS.
    Nonsense,
    /// TLS could not be set up.
    Tls,
    /// Something else, with the system's words.
    Other(String),
}

impl Lost {
    /// The status of all recipients whose fate is open; `host`: the peer's name as texts have it.
    pub fn status(&self, host: &str) -> Status {
        match self {
            Lost::TimedOut => Status::new((4, 4, 2), 75, format!("Connection timed out with {host}")),
            Lost::Reset => Status {
                queued_as: Some(Line::cleaned(format!("reply: read error from {host}").as_bytes())),
                ..Status::new((4, 4, 2), 75, format!("Connection reset by {host}"))
            },
            Lost::Nonsense => Status::new((4, 5, 0), 75, format!("Remote protocol error from {host}")),
            Lost::Tls => Status::new((4, 7, 0), 75, "403 4.7.0 TLS handshake failed."),
            Lost::Other(why) => Status::new((4, 4, 2), 75, why),
        }
    }
}

/// The status that `reply` to `step` means, when it is not the one hoped for. `codes`: the server promised enhanced codes;
/// `command`: what was said, empty for nothing.
pub fn refusal(step: Step, reply: &WireReply, codes: bool, command: &[u8]) -> Status {
    let mut status = meaning(step, reply, codes);
    if !command.is_empty() {
        status.transcript.push(Line::cleaned(&[b">>> ", command].concat()));
    }
    let last = reply.lines.len().saturating_sub(1);
    for (at, line) in reply.lines.iter().enumerate().take(MOST_SHOWN) {
        let mark = if at < last { '-' } else { ' ' };
        let start = format!("<<< {:03}{mark}", reply.code).into_bytes();
        status.transcript.push(Line::cleaned(&[&start, line.as_bytes()].concat()));
    }
    status
}

fn meaning(step: Step, reply: &WireReply, codes: bool) -> Status {
    let class = reply.class();
    if !matches!(class, 4 | 5) {
        let mut status = Status::new((5, 5, 1), 76, "Remote protocol error");
        if !matches!(class, 2 | 3) {
            status.enhanced = Enhanced(5, 0, 0);
            status.reply = Some(reply.to_reply());
        }
        return status;
    }
    let given = reply.enhanced().map(|(e, _)| e);
    let given = given.filter(|e| codes && step != Step::Data && u16::from(e.0) == class);
    let (subject, detail) = usual(step, reply.code);
    let (exit, text) = match (class, step, reply.code) {
        (4, ..) => (75, reply.shown()),
        (_, Step::Mail, 501 | 553) => (65, b"Data format error".to_vec()),
        (_, Step::Rcpt, 550 | 551 | 553) => (67, b"User unknown".to_vec()),
        (_, Step::Dot, 500..=549) => (76, b"Remote protocol error".to_vec()),
        _ => (69, b"Service unavailable".to_vec()),
    };
    let mut status = Status::new((0, 0, 0), exit, text);
    status.enhanced = given.unwrap_or(Enhanced(class as u8, subject, detail));
    status.reply = Some(reply.to_reply());
    status
}

/// Subject and detail of the status that goes with a code when the server gives none.
fn usual(step: Step, code: u16) -> (u16, u16) {
    match (step, code) {
        (Step::Hello, _) => (5, 0),
        (Step::Data, _) => (0, 0),
        (_, 450) => (2, 0),
        (_, 451) => (3, 0),
        (_, 452) => (3, 1),
        (Step::Mail, 501) => (5, 2),
        (Step::Mail, 552) => (3, 4),
        (Step::Mail, 553) => (1, 3),
        (Step::Mail, _) => (0, 0),
        (_, 500) => (5, 2),
        (_, 501) => (5, 4),
        (_, 503) => (5, 1),
        (_, 551) => (1, 6),
        (_, 552) => (2, 2),
        (Step::Rcpt, 550) => (1, 1),
        (Step::Rcpt, 553) => (1, 3),
        (Step::Dot, 550) => (2, 0),
        (Step::Dot, 553) => (1, 0),
        _ => (0, 0),
    }
}

/// The status after a positive reply to the final dot; LMTP servers' words are not repeated.
pub fn accepted(reply: &WireReply, codes: bool, lmtp: bool) -> Status {
    let (enhanced, text) = match reply.enhanced() {
        Some((enhanced, text)) if codes && enhanced.0 == 2 => (enhanced, text),
        _ => (Enhanced(2, 0, 0), reply.text()),
    };
    let mut status = Status::new((2, 0, 0), 0, if lmtp { b"" } else { text });
    status.enhanced = enhanced;
    // What LMTP servers say differs from one recipient to the next and is not shown: without it they are logged together.
    status.reply = (!lmtp).then(|| reply.to_reply());
    status
}

/// The server is ourselves.
pub fn loops_back(host: &str) -> Status {
    let mut status = Status::new((5, 3, 5), 70, "Local configuration error");
    let text = format!("553 5.3.5 {host} config error: mail loops back to me (MX problem?)");
    status.transcript.push(Line::cleaned(text.as_bytes()));
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smtp::client::reply::ReplyReader;

    fn wire(text: &str) -> WireReply {
        let mut reader = ReplyReader::default();
        reader.feed(text.as_bytes());
        reader.feed(b"\r\n");
        reader.next(&mut |_| ()).unwrap().unwrap()
    }

    #[test]
    fn statuses_as_the_original_logs_them() {
        use Step::*;
        for (step, text, codes, dsn, stat) in [
            (Hello, "421 4.3.2 busy", false, "4.5.0", "421 4.3.2 busy"),
            (Hello, "554 5.3.2 no service", false, "5.5.0", "Service unavailable"),
            (Mail, "450 4.1.8 later sender", true, "4.1.8", "450 4.1.8 later sender"),
            (Mail, "452 some text", true, "4.3.1", "452 some text"),
            (Mail, "501 5.5.4 syntax", true, "5.5.4", "Data format error"),
            (Mail, "552 some text", true, "5.3.4", "Service unavailable"),
            (Rcpt, "550 5.1.1 no such user", true, "5.1.1", "User unknown"),
            (Rcpt, "551 user not local", true, "5.1.6", "User unknown"),
            (Rcpt, "550 4.2.1 mismatch", true, "5.1.1", "User unknown"),
            (Rcpt, "552 some text", true, "5.2.2", "Service unavailable"),
            (Rcpt, "999 odd", true, "5.0.0", "Remote protocol error"),
            (Data, "451 4.3.0 data later", true, "4.0.0", "451 4.3.0 data later"),
            (Data, "250 odd", true, "5.5.1", "Remote protocol error"),
            (Dot, "421 4.3.2 shutdown", true, "4.3.2", "421 4.3.2 shutdown"),
            (Dot, "500 some text", true, "5.5.2", "Remote protocol error"),
            (Dot, "550-5.7.1 first line\r\n550 5.7.1 spam", true, "5.7.1", "Service unavailable"),
            (Dot, "553 some text", true, "5.1.0", "Service unavailable"),
        ] {
            let status = refusal(step, &wire(text), codes, b"");
            assert_eq!(
                (status.enhanced.to_string().as_str(), &*status.text),
                (dsn, stat.as_bytes()),
                "{step:?} {text}"
            );
        }
        assert_eq!(&*accepted(&wire("250 2.0.0 X ok"), true, false).text, b"X ok");
        assert_eq!(&*accepted(&wire("250 2.0.0 X ok"), false, false).text, b"2.0.0 X ok");
    }
}
