//! How long two things take that every message or start pays for: `check_rcpt` with three tables of 100,000 keys, and reading a
//! configuration, in processor time. `cargo bench --bench speed`; it makes its tables in a temporary directory.

use nix::sys::resource::{UsageWho, getrusage};
use postrider::cf::load::LoadOptions;
use postrider::cf::system::Fixed;
use postrider::cf::{Config, Macros};
use postrider::db::write_hash;
use postrider::dns::FakeResolver;
use postrider::m4::{Io, Options, Step, process};
use postrider::map::{MapEnv, MapSet};
use postrider::rewrite::{self, Kind, Scope, Verdict};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const KEYS: usize = 100_000;
const ROUNDS: usize = 20_000;

fn main() {
    // `cargo test --all-targets` only builds it.
    if !std::env::args().any(|a| a == "--bench") {
        return;
    }
    let dir = tempfile::tempdir().expect("directory");
    let text = generate(dir.path());
    let lines = text.split(|b| *b == b'\n').count();
    let begin = used();
    for _ in 0..100 {
        assert!(read(&text).rulesets.find("check_rcpt").is_some());
    }
    println!("reading a configuration of {lines} lines: {:.2} ms", (used() - begin).as_secs_f64() * 10.0);
    make_tables(dir.path());
    let config = read(&text);
    let env = MapEnv::new(Arc::new(FakeResolver::new()), Arc::new(postrider::user::Passwd));
    let (maps, problems) = MapSet::open(&config.maps, env);
    assert!(problems.is_empty(), "{:?}", problems.iter().map(|p| &p.text).collect::<Vec<_>>());
    let show = |what: &str, time: Duration| println!("{what}: {:.1} us", time.as_secs_f64() * 1e6 / ROUNDS as f64);
    // Tables that were just written are asked anew each time; after two seconds answers are remembered.
    show("check_rcpt, new tables, other addresses each time", run(&config, &maps, 1));
    std::thread::sleep(Duration::from_secs(4));
    show("check_rcpt, other addresses each time", run(&config, &maps, 1));
    show("check_rcpt, the same few addresses", run(&config, &maps, ROUNDS / 10));
    show("the route of a recipient, other addresses each time", route(&config, &maps));
}

/// The processor time of this process: others may be at work.
fn used() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("getrusage");
    let of = |t: nix::sys::time::TimeVal| Duration::new(t.tv_sec() as u64, t.tv_usec() as u32 * 1000);
    of(usage.user_time()) + of(usage.system_time())
}

/// The macro tree of this repository, and nothing else.
struct Tree(Vec<u8>);

impl Io for Tree {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        let path = String::from_utf8_lossy(path).into_owned();
        std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).map_err(|e| e.to_string())
    }

    fn output(&mut self, text: &[u8]) -> bool {
        self.0.extend_from_slice(text);
        true
    }

    fn diagnostic(&mut self, text: &[u8]) {
        eprint!("{}", String::from_utf8_lossy(text));
    }
}

fn generate(dir: &Path) -> Vec<u8> {
    let dir = dir.display();
    let mc = format!(
        "OSTYPE(linux)dnl\nDOMAIN(generic)dnl\nFEATURE(`access_db', `hash -T<TMPF> {dir}/access')dnl\n\
         FEATURE(`virtusertable', `hash {dir}/virtusertable')dnl\nFEATURE(`mailertable', `hash {dir}/mailertable')dnl\n\
         FEATURE(`blocklist_recipients')dnl\nFEATURE(`accept_unresolvable_domains')dnl\nVIRTUSER_DOMAIN(`v1.test')dnl\n\
         MAILER(local)dnl\nMAILER(smtp)dnl\n"
    );
    let mut io = Tree(Vec::new());
    let steps = [
        Step::Define(b"_CF_DIR_".to_vec(), b"cf/".to_vec()),
        Step::Define(b"_PROCMAIL_".to_vec(), b"no".to_vec()),
        Step::File(b"cf/m4/cf.m4".to_vec()),
        Step::Text(b"bench.mc".to_vec(), mc.into_bytes()),
    ];
    assert_eq!(process(&Options::default(), &steps, &mut io), 0);
    io.0
}

fn read(text: &[u8]) -> Config {
    let system = Fixed { host: "mail.example.test".into() };
    Config::parse(text, "bench.cf", &LoadOptions::new(&system)).0
}

fn make_tables(dir: &Path) {
    let tables: [(&str, fn(usize) -> (String, String)); 3] = [
        ("access", |n| match n % 3 {
            0 => (format!("to:d{n}.test"), "RELAY".into()),
            1 => (format!("connect:10.{}.{}.{}", n >> 16, n >> 8 & 255, n & 255), "OK".into()),
            _ => (format!("from:d{n}.test"), "REJECT".into()),
        }),
        ("virtusertable", |n| (format!("user{n}@v{}.test", n % 100), format!("local{n}"))),
        ("mailertable", |n| (format!("d{n}.test"), "esmtp:[192.0.2.1]".into())),
    ];
    for (name, pair) in tables {
        let pairs: Vec<(String, String)> = (0..KEYS).map(pair).collect();
        let mut file = std::fs::File::create(dir.join(format!("{name}.db"))).expect("table");
        write_hash(&mut file, &pairs, false).expect("table");
    }
}

fn session(config: &Config) -> Macros {
    let mut macros = config.layer();
    let facts = [
        ("{client_addr}", "192.0.2.77"),
        ("{client_name}", "client.elsewhere.test"),
        ("{client_resolve}", "OK"),
        ("{daemon_flags}", ""),
        ("{mail_host}", "elsewhere.test."),
        ("{mail_addr}", "someone@elsewhere.test"),
        ("{mail_from}", "<someone@elsewhere.test>"),
        ("{addr_type}", "e r"),
        ("f", "someone@elsewhere.test"),
        ("r", "ESMTP"),
    ];
    facts.iter().for_each(|(name, value)| macros.set(name, value));
    macros
}

/// Every address is used `same` times in a row.
fn run(config: &Config, maps: &MapSet, same: usize) -> Duration {
    let mut macros = session(config);
    let begin = used();
    for n in 0..ROUNDS {
        let n = n / same * 3;
        let address = format!("<user{n}@d{n}.test>");
        let verdict = rewrite::check(&mut Scope::new(config, &mut macros, maps), "check_rcpt", &[address.as_bytes()]);
        assert!(verdict.is_accept() && verdict != Verdict::Undefined, "{address}: {verdict:?}");
    }
    used() - begin
}

fn route(config: &Config, maps: &MapSet) -> Duration {
    let mut macros = session(config);
    let begin = used();
    for n in 0..ROUNDS {
        let address = format!("<user{n}@d{n}.test>");
        let mut scope = Scope::new(config, &mut macros, maps);
        assert!(rewrite::parse_address(&mut scope, address.as_bytes(), Kind::EnvelopeRecipient).is_ok());
    }
    used() - begin
}
