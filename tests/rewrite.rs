//! Sessions of the address test mode against what the original answers: `tests/rewrite/NAME.cf` is read, the commands of
//! `NAME.session` are typed, and every octet of `NAME.expected` has to come out.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use postrider::cf::Config;
use postrider::cf::load::LoadOptions;
use postrider::cf::system::{Account, Fixed, Interface, Resolved, System};
use postrider::cli::levels::Levels;
use postrider::cli::test_mode::{Out, TestMode};
use postrider::dns::FakeResolver;
use postrider::map::{MapEnv, MapSet, complaints};

/// A machine called mail.example.test.
struct Host(Fixed);

impl System for Host {
    fn host_name(&self) -> String {
        self.0.host_name()
    }
    fn resolve(&self, _: &str) -> Option<Resolved> {
        Some(Resolved {
            canonical: self.0.host.clone(),
            aliases: vec!["mail".into()],
            addresses: vec!["127.0.0.1".parse().unwrap()],
        })
    }
    fn names_of(&self, _: std::net::IpAddr) -> Vec<String> {
        Vec::new()
    }
    fn interfaces(&self) -> Vec<Interface> {
        Vec::new()
    }
    fn user(&self, name: &str) -> Option<Account> {
        self.0.user(name)
    }
    fn group(&self, name: &str) -> Option<u32> {
        self.0.group(name)
    }
    fn tcp_port(&self, service: &str) -> Option<u16> {
        self.0.tcp_port(service)
    }
}

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

/// What the test mode prints for a configuration and a session.
fn session(cf: &[u8], commands: &[u8]) -> Vec<u8> {
    let system = Host(Fixed { host: "mail.example.test".into() });
    let earlier = std::cell::RefCell::new(Vec::new());
    let check = |def: &postrider::cf::MapDef| complaints(def, &mut earlier.borrow_mut());
    let mut options = LoadOptions::new(&system);
    options.version = "8.17.1.9";
    options.test_mode = true;
    options.op_mode = b't';
    options.map_check = Some(&check);
    options.map_ask = Some(&postrider::cli::class_maps::ask);
    let (config, problems) = Config::parse(cf, "/etc/mail/test.cf", &options);
    let resolver = Arc::new(FakeResolver::new());
    let env = MapEnv::new(resolver.clone(), Arc::new(postrider::user::Passwd));
    let (maps, _) = MapSet::open(&config.maps, env);
    let buffer = Buffer::default();
    let out = Out::new(Box::new(buffer.clone()));
    for p in &problems {
        out.text(&p.to_string());
    }
    let mut mode = TestMode::new(config, Arc::new(maps), resolver, out, Levels::default(), 0);
    mode.run(&mut &commands[..]);
    let text = buffer.0.lock().unwrap().clone();
    text
}

/// Shows the first line that differs.
fn compare(name: &str, expected: &[u8], got: &[u8]) {
    let lines = |t: &[u8]| t.split(|b| *b == b'\n').map(|l| l.escape_ascii().to_string()).collect::<Vec<_>>();
    let (expected, got) = (lines(expected), lines(got));
    for (i, want) in expected.iter().enumerate() {
        assert_eq!(got.get(i), Some(want), "{name}: line {}", i + 1);
    }
    assert_eq!(expected.len(), got.len(), "{name}: number of lines");
}

#[test]
fn recorded_sessions() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rewrite");
    let mut count = 0;
    for entry in std::fs::read_dir(&dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "cf") {
            let read = |ext: &str| std::fs::read(path.with_extension(ext)).unwrap();
            let got = session(&read("cf"), &read("session"));
            compare(&path.display().to_string(), &read("expected"), &got);
            count += 1;
        }
    }
    assert!(count > 5);
}
