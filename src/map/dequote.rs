//! Class `dequote`: takes double quotes off, unless what remains could not be scanned.

use super::spec::Spec;
use super::{Class, EX_OK, MapSet, Outcome, Query};
use crate::cf::Macros;

/// Takes quotes off.
pub struct Dequote {
    append: Vec<u8>,
    space: u8,
}

impl Dequote {
    pub(super) fn new(spec: &Spec) -> Dequote {
        let space = spec.own(b's').and_then(|s| s.first().copied()).unwrap_or(b' ');
        Dequote { append: spec.append.clone(), space }
    }

    /// `key` without its quotes, if it has any and stays balanced.
    fn strip(&self, key: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(key.len());
        let (mut quotes, mut angles, mut comments, mut spaces) = (0usize, 0usize, 0usize, 0usize);
        let mut bytes = key.iter();
        while let Some(&b) = bytes.next() {
            match b {
                b'\\' => {
                    out.push(b);
                    out.extend(bytes.next());
                    continue;
                }
                b'(' => comments += 1,
                b')' => comments = comments.checked_sub(1)?,
                b'<' if comments == 0 => angles += 1,
                b'>' if comments == 0 => angles = angles.checked_sub(1)?,
                b'"' => {
                    quotes += 1;
                    continue;
                }
                b' ' if self.space == b' ' => spaces += 1,
                b' ' => {
                    out.push(self.space);
                    continue;
                }
                _ => {}
            }
            out.push(b);
        }
        (quotes > 0 && quotes % 2 == 0 && angles == 0 && comments == 0 && spaces == 0).then_some(out)
    }
}

impl Class for Dequote {
    fn lookup(&self, _: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        match self.strip(query.key) {
            Some(mut value) => {
                value.extend_from_slice(&self.append);
                Outcome::found(value)
            }
            None => Outcome::none(EX_OK),
        }
    }
}
