//! makemap(8): makes a table file from lines on standard input, or shows one (`-u`).

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::{self, BufRead, BufWriter, IsTerminal, Read, Write};
use std::time::{Duration, Instant};

use super::tables::{self, EX_CANTCREAT, EX_DATAERR, EX_IOERR, EX_NOINPUT, EX_USAGE, complain};
use crate::db::{Kind, Pair};
use crate::map::replace::{self, Refused};

const USAGE: &str = "[-C cffile] [-N] [-c cachesize] [-D commentchar]\n               [-d] [-e] [-f] [-i type] [-l] [-o] [-r] [-s] [-t delimiter]\n               [-u] [-v] type mapname";

/// The longest line with its line feed, and one more.
const LINE: usize = 1024;

/// After this time a person at the terminal is told how far the work is.
const PATIENCE: Duration = Duration::from_secs(1);

/// The flags.
#[derive(Default)]
struct Flags {
    with_nul: bool,
    duplicates: bool,
    allow_empty: bool,
    keep_case: bool,
    append: bool,
    replace: bool,
    follow_links: bool,
    show: bool,
    verbose: bool,
    delimiter: Option<u8>,
    comment: Option<u8>,
}

/// Runs makemap.
pub fn main(argv: &[OsString]) -> u8 {
    let program = tables::program_name(argv, "makemap");
    let usage = || {
        complain(format_args!("Usage: {program} {USAGE}"));
        EX_USAGE
    };
    let (options, words) = match tables::options(argv, b"C:D:Nc:defi:lorst:uv") {
        Ok(parsed) => parsed,
        Err(text) => {
            complain(format_args!("{text}"));
            return usage();
        }
    };
    let mut flags = Flags { comment: Some(b'#'), ..Flags::default() };
    let mut cf = b"/etc/mail/sendmail.cf".to_vec();
    for (letter, value) in options {
        match letter {
            b'C' => cf = value,
            b'D' => flags.comment = value.first().copied(),
            b'N' => flags.with_nul = true,
            b'd' => flags.duplicates = true,
            b'e' => flags.allow_empty = true,
            b'f' => flags.keep_case = true,
            b'o' => flags.append = true,
            b'r' => flags.replace = true,
            b's' => flags.follow_links = true,
            b't' => flags.delimiter = value.first().copied(),
            b'u' => flags.show = true,
            b'v' => flags.verbose = true,
            b'l' => {
                for name in tables::types() {
                    let _ = writeln!(io::stdout(), "{name}");
                }
                return 0;
            }
            // Cache size and type of input mean nothing here.
            _ => {}
        }
    }
    let [kind_name, map] = words.as_slice() else { return usage() };
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
    let file = tables::table_file(map, kind);
    tables::warn_of_directories(&file);
    let refused = |why: Refused| {
        complain(format_args!("{}", tables::cannot_open(program, kind_name, map, &why)));
        EX_CANTCREAT
    };
    if flags.show {
        return match show(&file, kind, &flags) {
            Ok(()) => 0,
            Err(why) => refused(why),
        };
    }
    let held = match replace::hold(&file, flags.follow_links) {
        Ok(held) => held,
        Err(why) => return refused(why),
    };
    let mut table = Pairs::default();
    if flags.append {
        let old = held.table(kind == Kind::Cdb).and_then(|old| {
            if old.kind() == kind {
                Ok(old.pairs()?)
            } else {
                Err(io::Error::from_raw_os_error(nix::libc::EINVAL).into())
            }
        });
        match old {
            Ok(pairs) => pairs.into_iter().for_each(|pair| table.put_old(pair)),
            Err(why) => return refused(why),
        }
    }
    let name = String::from_utf8_lossy(map);
    let code = read_lines(&mut io::stdin().lock(), &flags, &mut table, &format!("{program}: {name}"));
    if let Err(e) = held.replace(kind, &table.pairs, flags.duplicates, tables::owner(&facts)) {
        complain(format_args!("{program}: {name}: error on close: {e}"));
        return EX_IOERR;
    }
    code
}

fn show(file: &std::path::Path, kind: Kind, flags: &Flags) -> Result<(), Refused> {
    let table = replace::read(file, kind == Kind::Cdb, flags.follow_links)?;
    if table.kind() != kind {
        return Err(io::Error::from_raw_os_error(nix::libc::EINVAL).into());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let plain = |bytes: &[u8]| bytes.strip_suffix(b"\0").unwrap_or(bytes).to_vec();
    table.walk(&mut |key, value| {
        let line = [&plain(key)[..], &[flags.delimiter.unwrap_or(b'\t')], &plain(value), b"\n"].concat();
        out.write_all(&line).is_ok()
    })?;
    let _ = out.flush();
    Ok(())
}

/// The pairs of the table, with the place of each key.
#[derive(Default)]
struct Pairs {
    pairs: Vec<Pair>,
    places: HashMap<Vec<u8>, usize>,
}

impl Pairs {
    fn put_old(&mut self, pair: Pair) {
        self.places.entry(pair.0.clone()).or_insert(self.pairs.len());
        self.pairs.push(pair);
    }

    /// Adds a pair; gives the key back when it is there and may be neither doubled nor replaced.
    fn put(&mut self, pair: Pair, flags: &Flags) -> Result<(), Vec<u8>> {
        if flags.duplicates {
            self.pairs.push(pair);
            return Ok(());
        }
        match self.places.get(&pair.0).copied() {
            Some(place) if flags.replace => {
                if let Some(old) = self.pairs.get_mut(place) {
                    old.1 = pair.1;
                }
            }
            Some(_) => return Err(pair.0),
            None => self.put_old(pair),
        }
        Ok(())
    }
}

/// Reads at most what fits a line buffer; true when the input has ended.
fn read_piece(input: &mut impl BufRead, piece: &mut Vec<u8>) -> io::Result<bool> {
    piece.clear();
    input.take(LINE as u64 - 1).read_until(b'\n', piece)?;
    Ok(piece.len() < LINE - 1 && !piece.ends_with(b"\n"))
}

/// Tells a person at the terminal how many lines are done.
struct Progress {
    begun: Instant,
    shown: Option<Instant>,
    wanted: bool,
}

impl Progress {
    fn new(flags: &Flags) -> Progress {
        let wanted = !flags.verbose && io::stderr().is_terminal() && !io::stdin().is_terminal();
        Progress { begun: Instant::now(), shown: None, wanted }
    }

    fn at(&mut self, line: u64, what: &str) {
        if !self.wanted || !line.is_multiple_of(1024) || self.begun.elapsed() < PATIENCE {
            return;
        }
        if self.shown.is_none_or(|s| s.elapsed() > PATIENCE / 4) {
            self.shown = Some(Instant::now());
            let _ = write!(io::stderr().lock(), "\r{what}: {line} lines");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.shown.is_some() {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}

/// Reads the input's lines into the table; the exit code.
fn read_lines(input: &mut impl BufRead, flags: &Flags, table: &mut Pairs, what: &str) -> u8 {
    let mut code = 0;
    let mut piece = Vec::with_capacity(LINE);
    let mut number = 0u64;
    let mut progress = Progress::new(flags);
    let mut out = BufWriter::new(io::stdout());
    loop {
        let ended = match read_piece(input, &mut piece) {
            Ok(ended) => ended,
            Err(e) => {
                complain(format_args!("{what}: line {}: {e}", number + 1));
                return EX_IOERR;
            }
        };
        if ended && piece.is_empty() {
            break;
        }
        number += 1;
        progress.at(number, what);
        // A line ends at a NUL too, and then lacks its line feed.
        let text = piece.split(|b| *b == 0).next().unwrap_or_default();
        let done = match text.strip_suffix(b"\n") {
            Some(line) => take_line(line, flags, table, &mut out),
            None if ended => take_line(text, flags, table, &mut out),
            None => Err(format!("line too long ({LINE} bytes max)")),
        };
        if let Err(fault) = done {
            let _ = out.flush();
            complain(format_args!("{what}: line {number}: {fault}"));
            code = EX_DATAERR;
        }
    }
    let _ = out.flush();
    code
}

fn is_space(b: &u8) -> bool {
    b.is_ascii_whitespace() || *b == 0x0b
}

/// Takes one line, without its line feed, into the table; the error is what is wrong with it.
fn take_line(line: &[u8], flags: &Flags, table: &mut Pairs, out: &mut impl Write) -> Result<(), String> {
    let Some(&first) = line.first() else { return Ok(()) };
    if Some(first) == flags.comment {
        return Ok(());
    }
    let (key, value) = match flags.delimiter {
        None if is_space(&first) => return Err("syntax error (leading space)".into()),
        None => {
            let end = line.iter().position(is_space).unwrap_or(line.len());
            let (key, rest) = line.split_at(end);
            let value = rest.iter().position(|b| !is_space(b)).unwrap_or(rest.len());
            (key, rest.get(value..).unwrap_or_default())
        }
        Some(mark) => match line.iter().position(|b| *b == mark) {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        },
    };
    if value.is_empty() && !flags.allow_empty {
        return Err(format!("no RHS for LHS {}", String::from_utf8_lossy(key)));
    }
    let mut key = if flags.keep_case { key.to_vec() } else { key.to_ascii_lowercase() };
    if flags.verbose {
        let _ = out.write_all(&[b"key=`", key.as_slice(), b"', val=`", value, b"'\n"].concat());
    }
    let mut value = value.to_vec();
    if flags.with_nul {
        key.push(0);
        value.push(0);
    }
    table.put((key, value), flags).map_err(|key| {
        let shown = key.strip_suffix(b"\0").unwrap_or(&key);
        format!("key {}: duplicate key", String::from_utf8_lossy(shown))
    })
}
