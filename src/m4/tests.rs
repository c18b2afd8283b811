//! The bounds, and that nothing is opened or started unless the surroundings offer it.
use super::*;

#[derive(Default)]
struct Memory {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Io for Memory {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        match path {
            b"inc" | b"dir/inc" => Ok(b"included __file__ __line__\n".to_vec()),
            _ => Err("No such file or directory".into()),
        }
    }
    fn output(&mut self, text: &[u8]) -> bool {
        self.out.extend_from_slice(text);
        true
    }
    fn diagnostic(&mut self, text: &[u8]) {
        self.err.extend_from_slice(text);
    }
}

fn run(text: &str, limits: Limits) -> (String, String, u8) {
    let mut io = Memory::default();
    let options = Options { limits, ..Options::default() };
    let code = process(&options, &[Step::Text(b"t".to_vec(), text.as_bytes().to_vec())], &mut io);
    (String::from_utf8_lossy(&io.out).into(), String::from_utf8_lossy(&io.err).into(), code)
}

const SMALL: Limits = Limits { calls: 10_000, expansion: 1 << 20, output: 1 << 16, nesting: 100 };

#[test]
fn expands() {
    let (out, err, code) = run("define(`x', `<$1|$#|$@>')x(a, b)\ninclude(`inc')dnl\nx\n", Limits::default());
    assert_eq!((out.as_str(), err.as_str(), code), ("<a|2|a,b>\nincluded inc 1\n<|0|>\n", "", 0));
}

#[test]
fn endless_recursion_ends() {
    let (_, err, code) = run("\ndefine(`a', `a')a", SMALL);
    assert_eq!((err.as_str(), code), ("m4:t:2: ERROR: limit of 10000 macro calls exceeded\n", 1));
}

#[test]
fn endless_growth_ends() {
    let (_, err, code) = run("define(`a', `$1$1')define(`b', `b(a(`$1'))')b(`xxxx')", SMALL);
    assert_eq!((err.as_str(), code), ("m4:t:1: ERROR: expansion limit of 1048576 bytes exceeded\n", 1));
}

#[test]
fn endless_output_ends() {
    let (out, err, code) = run("define(`a', `x a')a", Limits { calls: u64::MAX, ..SMALL });
    assert_eq!((err.as_str(), code), ("m4:t:1: ERROR: output limit of 65536 bytes exceeded\n", 1));
    assert!(out.len() < 100_000);
}

#[test]
fn deep_nesting_ends() {
    let (_, err, code) = run(&"len(".repeat(200), SMALL);
    assert_eq!((err.as_str(), code), ("m4:t:1: ERROR: too many nested macro calls\n", 1));
    let deep = "len(".repeat(50_000) + &")".repeat(50_000);
    assert_eq!(run(&deep, Limits::default()).0, "1");
}

#[test]
fn huge_numbers_end() {
    for text in
        ["format(`%999999999d', 1)", "format(`%.*f', 999999999, 1)", "eval(1, 10, 999999999)", "eval(99999999, 1)"]
    {
        let (_, err, code) = run(text, SMALL);
        assert!(err.contains("limit") && code == 1, "{text}: {err}");
    }
    assert!(run(&format!("eval(`{}1')", "(".repeat(100_000)), Limits::default()).1.contains("too deeply"));
}

#[test]
fn commands_and_files_are_off() {
    let (out, err, code) = run("syscmd(`echo')esyscmd(`echo')mkstemp(`x')sysval", Limits::default());
    assert_eq!((out.as_str(), code), ("127", 0));
    assert_eq!(err.matches("switched off").count(), 3);
}

#[test]
fn chains_of_indir_need_no_stack() {
    let text = "define(`n', `indir(`indir', $@)')".to_string() + "indir(" + &"`indir',".repeat(50_000) + "`len', abc)";
    assert_eq!(run(&text, Limits::default()).0, "3");
}
