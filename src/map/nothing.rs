//! Classes without a table: `macro`, `null`, and those of directory services that this program does not speak to.

use std::sync::atomic::{AtomicBool, Ordering};

use super::spec::Spec;
use super::{Class, EX_NOHOST, EX_OK, EX_TEMPFAIL, MapSet, Outcome, Query};
use crate::cf::Macros;

/// Class `macro`: sets the macro that the key names to the first argument, or makes it undefined without one.
pub struct SetMacro;

impl Class for SetMacro {
    fn lookup(&self, _: &MapSet, query: &Query<'_>, macros: &mut Macros) -> Outcome {
        if query.key.is_empty() {
            return Outcome::none(EX_NOHOST);
        }
        if let Ok(name) = std::str::from_utf8(query.key) {
            match query.args.first() {
                Some(value) => macros.set(name, value),
                None => macros.unset(name),
            }
        }
        Outcome::found(Vec::new())
    }
}

/// Class `null`: has nothing.
pub struct Null;

impl Class for Null {
    fn lookup(&self, _: &MapSet, _: &Query<'_>, _: &mut Macros) -> Outcome {
        Outcome::none(EX_NOHOST)
    }
}

/// A class that exists, but whose service cannot be asked: every look-up fails for now, so that no mail is lost by it.
pub struct Unserved {
    class: String,
    spec: Spec,
    told: AtomicBool,
}

impl Unserved {
    pub(super) fn new(class: &str, spec: &Spec) -> Unserved {
        Unserved { class: class.to_owned(), spec: spec.clone(), told: AtomicBool::new(false) }
    }

    /// Whether one of the files that a user database names is there.
    fn user_database_exists(&self) -> bool {
        use std::os::unix::ffi::OsStrExt;
        self.spec.rest.split(|b| b.is_ascii_whitespace() || *b == b',').any(|file| {
            let file = [file, b".db"].concat();
            std::path::Path::new(std::ffi::OsStr::from_bytes(&file)).exists()
        })
    }
}

impl Class for Unserved {
    fn lookup(&self, set: &MapSet, _: &Query<'_>, _: &mut Macros) -> Outcome {
        if self.class == "userdb" && !self.user_database_exists() {
            return Outcome::none(EX_OK);
        }
        if !self.told.swap(true, Ordering::Relaxed) {
            match self.class.as_str() {
                "nis" => {
                    let map = String::from_utf8_lossy(&self.spec.rest);
                    (set.env.notice)(&format!("NIS map {map} specified, but NIS not running"));
                }
                "stab" | "nisplus" => {}
                class => (set.env.notice)(&format!("{class} map \"{}\": class not built in", self.spec.name)),
            }
        }
        Outcome::none(EX_TEMPFAIL)
    }
}
