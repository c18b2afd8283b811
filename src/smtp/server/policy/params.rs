//! The ESMTP parameters of MAIL and RCPT: SIZE, BODY, RET, ENVID, AUTH, BY; NOTIFY, ORCPT.
//!
//! xtext stays encoded from here to the queue file and the next hop; it is checked, not decoded (RFC 3461 4, 4954 5).

use super::{State, line, printable};
use crate::envelope::{BodyType, DeliverBy, Notify};
use crate::reply::Reply;
use crate::route::Params;
use crate::smtp::codec::command::{Parameter, parameters};
use crate::smtp::codec::xtext;
use crate::text::Line;

/// Longest value of a parameter (RFC 3461 4.2, 4.4: 100 and 500).
const MAX_VALUE: usize = 500;

/// What MAIL's parameters say.
#[derive(Debug, Default)]
pub(super) struct MailParams {
    pub size: Option<u64>,
    pub body: Option<BodyType>,
    pub body_given: Option<Vec<u8>>,
    /// RET: true for FULL.
    pub ret_full: Option<bool>,
    pub envid: Option<Line>,
    pub auth: Option<Line>,
    pub by: Option<DeliverBy>,
}

fn fault(code: u16, enhanced: (u8, u16, u16), text: impl AsRef<[u8]>) -> Reply {
    Reply::coded(code, enhanced, text)
}

fn needs_value(name: &str) -> Reply {
    fault(501, (5, 5, 2), format!("{name} requires a value"))
}

fn duplicate(name: &str) -> Reply {
    fault(501, (5, 5, 0), format!("Duplicate {name} parameter"))
}

fn unrecognized(parameter: &Parameter<'_>) -> Reply {
    fault(555, (5, 5, 4), [parameter.keyword, b" parameter unrecognized"].concat())
}

fn no_dsn(name: &str) -> Reply {
    fault(504, (5, 7, 0), format!("Sorry, {name} not supported, we do not allow DSN"))
}

/// Reads the parameters of MAIL; with a refusal comes what had been read before.
pub(super) fn mail(state: &State, text: &[u8]) -> Result<MailParams, (MailParams, Reply)> {
    let mut out = MailParams::default();
    match each(state, text, &mut out) {
        Ok(()) => Ok(out),
        Err(reply) => Err((out, reply)),
    }
}

fn each(state: &State, text: &[u8], out: &mut MailParams) -> Result<(), Reply> {
    for p in parameters(text) {
        if p.is("SIZE") {
            let value = p.value.filter(|v| !v.is_empty()).ok_or_else(|| needs_value("SIZE"))?;
            out.size = number(value);
            out.size = Some(size(state, value)?);
        } else if p.is("BODY") {
            let value = p.value.ok_or_else(|| needs_value("BODY"))?;
            out.body = Some(match value {
                v if v.eq_ignore_ascii_case(b"8BITMIME") => BodyType::EightBitMime,
                v if v.eq_ignore_ascii_case(b"7BIT") => BodyType::SevenBit,
                other => return Err(fault(501, (5, 5, 4), [b"Unknown BODY type ", &*printable(other)].concat())),
            });
            out.body_given = Some(value.to_vec());
        } else if p.is("ENVID") {
            dsn(state, "ENVID")?;
            let value = p.value.ok_or_else(|| needs_value("ENVID"))?;
            if out.envid.is_some() {
                return Err(duplicate("ENVID"));
            }
            out.envid = Some(coded(value, "ENVID")?);
        } else if p.is("RET") {
            dsn(state, "RET")?;
            let value = p.value.ok_or_else(|| needs_value("RET"))?;
            if out.ret_full.is_some() {
                return Err(duplicate("RET"));
            }
            out.ret_full = Some(match value {
                v if v.eq_ignore_ascii_case(b"FULL") => true,
                v if v.eq_ignore_ascii_case(b"HDRS") => false,
                other => {
                    let text = [b"Bad argument \"", &*printable(other), b"\" to RET"].concat();
                    return Err(fault(501, (5, 5, 2), text));
                }
            });
        } else if p.is("AUTH") && state.features.auth {
            let value = p.value.ok_or_else(|| fault(501, (5, 5, 2), "AUTH= requires a value"))?;
            if out.auth.is_some() {
                return Err(duplicate("AUTH"));
            }
            if value != b"<>" && (!xtext::is_xtext(value) || value.len() > MAX_VALUE) {
                return Err(fault(501, (5, 5, 4), "Syntax error in AUTH parameter value"));
            }
            out.auth = Some(line(value));
        } else if p.is("BY") && state.settings.deliver_by_min >= 0 {
            out.by = Some(deliver_by(state, p.value)?);
        } else {
            return Err(unrecognized(&p));
        }
    }
    Ok(())
}

fn dsn(state: &State, name: &str) -> Result<(), Reply> {
    if state.features.dsn { Ok(()) } else { Err(no_dsn(name)) }
}

fn coded(value: &[u8], name: &str) -> Result<Line, Reply> {
    if xtext::is_xtext(value) && value.len() <= MAX_VALUE {
        return Ok(line(value));
    }
    Err(fault(501, (5, 5, 4), format!("Syntax error in {name} parameter value")))
}

/// SIZE: digits; more than fits is too big in any case (RFC 1870).
fn size(state: &State, value: &[u8]) -> Result<u64, Reply> {
    if value.first() == Some(&b'-') {
        return Err(fault(552, (5, 2, 3), "Message size invalid"));
    }
    if !value.iter().all(u8::is_ascii_digit) {
        return Err(fault(501, (5, 5, 4), "SIZE requires a decimal number"));
    }
    if value.is_empty() {
        return Ok(0);
    }
    let Some(number) = number(value) else {
        return Err(fault(552, (5, 2, 3), "Message size exceeds maximum value"));
    };
    let most = state.settings.max_message_size;
    if most > 0 && number > most {
        let text = format!("Message size exceeds fixed maximum message size ({most})");
        return Err(fault(552, (5, 2, 3), text));
    }
    Ok(number)
}

/// A size that can be one.
fn number(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok().and_then(|v| v.parse::<u64>().ok()).filter(|n| *n <= i64::MAX as u64)
}

/// BY (RFC 2852 4).
fn deliver_by(state: &State, value: Option<&[u8]>) -> Result<DeliverBy, Reply> {
    let value = value.ok_or_else(|| fault(501, (5, 5, 2), "BY= requires a value"))?;
    let Some(at) = value.iter().position(|b| *b == b';') else {
        return Err(fault(501, (5, 5, 2), "BY= missing ';'"));
    };
    let (time, mode) = (value.get(..at).unwrap_or_default(), value.get(at + 1..).unwrap_or_default());
    let (negative, digits) = match time.split_first() {
        Some((b'-', rest)) => (true, rest),
        Some((b'+', rest)) => (false, rest),
        _ => (false, time),
    };
    let number = |d: &str| if d.is_empty() { Some(0) } else { d.parse::<u32>().ok() };
    let seconds = std::str::from_utf8(digits).ok().filter(|d| d.len() <= 9).and_then(number);
    let Some(seconds) = seconds.map(i64::from) else {
        return Err(fault(501, (5, 5, 2), "BY= missing ';'"));
    };
    let seconds = if negative { -seconds } else { seconds };
    let (return_mode, rest) = match mode.split_first() {
        Some((b'R' | b'r', rest)) => (true, rest),
        Some((b'N' | b'n', rest)) => (false, rest),
        other => {
            let letter = other.map(|(b, _)| printable(&[*b])).unwrap_or_default();
            return Err(fault(501, (5, 5, 2), [b"illegal by-mode '", &*letter, b"'"].concat()));
        }
    };
    let trace = match rest {
        [] => false,
        [b'T' | b't'] => true,
        [other, ..] => {
            let text = [b"illegal by-trace '", &*printable(&[*other]), b"'"].concat();
            return Err(fault(501, (5, 5, 2), text));
        }
    };
    if return_mode && seconds <= 0 {
        return Err(fault(501, (5, 5, 4), "mode R requires BY time > 0"));
    }
    let least = state.settings.deliver_by_min;
    if return_mode && least > 0 && seconds < least {
        return Err(fault(555, (5, 5, 2), format!("time {seconds} less than {least}")));
    }
    Ok(DeliverBy { return_mode, trace, seconds })
}

/// Reads the parameters of RCPT.
pub(super) fn rcpt(state: &State, text: &[u8]) -> Result<Params, Reply> {
    let mut out = Params::default();
    for p in parameters(text) {
        if p.is("NOTIFY") {
            dsn(state, "NOTIFY")?;
            out.notify = notify(p.value.ok_or_else(|| needs_value("NOTIFY"))?)?;
        } else if p.is("ORCPT") {
            dsn(state, "ORCPT")?;
            let value = p.value.ok_or_else(|| needs_value("ORCPT"))?;
            if out.orcpt.is_some() {
                return Err(duplicate("ORCPT"));
            }
            let typed = value.iter().position(|b| *b == b';').is_some_and(|at| at > 0);
            if !typed || !xtext::is_xtext(value) || value.len() > MAX_VALUE {
                return Err(fault(501, (5, 5, 4), "Syntax error in ORCPT parameter value"));
            }
            out.orcpt = Some(line(value));
        } else {
            return Err(unrecognized(&p));
        }
    }
    Ok(out)
}

fn notify(value: &[u8]) -> Result<Notify, Reply> {
    let mut notify = Notify { explicit: true, success: false, failure: false, delay: false };
    if value.eq_ignore_ascii_case(b"NEVER") {
        return Ok(notify);
    }
    for word in value.split(|b| *b == b',') {
        match word {
            w if w.eq_ignore_ascii_case(b"SUCCESS") => notify.success = true,
            w if w.eq_ignore_ascii_case(b"FAILURE") => notify.failure = true,
            w if w.eq_ignore_ascii_case(b"DELAY") => notify.delay = true,
            other => {
                let text = [b"Bad argument \"", &*printable(other), b"\"  to NOTIFY"].concat();
                return Err(fault(501, (5, 5, 4), text));
            }
        }
    }
    Ok(notify)
}
