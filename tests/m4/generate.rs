//! Random macro programs, the same for the same seed.
use std::path::PathBuf;

/// The file that programs include.
pub const INCLUDED: &str = "included.txt";

/// Where it is.
pub fn included_path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/m4").join(INCLUDED)
}

/// A small generator of random numbers (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        ((self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize) % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const BUILTINS: &[&str] = &[
    "define",
    "define",
    "define",
    "define",
    "undefine",
    "pushdef",
    "pushdef",
    "popdef",
    "defn",
    "defn",
    "ifdef",
    "ifelse",
    "ifelse",
    "shift",
    "divert",
    "divert",
    "undivert",
    "divnum",
    "dnl",
    "eval",
    "eval",
    "eval",
    "incr",
    "decr",
    "len",
    "index",
    "substr",
    "substr",
    "translit",
    "translit",
    "format",
    "format",
    "regexp",
    "patsubst",
    "indir",
    "builtin",
    "errprint",
    "m4wrap",
    "m4exit",
    "traceon",
    "traceoff",
    "debugmode",
    "dumpdef",
    "__file__",
    "__line__",
    "__program__",
    "changequote",
    "changecom",
    "include",
    "sinclude",
    "sysval",
    "nosuch",
    "syscmd",
];
const NAMES: &[&str] = &["a", "b", "x", "y", "foo", "_z9", "len", "define", "nosuch", "", "1x", "a b"];
const WORDS: &[&str] = &[
    "a",
    "b",
    "x",
    "y",
    "foo",
    "_z9",
    "abc",
    "hello world",
    "12",
    "-3",
    "0",
    "",
    " ",
    "\n",
    "ab\ncd",
    "a-z",
    "A-Z",
    "z-a",
    "-",
    "a-",
    "#",
    "# note\n",
    "$",
    "$1",
    "$2",
    "$#",
    "$*",
    "$@",
    "$0",
    "$10",
    "${1}",
    "(",
    ")",
    "()",
    ",",
    "`",
    "'",
    "``'",
    "`q'",
    "[",
    "]",
    "<<",
    ">>",
    "/*",
    "*/",
    "dnl",
    "dnl x\n",
    "len(ab)",
    "a(b)",
    "x`'y",
    "@",
    "\\",
    "  lead",
    "trail  ",
    "\t",
    "99999999999",
    "2147483647",
    "abcabc",
    "foo.bar",
    "é",
];
const EXPRESSION: &[&str] = &[
    "+",
    "-",
    "*",
    "/",
    "%",
    "**",
    "<<",
    ">>",
    "<",
    "<=",
    ">",
    ">=",
    "==",
    "!=",
    "=",
    "&",
    "|",
    "^",
    "&&",
    "||",
    "!",
    "~",
    "(",
    ")",
    " ",
    "1",
    "2",
    "3",
    "0",
    "10",
    "0x1F",
    "017",
    "0b101",
    "0r3:12",
    "08",
    "a",
    "?",
    "2147483647",
    "31",
    "32",
    "-1",
    "+=",
];
const PATTERN: &[&str] = &[
    "a", "b", "c", "x", ".", "*", "+", "?", "^", "$", "\\(a", "\\)", "\\|", "[a-c]", "[^b]", "[]x]", "\\w", "\\W",
    "\\b", "\\B", "\\<", "\\>", "\\`", "\\'", "\\1", "[", "\\", "\\s", "\n", "\\{", "ab",
];
const REPLACEMENT: &[&str] = &["x", "\\&", "\\1", "\\2", "\\\\", "\\", "<", ">", "", "\\0", "\\a", "b"];
const FORMAT: &[&str] = &[
    "%d", "%5d", "%-5d|", "%05d", "%+d", "% d", "%x", "%#x", "%X", "%o", "%u", "%c", "%s", "%10s", "%-10s|", "%.2s",
    "%f", "%.3f", "%e", "%g", "%G", "%a", "%*d", "%.*f", "%%", "%q", "%ld", "%hd", "%hhd", "%i", "%5c", "%-5c|", "%",
    "text", " ", "%'d", "%5.3d", "%+.2e", "%#o", "%08.3f", "%.0f", "%F", "%E", "%A", "%.s", "%hx",
];
const FLAGS: &[&str] = &["", "V", "aeq", "t", "+l", "-l", "+e", "-q", "+x", "c", "+c", "af", "z", "i", "+i"];

/// A program and the options to run it with.
pub fn program(random: &mut Random) -> (Vec<&'static str>, String) {
    let mut args = Vec::new();
    for option in ["-G", "-Q", "-E", "-s", "-dV", "-d", "-daeqx", "-tfoo", "-l7", "-P", "-E"] {
        if random.chance(6) {
            args.push(option);
        }
    }
    let mut text = String::new();
    for _ in 0..random.below(12) + 2 {
        item(random, 3, &mut text);
        if random.chance(30) {
            text.push('\n');
        }
    }
    if args.contains(&"-P") {
        text = text.replace("define", "m4_define").replace("len", "m4_len").replace("ifelse", "m4_ifelse");
    }
    (args, text)
}

fn item(random: &mut Random, depth: usize, text: &mut String) {
    match random.below(20) {
        0..=10 if depth > 0 => call(random, depth, text),
        11 | 12 => {
            text.push_str(random.one(NAMES));
            if random.chance(50) {
                arguments(random, depth.saturating_sub(1), text);
            }
        }
        13 => text.push_str(random.one(&["`", "'", "(", ")", ",", "# c\n", "\n", "dnl\n", "$@"])),
        14 => {
            text.push('`');
            if depth > 0 {
                item(random, depth - 1, text);
            }
            text.push('\'');
        }
        _ => text.push_str(random.one(WORDS)),
    }
}

fn arguments(random: &mut Random, depth: usize, text: &mut String) {
    text.push('(');
    for i in 0..random.below(5) {
        if i > 0 {
            text.push_str(random.one(&[",", ", ", ",\n"]));
        }
        quoted(random, depth, text);
    }
    text.push(')');
}

fn quoted(random: &mut Random, depth: usize, text: &mut String) {
    let quote = random.chance(60);
    if quote {
        text.push('`');
    }
    for _ in 0..random.below(3) {
        item(random, depth.saturating_sub(1), text);
    }
    if quote {
        text.push('\'');
    }
}

fn several(random: &mut Random, of: &[&str], most: usize) -> String {
    (0..random.below(most) + 1).map(|_| random.one(of)).collect()
}

/// A call whose arguments mostly make sense for the builtin.
fn call(random: &mut Random, depth: usize, text: &mut String) {
    let name = random.one(BUILTINS);
    text.push_str(name);
    if random.chance(8) {
        return;
    }
    if random.chance(12) && name != "syscmd" {
        return arguments(random, depth - 1, text);
    }
    text.push('(');
    match name {
        "define" | "pushdef" => {
            text.push_str(&format!("`{}', ", random.one(&["a", "b", "x", "y", "foo", "_z9"])));
            if random.chance(15) {
                text.push_str(&format!("defn(`{}')", random.one(BUILTINS)));
            } else {
                quoted(random, depth, text);
            }
        }
        "undefine" | "popdef" | "defn" | "dumpdef" | "traceon" | "traceoff" | "indir" | "builtin" | "ifdef" => {
            let names = if random.chance(50) { NAMES } else { BUILTINS };
            let name = random.one(names);
            let name = if name == "syscmd" { "len" } else { name };
            text.push_str(&format!("`{name}'"));
            for _ in 0..random.below(3) {
                text.push(',');
                quoted(random, depth - 1, text);
            }
        }
        "divert" | "undivert" => text.push_str(random.one(&["", "0", "1", "2", "-1", "3", "x", "1,2", "included.txt"])),
        "eval" => {
            text.push_str(&format!("`{}'", several(random, EXPRESSION, 7)));
            if random.chance(30) {
                text.push_str(random.one(&[",2", ",16", ",36", ",1", ",0", ",,4", ",10,6", ",2,40", ",x", ",10,-1"]));
            }
        }
        "substr" => {
            let (from, to) =
                (random.one(&["0", "1", "2", "7", "-1", "x"]), random.one(&["", ",1", ",2", ",-1", ",99"]));
            text.push_str(&format!("`{}',{from}{to}", random.one(WORDS)));
        }
        "translit" | "index" => {
            let (a, b, c) = (random.one(WORDS), random.one(WORDS), random.one(WORDS));
            text.push_str(&format!("{a},{b},{c}"));
        }
        "format" => {
            text.push_str(&format!("`{}'", several(random, FORMAT, 3)));
            for _ in 0..random.below(4) {
                text.push_str(&format!(
                    ",{}",
                    random.one(&["1", "-42", "3.14159", "abc", "", "65", "1e10", "0x1f", "70000"])
                ));
            }
        }
        "regexp" | "patsubst" => {
            let victim = several(random, &["a", "b", "c", "ab", "x", " ", "\n", "_", "aab"], 6);
            text.push_str(&format!("`{victim}',`{}'", several(random, PATTERN, 4)));
            if random.chance(60) {
                text.push_str(&format!(",`{}'", several(random, REPLACEMENT, 3)));
            }
        }
        "changequote" | "changecom" => text.push_str(random.one(&[
            "", "[,]", "<<,>>", "/*,*/", "[", ",", "`", "a,b", "x,y", "#", "!,!", "(,)", "`,'", "\",\"", "[,],{",
        ])),
        "include" | "sinclude" => text.push_str(random.one(&["included.txt", "none", "", "/"])),
        "debugmode" => text.push_str(random.one(FLAGS)),
        "m4exit" => text.push_str(random.one(&["", "0", "3", "x", "256"])),
        "syscmd" => {}
        _ => {
            for i in 0..random.below(5) {
                if i > 0 {
                    text.push(',');
                }
                quoted(random, depth - 1, text);
            }
        }
    }
    text.push(')');
}
