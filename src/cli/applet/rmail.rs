//! rmail(8): mail that came by UUCP, handed to sendmail.
//!
//! The `From_` lines at the top, one for each host on the way (`remote from HOST`), become one sender address.

use super::tables::{EX_USAGE, complain};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::ffi::OsStringExt;
use std::process::{Command, Stdio};

const EX_DATAERR: u8 = 65;
const EX_OSERR: u8 = 71;
const EX_TEMPFAIL: u8 = 75;
/// The longest first line.
const MAX_LINE: u64 = 8192;
/// The most `From_` lines.
const MAX_HOPS: usize = 100;
const SENDMAIL: &str = "/usr/sbin/sendmail";

/// What the `From_` lines say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sender {
    user: Vec<u8>,
    path: Vec<u8>,
}

/// Runs rmail.
pub fn main(argv: &[OsString]) -> u8 {
    let Ok((options, users)) = super::tables::options(argv, b"D:T") else { return usage() };
    let mut domain = b"UUCP".to_vec();
    for (letter, value) in options {
        if letter == b'D' {
            domain = value;
        }
    }
    if users.is_empty() {
        return usage();
    }
    let mut input = BufReader::new(io::stdin().lock());
    let (sender, first) = match heads(&mut input) {
        Ok(read) => read,
        Err(error) => {
            complain(format_args!("rmail: {error}"));
            return EX_DATAERR;
        }
    };
    hand_over(&arguments(&sender, &domain, &users), &first, &mut input)
}

fn usage() -> u8 {
    complain(format_args!("usage: rmail [-T] [-D domain] user ..."));
    EX_USAGE
}

/// Reads the `From_` lines; gives what they say and the line after them.
fn heads(input: &mut impl BufRead) -> io::Result<(Sender, Vec<u8>)> {
    let mut sender = Sender::default();
    let mut hops = 0;
    loop {
        let mut line = Vec::new();
        io::Read::take(&mut *input, MAX_LINE).read_until(b'\n', &mut line)?;
        let Some(rest) = line.strip_prefix(b"From ").or_else(|| line.strip_prefix(b">From ")) else {
            if hops == 0 {
                let shown = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
                let text =
                    if line.is_empty() { "no data".into() } else { format!("missing or empty From line: {shown}") };
                return Err(io::Error::new(io::ErrorKind::InvalidData, text));
            }
            if line.is_empty() {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "no data"));
            }
            return Ok((sender, line));
        };
        hops += 1;
        if hops > MAX_HOPS {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "too many From lines"));
        }
        let words: Vec<&[u8]> = rest.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect();
        let user = words.first().copied().unwrap_or_default();
        let host = words.windows(3).rev().find(|w| w[0] == b"remote" && w[1] == b"from").map(|w| w[2]);
        if let Some(host) = host {
            sender.path.extend_from_slice(host);
            sender.path.push(b'!');
        }
        // `host!user`: the last host's own path.
        let at = user.iter().rposition(|b| *b == b'!').map_or(0, |at| at + 1);
        if host.is_none() {
            sender.path.extend_from_slice(user.get(..at).unwrap_or_default());
        }
        sender.user = user.get(at..).unwrap_or_default().to_vec();
    }
}

/// sendmail's argument vector.
fn arguments(sender: &Sender, domain: &[u8], users: &[Vec<u8>]) -> Vec<OsString> {
    let host = sender.path.split(|b| *b == b'!').next().unwrap_or_default();
    let mut argv: Vec<Vec<u8>> = [&b"-G"[..], b"-oee", b"-odi", b"-oi"].map(<[u8]>::to_vec).to_vec();
    let mut protocol = [b"-p", domain].concat();
    if !host.is_empty() {
        protocol.extend_from_slice(&[b":", host, b".", domain].concat());
    }
    argv.push(protocol);
    argv.push([b"-f", &sender.path[..], &sender.user[..]].concat());
    if users.iter().any(|u| u.starts_with(b"-")) {
        argv.push(b"--".to_vec());
    }
    for user in users {
        // To sendmail a comma would end the address.
        let list = user.contains(&b',') && !user.contains(&b'<');
        argv.push(if list { [b"<", &user[..], b">"].concat() } else { user.clone() });
    }
    argv.into_iter().map(|a| OsString::from_vec(a.into_iter().filter(|b| *b != 0).collect())).collect()
}

fn hand_over(argv: &[OsString], first: &[u8], rest: &mut impl BufRead) -> u8 {
    let mut child = match Command::new(SENDMAIL).args(argv).stdin(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            complain(format_args!("rmail: {SENDMAIL}: {error}"));
            return EX_OSERR;
        }
    };
    let fed = child.stdin.take().map(|mut pipe| {
        pipe.write_all(first)?;
        io::copy(rest, &mut pipe)
    });
    match (fed, child.wait()) {
        (Some(Ok(_)), Ok(status)) => status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(EX_TEMPFAIL),
        _ => EX_TEMPFAIL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn hops_become_a_path() {
        let text = b"From carol Sun Nov 22 18:40:18 2026 remote from b\n>From dave Sun Nov 22 18:00:00 2026 remote from c\nSubject: x\n\n";
        let (sender, first) = heads(&mut &text[..]).unwrap();
        assert_eq!(sender, Sender { user: b"dave".to_vec(), path: b"b!c!".to_vec() });
        assert_eq!(first, b"Subject: x\n");
        let argv = arguments(&sender, b"UUCP", &[b"a@b".to_vec(), b"(x)".to_vec(), b"c,d".to_vec()]);
        let shown: Vec<_> = argv.iter().map(|a| String::from_utf8_lossy(a.as_bytes()).into_owned()).collect();
        assert_eq!(shown, ["-G", "-oee", "-odi", "-oi", "-pUUCP:b.UUCP", "-fb!c!dave", "a@b", "(x)", "<c,d>"]);
        let (sender, _) = heads(&mut &b"From b!carol Sun Nov 22 18:40:18 2026\nSubject: x\n"[..]).unwrap();
        assert_eq!(sender, Sender { user: b"carol".to_vec(), path: b"b!".to_vec() });
        assert!(heads(&mut &b"Subject: x\n"[..]).is_err());
    }
}
