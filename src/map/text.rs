//! Class `text`: a file with columns. The first line with the key counts. The file is kept in memory and read again when it changes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::dbfile::Stamp;
use super::spec::Spec;
use super::{Class, EX_NOHOST, EX_TEMPFAIL, MapEnv, MapSet, Outcome, Query, finish};
use crate::cf::Macros;

/// A bigger file is no table of columns.
const MAX_SIZE: u64 = 1 << 30;

type Columns = HashMap<Vec<u8>, Vec<u8>>;

#[derive(Default)]
struct State {
    loaded: Option<(Stamp, Arc<Columns>)>,
    told: bool,
}

/// A file with columns.
pub struct Text {
    spec: Spec,
    key_column: usize,
    value_column: usize,
    fault: Option<String>,
    state: Mutex<State>,
}

/// Column `index` of a line: parted by `delimiter`, or by runs of white space.
fn column<'l>(line: &'l [u8], index: usize, delimiter: Option<&[u8]>) -> Option<&'l [u8]> {
    match delimiter.and_then(|d| d.first()) {
        Some(mark) => line.split(|b| b == mark).nth(index),
        None => line.split(|b| b.is_ascii_whitespace()).filter(|f| !f.is_empty()).nth(index),
    }
}

impl Text {
    pub(super) fn new(spec: &Spec) -> Text {
        let path = String::from_utf8_lossy(&spec.rest).into_owned();
        let mut fault = None;
        if !path.starts_with('/') {
            fault = Some(format!("text map \"{}\": file name must be fully qualified", spec.name));
        }
        let mut number = |flag: char, column: &Option<Vec<u8>>| {
            let Some(column) = column else { return 0 };
            let number = std::str::from_utf8(column).ok().and_then(|c| c.parse().ok());
            number.unwrap_or_else(|| {
                fault = Some(format!(
                    "text map \"{}\", file {path}: -{flag} should specify a number, not {}",
                    spec.name,
                    String::from_utf8_lossy(column)
                ));
                0
            })
        };
        let key_column = number('k', &spec.key_column);
        let value_column = number('v', &spec.value_column);
        Text { spec: spec.clone(), key_column, value_column, fault, state: Mutex::new(State::default()) }
    }

    fn path(&self) -> PathBuf {
        use std::os::unix::ffi::OsStrExt;
        PathBuf::from(std::ffi::OsStr::from_bytes(&self.spec.rest))
    }

    fn parse(&self, text: &[u8]) -> Columns {
        let mut columns = Columns::new();
        for line in text.split(|b| *b == b'\n').filter(|l| !l.starts_with(b"#")) {
            let delimiter = self.spec.delimiter.as_deref();
            let (Some(key), Some(value)) =
                (column(line, self.key_column, delimiter), column(line, self.value_column, delimiter))
            else {
                continue;
            };
            columns.entry(self.spec.folded(key).into_owned()).or_insert_with(|| value.to_vec());
        }
        columns
    }

    /// The columns as the file has them now; `Ok(None)` for an optional file that is not there.
    fn columns(&self, env: &MapEnv) -> Result<Option<Arc<Columns>>, ()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let tell = |state: &mut State, text: String| {
            if !std::mem::replace(&mut state.told, true) {
                (env.notice)(&text);
            }
            Err(())
        };
        if let Some(fault) = &self.fault {
            return tell(&mut state, fault.clone());
        }
        let path = self.path();
        let unsafe_file = |why: String| {
            let colon = if why.is_empty() { "" } else { ": " };
            format!("text map \"{}\": unsafe map file {}{colon}{why}", self.spec.name, path.display())
        };
        let stamp = match Stamp::of(&path) {
            Ok(stamp) => stamp,
            Err(_) if self.spec.optional => return Ok(None),
            Err(_) => return tell(&mut state, unsafe_file(String::new())),
        };
        if let Some((loaded, columns)) = &state.loaded
            && *loaded == stamp
        {
            return Ok(Some(Arc::clone(columns)));
        }
        if let Some(why) = (env.unsafe_file)(&path) {
            return tell(&mut state, unsafe_file(why));
        }
        let size = std::fs::metadata(&path).map(|m| m.len()).unwrap_or(0);
        let text = if size > MAX_SIZE { Err(std::io::ErrorKind::FileTooLarge.into()) } else { std::fs::read(&path) };
        match text {
            Ok(text) => {
                let columns = Arc::new(self.parse(&text));
                state.loaded = Some((stamp, Arc::clone(&columns)));
                state.told = false;
                Ok(Some(columns))
            }
            Err(e) => tell(&mut state, unsafe_file(super::dbfile::reason(&e))),
        }
    }
}

impl Class for Text {
    fn lookup(&self, set: &MapSet, query: &Query<'_>, _: &mut Macros) -> Outcome {
        match self.columns(&set.env) {
            Ok(Some(columns)) => match columns.get(self.spec.folded(query.key).as_ref()) {
                Some(value) => finish(&self.spec, query, value),
                None => Outcome::none(EX_NOHOST),
            },
            Ok(None) => Outcome::none(EX_NOHOST),
            Err(()) => Outcome::none(EX_TEMPFAIL),
        }
    }

    fn is_open(&self, _: &MapEnv) -> bool {
        !self.spec.optional || self.path().exists()
    }
}
