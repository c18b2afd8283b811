//! The command line of sendmail (operations guide appendix A; sendmail(8)): from an argument vector to [`Flags`].
//!
//! getopts does the parsing, after a pass of our own for three things it does otherwise than getopt(3) in sendmail: the
//! flags `-d -q -Q` take a value only when it is attached, a flag may come several times, and arguments are bytes, not
//! text. Bytes travel through getopts as the characters U+0000 to U+00FF.
//!
//! Nothing is decided here: values are checked for form only, and settings follow in [`super::settings`].

use getopts::{HasArg, Occur, Options, ParsingStyle};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

/// Exit code for a bad command line (sysexits(3) EX_USAGE).
pub const USAGE: u8 = 64;

/// What the command line asked for, in raw form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags {
    /// `-A`: `c` forces submit.cf, `m` sendmail.cf.
    pub config_choice: Option<u8>,
    /// `-B`: `7BIT` or `8BITMIME`.
    pub body_type: Option<Vec<u8>>,
    /// `-b`: the operation mode's letter.
    pub mode: Option<u8>,
    /// `-C`: another configuration file.
    pub config_file: Option<Vec<u8>>,
    /// `-D`: where debug output goes.
    pub debug_file: Option<Vec<u8>>,
    /// `-d`: debug categories.
    pub debug: Vec<Vec<u8>>,
    /// `-F`: the sender's full name.
    pub full_name: Option<Vec<u8>>,
    /// `-f` or `-r` (which of them is said in warnings): the envelope sender.
    pub sender: Option<(u8, Vec<u8>)>,
    /// `-G`: gateway submission.
    pub gateway: bool,
    /// `-h`: hop count.
    pub hop_count: Option<u32>,
    /// `-L`: syslog tag.
    pub label: Option<Vec<u8>>,
    /// `-M` and `-oM`: macro name and value.
    pub macros: Vec<(Vec<u8>, Vec<u8>)>,
    /// `-N`: NOTIFY for all recipients.
    pub notify: Option<Notify>,
    /// `-n`: no aliasing.
    pub no_alias: bool,
    /// `-O`, `-o` and the flags that are short for an option (`-c -e -i -m -s -v`), in order.
    pub options: Vec<OptionSetting>,
    /// `-p`: protocol and host.
    pub protocol: Option<Vec<u8>>,
    /// `-Q`: quarantine with this reason, or with an empty one: release.
    pub quarantine: Option<Vec<u8>>,
    /// `-q`: queue run.
    pub queue: Option<Queue>,
    /// `-R`: RET, `FULL` or `HDRS`.
    pub ret: Option<Ret>,
    /// `-t`: recipients from the header.
    pub from_header: bool,
    /// `-V`: ENVID.
    pub envid: Option<Vec<u8>>,
    /// `-v`: verbose.
    pub verbose: bool,
    /// `-X`: traffic log.
    pub traffic_log: Option<Vec<u8>>,
    /// What is wrong with a flag, but not so that nothing could be done; the exit code tells.
    pub complaint: Option<Vec<u8>>,
    /// `--json`: what `-bC` finds in a form for programs.
    pub json: bool,
    /// What follows the flags: recipients, map names, or the file that `-bC` looks at.
    pub args: Vec<Vec<u8>>,
}

/// An option set on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OptionSetting {
    /// `-O Name=value`: the text after `-O`.
    Long(Vec<u8>),
    /// `-oXvalue`: letter and value.
    Short(u8, Vec<u8>),
}

/// RET of RFC 3461.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ret {
    /// The whole message.
    Full,
    /// The header.
    Headers,
}

/// NOTIFY of RFC 3461, as `-N` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notify {
    /// `success`
    pub success: bool,
    /// `failure`
    pub failure: bool,
    /// `delay`
    pub delay: bool,
}

/// `-q` in all its forms.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Queue {
    /// `-q30m`: seconds between runs.
    pub interval: Option<u64>,
    /// `-qp`: persistent runners.
    pub persistent: bool,
    /// `-qf`: in the foreground.
    pub foreground: bool,
    /// `-qG -qI -qR -qS -qQ -qL`.
    pub selection: crate::queue::Selection,
}

/// A refused command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError {
    /// What is said; nothing for `-U`.
    pub text: Vec<u8>,
    /// A word that is no flag: said on standard error, all else on standard output.
    pub grammar: bool,
}

impl UsageError {
    fn new(text: impl Into<Vec<u8>>) -> UsageError {
        UsageError { text: text.into(), grammar: false }
    }

    fn grammar(text: Vec<u8>) -> UsageError {
        UsageError { text, grammar: true }
    }
}

/// Flags with a value (attached or the next argument), and those without.
const WITH_VALUE: &[u8] = b"ABbCDeFfhLMNOopRrVX";
const WITHOUT_VALUE: &[u8] = b"GIUcimnstTv";
const ATTACHED_VALUE: &[u8] = b"dqQ";

/// Parses `argv`, whose first element is the program's name.
pub fn parse(argv: &[OsString]) -> Result<Flags, UsageError> {
    let program = argv.first().map(|a| a.as_bytes().to_vec()).unwrap_or_default();
    let mut words: Vec<&[u8]> = argv.iter().skip(1).map(|a| a.as_bytes()).collect();
    // The only long flag, and only there.
    let json = words.iter().position(|w| *w == b"--json").filter(|_| words.contains(&&b"-bC"[..]));
    if let Some(at) = json {
        words.remove(at);
    }
    let (words, attached) = pull_attached(&words, &program)?;
    let matches = grammar().parse(words.iter().map(|w| widen(w))).map_err(|e| refusal(&program, &e))?;

    // Every flag with its place, so that later ones see what earlier ones said.
    let mut given: Vec<(usize, u8, Vec<u8>)> = Vec::new();
    for &flag in WITH_VALUE.iter().chain(ATTACHED_VALUE) {
        for (place, value) in matches.opt_strs_pos(&(flag as char).to_string()) {
            given.push((place, flag, narrow(&value)));
        }
    }
    for &flag in WITHOUT_VALUE {
        for place in matches.opt_positions(&(flag as char).to_string()) {
            given.push((place, flag, Vec::new()));
        }
    }
    given.sort_by_key(|(place, flag, _)| (*place, *flag));

    let mut flags =
        Flags { json: json.is_some(), args: matches.free.iter().map(|a| narrow(a)).collect(), ..Flags::default() };
    for (_, flag, value) in given {
        let value = match (flag, value.strip_prefix(&[MARK]), ATTACHED_VALUE.contains(&flag)) {
            (_, Some(index), true) => attached.get(index_of(index)).cloned().unwrap_or_default(),
            _ => value,
        };
        apply(&mut flags, flag, value)?;
    }
    Ok(flags)
}

/// First byte of a placeholder that stands for an attached value while getopts works.
const MARK: u8 = b'#';

fn index_of(digits: &[u8]) -> usize {
    std::str::from_utf8(digits).ok().and_then(|d| d.parse().ok()).unwrap_or(usize::MAX)
}

/// Replaces the values of `-d -q -Q` by placeholders in words of their own, since getopts would take the next word for a
/// missing one. Gives the new words and the values.
fn pull_attached(words: &[&[u8]], program: &[u8]) -> Result<(Vec<Vec<u8>>, Vec<Vec<u8>>), UsageError> {
    let (mut out, mut values) = (Vec::new(), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        // A word like `--help` ends the flags as `--` does.
        let Some(cluster) = word.strip_prefix(b"-").filter(|c| !c.is_empty() && !c.starts_with(b"-")) else {
            out.push(if word.starts_with(b"--") { b"--".to_vec() } else { word.to_vec() });
            out.extend(words.map(|w| w.to_vec()));
            break;
        };
        let mut plain = vec![b'-'];
        let mut rest = cluster;
        while let Some((&flag, after)) = rest.split_first() {
            if ATTACHED_VALUE.contains(&flag) {
                if plain.len() > 1 {
                    out.push(std::mem::replace(&mut plain, vec![b'-']));
                }
                out.push(format!("-{}{}{}", flag as char, MARK as char, values.len()).into_bytes());
                values.push(after.to_vec());
                rest = b"";
            } else if WITH_VALUE.contains(&flag) {
                plain.push(flag);
                plain.extend_from_slice(after);
                out.push(std::mem::take(&mut plain));
                if after.is_empty()
                    && let Some(value) = words.next()
                {
                    out.push(value.to_vec());
                }
                rest = b"";
            } else if WITHOUT_VALUE.contains(&flag) {
                plain.push(flag);
                rest = after;
            } else {
                return Err(illegal(program, flag));
            }
        }
        if plain.len() > 1 {
            out.push(plain);
        }
    }
    Ok((out, values))
}

fn illegal(program: &[u8], flag: u8) -> UsageError {
    let mut text = program.to_vec();
    text.extend_from_slice(b": illegal option -- ");
    text.push(flag);
    UsageError::grammar(text)
}

fn grammar() -> Options {
    let mut grammar = Options::new();
    grammar.parsing_style(ParsingStyle::StopAtFirstFree);
    for &flag in WITH_VALUE.iter().chain(ATTACHED_VALUE) {
        grammar.opt(&(flag as char).to_string(), "", "", "", HasArg::Yes, Occur::Multi);
    }
    for &flag in WITHOUT_VALUE {
        grammar.opt(&(flag as char).to_string(), "", "", "", HasArg::No, Occur::Multi);
    }
    grammar
}

fn refusal(program: &[u8], error: &getopts::Fail) -> UsageError {
    let (text, name) = match error {
        getopts::Fail::ArgumentMissing(name) => ("option requires an argument", name),
        getopts::Fail::UnrecognizedOption(name)
        | getopts::Fail::OptionMissing(name)
        | getopts::Fail::OptionDuplicated(name)
        | getopts::Fail::UnexpectedArgument(name) => ("illegal option", name),
    };
    let mut out = program.to_vec();
    out.extend_from_slice(format!(": {text} -- ").as_bytes());
    out.extend_from_slice(&narrow(name));
    UsageError::grammar(out)
}

fn apply(flags: &mut Flags, flag: u8, value: Vec<u8>) -> Result<(), UsageError> {
    match flag {
        b'A' => {
            // Any other letter stands for `m`.
            flags.config_choice = Some(if value.first() == Some(&b'c') { b'c' } else { b'm' });
        }
        b'B' => match value.to_ascii_uppercase().as_slice() {
            b"7BIT" | b"8BITMIME" => flags.body_type = Some(value.to_ascii_uppercase()),
            _ => flags.complaint = Some([b"Illegal body type ", value.as_slice()].concat()),
        },
        b'b' => flags.mode = Some(mode(&value)?),
        b'C' => flags.config_file = Some(if value.is_empty() { b"sendmail.cf".to_vec() } else { value }),
        b'c' => flags.options.push(OptionSetting::Short(b'c', b"True".to_vec())),
        b'D' => {
            if !flags.debug.is_empty() {
                return Err(UsageError::new("-D file must be before -d"));
            }
            flags.debug_file = Some(value);
        }
        b'd' => flags.debug.push(if value.is_empty() { b"0-99.1".to_vec() } else { value }),
        b'e' => flags.options.push(OptionSetting::Short(b'e', value)),
        b'F' => flags.full_name = Some(value),
        b'f' | b'r' => {
            if flags.sender.is_some() {
                return Err(UsageError::new("More than one \"from\" person"));
            }
            flags.sender = Some((flag, trim(&value).to_vec()));
        }
        b'G' => flags.gateway = true,
        b'h' => {
            let hops = std::str::from_utf8(&value).ok().and_then(|v| v.parse().ok());
            flags.hop_count =
                Some(hops.ok_or_else(|| UsageError::new([b"Bad hop count (", value.as_slice(), b")"].concat()))?);
        }
        b'I' => flags.mode = Some(b'i'),
        b'i' => flags.options.push(OptionSetting::Short(b'i', b"True".to_vec())),
        b'L' => flags.label = Some(value),
        b'M' => flags.macros.push(macro_setting(&value)),
        b'm' => flags.options.push(OptionSetting::Short(b'm', b"True".to_vec())),
        b'N' => flags.notify = Some(notify(&value)?),
        b'n' => flags.no_alias = true,
        b'O' => flags.options.push(OptionSetting::Long(value)),
        b'o' => match value.split_first() {
            Some((b'M', setting)) => flags.macros.push(macro_setting(setting)),
            Some((&letter, value)) => flags.options.push(OptionSetting::Short(letter, value.to_vec())),
            None => {}
        },
        b'p' => flags.protocol = Some(value),
        b'Q' => flags.quarantine = Some(value),
        b'q' => queue(flags.queue.get_or_insert_default(), &value)?,
        b'R' => flags.ret = Some(ret(flags.ret, &value)?),
        b's' => flags.options.push(OptionSetting::Short(b'f', b"True".to_vec())),
        b't' => flags.from_header = true,
        b'V' => {
            if !is_xtext(&value) {
                return Err(UsageError::new("Invalid syntax in -V flag"));
            }
            flags.envid = Some(value);
        }
        b'v' => flags.verbose = true,
        b'X' => flags.traffic_log = Some(value),
        // What -U asked for is gone, and a caller who relies on it has to know.
        b'U' => return Err(UsageError::new("")),
        // -T is accepted and means nothing by itself (COMPAT.md).
        _ => {}
    }
    Ok(())
}

fn mode(value: &[u8]) -> Result<u8, UsageError> {
    match value.first() {
        Some(b'z') => Err(UsageError::new("Frozen configurations unsupported")),
        Some(&m) if b"aCdDhHimpPstv".contains(&m) => Ok(m),
        other => Err(UsageError::new(
            [b"Invalid operation mode ", other.map(std::slice::from_ref).unwrap_or_default()].concat(),
        )),
    }
}

/// `-Mxvalue` or `-M{name}value`.
fn macro_setting(text: &[u8]) -> (Vec<u8>, Vec<u8>) {
    if text.first() == Some(&b'{')
        && let Some(end) = text.iter().position(|b| *b == b'}')
    {
        let (name, value) = text.split_at(end);
        return (name.get(1..).unwrap_or_default().to_vec(), value.get(1..).unwrap_or_default().to_vec());
    }
    let (name, value) = text.split_at(text.len().min(1));
    (name.to_vec(), value.to_vec())
}

fn notify(value: &[u8]) -> Result<Notify, UsageError> {
    let mut wish = Notify::default();
    if value.eq_ignore_ascii_case(b"never") {
        return Ok(wish);
    }
    for word in value.split(|b| *b == b',') {
        match word.to_ascii_lowercase().as_slice() {
            b"success" => wish.success = true,
            b"failure" => wish.failure = true,
            b"delay" => wish.delay = true,
            _ => return Err(UsageError::new("Invalid -N argument")),
        }
    }
    Ok(wish)
}

fn ret(before: Option<Ret>, value: &[u8]) -> Result<Ret, UsageError> {
    if before.is_some() {
        return Err(UsageError::new("Duplicate -R flag"));
    }
    match value.to_ascii_lowercase().as_slice() {
        b"full" => Ok(Ret::Full),
        b"hdrs" => Ok(Ret::Headers),
        _ => Err(UsageError::new("Invalid -R value")),
    }
}

/// xtext of RFC 3461 4: printable, no `=`, and `+` only before two upper-case hexadecimal digits.
fn is_xtext(text: &[u8]) -> bool {
    let hex = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(b));
    text.iter().enumerate().all(|(i, b)| match b {
        b'+' => hex(text.get(i + 1)) && hex(text.get(i + 2)),
        b => (b'!'..=b'~').contains(b) && *b != b'=',
    })
}

fn queue(queue: &mut Queue, value: &[u8]) -> Result<(), UsageError> {
    let (inverted, text) = match value.strip_prefix(b"!") {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    let Some((&kind, text)) = text.split_first() else { return Ok(()) };
    let line = || (inverted, crate::text::Line::cleaned(text));
    let selection = &mut queue.selection;
    match kind {
        b'I' => selection.ids.push(line()),
        b'R' => selection.recipients.push(line()),
        b'S' => selection.senders.push(line()),
        b'Q' if text.is_empty() && !inverted => selection.quarantined = true,
        b'Q' => {
            selection.quarantined = true;
            selection.reasons.push(line());
        }
        b'L' => selection.lost = true,
        b'G' if inverted => return Err(UsageError::new("Can not use -q!G")),
        b'G' if selection.group.is_some() => return Err(UsageError::new("Can not use multiple -qG options")),
        b'G' => selection.group = Some(String::from_utf8_lossy(text).into_owned()),
        b'f' => queue.foreground = true,
        b'p' => {
            queue.persistent = true;
            queue.interval = Some(if text.is_empty() { 1 } else { interval(text)? });
        }
        _ => queue.interval = Some(interval(value)?),
    }
    Ok(())
}

/// A time as options write it, minutes where no unit stands.
fn interval(text: &[u8]) -> Result<u64, UsageError> {
    let (mut total, mut number) = (0u64, None::<u64>);
    for &b in text {
        if b.is_ascii_digit() {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(b - b'0')));
            continue;
        }
        let unit = match b {
            b's' => 1,
            b'm' => 60,
            b'h' => 3600,
            b'd' => 86_400,
            b'w' => 604_800,
            _ => return Err(UsageError::new(format!("Invalid time unit `{}'", b as char))),
        };
        total = total.saturating_add(number.take().unwrap_or(1).saturating_mul(unit));
    }
    Ok(total.saturating_add(number.unwrap_or(0).saturating_mul(60)))
}

fn trim(text: &[u8]) -> &[u8] {
    text.trim_ascii()
}

fn widen(bytes: &[u8]) -> String {
    bytes.iter().map(|b| *b as char).collect()
}

fn narrow(text: &str) -> Vec<u8> {
    text.chars().map(|c| c as u32 as u8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flags(words: &[&str]) -> Result<Flags, String> {
        let argv: Vec<OsString> =
            std::iter::once("sendmail").chain(words.iter().copied()).map(OsString::from).collect();
        parse(&argv).map_err(|e| String::from_utf8_lossy(&e.text).into_owned())
    }

    #[test]
    fn the_articles_commands() {
        let daemon = flags(&["-L", "sm-mta", "-bd", "-q30m"]).unwrap();
        assert_eq!((daemon.mode, daemon.label.as_deref()), (Some(b'd'), Some(&b"sm-mta"[..])));
        assert_eq!(daemon.queue.unwrap().interval, Some(1800));
        let runner = flags(&["-L", "sm-msp-queue", "-Ac", "-q30m"]).unwrap();
        assert_eq!((runner.mode, runner.config_choice), (None, Some(b'c')));
    }

    #[test]
    fn clusters_and_attached_values() {
        let f = flags(&["-it", "-oi", "-odb", "-oem", "-fa@b", "--", "-x"]).unwrap();
        assert!(f.from_header);
        assert_eq!(f.sender, Some((b'f', b"a@b".to_vec())));
        assert_eq!(f.args, vec![b"-x".to_vec()]);
        assert_eq!(f.options.len(), 4);
        let q = flags(&["-q", "user@x"]).unwrap();
        assert_eq!(q.args, vec![b"user@x".to_vec()]);
        assert!(q.queue.unwrap().interval.is_none());
        assert_eq!(flags(&["-d0.10,21.4", "-bt"]).unwrap().debug, vec![b"0.10,21.4".to_vec()]);
        assert_eq!(flags(&["-vq"]).unwrap().verbose, true);
    }

    #[test]
    fn what_is_wrong_and_what_only_looks_so() {
        let body = flags(&["-BFOO", "bob"]).unwrap();
        assert_eq!((body.complaint.as_deref(), body.args.len()), (Some(&b"Illegal body type FOO"[..]), 1));
        assert_eq!(flags(&["-U", "bob"]).unwrap_err(), "");
        assert_eq!(flags(&["-Ax"]).unwrap().config_choice, Some(b'm'));
        assert_eq!(flags(&["-i", "--help"]).unwrap().args, Vec::<Vec<u8>>::new());
        assert_eq!(flags(&["-r", " a@b "]).unwrap().sender, Some((b'r', b"a@b".to_vec())));
    }

    #[test]
    fn bytes_survive() {
        use std::os::unix::ffi::OsStringExt;
        let argv = [OsString::from("sendmail"), OsString::from_vec(b"-f\xff@x".to_vec())];
        assert_eq!(parse(&argv).unwrap().sender, Some((b'f', b"\xff@x".to_vec())));
    }

    #[test]
    fn refusals_have_the_original_words() {
        for (words, text) in [
            (&["-Z"][..], "sendmail: illegal option -- Z"),
            (&["-f"], "sendmail: option requires an argument -- f"),
            (&["-bz"], "Frozen configurations unsupported"),
            (&["-bx", "root"], "Invalid operation mode x"),
            (&["-hx"], "Bad hop count (x)"),
            (&["-N", "bogus"], "Invalid -N argument"),
            (&["-R", "full", "-R", "hdrs"], "Duplicate -R flag"),
            (&["-V", "a=b+"], "Invalid syntax in -V flag"),
            (&["-q1x"], "Invalid time unit `x'"),
            (&["-q!Gx"], "Can not use -q!G"),
            (&["-f", "a", "-f", "b"], "More than one \"from\" person"),
            (&["-d0", "-D", "/tmp/x"], "-D file must be before -d"),
        ] {
            assert_eq!(flags(words).unwrap_err(), text);
        }
    }
}
