//! mail.local(8): stores mail in mailboxes, for users named on the command line or over LMTP (RFC 2033).

use crate::deliver::mail_local::{self, Settings, Usage};
use crate::deliver::mailbox::Refused;
use crate::role::logging;
use crate::sys::{netdb, process, scratch};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

const EX_UNAVAILABLE: u8 = 69;
const EX_TEMPFAIL: u8 = 75;
const LOG_ERR: u8 = 3;
/// The longest command line.
const MAX_COMMAND: u64 = 4096;
/// The most recipients of one message.
const MAX_RECIPIENTS: usize = 10_000;
/// A message longer than this is not kept in memory.
const MAX_MEMORY: u64 = 16 * 1024 * 1024;

/// Runs mail.local.
pub fn main(argv: &[OsString]) -> u8 {
    process::open_standard_descriptors();
    let settings = match mail_local::parse(argv.iter().skip(1).map(|a| a.as_bytes())) {
        Ok(settings) => settings,
        Err(Usage::TwoSenders) => {
            say("Multiple -f options");
            return usage();
        }
        Err(Usage::Wrong(text)) => {
            let name = argv.first().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            let _ = writeln!(io::stderr(), "{name}: {text}");
            return usage();
        }
    };
    if let Some(database) = &settings.database {
        // There is only the password file here.
        let shown = String::from_utf8_lossy(database);
        say(&format!("Can not open mailbox database {shown}: Service unavailable"));
        return EX_UNAVAILABLE;
    }
    if settings.lmtp {
        if !settings.users.is_empty() {
            let _ = writeln!(io::stdout(), "421 Users should not be specified in command line if LMTP required");
            return EX_TEMPFAIL;
        }
        return Lmtp::new(&settings).run();
    }
    if settings.users.is_empty() {
        return usage();
    }
    direct(&settings)
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "mail.local: {text}");
    logging::plain("mail.local", LOG_ERR, text);
}

fn usage() -> u8 {
    say("usage: mail.local [-7] [-b] [-d] [-l] [-f from|-r from] [-h filename] user ...");
    EX_UNAVAILABLE
}

/// Standard input goes to every user of the command line.
fn direct(settings: &Settings) -> u8 {
    let (message, size) = match take_all() {
        Ok(taken) => taken,
        Err(error) => {
            say(&format!("cannot keep the message: {error}"));
            return EX_TEMPFAIL;
        }
    };
    let caller = || crate::sys::passwd::by_uid(crate::sys::cred::real_uid()).ok().flatten().map(|e| e.name);
    let sender = settings.from.clone().or_else(caller).unwrap_or_else(|| b"MAILER-DAEMON".to_vec());
    let mut code = 0;
    for user in &settings.users {
        if let Err(refused) = settings.deliver(user, &sender, &message, size) {
            let text = refused.reply.lines.first().map(|l| String::from_utf8_lossy(l).into_owned()).unwrap_or_default();
            if refused.reply.enhanced.is_some_and(|e| (e.1, e.2) == (1, 1)) {
                say(&format!("{}: {text}", String::from_utf8_lossy(user)));
            } else {
                say(&text);
            }
            let one = if refused.reply.is_transient() { EX_TEMPFAIL } else { EX_UNAVAILABLE };
            // What may still be delivered decides: the caller tries again.
            code = if code == EX_TEMPFAIL { code } else { one };
        }
    }
    code
}

fn scratch_file() -> io::Result<File> {
    // Its size is not known before: on disk if there is a place, so that no message can fill the memory.
    scratch::file(MAX_MEMORY + 1, MAX_MEMORY, Path::new("/tmp"))
}

fn take_all() -> io::Result<(File, u64)> {
    let mut file = scratch_file()?;
    let size = io::copy(&mut io::stdin().lock(), &mut file)?;
    Ok((file, size))
}

/// The LMTP server: one client on standard input and output.
struct Lmtp<'a> {
    settings: &'a Settings,
    host: String,
    greeted: bool,
    sender: Option<Vec<u8>>,
    recipients: Vec<Vec<u8>>,
}

impl<'a> Lmtp<'a> {
    fn new(settings: &'a Settings) -> Lmtp<'a> {
        let short = netdb::host_name();
        let host = netdb::host_by_name(&short, false).map(|h| h.name).unwrap_or(short);
        Lmtp { settings, host, greeted: false, sender: None, recipients: Vec::new() }
    }

    fn run(mut self) -> u8 {
        let mut input = BufReader::with_capacity(64 * 1024, io::stdin().lock());
        let mut output = BufWriter::new(io::stdout().lock());
        let result = self.serve(&mut input, &mut output);
        // A client that is gone takes its mail with it; it has no reply for it and keeps it.
        if result.is_ok() && output.flush().is_ok() { 0 } else { EX_TEMPFAIL }
    }

    fn serve(&mut self, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
        write!(output, "220 {} LMTP ready\r\n", self.host)?;
        loop {
            output.flush()?;
            let mut line = Vec::new();
            if input.by_ref().take(MAX_COMMAND).read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            if !line.ends_with(b"\n") {
                skip_line(input)?;
                output.write_all(b"500 5.5.2 Syntax error\r\n")?;
                continue;
            }
            let line = line.trim_ascii_end();
            let verb = line.split(|b| *b == b' ').next().unwrap_or_default().to_ascii_uppercase();
            match &verb[..] {
                b"LHLO" => self.lhlo(output)?,
                b"MAIL" => self.mail(line, output)?,
                b"RCPT" => self.rcpt(line, output)?,
                b"DATA" if self.recipients.is_empty() => output.write_all(b"503 5.5.1 No recipients\r\n")?,
                b"DATA" => self.data(input, output)?,
                b"RSET" => {
                    self.reset();
                    output.write_all(b"250 2.0.0 Ok\r\n")?;
                }
                b"NOOP" => output.write_all(b"250 2.0.0 Ok\r\n")?,
                b"VRFY" => output.write_all(b"252 2.3.3 Try RCPT to attempt delivery\r\n")?,
                b"QUIT" => {
                    output.write_all(b"221 2.0.0 Bye\r\n")?;
                    return output.flush();
                }
                _ => output.write_all(b"500 5.5.2 Syntax error\r\n")?,
            }
        }
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    fn lhlo(&mut self, output: &mut impl Write) -> io::Result<()> {
        if self.greeted {
            return write!(output, "503 {} Duplicate LHLO\r\n", self.host);
        }
        self.greeted = true;
        let eight = if self.settings.seven_bit { "" } else { "250-8BITMIME\r\n" };
        write!(output, "250-{}\r\n{eight}250-ENHANCEDSTATUSCODES\r\n250 PIPELINING\r\n", self.host)
    }

    fn mail(&mut self, line: &[u8], output: &mut impl Write) -> io::Result<()> {
        if self.sender.is_some() {
            return output.write_all(b"503 5.5.1 Nested MAIL command\r\n");
        }
        match address(line, b"MAIL FROM:") {
            Some(sender) => {
                self.sender = Some(sender.to_vec());
                output.write_all(b"250 2.5.0 Ok\r\n")
            }
            None => output.write_all(b"501 5.5.4 Syntax error in parameters\r\n"),
        }
    }

    fn rcpt(&mut self, line: &[u8], output: &mut impl Write) -> io::Result<()> {
        if self.sender.is_none() {
            return output.write_all(b"503 5.5.1 Need MAIL command\r\n");
        }
        let Some(recipient) = address(line, b"RCPT TO:") else {
            return output.write_all(b"501 5.5.4 Syntax error in parameters\r\n");
        };
        if self.recipients.len() >= MAX_RECIPIENTS {
            return output.write_all(b"452 4.5.3 Too many recipients\r\n");
        }
        match self.settings.find(recipient) {
            Ok(user) => {
                self.recipients.push(user.name);
                output.write_all(b"250 2.1.5 Ok\r\n")
            }
            Err(refused) => reply(&refused, output),
        }
    }

    fn data(&mut self, input: &mut impl BufRead, output: &mut impl Write) -> io::Result<()> {
        output.write_all(b"354 Go ahead\r\n")?;
        output.flush()?;
        let message = collect(input);
        if matches!(&message, Err(error) if error.kind() == io::ErrorKind::UnexpectedEof) {
            // Cut off: nothing is delivered.
            return message.map(|_| ());
        }
        let sender = self.sender.take().unwrap_or_default();
        for user in std::mem::take(&mut self.recipients) {
            let result = match &message {
                Ok((file, size)) => self.settings.deliver(&user, &sender, file, *size),
                Err(error) => Err(Refused::later(format!("cannot keep the message: {error}"))),
            };
            match result {
                Ok(()) => {
                    output.write_all(b"250 2.1.5 ")?;
                    output.write_all(&user)?;
                    output.write_all(b" Ok\r\n")?;
                }
                Err(refused) => reply(&refused, output)?,
            }
        }
        self.reset();
        Ok(())
    }
}

fn reply(refused: &Refused, output: &mut impl Write) -> io::Result<()> {
    let mut bytes = Vec::new();
    refused.reply.encode(&mut bytes);
    output.write_all(&bytes)
}

/// What stands between the angle brackets after `keyword`; a source route is dropped.
fn address<'l>(line: &'l [u8], keyword: &[u8]) -> Option<&'l [u8]> {
    let head = line.get(..keyword.len())?;
    if !head.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let rest = line.get(keyword.len()..)?.trim_ascii_start().strip_prefix(b"<")?;
    let mut quoted = false;
    let mut escaped = false;
    let end = rest.iter().position(|b| {
        let plain = !std::mem::take(&mut escaped);
        match b {
            b'\\' if plain => escaped = true,
            b'"' if plain => quoted = !quoted,
            b'>' if plain && !quoted => return true,
            _ => {}
        }
        false
    })?;
    let path = rest.get(..end)?;
    match path.first() {
        Some(b'@') => path.iter().position(|b| *b == b':').and_then(|at| path.get(at + 1..)),
        _ => Some(path),
    }
}

fn skip_line(input: &mut impl BufRead) -> io::Result<()> {
    loop {
        let mut piece = Vec::new();
        if input.by_ref().take(MAX_COMMAND).read_until(b'\n', &mut piece)? == 0 || piece.ends_with(b"\n") {
            return Ok(());
        }
    }
}

/// Reads up to the line with the dot. A fault of the disk shows only there: the client hears of it as a reply.
fn collect(input: &mut impl BufRead) -> io::Result<(File, u64)> {
    let mut kept = scratch_file().map(|f| BufWriter::with_capacity(64 * 1024, f));
    let (mut begins, mut size) = (true, 0u64);
    loop {
        let mut piece = Vec::new();
        if input.by_ref().take(64 * 1024).read_until(b'\n', &mut piece)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if begins && matches!(&piece[..], b".\r\n" | b".\n") {
            break;
        }
        let text = if begins { piece.strip_prefix(b".").unwrap_or(&piece) } else { &piece };
        begins = piece.ends_with(b"\n");
        if let Ok(file) = &mut kept {
            size += text.len() as u64;
            if let Err(error) = file.write_all(text) {
                kept = Err(error);
            }
        }
    }
    let file = kept?.into_inner().map_err(|e| e.into_error())?;
    Ok((file, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn talk(settings: &Settings, lines: &str) -> String {
        let mut lmtp = Lmtp { host: "me".into(), ..Lmtp::new(settings) };
        let mut output = Vec::new();
        let input = lines.replace('\n', "\r\n");
        let _ = lmtp.serve(&mut input.as_bytes(), &mut output);
        String::from_utf8_lossy(&output).replace("\r\n", "\n")
    }

    #[test]
    fn the_dialogue() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { spool: dir.path().to_path_buf(), ..Settings::default() };
        let me = crate::sys::passwd::by_uid(crate::sys::cred::effective_uid()).unwrap().unwrap().name;
        let me = String::from_utf8(me).unwrap();
        let script = format!(
            "LHLO x\nMAIL FROM:<s@x.test> SIZE=3\nMAIL FROM:<a>\nRCPT TO:<{me}@h>\nRCPT TO:<no-such-user-here>\n\
             RCPT TO:{me}\nDATA\nSubject: x\n\n..dot\n.\nDATA\nRSET\nRCPT TO:<x>\nVRFY y\nNOOP\nLHLO z\nHELO y\nQUIT\nNOOP\n"
        );
        let want = format!(
            "220 me LMTP ready\n250-me\n250-8BITMIME\n250-ENHANCEDSTATUSCODES\n250 PIPELINING\n250 2.5.0 Ok\n\
             503 5.5.1 Nested MAIL command\n250 2.1.5 Ok\n550 5.1.1 User unknown\n501 5.5.4 Syntax error in parameters\n\
             354 Go ahead\n250 2.1.5 {me} Ok\n503 5.5.1 No recipients\n250 2.0.0 Ok\n503 5.5.1 Need MAIL command\n\
             252 2.3.3 Try RCPT to attempt delivery\n250 2.0.0 Ok\n503 me Duplicate LHLO\n500 5.5.2 Syntax error\n221 2.0.0 Bye\n"
        );
        assert_eq!(talk(&settings, &script), want);
        let text = std::fs::read_to_string(dir.path().join(&me)).unwrap();
        assert!(
            text.starts_with("From s@x.test ") && text.ends_with("Subject: x\nContent-Length: 5\n\n.dot\n\n"),
            "{text}"
        );
    }

    #[test]
    fn a_cut_message_is_not_delivered() {
        let dir = tempfile::tempdir().unwrap();
        let settings = Settings { spool: dir.path().to_path_buf(), ..Settings::default() };
        let me = crate::sys::passwd::by_uid(crate::sys::cred::effective_uid()).unwrap().unwrap().name;
        let script = format!("MAIL FROM:<>\nRCPT TO:<{}>\nDATA\nSubject: x\n\ncut", String::from_utf8(me).unwrap());
        assert!(talk(&settings, &script).ends_with("354 Go ahead\n"));
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn paths() {
        assert_eq!(address(b"RCPT TO:<@a,@b:bob@c> X", b"RCPT TO:"), Some(&b"bob@c"[..]));
        assert_eq!(address(b"rcpt to: <\"a>b\"@c>", b"RCPT TO:"), Some(&b"\"a>b\"@c"[..]));
        assert_eq!(address(b"RCPT TO:<bob", b"RCPT TO:"), None);
    }
}
