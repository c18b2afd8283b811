//! `/why address` and `/why mail from rcpt client`: what was decided, by which rules, maps and classes, and where those stand.

mod mail;
mod tell;

use super::TestMode;
use crate::rewrite::service::{Lookup, Maps};
use crate::rewrite::{Explainer, Kind, Refusal, Scope, localaddr, parse_address};
use tell::Teller;

/// What an address came to.
pub(super) struct Resolved {
    mailer: String,
    host: Vec<u8>,
    user: Vec<u8>,
}

impl TestMode {
    pub(super) fn why(&mut self, rest: &[u8]) {
        let words: Vec<&[u8]> = rest.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect();
        match words.as_slice() {
            [] => self.out.text("Usage: /why address | /why mail from rcpt client"),
            [b"mail", from, rcpt] => self.why_mail(from, rcpt, b"127.0.0.1"),
            [b"mail", from, rcpt, client] => self.why_mail(from, rcpt, client),
            _ => self.why_address(rest, self.kind()),
        }
    }

    /// Rule sets 3 and 0, then what follows for a name of this host.
    fn why_address(&mut self, addr: &[u8], kind: Kind) {
        let Some((resolved, aliased, five)) = self.resolve(addr, kind, true) else { return };
        if kind.is_sender() {
            return;
        }
        if aliased && let Some(value) = self.alias(&resolved.user) {
            let text = [b"then: alias ", resolved.user.as_slice(), b": ", value.as_slice()].concat();
            self.out.line(&plain(&text));
        } else if five {
            self.why_local(&resolved);
        }
    }

    /// What the address comes to; whether it is looked up in the aliases, and whether rule set 5 is next. The way is told when `all`
    /// is wanted, or when it ends in a refusal.
    fn resolve(&mut self, addr: &[u8], kind: Kind, all: bool) -> Option<(Resolved, bool, bool)> {
        let (result, facts) = {
            let mut explainer = Explainer::new(&self.config);
            let mut scope = Scope::new(&self.config, &mut self.macros, &*self.maps);
            scope.trace = Some(&mut explainer);
            let result = parse_address(&mut scope, addr, kind);
            (result, explainer.into_facts())
        };
        if all || result.is_err() {
            Teller::new(&self.config, &self.out).facts(&facts);
        }
        let parsed = match result {
            Ok(parsed) => parsed,
            Err(refusal) => {
                self.out.line(&refused(&refusal));
                return None;
            }
        };
        if parsed.try_later {
            self.out.text("try later: a map could not answer");
        }
        let mailer = self.config.mailers.get(parsed.mailer);
        let resolved = Resolved {
            mailer: mailer.map(|m| m.name.clone()).unwrap_or_default(),
            host: parsed.host.unwrap_or_default(),
            user: parsed.user,
        };
        let (aliased, five) = mailer.map_or((false, false), |m| (m.flags.has(b'A'), m.flags.has(b'5')));
        let what: &[u8] = if all { b"verdict: " } else { b"  " };
        self.out.line(&[what, &triple(&resolved)].concat());
        Some((resolved, aliased, five && !parsed.skip_ruleset_5))
    }

    fn alias(&mut self, user: &[u8]) -> Option<Vec<u8>> {
        match self.maps.lookup("aliases", user, &[], &mut self.macros) {
            Lookup::Found(value) | Lookup::FoundTemp(value) => Some(value),
            _ => None,
        }
    }

    /// Rule set 5, for a name that no alias knows.
    fn why_local(&mut self, found: &Resolved) {
        if self.config.rulesets.get(crate::cf::RulesetId(5)).is_none_or(|set| set.rules.is_empty()) {
            return;
        }
        let mut macros = self.macros.clone();
        macros.set("u", &found.user);
        macros.set("h", &found.host);
        let mut explainer = Explainer::new(&self.config);
        let mut scope = Scope::new(&self.config, &mut macros, &*self.maps);
        scope.trace = Some(&mut explainer);
        let result = localaddr(&mut scope, &found.user);
        let facts = explainer.into_facts();
        let again = match &result {
            Ok(Some(parsed)) => {
                let mailer = self.config.mailers.get(parsed.mailer).map(|m| m.name.clone()).unwrap_or_default();
                let host = parsed.host.clone().unwrap_or_default();
                [b"verdict: ", triple(&Resolved { mailer, host, user: parsed.user.clone() }).as_slice()].concat()
            }
            Ok(None) => return,
            Err(refusal) => refused(refusal),
        };
        self.out.text("no alias; rule set 5 is asked");
        Teller::new(&self.config, &self.out).facts(&facts);
        self.out.line(&again);
    }
}

fn triple(to: &Resolved) -> Vec<u8> {
    let mut line = format!("mailer {}", to.mailer).into_bytes();
    if !to.host.is_empty() {
        line.extend_from_slice(b", host ");
        line.extend_from_slice(&to.host);
    }
    line.extend_from_slice(b", user ");
    line.extend_from_slice(&to.user);
    plain(&line)
}

fn refused(refusal: &Refusal) -> Vec<u8> {
    let codes = format!("verdict: refused: {} {} ", refusal.code, refusal.enhanced);
    plain(&[codes.as_bytes(), &refusal.text].concat())
}

/// Text for the terminal, without any control character.
fn plain(text: &[u8]) -> Vec<u8> {
    let mut out = super::output::visible(text);
    out.retain(|b| (b' '..=b'~').contains(b));
    out
}
