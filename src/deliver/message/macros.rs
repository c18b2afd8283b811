//! The macros that stand for a delivery.

use super::names::Names;
use crate::cf::{Config, Macros};
use crate::envelope::Envelope;
use crate::rewrite::service::Maps;
use crate::sys::clock;

/// The macros for handing `envelope` to a mailer: those of the configuration, then the ones that the queue file keeps, then
/// `$f` and `$g` (the sender as it is, and as this mailer sees it), `$i`, `$u` and `$h` of the recipients, and dates.
pub fn delivery_macros(
    config: &Config,
    maps: &dyn Maps,
    envelope: &Envelope,
    mailer: usize,
    recipients: &[usize],
    now: i64,
) -> Macros {
    let mut macros = config.layer();
    for (name, value) in &envelope.macros {
        macros.set(name.as_str(), value.as_bytes());
    }
    let date = clock::local(now);
    macros.set("b", date.rfc5322());
    macros.set("d", date.ctime());
    macros.set("i", envelope.id.to_string());
    if macros.get("a").is_none() {
        macros.set("a", clock::local(envelope.created).rfc5322());
    }
    let t = clock::utc(envelope.created);
    let stamp = format!("{:04}{:02}{:02}{:02}{:02}", t.year, t.month, t.day, t.hour, t.minute);
    for (name, value) in [
        ("t", stamp),
        ("p", std::process::id().to_string()),
        ("msg_size", envelope.size.to_string()),
        ("nrcpts", envelope.recipients.len().to_string()),
        ("ntries", envelope.attempts.to_string()),
    ] {
        if macros.get(name).is_none() {
            macros.set(name, value);
        }
    }
    let sender = bare(&envelope.sender);
    macros.set("f", sender);
    let names = Names::new(config, maps, mailer);
    let seen = names.envelope_sender(sender, &mut macros);
    if sender.is_empty() {
        let own = if envelope.flags.response { b"MAILER-DAEMON".to_vec() } else { seen.clone() };
        macros.set("f", own);
    }
    macros.set("g", seen);
    let chosen = || recipients.iter().filter_map(|i| envelope.recipients.get(*i));
    match recipients {
        [_] => {
            for recipient in chosen() {
                macros.set("u", bare(&recipient.address));
            }
        }
        _ => macros.unset("u"),
    }
    if let Some(target) = chosen().find_map(|r| r.target.as_ref()) {
        macros.set("h", target.host.as_bytes());
    }
    macros
}

/// An address without the brackets around it.
pub fn bare(address: &[u8]) -> &[u8] {
    let address = address.trim_ascii();
    address.strip_prefix(b"<").and_then(|a| a.strip_suffix(b">")).unwrap_or(address)
}
