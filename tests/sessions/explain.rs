//! `ExplainRejects`: the log line of a refusal tells which rule it was; without the option it ends with the reply.

use super::support::{Site, Table, keep_log, logged};
use postrider::dns::FakeResolver;

/// The line about a refused sender.
fn refusal(options: &str, sender: &str) -> String {
    let cf = [options.as_bytes(), include_bytes!("test.cf")].concat();
    let site = Site::new(&cf, FakeResolver::new(), Table(Vec::new()), Vec::new());
    let mut talk = site.session(super::facts("192.0.2.77"));
    talk.send(b"EHLO x\r\n");
    talk.send(format!("MAIL FROM:<{sender}>\r\n").as_bytes());
    let lines = logged();
    let line = lines.iter().rev().find(|l| l.contains(&format!("arg1=<{sender}>"))).cloned();
    line.unwrap_or_else(|| panic!("no line about {sender}: {lines:?}"))
}

#[test]
fn the_rule_is_named_when_asked_for() {
    keep_log();
    let plain = refusal("V10\n", "bad@one.example");
    assert!(plain.ends_with(", reject=550 5.7.1 <bad@one.example>... Access denied"), "{plain}");
    let told = refusal("V10\nO ExplainRejects=True\n#> FEATURE(x) site.mc:7\n", "bad@two.example");
    let (head, why) = told.split_once(", why=").expect("a reason");
    assert!(head.ends_with("... Access denied"), "{head}");
    assert!(why.starts_with("rule in check_mail at test.cf:") && why.ends_with(" (FEATURE(x) site.mc:7)"), "{why}");
}
