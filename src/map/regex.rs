//! Class `regex`: POSIX regular expressions.

use super::spec::Spec;
use super::{Class, EX_OK, MapSet, Outcome, Query, VALUE_SEPARATOR};
use crate::cf::Macros;
use crate::sys::regex::{Regex, Syntax};

/// An expression with what a match gives.
pub struct RegexMap {
    spec: Spec,
    regex: Regex,
    negated: bool,
    /// `-s`: the substrings that the value consists of.
    fields: Option<Vec<usize>>,
    delimiter: Vec<u8>,
}

impl RegexMap {
    pub(super) fn new(spec: &Spec, problems: &mut Vec<String>) -> Option<RegexMap> {
        let syntax = Syntax { extended: spec.own(b'b').is_none(), ignore_case: !spec.keep_case };
        let regex = match Regex::new(&spec.rest, syntax) {
            Ok(regex) => regex,
            Err(why) => {
                problems.push(format!("pattern-compile-error: {why}"));
                return None;
            }
        };
        let available = regex.groups() + 1;
        let fields = match spec.own(b's') {
            None => None,
            Some(b"") => Some((0..available).collect()),
            Some(list) => {
                let mut fields = Vec::new();
                for item in list.split(|b| *b == b',') {
                    let text = String::from_utf8_lossy(item);
                    let number = text.parse::<usize>().unwrap_or(usize::MAX);
                    if number >= available {
                        problems.push(format!("field ({text}) out of range, only {available} substrings in pattern"));
                        return None;
                    }
                    fields.push(number);
                }
                Some(fields)
            }
        };
        let delimiter = spec.own(b'd').map_or(vec![VALUE_SEPARATOR], <[u8]>::to_vec);
        Some(RegexMap { spec: spec.clone(), regex, negated: spec.own(b'n').is_some(), fields, delimiter })
    }
}

impl Class for RegexMap {
    fn lookup(&self, _: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        let found = self.regex.find(query.key);
        if found.is_some() == self.negated {
            return Outcome::none(EX_OK);
        }
        let mut value = Vec::new();
        if self.spec.match_only {
            value.extend_from_slice(query.key);
        } else if let (Some(fields), Some(found)) = (&self.fields, found) {
            for (index, field) in fields.iter().enumerate() {
                if index > 0 {
                    value.extend_from_slice(&self.delimiter);
                }
                let range = found.get(*field).cloned().flatten();
                value.extend_from_slice(range.and_then(|r| query.key.get(r)).unwrap_or_default());
            }
        }
        value.extend_from_slice(&self.spec.append);
        Outcome::found(self.spec.despaced(value))
    }
}
