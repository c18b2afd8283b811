//! Macros: `$x` and `${name}`, and the layers in which their values stand (sendmail operations guide 5.1, 5.2).
//!
//! The configuration has the bottom layer; a session, an envelope and a recipient put layers of their own above it,
//! which die with them.

use std::collections::HashMap;
use std::sync::Arc;

/// A macro's name: one character, or several of `{long}`; `{x}` and `x` are the same name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct MacroName(Arc<str>);

impl MacroName {
    /// The name without `$`, with or without its braces: `"j"`, `"{client_addr}"` and `"client_addr"`.
    pub fn new(name: &str) -> MacroName {
        let bare = name.strip_prefix('{').and_then(|n| n.strip_suffix('}')).unwrap_or(name);
        MacroName(bare.into())
    }

    /// The name without braces.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A layer of macro values over those of its parent.
#[derive(Clone, Default, Debug)]
pub struct Macros {
    parent: Option<Arc<Macros>>,
    own: HashMap<MacroName, Option<Arc<[u8]>>>,
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
        self.find(&MacroName::new(name))
    }

    /// The value of `name`, raw, or `None` when it is not defined.
    pub fn find(&self, name: &MacroName) -> Option<&[u8]> {
        match self.own.get(name) {
            Some(value) => value.as_deref(),
            None => self.parent.as_deref().and_then(|p| p.find(name)),
        }
    }

    /// Defines `name` in this layer.
    pub fn set(&mut self, name: &str, value: impl AsRef<[u8]>) {
        self.own.insert(MacroName::new(name), Some(value.as_ref().into()));
    }

    /// Makes `name` undefined, whatever lower layers say.
    pub fn unset(&mut self, name: &str) {
        self.own.insert(MacroName::new(name), None);
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
