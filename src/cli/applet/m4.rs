//! m4(1): options and files as GNU m4 takes them, mixed and in order.
use std::ffi::{CString, OsStr, OsString};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use nix::errno::Errno;

use crate::m4::{Debug, Io, Limits, Options, Step, process};

/// An option: its letter, its long names, and whether it takes a value.
struct Opt {
    letter: u8,
    names: &'static [&'static str],
    value: Value,
    help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Value {
    No,
    Yes(&'static str),
    Maybe(&'static str),
}

const fn opt(letter: u8, names: &'static [&'static str], value: Value, help: &'static str) -> Opt {
    Opt { letter, names, value, help }
}

/// Every option; letters above 127 have a long name only.
const OPTIONS: &[Opt] = &[
    opt(b'D', &["define"], Value::Yes("NAME[=VALUE]"), "define a macro"),
    opt(b'U', &["undefine"], Value::Yes("NAME"), "forget a macro"),
    opt(b'I', &["include"], Value::Yes("FOLDER"), "search this folder for included files too"),
    opt(b's', &["synclines"], Value::No, "write `#line' marks"),
    opt(b'P', &["prefix-builtins"], Value::No, "call the builtins m4_define, m4_include, ..."),
    opt(b'G', &["traditional"], Value::No, "without the extensions of GNU"),
    opt(b'g', &["gnu"], Value::No, "with them, in spite of an earlier -G"),
    opt(b'Q', &["quiet", "silent"], Value::No, "without warnings"),
    opt(b'E', &["fatal-warnings"], Value::No, "warnings make the exit code 1; twice: the first ends the run"),
    opt(b'L', &["nesting-limit"], Value::Yes("NUMBER"), "calls that may be nested, 0 for any number"),
    opt(b'H', &["hashsize"], Value::Yes("NUMBER"), "ignored"),
    opt(b'd', &["debug"], Value::Maybe("FLAGS"), "what traces show: some of aceflipqtxV; aeq if none is given"),
    opt(b't', &["trace"], Value::Yes("NAME"), "trace this macro"),
    opt(b'l', &["arglength"], Value::Yes("NUMBER"), "cut what traces show"),
    opt(b'o', &["error-output"], Value::Yes("FILE"), "as --debugfile"),
    opt(b'e', &[], Value::No, "as -i"),
    opt(b'i', &["interactive"], Value::No, "ignored: output is never held back at the end of input"),
    opt(b'B', &[], Value::Yes("NUMBER"), "ignored"),
    opt(b'N', &["diversions"], Value::Yes("NUMBER"), "ignored"),
    opt(b'S', &[], Value::Yes("NUMBER"), "ignored"),
    opt(b'T', &[], Value::Yes("NUMBER"), "ignored"),
    opt(200, &["debugfile"], Value::Maybe("FILE"), "where traces go; nowhere for an empty name"),
    opt(201, &["warn-macro-sequence"], Value::Maybe("REGEXP"), "warn of definitions that match"),
    opt(202, &["help"], Value::No, "show this and stop"),
    opt(203, &["version"], Value::No, "show the version and stop"),
];

/// What `--warn-macro-sequence` looks for by itself.
const SEQUENCE: &[u8] = br"\$\({[^}]*}\|[0-9][0-9]+\)";

/// Runs m4; gives its exit code.
pub fn main(argv: &[OsString]) -> u8 {
    let mut system = System;
    match parse(argv) {
        Ok(Task::Run(options, steps)) => process(&options, &steps, &mut system),
        Ok(Task::Show(text)) => u8::from(!system.output(text.as_bytes())),
        Err(text) => {
            system.diagnostic(text.as_bytes());
            1
        }
    }
}

enum Task {
    Run(Box<Options>, Vec<Step>),
    Show(String),
}

/// What the options say so far.
struct Parsed {
    options: Options,
    steps: Vec<Step>,
    files: bool,
}

fn parse(argv: &[OsString]) -> Result<Task, String> {
    let program = argv.first().map(|a| file_name(a)).unwrap_or_else(|| b"m4".to_vec());
    let mut parsed = Parsed {
        options: Options { program, limits: Limits::NONE, ..Options::default() },
        steps: Vec::new(),
        files: false,
    };
    let mut args = argv.iter().skip(1).map(|a| a.as_bytes());
    while let Some(arg) = args.next() {
        if arg == b"--" {
            args.by_ref().for_each(|file| parsed.file(file));
        } else if let Some(long) = arg.strip_prefix(b"--") {
            let (name, value) = match long.iter().position(|c| *c == b'=') {
                Some(at) => (long.get(..at).unwrap_or_default(), long.get(at + 1..)),
                None => (long, None),
            };
            let (option, full) = parsed.find_long(name)?;
            let value = match option.value {
                Value::No if value.is_some() => {
                    return Err(parsed.wrong(&format!("option '--{full}' doesn't allow an argument")));
                }
                Value::Yes(_) if value.is_none() => match args.next() {
                    Some(value) => Some(value),
                    None => return Err(parsed.wrong(&format!("option '--{full}' requires an argument"))),
                },
                _ => value,
            };
            if let Some(text) = parsed.apply(option.letter, value)? {
                return Ok(Task::Show(text));
            }
        } else if let Some(mut letters) = arg.strip_prefix(b"-").filter(|l| !l.is_empty()) {
            while let Some((&letter, rest)) = letters.split_first() {
                letters = rest;
                let Some(option) = OPTIONS.iter().find(|o| o.letter == letter && letter < 128) else {
                    return Err(parsed.wrong(&format!("invalid option -- '{}'", char::from(letter))));
                };
                let value = match option.value {
                    Value::No => None,
                    _ if !rest.is_empty() => Some(std::mem::take(&mut letters)),
                    Value::Maybe(_) => None,
                    Value::Yes(_) => match args.next() {
                        Some(value) => Some(value),
                        None => {
                            let text = format!("option requires an argument -- '{}'", char::from(letter));
                            return Err(parsed.wrong(&text));
                        }
                    },
                };
                parsed.apply(letter, value)?;
            }
        } else {
            parsed.file(arg);
        }
    }
    if !parsed.files {
        parsed.steps.push(Step::File(b"-".to_vec()));
    }
    if let Some(path) = std::env::var_os("M4PATH") {
        let folders = path.as_bytes().split(|c| *c == b':').filter(|p| !p.is_empty());
        parsed.options.include_path.extend(folders.map(<[u8]>::to_vec));
    }
    Ok(Task::Run(Box::new(parsed.options), parsed.steps))
}

impl Parsed {
    fn file(&mut self, name: &[u8]) {
        self.files = true;
        self.steps.push(Step::File(name.to_vec()));
    }

    fn program(&self) -> String {
        String::from_utf8_lossy(&self.options.program).into_owned()
    }

    fn wrong(&self, text: &str) -> String {
        let program = self.program();
        format!("{program}: {text}\nTry `{program} --help' for more information.\n")
    }

    /// The option that a name or the beginning of one means.
    fn find_long(&self, name: &[u8]) -> Result<(&'static Opt, &'static str), String> {
        let all = || OPTIONS.iter().flat_map(|o| o.names.iter().map(move |n| (o, *n)));
        if let Some(found) = all().find(|(_, n)| n.as_bytes() == name) {
            return Ok(found);
        }
        let some: Vec<_> = all().filter(|(_, n)| n.as_bytes().starts_with(name)).collect();
        let shown = String::from_utf8_lossy(name);
        match some.as_slice() {
            [] => Err(self.wrong(&format!("unrecognized option '--{shown}'"))),
            [found, rest @ ..] if rest.iter().all(|(o, _)| o.letter == found.0.letter) => Ok(*found),
            _ => {
                let names: Vec<String> = some.iter().map(|(_, n)| format!(" '--{n}'")).collect();
                Err(self.wrong(&format!("option '--{shown}' is ambiguous; possibilities:{}", names.concat())))
            }
        }
    }

    /// Takes one option; gives the text to show if it only asks for one.
    fn apply(&mut self, letter: u8, value: Option<&[u8]>) -> Result<Option<String>, String> {
        let text = value.unwrap_or_default().to_vec();
        let number = || String::from_utf8_lossy(&text).trim().parse::<usize>().unwrap_or(0);
        let options = &mut self.options;
        match letter {
            b'D' => {
                let (name, value) = match text.iter().position(|c| *c == b'=') {
                    Some(at) => (text.get(..at), text.get(at + 1..)),
                    None => (Some(&text[..]), None),
                };
                let (name, value) = (name.unwrap_or_default().to_vec(), value.unwrap_or_default().to_vec());
                self.steps.push(Step::Define(name, value));
            }
            b'U' => self.steps.push(Step::Undefine(text)),
            b't' => self.steps.push(Step::Trace(text)),
            b's' => self.steps.push(Step::SyncLines),
            b'I' => options.include_path.push(text),
            b'P' => options.prefix = true,
            b'G' => options.traditional = true,
            b'g' => options.traditional = false,
            b'Q' => options.quiet = true,
            b'E' => options.fatal_warnings += 1,
            b'L' => options.nesting_limit = number(),
            b'l' => options.arg_length = number(),
            b'd' => match Debug::parse(&text) {
                Some(debug) => options.debug = debug,
                None => {
                    let shown = String::from_utf8_lossy(&text);
                    System.diagnostic(format!("{}: bad debug flags: `{shown}'\n", self.program()).as_bytes());
                }
            },
            b'o' | 200 => options.debug_file = value.map(<[u8]>::to_vec),
            201 => options.warn_sequence = Some(value.unwrap_or(SEQUENCE).to_vec()),
            202 => return Ok(Some(self.help())),
            203 => return Ok(Some(format!("m4 (Postrider) {}\n", env!("CARGO_PKG_VERSION")))),
            _ => {}
        }
        Ok(None)
    }

    fn help(&self) -> String {
        let mut text = format!(
            "Usage: {} [OPTION]... [FILE]...\nExpands the macros in the files, or in the standard input.\n\n",
            self.program()
        );
        for option in OPTIONS {
            let short = if option.letter < 128 { format!("-{}", char::from(option.letter)) } else { "  ".into() };
            let value = match option.value {
                Value::No => String::new(),
                Value::Yes(v) => format!("={v}"),
                Value::Maybe(v) => format!("[={v}]"),
            };
            let long = option.names.first().map(|n| format!("--{n}{value}")).unwrap_or_default();
            text.push_str(&format!("  {short} {long:<32} {}\n", option.help));
        }
        text.push_str("\nThe exit code is 0, 1 after an error, or what m4exit says.\n");
        text
    }
}

fn file_name(path: &OsStr) -> Vec<u8> {
    std::path::Path::new(path).file_name().map(|n| n.as_bytes().to_vec()).unwrap_or_else(|| b"m4".to_vec())
}

/// The surroundings of the program: real files, real commands.
struct System;

fn reason(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => Errno::from_raw(code).desc().to_string(),
        None => error.to_string(),
    }
}

fn shell(command: &[u8]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(OsStr::from_bytes(command));
    shell
}

fn sysval(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| status.signal().unwrap_or(0) << 8)
}

impl Io for System {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        let mut text = Vec::new();
        let read = File::open(OsStr::from_bytes(path)).and_then(|mut f| f.read_to_end(&mut text));
        read.map_err(|e| reason(&e))?;
        Ok(text)
    }

    fn stdin(&mut self) -> Result<Vec<u8>, String> {
        let mut text = Vec::new();
        std::io::stdin().read_to_end(&mut text).map_err(|e| reason(&e))?;
        Ok(text)
    }

    fn output(&mut self, text: &[u8]) -> bool {
        let mut out = std::io::stdout().lock();
        match out.write_all(text).and_then(|()| out.flush()) {
            Ok(()) => true,
            Err(e) => {
                self.diagnostic(format!("m4: write error: {}\n", reason(&e)).as_bytes());
                false
            }
        }
    }

    fn diagnostic(&mut self, text: &[u8]) {
        // Nobody is left to tell if the standard error is closed.
        let _ = std::io::stderr().write_all(text);
    }

    fn system(&mut self, command: &[u8]) -> Result<i32, String> {
        shell(command).status().map(sysval).map_err(|e| reason(&e))
    }

    fn capture(&mut self, command: &[u8]) -> Result<(Vec<u8>, i32), String> {
        let run = shell(command).stdin(Stdio::inherit()).stderr(Stdio::inherit()).output();
        run.map(|o| (o.stdout, sysval(o.status))).map_err(|e| reason(&e))
    }

    fn temporary(&mut self, template: &[u8]) -> Result<Vec<u8>, String> {
        let template = CString::new(template).map_err(|_| Errno::EINVAL.desc().to_string())?;
        let (file, path) = nix::unistd::mkstemp(template.as_c_str()).map_err(|e| e.desc().to_string())?;
        drop(file);
        Ok(path.into_os_string().into_vec())
    }

    fn debug_file(&mut self, path: &[u8]) -> Result<Box<dyn Write>, String> {
        let file = OpenOptions::new().append(true).create(true).open(OsStr::from_bytes(path));
        file.map(|f| Box::new(f) as Box<dyn Write>).map_err(|e| reason(&e))
    }
}
