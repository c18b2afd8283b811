//! The arguments of a `K` line: the flags that all classes share, those of one class, and what is left.

use crate::cf::MapDef;

/// How a flag takes its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// None; other letters may follow in the same word.
    Nothing,
    /// The rest of the word, which may be empty.
    Attached,
    /// The rest of the word, or the next word.
    Word,
}

/// The flags of a class besides the common ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    /// Whether the common flags are taken.
    common: bool,
    own: &'static [(u8, Takes)],
    /// Bare words that follow make sense: the rest of the line, unchanged.
    whole_rest: bool,
}

const COMMON: &[(u8, Takes)] = &[
    (b'N', Takes::Nothing),
    (b'O', Takes::Nothing),
    (b'o', Takes::Nothing),
    (b'f', Takes::Nothing),
    (b'm', Takes::Nothing),
    (b'A', Takes::Nothing),
    (b't', Takes::Nothing),
    (b'D', Takes::Nothing),
    (b'q', Takes::Nothing),
    (b'a', Takes::Attached),
    (b'T', Takes::Attached),
    (b'k', Takes::Word),
    (b'v', Takes::Word),
    (b'z', Takes::Attached),
    (b'S', Takes::Attached),
];

/// The flags of `class`; `None` for a class that is not there.
pub(super) fn options_of(class: &str) -> Option<Options> {
    let common = |own| Options { common: true, own, whole_rest: false };
    Some(match class {
        "hash" | "btree" | "cdb" | "text" | "implicit" | "stab" | "user" | "bestmx" | "userdb" | "null" | "arpa"
        | "nis" => common(&[]),
        "nisplus" => common(&[]),
        "macro" | "arith" => common(&[]),
        "program" => Options { common: true, own: &[], whole_rest: true },
        "sequence" | "switch" => Options { common: true, own: &[], whole_rest: true },
        "dequote" => common(&[(b's', Takes::Attached)]),
        "host" => common(&[(b'd', Takes::Word), (b'r', Takes::Word)]),
        "dns" => common(&[
            (b'd', Takes::Word),
            (b'r', Takes::Word),
            (b'R', Takes::Word),
            (b'B', Takes::Word),
            (b'Z', Takes::Word),
        ]),
        "regex" => Options {
            common: true,
            own: &[(b'n', Takes::Nothing), (b'b', Takes::Nothing), (b's', Takes::Attached), (b'd', Takes::Attached)],
            whole_rest: true,
        },
        "syslog" => Options {
            common: false,
            own: &[
                (b'L', Takes::Word),
                (b'D', Takes::Nothing),
                (b'S', Takes::Attached),
                (b'q', Takes::Nothing),
                (b't', Takes::Nothing),
                (b'T', Takes::Attached),
            ],
            whole_rest: false,
        },
        "socket" => common(&[(b'd', Takes::Word)]),
        // The directory services' flags are many and mean nothing here; see `nothing::Unserved`.
        "ldap" => Options { common: true, own: LDAP, whole_rest: true },
        _ => return None,
    })
}

const LDAP: &[(u8, Takes)] = &[
    (b'1', Takes::Nothing),
    (b'n', Takes::Nothing),
    (b'R', Takes::Nothing),
    (b'K', Takes::Nothing),
    (b'h', Takes::Word),
    (b'p', Takes::Word),
    (b'H', Takes::Word),
    (b'b', Takes::Word),
    (b's', Takes::Word),
    (b'd', Takes::Word),
    (b'M', Takes::Word),
    (b'P', Takes::Word),
    (b'Z', Takes::Word),
    (b'l', Takes::Word),
    (b'c', Takes::Word),
    (b'r', Takes::Word),
    (b'V', Takes::Attached),
    (b'w', Takes::Word),
];

/// The parsed arguments of a `K` line.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The map's name.
    pub name: String,
    /// `-N`: keys end with NUL.
    pub with_nul: bool,
    /// `-O`: keys never end with NUL.
    pub without_nul: bool,
    /// `-o`: a missing file is an empty map.
    pub optional: bool,
    /// `-f`: upper case in keys stays.
    pub keep_case: bool,
    /// `-m`: a match gives the key.
    pub match_only: bool,
    /// `-A`: several lines for one alias are one.
    pub merge: bool,
    /// `-t`: a temporary failure means not found.
    pub tempfail_is_notfound: bool,
    /// `-D`: no look-ups in deferred mode.
    pub not_deferred: bool,
    /// `-q`: quotes stay in the key.
    pub keep_quotes: bool,
    /// `-a`: added to a value.
    pub append: Vec<u8>,
    /// `-T`: added to the key after a temporary failure.
    pub on_tempfail: Option<Vec<u8>>,
    /// `-k`: column of the key.
    pub key_column: Option<Vec<u8>>,
    /// `-v`: column of the value.
    pub value_column: Option<Vec<u8>>,
    /// `-z`: column delimiter.
    pub delimiter: Option<Vec<u8>>,
    /// `-S`: stands for spaces in the result.
    pub space: Option<u8>,
    /// The class's own flags with their values.
    pub own: Vec<(u8, Vec<u8>)>,
    /// What follows the flags: the first word, or the rest of the line for classes that take it all.
    pub rest: Vec<u8>,
}

fn is_blank(b: u8) -> bool {
    b.is_ascii_whitespace()
}

impl Spec {
    /// Parses the arguments of a definition; unknown flags are told and skipped.
    pub(super) fn parse(definition: &MapDef, options: Options, problems: &mut Vec<String>) -> Spec {
        let mut spec = Spec { name: definition.name.clone(), ..Spec::default() };
        let args = definition.args.as_slice();
        let mut at = 0;
        let skip_blanks = |mut at: usize| {
            while args.get(at).is_some_and(|b| is_blank(*b)) {
                at += 1;
            }
            at
        };
        let word_end = |mut at: usize| {
            while args.get(at).is_some_and(|b| !is_blank(*b)) {
                at += 1;
            }
            at
        };
        loop {
            at = skip_blanks(at);
            if args.get(at) != Some(&b'-') {
                break;
            }
            at += 1;
            while let Some(&flag) = args.get(at).filter(|b| !is_blank(**b)) {
                at += 1;
                let own = options.own.iter().find(|o| o.0 == flag);
                let common = COMMON.iter().find(|_| options.common).and_then(|_| COMMON.iter().find(|o| o.0 == flag));
                let Some((_, takes)) = own.or(common) else {
                    problems.push(format!(
                        "Illegal option {} map {}",
                        (flag as char).escape_default(),
                        if options.common { &definition.name } else { &definition.class }
                    ));
                    at = word_end(at);
                    continue;
                };
                let value = match takes {
                    Takes::Nothing => Vec::new(),
                    Takes::Attached => args.get(at..word_end(at)).unwrap_or_default().to_vec(),
                    Takes::Word => {
                        at = skip_blanks(at);
                        args.get(at..word_end(at)).unwrap_or_default().to_vec()
                    }
                };
                if *takes != Takes::Nothing {
                    at = word_end(at);
                }
                match own {
                    Some(_) if !spec.takes_common(flag, &value, &definition.class) => spec.own.push((flag, value)),
                    Some(_) => {}
                    None => spec.common(flag, value),
                }
            }
        }
        let rest = args.get(at..).unwrap_or_default().trim_ascii();
        let first = rest.split(|b| is_blank(*b)).next().unwrap_or_default();
        spec.rest = if options.whole_rest { rest.to_vec() } else { first.to_vec() };
        spec
    }

    /// The flags of `syslog` are its own list, but mean what the common ones do.
    fn takes_common(&mut self, flag: u8, value: &[u8], class: &str) -> bool {
        let shared = class.eq_ignore_ascii_case("syslog") && flag != b'L';
        if shared {
            self.common(flag, value.to_vec());
        }
        shared
    }

    fn common(&mut self, flag: u8, value: Vec<u8>) {
        match flag {
            b'N' => self.with_nul = true,
            b'O' => self.without_nul = true,
            b'o' => self.optional = true,
            b'f' => self.keep_case = true,
            b'm' => self.match_only = true,
            b'A' => self.merge = true,
            b't' => self.tempfail_is_notfound = true,
            b'D' => self.not_deferred = true,
            b'q' => self.keep_quotes = true,
            b'a' => self.append = value,
            b'T' => self.on_tempfail = Some(value),
            b'k' => self.key_column = Some(value),
            b'v' => self.value_column = Some(value),
            b'S' => self.space = value.first().copied().or(Some(b' ')),
            b'z' => {
                self.delimiter = Some(match value.as_slice() {
                    b"\\n" => b"\n".to_vec(),
                    b"\\t" => b"\t".to_vec(),
                    _ => value,
                });
            }
            _ => {}
        }
    }

    /// The value of one of the class's own flags.
    pub fn own(&self, flag: u8) -> Option<&[u8]> {
        self.own.iter().rev().find(|o| o.0 == flag).map(|o| o.1.as_slice())
    }

    /// `value` with its spaces replaced as `-S` says.
    pub fn despaced(&self, mut value: Vec<u8>) -> Vec<u8> {
        if let Some(space) = self.space {
            value.iter_mut().filter(|b| **b == b' ').for_each(|b| *b = space);
        }
        value
    }

    /// The key as a table has it: lower case unless `-f`.
    pub fn folded<'k>(&self, key: &'k [u8]) -> std::borrow::Cow<'k, [u8]> {
        if self.keep_case || !key.iter().any(u8::is_ascii_uppercase) {
            return key.into();
        }
        key.to_ascii_lowercase().into()
    }
}
