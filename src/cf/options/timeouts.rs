//! `Timeout.*`: one table of the sub-options.

use super::value::{Context, seconds, show_seconds};
use crate::cf::problem::{Fault, printable};

/// Makes [`Timeouts`] and its table: field, name, default in seconds, letter of the default unit.
macro_rules! timeouts {
    ($($field:ident, $name:literal, $default:literal, $unit:literal, $doc:literal;)*) => {
        /// The `Timeout.*` options, in seconds; 0 is no limit unless said otherwise.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub struct Timeouts {
            $(#[doc = $doc] pub $field: i64,)*
        }
        impl Default for Timeouts {
            fn default() -> Timeouts {
                Timeouts { $($field: $default,)* }
            }
        }
        impl Timeouts {
            /// The names of the sub-options.
            pub const NAMES: &'static [&'static str] = &[$($name),*];
            fn slot(&mut self, name: &[u8]) -> Option<(&mut i64, u8)> {
                $(if name.eq_ignore_ascii_case($name.as_bytes()) { return Some((&mut self.$field, $unit)); })*
                None
            }
            /// Every sub-option's name and value.
            pub fn show(&self) -> Vec<(&'static str, String)> {
                vec![$(($name, show_seconds(self.$field))),*]
            }
        }
    };
}

timeouts! {
    initial, "initial", 300, b'm', "for the greeting of a server";
    connect, "connect", 0, b'm', "for connect(2); 0 is the kernel's own limit";
    aconnect, "aconnect", 0, b'm', "for all connections of one attempt";
    iconnect, "iconnect", 0, b'm', "for connect(2) in a message's first attempt";
    helo, "helo", 300, b'm', "for the reply to HELO and EHLO";
    mail, "mail", 600, b'm', "for the reply to MAIL";
    rcpt, "rcpt", 3600, b'm', "for the reply to RCPT";
    datainit, "datainit", 300, b'm', "for the reply to DATA";
    datablock, "datablock", 3600, b'm', "for a block of the body, from a client or standard input";
    datafinal, "datafinal", 3600, b'm', "for the reply to the final dot";
    rset, "rset", 300, b'm', "for the reply to RSET";
    quit, "quit", 120, b'm', "for the reply to QUIT";
    misc, "misc", 120, b'm', "for other replies";
    command, "command", 3600, b'm', "for a client's next command";
    ident, "ident", 5, b's', "for an RFC 1413 answer; 0 asks none";
    fileopen, "fileopen", 60, b's', "for opening .forward and :include: files";
    control, "control", 120, b's', "for a transaction on the control socket";
    lhlo, "lhlo", 120, b'm', "for the reply to LHLO";
    auth, "auth", 600, b'm', "for a step of an AUTH dialogue";
    starttls, "starttls", 3600, b'm', "for the reply to STARTTLS and the handshake";
    queuereturn_normal, "queuereturn.normal", 432_000, b'd', "until a message is returned";
    queuereturn_urgent, "queuereturn.urgent", 432_000, b'd', "the same for precedences above 0";
    queuereturn_nonurgent, "queuereturn.non-urgent", 432_000, b'd', "the same for precedences below 0";
    queuereturn_dsn, "queuereturn.dsn", 432_000, b'd', "the same for delivery reports";
    queuewarn_normal, "queuewarn.normal", 0, b'h', "until the sender is warned";
    queuewarn_urgent, "queuewarn.urgent", 0, b'h', "the same for precedences above 0";
    queuewarn_nonurgent, "queuewarn.non-urgent", 0, b'h', "the same for precedences below 0";
    queuewarn_dsn, "queuewarn.dsn", 0, b'h', "the same for delivery reports";
    hoststatus, "hoststatus", 1800, b'm', "how long a host's recorded status counts";
    retrans_first, "resolver.retrans.first", 5, b's', "resolver's wait in a message's first attempt";
    retrans_normal, "resolver.retrans.normal", 5, b's', "resolver's wait later";
    retry_first, "resolver.retry.first", 4, b's', "resolver's tries in a message's first attempt";
    retry_normal, "resolver.retry.normal", 4, b's', "resolver's tries later";
}

/// Names that set several.
const GROUPS: [(&str, &[&str]); 4] = [
    ("queuereturn", &["queuereturn.normal", "queuereturn.urgent", "queuereturn.non-urgent", "queuereturn.dsn"]),
    ("queuewarn", &["queuewarn.normal", "queuewarn.urgent", "queuewarn.non-urgent", "queuewarn.dsn"]),
    ("resolver.retrans", &["resolver.retrans.first", "resolver.retrans.normal"]),
    ("resolver.retry", &["resolver.retry.first", "resolver.retry.normal"]),
];

/// What the old form without sub-option sets.
const OLD_FORM: [&str; 6] = ["mail", "rcpt", "datainit", "datablock", "datafinal", "command"];

impl Timeouts {
    /// Sets the sub-option `name`; without one, those of the old form: one time for all, or `name=time` parted by commas.
    pub fn set(&mut self, name: Option<&[u8]>, text: &[u8], ctx: &mut Context<'_>) {
        if let Some(name) = name {
            return self.set_named(name, text, ctx);
        }
        if !text.contains(&b'=') {
            for each in OLD_FORM {
                self.set_one(each.as_bytes(), text, &mut Vec::new());
            }
            return;
        }
        for part in text.split(|b| *b == b',') {
            let part = part.trim_ascii_start();
            let eq = part.iter().position(|b| *b == b'=').unwrap_or(part.len());
            self.set_named(part.get(..eq).unwrap_or_default(), part.get(eq + 1..).unwrap_or_default(), ctx);
        }
    }

    fn set_named(&mut self, name: &[u8], text: &[u8], ctx: &mut Context<'_>) {
        let members = match GROUPS.iter().find(|(group, _)| group.as_bytes().eq_ignore_ascii_case(name)) {
            Some((_, members)) => members.to_vec(),
            None => Vec::new(),
        };
        // A group's time is complained about once, those of the queue twice.
        let mut complaints = Vec::new();
        let known = match members.is_empty() {
            true => self.set_one(name, text, &mut complaints),
            false => {
                for each in &members {
                    complaints.clear();
                    self.set_one(each.as_bytes(), text, &mut complaints);
                }
                true
            }
        };
        if !known {
            let text = format!("settimeout: invalid timeout {}", printable(name));
            return ctx.faults.push(Fault::error(text));
        }
        let twice = name.get(..5).is_some_and(|n| n.eq_ignore_ascii_case(b"queue"));
        if twice {
            ctx.faults.extend(complaints.clone());
        }
        ctx.faults.extend(complaints);
    }

    fn set_one(&mut self, name: &[u8], text: &[u8], faults: &mut Vec<Fault>) -> bool {
        match self.slot(name) {
            Some((slot, unit)) => {
                *slot = seconds(text, unit, faults);
                true
            }
            None => false,
        }
    }
}
