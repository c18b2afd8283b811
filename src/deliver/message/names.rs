//! Addresses as a mailer is to see them: rule sets, with a memory.

use crate::address;
use crate::cf::{Config, Macros, RulesetId};
use crate::rewrite::service::Maps;
use crate::rewrite::{Kind, Scope, remote_name, run_sequence};
use std::collections::HashMap;

/// Column that a written list does not go past.
const MARGIN: usize = 78;

/// Rewrites addresses for one mailer.
pub struct Names<'a> {
    config: &'a Config,
    maps: &'a dyn Maps,
    mailer: usize,
    known: HashMap<(bool, Vec<u8>), Vec<u8>>,
    /// What header addresses without a domain get, when the sender's mailer has `F=C`.
    domain: Option<Vec<u8>>,
}

impl<'a> Names<'a> {
    /// Names as the mailer with this index sees them.
    pub fn new(config: &'a Config, maps: &'a dyn Maps, mailer: usize) -> Names<'a> {
        Names { config, maps, mailer, known: HashMap::new(), domain: None }
    }

    /// Names in mail from `sender` (without brackets), whose mailer may want its domain on every header address.
    pub fn of_sender(mut self, sender: &[u8], macros: &mut Macros) -> Names<'a> {
        let wanted = self.config.mailers.iter().any(|m| m.flags.has(b'C'));
        if let Some(at) = sender.iter().rposition(|b| *b == b'@').filter(|_| wanted) {
            let mut scope = Scope::new(self.config, macros, self.maps);
            let parsed = crate::rewrite::parse_address(&mut scope, sender, Kind::EnvelopeSender);
            let mailer = parsed.ok().and_then(|p| self.config.mailers.get(p.mailer));
            if mailer.is_some_and(|m| m.flags.has(b'C')) {
                self.domain = sender.get(at..).map(<[u8]>::to_vec);
            }
        }
        self
    }

    /// The envelope sender (without brackets, empty for the null sender).
    pub fn envelope_sender(&self, sender: &[u8], macros: &mut Macros) -> Vec<u8> {
        if !sender.is_empty() {
            return self.rewrite(sender, Kind::EnvelopeSender, macros);
        }
        // There is nothing around a null sender to keep: what the rules make of `<>` is all.
        let own = self.config.mailers.get(self.mailer).map_or(RulesetId::NONE, |m| m.sender_envelope);
        let sets: Vec<RulesetId> =
            [RulesetId(3), RulesetId(1), own, RulesetId(4)].into_iter().filter(|id| *id != RulesetId::NONE).collect();
        let mut scope = Scope::new(self.config, macros, self.maps);
        scope.macros.set("{addr_type}", "e s");
        run_sequence(&mut scope, &sets, b"<>", None).0.map(|o| o.text).unwrap_or_default()
    }

    fn rewrite(&self, text: &[u8], kind: Kind, macros: &mut Macros) -> Vec<u8> {
        let mut scope = Scope::new(self.config, macros, self.maps);
        let header = matches!(kind, Kind::HeaderSender | Kind::HeaderRecipient);
        remote_name(&mut scope, text, kind, self.mailer, self.domain.as_deref().filter(|_| header)).text
    }

    fn header_name(&mut self, text: &[u8], sender: bool, macros: &mut Macros) -> Vec<u8> {
        let key = (sender, text.to_vec());
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let kind = if sender { Kind::HeaderSender } else { Kind::HeaderRecipient };
        let new = self.rewrite(text, kind, macros);
        self.known.insert(key, new.clone());
        new
    }

    /// The value of an address field called `name` as this mailer is to see it; `None` when nothing in it changes, so that
    /// the field can go out as it came.
    pub fn list(&mut self, name: &[u8], value: &[u8], sender: bool, macros: &mut Macros) -> Option<Vec<u8>> {
        let items = address::split(value, self.config.options.old_style_headers);
        let strip = self.config.mailers.get(self.mailer).is_some_and(|m| m.flags.has(b'c'));
        let changes = strip
            || items.iter().filter_map(|item| address::crack(item)).filter(|c| !c.address.is_empty()).any(|c| {
                let new = self.header_name(&c.address, sender, macros);
                !same(&new, &c.address)
            });
        if !changes {
            return None;
        }
        let blanks = value.iter().take_while(|b| b.is_ascii_whitespace()).count();
        let lead = value.get(..blanks).unwrap_or_default().iter().filter(|b| **b != b'\n');
        let mut out: Vec<u8> = lead.map(|b| if *b == b'\t' { b' ' } else { *b }).collect();
        let mut column = name.len() + 1 + out.len();
        let last = items.len().saturating_sub(1);
        for (at, item) in items.iter().enumerate() {
            let new = match address::crack(item) {
                Some(_) => self.header_name(item, sender, macros),
                None => item.to_vec(),
            };
            let width = new.len() + if at < last { 2 } else { 0 };
            if at > 0 {
                if column + 2 + width > MARGIN {
                    out.extend_from_slice(b",\n        ");
                    column = 8;
                } else {
                    out.extend_from_slice(b", ");
                    column += 2;
                }
            }
            out.extend_from_slice(&new);
            column += new.len();
        }
        Some(out)
    }
}

/// The same address but for blanks, the case of nothing considered.
fn same(a: &[u8], b: &[u8]) -> bool {
    let solid = |text: &[u8]| -> Vec<u8> { text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect() };
    a == b || solid(a) == solid(b)
}
