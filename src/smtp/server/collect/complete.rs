//! The envelope of a message that is collected: class and priority, the configuration's fields, the macros that stay with it.

use super::{Collected, add_defaults};
use crate::cf::options::NoRecipient;
use crate::cf::{Config, MacroName, Macros};
use crate::envelope::{BodyType, Envelope};
use crate::header::Headers;
use crate::header::known::kind;
use crate::header::recipients::{Missing, add_missing};
use crate::text::Line;

/// Makes the envelope whole: class, priority, the configuration's fields, the macros that stay with it.
pub fn complete(config: &Config, macros: &mut Macros, envelope: &mut Envelope, collected: Collected) {
    envelope.size = collected.size;
    envelope.body = collected.body;
    envelope.flags.eight_bit = collected.eight_bit;
    if !collected.eight_bit && envelope.body_type == Some(BodyType::EightBitMime) {
        envelope.body_type = Some(BodyType::SevenBit);
    }
    envelope.headers = collected.headers;
    let mut kinds = envelope.headers.fields.iter().map(|f| kind(&f.name));
    envelope.flags.delete_bcc = kinds.any(|k| k.recipient && !k.blind);
    if macros.get("x").is_none_or(<[u8]>::is_empty)
        && let Some(name) = envelope.headers.find("Full-Name")
    {
        macros.set("x", name.value.trim_ascii());
    }
    if let Some(value) = envelope.headers.find("Precedence").map(|f| f.value.trim_ascii().to_vec()) {
        let named = config.precedences.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(&value));
        envelope.class = named.and_then(|(_, class)| i32::try_from(*class).ok()).unwrap_or(0);
    }
    let recipients = i64::try_from(envelope.recipients.len()).unwrap_or(i64::MAX);
    envelope.priority = i64::try_from(envelope.size)
        .unwrap_or(i64::MAX)
        .saturating_sub(i64::from(envelope.class).saturating_mul(config.options.class_factor))
        .saturating_add(recipients.saturating_mul(config.options.recipient_factor));
    add_defaults(config, macros, &mut envelope.headers);
    recipients_field(config.options.no_recipient_action, envelope);
    if let Some(class) = config.classes.get("persistentMacros") {
        let mut kept: Vec<_> = class
            .iter()
            .filter_map(|name| std::str::from_utf8(name).ok())
            .filter_map(|name| Some((MacroName::new(name), Line::cleaned(macros.get(name)?))))
            .filter(|(_, value)| !value.is_empty())
            .collect();
        kept.sort_by(|a, b| a.0.cmp(&b.0));
        envelope.macros = kept;
    }
}

/// `$u` for a message with a single recipient: `Received:` names that one, and nobody of several, refused ones included.
pub fn only_recipient(macros: &mut Macros, envelope: &Envelope, refused: u32) {
    match envelope.recipients.as_slice() {
        [only] if refused == 0 => macros.set("u", &only.address),
        _ => macros.unset("u"),
    }
}

/// `NoRecipientAction`: what a message without any recipient field gets.
fn recipients_field(action: NoRecipient, envelope: &mut Envelope) {
    let how = match action {
        NoRecipient::None => return,
        NoRecipient::AddBcc => Missing::Bcc,
        NoRecipient::AddToUndisclosed => Missing::Undisclosed,
        NoRecipient::AddTo => Missing::To,
        NoRecipient::AddApparentlyTo => Missing::ApparentlyTo,
    };
    // Each new field goes before those of its name.
    add_missing(&mut envelope.headers, how, envelope.recipients.iter().rev().map(|r| &*r.address));
}

/// The `Message-Id:` as log lines show it.
pub fn message_id(headers: &Headers) -> Option<Vec<u8>> {
    let value = headers.find("Resent-Message-Id").or_else(|| headers.find("Message-Id"))?.value.trim_ascii();
    let joined: Vec<u8> = value.iter().copied().filter(|b| !matches!(b, b'\n' | b'\t' | b' ')).collect();
    let shown = joined.get(..joined.len().min(512)).unwrap_or_default();
    Some(shown.iter().map(|b| if (b' '..=b'~').contains(b) { *b } else { b'?' }).collect())
}
