//! `-d0`: what program this is and how it names its host.

use crate::cli::settings::Settings;
use crate::cli::test_mode::debug_level;
use crate::version::VERSION;
use std::fs::File;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;

/// What is built in, in the original's words.
const BUILT_WITH: &str = "DNSMAP IPV6_FULL LOG MAP_REGEX MIME7TO8 MIME8TO7 NAMED_BIND NETINET NETINET6 NETUNIX NEWDB PIPELINING SASL \
                          SOCKETMAP STARTTLS TLS_EC";

/// The file of `-D`; rights that the caller has no claim to are gone by now.
fn open(path: &[u8]) -> Option<File> {
    File::options().append(true).create(true).open(std::ffi::OsStr::from_bytes(path)).ok()
}

/// Prints what the flags `-d0.N` ask for.
pub fn print(settings: &Settings) {
    let asked = settings.flags.debug.iter().any(|spec| spec.starts_with(b"0") && !spec.starts_with(b"0-"));
    if !asked || settings.mode == b't' && settings.flags.debug.iter().all(|s| debug_level(s).is_some()) {
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
    let mut line = String::from(" Compiled with:");
    for word in BUILT_WITH.split_whitespace() {
        if line.len() + word.len() > 70 {
            say(line.as_bytes());
            line = "\t\t".into();
            line.push_str(word);
            continue;
        }
        if !line.ends_with('\t') {
            line.push(' ');
        }
        line.push_str(word);
    }
    say(line.as_bytes());
    say(b"");
    say(b"============ SYSTEM IDENTITY (after readcf) ============");
    say(format!("      (short domain name) $w = {}", text("w")).as_bytes());
    say(format!("  (canonical domain name) $j = {}", text("j")).as_bytes());
    say(format!("         (subdomain name) $m = {}", text("m")).as_bytes());
    say(format!("              (node name) $k = {}", text("k")).as_bytes());
    say(b"========================================================");
    say(b"");
}
