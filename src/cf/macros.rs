//! Macros: `$x` and `${name}`, and the layers in which their values stand (sendmail operations guide 5.1, 5.2).
//!
//! The configuration has the bottom layer; a session, an envelope and a recipient put layers of their own above it,
//! which die with them. A value that a program sets ([`Macros::set`]) is plain octets and is never looked into for
//! `$`; only a `D` line's value ([`Macros::define`]) is a [`Template`].

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::Arc;

use super::template::Template;

/// A macro's name: one character, or several of `{long}`; `{x}` and `x` are the same name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MacroName(Arc<str>);

/// `name` without its braces, if it has any.
fn bare(name: &str) -> &str {
    name.strip_prefix('{').and_then(|n| n.strip_suffix('}')).filter(|n| !n.is_empty()).unwrap_or(name)
}

impl MacroName {
    /// The name without `$`, with or without its braces: `"j"`, `"{client_addr}"` and `"client_addr"`.
    pub fn new(name: &str) -> MacroName {
        MacroName(bare(name).into())
    }

    /// The name without braces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it is written after `$`: `j`, `{client_addr}`.
    pub fn braced(&self) -> String {
        match self.0.chars().count() {
            1 => self.0.to_string(),
            _ => format!("{{{}}}", self.0),
        }
    }
}

impl Borrow<str> for MacroName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

#[derive(Clone, Debug)]
struct Value {
    raw: Arc<[u8]>,
    template: Option<Arc<Template>>,
}

/// A layer of macro values over those of its parent.
#[derive(Clone, Default, Debug)]
pub struct Macros {
    parent: Option<Arc<Macros>>,
    own: HashMap<MacroName, Option<Value>>,
}

impl Macros {
    /// An empty layer with nothing below it.
    pub fn new() -> Macros {
        Macros::default()
    }

    /// An empty layer over `parent`.
    pub fn over(parent: Arc<Macros>) -> Macros {
        Macros { parent: Some(parent), own: HashMap::new() }
    }

    /// The value of `name`, raw (not expanded further), or `None` when it is not defined.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.value(bare(name)).map(|v| &*v.raw)
    }

    /// The value of `name`, raw, or `None` when it is not defined.
    pub fn find(&self, name: &MacroName) -> Option<&[u8]> {
        self.value(name.as_str()).map(|v| &*v.raw)
    }

    /// The value of `name` as a template, when a `D` line gave it; a value set by a program has none.
    pub fn template(&self, name: &MacroName) -> Option<&Arc<Template>> {
        self.value(name.as_str()).and_then(|v| v.template.as_ref())
    }

    fn value(&self, name: &str) -> Option<&Value> {
        match self.own.get(name) {
            Some(value) => value.as_ref(),
            None => self.parent.as_deref().and_then(|p| p.value(name)),
        }
    }

    /// The value of `name` with the macros in it filled in; empty when it is not defined.
    pub fn expanded(&self, name: &str) -> Vec<u8> {
        match self.value(bare(name)) {
            Some(Value { template: Some(t), .. }) => t.expand(self),
            Some(v) => v.raw.to_vec(),
            None => Vec::new(),
        }
    }

    /// Fills in the macros of `template`: `$x`, `${x}`, `$&x`, `$?x..$|..$.`, `$$`.
    pub fn expand(&self, template: &Template) -> Vec<u8> {
        template.expand(self)
    }

    /// Gives `name` in this layer the plain octets `value`.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        let raw = value.as_ref().into();
        self.own.insert(MacroName::new(name), Some(Value { raw, template: None }));
    }

    /// Gives `name` in this layer a value with macros in it, which are filled in whenever it is expanded.
    pub fn define(&mut self, name: &str, value: Template) {
        let raw = value.source().into();
        self.own.insert(MacroName::new(name), Some(Value { raw, template: Some(Arc::new(value)) }));
    }

    /// Makes `name` undefined, whatever lower layers say.
    pub fn unset(&mut self, name: &str) {
        self.own.insert(MacroName::new(name), None);
    }

    /// Every name with a value, each once, with its raw value.
    pub fn all(&self) -> Vec<(MacroName, Vec<u8>)> {
        let mut seen: HashMap<&MacroName, Option<&Value>> = HashMap::new();
        let mut layer = Some(self);
        while let Some(l) = layer {
            for (name, value) in &l.own {
                seen.entry(name).or_insert(value.as_ref());
            }
            layer = l.parent.as_deref();
        }
        let mut all: Vec<_> = seen.into_iter().filter_map(|(n, v)| v.map(|v| (n.clone(), v.raw.to_vec()))).collect();
        all.sort();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_hides_its_parent() {
        let mut base = Macros::new();
        base.set("j", "mail.example.test");
        base.set("{client_addr}", "127.0.0.1");
        let mut top = Macros::over(Arc::new(base));
        assert_eq!(top.get("{j}"), Some(&b"mail.example.test"[..]));
        top.unset("client_addr");
        assert_eq!(top.get("{client_addr}"), None);
    }
}
