//! Random configurations, addresses, commands and table files, as many as `CAMPAIGN` says (`make campaign`; a few by default): no
//! panic, an end in seconds, output in bounds.

use std::io::{Cursor, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use postrider::cf::load::LoadOptions;
use postrider::cf::system::Fixed;
use postrider::cf::{Config, MapDef};
use postrider::cli::levels::Levels;
use postrider::cli::test_mode::{Out, TestMode};
use postrider::db::{Table, write_btree, write_cdb, write_hash};
use postrider::dns::FakeResolver;
use postrider::map::{MapEnv, MapSet};
use postrider::rewrite::prescan::CharTable;
use postrider::rewrite::{Kind, Scope, crackaddr, parse_address, remote_name};
use postrider::user::Passwd;

/// How long one input (a dozen runs of rules, each with its own budget) may take in a debug build beside other work.
const PATIENCE: Duration = Duration::from_secs(90);

/// What is worth a line of the test's output.
const SLOW: Duration = Duration::from_secs(1);

/// The inputs of each kind: the first `CAMPAIGN`, or that of the number `CAMPAIGN_INPUT` alone, to see a failure again.
fn inputs() -> Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|n| n.parse().ok());
    match number("CAMPAIGN_INPUT") {
        Some(one) => one..one + 1,
        None => 0..number("CAMPAIGN").unwrap_or(300),
    }
}

/// Where the numbers start: another value gives other inputs.
fn seed() -> u64 {
    std::env::var("CAMPAIGN_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1)
}

/// Numbers that look random and are the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn new(input: u64) -> Dice {
        Dice((seed() << 40 ^ input).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % below.max(1)
    }
    fn one<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.roll(of.len())]
    }
    fn text(&mut self, of: &[&str], most: usize) -> String {
        (0..self.roll(most)).map(|_| self.one(of)).collect()
    }
}

const RULE: &[&str] = &[
    "$*", "$+", "$-", "$@ ", "$: ", "$#local", "$#error", "$1", "$2", "$9", "$=w", "$~w", "$&m", "$m", "${mm}", "$| ",
    "$>A ", "$>3 ", "$(n ", "$(t ", "$(x ", "$)", "$[ ", "$]", "$?m ", "$.", "a", "b.c", "@", "<", ">", ".", "%", "!",
    ":", "\"q\"", " ", "(", ")", "\\", "$", "{", "}", "\u{9b}", "é",
];
const LINE: &[&str] = &[
    "D",
    "C",
    "O ",
    "O",
    "M",
    "K",
    "H",
    "P",
    "V",
    "E",
    "T",
    "X",
    "Q",
    "S",
    "{",
    "}",
    "a",
    "foo",
    "w",
    "=",
    "/",
    ",",
    " ",
    "\t",
    "\n ",
    "$=w",
    "$?x a$|b$.",
    "P=",
    "A=",
    "F=",
    "S=",
    "1",
    "99",
    "3d",
    "5m",
    "Timeout.",
    "hash",
    "regex ^(a*)*$",
    "host",
    "null",
    ":",
    "@",
    "%s",
    "-o ",
    "-a.x ",
    "\"",
    "\\",
    "#",
    "AliasFile",
    "DaemonPortOptions",
    "Name=x",
    "é",
    "\u{0}",
];
const ADDRESS: &[&str] = &[
    "a",
    "user",
    "@",
    ".",
    "b.com",
    "<",
    ">",
    "(",
    ")",
    "\"",
    "\\",
    ",",
    ";",
    ":",
    "::",
    "%",
    "!",
    "[1.2.3.4]",
    "[",
    "]",
    " ",
    "\t",
    "é",
    "\u{85}",
    "\u{ff}",
    "@r1,@r2:",
    "grp: ",
    "\"q s\"",
    "+",
    "|",
    "/",
    "$",
    "\u{1}",
];
const COMMAND: &[&str] = &[
    "A ",
    "3,0 ",
    "3,A,zz ",
    "/parse ",
    "/try local ",
    "/try smtp ",
    "/tryflags ",
    "/map n ",
    "/map t ",
    "/canon ",
    "/mx ",
    "/why ",
    "/header ",
    ".D",
    ".C",
    "=S",
    "=M",
    "$",
    "$=",
    "-d21.",
    "-d",
    "?",
    "#",
    "/",
    "=",
    ".",
];

fn configuration(dice: &mut Dice) -> Vec<u8> {
    let mut text = String::from(
        "V10\nO OperatorChars=.:%@!^/[]+\nDmx.y\nD{mm}a b\nCwa b.c d@e\nKn null\nKt arith\nKx regex -s1,2 (.*)(b*)\n\
         Mlocal, P=/x, F=l, S=A, R=3, A=x\nMsmtp, P=[IPC], F=m, A=TCP $h\n",
    );
    for set in ["A", "3", "0", "4"] {
        text.push_str(&format!("S{set}\n"));
        for _ in 0..dice.roll(4) {
            let (left, right) = (dice.text(RULE, 7), dice.text(RULE, 9));
            text.push_str(&format!("R{left}\t{right}\n"));
        }
    }
    for _ in 0..dice.roll(5) {
        let line = dice.text(LINE, 12);
        // No program is to be run, and no file read, because of a random line.
        if !line.starts_with('F') && !line.contains("\nF") {
            text.push_str(&line);
            text.push('\n');
        }
    }
    latin(&text)
}

/// One octet for each character.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

/// What is being tried, in a file that stays when the trial fails, hangs or is killed.
struct Trial {
    path: PathBuf,
    name: String,
    start: Instant,
}

impl Trial {
    fn begin(kind: &str, input: u64, what: &[u8]) -> Trial {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("campaign-{}-{kind}.input", std::process::id()));
        let name = format!("{kind}: input {input} of seed {}", seed());
        std::fs::write(&path, [name.as_bytes(), b"\n", what].concat()).unwrap();
        Trial { path, name, start: Instant::now() }
    }
}

impl Drop for Trial {
    fn drop(&mut self) {
        let took = self.start.elapsed();
        if std::thread::panicking() || took > PATIENCE {
            eprintln!("{} failed after {took:?}; it is in {}", self.name, self.path.display());
            assert!(std::thread::panicking(), "{} took {took:?}", self.name);
            return;
        }
        if took > SLOW {
            eprintln!("{} took {took:?}", self.name);
        }
        let _ = std::fs::remove_file(&self.path);
    }
}

#[derive(Clone, Default)]
struct Buffer(Arc<Mutex<usize>>);

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        *self.0.lock().unwrap() += bytes.len();
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A configuration, addresses through its rules, and a session of the test mode.
#[test]
fn configurations_addresses_and_commands() {
    let system = Fixed { host: "mail.example.test".into() };
    for input in inputs() {
        let mut dice = Dice::new(input);
        let cf = configuration(&mut dice);
        let addresses: Vec<(Vec<u8>, usize)> = (0..3).map(|_| (latin(&dice.text(ADDRESS, 14)), dice.roll(6))).collect();
        let commands: Vec<u8> =
            (0..6).flat_map(|_| latin(&format!("{}{}\n", dice.one(COMMAND), dice.text(ADDRESS, 8)))).collect();
        let asked: Vec<u8> = addresses.iter().flat_map(|(a, _)| [a, &b"\n"[..]].concat()).collect();
        let _trial = Trial::begin("configuration", input, &[&cf, &b"--\n"[..], &asked, b"--\n", &commands].concat());
        let mut options = LoadOptions::new(&system);
        options.test_mode = true;
        let (config, _) = Config::parse(&cf, "t.cf", &options);
        let env = MapEnv::new(Arc::new(FakeResolver::new()), Arc::new(Passwd));
        let (maps, _) = MapSet::open(&config.maps, env);
        let mut macros = config.layer();
        for (address, mailer) in &addresses {
            let mut scope = Scope::new(&config, &mut macros, &maps);
            let _ = parse_address(&mut scope, address, Kind::EnvelopeSender);
            let _ = remote_name(&mut scope, address, Kind::HeaderRecipient, *mailer, None);
            let cracked = crackaddr(address, &config).len();
            assert!(cracked <= 2 * address.len() + 16, "{cracked} octets");
        }
        let written = Buffer::default();
        let out = Out::new(Box::new(written.clone()));
        let resolver = Arc::new(FakeResolver::new());
        TestMode::new(config, Arc::new(maps), resolver, out, Levels::default(), 0).run(&mut &commands[..]);
        let written = *written.0.lock().unwrap();
        assert!(written < 64 << 20, "{written} octets");
    }
}

/// Tables with octets changed, cut off or repeated: every key gets an answer or an error.
#[test]
fn broken_tables() {
    let pairs: Vec<(Vec<u8>, Vec<u8>)> =
        (0..400u32).map(|i| (format!("key{i}").into_bytes(), vec![b'v'; (i as usize * 37) % 900])).collect();
    let mut good: Vec<(Vec<u8>, bool)> = Vec::new();
    for (write, cdb) in [(0, false), (1, false), (2, true)] {
        let mut file = Cursor::new(Vec::new());
        match write {
            0 => write_hash(&mut file, &pairs, false).unwrap(),
            1 => write_btree(&mut file, &pairs, false).unwrap(),
            _ => write_cdb(&mut file, &pairs).unwrap(),
        }
        good.push((file.into_inner(), cdb));
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("campaign-{}.db", std::process::id()));
    for input in inputs() {
        let mut dice = Dice::new(input);
        let (bytes, cdb) = &good[dice.roll(good.len())];
        let mut bytes = bytes.clone();
        for _ in 0..1 + dice.roll(12) {
            // Most of what matters stands at the start of the pages.
            let page = 4096 * dice.roll(bytes.len() / 4096 + 1);
            let at = page + if dice.roll(2) == 0 { dice.roll(64) } else { dice.roll(4096) };
            let new = [0, 1, 0xff, 0x7f, 0x80, dice.roll(256) as u8][dice.roll(6)];
            if let Some(octet) = bytes.get_mut(at) {
                *octet = new;
            }
        }
        if dice.roll(8) == 0 {
            bytes.truncate(dice.roll(bytes.len()));
        }
        std::fs::write(&path, &bytes).unwrap();
        let _trial = Trial::begin("table", input, &bytes);
        if let Ok(table) = Table::open(std::fs::File::open(&path).unwrap(), *cdb) {
            for _ in 0..4 {
                let _ = table.get(format!("key{}", dice.roll(450)).as_bytes());
            }
            let mut seen = 0usize;
            let _ = table.walk(&mut |key, value| {
                seen += key.len() + value.len() + 1;
                seen < 64 << 20
            });
        }
    }
    let _ = std::fs::remove_file(&path);
}

/// Words of rules and lines of text tables.
#[test]
fn words_and_text_tables() {
    let chars = CharTable::new(b".:%@!^/[]+");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("campaign-{}.txt", std::process::id()));
    for input in inputs() {
        let mut dice = Dice::new(input);
        let text = latin(&dice.text(ADDRESS, 40));
        let words = postrider::rewrite::prescan::rule_words(&text, &chars);
        assert!(words.concat().len() <= text.len());
        let lines: String = (0..dice.roll(6)).map(|_| format!("{}\n", dice.text(ADDRESS, 9))).collect();
        std::fs::write(&path, latin(&lines)).unwrap();
        let _trial = Trial::begin("text", input, &[&text[..], b"\n--\n", &latin(&lines)].concat());
        let flags = dice.text(&["-k1 ", "-v2 ", "-z: ", "-m ", "-a.x ", "-f ", "-v-1 ", "-k99999999999 "], 4);
        let definition = MapDef {
            name: "m".into(),
            class: "text".into(),
            args: [flags.as_bytes(), path.as_os_str().as_encoded_bytes()].concat(),
            file: "t.cf".into(),
            line: 1,
        };
        let env = MapEnv::new(Arc::new(FakeResolver::new()), Arc::new(Passwd));
        let (maps, _) = MapSet::open(&[definition], env);
        let _ = maps.probe("m", &latin(&dice.text(ADDRESS, 3)), &mut postrider::cf::Macros::new());
    }
    let _ = std::fs::remove_file(&path);
}
