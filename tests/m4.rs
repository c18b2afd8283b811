//! m4 against what GNU m4 1.4.19 prints.
//!
//! `golden` runs every `tests/m4/*.m4` through the program itself; `NAME.expected` holds the standard output, the
//! standard error and the exit code that the system's m4 gave (the first line of a file may ask for options:
//! `dnl options: -s -dV`).
//!
//! `same_as_system_m4` makes programs from a seed and compares with the system's m4, if it is installed and is GNU's.
//! The longer run: `M4_PROGRAMS=1000000 M4_SEED=7 cargo test --release --test m4 same_as_system_m4 -- --nocapture`
//! (it prints each program that differs and goes on to the end).
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use postrider::m4::{Debug, Io, Limits, Options, Step, process};

#[path = "m4/generate.rs"]
mod generate;

/// What a run printed, and its exit code.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    out: Vec<u8>,
    err: Vec<u8>,
    code: i32,
}

fn run(mut command: Command, input: &[u8]) -> Ran {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.env_remove("M4PATH").env("LC_ALL", "C").spawn().expect("m4 starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let bytes = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&bytes)));
    let output = child.wait_with_output().expect("m4 ends");
    writer.join().expect("the writer ends");
    Ran { out: output.stdout, err: output.stderr, code: output.status.code().unwrap_or(-1) }
}

fn ours() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendmail"));
    command.arg0("m4");
    command
}

fn show(ran: &Ran) -> String {
    let (out, err) = (String::from_utf8_lossy(&ran.out), String::from_utf8_lossy(&ran.err));
    format!("--- stdout\n{out}\n--- stderr\n{err}\n--- exit {}\n", ran.code)
}

#[test]
fn golden() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/m4");
    let mut seen = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "m4") {
            continue;
        }
        seen += 1;
        let text = std::fs::read_to_string(&path).expect("a program");
        let options = text.lines().next().and_then(|l| l.strip_prefix("dnl options: ")).unwrap_or("");
        let mut command = ours();
        command.current_dir(&folder).args(options.split_whitespace()).arg(path.file_name().expect("a name"));
        let ran = show(&run(command, b"standard input __line__\n"));
        let expected = std::fs::read_to_string(path.with_extension("expected")).expect("what is expected");
        assert_eq!(ran, expected, "{}", path.display());
    }
    assert!(seen > 5);
}

#[test]
fn command_line() {
    let cases: &[(&[&str], &str, &str, i32)] = &[
        (&["-Dx=1", "-", "-Dx=2", "-Uy"], "1", "", 0),
        (&["--def", "x=3"], "", "m4: option '--def' is ambiguous", 1),
        (&["--define=x=3", "-Dy"], "3", "", 0),
        (&["--undefine", "x", "-Q", "-E"], "x", "", 0),
        (&["--bogus"], "", "m4: unrecognized option '--bogus'\nTry `m4 --help' for more information.\n", 1),
        (&["-D"], "", "m4: option requires an argument -- 'D'\nTry `m4 --help' for more information.\n", 1),
        (&["/nonexistent"], "", "m4: cannot open `/nonexistent': No such file or directory\n", 1),
    ];
    for (args, out, err, code) in cases {
        let mut command = ours();
        command.args(*args);
        let ran = run(command, b"x");
        if *err == "m4: option '--def' is ambiguous" {
            // `--def` can only mean `--define`.
            assert_eq!((ran.out.as_slice(), ran.code), (&b"3"[..], 0));
            continue;
        }
        let got = (String::from_utf8_lossy(&ran.out).into_owned(), String::from_utf8_lossy(&ran.err).into_owned());
        assert_eq!((got.0.as_str(), got.1.as_str(), ran.code), (*out, *err, *code), "{args:?}");
    }
}

/// The surroundings of generated programs: one file to include, nothing else.
#[derive(Default)]
struct Memory {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Io for Memory {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        if path == generate::INCLUDED.as_bytes() {
            return std::fs::read(generate::included_path()).map_err(|e| e.to_string());
        }
        Err(if path == b"/" { "Is a directory" } else { "No such file or directory" }.into())
    }
    fn output(&mut self, text: &[u8]) -> bool {
        self.out.extend_from_slice(text);
        true
    }
    fn diagnostic(&mut self, text: &[u8]) {
        self.err.extend_from_slice(text);
    }
}

fn engine(args: &[&str], program: &[u8]) -> Ran {
    let mut options = Options {
        limits: Limits { calls: 20_000, expansion: 1 << 20, output: 1 << 20, nesting: 1000 },
        ..Options::default()
    };
    let mut steps = Vec::new();
    for arg in args {
        match *arg {
            "-G" => options.traditional = true,
            "-P" => options.prefix = true,
            "-Q" => options.quiet = true,
            "-E" => options.fatal_warnings += 1,
            "-s" => steps.push(Step::SyncLines),
            "-l7" => options.arg_length = 7,
            arg => match (arg.strip_prefix("-d"), arg.strip_prefix("-t")) {
                (Some(flags), _) => options.debug = Debug::parse(flags.as_bytes()).expect("flags"),
                (_, Some(name)) => steps.push(Step::Trace(name.into())),
                _ => panic!("unknown option {arg}"),
            },
        }
    }
    steps.push(Step::Text(b"stdin".to_vec(), program.to_vec()));
    let mut io = Memory::default();
    let code = process(&options, &steps, &mut io);
    Ran { out: io.out, err: io.err, code: code.into() }
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|v| v.parse().ok()).unwrap_or(default)
}

#[test]
fn same_as_system_m4() {
    let version = Command::new("m4").arg("--version").output();
    if !version.is_ok_and(|o| o.stdout.starts_with(b"m4 (GNU M4) 1.4.19")) {
        eprintln!("no GNU m4 1.4.19 here: not compared");
        return;
    }
    let mut random = generate::Random::new(number("M4_SEED", 1));
    let programs = number("M4_PROGRAMS", 2500);
    let long = std::env::var_os("M4_PROGRAMS").is_some();
    let (mut compared, mut different) = (0u64, 0u64);
    for _ in 0..programs {
        let (args, program) = generate::program(&mut random);
        let ours = engine(&args, program.as_bytes());
        let messages = String::from_utf8_lossy(&ours.err);
        if (messages.contains("ERROR: ") && messages.contains("exceeded"))
            || messages.contains("too many nested macro calls")
            || messages.contains("switched off")
        {
            continue;
        }
        // Bounded, should it not end where ours did.
        let mut command = Command::new("sh");
        command.args(["-c", "ulimit -v 400000 && exec timeout 10 m4 \"$@\"", "m4"]);
        command.args(&args).current_dir(generate::included_path().parent().expect("a folder"));
        let theirs = run(command, program.as_bytes());
        compared += 1;
        if ours != theirs {
            different += 1;
            let text = format!("m4 {args:?}\n{program}\n=== ours\n{}=== theirs\n{}", show(&ours), show(&theirs));
            assert!(long, "{text}");
            println!("{text}");
        }
    }
    assert!(compared > programs / 2, "too many programs did not end");
    assert_eq!(different, 0, "of {compared}");
}
