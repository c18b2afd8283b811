//! What a server offers, and the commands of a transaction made to measure.

use super::reply::WireReply;
use crate::envelope::{BodyType, DeliverBy, Notify};
use crate::text::Line;

/// What a server said in its answer to EHLO.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// It answered EHLO or LHLO.
    pub extended: bool,
    /// PIPELINING.
    pub pipelining: bool,
    /// 8BITMIME.
    pub eight_bit: bool,
    /// SIZE.
    pub size: bool,
    /// DSN.
    pub dsn: bool,
    /// ENHANCEDSTATUSCODES.
    pub codes: bool,
    /// STARTTLS.
    pub starttls: bool,
    /// AUTH with these mechanisms.
    pub auth: Vec<String>,
    /// VERB.
    pub verb: bool,
    /// DELIVERBY.
    pub deliver_by: bool,
}

impl Peer {
    /// Reads the lines of a positive answer.
    pub fn from_hello(reply: &WireReply) -> Peer {
        let mut peer = Peer { extended: true, ..Peer::default() };
        for line in reply.lines.iter().skip(1) {
            // `AUTH=LOGIN` is what old servers say.
            let words = line.split(|b| matches!(b, b' ' | b'=')).filter(|w| !w.is_empty());
            let mut words = words.map(|w| String::from_utf8_lossy(w).to_ascii_uppercase());
            match words.next().as_deref() {
                Some("PIPELINING") => peer.pipelining = true,
                Some("8BITMIME") => peer.eight_bit = true,
                Some("SIZE") => peer.size = true,
                Some("DSN") => peer.dsn = true,
                Some("ENHANCEDSTATUSCODES") => peer.codes = true,
                Some("STARTTLS") => peer.starttls = true,
                Some("VERB") => peer.verb = true,
                Some("DELIVERBY") => peer.deliver_by = true,
                Some("AUTH") => peer.auth.extend(words),
                _ => {}
            }
        }
        peer
    }
}

/// One recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rcpt {
    /// The address, without brackets.
    pub address: Vec<u8>,
    /// `NOTIFY=`, if it was asked for.
    pub notify: Option<Notify>,
    /// `ORCPT=`, in xtext.
    pub orcpt: Option<Line>,
}

/// One message for some recipients.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transaction {
    /// The sender, without brackets.
    pub sender: Vec<u8>,
    /// Size to declare.
    pub size: u64,
    /// `BODY=`.
    pub body: Option<BodyType>,
    /// `RET=`: true for `FULL`.
    pub ret: Option<bool>,
    /// `ENVID=`, in xtext.
    pub envid: Option<Line>,
    /// `AUTH=`, in xtext; sent to a server that offers AUTH.
    pub auth: Option<Line>,
    /// `BY=`, with what is left of the time.
    pub by: Option<DeliverBy>,
    /// The recipients.
    pub recipients: Vec<Rcpt>,
}

impl Transaction {
    /// `MAIL From:<a> SIZE=n ...`.
    pub fn mail_command(&self, peer: &Peer) -> Vec<u8> {
        let mut out = [b"MAIL From:<", self.sender.as_slice(), b">"].concat();
        if peer.size && self.size > 0 {
            out.extend_from_slice(format!(" SIZE={}", self.size).as_bytes());
        }
        match self.body.filter(|_| peer.eight_bit) {
            Some(BodyType::SevenBit) => out.extend_from_slice(b" BODY=7BIT"),
            Some(BodyType::EightBitMime) => out.extend_from_slice(b" BODY=8BITMIME"),
            None => {}
        }
        if peer.dsn {
            if let Some(envid) = &self.envid {
                out.extend_from_slice(&[b" ENVID=", envid.as_bytes()].concat());
            }
            match self.ret {
                Some(true) => out.extend_from_slice(b" RET=FULL"),
                Some(false) => out.extend_from_slice(b" RET=HDRS"),
                None => {}
            }
        }
        if !peer.auth.is_empty()
            && let Some(auth) = &self.auth
        {
            out.extend_from_slice(&[b" AUTH=", auth.as_bytes()].concat());
        }
        if peer.deliver_by
            && let Some(by) = self.by
        {
            let mode = if by.return_mode { "R" } else { "N" };
            let trace = if by.trace { "T" } else { "" };
            out.extend_from_slice(format!(" BY={};{mode}{trace}", by.seconds).as_bytes());
        }
        out
    }

    /// `RCPT To:<a> NOTIFY=...`.
    pub fn rcpt_command(&self, at: usize, peer: &Peer) -> Vec<u8> {
        let Some(rcpt) = self.recipients.get(at) else { return Vec::new() };
        let mut out = [b"RCPT To:<", rcpt.address.as_slice(), b">"].concat();
        if !peer.dsn {
            return out;
        }
        if let Some(notify) = rcpt.notify {
            let words = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
            let mut words: Vec<_> = words.iter().filter(|w| w.0).map(|w| w.1).collect();
            if words.is_empty() {
                words.push("NEVER");
            }
            out.extend_from_slice(format!(" NOTIFY={}", words.join(",")).as_bytes());
        }
        if let Some(orcpt) = &rcpt.orcpt {
            out.extend_from_slice(&[b" ORCPT=", orcpt.as_bytes()].concat());
        }
        out
    }
}
