//! Hostile configurations, addresses and commands: whatever they are, the program ends soon, in bounds and without a panic.

use std::time::{Duration, Instant};

use postrider::cf::load::LoadOptions;
use postrider::cf::system::Fixed;
use postrider::cf::{Config, Problem, Template};
use postrider::rewrite::service::NoMaps;
use postrider::rewrite::{Kind, Scope, check, crackaddr, parse_address, remote_name, run};
use proptest::prelude::*;

fn load(text: &[u8]) -> (Config, Vec<Problem>) {
    let system = Fixed { host: "mail.example.test".into() };
    Config::parse(text, "t.cf", &LoadOptions::new(&system))
}

const SMALL: &str = "V10\nO OperatorChars=.:%@!^/[]+\nMlocal, P=/bin/mail, F=lsA:/|@, S=10, R=20, A=mail $u\n\
    Msmtp, P=[IPC], F=mu, A=TCP $h\nCA a b.c d@e\nDxa.b\nS3\nR$* < $+ > $*\t$2\nS0\nR$+ @ $+\t$#smtp $@ $2 $: $1 @ $2\n\
    R$+\t$#local $: $1\nSloop\nR$*\tx $1\nScall\nR$*\t$>call $1\nSgrow\nR$+\t$1 $1\nSmatch\n\
    R$* $* $* $* $* $* $* $* z\tx\nSclass\nR$* $=A $* $=A $*\t$1 $3\nSmap\nR$*\t$(host $1 $: $1 $) $[ $1 $]\n";

/// Runs one rule set; it has to come back within seconds, even in a debug build.
fn bounded(set: &str, input: &[u8]) {
    let (config, problems) = load(SMALL.as_bytes());
    assert!(problems.is_empty(), "{problems:?}");
    let mut macros = config.layer();
    let mut scope = Scope::new(&config, &mut macros, &NoMaps);
    let start = Instant::now();
    let _ = run(&mut scope, set, input);
    assert!(start.elapsed() < Duration::from_secs(20), "{set}");
}

#[test]
fn endless_rules_end() {
    bounded("loop", b"a");
    bounded("call", b"a");
    bounded("grow", b"a");
    bounded("class", "a ".repeat(400).as_bytes());
}

#[test]
fn a_match_that_explodes_ends() {
    bounded("match", "a ".repeat(450).as_bytes());
}

#[test]
fn macros_of_macros_end() {
    let mut text = String::from("V10\nDAx$A$A\n");
    text.push_str("DBb\n");
    for _ in 0..30 {
        text.push_str("DB$B$B\n");
    }
    text.push_str("S0\nR$B\t$A\n");
    let (config, _) = load(text.as_bytes());
    assert!(config.macros.expanded("A").len() < 1 << 20);
    assert!(config.macros.expanded("B").len() < 1 << 20);
}

/// Text that looks enough like a configuration to get far.
fn configuration() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("\nS0\nR".to_string()),
        Just("\t".to_string()),
        Just("\n".to_string()),
        Just("\nScheck_rcpt\nR".to_string()),
        Just("\nS".to_string()),
        "\\$[*+=~@:#>?|.\\[\\]()&0-9a-z{}-]",
        "\n[A-Z][a-z0-9/={},:@ $|-]{0,20}",
        "\nO [A-Za-z.]{0,20}=[0-9a-z,/]{0,10}",
        "\nM[a-z]{1,4}, P=[a-z/\\[\\]A-Z]{0,6}, A=[a-z $]{0,6}, [A-Za-z]=[a-z0-9/]{0,6}",
        "[a-z.@<>()\", ]{0,8}",
        "\\PC{0,4}",
    ];
    prop::collection::vec(piece, 0..60).prop_map(|v| v.concat().into_bytes())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn any_octets_load(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = load(&bytes);
    }

    #[test]
    fn any_configuration_works(text in configuration(), addr in prop::collection::vec(any::<u8>(), 0..40)) {
        // Files and programs are not to be opened because of a random line.
        let text: Vec<u8> = text.split(|b| *b == b'\n').filter(|l| l.first() != Some(&b'F')).collect::<Vec<_>>().join(&b"\n"[..]);
        let (config, _) = load(&text);
        let mut macros = config.layer();
        let mut scope = Scope::new(&config, &mut macros, &NoMaps);
        let _ = parse_address(&mut scope, &addr, Kind::EnvelopeRecipient);
        let _ = check(&mut scope, "check_rcpt", &[&addr, b"x"]);
        for mailer in 0..config.mailers.len() {
            let _ = remote_name(&mut scope, &addr, Kind::HeaderSender, mailer, Some(b"@example.test"));
        }
    }

    #[test]
    fn any_address_works(addr in prop_oneof![
        prop::collection::vec(any::<u8>(), 0..1200),
        "[a-z@.<>()\",;:\\\\ \\[\\]!%]{0,80}".prop_map(String::into_bytes),
    ]) {
        let (config, _) = load(SMALL.as_bytes());
        let mut macros = config.layer();
        let mut scope = Scope::new(&config, &mut macros, &NoMaps);
        if let Ok(parsed) = parse_address(&mut scope, &addr, Kind::EnvelopeRecipient) {
            prop_assert!(!parsed.user.iter().any(|b| *b < b' ' || *b == 127));
        }
        let cracked = crackaddr(&addr, &config);
        prop_assert!(cracked.len() <= 2 * addr.len() + 8);
        let _ = run(&mut scope, "3", &addr);
    }

    #[test]
    fn any_template_expands(text in "[a-z $?|.{}&x]{0,60}") {
        let (config, _) = load(SMALL.as_bytes());
        let _ = config.macros.expand(&Template::parse(text.as_bytes()));
    }
}
