//! praliases(8): shows the alias database.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use super::tables::{self, EX_NOINPUT, EX_USAGE, complain};
use crate::alias::source;
use crate::db::Kind;
use crate::map::replace;

/// Runs praliases.
pub fn main(argv: &[OsString]) -> u8 {
    let program = tables::program_name(argv, "praliases");
    let (options, keys) = match tables::options(argv, b"C:f:") {
        Ok(parsed) => parsed,
        Err(text) => {
            complain(format_args!("{text}"));
            complain(format_args!("usage: {program} [-C cffile] [-f aliasfile] [key ...]"));
            return EX_USAGE;
        }
    };
    let mut cf = b"/etc/mail/sendmail.cf".to_vec();
    let mut files = Vec::new();
    for (letter, value) in options {
        match letter {
            b'C' => cf = value,
            _ => files = vec![value],
        }
    }
    if files.is_empty() {
        match tables::facts(program, &tables::path(&cf)) {
            Ok(facts) => files = facts.alias_files,
            Err(text) => {
                complain(format_args!("{text}"));
                return EX_NOINPUT;
            }
        }
    }
    for list in files {
        for source in source::parse(&list) {
            show(program, &tables::path(&source.file), &keys);
        }
    }
    0
}

/// Shows one database, or some of its keys.
fn show(program: &str, file: &Path, keys: &[Vec<u8>]) {
    let base = file.as_os_str().as_encoded_bytes();
    let berkeley = tables::table_file(base, Kind::Hash);
    let cdb = tables::table_file(base, Kind::Cdb);
    let is_cdb = !berkeley.exists() && cdb.exists();
    let table = match replace::read(if is_cdb { &cdb } else { &berkeley }, is_cdb, true) {
        Ok(table) => table,
        Err(replace::Refused::Io(e)) if e.kind() == io::ErrorKind::NotFound => {
            let why = if file.exists() { "No such file or directory" } else { "Unknown database type" };
            return complain(format_args!("{program}: {}: open: {why}", file.display()));
        }
        Err(why) => return complain(format_args!("{program}: {}: open: {why}", file.display())),
    };
    fn plain(bytes: &[u8]) -> &[u8] {
        bytes.strip_suffix(b"\0").unwrap_or(bytes)
    }
    let mut out = io::BufWriter::new(io::stdout().lock());
    if keys.is_empty() {
        let walked =
            table.walk(&mut |key, value| out.write_all(&[plain(key), b":", plain(value), b"\n"].concat()).is_ok());
        if let Err(why) = walked {
            complain(format_args!("{program}: {}: {why}", file.display()));
        }
    }
    for key in keys {
        let found = table.get(&[key, &b"\0"[..]].concat()).and_then(|found| match found {
            Some(value) => Ok(Some(value)),
            None => table.get(key),
        });
        let line = match found {
            Ok(Some(value)) => [key, &b":"[..], plain(&value), b"\n"].concat(),
            Ok(None) => [key, &b": No such key\n"[..]].concat(),
            Err(why) => return complain(format_args!("{program}: {}: {why}", file.display())),
        };
        let _ = out.write_all(&line);
    }
    let _ = out.flush();
}
