//! Routing: aliases, `.forward`, `:include:`, owners, loops, with rule sets of a few lines.

#[path = "../common/mod.rs"]
mod common;

use postrider::alias::Aliases;
use postrider::cf::{Config, LoadOptions, system::Fixed};
use postrider::deliver::{Found, Listed, LocalDelivery, LocalJob};
use postrider::envelope::{Envelope, Origin, RecipientState, Status};
use postrider::rewrite::service::{Lookup, NoMaps};
use postrider::route::{self, Params};
use postrider::service::Services;
use postrider::text::Line;
use postrider::user::{Unavailable, User, Users};
use std::collections::HashMap;
use std::sync::Arc;

const CF: &str = "V10
Djmail.example.test
O OperatorChars=.:%@!^/[]+
O DefaultUser=8:8
O ForwardPath=$z/.forward
Mlocal, P=/bin/true, F=lsDFMAw5:/|@q, A=true $u
Mesmtp, P=[IPC], F=mDFMuX, A=TCP $h
S3
R$* < $* > $*\t$: $2
R$* @ mail.example.test\t$: $1
S0
R$* @ $*\t$#esmtp $@ $2 $: $1 @ $2
R$*\t$#local $: $1
S5
R$+ + *\t$#local $@ $&h $: $1
R$+ + $*\t$#local $@ + $2 $: $1 + *
";

/// Aliases, users (`alice bob dave nologin`), `.forward` and include files by name.
struct World(HashMap<&'static str, &'static str>);

impl Aliases for World {
    fn lookup(&self, name: &[u8]) -> Lookup {
        let name = String::from_utf8_lossy(name).to_lowercase();
        match self.0.get(name.as_str()) {
            Some(&"TEMPFAIL") => Lookup::TempFail("down".into()),
            Some(value) => Lookup::Found(value.as_bytes().to_vec()),
            None => Lookup::NotFound,
        }
    }
}

impl Users for World {
    fn by_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable> {
        let known: [&[u8]; 4] = [b"alice", b"bob", b"dave", b"nologin"];
        let uid = known.iter().position(|n| *n == name);
        Ok(uid.map(|n| User {
            name: name.to_vec(),
            uid: 1000 + n as u32,
            gid: 1000 + n as u32,
            full_name: Vec::new(),
            home: format!("/home/{}", String::from_utf8_lossy(name)).into(),
            shell: "/bin/sh".into(),
        }))
    }
    fn by_uid(&self, _: u32) -> Result<Option<User>, Unavailable> {
        Ok(None)
    }
}

impl LocalDelivery for World {
    fn deliver(&self, _: LocalJob) -> Vec<Status> {
        Vec::new()
    }
    fn forward(&self, user: &[u8], _: &[u8]) -> Result<Found, Status> {
        let user = String::from_utf8_lossy(user).into_owned();
        let path = format!("/home/{user}/.forward");
        let Some(text) = self.0.get(path.as_str()) else { return Ok(Found::default()) };
        let programs = if user == "nologin" { Err(line("no shell for programs")) } else { Ok(()) };
        let file =
            Listed { path: line(&path), text: text.as_bytes().to_vec(), owner: line(&user), uid: 1, gid: 1, programs };
        Ok(Found { file: Some(file), refused: Vec::new() })
    }
    fn include(&self, path: &[u8], _: &Origin) -> Result<Listed, Status> {
        let path = String::from_utf8_lossy(path).into_owned();
        match self.0.get(path.as_str()) {
            Some(text) => Ok(Listed {
                path: line(&path),
                text: text.as_bytes().to_vec(),
                owner: line("dave"),
                uid: 1002,
                gid: 1002,
                programs: Ok(()),
            }),
            None => Err(Status::new((5, 2, 4), 66, format!("Cannot open {path}: No such file or directory"))),
        }
    }
    fn dead_letter(&self, _: &[u8], _: std::fs::File) -> Option<Line> {
        None
    }
}

fn line(text: &str) -> Line {
    Line::cleaned(text.as_bytes())
}

fn site(more: &str, entries: &[(&'static str, &'static str)]) -> Services {
    let system = Fixed { host: "mail.example.test".into() };
    let text = CF.replace("S3\n", &format!("{more}\nS3\n"));
    let (config, problems) = Config::parse(text.as_bytes(), "test.cf", &LoadOptions::new(&system));
    assert!(problems.is_empty(), "{problems:?}");
    let world = Arc::new(World(entries.iter().copied().collect()));
    let resolver = Arc::new(postrider::dns::FakeResolver::new());
    common::services(Arc::new(config), world.clone(), world.clone(), world, Arc::new(NoMaps), resolver)
}

fn envelope(svc: &Services, recipients: &[&str]) -> Envelope {
    let mut env = route::scratch(svc);
    env.sender = line("<sender@example.test>");
    let mut known = route::Known::default();
    for address in recipients {
        let mut macros = svc.config.layer();
        route::recipient(
            svc,
            &mut macros,
            (&mut env, &mut known),
            address.as_bytes(),
            &Params::default(),
            &Origin::Direct,
        )
        .unwrap_or_else(|reply| panic!("{address}: {reply:?}"));
    }
    env
}

/// `address>mailer:user@host(control)` of what is open, `address!text` of what failed.
fn shown(svc: &Services, env: &Envelope) -> String {
    let text = |l: &[u8]| String::from_utf8_lossy(l).into_owned();
    let one = |r: &postrider::envelope::Recipient| match (r.state, &r.target) {
        (RecipientState::Pending, Some(t)) => {
            let mailer = &svc.config.mailers[t.mailer].name;
            let host = if t.host.is_empty() { String::new() } else { format!("[{}]", text(&t.host)) };
            let control = r.control.as_ref().map(|c| format!("({}:{})", text(&c.user), c.uid)).unwrap_or_default();
            Some(format!("{}>{mailer}:{}{host}{control}", text(&r.address), text(&t.user)))
        }
        (RecipientState::Failed | RecipientState::Deferred, _) => {
            let status = r.status.as_ref().map(|s| format!("{} {}", s.enhanced, text(&s.text))).unwrap_or_default();
            Some(format!("{}!{status}", text(&r.address)))
        }
        _ => None,
    };
    env.recipients.iter().filter_map(one).collect::<Vec<_>>().join(" ")
}

fn expanded(entries: &[(&'static str, &'static str)], recipients: &[&str]) -> String {
    let svc = site("", entries);
    let mut env = envelope(&svc, recipients);
    let copies = route::expand(&svc, &mut env);
    let mut out = shown(&svc, &env);
    for copy in &copies {
        out.push_str(&format!(" | {}: {}", String::from_utf8_lossy(&copy.sender), shown(&svc, copy)));
    }
    out
}

#[test]
fn what_comes_from_outside_is_looked_at() {
    let svc = site("", &[("list", "alice"), ("down", "TEMPFAIL"), ("plus+*", "bob")]);
    let (mut env, mut known) = (route::scratch(&svc), route::Known::default());
    let mut say = |address: &str| {
        let mut macros = svc.config.layer();
        let result = route::recipient(
            &svc,
            &mut macros,
            (&mut env, &mut known),
            address.as_bytes(),
            &Params::default(),
            &Origin::Direct,
        );
        let reply = result.map_or_else(|reply| reply, |ok| ok.reply);
        String::from_utf8(reply.to_text()).unwrap()
    };
    assert_eq!(say("<list>"), "250 2.1.5 <list>... Recipient ok");
    assert_eq!(say("<LIST@mail.example.test>"), "250 2.1.5 <list>... Recipient ok");
    assert_eq!(say("<alice+x>"), "250 2.1.5 <alice+x>... Recipient ok");
    assert_eq!(say("<plus+x>"), "250 2.1.5 <plus+x>... Recipient ok");
    assert_eq!(say("<plus>"), "550 5.1.1 <plus>... User unknown");
    assert_eq!(say("<down>"), "250 2.1.5 <down>... Recipient ok (will queue)");
    assert_eq!(say("<nosuch>"), "550 5.1.1 <nosuch>... User unknown");
    assert_eq!(say("<\"|/bin/x\">"), "550 5.7.1 <\"|/bin/x\">... Cannot mail directly to programs");
    assert_eq!(say("</etc/passwd>"), "550 5.7.1 </etc/passwd>... Cannot mail directly to files");
    assert_eq!(say("<:include:/x>"), "550 5.7.1 <:include:/x>... Cannot mail directly to :include:s");
    assert_eq!(say("<x@elsewhere.test>"), "250 2.1.5 <x@elsewhere.test>... Recipient ok");
}

#[test]
fn lists_are_taken_from_their_end_and_once() {
    let list = [("list", "alice, bob, dave, ALICE"), ("more", "list, bob")];
    assert_eq!(
        expanded(&list, &["list", "bob"]),
        "ALICE>local:alice(list:8) dave>local:dave(list:8) bob>local:bob(list:8)"
    );
    assert_eq!(expanded(&list, &["more"]), "bob>local:bob(more:8) ALICE>local:alice(list:8) dave>local:dave(list:8)");
}

#[test]
fn programs_files_and_lists_of_an_alias() {
    let entries = [("all", "\"|cat > /x\", /var/file, :include:/l, \\alice"), ("/l", "# c\nbob\n|prog\n")];
    assert_eq!(
        expanded(&entries, &["all"]),
        "\\alice>local:\\alice(all:8) bob>local:bob(dave:1002) |prog>prog:|prog(dave:1002) \
         /var/file>*file*:/var/file(all:8) \"|cat > /x\">prog:\"|cat > /x\"(all:8)"
    );
}

#[test]
fn a_forward_may_keep_a_copy() {
    let both = [("/home/alice/.forward", "\\alice, bob\n"), ("/home/bob/.forward", "bob, |vacation bob\n")];
    assert_eq!(
        expanded(&both, &["alice"]),
        "bob>local:bob(alice:1000) |vacation bob>prog:|vacation bob(bob:1001) \\alice>local:\\alice(alice:1000)"
    );
    assert_eq!(expanded(&[("/home/alice/.forward", "# none\n\n")], &["alice"]), "alice>local:alice");
    assert_eq!(
        expanded(&[("/home/alice/.forward", "x@y.test\n")], &["alice+det"]),
        "x@y.test>esmtp:x@y.test[y.test](alice:1000)"
    );
    assert_eq!(
        expanded(&[("/home/nologin/.forward", "bob\n|/bin/x\n/file\n")], &["nologin"]),
        "bob>local:bob(nologin:1003) |/bin/x!5.7.1 no shell for programs /file!5.7.1 no shell for files"
    );
}

#[test]
fn circles_end() {
    assert_eq!(expanded(&[("a", "b"), ("b", "a")], &["a"]), "a!5.4.6 aliasing/forwarding loop broken");
    assert_eq!(expanded(&[("alice", "b"), ("b", "alice")], &["alice"]), "alice>local:alice");
    assert_eq!(expanded(&[("alice", "alice, bob")], &["alice"]), "alice>local:alice bob>local:bob(alice:8)");
    assert_eq!(expanded(&[("self", "self")], &["self"]), "self!5.1.1 User unknown");
    let turns = [("/home/alice/.forward", "bob"), ("/home/bob/.forward", "alice")];
    assert_eq!(expanded(&turns, &["alice"]), "alice>local:alice");
    let deep: Vec<(&str, &str)> = vec![("a0", "a1"), ("a1", "a2"), ("a2", "a3"), ("a3", "a4"), ("a4", "alice")];
    let svc = site("O MaxAliasRecursion=3", &deep);
    let mut env = envelope(&svc, &["a0"]);
    route::expand(&svc, &mut env);
    assert_eq!(shown(&svc, &env), "a3!5.4.6 aliasing/forwarding loop broken (4 aliases deep; 3 max)");
}

#[test]
fn faults_do_not_hide_the_rest() {
    let entries = [("l", "alice, nosuch, :include:/gone, down"), ("down", "TEMPFAIL")];
    assert_eq!(
        expanded(&entries, &["l"]),
        "down!4.3.0 down :include:/gone!5.2.4 Cannot open /gone: No such file or directory \
         nosuch!5.1.1 User unknown alice>local:alice(l:8)"
    );
}

#[test]
fn owners_get_their_lists_mail_back() {
    let entries = [
        ("one", "alice, x@y.test"),
        ("owner-one", "bob"),
        ("two", "dave"),
        ("owner-two", "alice, bob"),
        ("owner-owner", "alice"),
    ];
    assert_eq!(
        expanded(&entries, &["one", "two", "bob"]),
        "bob>local:bob | bob: alice>local:alice(one:8) x@y.test>esmtp:x@y.test[y.test](one:8) | \
         owner-two: dave>local:dave(two:8)"
    );
}

#[test]
fn what_an_earlier_attempt_found_is_not_expanded_again() {
    let svc = site("", &[("l", "alice, |prog, bob"), ("/home/alice/.forward", "\\alice, dave")]);
    let mut env = envelope(&svc, &["l"]);
    route::expand(&svc, &mut env);
    let first = shown(&svc, &env);
    // What the queue file does not keep.
    env.recipients.retain(|r| r.state == RecipientState::Pending);
    for r in &mut env.recipients {
        r.target = None;
        r.origin = Origin::Direct;
    }
    assert!(route::expand(&svc, &mut env).is_empty());
    assert_eq!(shown(&svc, &env), first);
    let program = env.recipients.iter().find(|r| r.address.starts_with(b"|")).unwrap();
    assert_eq!(program.origin, Origin::Alias(line("l")));
    // A program that no alias names any more is nobody's.
    let svc = site("", &[("l", "alice")]);
    for r in &mut env.recipients {
        r.target = None;
        r.origin = Origin::Direct;
    }
    route::expand(&svc, &mut env);
    assert!(shown(&svc, &env).contains("|prog!5.7.1 No alias or forward file names this address any more"));
}

#[test]
fn the_sender_may_be_left_out() {
    let svc = site("O MeToo=False", &[("l", "alice, sender@example.test")]);
    let mut env = envelope(&svc, &["l"]);
    route::expand(&svc, &mut env);
    assert_eq!(shown(&svc, &env), "alice>local:alice(l:8)");
}

#[test]
fn verification_tells_places() {
    let svc = site("", &[("/home/alice/.forward", "bob\nnosuch, |x\n")]);
    let verified = route::verify(&svc, b"alice", true);
    let lines: Vec<String> = verified.lines(&svc).iter().map(|l| String::from_utf8_lossy(l).into_owned()).collect();
    assert_eq!(
        lines,
        [
            "/home/alice/.forward: line 2: nosuch... User unknown",
            "bob... deliverable: mailer local, user bob",
            "|x... deliverable: mailer prog, user |x"
        ]
    );
    assert_eq!(verified.exit, 67);
    let two = route::verify(&svc, b"bob dave", true);
    assert_eq!(two.recipients.len(), 2);
    assert_eq!(route::verify(&svc, b"|/bin/x", true).exit, 64);
}
