//! `-d0`: what program this is, what it was built with and how it names its host.

use crate::cli::levels::Levels;
use crate::cli::settings::Settings;
use crate::version::VERSION;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

/// What is built in, in the original's words.
const BUILT_WITH: &str = "DNSMAP IPV6_FULL LOG MAP_REGEX MATCHGECOS MAXDAEMONS=64 MILTER MIME7TO8 MIME8TO7 NAMED_BIND NETINET \
                          NETINET6 NETUNIX NEWDB=5.3 PIPELINING SASLv2 SCANF SOCKETMAP STARTTLS TLS_EC TLS_VRFY_PER_CTX XDEBUG";
/// The longest line of the list.
const WIDTH: usize = 71;

/// The file of `-D`; rights that the caller has no claim to are gone by now.
fn open(path: &[u8]) -> Option<File> {
    File::options().append(true).create(true).open(std::ffi::OsStr::from_bytes(path)).ok()
}

/// Prints what the flags `-d0.N` ask for.
pub fn print(settings: &Settings) {
    let level = Levels::of(&settings.flags.debug).at(0);
    if level == 0 {
        return;
    }
    let mut to_file = settings.flags.debug_file.as_ref().and_then(|path| open(path));
    let mut say = |line: &[u8]| match &mut to_file {
        Some(file) => {
            // A debug file that is full is no reason to fail.
            let _ = file.write_all(&[line, b"\n"].concat());
        }
        None => super::say(line),
    };
    let text = |name: &str| String::from_utf8_lossy(&settings.config.macros.expanded(name)).into_owned();
    say(format!("Version {VERSION}").as_bytes());
    for line in list(" Compiled with:", BUILT_WITH) {
        say(line.as_bytes());
    }
    let mut told: Vec<String> = Vec::new();
    if level >= 10 {
        let pid_file = settings.config.options.pid_file.to_display();
        told.push("     Conf file:\t/etc/mail/submit.cf (default for MSP)".into());
        told.push("     Conf file:\t/etc/mail/sendmail.cf (default for MTA)".into());
        told.push(format!("     Conf file:\t{} (selected)", settings.config.file));
        told.push(format!("      Pid file:\t{pid_file} (selected)"));
    }
    if level >= 4 {
        told.push(format!("Canonical name: {}", text("j")));
        told.push(format!(" UUCP nodename: {}", text("k")));
    }
    told.push(String::new());
    told.push("============ SYSTEM IDENTITY (after readcf) ============".into());
    told.push(format!("      (short domain name) $w = {}", text("w")));
    told.push(format!("  (canonical domain name) $j = {}", text("j")));
    told.push(format!("         (subdomain name) $m = {}", text("m")));
    told.push(format!("              (node name) $k = {}", text("k")));
    told.push("========================================================".into());
    told.push(String::new());
    told.iter().for_each(|line| say(line.as_bytes()));
    if level >= 15 {
        crate::cli::test_mode::mailers(&settings.config).iter().for_each(|line| say(line));
    }
}

/// Words behind a title, in lines of limited length.
fn list(title: &str, words: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = title.to_owned();
    let mut width = title.len();
    for word in words.split_whitespace() {
        if width + 1 + word.len() > WIDTH {
            lines.push(std::mem::replace(&mut line, "\t\t".into()));
            width = 16;
        } else {
            line.push(' ');
            width += 1;
        }
        line.push_str(word);
        width += word.len();
    }
    lines.push(line);
    lines
}
