//! What the rewriting engine needs from below: map lookups, behind a trait so that tests need no files.

use crate::cf::Macros;

/// The octet that stands for `$|` in text: a `regex` map with `-s` parts its substrings so. It is shown as that operator, but in a
/// map's value it is part of a word.
pub const VALUE_SEPARATOR: u8 = 0x9b;

/// The answer of a map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// The value, as the map gave it: the map's own flags (`-a -m -q -S ...`) and `%0`..`%9` are done.
    Found(Vec<u8>),
    /// A temporary failure for which the map has a value all the same (`-T`): the rule goes on with the value, and the
    /// lookup's status is EX_TEMPFAIL.
    FoundTemp(Vec<u8>),
    /// The key is not there.
    NotFound,
    /// The map could not answer now (time-out, server failure); the text says why.
    TempFail(String),
    /// No map of that name is defined in the configuration.
    NoSuchMap,
}

/// The maps of a configuration.
///
/// `lookup` may block (DNS, sockets): callers on an event loop hand the work to a pool first.
pub trait Maps: Send + Sync {
    /// Looks `key` up in the map called `name`; `args` are the `$@` arguments of the rule (`%1`...).
    /// `macros` is there for the `macro` map, which sets one. The key comes as the rule wrote it, tokens
    /// joined; folding it to lower case is the map's affair (`-f`).
    fn lookup(&self, name: &str, key: &[u8], args: &[&[u8]], macros: &mut Macros) -> Lookup;
}

/// No maps at all: every lookup answers [`Lookup::NoSuchMap`].
pub struct NoMaps;

impl Maps for NoMaps {
    fn lookup(&self, _: &str, _: &[u8], _: &[&[u8]], _: &mut Macros) -> Lookup {
        Lookup::NoSuchMap
    }
}
