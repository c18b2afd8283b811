//! What is said about the values of options that are kept as they were written.

use super::value::{Context, number};
use crate::cf::problem::{Fault, printable};

/// A limit for all headers that is lower is not sensible.
const LEAST_HEADERS: i64 = 16384;

/// Looks at the value of the option `name` before it is taken over.
pub(super) fn check(name: &str, value: &[u8], ctx: &mut Context<'_>) {
    match name {
        "AuthOptions" => letters(name, value, b"Aacdfmpy", ctx),
        "TLSSrvOptions" => letters(name, value, b"CV", ctx),
        "ServerSSLOptions" | "ClientSSLOptions" => ssl_options(name, value, ctx),
        "ConnectOnlyTo" => {
            if !is_address(value) {
                ctx.error(format!("readcf: option ConnectOnlyTo: invalid IP address {}", printable(value)));
            }
        }
        "MaxHeadersLength" => {
            if (1..LEAST_HEADERS).contains(&number(value)) {
                let text = format!("Warning: {name}: headers length limit set lower than {LEAST_HEADERS}");
                ctx.faults.push(Fault::warning(text));
            }
        }
        "LDAPDefaultSpec" => ldap_default(value, ctx),
        _ => {}
    }
}

/// Only the first letter of each word counts.
fn letters(name: &str, value: &[u8], known: &[u8], ctx: &mut Context<'_>) {
    for word in value.split(|b| *b == b',' || b.is_ascii_whitespace()) {
        if let Some(first) = word.first().filter(|b| !known.contains(b)) {
            let text = format!("Warning: Option: {name} unknown parameter '{}'", printable(&[*first]));
            ctx.faults.push(Fault::warning(text));
        }
    }
}

/// Names of the TLS library's options, or numbers, with a sign.
fn ssl_options(name: &str, value: &[u8], ctx: &mut Context<'_>) {
    if value == b"," {
        return ctx.error(format!("readcf: {name} option value  unrecognized"));
    }
    for word in value.split(|b| *b == b',' || b.is_ascii_whitespace()).filter(|w| !w.is_empty()) {
        let bare = match word.split_first() {
            Some((b'+' | b'-', rest)) => rest,
            _ => word,
        };
        let named = bare.get(..7).is_some_and(|p| p.eq_ignore_ascii_case(b"SSL_OP_"));
        if !named && !bare.first().is_some_and(u8::is_ascii_digit) {
            ctx.error(format!("readcf: {name} option value {} unrecognized", printable(bare)));
        }
    }
}

/// An address as inet_aton(3) reads it: up to four numbers, decimal, octal or hexadecimal; or `IPv6:` and an address.
fn is_address(text: &[u8]) -> bool {
    let text = printable(text);
    if let Some(six) = text.strip_prefix("IPv6:") {
        return six.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let parts: Vec<&str> = text.split('.').collect();
    let last = parts.len() - 1;
    parts.len() <= 4
        && parts.iter().enumerate().all(|(i, part)| {
            let (digits, radix) = match (part.strip_prefix("0x"), part.strip_prefix('0')) {
                (Some(hex), _) => (hex, 16),
                (None, Some(octal)) if !octal.is_empty() => (octal, 8),
                _ => (*part, 10),
            };
            let most = if i == last { u64::from(u32::MAX) >> (8 * last) } else { 255 };
            let plain = !digits.starts_with('+');
            plain && u64::from_str_radix(digits, radix).is_ok_and(|n| n <= most)
        })
}

/// Flags of all maps, and the filter, are for the maps themselves.
fn ldap_default(value: &[u8], ctx: &mut Context<'_>) {
    for word in value.split(u8::is_ascii_whitespace) {
        match word {
            [b'-', b'k', ..] => {
                return ctx.error("readcf: option LDAPDefaultSpec: Do not set the LDAP search filter".into());
            }
            [b'-', b'v', ..] => {
                return ctx.error("readcf: option LDAPDefaultSpec: Do not set the requested LDAP attributes".into());
            }
            [b'-', b'N' | b'O' | b'o' | b'f' | b'm' | b'A' | b'a' | b'T' | b't' | b'D' | b'S' | b'1', ..] => {
                return ctx.error("readcf: option LDAPDefaultSpec: Do not set non-LDAP specific flags".into());
            }
            _ => {}
        }
    }
}
