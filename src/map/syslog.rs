//! Class `syslog`: writes its key to the log; the value is empty.

use super::spec::Spec;
use super::{Class, MapSet, Outcome, Query};
use crate::cf::Macros;
use crate::log::{self, Field, Id, Severity};

/// Writes to the log.
pub struct Syslog {
    severity: Severity,
}

fn severity(name: &[u8]) -> Option<Severity> {
    let name = name.to_ascii_uppercase();
    Some(match name.strip_prefix(b"LOG_").unwrap_or(&name) {
        b"EMERG" | b"ALERT" => Severity::Alert,
        b"CRIT" => Severity::Critical,
        b"ERR" => Severity::Error,
        b"WARNING" => Severity::Warning,
        b"NOTICE" => Severity::Notice,
        b"INFO" => Severity::Info,
        b"DEBUG" => Severity::Debug,
        _ => return None,
    })
}

impl Syslog {
    pub(super) fn new(spec: &Spec) -> Syslog {
        Syslog { severity: spec.own(b'L').and_then(severity).unwrap_or(Severity::Info) }
    }
}

impl Class for Syslog {
    fn lookup(&self, _: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        log::emit(0, self.severity, Id::Bare, format_args!("{}", Field(query.key)));
        Outcome::found(Vec::new())
    }
}
