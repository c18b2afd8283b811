//! editmap(8): asks for, changes or deletes one key of a table file.

use std::ffi::OsString;
use std::io::{self, Write};

use super::tables::{self, EX_CANTCREAT, EX_IOERR, EX_NOINPUT, EX_UNAVAILABLE, EX_USAGE, complain};
use crate::db::{Kind, Pair};
use crate::map::replace::{self, Refused};

/// Runs editmap.
pub fn main(argv: &[OsString]) -> u8 {
    let program = tables::program_name(argv, "editmap");
    let usage = || {
        complain(format_args!(
            "Usage: {program} [-C cffile] [-N] [-f] [-q|-u|-x] maptype mapname key [ \"value ...\" ]"
        ));
        EX_USAGE
    };
    let (options, words) = match tables::options(argv, b"C:fquxN") {
        Ok(parsed) => parsed,
        Err(text) => {
            complain(format_args!("{text}"));
            return usage();
        }
    };
    let mut cf = b"/etc/mail/sendmail.cf".to_vec();
    let (mut fold, mut with_nul, mut actions) = (true, false, Vec::new());
    for (letter, value) in options {
        match letter {
            b'C' => cf = value,
            b'f' => fold = false,
            b'N' => with_nul = true,
            action => actions.push(action),
        }
    }
    let (action, kind_name, map, key, value) = match (actions.as_slice(), words.as_slice()) {
        ([b'u'], [kind, map, key, value]) => (b'u', kind, map, key, value.as_slice()),
        (&[action @ (b'q' | b'x')], [kind, map, key]) => (action, kind, map, key, &b""[..]),
        _ => return usage(),
    };
    let facts = match tables::facts(program, &tables::path(&cf)) {
        Ok(facts) => facts,
        Err(text) => {
            complain(format_args!("{text}"));
            return EX_NOINPUT;
        }
    };
    let kind = match tables::kind(program, kind_name, map) {
        Ok(kind) => kind,
        Err(text) => {
            complain(format_args!("{text}"));
            return EX_CANTCREAT;
        }
    };
    let refused = |why: Refused| {
        complain(format_args!("{}", tables::cannot_open(program, kind_name, map, &why)));
        EX_CANTCREAT
    };
    let mut wanted = if fold { key.to_ascii_lowercase() } else { key.clone() };
    let shown = String::from_utf8_lossy(&wanted).into_owned();
    let name = String::from_utf8_lossy(map);
    if with_nul {
        wanted.push(0);
    }
    let file = tables::table_file(map, kind);
    tables::warn_of_directories(&file);
    if action == b'q' {
        let value = replace::read(&file, kind == Kind::Cdb, false)
            .and_then(|table| if table.kind() == kind { Ok(table.get(&wanted)?) } else { Err(wrong_kind()) });
        return match value {
            Ok(Some(value)) => {
                let value = value.strip_suffix(b"\0").unwrap_or(&value);
                let _ = io::stdout().write_all(&[value, b"\n"].concat());
                0
            }
            Ok(None) => {
                complain(format_args!("{program}: couldn't find key {shown} in map {name}"));
                EX_UNAVAILABLE
            }
            Err(why) => refused(why),
        };
    }
    let held = match replace::hold(&file, false) {
        Ok(held) => held,
        Err(why) => return refused(why),
    };
    let pairs = if held.existed() {
        held.table(kind == Kind::Cdb)
            .and_then(|old| if old.kind() == kind { Ok(old.pairs()?) } else { Err(wrong_kind()) })
    } else {
        Ok(Vec::new())
    };
    let mut pairs = match pairs {
        Ok(pairs) => pairs,
        Err(why) => return refused(why),
    };
    if action == b'x' {
        let before = pairs.len();
        pairs.retain(|(k, _)| *k != wanted);
        if pairs.len() == before {
            complain(format_args!("{program}: key {shown} doesn't exist in map {name}"));
            return 0;
        }
    } else {
        let mut value = value.to_vec();
        if with_nul {
            value.push(0);
        }
        put(&mut pairs, wanted, value);
    }
    let doubled = {
        let mut keys: Vec<&[u8]> = pairs.iter().map(|p| p.0.as_slice()).collect();
        keys.sort_unstable();
        keys.windows(2).any(|w| w[0] == w[1])
    };
    match held.replace(kind, &pairs, doubled, tables::owner(&facts)) {
        Ok(()) => 0,
        Err(e) => {
            complain(format_args!("{program}: error ({e}) putting key {shown} into map {name}"));
            EX_IOERR
        }
    }
}

/// Sets the value of `key`: its first pair keeps its place, others with that key go.
fn put(pairs: &mut Vec<Pair>, key: Vec<u8>, value: Vec<u8>) {
    let place = pairs.iter().position(|p| p.0 == key);
    pairs.retain({
        let mut seen = false;
        let key = key.clone();
        move |p| p.0 != key || !std::mem::replace(&mut seen, true)
    });
    match place.and_then(|at| pairs.get_mut(at)) {
        Some(pair) => pair.1 = value,
        None => pairs.push((key, value)),
    }
}

fn wrong_kind() -> Refused {
    io::Error::from_raw_os_error(nix::libc::EINVAL).into()
}
