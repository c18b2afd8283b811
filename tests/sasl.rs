//! The client's mechanisms against Cyrus SASL's, over a password file that its own tool has made.

use postrider::sasl::conf::SaslConf;
use postrider::sasl::{Authenticator, Facts, Step, security};
use postrider::smtp::client::{Credentials, Exchange, Mechanism};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use zeroize::Zeroizing;

fn add_user(file: &Path, user: &str, password: &str) -> bool {
    let mut tool = Command::new("saslpasswd2");
    tool.args(["-p", "-c", "-u", "h.test", "-f"]).arg(file).arg(user).stdin(Stdio::piped());
    let Ok(mut child) = tool.spawn() else { return false };
    let written = child.stdin.take().is_some_and(|mut stdin| stdin.write_all(password.as_bytes()).is_ok());
    child.wait().is_ok_and(|status| status.success()) && written
}

/// The whole dialogue, in base64 as over the wire.
fn talk(server: &dyn Authenticator, facts: &Facts, mechanism: Mechanism, credentials: Credentials) -> (Step, bool) {
    use base64::Engine;
    let engine = base64::engine::general_purpose::STANDARD;
    let mut there = server.start(mechanism.name(), facts).expect("offered");
    let (mut here, command) = Exchange::start(mechanism, credentials, b"h.test");
    let initial = command.split(|b| *b == b' ').nth(2).map(|coded| Zeroizing::new(engine.decode(coded).unwrap()));
    let mut step = there.step(initial);
    for _ in 0..8 {
        let Step::Challenge(challenge) = &step else { break };
        let Some(answer) = here.answer(engine.encode(challenge).as_bytes()) else { break };
        step = there.step(Some(Zeroizing::new(engine.decode(&**answer).unwrap())));
    }
    (step, here.server_proven())
}

#[test]
fn both_sides_of_every_mechanism() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sasldb2");
    if !add_user(&file, "bob", "secret, =word") {
        eprintln!("SKIPPED: saslpasswd2 is not installed (package sasl2-bin)");
        return;
    }
    let conf =
        SaslConf::parse(&format!("pwcheck_method: auxprop\nauxprop_plugin: sasldb\nsasldb_path: {}\n", file.display()));
    let (site, problems) = conf.authenticator(b"h.test");
    assert_eq!(problems, [""; 0]);
    let facts = Facts { host: b"h.test".to_vec(), ..Facts::default() };
    let offered = site.mechanisms(&facts);
    let mechanisms = [
        Mechanism::ScramSha256,
        Mechanism::ScramSha1,
        Mechanism::DigestMd5,
        Mechanism::CramMd5,
        Mechanism::Plain,
        Mechanism::Login,
    ];
    for mechanism in mechanisms {
        if !offered.iter().any(|m| m == mechanism.name()) {
            eprintln!("SKIPPED: {} is not installed (package libsasl2-modules)", mechanism.name());
            continue;
        }
        let credentials = |user: &str, password: &str| Credentials {
            authen: user.into(),
            password: Zeroizing::new(password.into()),
            ..Credentials::default()
        };
        let (step, proven) = talk(&site, &facts, mechanism, credentials("bob", "secret, =word"));
        assert!(matches!(&step, Step::Done(who) if who.authen == b"bob"), "{mechanism:?}: {step:?}");
        assert!(proven, "{mechanism:?}");
        for (user, password) in [("bob", "secret"), ("eve", "secret, =word"), ("b,=o", "x")] {
            let (step, _) = talk(&site, &facts, mechanism, credentials(user, password));
            assert!(matches!(&step, Step::Failed(f) if !f.transient), "{mechanism:?} {user}: {step:?}");
        }
    }
    let strict = Facts { security: security::of("p"), ..facts.clone() };
    let open = site.mechanisms(&strict);
    assert!(!open.iter().any(|m| m == "PLAIN" || m == "LOGIN"), "{open:?}");
    let anonymous = Facts { security: security::of("y"), ..facts };
    assert!(!site.mechanisms(&anonymous).iter().any(|m| m == "ANONYMOUS"));
}
