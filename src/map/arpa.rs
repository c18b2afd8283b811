//! Class `arpa`: an address as its pointer record is named, without the domain behind it.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{Class, EX_DATAERR, MapSet, Outcome, Query};
use crate::cf::Macros;

/// Turns addresses round.
pub struct Arpa;

/// The labels of `text` in reverse order; IPv6 addresses are written `IPv6:...`.
fn reversed(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    if let Some(v6) = text.get(..5).filter(|p| p.eq_ignore_ascii_case("IPv6:")).and_then(|p| text.get(p.len()..)) {
        let address: Ipv6Addr = v6.parse().ok()?;
        let nibbles = address.octets().into_iter().rev().flat_map(|b| [b & 15, b >> 4]);
        return Some(nibbles.map(|n| format!("{n:x}")).collect::<Vec<_>>().join("."));
    }
    let address: Ipv4Addr = text.parse().ok()?;
    Some(address.octets().into_iter().rev().map(|b| b.to_string()).collect::<Vec<_>>().join("."))
}

impl Class for Arpa {
    fn lookup(&self, _: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        match reversed(query.key) {
            Some(labels) => Outcome::found(labels.into_bytes()),
            None => Outcome::none(EX_DATAERR),
        }
    }
}
