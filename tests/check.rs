//! `-bC`: what it finds in files full of faults, that it finds none in what the tree builds, and that nothing makes it fail.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use postrider::cf::system::Fixed;
use postrider::cli::check::{Level, Report, file, text_of};
use proptest::prelude::*;

fn system() -> Fixed {
    Fixed { host: "mail.example.test".into() }
}

/// Kinds of findings that depend on the machine that the tests run on.
const OF_THE_MACHINE: &[&str] = &[
    "mailer-program",
    "queue-missing",
    "map-missing",
    "class-file",
    "folder-missing",
    "world-writable",
    "unsafe-folder",
];

fn of_the_text(report: &Report) -> String {
    let lines = report.to_text();
    let other = |l: &&str| !OF_THE_MACHINE.iter().any(|code| l.contains(&format!("[{code}]")));
    lines.lines().filter(other).map(|l| format!("{}\n", unnumbered(l))).collect()
}

/// A line without the numbers of lines in what m4 makes: they change with the tree.
fn unnumbered(line: &str) -> String {
    if !line.contains(" of what m4 makes)") {
        return line.to_string();
    }
    let mut parts = line.split("line ");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str(if rest.len() < part.len() { "line N" } else { "line " });
        out.push_str(rest);
    }
    out
}

fn golden(name: &str) {
    let report = file(Path::new(&format!("tests/check/{name}")), &system());
    let got = of_the_text(&report);
    let _ = fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("check-{name}.out")), &got);
    let wanted = fs::read_to_string(format!("tests/check/{name}.expected")).unwrap_or_default();
    for (wanted, got) in wanted.lines().zip(got.lines()) {
        assert_eq!(got, wanted);
    }
    assert_eq!(got, wanted);
    assert_eq!(report.exit_code(), 78);
    assert!(!Path::new("tests/check/ran").exists(), "a command was run");
}

#[test]
fn faults_of_a_cf() {
    golden("bad.cf");
}

#[test]
fn faults_of_an_mc() {
    golden("bad.mc");
}

/// The .mc files of the cases for the tree, and those that come with it.
fn good_files() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for entry in fs::read_dir("tests/mc").unwrap().chain(fs::read_dir("cf/cf").unwrap()) {
        let path = entry.unwrap().path();
        if !path.is_file() {
            continue;
        }
        let text = fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&text).into_owned();
        let name = path.display().to_string();
        match path.extension().and_then(|e| e.to_str()) {
            Some("mc") => out.push((name, text)),
            Some("case") => {
                let mc = text.split("== mc\n").nth(1).unwrap().split("\n== ").next().unwrap();
                out.push((name, format!("{mc}\n")));
            }
            _ => {}
        }
    }
    out
}

/// Recorded cases that misuse the tree on purpose: what is said of them is true.
const FAULTY: &[&str] =
    &["site-luser.case", "site-mailers.case", "site-v00.case", "site-v15.case", "site-v25.case", "site-v31.case"];

#[test]
fn no_false_alarms() {
    let files = good_files();
    assert!(files.len() > 100);
    for (name, text) in files {
        let mut report = Report::new(&name);
        text_of(&name, text.as_bytes(), true, &system(), &mut report);
        if FAULTY.iter().any(|f| name.ends_with(f)) {
            assert!(!report.findings().is_empty(), "{name}");
            continue;
        }
        // What the tree itself complains of when a recorded case is built is no alarm of ours.
        let told = |code: &str| code == "mc" && name.ends_with(".case");
        let errors: Vec<_> = report.findings().iter().filter(|f| f.level == Level::Error && !told(f.code)).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
        let doubtful: Vec<_> = report
            .findings()
            .iter()
            .filter(|f| {
                !OF_THE_MACHINE.contains(&f.code) && !["bad-value", "open-relay", "deprecated", "mc"].contains(&f.code)
            })
            .collect();
        assert!(doubtful.is_empty(), "{name}: {doubtful:#?}");
    }
}

/// The codes of the findings of a configuration in `folder`.
fn codes(folder: &Path, lines: &str) -> Vec<(&'static str, Level)> {
    let cf = folder.join("t.cf");
    let lines = lines.replace("DIR", &folder.display().to_string());
    let base = "V10/Berkeley\nO QueueDirectory=DIR\nMlocal, P=[IPC], F=lsA, A=TCP $h\n";
    fs::write(&cf, format!("{base}{lines}").replace("DIR", &folder.display().to_string())).unwrap();
    let report = file(&cf, &system());
    report.findings().iter().map(|f| (f.code, f.level)).collect()
}

#[test]
fn files_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let set = |name: &str, mode: u32| fs::set_permissions(dir.join(name), fs::Permissions::from_mode(mode)).unwrap();
    assert_eq!(codes(dir, "Ka hash DIR/a\n"), [("map-missing", Level::Error)]);
    assert_eq!(codes(dir, "Ka hash -o DIR/a\n"), []);
    assert_eq!(codes(dir, "Ka hash DIR/nofolder/a\n"), [("folder-missing", Level::Warning)]);
    fs::write(dir.join("a.db"), "x").unwrap();
    fs::write(dir.join("a"), "x").unwrap();
    let old = std::time::SystemTime::now() - Duration::from_secs(100);
    fs::File::open(dir.join("a.db")).unwrap().set_modified(old).unwrap();
    assert_eq!(codes(dir, "Ka hash DIR/a\n"), [("map-stale", Level::Warning)]);
    fs::write(dir.join("a.db"), "x").unwrap();
    assert_eq!(codes(dir, "Ka hash DIR/a\n"), []);
    set("a.db", 0o666);
    assert_eq!(codes(dir, "Ka hash DIR/a\n"), [("world-writable", Level::Error)]);
    assert_eq!(codes(dir, "O ServerKeyFile=DIR/key\n"), [("key-unreadable", Level::Error)]);
    fs::write(dir.join("key"), "no key").unwrap();
    set("key", 0o644);
    assert_eq!(codes(dir, "O ServerKeyFile=DIR/key\n"), [("key-permissions", Level::Error)]);
    set("key", 0o600);
    assert_eq!(codes(dir, "O ServerKeyFile=DIR/key\n"), [("key-unreadable", Level::Error)]);
    assert_eq!(codes(dir, "O ServerCertFile=DIR/key\n"), [("key-unreadable", Level::Error)]);
    assert_eq!(codes(dir, "Mx, P=DIR/nothing, F=l, A=x\n"), [("mailer-program", Level::Warning)]);
    let relay = "O UseMSP=True\nMrelay, P=[IPC], F=m, A=TCP $h\n";
    assert_eq!(codes(dir, relay), [("msp-loop", Level::Warning)]);
    assert_eq!(codes(dir, &relay.replace("F=m", "F=mk")), []);
    fs::create_dir(dir.join("fwd")).unwrap();
    set("fwd", 0o777);
    assert_eq!(codes(dir, "O ForwardPath=DIR/fwd/$u:$z/.forward\n"), [("world-writable", Level::Error)]);
}

#[test]
fn what_is_no_file() {
    for name in ["/dev/zero", "/", "/nonexistent/x.cf"] {
        let report = file(Path::new(name), &system());
        assert_eq!(report.findings().iter().map(|f| f.code).collect::<Vec<_>>()[0], "unreadable", "{name}");
        assert_eq!(report.exit_code(), 78);
    }
}

#[test]
fn huge_files_end() {
    let start = Instant::now();
    let lines: String = (0..20_000).map(|i| format!("R$={{c{i}}} ${{m{i}}}\t$>set{i} $(map{i} $1 $)\n")).collect();
    let mut report = Report::new("t");
    text_of("t", format!("V10\nS0\n{lines}").as_bytes(), false, &system(), &mut report);
    let mut report = Report::new("t");
    text_of("t", format!("V10\nS0\n{}", "R$* a $* b\t$@ x\n".repeat(20_000)).as_bytes(), false, &system(), &mut report);
    let mut report = Report::new("t.mc");
    text_of("t.mc", "FEATUER(`x')\ndefine(`confX', `y')\n".repeat(20_000).as_bytes(), true, &system(), &mut report);
    let mut report = Report::new("t.mc");
    text_of("t.mc", b"define(`x', `x`'x')x", true, &system(), &mut report);
    assert_eq!(report.exit_code(), 78);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

/// Lines that get far into the checks.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "R[$*+=~@:a-z{} -]{0,20}\t[$#@:>()a-z0-9 ]{0,20}",
        "S[a-z0-9=]{0,6}",
        "K[a-z]{0,4} (hash|text|regex|sequence|macro) [-a-zA-Z/ .(]{0,12}",
        "M[a-z]{0,4}, P=[a-z/]{0,6}, F=[ -~]{0,8}, A=[a-z $]{0,6}",
        "O [A-Za-z]{0,14}=[ -~]{0,10}",
        "O (AliasFile|QueueDirectory|ForwardPath|ServerKeyFile|CACertFile)=[-a-z/$:,*.]{0,16}",
        "H[?$a-z{}:> ]{0,16}",
        "[CFDT][{}a-z/|@ $=]{0,16}",
        "#[<>]? ?[A-Z_()a-z]{0,10} [a-z.:0-9]{0,8}",
        "(FEATURE|MAILER|OSTYPE|LOCAL_RULE_0|define|include|divert|syscmd|esyscmd|undivert)\\(`?[a-z/_']{0,12}\\)?",
        "[ -~]{0,40}",
        ".{0,10}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_it_fail(lines in prop::collection::vec(line(), 0..25), mc in any::<bool>()) {
        let text = lines.join("\n");
        let text = if mc { text } else { format!("V10\n{text}") };
        let start = Instant::now();
        let mut report = Report::new("t");
        text_of("t", text.as_bytes(), mc, &system(), &mut report);
        prop_assert!(start.elapsed() < Duration::from_secs(30));
        let json = report.to_json();
        let framed = json.starts_with("{\"format\":1,") && json.ends_with("]}\n");
        prop_assert!(framed, "{}", json);
        prop_assert!(report.to_text().bytes().all(|b| b == b'\n' || b >= b' '));
    }

    #[test]
    fn octets_are_no_trouble(text in prop::collection::vec(any::<u8>(), 0..400), mc in any::<bool>()) {
        let mut report = Report::new("t");
        text_of("t", &text, mc, &system(), &mut report);
        report.to_json();
    }
}
