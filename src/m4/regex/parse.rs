//! From the text of a pattern to its program.
use super::{Assert, Inst, Regex, Set, is_word};

/// How deep groups may nest.
const DEPTH: usize = 200;

enum Node {
    Byte(u8),
    Set(Box<Set>),
    Assert(Assert),
    Back(usize),
    Group(usize, Vec<Vec<Node>>),
    /// Repeats a node: at least once if the first says so, at most once if the second does.
    Repeat(Box<Node>, bool, bool),
}

struct Parser<'a> {
    text: &'a [u8],
    pos: usize,
    groups: usize,
    done: Vec<usize>,
    backs: bool,
}

pub(super) fn compile(pattern: &[u8]) -> Result<Regex, &'static str> {
    let mut parser = Parser { text: pattern, pos: 0, groups: 0, done: Vec::new(), backs: false };
    let branches = parser.branches(0)?;
    let groups = parser.groups;
    let mut compiler = Compiler { program: vec![Inst::Save(0)], slots: 2 * (groups + 1) };
    compiler.branches(&branches);
    compiler.program.push(Inst::Save(1));
    compiler.program.push(Inst::Match);
    Ok(Regex { program: compiler.program, groups, slots: compiler.slots, backs: parser.backs })
}

impl Parser<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.pos + ahead).copied()
    }

    fn at(&self, text: &[u8]) -> bool {
        self.text.get(self.pos..).is_some_and(|t| t.starts_with(text))
    }

    fn branches(&mut self, depth: usize) -> Result<Vec<Vec<Node>>, &'static str> {
        if depth > DEPTH {
            return Err("Regular expression too big");
        }
        let mut all = vec![self.branch(depth)?];
        while self.at(br"\|") {
            self.pos += 2;
            all.push(self.branch(depth)?);
        }
        if depth == 0 && self.pos < self.text.len() {
            return Err(r"Unmatched ) or \)");
        }
        Ok(all)
    }

    fn branch(&mut self, depth: usize) -> Result<Vec<Node>, &'static str> {
        let begin = self.pos;
        let mut nodes = Vec::new();
        // What repeats is literal where there is nothing to repeat: at the start and after an assertion.
        while self.pos < self.text.len() && !self.at(br"\|") && !self.at(br"\)") {
            let node = self.atom(begin, depth)?;
            if matches!(node, Node::Assert(_)) {
                nodes.push(node);
                continue;
            }
            nodes.push(self.repeats(node));
        }
        Ok(nodes)
    }

    fn repeats(&mut self, mut node: Node) -> Node {
        while let Some(c @ (b'*' | b'+' | b'?')) = self.peek(0) {
            self.pos += 1;
            let (some, single) = (c == b'+', c == b'?');
            node = match node {
                Node::Repeat(inner, s, o) => Node::Repeat(inner, s && some, o && single),
                other => Node::Repeat(Box::new(other), some, single),
            };
        }
        node
    }

    fn atom(&mut self, begin: usize, depth: usize) -> Result<Node, &'static str> {
        let Some(c) = self.peek(0) else { return Err("Invalid regular expression") };
        let first = self.pos == begin;
        self.pos += 1;
        match c {
            b'\\' => self.escape(depth),
            b'[' => self.bracket(),
            b'.' => Ok(Node::Set(Box::new(Set::of(|c| c != b'\n')))),
            b'^' if first => Ok(Node::Assert(Assert::LineStart)),
            b'$' if self.peek(0).is_none() || self.at(br"\|") || self.at(br"\)") => Ok(Node::Assert(Assert::LineEnd)),
            _ => Ok(Node::Byte(c)),
        }
    }

    fn escape(&mut self, depth: usize) -> Result<Node, &'static str> {
        let Some(c) = self.peek(0) else { return Err("Trailing backslash") };
        self.pos += 1;
        Ok(match c {
            b'(' => {
                self.groups += 1;
                let number = self.groups;
                let inside = self.branches(depth + 1)?;
                if !self.at(br"\)") {
                    return Err(r"Unmatched ( or \(");
                }
                self.pos += 2;
                self.done.push(number);
                Node::Group(number, inside)
            }
            b'1'..=b'9' => {
                let number = usize::from(c - b'0');
                if !self.done.contains(&number) {
                    return Err("Invalid back reference");
                }
                self.backs = true;
                Node::Back(number)
            }
            b'w' => Node::Set(Box::new(Set::of(is_word))),
            b'W' => Node::Set(Box::new(Set::of(|c| !is_word(c)))),
            b's' => Node::Set(Box::new(Set::of(|c| matches!(c, b' ' | 9..=13)))),
            b'S' => Node::Set(Box::new(Set::of(|c| !matches!(c, b' ' | 9..=13)))),
            b'`' => Node::Assert(Assert::TextStart),
            b'\'' => Node::Assert(Assert::TextEnd),
            b'<' => Node::Assert(Assert::WordStart),
            b'>' => Node::Assert(Assert::WordEnd),
            b'b' => Node::Assert(Assert::Boundary),
            b'B' => Node::Assert(Assert::NoBoundary),
            _ => Node::Byte(c),
        })
    }

    fn bracket(&mut self) -> Result<Node, &'static str> {
        const OPEN: &str = "Unmatched [, [^, [:, [., or [=";
        let negated = self.peek(0) == Some(b'^');
        self.pos += usize::from(negated);
        if self.peek(0).is_none() {
            return Err("Invalid regular expression");
        }
        let mut set = Set::EMPTY;
        let mut first = true;
        loop {
            if self.peek(0) == Some(b']') && !first {
                break;
            }
            if self.peek(0) == Some(b'-') && !first && self.peek(1) != Some(b']') {
                return Err("Invalid range end");
            }
            first = false;
            let from = self.element()?;
            if self.peek(0).is_none() {
                return Err(OPEN);
            }
            let mut to = from;
            if self.peek(0) == Some(b'-') && self.peek(1) != Some(b']') {
                self.pos += 1;
                if self.peek(0).is_none() {
                    return Err(OPEN);
                }
                to = self.element()?;
            }
            (from..=to).for_each(|c| set.add(c));
            if self.peek(0).is_none() {
                return Err(OPEN);
            }
        }
        self.pos += 1;
        if negated {
            set.invert();
        }
        Ok(Node::Set(Box::new(set)))
    }

    /// One byte of a bracket expression, also as `[.x.]` or `[=x=]`.
    fn element(&mut self) -> Result<u8, &'static str> {
        let Some(c) = self.peek(0) else { return Err("Unmatched [, [^, [:, [., or [=") };
        if c == b'['
            && let Some(kind @ (b'.' | b'=')) = self.peek(1)
        {
            let Some(inner) = self.peek(2) else { return Err("Unmatched [, [^, [:, [., or [=") };
            if self.peek(3) != Some(kind) || self.peek(4) != Some(b']') {
                return Err("Invalid collation character");
            }
            self.pos += 5;
            return Ok(inner);
        }
        self.pos += 1;
        Ok(c)
    }
}

struct Compiler {
    program: Vec<Inst>,
    slots: usize,
}

impl Compiler {
    fn here(&self) -> usize {
        self.program.len()
    }

    fn set(&mut self, at: usize, inst: Inst) {
        if let Some(place) = self.program.get_mut(at) {
            *place = inst;
        }
    }

    fn branches(&mut self, branches: &[Vec<Node>]) {
        let mut ends = Vec::new();
        for (i, branch) in branches.iter().enumerate() {
            let split = self.here();
            let last = i + 1 == branches.len();
            if !last {
                self.program.push(Inst::Match);
            }
            branch.iter().for_each(|node| self.node(node));
            if !last {
                ends.push(self.here());
                self.program.push(Inst::Match);
                let next = self.here();
                self.set(split, Inst::Split(split + 1, next));
            }
        }
        let end = self.here();
        for at in ends {
            self.set(at, Inst::Jump(end));
        }
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Byte(c) => self.program.push(Inst::Byte(*c)),
            Node::Set(set) => self.program.push(Inst::Set(set.clone())),
            Node::Assert(a) => self.program.push(Inst::Assert(*a)),
            Node::Back(n) => self.program.push(Inst::Back(*n)),
            Node::Group(n, inside) => {
                self.program.push(Inst::Save(2 * n));
                self.branches(inside);
                self.program.push(Inst::Save(2 * n + 1));
            }
            Node::Repeat(inner, some, single) => self.repeat(inner, *some, *single),
        }
    }

    fn repeat(&mut self, inner: &Node, some: bool, single: bool) {
        let skip = self.here();
        if !some {
            self.program.push(Inst::Match);
        }
        let slot = self.slots;
        let again = self.here();
        if !single {
            self.slots += 1;
            self.program.push(Inst::Save(slot));
        }
        self.node(inner);
        if !single {
            // Not moved: leaves the loop, which the other way of the split before `Moved` does.
            let split = self.here();
            self.program.push(Inst::Split(split + 1, split + 3));
            self.program.push(Inst::Moved(slot));
            self.program.push(Inst::Jump(again));
        }
        let end = self.here();
        if !some {
            self.set(skip, Inst::Split(skip + 1, end));
        }
    }
}
