//! `/why` over a configuration that the tree builds: `tests/why/site.mc` becomes a .cf, the commands of `site.session` are
//! typed, and `site.expected` is what comes out, with the places in both files.

use std::io::Write;
use std::sync::{Arc, Mutex};

use postrider::cf::Config;
use postrider::cf::load::LoadOptions;
use postrider::cf::system::Fixed;
use postrider::cli::levels::Levels;
use postrider::cli::test_mode::{Out, TestMode};
use postrider::dns::{Data, FakeResolver, RecordKind};
use postrider::m4::{Io, Options, Step, process};
use postrider::map::{MapEnv, MapSet};
use proptest::prelude::*;

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<Vec<u8>>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Files of this folder, nothing else.
#[derive(Default)]
struct Files {
    output: Vec<u8>,
    messages: Vec<u8>,
}

impl Io for Files {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        std::fs::read(String::from_utf8_lossy(path).as_ref()).map_err(|_| "No such file or directory".into())
    }
    fn output(&mut self, text: &[u8]) -> bool {
        self.output.extend_from_slice(text);
        true
    }
    fn diagnostic(&mut self, text: &[u8]) {
        self.messages.extend_from_slice(text);
    }
}

/// The configuration that the tree makes of a .mc file.
fn built(mc: &str) -> Vec<u8> {
    let mut io = Files::default();
    let steps = [
        Step::Define(b"_CF_DIR_".to_vec(), b"cf/".to_vec()),
        Step::Define(b"_PROCMAIL_".to_vec(), b"no".to_vec()),
        Step::File(b"cf/m4/cf.m4".to_vec()),
        Step::File(mc.as_bytes().to_vec()),
    ];
    assert_eq!(process(&Options::default(), &steps, &mut io), 0);
    assert_eq!(String::from_utf8_lossy(&io.messages), "");
    let text = String::from_utf8(io.output).unwrap();
    text.replace("WHY/", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/why/")).into_bytes()
}

fn resolver() -> FakeResolver {
    FakeResolver::new()
        .host("mail.friend.example", "192.0.2.10".parse().unwrap())
        .with("99.2.0.192.list.example.org", RecordKind::A, Data::Address("127.0.0.2".parse().unwrap()))
        .with("ok.example", RecordKind::A, Data::Address("192.0.2.11".parse().unwrap()))
}

/// The text with the numbers of the built file's lines left out: they change with the tree.
fn unnumbered(text: &str) -> String {
    let mut parts = text.split("site.cf:");
    let mut out = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        assert!(rest.len() < part.len(), "a line has a number: {part}");
        out.push_str("site.cf:N");
        out.push_str(rest);
    }
    out
}

/// What the test mode prints for `commands` over the configuration, whose file is `name`.
fn answers(cf: &[u8], name: &str, commands: &[u8]) -> String {
    let system = Fixed { host: "mail.example.test".into() };
    let mut options = LoadOptions::new(&system);
    options.test_mode = true;
    options.op_mode = b't';
    let (config, _) = Config::parse(cf, name, &options);
    let resolver = Arc::new(resolver());
    let (maps, problems) = MapSet::open(&config.maps, MapEnv::new(resolver.clone(), Arc::new(postrider::user::Passwd)));
    assert_eq!(problems, []);
    let buffer = Buffer::default();
    let out = Out::new(Box::new(buffer.clone()));
    let mut mode = TestMode::new(config, Arc::new(maps), resolver, out, Levels::default(), 0);
    mode.run(&mut &commands[..]);
    let bytes = buffer.0.lock().unwrap().clone();
    String::from_utf8(bytes).expect("visible text")
}

#[test]
fn decisions_are_explained() {
    let cf = built("tests/why/site.mc");
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("why-site.cf");
    std::fs::write(&file, &cf).unwrap();
    let name = file.display().to_string();
    let got = answers(&cf, &name, &std::fs::read("tests/why/site.session").unwrap());
    let got = got.replace(&name, "site.cf").replace(concat!(env!("CARGO_MANIFEST_DIR"), "/"), "");
    let got = unnumbered(&got);
    std::fs::write(file.with_extension("out"), &got).unwrap();
    let wanted = std::fs::read_to_string("tests/why/site.expected").unwrap_or_default();
    for (number, (wanted, got)) in wanted.lines().zip(got.lines()).enumerate() {
        assert_eq!(got, wanted, "line {}", number + 1);
    }
    assert_eq!(got, wanted);
}

/// Addresses and whatever else may follow `/why`.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{0,60}",
        "mail [!-~]{0,30} [!-~]{0,30} [!-~]{0,30}",
        "[a-z+.%!@:;,<>()\\[\\]\"\\\\]{0,60}",
        "(a@b[.]c ){0,40}",
        "\\PC{0,20}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_makes_it_fail(lines in prop::collection::vec(words(), 1..6)) {
        let cf = built("tests/why/site.mc");
        let commands: String = lines.iter().map(|l| format!("/why {l}\n")).collect();
        let start = std::time::Instant::now();
        let got = answers(&cf, "/nonexistent/site.cf", commands.as_bytes());
        prop_assert!(start.elapsed() < std::time::Duration::from_secs(20));
        prop_assert!(got.len() < 1 << 20);
        prop_assert!(got.bytes().all(|b| b == b'\n' || (b' '..=b'~').contains(&b)), "{}", got);
    }
}
