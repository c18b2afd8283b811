//! `-d0`: what program this is and how it names its host.

use crate::cli::settings::Settings;
use crate::cli::test_mode::debug_level;
use crate::version::VERSION;

/// What is built in, in the original's words.
const BUILT_WITH: &str = "DNSMAP IPV6_FULL LOG MAP_REGEX MIME7TO8 MIME8TO7 NAMED_BIND NETINET NETINET6 NETUNIX NEWDB PIPELINING SASL \
                          SOCKETMAP STARTTLS TLS_EC";

/// Prints what the flags `-d0.N` ask for.
pub fn print(settings: &Settings) {
    let asked = settings.flags.debug.iter().any(|spec| spec.starts_with(b"0") && !spec.starts_with(b"0-"));
    if !asked || settings.mode == b't' && settings.flags.debug.iter().all(|s| debug_level(s).is_some()) {
        return;
    }
    let text = |name: &str| String::from_utf8_lossy(&settings.config.macros.expanded(name)).into_owned();
    super::say(format!("Version {VERSION}").as_bytes());
    let mut line = String::from(" Compiled with:");
    for word in BUILT_WITH.split_whitespace() {
        if line.len() + word.len() > 70 {
            super::say(line.as_bytes());
            line = "\t\t".into();
            line.push_str(word);
            continue;
        }
        if !line.ends_with('\t') {
            line.push(' ');
        }
        line.push_str(word);
    }
    super::say(line.as_bytes());
    super::say(b"");
    super::say(b"============ SYSTEM IDENTITY (after readcf) ============");
    super::say(format!("      (short domain name) $w = {}", text("w")).as_bytes());
    super::say(format!("  (canonical domain name) $j = {}", text("j")).as_bytes());
    super::say(format!("         (subdomain name) $m = {}", text("m")).as_bytes());
    super::say(format!("              (node name) $k = {}", text("k")).as_bytes());
    super::say(b"========================================================");
    super::say(b"");
}
