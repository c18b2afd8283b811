//! Classes `sequence` (several maps, the first that has the key) and `switch` (the same, by the service switch).

use std::sync::atomic::{AtomicBool, Ordering};

use super::spec::Spec;
use super::{Class, EX_NOHOST, EX_TEMPFAIL, MapSet, Outcome, Query};
use crate::cf::Macros;

/// How many maps a sequence has at most.
const MAX_MEMBERS: usize = 12;
/// How deep sequences may stand in sequences.
const MAX_DEPTH: u8 = 8;

enum Members {
    Fixed(Vec<String>),
    Service { name: String, service: String, told: AtomicBool },
}

/// Several maps as one.
pub struct Sequence {
    members: Members,
}

impl Sequence {
    pub(super) fn fixed(set: &MapSet, spec: &Spec, problems: &mut Vec<String>) -> Sequence {
        let mut members = Vec::new();
        for word in spec.rest.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
            let name = String::from_utf8_lossy(word).into_owned();
            if !set.is_defined(&name) {
                problems.push(format!("Sequence map {}: unknown member map {name}", spec.name));
            } else if members.len() == MAX_MEMBERS {
                problems.push(format!("Sequence map {}: too many member maps ({MAX_MEMBERS} max)", spec.name));
                break;
            } else {
                members.push(name.to_ascii_lowercase());
            }
        }
        Sequence { members: Members::Fixed(members) }
    }

    pub(super) fn by_switch(spec: &Spec) -> Sequence {
        let service = spec.rest.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        let service = String::from_utf8_lossy(service).into_owned();
        Sequence { members: Members::Service { name: spec.name.clone(), service, told: AtomicBool::new(false) } }
    }

    /// The members as they are now; `None` when the switch does not know the service.
    fn names(&self, set: &MapSet) -> Option<Vec<String>> {
        match &self.members {
            Members::Fixed(names) => Some(names.clone()),
            Members::Service { name, service, told } => {
                let mut names = Vec::new();
                let again = told.swap(true, Ordering::Relaxed);
                let methods = (set.env.switch)(service);
                if methods.is_empty() {
                    return None;
                }
                for method in methods {
                    let member = format!("{name}.{method}");
                    if set.is_defined(&member) {
                        names.push(member.to_ascii_lowercase());
                    } else if !again {
                        (set.env.notice)(&format!("Switch map {name}: unknown member map {member}"));
                    }
                }
                Some(names)
            }
        }
    }
}

impl Class for Sequence {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, macros: &mut Macros) -> Outcome {
        if query.depth >= MAX_DEPTH {
            return Outcome::none(EX_TEMPFAIL);
        }
        let inner = Query { depth: query.depth + 1, ..*query };
        let mut status = EX_NOHOST;
        let Some(names) = self.names(set) else { return Outcome::none(EX_TEMPFAIL) };
        for name in names.iter().take(MAX_MEMBERS) {
            let Some(outcome) = set.nested(name, &inner, macros) else { continue };
            if outcome.value.is_some() {
                return outcome;
            }
            if outcome.status == EX_TEMPFAIL {
                status = EX_TEMPFAIL;
            }
        }
        Outcome::none(status)
    }
}
