//! vacation(1): answers mail while its owner is away, each sender once in a while. Called from a `.forward` file, with the
//! message on standard input.
//!
//! The database is a hash table: a sender's address, or `@domain`, with the time of the last answer as the C library's
//! `time_t`; 0 for who never gets one. The interval between two answers stands under a key of its own.
//!
//! It runs as its user and trusts nothing of the message: the sender goes to sendmail after `--`, and nobody is answered who is
//! no person (RFC 3834 2): lists, mail systems, other answering machines.

use super::tables::{self, EX_IOERR, EX_NOINPUT, EX_USAGE};
use crate::db::{Kind, Pair};
use crate::map::replace::{self, Refused};
use crate::sys::clock;
use crate::user::{Passwd, Users};
use std::ffi::{OsStr, OsString};
use std::io::{self, BufRead, Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const EX_NOUSER: u8 = 67;
const EX_DATAERR: u8 = 65;
const EX_OSERR: u8 = 71;
const SENDMAIL: &str = "/usr/sbin/sendmail";
/// The key of the interval, in seconds.
const INTERVAL: &[u8] = b"__VACATION__INTERVAL__TIMER__\0";
const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;
/// As much of a header is read.
const MAX_HEADER: u64 = 1 << 20;
const USAGE: &str = "usage: vacation [-a alias] [-C cfpath] [-d] [-f db] [-i] [-j] [-l] [-m msg] [-R returnaddr] [-r interval] [-s sender] [-t time] [-U] [-x] [-z] login";

/// What the command line says.
#[derive(Debug, Default)]
struct Wishes {
    names: Vec<Vec<u8>>,
    database: Option<Vec<u8>>,
    message: Option<Vec<u8>>,
    sender: Option<Vec<u8>>,
    return_address: Option<Vec<u8>>,
    interval: Option<i64>,
    init: bool,
    list: bool,
    exclude: bool,
    anybody: bool,
    no_account: bool,
    debug: bool,
}

/// Why it ends: an exit code and what to say.
type Failure = (u8, String);

/// Runs vacation.
pub fn main(argv: &[OsString]) -> u8 {
    let debug = argv.iter().skip(1).any(|a| a.as_bytes().starts_with(b"-d"));
    let done = tables::options(argv, b"a:C:df:iIjlm:R:r:s:t:Uxz").map_err(|_| usage()).and_then(|(options, words)| {
        let wishes = read_options(options);
        run(wishes, &words)
    });
    match done {
        Ok(()) => 0,
        Err((code, text)) => {
            if debug {
                tables::complain(format_args!("{text}"));
            } else {
                crate::role::logging::start("vacation", crate::role::logging::Sink::Syslog, 9);
                crate::log::applet::failed(text.as_bytes());
            }
            code
        }
    }
}

fn usage() -> Failure {
    (EX_USAGE, format!("uid {}: {USAGE}", nix::unistd::getuid()))
}

fn read_options(options: Vec<tables::Opt>) -> Wishes {
    let mut wishes = Wishes::default();
    for (letter, value) in options {
        match letter {
            b'a' => wishes.names.push(value),
            b'd' => wishes.debug = true,
            b'f' => wishes.database = Some(value),
            b'i' | b'I' => wishes.init = true,
            b'j' => wishes.anybody = true,
            b'l' => wishes.list = true,
            b'm' => wishes.message = Some(value),
            b'R' => wishes.return_address = Some(value),
            b'r' => {
                let days = std::str::from_utf8(&value).ok().and_then(|v| v.parse::<i64>().ok());
                wishes.interval = Some(days.unwrap_or(0).clamp(0, i64::MAX / DAY) * DAY);
            }
            b's' => wishes.sender = Some(value),
            b'U' => wishes.no_account = true,
            b'x' => wishes.exclude = true,
            b'z' => wishes.return_address = Some(b"<>".to_vec()),
            _ => {}
        }
    }
    wishes
}

fn run(mut wishes: Wishes, words: &[Vec<u8>]) -> Result<(), Failure> {
    let only_database = wishes.init || wishes.list || wishes.exclude;
    let login = match words {
        [login] => login.clone(),
        [] if only_database => match Passwd.by_uid(nix::unistd::getuid().as_raw()) {
            Ok(Some(user)) => user.name,
            _ => return Err((EX_NOUSER, "vacation: no such user.".into())),
        },
        _ => return Err(usage()),
    };
    let home = if wishes.no_account {
        if wishes.database.is_none() || wishes.message.is_none() {
            return Err((EX_NOINPUT, "vacation: -U requires setting both -f and -m".into()));
        }
        None
    } else {
        match Passwd.by_name(&login) {
            Ok(Some(user)) => Some(user.home),
            _ => return Err((EX_NOUSER, format!("vacation: no such user {}.", String::from_utf8_lossy(&login)))),
        }
    };
    if let Some(home) = &home {
        std::env::set_current_dir(home)
            .map_err(|_| (EX_NOINPUT, format!("vacation: no such directory {}.", home.display())))?;
    }
    let base = wishes.database.clone().unwrap_or_else(|| b".vacation".to_vec());
    let base = base.strip_suffix(b".db").unwrap_or(&base);
    let database = PathBuf::from(OsStr::from_bytes(&[base, b".db"].concat()));
    if only_database {
        return maintain(&wishes, &database);
    }
    wishes.names.push(login.clone());
    let message = read_message(&mut io::stdin().lock(), &wishes)?;
    let Some(from) = message else { return Ok(()) };
    let to = wishes.sender.clone().unwrap_or(from);
    if !due(&database, &to, clock_now())? {
        return Ok(());
    }
    let path = wishes.message.clone().unwrap_or_else(|| b".vacation.msg".to_vec());
    let text = std::fs::read(OsStr::from_bytes(&path)).map_err(|_| {
        let place = if path.starts_with(b"/") { Vec::new() } else { [b"~", &login[..], b"/"].concat() };
        (EX_NOINPUT, format!("vacation: no {} file.", String::from_utf8_lossy(&[&place[..], &path].concat())))
    })?;
    answer(&wishes, &login, &to, &text)
}

fn clock_now() -> i64 {
    crate::stats::now()
}

/// `-i`, `-x`, `-l`.
fn maintain(wishes: &Wishes, database: &Path) -> Result<(), Failure> {
    if wishes.init || wishes.exclude {
        let mut added = Vec::new();
        if let Some(interval) = wishes.interval {
            added.push((INTERVAL.to_vec(), interval.to_ne_bytes().to_vec()));
        }
        if wishes.exclude {
            for line in io::stdin().lock().split(b'\n').map_while(Result::ok) {
                added.push((line, 0i64.to_ne_bytes().to_vec()));
            }
        }
        change(database, wishes.init, added)?;
    }
    if wishes.list {
        let table = replace::read(database, false, true).map_err(|e| unusable(database, &e))?;
        let mut out = io::stdout().lock();
        let pairs = table.pairs().map_err(|e| unusable(database, &e.into()))?;
        for (key, value) in pairs.iter().filter(|(key, _)| key != INTERVAL) {
            let when = match time(value) {
                0 => "(exclusion)".to_string(),
                then => clock::local(then).ctime(),
            };
            // A reader that went away wants no more.
            let shown = String::from_utf8_lossy(key).replace(char::is_control, "?");
            let _ = writeln!(out, "{shown:<40} {when}");
        }
    }
    Ok(())
}

fn unusable(database: &Path, why: &Refused) -> Failure {
    (EX_NOINPUT, format!("vacation: {}: {why}", database.display()))
}

fn time(value: &[u8]) -> i64 {
    match (value.try_into(), value.try_into()) {
        (Ok(eight), _) => i64::from_ne_bytes(eight),
        (_, Ok(four)) => i64::from(i32::from_ne_bytes(four)),
        _ => 0,
    }
}

/// Puts pairs into the database, which `fresh` empties before.
fn change(database: &Path, fresh: bool, added: Vec<Pair>) -> Result<(), Failure> {
    let held = replace::hold(database, true).map_err(|e| unusable(database, &e))?;
    put(held, database, fresh, added)
}

fn put(held: replace::Held, database: &Path, fresh: bool, added: Vec<Pair>) -> Result<(), Failure> {
    let mut pairs = Vec::new();
    if held.existed() && !fresh {
        pairs = held.table(false).and_then(|t| Ok(t.pairs()?)).map_err(|e| unusable(database, &e))?;
    }
    for (key, value) in added {
        pairs.retain(|(known, _)| *known != key);
        pairs.push((key, value));
    }
    held.replace(Kind::Hash, &pairs, false, None)
        .map_err(|e| (EX_IOERR, format!("vacation: {}: {e}", database.display())))
}

/// Whether `address` may get an answer now; if so, that is written down.
fn due(database: &Path, address: &[u8], now: i64) -> Result<bool, Failure> {
    // Held from the question to the entry: two messages at once get one answer.
    let held = replace::hold(database, true).map_err(|e| unusable(database, &e))?;
    if held.existed() {
        let table = held.table(false).map_err(|e| unusable(database, &e))?;
        let get = |key: &[u8]| table.get(key).ok().flatten().map(|v| time(&v));
        let domain = address.iter().rposition(|b| *b == b'@').and_then(|at| address.get(at..));
        let same_case = domain.is_some_and(|d| get(d).is_some() || get(&d.to_ascii_lowercase()).is_some());
        if same_case {
            return Ok(false);
        }
        let interval = get(INTERVAL).unwrap_or(WEEK);
        if let Some(then) = get(address)
            && (then == 0 || interval == 0 || then.saturating_add(interval) > now)
        {
            return Ok(false);
        }
    }
    put(held, database, false, vec![(address.to_vec(), now.to_ne_bytes().to_vec())])?;
    Ok(true)
}

/// Reads the `From ` line and the header; gives the sender if he is to be answered.
fn read_message(input: &mut impl BufRead, wishes: &Wishes) -> Result<Option<Vec<u8>>, Failure> {
    let mut header = input.take(MAX_HEADER).split(b'\n').map_while(Result::ok).map(|mut line| {
        if line.ends_with(b"\r") {
            line.pop();
        }
        line
    });
    let first = header.next().unwrap_or_default();
    let sender = first.strip_prefix(b"From ").map(envelope_sender).unwrap_or_default();
    if sender.is_empty() {
        return Err((EX_DATAERR, "vacation: no initial \"From \" line.".into()));
    }
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in header.take_while(|line| !line.is_empty()) {
        match fields.last_mut().filter(|_| line.starts_with(b" ") || line.starts_with(b"\t")) {
            Some(field) => field.extend_from_slice(&line),
            None => fields.push(line),
        }
    }
    if is_machine(&sender) || fields.iter().any(|f| forbids(f)) {
        return Ok(None);
    }
    let to_us = |field: &Vec<u8>| {
        let value = value_of(field, b"to").or_else(|| value_of(field, b"cc"));
        value.is_some_and(|v| wishes.names.iter().any(|name| mentions(v, name)))
    };
    Ok(Some(sender).filter(|_| wishes.anybody || fields.iter().any(to_us)))
}

/// The address at the start of what follows `From `.
fn envelope_sender(text: &[u8]) -> Vec<u8> {
    let mut quoted = false;
    let text = text.trim_ascii_start();
    let end = text.iter().position(|b| {
        quoted ^= *b == b'"';
        !quoted && b.is_ascii_whitespace()
    });
    text.get(..end.unwrap_or(text.len())).unwrap_or_default().to_vec()
}

fn value_of<'a>(field: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let colon = field.iter().position(|b| *b == b':')?;
    let (found, value) = field.split_at(colon);
    found.trim_ascii().eq_ignore_ascii_case(name).then(|| value.get(1..).unwrap_or_default().trim_ascii())
}

/// Fields that say: this is no letter from one person to another.
fn forbids(field: &[u8]) -> bool {
    let begins = |value: &[u8], word: &[u8]| value.get(..word.len()).is_some_and(|v| v.eq_ignore_ascii_case(word));
    value_of(field, b"precedence").is_some_and(|v| [&b"bulk"[..], b"junk", b"list"].iter().any(|w| begins(v, w)))
        || value_of(field, b"auto-submitted").is_some_and(|v| !begins(v, b"no"))
}

/// Whether `text` has `name` with no letter or digit on either side, whatever the case.
fn mentions(text: &[u8], name: &[u8]) -> bool {
    let word = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    !name.is_empty()
        && text.windows(name.len()).enumerate().any(|(at, window)| {
            window.eq_ignore_ascii_case(name)
                && !word(at.checked_sub(1).and_then(|before| text.get(before)))
                && !word(text.get(at + name.len()))
        })
}

/// Senders that are programs.
fn is_machine(sender: &[u8]) -> bool {
    let sender = sender.strip_prefix(b"<").and_then(|s| s.strip_suffix(b">")).unwrap_or(sender);
    let end = sender.iter().rposition(|b| *b == b'@').unwrap_or(sender.len());
    let user = sender.get(..end).unwrap_or_default().to_ascii_lowercase();
    let user = user.rsplit(|b| *b == b'!').next().unwrap_or_default();
    user.is_empty()
        || [&b"postmaster"[..], b"uucp", b"mailer", b"mailer-daemon"].contains(&user)
        || user.starts_with(b"owner-")
        || [&b"-request"[..], b"-relay", b"-owner"].iter().any(|tail| user.ends_with(tail))
}

/// Sends the answer.
fn answer(wishes: &Wishes, login: &[u8], to: &[u8], text: &[u8]) -> Result<(), Failure> {
    let own = wishes.return_address.as_deref().unwrap_or(login);
    let argv = [&b"-oi"[..], b"-f", own, b"--", to].map(|a| OsString::from_vec(a.to_vec()));
    let failed = |e: io::Error| (EX_OSERR, format!("vacation: can't exec {SENDMAIL}: {e}"));
    let mut child = Command::new(SENDMAIL).args(argv).stdin(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut pipe) = child.stdin.take() {
        let clean: Vec<u8> = to.iter().copied().filter(|b| !b.is_ascii_control()).collect();
        pipe.write_all(&[b"To: ", &clean[..], b"\nAuto-Submitted: auto-replied\n", text].concat()).map_err(failed)?;
    }
    child.wait().map_err(failed)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks(names: &[&str], text: &str) -> Option<String> {
        let wishes = Wishes { names: names.iter().map(|n| n.as_bytes().to_vec()).collect(), ..Wishes::default() };
        read_message(&mut text.as_bytes(), &wishes).unwrap().map(|s| String::from_utf8(s).unwrap())
    }

    #[test]
    fn people_are_answered() {
        let letter = |sender: &str, rest: &str| format!("From {sender} Sun Nov 22 18:40:18 2026\n{rest}\nhi\n");
        let to = |list: &str| asks(&["alice"], &letter("bob@x", &format!("To: {list}\n")));
        assert_eq!(to("Alice@y"), Some("bob@x".into()));
        assert_eq!(to("carol@x,\n\t\"A\" <alice+z@q>"), Some("bob@x".into()));
        assert_eq!(to("malice@x, alices@x"), None);
        assert_eq!(asks(&["sales", "alice"], &letter("bob", "CC: sales\n")), Some("bob".into()));
        assert_eq!(asks(&["alice"], &letter("\"b ob\"@x", "To: alice\n")), Some("\"b ob\"@x".into()));
        for sender in ["owner-l@x", "l-REQUEST@x", "l-request", "Mailer-Daemon@x", "h!uucp", "<>", "postmaster"] {
            assert_eq!(asks(&["alice"], &letter(sender, "To: alice\n")), None, "{sender}");
        }
        for field in ["Precedence: BULK", "precedence: list", "Auto-Submitted: auto-replied"] {
            assert_eq!(asks(&["alice"], &letter("bob", &format!("To: alice\n{field}\n"))), None, "{field}");
        }
        assert!(asks(&["alice"], &letter("bob", "To: alice\nAuto-Submitted: no\n")).is_some());
        assert!(read_message(&mut &b"To: alice\n\n"[..], &Wishes::default()).is_err());
    }

    #[test]
    fn each_is_answered_once_in_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(".vacation.db");
        let now = 1_800_000_000;
        assert!(due(&path, b"bob@x", now).unwrap());
        assert!(!due(&path, b"bob@x", now + WEEK - 1).unwrap());
        assert!(due(&path, b"bob@x", now + WEEK).unwrap());
        change(&path, false, vec![(b"@dom".to_vec(), vec![0; 8]), (b"al@y".to_vec(), vec![0; 8])]).unwrap();
        assert!(!due(&path, b"al@y", now).unwrap() && !due(&path, b"q@DOM", now).unwrap());
        change(&path, true, vec![(INTERVAL.to_vec(), vec![0; 8])]).unwrap();
        assert!(due(&path, b"bob@x", now).unwrap());
        assert!(!due(&path, b"bob@x", now + 100 * WEEK).unwrap());
    }
}
