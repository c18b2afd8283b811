//! Options whose values are words of a small vocabulary.

use super::value::{Context, OptionValue, number};
use crate::cf::problem::{Fault, printable};

/// What becomes of bodies with undeclared 8-bit octets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EightBit {
    /// Turn them into MIME.
    Mime,
    /// Refuse them.
    Strict,
    /// Pass them on.
    Pass,
}

impl OptionValue for EightBit {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        match text.first() {
            Some(b'm') => *self = EightBit::Mime,
            Some(b'p') => *self = EightBit::Pass,
            Some(b's') => *self = EightBit::Strict,
            other => {
                let shown = other.map(|b| printable(&[*b])).unwrap_or_default();
                ctx.faults.push(Fault::fatal(64, format!("Unknown 8-bit mode {shown}")));
            }
        }
    }
    fn show(&self) -> Vec<u8> {
        match self {
            EightBit::Mime => b"mimefy".to_vec(),
            EightBit::Strict => b"strict".to_vec(),
            EightBit::Pass => b"pass8".to_vec(),
        }
    }
}

/// When a message is delivered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeliveryMode {
    /// While the sender waits.
    Interactive,
    /// At once, in the background.
    Background,
    /// In the next queue run.
    Queue,
    /// In the next queue run, with no slow map asked before.
    Deferred,
}

impl DeliveryMode {
    /// The mode's letter, as `${deliveryMode}` has it.
    pub fn letter(self) -> char {
        match self {
            DeliveryMode::Interactive => 'i',
            DeliveryMode::Background => 'b',
            DeliveryMode::Queue => 'q',
            DeliveryMode::Deferred => 'd',
        }
    }

    /// The mode of a word's first letter.
    pub fn from_letter(letter: u8) -> Option<DeliveryMode> {
        Some(match letter {
            b'i' => DeliveryMode::Interactive,
            b'b' => DeliveryMode::Background,
            b'q' => DeliveryMode::Queue,
            b'd' => DeliveryMode::Deferred,
            _ => return None,
        })
    }
}

impl OptionValue for DeliveryMode {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        let letter = text.first().copied().unwrap_or(b'i');
        match DeliveryMode::from_letter(letter) {
            Some(mode) => *self = mode,
            None => {
                ctx.faults.push(Fault::fatal(64, format!("Unknown delivery mode {}", printable(&[letter]))));
            }
        }
    }
    fn show(&self) -> Vec<u8> {
        match self {
            DeliveryMode::Interactive => b"interactive".to_vec(),
            DeliveryMode::Background => b"background".to_vec(),
            DeliveryMode::Queue => b"queue".to_vec(),
            DeliveryMode::Deferred => b"deferred".to_vec(),
        }
    }
}

/// How errors reach the sender of a message that was given on a command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ErrorMode {
    /// Print them.
    Print,
    /// Only the exit code tells.
    Quiet,
    /// Mail them.
    Mail,
    /// Write them to the sender's terminal, else mail them.
    Write,
    /// Mail them and exit 0.
    MailZero,
}

impl OptionValue for ErrorMode {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        match text.first() {
            Some(b'q') => *self = ErrorMode::Quiet,
            Some(b'm') => *self = ErrorMode::Mail,
            Some(b'w') => *self = ErrorMode::Write,
            Some(b'e') => *self = ErrorMode::MailZero,
            Some(b'p') => *self = ErrorMode::Print,
            _ => {}
        }
    }
    fn show(&self) -> Vec<u8> {
        match self {
            ErrorMode::Print => b"print".to_vec(),
            ErrorMode::Quiet => b"quiet".to_vec(),
            ErrorMode::Mail => b"mail".to_vec(),
            ErrorMode::Write => b"write".to_vec(),
            ErrorMode::MailZero => b"e".to_vec(),
        }
    }
}

/// When a message is committed to disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SuperSafe {
    /// Never before delivery.
    No,
    /// Before the reply.
    Yes,
    /// Before the reply unless it is delivered interactively at once.
    Interactive,
    /// Before the reply, after the milters.
    PostMilter,
}

impl OptionValue for SuperSafe {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        *self = match text.first() {
            Some(b'i' | b'I') => SuperSafe::Interactive,
            Some(b'p' | b'P') => SuperSafe::PostMilter,
            None | Some(b't' | b'T' | b'y' | b'Y') => SuperSafe::Yes,
            Some(_) => SuperSafe::No,
        };
    }
    fn show(&self) -> Vec<u8> {
        match self {
            SuperSafe::No => b"False".to_vec(),
            SuperSafe::Yes => b"True".to_vec(),
            SuperSafe::Interactive => b"Interactive".to_vec(),
            SuperSafe::PostMilter => b"PostMilter".to_vec(),
        }
    }
}

/// The order of a queue run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueueSort {
    /// By priority.
    Priority,
    /// By the first recipient's host, then priority.
    Host,
    /// By file name.
    FileName,
    /// By submission time.
    Time,
    /// Shuffled.
    Random,
    /// By modification time.
    ModTime,
    /// As the directory gives them.
    None,
}

impl OptionValue for QueueSort {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        *self = match text.first().map(u8::to_ascii_lowercase) {
            Some(b'h') => QueueSort::Host,
            Some(b'p') => QueueSort::Priority,
            Some(b't') => QueueSort::Time,
            Some(b'f') => QueueSort::FileName,
            Some(b'm') => QueueSort::ModTime,
            Some(b'r') => QueueSort::Random,
            Some(b'n') => QueueSort::None,
            _ => {
                let text = printable(text);
                ctx.faults.push(Fault::error(format!("Invalid queue sort order \"{text}\"")));
                return;
            }
        };
    }
    fn show(&self) -> Vec<u8> {
        match self {
            QueueSort::Priority => b"priority".to_vec(),
            QueueSort::Host => b"host".to_vec(),
            QueueSort::FileName => b"filename".to_vec(),
            QueueSort::Time => b"time".to_vec(),
            QueueSort::Random => b"random".to_vec(),
            QueueSort::ModTime => b"modification".to_vec(),
            QueueSort::None => b"none".to_vec(),
        }
    }
}

/// What to add to a message without recipient headers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoRecipient {
    /// Nothing.
    None,
    /// `To:` with the envelope's recipients.
    AddTo,
    /// `Apparently-To:`.
    AddApparentlyTo,
    /// An empty `Bcc:`.
    AddBcc,
    /// `To: undisclosed-recipients:;`.
    AddToUndisclosed,
}

impl OptionValue for NoRecipient {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        *self = match text.to_ascii_lowercase().as_slice() {
            b"none" => NoRecipient::None,
            b"add-to" => NoRecipient::AddTo,
            b"add-apparently-to" => NoRecipient::AddApparentlyTo,
            b"add-bcc" => NoRecipient::AddBcc,
            b"add-to-undisclosed" => NoRecipient::AddToUndisclosed,
            _ => return ctx.error(format!("Invalid NoRecipientAction: {}", printable(text))),
        };
    }
    fn show(&self) -> Vec<u8> {
        match self {
            NoRecipient::None => b"none".to_vec(),
            NoRecipient::AddTo => b"add-to".to_vec(),
            NoRecipient::AddApparentlyTo => b"add-apparently-to".to_vec(),
            NoRecipient::AddBcc => b"add-bcc".to_vec(),
            NoRecipient::AddToUndisclosed => b"add-to-undisclosed".to_vec(),
        }
    }
}

/// Which interfaces' names and addresses go into `$=w`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Probe {
    /// All of them.
    All,
    /// None.
    Never,
    /// All but loopback.
    NotLoopback,
}

impl OptionValue for Probe {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        *self = match text {
            t if t.eq_ignore_ascii_case(b"loopback") => Probe::NotLoopback,
            t if super::value::truth(t) => Probe::Never,
            _ => Probe::All,
        };
    }
    fn show(&self) -> Vec<u8> {
        match self {
            Probe::All => b"False".to_vec(),
            Probe::Never => b"True".to_vec(),
            Probe::NotLoopback => b"loopback".to_vec(),
        }
    }
}

/// The limits of MIME headers and of their parameters; 0 is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MimeLimits {
    /// Octets of a header.
    pub header: i64,
    /// Octets of a parameter.
    pub field: i64,
}

impl OptionValue for MimeLimits {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        let mut parts = text.splitn(2, |b| *b == b'/');
        self.header = number(parts.next().unwrap_or_default());
        self.field = parts.next().map_or(self.header / 2, number);
        let mut low = |what: &str, value: i64, limit: i64| {
            if value > 0 && value < limit {
                let text = format!("Warning: MaxMimeHeaderLength: {what} length limit set lower than {limit}");
                ctx.faults.push(Fault::warning(text));
            }
        };
        low("header", self.header, 128);
        low("field", self.field, 40);
    }
    fn show(&self) -> Vec<u8> {
        format!("{}/{}", self.header, self.field).into_bytes()
    }
}

/// The time zone of the process and its children.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TimeZone {
    /// The system's: `TZ` is removed from the environment.
    Clear,
    /// The caller's: `TZ` is left as it is.
    Keep,
    /// This one.
    Set(Vec<u8>),
}

impl OptionValue for TimeZone {
    fn take(&mut self, text: &[u8], _: &mut Context<'_>) {
        *self = if text.is_empty() { TimeZone::Keep } else { TimeZone::Set(text.to_vec()) };
    }
    fn show(&self) -> Vec<u8> {
        match self {
            TimeZone::Set(zone) => zone.clone(),
            TimeZone::Clear | TimeZone::Keep => Vec::new(),
        }
    }
}
