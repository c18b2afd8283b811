//! The macro tree against the original's: each `tests/mc/*.case` is a .mc file with tables and a session of the address
//! test mode; it is built with our m4 and our tree, and each command must end as it does with the original (see
//! `tests/mc/README`).
//!
//! `examples_of_the_manual` builds every complete .mc file that `cf/README` shows.
use std::collections::HashMap;
use std::io::Write;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use postrider::cf::Config;
use postrider::cf::load::LoadOptions;
use postrider::cf::system::{Account, Interface, Resolved, System};
use postrider::cli::levels::Levels;
use postrider::cli::test_mode::{Out, TestMode};
use postrider::db::write_hash;
use postrider::dns::{Data, FakeResolver, RecordKind};
use postrider::m4::{Io, Options, Step, process};
use postrider::map::{MapEnv, MapSet, complaints};
use postrider::user::{Unavailable, User, Users};

const TABLES: &[&str] = &[
    "virtusertable",
    "genericstable",
    "mailertable",
    "access",
    "domaintable",
    "authinfo",
    "bitdomain",
    "uudomain",
    "table1",
    "table2",
    "table3",
];
/// Where the case's files are for the configuration.
const ETC: &str = "/etc/mail/";

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Every octet as the character of its number, and back.
fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|b| char::from(*b)).collect()
}

fn octets(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// The machine mail.site.test.
struct Machine {
    hosts: Vec<(IpAddr, Vec<String>)>,
    users: Vec<Account>,
    groups: Vec<(String, u32)>,
}

impl Machine {
    fn read() -> Machine {
        let text = |name: &str| std::fs::read_to_string(repository("tests/mc/env").join(name)).expect("the machine");
        let hosts = text("hosts");
        let hosts = hosts.lines().filter_map(|l| {
            let mut words = l.split_whitespace();
            Some((words.next()?.parse().ok()?, words.map(str::to_string).collect()))
        });
        let passwd = text("passwd");
        let users = passwd.lines().filter_map(|l| {
            let f: Vec<&str> = l.split(':').collect();
            Some(Account { name: f.first()?.to_string(), uid: f.get(2)?.parse().ok()?, gid: f.get(3)?.parse().ok()? })
        });
        let group = text("group");
        let groups = group.lines().filter_map(|l| {
            let f: Vec<&str> = l.split(':').collect();
            Some((f.first()?.to_string(), f.get(2)?.parse().ok()?))
        });
        Machine { hosts: hosts.collect(), users: users.collect(), groups: groups.collect() }
    }

    fn resolver(&self) -> FakeResolver {
        let mut resolver = FakeResolver::new();
        let zone = std::fs::read_to_string(repository("tests/mc/env/zone")).expect("the zone");
        for line in zone.lines() {
            let words: Vec<&str> = line.split('#').next().unwrap_or_default().split_whitespace().collect();
            let name = |n: &str| n.strip_suffix('.').unwrap_or(n).as_bytes().to_vec();
            resolver = match words.as_slice() {
                [n, "A", ip] => resolver.with(n, RecordKind::A, Data::Address(ip.parse().expect("an address"))),
                [n, "AAAA", ip] => resolver.with(n, RecordKind::Aaaa, Data::Address(ip.parse().expect("an address"))),
                [n, "MX", p, x] => {
                    let (preference, exchange) = (p.parse().expect("a number"), name(x));
                    resolver.with(n, RecordKind::Mx, Data::Mx { preference, exchange })
                }
                [n, "CNAME", to] => resolver.alias(n, to),
                [n, "PTR", to] => {
                    let back: Vec<&str> = n.split('.').take(4).collect();
                    let ip = back.into_iter().rev().collect::<Vec<_>>().join(".");
                    resolver.with(&ip, RecordKind::Ptr, Data::Name(name(to)))
                }
                _ => resolver,
            };
        }
        for (ip, names) in &self.hosts {
            let Some(first) = names.first() else { continue };
            resolver = resolver.host(first, *ip);
            for other in names.iter().skip(1) {
                resolver = resolver.alias(other, first);
            }
        }
        resolver.failing("servfail.test").searching("site.test")
    }
}

impl System for Machine {
    fn host_name(&self) -> String {
        "mail.site.test".into()
    }
    fn resolve(&self, name: &str) -> Option<Resolved> {
        let known = |names: &[String]| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        let (_, names) = self.hosts.iter().find(|(_, names)| known(names))?;
        Some(Resolved {
            canonical: names.first()?.clone(),
            aliases: names.iter().skip(1).cloned().collect(),
            addresses: self.hosts.iter().filter(|(_, names)| known(names)).map(|(ip, _)| *ip).collect(),
        })
    }
    fn names_of(&self, address: IpAddr) -> Vec<String> {
        self.hosts.iter().find(|(ip, _)| *ip == address).map(|(_, names)| names.clone()).unwrap_or_default()
    }
    fn interfaces(&self) -> Vec<Interface> {
        let interface = |ip: &str, loopback| Interface { address: ip.parse().expect("an address"), loopback };
        vec![interface("127.0.0.1", true), interface("192.0.2.25", false)]
    }
    fn user(&self, name: &str) -> Option<Account> {
        self.users.iter().find(|u| u.name == name).cloned()
    }
    fn group(&self, name: &str) -> Option<u32> {
        self.groups.iter().find(|(n, _)| n == name).map(|(_, id)| *id)
    }
    fn tcp_port(&self, service: &str) -> Option<u16> {
        [("smtp", 25), ("submission", 587), ("smtps", 465)].iter().find(|(n, _)| *n == service).map(|(_, p)| *p)
    }
}

impl Users for Machine {
    fn by_name(&self, name: &[u8]) -> Result<Option<User>, Unavailable> {
        let found = self.users.iter().find(|u| u.name.as_bytes() == name);
        Ok(found.map(|u| User {
            name: u.name.clone().into_bytes(),
            uid: u.uid,
            gid: u.gid,
            full_name: Vec::new(),
            home: "/".into(),
            shell: "/bin/sh".into(),
        }))
    }
    fn by_uid(&self, uid: u32) -> Result<Option<User>, Unavailable> {
        self.users.iter().find(|u| u.uid == uid).map_or(Ok(None), |u| self.by_name(u.name.as_bytes()))
    }
}

/// m4's view of the repository: the tree, also under the names that site files include it by.
#[derive(Default)]
struct Tree {
    output: Vec<u8>,
    messages: Vec<u8>,
}

impl Io for Tree {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        let path = latin1(path);
        let inside = ["/usr/share/sendmail/cf/", "/usr/share/sendmail-cf/"].iter().find_map(|p| path.strip_prefix(p));
        let file = inside.map_or_else(|| PathBuf::from(&path), |rest| repository("cf").join(rest));
        std::fs::read(file).map_err(|_| "No such file or directory".into())
    }
    fn output(&mut self, text: &[u8]) -> bool {
        self.output.extend_from_slice(text);
        true
    }
    fn diagnostic(&mut self, text: &[u8]) {
        self.messages.extend_from_slice(text);
    }
}

/// The configuration that a .mc file builds, and what m4 said.
fn build(mc: &str) -> (Vec<u8>, String) {
    let tree = format!("{}/", repository("cf").display());
    let mut steps = vec![Step::Define(b"_CF_DIR_".to_vec(), tree.clone().into_bytes())];
    let includes = mc.lines().any(|l| l.trim_start().starts_with("include(") && l.contains("m4/cf.m4"));
    if !includes {
        steps.push(Step::File(format!("{tree}m4/cf.m4").into_bytes()));
    }
    steps.push(Step::Text(b"site.mc".to_vec(), octets(mc)));
    let mut io = Tree::default();
    process(&Options::default(), &steps, &mut io);
    (io.output, latin1(&io.messages))
}

/// A case file.
#[derive(Default)]
struct Case {
    mc: String,
    files: Vec<(String, String)>,
    /// Each command with the lines of its end result.
    session: Vec<(String, Vec<String>)>,
}

impl Case {
    fn read(path: &Path) -> Case {
        let text = latin1(&std::fs::read(path).expect("a case"));
        let mut case = Case::default();
        let mut section = "";
        for line in text.split_terminator('\n') {
            if let Some(name) = line.strip_prefix("== ")
                && (["mc", "session"].contains(&name) || name.starts_with("file "))
            {
                section = name;
                if let Some(file) = name.strip_prefix("file ") {
                    case.files.push((file.to_string(), String::new()));
                }
                continue;
            }
            let into = match section {
                "mc" => Some(&mut case.mc),
                "session" => None,
                _ => case.files.last_mut().map(|(_, text)| text),
            };
            match (into, line.strip_prefix("> ")) {
                (Some(text), _) => {
                    text.push_str(line);
                    text.push('\n');
                }
                (None, Some(command)) => case.session.push((command.to_string(), Vec::new())),
                (None, None) => case.session.last_mut().expect("a command").1.push(line.to_string()),
            }
        }
        case
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("the buffer").extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Writes the case's files into `dir` and makes the tables.
fn prepare(case: &Case, dir: &Path) {
    for name in ["local-host-names", "trusted-users", "relay-domains"] {
        std::fs::write(dir.join(name), "").expect("a file");
    }
    for (name, text) in &case.files {
        std::fs::write(dir.join(name), octets(text)).expect("a file");
        if !TABLES.contains(&name.as_str()) {
            continue;
        }
        let pairs = text.lines().filter(|l| !l.starts_with('#')).filter_map(|l| {
            let (key, value) = l.split_once(char::is_whitespace)?;
            (!key.is_empty()).then(|| (octets(&key.to_ascii_lowercase()), octets(value.trim())))
        });
        let pairs: Vec<_> = pairs.collect();
        let mut file = std::fs::File::create(dir.join(format!("{name}.db"))).expect("a table");
        write_hash(&mut file, &pairs, true).expect("a table");
    }
}

/// What the test mode prints for each command.
fn run(case: &Case, dir: &Path) -> Vec<String> {
    prepare(case, dir);
    let here = format!("{}/", dir.display());
    // The folder lies below one that anybody may write into.
    let blame = "O DontBlameSendmail=TrustStickyBit,ClassFileInUnsafeDirPath,GroupWritableDirPathSafe,";
    let cf = latin1(&build(&case.mc).0).replace(ETC, &here).replace("\nO DontBlameSendmail=", &format!("\n{blame}"));
    let cf = format!("{}\n{cf}", blame.trim_end_matches(','));
    let machine = Arc::new(Machine::read());
    let earlier = std::cell::RefCell::new(Vec::new());
    let check = |def: &postrider::cf::MapDef| complaints(def, &mut earlier.borrow_mut());
    let mut options = LoadOptions::new(&*machine);
    options.test_mode = true;
    options.op_mode = b't';
    options.map_check = Some(&check);
    let (config, problems) = Config::parse(&octets(&cf), "/etc/mail/sendmail.cf", &options);
    let resolver = Arc::new(machine.resolver());
    let buffer = Buffer::default();
    let mut env = MapEnv::new(resolver.clone(), machine.clone());
    let own = config.classes.get("w").cloned().unwrap_or_default();
    env.is_own_name = Arc::new(move |name| own.contains(name));
    let out = Out::new(Box::new(buffer.clone()));
    let notices = out.clone();
    env.notice = Arc::new(move |text| notices.text(text));
    let (maps, _) = MapSet::open(&config.maps, env);
    for p in &problems {
        out.text(&p.to_string());
    }
    let mut mode = TestMode::new(config, Arc::new(maps), resolver, out, Levels::default(), 0);
    let typed: String = case.session.iter().map(|(command, _)| format!("{command}\n")).collect();
    mode.run(&mut octets(&typed).as_slice());
    let printed = latin1(&buffer.0.lock().expect("the buffer")).replace(&here, ETC);
    let mut parts = vec![String::new()];
    for mut line in printed.split('\n') {
        while let Some(rest) = line.strip_prefix("> ") {
            parts.push(String::new());
            line = rest;
        }
        let part = parts.last_mut().expect("a part");
        part.push_str(line);
        part.push('\n');
    }
    parts.remove(0);
    parts
}

/// The name of a rule set and `input` or `returns` in front of the workspace that a trace line shows.
fn trace(line: &str) -> Option<(&str, &str)> {
    let (_, rest) = line.split_once(' ')?;
    let (what, value) = rest.trim_start().split_once(':')?;
    ["input", "returns"].contains(&what).then_some((what, value.trim()))
}

/// The end result of a command, as the cases have it.
fn end_result(command: &str, printed: &str) -> Vec<String> {
    if command.starts_with("$=") {
        let mut lines: Vec<String> = printed.lines().map(str::to_string).collect();
        lines.sort();
        return lines.into_iter().filter(|l| !l.trim().is_empty()).collect();
    }
    let mut out: Vec<String> = Vec::new();
    for line in printed.lines().filter(|l| trace(l).is_none() && !l.trim().is_empty()) {
        let line = match line.rsplit_once(" status ") {
            Some((set, status)) if set.starts_with("== Ruleset ") => format!("== status {status}"),
            _ => line.to_string(),
        };
        if !out.contains(&line) {
            out.push(line);
        }
    }
    if command.starts_with(['/', '.', '$', '-']) {
        return out;
    }
    let last = printed.lines().rev().find_map(|l| trace(l).filter(|(what, _)| *what == "returns"));
    let mut last = last.map(|(_, value)| value.to_string()).unwrap_or_default();
    let sets = command.split_whitespace().next().unwrap_or_default();
    let set = sets.rsplit(',').next().unwrap_or_default();
    let set = set.strip_prefix("Basic_").unwrap_or(set);
    let kinds = ["relay", "mail", "rcpt", "compat", "vrfy", "expn", "etrn", "data", "eoh", "eom", "other"];
    let kind = set.strip_prefix("check").map(|k| k.strip_prefix('_').unwrap_or(k));
    if kind.is_some_and(|k| kinds.iter().any(|known| k.starts_with(known))) {
        let verdict = ["error", "discard"].iter().find_map(|v| {
            let at = last.find(&format!("$# {v}"))?;
            Some(last.get(at + 3..).unwrap_or_default().to_string())
        });
        last = format!("VERDICT {}", verdict.unwrap_or_else(|| "accept".into()));
    }
    out.push(last);
    out.retain(|l| !l.trim().is_empty());
    out
}

/// What differs between a case and what we do.
fn differences(path: &Path, dir: &Path) -> (usize, Vec<String>) {
    let case = Case::read(path);
    let printed = run(&case, dir);
    let mut wrong = Vec::new();
    for (i, (command, expected)) in case.session.iter().enumerate() {
        let got = end_result(command, printed.get(i).map(String::as_str).unwrap_or_default());
        if got != *expected {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            wrong.push(format!("{name}: {command}\n  expected {expected:?}\n  got      {got:?}"));
        }
    }
    (case.session.len(), wrong)
}

#[test]
fn cases_end_as_with_the_original() {
    let folder = repository("tests/mc");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder).expect("the cases").map(|e| e.expect("an entry").path()).collect();
    paths.retain(|p| p.extension().is_some_and(|e| e == "case"));
    paths.sort();
    assert!(paths.len() > 190, "{} cases", paths.len());
    let todo = Mutex::new(paths.into_iter());
    let done = Mutex::new((0, Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let Some(path) = todo.lock().expect("the list").next() else { return };
                    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
                    let (count, wrong) = differences(&path, dir.path());
                    let mut done = done.lock().expect("the results");
                    done.0 += count;
                    done.1.extend(wrong);
                }
            });
        }
    });
    let (count, wrong) = done.into_inner().expect("the results");
    let shown: Vec<&String> = wrong.iter().take(20).collect();
    assert!(
        wrong.is_empty(),
        "{} of {count} commands differ\n{}",
        wrong.len(),
        shown.iter().map(|w| w.as_str()).collect::<Vec<_>>().join("\n")
    );
    assert!(count > 20_000, "{count} commands");
}

/// The files that each part of a manual shows: lines that begin with a tab, in blocks that begin with a word of a .mc file.
fn shown_files(manual: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut block = String::new();
    for line in manual.lines().chain([""]) {
        match line.strip_prefix('\t') {
            Some(text) => {
                block.push_str(text);
                block.push('\n');
            }
            None if line.is_empty() && !block.is_empty() && !block.contains("MAILER(") => block.push('\n'),
            None => out.push(std::mem::take(&mut block)),
        }
    }
    out.retain(|b| b.contains("OSTYPE(") && (b.contains("MAILER(") || b.contains("nullclient") || b.contains("`msp'")));
    out
}

#[test]
fn examples_of_the_manual() {
    let manual = std::fs::read_to_string(repository("cf/README")).expect("the manual");
    let files = shown_files(&manual);
    assert!(files.len() >= 10, "{} examples", files.len());
    let machine = Machine::read();
    for mc in files {
        let (cf, messages) = build(&mc);
        assert!(messages.is_empty(), "{mc}\n{messages}");
        let (config, problems) = Config::parse(&cf, "sendmail.cf", &LoadOptions::new(&machine));
        let problems: HashMap<String, ()> = problems.iter().map(|p| (p.to_string(), ())).collect();
        let bad: Vec<&String> = problems.keys().filter(|p| !p.contains("cannot open")).collect();
        assert!(bad.is_empty(), "{mc}\n{bad:?}");
        assert!(config.mailer(b"local").is_some() && config.mailer(b"relay").is_some(), "{mc}");
    }
}

/// A folder as /etc/mail with the Makefile, and links that make the program m4 and makemap.
fn etc_mail() -> tempfile::TempDir {
    let dir = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    std::fs::copy(repository("etc/mail.Makefile"), dir.path().join("Makefile")).expect("the Makefile");
    for name in ["m4", "makemap"] {
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_sendmail"), dir.path().join(name)).expect("a link");
    }
    dir
}

fn make(dir: &Path) -> String {
    let cf = format!("CFDIR={}/", repository("cf").display());
    let output = std::process::Command::new("make")
        .args(["-C"])
        .arg(dir)
        .args([&cf, "M4=./m4", "MAKEMAP=./makemap -C sendmail.cf", "ALIASES="])
        .output()
        .expect("make runs");
    assert!(output.status.success(), "{}", latin1(&output.stderr));
    latin1(&output.stdout)
}

#[test]
fn the_makefile_rebuilds_what_changed() {
    let dir = etc_mail();
    let here = dir.path();
    std::fs::write(here.join("sendmail.mc"), "OSTYPE(`linux')dnl\nMAILER(`local')dnl\nMAILER(`smtp')dnl\n")
        .expect("a file");
    std::fs::write(here.join("access"), "To:a@\tOK\n").expect("a file");
    let first = make(here);
    assert!(first.contains("sendmail.cf.new") && first.contains("hash access"), "{first}");
    assert!(here.join("sendmail.cf").exists() && here.join("access.db").exists());
    assert!(make(here).contains("Nothing to be done"));
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(5);
    let touch =
        |name: &str| std::fs::File::options().append(true).open(here.join(name)).expect("a file").set_modified(later);
    touch("access").expect("a time");
    let second = make(here);
    assert!(second.contains("hash access") && !second.contains("sendmail.cf.new"), "{second}");
    // A file that cannot be built leaves the old one.
    std::fs::write(here.join("sendmail.mc"), "include(`nosuch')\nm4exit(1)\n").expect("a file");
    touch("sendmail.mc").expect("a time");
    let output =
        std::process::Command::new("make").arg("-C").arg(here).args(["M4=./m4", "ALIASES=", "TABLES="]).output();
    assert!(!output.expect("make runs").status.success());
    assert!(here.join("sendmail.cf").exists() && !here.join("sendmail.cf.new").exists());
}

#[test]
fn answers_of_the_set_up_build() {
    let answers: &[(&[&str], &str)] = &[
        (&[], "Mlocal,"),
        (
            &["--smart-host=[smtp.provider.example]:587", "--auth", "--masquerade=example.org"],
            "DS[smtp.provider.example]\n",
        ),
        (
            &["--relay=10.1 example.net", "--names=example.com example.org", "--listen=loopback"],
            "C{R}10.1 example.net\n",
        ),
        (&["--submission=yes", "--delivery=lmtp:/run/lmtp"], "A=FILE /run/lmtp\n"),
        (&["--null-client=hub.example.org"], "DHhub.example.org\n"),
    ];
    for (flags, wanted) in answers {
        let setup =
            std::process::Command::new("sh").arg(repository("etc/setup")).args(*flags).output().expect("sh runs");
        assert!(setup.status.success(), "{flags:?}");
        let (cf, messages) = build(&latin1(&setup.stdout));
        assert_eq!(messages, "", "{flags:?}");
        assert!(latin1(&cf).contains(wanted), "{flags:?}");
    }
    let bad = std::process::Command::new("sh").arg(repository("etc/setup")).arg("--masquerade=a'b").output();
    assert_eq!(bad.expect("sh runs").status.code(), Some(65));
}

#[test]
fn the_tree_in_front_of_a_file_that_reads_it_is_read_once() {
    let mc = "include(`/usr/share/sendmail-cf/m4/cf.m4')dnl\nOSTYPE(`linux')dnl\nMAILER(`smtp')dnl\n";
    let tree = format!("{}/", repository("cf").display());
    let mut io = Tree::default();
    let steps = [
        Step::Define(b"_CF_DIR_".to_vec(), tree.clone().into_bytes()),
        Step::File(format!("{tree}m4/cf.m4").into_bytes()),
        Step::Text(b"site.mc".to_vec(), mc.into()),
    ];
    process(&Options::default(), &steps, &mut io);
    let rules = |cf: &[u8]| {
        latin1(cf).lines().filter(|l| !l.starts_with('#') && !l.is_empty()).map(str::to_string).collect::<Vec<_>>()
    };
    assert_eq!(rules(&io.output), rules(&build(mc).0));
    assert_eq!(latin1(&io.messages), "");
}
