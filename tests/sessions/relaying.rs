//! Who may send where, with the configuration that the tree builds for a plain host; who learns what about accounts.

use super::facts;
use super::support::{Site, Table, Talk};
use postrider::dns::FakeResolver;
use postrider::m4::{Io, Options, Step, process};

#[derive(Default)]
struct Files(Vec<u8>);

impl Io for Files {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        std::fs::read(String::from_utf8_lossy(path).as_ref()).map_err(|e| e.to_string())
    }
    fn output(&mut self, text: &[u8]) -> bool {
        self.0.extend_from_slice(text);
        true
    }
    fn diagnostic(&mut self, text: &[u8]) {
        panic!("{}", text.escape_ascii());
    }
}

/// A host with these lines in its .mc file.
fn host(lines: &str) -> Site {
    let tree = concat!(env!("CARGO_MANIFEST_DIR"), "/cf/");
    let mc = format!("OSTYPE(`linux')\n{lines}\nMAILER(`local')\nMAILER(`smtp')\n");
    let steps = [
        Step::Define(b"_CF_DIR_".to_vec(), tree.into()),
        Step::File(format!("{tree}m4/cf.m4").into_bytes()),
        Step::Text(b"site.mc".to_vec(), mc.into_bytes()),
    ];
    let mut files = Files::default();
    process(&Options::default(), &steps, &mut files);
    let resolver = FakeResolver::new()
        .host("localhost", "127.0.0.1".parse().unwrap())
        .host("peer.example.net", "192.0.2.1".parse().unwrap())
        .host("remote.example.org", "192.0.2.50".parse().unwrap())
        .host("mail.example.test", "192.0.2.60".parse().unwrap());
    let aliases = Table(vec![("postmaster", "alice"), ("list", "alice, bob")]);
    Site::new(&files.0, resolver, aliases, vec!["alice", "bob"])
}

fn say(talk: &mut Talk<'_>, line: &[u8]) -> String {
    String::from_utf8(talk.send(&[line, b"\r\n"].concat())).unwrap()
}

#[test]
fn no_stranger_relays() {
    let site = host("");
    let tricks: [&[u8]; 30] = [
        b"<u@remote.example.org>",
        b"<u%remote.example.org@mail.example.test>",
        b"<u%remote.example.org>",
        b"<@mail.example.test:u@remote.example.org>",
        b"<@mail.example.test,@remote.example.org:u@remote.example.org>",
        b"<remote.example.org!u>",
        b"<remote.example.org!u@mail.example.test>",
        b"<mail.example.test!remote.example.org!u>",
        b"<bob!remote.example.org!u@mail.example.test>",
        b"<\"u@remote.example.org\">",
        b"<\"u@remote.example.org\"@mail.example.test>",
        b"<\"u%remote.example.org\"@mail.example.test>",
        b"<\"remote.example.org!u\"@mail.example.test>",
        b"<u@remote.example.org@mail.example.test>",
        b"<u@mail.example.test@remote.example.org>",
        b"<u@[192.0.2.50]>",
        b"<u@[IPv6:2001:db8::1]>",
        b"<u%[192.0.2.50]@mail.example.test>",
        b"<u@#3221226034>",
        b"<u@remote.example.org.>",
        b"<u@remote.example.org(mail.example.test)>",
        b"<u(@mail.example.test)@remote.example.org>",
        b"<u@remote.example.org%mail.example.test>",
        b"<u@remote.example.org.mail.example.test>",
        b"<u@mail.example.test.remote.example.org>",
        b"<u@remote\xe3\x80\x82example.org>",
        b"u@remote.example.org",
        b"<<u@remote.example.org>>",
        b"x:<u@remote.example.org>",
        b"<group:u@remote.example.org;@mail.example.test>",
    ];
    let local = ["local", "*file*", "*include*", "prog"];
    for sender in [&b"<alice@mail.example.test>"[..], b"<x@peer.example.net>", b"<>", b"<bob>"] {
        for trick in tricks {
            let mut talk = site.session(facts("192.0.2.1"));
            say(&mut talk, b"EHLO mail.example.test");
            say(&mut talk, &[b"MAIL FROM:", sender].concat());
            let said = say(&mut talk, &[b"RCPT TO:", trick].concat());
            if !said.starts_with('5') && !said.starts_with('4') {
                say(&mut talk, b"DATA");
                say(&mut talk, b"x\r\n.");
            }
            let mut committed = site.store.committed.lock().unwrap();
            for recipient in committed.drain(..).flat_map(|e| e.recipients) {
                let mailer = recipient.target.and_then(|t| site.services.config.mailers.get(t.mailer));
                let mailer = mailer.map_or("?", |m| m.name.as_str());
                assert_eq!(mailer, local[0], "{} {}: {said}", sender.escape_ascii(), trick.escape_ascii());
            }
        }
        // A correct one for a user here goes through.
        let mut talk = site.session(facts("192.0.2.1"));
        say(&mut talk, b"EHLO peer.example.net");
        say(&mut talk, b"MAIL FROM:<x@peer.example.net>");
        assert!(say(&mut talk, b"RCPT TO:<bob@mail.example.test>").starts_with("250"));
        say(&mut talk, b"DATA");
        assert!(say(&mut talk, b"Subject: x\r\n\r\ny\r\n.").starts_with("250"));
        site.store.committed.lock().unwrap().clear();
    }
}

#[test]
fn a_forged_name_of_the_client_grants_nothing() {
    // The address's name claims to be ours, and its own address is another.
    let mut site = host("RELAY_DOMAIN(`mail.example.test')");
    site.services.resolver = std::sync::Arc::new(
        FakeResolver::new()
            .with(
                "192.0.2.99",
                postrider::dns::RecordKind::Ptr,
                postrider::dns::Data::Name(b"mail.example.test".to_vec()),
            )
            .host("mail.example.test", "192.0.2.60".parse().unwrap()),
    );
    let mut talk = site.session(facts("192.0.2.99"));
    say(&mut talk, b"EHLO mail.example.test");
    say(&mut talk, b"MAIL FROM:<alice@mail.example.test>");
    let said = say(&mut talk, b"RCPT TO:<u@remote.example.org>");
    assert!(said.starts_with('5') || said.starts_with('4'), "{said}");
    assert!(site.store.committed.lock().unwrap().is_empty());
}

#[test]
fn replies_do_not_tell_which_accounts_exist() {
    use base64::Engine;
    let site = host("define(`confPRIVACY_FLAGS', `novrfy,noexpn')");
    let mut said = Vec::new();
    for name in ["alice", "nobody-here"] {
        let mut talk = site.session(facts("192.0.2.1"));
        say(&mut talk, b"EHLO peer.example.net");
        let mut replies = Vec::new();
        let plain = base64::engine::general_purpose::STANDARD.encode(format!("\0{name}\0wrong"));
        for line in [format!("AUTH PLAIN {plain}"), format!("VRFY {name}"), format!("EXPN {name}")] {
            replies.push(say(&mut talk, line.as_bytes()).replace(name, "NAME"));
        }
        said.push(replies);
    }
    assert_eq!(said[0], said[1]);
    assert!(said[0][1].starts_with("252"), "{said:?}");
}

#[test]
fn passwords_are_not_guessed_fast() {
    let site = super::site();
    let mut talk = site.session(facts("127.0.0.1"));
    let mut count = 0;
    while !talk.closed && count < 12 {
        count += 1;
        say(&mut talk, b"AUTH PLAIN AGFsaWNlAHdyb25n");
    }
    assert!(talk.closed || talk.slept > 400, "{count} guesses in {} seconds", talk.slept);
    assert!(site.still_serves());
}

#[test]
fn plain_passwords_wait_for_tls_where_that_is_asked() {
    let site = super::site().with(|s| s.auth_options = "p".into());
    let mut talk = site.session(facts("127.0.0.1"));
    assert!(!say(&mut talk, b"EHLO x").contains("AUTH"));
    for line in ["AUTH PLAIN AGFsaWNlAGVjaWxh", "AUTH LOGIN YWxpY2U="] {
        assert!(say(&mut talk, line.as_bytes()).starts_with('5'), "{line}");
    }
    say(&mut talk, b"STARTTLS");
    assert!(say(&mut talk, b"EHLO x").contains("AUTH PLAIN LOGIN") || !talk.closed);
    assert!(say(&mut talk, b"AUTH PLAIN AGFsaWNlAGVjaWxh").starts_with("235"));
    assert!(site.still_serves());
}
