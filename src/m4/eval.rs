//! The expressions of `eval`: 32-bit integers that wrap, the operators of C and `**`.

/// Why an expression has no value; the order matters: what `||` and `&&` may ignore comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fault {
    DivideZero,
    ModuloZero,
    NegativeExponent,
    Syntax,
    MissingRight,
    Unknown,
    Excess,
    Operator,
    TooDeep,
}

impl Fault {
    /// The message before the expression.
    pub fn text(self) -> &'static str {
        match self {
            Self::DivideZero => "divide by zero in eval: ",
            Self::ModuloZero => "modulo by zero in eval: ",
            Self::NegativeExponent => "negative exponent in eval: ",
            Self::Syntax => "bad expression in eval: ",
            Self::MissingRight => "bad expression in eval (missing right parenthesis): ",
            Self::Unknown => "bad expression in eval (bad input): ",
            Self::Excess => "bad expression in eval (excess input): ",
            Self::Operator => "invalid operator in eval: ",
            Self::TooDeep => "expression too deeply nested in eval: ",
        }
    }
}

/// How deep parentheses and signs may nest.
const DEPTH: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Error,
    BadOperator,
    Number(i32),
    Binary(Op),
    Not,
    Complement,
    Open,
    Close,
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Sub,
    Power,
    Times,
    Divide,
    Modulo,
    Assign,
    Equal,
    NotEqual,
    Greater,
    GreaterEqual,
    Less,
    LessEqual,
    LeftShift,
    RightShift,
    LogicalAnd,
    LogicalOr,
    And,
    Or,
    Xor,
}

/// The binary operators that associate to the left, loosest first.
const LEVELS: &[&[Op]] = &[
    &[Op::LogicalOr],
    &[Op::LogicalAnd],
    &[Op::Or],
    &[Op::Xor],
    &[Op::And],
    &[Op::Equal, Op::NotEqual, Op::Assign],
    &[Op::Greater, Op::GreaterEqual, Op::Less, Op::LessEqual],
    &[Op::LeftShift, Op::RightShift],
    &[Op::Add, Op::Sub],
    &[Op::Times, Op::Divide, Op::Modulo],
];

/// The value of an expression.
pub(super) struct Evaluated {
    pub value: Result<i32, Fault>,
    /// `=` was used for `==`.
    pub assigned: usize,
}

pub(super) fn evaluate(text: &[u8]) -> Evaluated {
    let mut parser = Parser { text, pos: 0, last: 0, assigned: 0, depth: 0 };
    let first = parser.lex();
    let mut value = parser.binary(first, 0);
    if value.is_ok() && parser.pos < text.len() {
        value = Err(if parser.lex() == Token::BadOperator { Fault::Operator } else { Fault::Excess });
    }
    Evaluated { value, assigned: parser.assigned }
}

struct Parser<'a> {
    text: &'a [u8],
    pos: usize,
    last: usize,
    assigned: usize,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.pos).copied()
    }

    fn eat(&mut self, c: u8) -> bool {
        let found = self.peek() == Some(c);
        self.pos += usize::from(found);
        found
    }

    fn undo(&mut self) {
        self.pos = self.last;
    }

    fn lex(&mut self) -> Token {
        while matches!(self.peek(), Some(b' ' | 9..=13)) {
            self.pos += 1;
        }
        self.last = self.pos;
        let Some(c) = self.peek() else { return Token::End };
        if c.is_ascii_digit() {
            return self.number();
        }
        self.pos += 1;
        let alone = match c {
            b'+' | b'-' if self.eat(c) => return Token::BadOperator,
            b'+' => Op::Add,
            b'-' => Op::Sub,
            b'*' if self.eat(b'*') => return Token::Binary(Op::Power),
            b'*' => Op::Times,
            b'/' => Op::Divide,
            b'%' => Op::Modulo,
            b'=' if self.eat(b'=') => return Token::Binary(Op::Equal),
            b'=' => return Token::Binary(Op::Assign),
            b'!' if self.eat(b'=') => return Token::Binary(Op::NotEqual),
            b'!' => return Token::Not,
            b'>' if self.eat(b'=') => return Token::Binary(Op::GreaterEqual),
            b'>' if !self.eat(b'>') => return Token::Binary(Op::Greater),
            b'>' => Op::RightShift,
            b'<' if self.eat(b'=') => return Token::Binary(Op::LessEqual),
            b'<' if !self.eat(b'<') => return Token::Binary(Op::Less),
            b'<' => Op::LeftShift,
            b'^' => Op::Xor,
            b'~' => return Token::Complement,
            b'&' if self.eat(b'&') => return Token::Binary(Op::LogicalAnd),
            b'&' => Op::And,
            b'|' if self.eat(b'|') => return Token::Binary(Op::LogicalOr),
            b'|' => Op::Or,
            b'(' => return Token::Open,
            b')' => return Token::Close,
            _ => return Token::Error,
        };
        if self.eat(b'=') { Token::BadOperator } else { Token::Binary(alone) }
    }

    fn number(&mut self) -> Token {
        let mut base = 10;
        if self.eat(b'0') {
            match self.peek() {
                Some(b'x' | b'X') => {
                    base = 16;
                    self.pos += 1;
                }
                Some(b'b' | b'B') => {
                    base = 2;
                    self.pos += 1;
                }
                Some(b'r' | b'R') => {
                    self.pos += 1;
                    base = 0u32;
                    while let Some(c) = self.peek().filter(u8::is_ascii_digit) {
                        base = base.saturating_mul(10).saturating_add(u32::from(c - b'0'));
                        self.pos += 1;
                    }
                    if base == 0 || base > 36 || !self.eat(b':') {
                        return Token::Error;
                    }
                }
                _ => base = 8,
            }
        }
        let mut value = 0u32;
        while let Some(digit) = self.peek().and_then(|c| char::from(c).to_digit(36)) {
            if base == 1 {
                match digit {
                    1 => value = value.wrapping_add(1),
                    0 if value == 0 => {}
                    _ => break,
                }
            } else if digit >= base {
                break;
            } else {
                value = value.wrapping_mul(base).wrapping_add(digit);
            }
            self.pos += 1;
        }
        Token::Number(value as i32)
    }

    /// An expression of operators of `level` and tighter that begins with `token`.
    fn binary(&mut self, token: Token, level: usize) -> Result<i32, Fault> {
        let mut left = self.power(token)?;
        // What binds tighter than the operator just done belongs to its right side; if it still stands there, that
        // side ended in an error that was ignored, and the expression ends too.
        let mut tightest = LEVELS.len();
        loop {
            let token = self.lex();
            let found = match token {
                Token::Binary(op) => LEVELS.iter().position(|ops| ops.contains(&op)).map(|at| (op, at)),
                Token::Error => return Err(Fault::Unknown),
                _ => None,
            };
            let Some((op, at)) = found.filter(|(_, at)| (level..=tightest).contains(at)) else {
                self.undo();
                return Ok(left);
            };
            tightest = at;
            let token = self.operand()?;
            let right = self.binary(token, at + 1);
            left = match (op, right) {
                (Op::LogicalOr, Err(f)) if left != 0 && f < Fault::Syntax => 1,
                (Op::LogicalAnd, Err(f)) if left == 0 && f < Fault::Syntax => 0,
                (_, Err(f)) => return Err(f),
                (op, Ok(right)) => {
                    self.assigned += usize::from(op == Op::Assign);
                    apply(op, left, right)?
                }
            };
        }
    }

    fn power(&mut self, token: Token) -> Result<i32, Fault> {
        let base = self.unary(token)?;
        match self.lex() {
            Token::Binary(Op::Power) => {
                let token = self.operand()?;
                self.enter()?;
                let exponent = self.power(token)?;
                self.depth -= 1;
                raise(base, exponent)
            }
            Token::Error => Err(Fault::Unknown),
            _ => {
                self.undo();
                Ok(base)
            }
        }
    }

    /// The token after an operator.
    fn operand(&mut self) -> Result<Token, Fault> {
        match self.lex() {
            Token::Error => Err(Fault::Unknown),
            token => Ok(token),
        }
    }

    fn enter(&mut self) -> Result<(), Fault> {
        self.depth += 1;
        if self.depth > DEPTH { Err(Fault::TooDeep) } else { Ok(()) }
    }

    fn unary(&mut self, token: Token) -> Result<i32, Fault> {
        match token {
            Token::Number(value) => return Ok(value),
            Token::BadOperator => return Err(Fault::Operator),
            Token::Open | Token::Not | Token::Complement | Token::Binary(Op::Add | Op::Sub) => {}
            _ => return Err(Fault::Syntax),
        }
        self.enter()?;
        let next = self.operand()?;
        let value = if token == Token::Open {
            let value = self.binary(next, 0)?;
            match self.lex() {
                Token::Close => value,
                Token::Error => return Err(Fault::Unknown),
                _ => return Err(Fault::MissingRight),
            }
        } else {
            let value = self.unary(next)?;
            match token {
                Token::Not => i32::from(value == 0),
                Token::Complement => !value,
                Token::Binary(Op::Sub) => value.wrapping_neg(),
                _ => value,
            }
        };
        self.depth -= 1;
        Ok(value)
    }
}

fn apply(op: Op, a: i32, b: i32) -> Result<i32, Fault> {
    Ok(match op {
        Op::Add => a.wrapping_add(b),
        Op::Sub => a.wrapping_sub(b),
        Op::Times => a.wrapping_mul(b),
        Op::Divide if b == 0 => return Err(Fault::DivideZero),
        Op::Divide => a.wrapping_div(b),
        Op::Modulo if b == 0 => return Err(Fault::ModuloZero),
        Op::Modulo => a.wrapping_rem(b),
        Op::Power => raise(a, b)?,
        Op::Assign | Op::Equal => i32::from(a == b),
        Op::NotEqual => i32::from(a != b),
        Op::Greater => i32::from(a > b),
        Op::GreaterEqual => i32::from(a >= b),
        Op::Less => i32::from(a < b),
        Op::LessEqual => i32::from(a <= b),
        Op::LeftShift => a.wrapping_shl(b as u32),
        Op::RightShift => a.wrapping_shr(b as u32),
        Op::LogicalAnd => i32::from(a != 0 && b != 0),
        Op::LogicalOr => i32::from(a != 0 || b != 0),
        Op::And => a & b,
        Op::Or => a | b,
        Op::Xor => a ^ b,
    })
}

fn raise(base: i32, exponent: i32) -> Result<i32, Fault> {
    match u32::try_from(exponent) {
        Err(_) => Err(Fault::NegativeExponent),
        Ok(0) if base == 0 => Err(Fault::DivideZero),
        Ok(n) => Ok(base.wrapping_pow(n)),
    }
}
