//! The engine: reads tokens, recognises macros, collects their arguments and calls them.
//!
//! A call whose arguments are being collected is a [`Frame`] on a stack of the heap; text goes to the innermost
//! frame's argument, or to the output when there is none.
use std::rc::Rc;

use super::builtin::{self, Call};
use super::input::Input;
use super::output::Output;
use super::symbol::{Action, Builtin, Definition, Symbols};
use super::token::{Syntax, Token};
use super::trace::{Debug, Tracer};
use super::{Io, Options, Step, Stop, regex};

/// An argument: text, or a builtin that `defn` gave.
#[derive(Clone)]
pub(super) enum Arg {
    Text(Vec<u8>),
    Macro(&'static Builtin),
}

/// A place that messages name.
pub(super) type Place = (Rc<[u8]>, u64);

struct Frame {
    name: Rc<[u8]>,
    definition: Definition,
    args: Vec<Arg>,
    text: Vec<u8>,
    builtin: Option<&'static Builtin>,
    parens: usize,
    /// White space before the argument is being skipped.
    skip: bool,
    open: Place,
    /// Where the current argument began.
    start: Place,
    id: u64,
    traced: bool,
}

/// One run of m4.
pub(super) struct M4<'io> {
    pub options: Options,
    pub io: &'io mut dyn Io,
    pub input: Input,
    pub output: Output,
    pub symbols: Symbols,
    pub syntax: Syntax,
    pub tracer: Tracer,
    /// The text of the last token.
    pub text: Vec<u8>,
    /// The builtin that the running call gives instead of text.
    pub given: Option<&'static Builtin>,
    /// The running call gave a file to read.
    pub included: bool,
    pub exit_code: u8,
    /// What `sysval` shows.
    pub sysval: i32,
    pub regexes: regex::Cache,
    pub sequence: Option<Rc<regex::Regex>>,
    /// The warning of `\0` in a replacement is given once.
    pub warned_of_zero: bool,
    frames: Vec<Frame>,
    calls: u64,
    expanded: u64,
}

impl<'io> M4<'io> {
    pub fn new(options: &Options, io: &'io mut dyn Io) -> Self {
        let mut symbols = Symbols::default();
        for b in builtin::TABLE.iter().filter(|b| !(options.traditional && b.gnu)) {
            let name = if options.prefix { format!("m4_{}", b.name) } else { b.name.to_string() };
            symbols.define(name.as_bytes(), Definition::Builtin(b));
        }
        let marks: &[&str] = if options.traditional { &["unix"] } else { &["__gnu__", "__unix__"] };
        for name in marks {
            symbols.define(name.as_bytes(), Definition::Text(Rc::from(&b""[..])));
        }
        Self {
            tracer: Tracer::new(options.debug, options.arg_length),
            output: Output::new(options.sync_lines),
            options: options.clone(),
            io,
            input: Input::new(),
            symbols,
            syntax: Syntax::default(),
            text: Vec::new(),
            given: None,
            included: false,
            exit_code: 0,
            sysval: 0,
            regexes: regex::Cache::default(),
            sequence: None,
            warned_of_zero: false,
            frames: Vec::new(),
            calls: 0,
            expanded: 0,
        }
    }

    /// The whole run; gives the exit code.
    pub fn run(&mut self, steps: &[Step]) -> u8 {
        let code = match self.run_steps(steps) {
            Ok(()) => self.exit_code,
            Err(Stop(code)) => code,
        };
        match self.flush() {
            Ok(()) => code,
            Err(Stop(failed)) => failed,
        }
    }

    fn run_steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        if let Some(path) = self.options.debug_file.clone() {
            self.set_debug_file(Some(&path), b"stderr")?;
        }
        if let Some(pattern) = self.options.warn_sequence.clone() {
            match regex::Regex::new(&pattern) {
                Ok(r) => self.sequence = Some(Rc::new(r)),
                Err(e) => return Err(self.fatal(&[b"bad regular expression `", &pattern, b"': ", e.as_bytes()])),
            }
        }
        for step in steps {
            match step {
                Step::Define(name, value) => {
                    self.check_sequence(name, value)?;
                    self.symbols.define(name, Definition::Text(Rc::from(&value[..])));
                }
                Step::Undefine(name) => self.symbols.undefine(name),
                Step::Trace(name) => self.symbols.trace(name, true),
                Step::SyncLines => self.output.sync = true,
                Step::Text(name, text) => {
                    self.read(name, text.clone())?;
                    self.expand()?;
                }
                Step::File(path) => self.file(path)?,
            }
        }
        while self.input.take_wrapped() {
            self.expand()?;
        }
        self.output.current = 0;
        self.output.resync();
        for number in self.output.pending() {
            self.output.undivert(number);
        }
        Ok(())
    }

    fn file(&mut self, path: &[u8]) -> Result<(), Stop> {
        if path == b"-" {
            match self.io.stdin() {
                Ok(text) => self.read(b"stdin", text)?,
                Err(e) => return Err(self.fatal(&[b"read error: ", e.as_bytes()])),
            }
        } else {
            match self.find_file(path)? {
                Ok((name, text)) => self.read(&name, text)?,
                Err(e) => {
                    self.error(&[b"cannot open `", path, b"': ", e.as_bytes()])?;
                    self.exit_code = 1;
                    return Ok(());
                }
            }
        }
        self.expand()
    }

    /// Makes a text the input.
    pub fn read(&mut self, name: &[u8], text: Vec<u8>) -> Result<(), Stop> {
        self.debug_message(Debug::INPUT, &[b"input read from ", name])?;
        self.input.push_file(name, text);
        Ok(())
    }

    /// Opens a file, as it is or from the include path; gives the name it was found by.
    pub fn find_file(&mut self, path: &[u8]) -> Result<Result<(Vec<u8>, Vec<u8>), String>, Stop> {
        if path.is_empty() {
            return Ok(Err("No such file or directory".into()));
        }
        let error = match self.io.open(path) {
            Ok(text) => return Ok(Ok((path.to_vec(), text))),
            Err(e) => e,
        };
        if path.first() != Some(&b'/') {
            for folder in self.options.include_path.clone() {
                let mut name = folder;
                if !name.is_empty() {
                    name.push(b'/');
                }
                name.extend_from_slice(path);
                if let Ok(text) = self.io.open(&name) {
                    self.debug_message(Debug::PATH, &[b"path search for `", path, b"' found `", &name, b"'"])?;
                    return Ok(Ok((name, text)));
                }
            }
        }
        Ok(Err(error))
    }

    /// Processes the input to its end.
    fn expand(&mut self) -> Result<(), Stop> {
        loop {
            let (token, line) = self.next_token()?;
            self.look_at_files()?;
            if let Some(frame) = self.frames.last() {
                if token == Token::Eof {
                    let (file, line) = frame.start.clone();
                    return Err(self.fatal_at(&file, line, "ERROR: end of file in argument list"));
                }
                self.collect(token)?;
            } else {
                match token {
                    Token::Eof => return Ok(()),
                    Token::Word => self.word(line)?,
                    Token::Macro(_) => {}
                    _ => self.emit(line)?,
                }
            }
        }
    }

    /// Tells traces and line marks about files that began or ended while the token was read.
    fn look_at_files(&mut self) -> Result<(), Stop> {
        if std::mem::take(&mut self.input.switched) {
            self.output.resync();
        }
        if !self.input.reverted.is_empty() {
            self.tell_reverted()?;
        }
        Ok(())
    }

    /// The token goes on as text.
    fn emit(&mut self, line: u64) -> Result<(), Stop> {
        if let Some(frame) = self.frames.last_mut() {
            frame.text.extend_from_slice(&self.text);
            return Ok(());
        }
        self.output.token(&self.text, &self.input.file, line);
        self.check_output()
    }

    /// Writes what is full, and stops at the limit.
    pub fn check_output(&mut self) -> Result<(), Stop> {
        if self.output.total > self.options.limits.output {
            let limit = self.options.limits.output.to_string();
            return Err(self.fatal(&[b"ERROR: output limit of ", limit.as_bytes(), b" bytes exceeded"]));
        }
        if self.output.is_full() { self.flush() } else { Ok(()) }
    }

    /// Writes what waits.
    pub fn flush(&mut self) -> Result<(), Stop> {
        if !self.output.waiting.is_empty() {
            let text = std::mem::take(&mut self.output.waiting);
            if !self.io.output(&text) {
                return Err(Stop(1));
            }
        }
        Ok(())
    }

    fn word(&mut self, line: u64) -> Result<(), Stop> {
        let (name, definition) = match self.symbols.get(&self.text) {
            Some((name, definition)) => (name.clone(), definition.clone()),
            None => return self.emit(line),
        };
        let blind = matches!(&definition, Definition::Builtin(b) if b.blind);
        let open = self.input_opens();
        if blind && !open {
            return self.emit(line);
        }
        self.begin(name, definition, open)
    }

    fn input_opens(&mut self) -> bool {
        self.open_follows()
    }

    fn begin(&mut self, name: Rc<[u8]>, definition: Definition, open: bool) -> Result<(), Stop> {
        let level = self.frames.len() + 1;
        let (nesting, calls) = (self.options.nesting_limit, self.options.limits.calls);
        if nesting > 0 && level > nesting {
            let limit = nesting.to_string();
            return Err(self.fatal(&[b"recursion limit of ", limit.as_bytes(), b" exceeded, use -L<N> to change it"]));
        }
        if level > self.options.limits.nesting {
            return Err(self.fatal(&[b"ERROR: too many nested macro calls"]));
        }
        self.calls += 1;
        if self.calls > calls {
            let limit = calls.to_string();
            return Err(self.fatal(&[b"ERROR: limit of ", limit.as_bytes(), b" macro calls exceeded"]));
        }
        let id = self.calls;
        let traced = self.tracer.debug.has(Debug::ALL) || self.symbols.is_traced(&name);
        if traced {
            self.trace_before(&name, id, level)?;
        }
        let place = (self.input.file.clone(), self.input.line);
        let mut frame = Frame {
            name,
            definition,
            args: Vec::new(),
            text: Vec::new(),
            builtin: None,
            parens: 0,
            skip: true,
            open: place.clone(),
            start: place,
            id,
            traced,
        };
        if !open {
            return self.finish(frame);
        }
        self.next_token()?;
        frame.start = (self.input.file.clone(), self.input.line);
        self.frames.push(frame);
        Ok(())
    }

    /// One token of an argument.
    fn collect(&mut self, token: Token) -> Result<(), Stop> {
        let Some(frame) = self.frames.last_mut() else { return Ok(()) };
        let white = self.text.first().is_some_and(|c| matches!(c, b' ' | 9..=13));
        if frame.skip && token == Token::Simple && white {
            return Ok(());
        }
        frame.skip = false;
        match token {
            Token::Comma | Token::Close if frame.parens == 0 => {
                let text = std::mem::take(&mut frame.text);
                frame.args.push(match frame.builtin.take() {
                    Some(b) if takes_macros(&frame.definition) => Arg::Macro(b),
                    Some(_) => Arg::Text(Vec::new()),
                    None => Arg::Text(text),
                });
                if token == Token::Comma {
                    frame.skip = true;
                    frame.start = (self.input.file.clone(), self.input.line);
                } else if let Some(frame) = self.frames.pop() {
                    return self.finish(frame);
                }
                return Ok(());
            }
            Token::Open => frame.parens += 1,
            Token::Close => frame.parens -= 1,
            Token::Word => return self.word(0),
            Token::Macro(b) => {
                if frame.text.is_empty() {
                    frame.builtin = Some(b);
                }
                return Ok(());
            }
            _ => {}
        }
        self.emit(0)
    }

    /// All arguments are there: calls the macro and makes its expansion the input.
    fn finish(&mut self, frame: Frame) -> Result<(), Stop> {
        let level = self.frames.len() + 1;
        let close = (self.input.file.clone(), self.input.line);
        (self.input.file, self.input.line) = frame.open.clone();
        let mut traced = Vec::new();
        if frame.traced {
            traced = self.trace_call(&frame.name, frame.id, level, &frame.args)?;
        }
        let mut out = Vec::new();
        self.call(&frame.name, &frame.definition, &frame.args, &mut out)?;
        self.expanded = self.expanded.saturating_add(out.len() as u64);
        if self.expanded > self.options.limits.expansion {
            let limit = self.options.limits.expansion.to_string();
            return Err(self.fatal(&[b"ERROR: expansion limit of ", limit.as_bytes(), b" bytes exceeded"]));
        }
        let (given, included) = (self.given.take(), std::mem::take(&mut self.included));
        if frame.traced {
            let shown = if given.is_some() || included { &b""[..] } else { &out };
            self.trace_after(&frame.name, frame.id, level, !frame.args.is_empty(), shown, traced)?;
        }
        match given {
            Some(b) => self.input.push_macro(b),
            None if !included => self.input.push_text(out),
            None => {}
        }
        (self.input.file, self.input.line) = close;
        Ok(())
    }

    /// Bytes that expansions may still give.
    pub fn room(&self) -> u64 {
        self.options.limits.expansion.saturating_sub(self.expanded)
    }

    fn call(&mut self, name: &[u8], definition: &Definition, args: &[Arg], out: &mut Vec<u8>) -> Result<(), Stop> {
        let mut call = Call { name, args };
        let mut definition = definition.clone();
        loop {
            let builtin = match &definition {
                Definition::Text(text) => return self.substitute(text, &call, out),
                Definition::Builtin(b) => *b,
            };
            let next = match &builtin.action {
                Action::Function(run) => return run(self, &call, out),
                Action::Indir => self.indirect(&call)?,
                Action::Builtin => self.direct(&call)?,
            };
            let Some(next) = next else { return Ok(()) };
            definition = next;
            if !takes_macros(&definition) && call.args.iter().skip(1).any(|a| matches!(a, Arg::Macro(_))) {
                // Builtins among the arguments become empty text.
                let mut copy = call.args.to_vec();
                for arg in copy.iter_mut().skip(1) {
                    if matches!(arg, Arg::Macro(_)) {
                        *arg = Arg::Text(Vec::new());
                    }
                }
                let (first, rest) = copy.split_first().map_or((&b""[..], &[][..]), |(f, r)| (text_of(f), r));
                // Entered once at most: the copy holds no builtin any more.
                return self.call(first, &definition, rest, out);
            }
            let (first, rest) = call.args.split_first().map_or((&b""[..], &[][..]), |(f, r)| (text_of(f), r));
            call = Call { name: first, args: rest };
        }
    }

    /// A macro that the user defined: puts the arguments into its text.
    fn substitute(&mut self, text: &[u8], call: &Call, out: &mut Vec<u8>) -> Result<(), Stop> {
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'$', rest) {
            let (plain, tail) = rest.split_at(at);
            out.extend_from_slice(plain);
            let tail = tail.get(1..).unwrap_or_default();
            rest = tail.get(1..).unwrap_or_default();
            match tail.first() {
                Some(c) if c.is_ascii_digit() => {
                    let mut number = usize::from(c - b'0');
                    if !self.options.traditional {
                        while let Some((c, more)) = rest.split_first().filter(|(c, _)| c.is_ascii_digit()) {
                            number = number.saturating_mul(10).saturating_add(usize::from(c - b'0'));
                            rest = more;
                        }
                    }
                    out.extend_from_slice(call.text(number));
                }
                Some(b'#') => out.extend_from_slice(call.args.len().to_string().as_bytes()),
                Some(b'*') => call.join(1, b",", None, out),
                Some(b'@') => call.join(1, b",", Some((&self.syntax.left, &self.syntax.right)), out),
                _ => {
                    out.push(b'$');
                    rest = tail;
                }
            }
            if out.len() as u64 > self.room() {
                break;
            }
        }
        out.extend_from_slice(rest);
        Ok(())
    }

    fn prefix(&self, file: &[u8], line: u64) -> Vec<u8> {
        let mut text = self.options.program.clone();
        text.push(b':');
        if line > 0 {
            text.extend_from_slice(file);
            text.extend_from_slice(format!(":{line}:").as_bytes());
        }
        text.push(b' ');
        text
    }

    fn say(&mut self, file: &[u8], line: u64, parts: &[&[u8]]) {
        // A failed write is found again at the end; the message matters more.
        let _ = self.flush().and_then(|()| self.tell_reverted());
        let mut text = self.prefix(file, line);
        for part in parts {
            text.extend_from_slice(part);
        }
        text.push(b'\n');
        self.io.diagnostic(&text);
    }

    /// A message after which the run goes on, unless `-E -E` was given.
    pub fn error(&mut self, parts: &[&[u8]]) -> Result<(), Stop> {
        self.complain(parts);
        if self.options.fatal_warnings > 1 { Err(Stop(1)) } else { Ok(()) }
    }

    /// A message after which the run goes on in any case.
    pub fn complain(&mut self, parts: &[&[u8]]) {
        let (file, line) = (self.input.file.clone(), self.input.line);
        self.say(&file, line, parts);
        if self.options.fatal_warnings > 0 {
            self.exit_code = 1;
        }
    }

    /// A warning.
    pub fn warn(&mut self, parts: &[&[u8]]) -> Result<(), Stop> {
        let mut all: Vec<&[u8]> = vec![b"Warning: "];
        all.extend_from_slice(parts);
        self.error(&all)
    }

    /// A message that ends the run.
    pub fn fatal(&mut self, parts: &[&[u8]]) -> Stop {
        let (file, line) = (self.input.file.clone(), self.input.line);
        self.say(&file, line, parts);
        Stop(1)
    }

    pub fn fatal_at(&mut self, file: &[u8], line: u64, text: &str) -> Stop {
        self.say(file, line, &[text.as_bytes()]);
        Stop(1)
    }
}

fn takes_macros(definition: &Definition) -> bool {
    matches!(definition, Definition::Builtin(b) if b.macros)
}

fn text_of(arg: &Arg) -> &[u8] {
    match arg {
        Arg::Text(text) => text,
        Arg::Macro(_) => b"",
    }
}
