//! Class `user`: the password database. `-v` names the field; the key is the login name, in lower case unless `-f`.

use std::sync::atomic::{AtomicBool, Ordering};

use super::spec::Spec;
use super::{Class, EX_NOUSER, EX_TEMPFAIL, MapSet, Outcome, Query, finish};
use crate::cf::Macros;

/// Users.
pub struct UserMap {
    spec: Spec,
    told: AtomicBool,
}

impl UserMap {
    pub(super) fn new(spec: &Spec) -> UserMap {
        UserMap { spec: spec.clone(), told: AtomicBool::new(false) }
    }
}

impl Class for UserMap {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        use std::os::unix::ffi::OsStrExt;
        let column = self.spec.value_column.as_deref().unwrap_or(b"name");
        if ![
            &b"name"[..],
            b"passwd",
            b"uid",
            b"gid",
            b"gecos",
            b"dir",
            b"shell",
            b"1",
            b"2",
            b"3",
            b"4",
            b"5",
            b"6",
            b"7",
        ]
        .contains(&column)
        {
            if !self.told.swap(true, Ordering::Relaxed) {
                let column = String::from_utf8_lossy(column);
                (set.env.notice)(&format!("User map {}: unknown column name {column}", self.spec.name));
            }
            return Outcome::none(EX_TEMPFAIL);
        }
        let folded = self.spec.folded(query.key);
        let user = match set.env.users.by_name(&folded) {
            Ok(Some(user)) => user,
            Ok(None) => return Outcome::none(EX_NOUSER),
            Err(_) => return Outcome::none(EX_TEMPFAIL),
        };
        let value = match column {
            b"name" | b"1" => user.name,
            // The password itself is nobody's business.
            b"passwd" | b"2" => b"x".to_vec(),
            b"uid" | b"3" => user.uid.to_string().into_bytes(),
            b"gid" | b"4" => user.gid.to_string().into_bytes(),
            b"gecos" | b"5" => user.full_name,
            b"dir" | b"6" => user.home.as_bytes().to_vec(),
            _ => user.shell.as_bytes().to_vec(),
        };
        finish(&self.spec, &Query { key: &folded, ..*query }, &value)
    }
}
