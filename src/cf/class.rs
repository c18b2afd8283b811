//! Classes: named sets of words and phrases, matched without regard to case (sendmail operations guide 5.3).

use std::collections::HashMap;

use super::macros::MacroName;

/// A class by its place in [`Classes`]: rules carry it in place of the name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ClassId(pub(crate) u32);

/// The start of a phrase's hash.
pub const HASH_START: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds octets to the hash of a phrase, folded to lower case; the parts of a phrase may come one by one.
pub fn hash_more(mut hash: u64, text: &[u8]) -> u64 {
    for b in text {
        hash = (hash ^ u64::from(b.to_ascii_lowercase())).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}

/// One set of phrases.
#[derive(Clone, Default, Debug)]
pub struct Class {
    entries: Vec<Box<[u8]>>,
    by_hash: HashMap<u64, Vec<u32>>,
    longest: usize,
}

impl Class {
    /// Adds a phrase unless it is there already.
    pub fn insert(&mut self, phrase: &[u8]) {
        let hash = hash_more(HASH_START, phrase);
        if self.contains_hashed(hash, |e| e.eq_ignore_ascii_case(phrase)) {
            return;
        }
        let Ok(index) = u32::try_from(self.entries.len()) else { return };
        self.entries.push(phrase.into());
        self.by_hash.entry(hash).or_default().push(index);
        self.longest = self.longest.max(phrase.len());
    }

    /// Whether `phrase` is a member, whatever its case.
    pub fn contains(&self, phrase: &[u8]) -> bool {
        phrase.len() <= self.longest
            && self.contains_hashed(hash_more(HASH_START, phrase), |e| e.eq_ignore_ascii_case(phrase))
    }

    /// Whether a member has the hash and satisfies `same`.
    pub fn contains_hashed(&self, hash: u64, same: impl Fn(&[u8]) -> bool) -> bool {
        self.by_hash
            .get(&hash)
            .is_some_and(|l| l.iter().any(|i| self.entries.get(*i as usize).is_some_and(|e| same(e))))
    }

    /// The length of the longest member.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The members, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|e| &**e)
    }

    /// Whether the class has no members.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

/// All classes of a configuration.
#[derive(Clone, Default, Debug)]
pub struct Classes {
    names: HashMap<MacroName, ClassId>,
    sets: Vec<Class>,
    /// Every word in the spelling that came first, by its lower case: all classes show it so.
    spelling: HashMap<Box<[u8]>, Box<[u8]>>,
}

impl Classes {
    /// The class called `name`, made empty when it is new.
    pub fn id(&mut self, name: &MacroName) -> ClassId {
        if let Some(id) = self.names.get(name) {
            return *id;
        }
        let id = ClassId(u32::try_from(self.sets.len()).unwrap_or(u32::MAX));
        self.sets.push(Class::default());
        self.names.insert(name.clone(), id);
        id
    }

    /// Adds `phrase` to the class called `name`.
    pub fn insert(&mut self, name: &MacroName, phrase: &[u8]) {
        let id = self.id(name);
        let first = self.spelling.entry(phrase.to_ascii_lowercase().into()).or_insert_with(|| phrase.into());
        if let Some(set) = self.sets.get_mut(id.0 as usize) {
            set.insert(first);
        }
    }

    /// The class called `name` (`"w"`, `"VirtHost"`), if anything was ever put into it or a rule names it.
    pub fn get(&self, name: &str) -> Option<&Class> {
        self.names.get(MacroName::new(name).as_str()).and_then(|id| self.by_id(*id))
    }

    /// The names of all classes, each with its id's class.
    pub fn all(&self) -> impl Iterator<Item = (&MacroName, ClassId)> {
        self.names.iter().map(|(name, id)| (name, *id))
    }

    /// The name of the class of an id.
    pub fn name(&self, id: ClassId) -> Option<&MacroName> {
        self.names.iter().find(|(_, known)| **known == id).map(|(name, _)| name)
    }

    /// The class of an id.
    pub fn by_id(&self, id: ClassId) -> Option<&Class> {
        self.sets.get(id.0 as usize)
    }

    /// Whether `phrase` is in the class called `name`.
    pub fn contains(&self, name: &str, phrase: &[u8]) -> bool {
        self.get(name).is_some_and(|c| c.contains(phrase))
    }

    /// Every class that has a member, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&MacroName, &Class)> {
        self.names.iter().filter_map(|(n, id)| self.by_id(*id).map(|c| (n, c))).filter(|(_, c)| !c.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_ignore_case() {
        let mut all = Classes::default();
        let w = MacroName::new("w");
        all.insert(&w, b"Mail.Example");
        all.insert(&w, b"mail.example");
        assert!(all.contains("{w}", b"MAIL.example"));
        assert_eq!(all.get("w").unwrap().iter().count(), 1);
        assert!(!all.contains("w", b"mail"));
    }
}
