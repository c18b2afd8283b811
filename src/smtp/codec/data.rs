//! Message text after DATA (RFC 5321 4.1.1.4, 4.5.2): dots unstuffed, line ends turned to LF.
//!
//! Only CR LF . CR LF ends the text. A bare LF or bare CR is a fact that the session answers with a refusal, unless its
//! rules (srv_features `G`, `g2`, `U`, `u2`, `O`) say otherwise; even then a dot after a bare LF neither ends the text nor is
//! taken for stuffing, save with `O`. So what another server takes for the end can differ from ours only where an
//! administrator said so.

/// What is done with a bare LF, or a bare CR.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Bare {
    /// The text is refused.
    #[default]
    Refuse,
    /// Taken as it is (`G`, `U`).
    Accept,
    /// Replaced by a blank (`g2`, `u2`).
    Blank,
}

/// How lenient the reader is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DataRules {
    /// Bare LF.
    pub lf: Bare,
    /// Bare CR.
    pub cr: Bare,
    /// LF . LF ends the text too (`O`; only where bare LF is accepted).
    pub lf_dot_lf: bool,
}

/// What stands before the next octet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum At {
    /// Start of the text, or CR LF.
    #[default]
    Start,
    /// A dot at the start.
    Dot,
    /// A dot and CR at the start.
    DotCr,
    /// Anything else.
    Middle,
    /// CR.
    Cr,
    /// A bare LF, with `O`.
    BareStart,
    /// A dot after that.
    BareDot,
    /// A dot and CR after that.
    BareDotCr,
}

/// Reads the text of one message.
#[derive(Debug, Default)]
pub struct DataReader {
    rules: DataRules,
    at: At,
    /// A bare LF was met where that is refused.
    pub bare_lf: bool,
    /// A bare CR was met where that is refused.
    pub bare_cr: bool,
}

impl DataReader {
    /// A reader at the start of a message.
    pub fn new(rules: DataRules) -> DataReader {
        DataReader { rules, ..DataReader::default() }
    }

    /// True when the text is one that the rules refuse.
    pub fn is_refused(&self) -> bool {
        self.bare_lf || self.bare_cr
    }

    /// Reads `input`, appends text to `out`; gives the number of octets used, and true when the text is at its end.
    pub fn read(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, bool) {
        let mut used = 0;
        while let Some(&byte) = input.get(used) {
            if matches!(self.at, At::Middle) {
                let rest = input.get(used..).unwrap_or_default();
                let plain = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                // What follows a fault is not kept: the text is refused.
                if !self.is_refused() {
                    out.extend_from_slice(rest.get(..plain).unwrap_or_default());
                }
                used += plain;
                if plain > 0 {
                    continue;
                }
            }
            used += 1;
            let before = out.len();
            if self.step(byte, out) {
                return (used, true);
            }
            if self.is_refused() {
                out.truncate(before);
            }
        }
        (used, false)
    }

    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        match (self.at, byte) {
            (At::Start, b'.') => self.at = At::Dot,
            (At::Dot, b'\r') => self.at = At::DotCr,
            (At::DotCr | At::BareDotCr, b'\n') => return true,
            (At::DotCr, _) => {
                self.bare_cr_met(out);
                return self.step(byte, out);
            }
            (At::BareStart, b'.') => self.at = At::BareDot,
            (At::BareDot, b'\n') => return true,
            (At::BareDot, b'\r') => self.at = At::BareDotCr,
            (At::BareDot, _) => {
                out.push(b'.');
                self.at = At::Middle;
                return self.step(byte, out);
            }
            (At::BareDotCr, _) => {
                out.push(b'.');
                self.bare_cr_met(out);
                return self.step(byte, out);
            }
            (At::Cr, b'\n') => {
                out.push(b'\n');
                self.at = At::Start;
            }
            (At::Cr, _) => {
                self.bare_cr_met(out);
                return self.step(byte, out);
            }
            (_, b'\r') => self.at = At::Cr,
            (at, b'\n') => {
                if at == At::Dot {
                    out.push(b'.');
                }
                self.bare_lf_met(out);
            }
            (_, _) => {
                out.push(byte);
                self.at = At::Middle;
            }
        }
        false
    }

    fn bare_lf_met(&mut self, out: &mut Vec<u8>) {
        self.at = At::Middle;
        match self.rules.lf {
            Bare::Refuse => self.bare_lf = true,
            Bare::Blank => out.push(b' '),
            Bare::Accept => {
                out.push(b'\n');
                if self.rules.lf_dot_lf {
                    self.at = At::BareStart;
                }
            }
        }
    }

    fn bare_cr_met(&mut self, out: &mut Vec<u8>) {
        self.at = At::Middle;
        match self.rules.cr {
            Bare::Refuse => self.bare_cr = true,
            Bare::Blank => out.push(b' '),
            Bare::Accept => out.push(b'\r'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rules: DataRules, input: &[u8]) -> (Vec<u8>, usize, bool, bool) {
        let mut r = DataReader::new(rules);
        let mut out = Vec::new();
        let (used, end) = r.read(input, &mut out);
        (out, used, end, r.is_refused())
    }

    #[test]
    fn dots_are_unstuffed() {
        let text = b"a\r\n..b\r\n.c\r\n.\r\nQUIT\r\n";
        assert_eq!(read(DataRules::default(), text), (b"a\n.b\nc\n".to_vec(), text.len() - 6, true, false));
        assert_eq!(read(DataRules::default(), b".\r\n"), (vec![], 3, true, false));
    }

    #[test]
    fn only_crlf_dot_crlf_ends() {
        let fakes: [&[u8]; 12] = [
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r\n.\r",
            b"\r\n.\r\r\n",
            b"\r\n\0.\r\n",
            b"\r\n.\0\r\n",
            b"\r\0\n.\r\n",
            b"\r.\r\n",
            b"\n\n.\r\n",
            b"\r\r.\r\n",
        ];
        let lenient = DataRules { lf: Bare::Accept, cr: Bare::Accept, lf_dot_lf: false };
        let blank = DataRules { lf: Bare::Blank, cr: Bare::Blank, lf_dot_lf: false };
        for fake in fakes {
            for rules in [DataRules::default(), lenient, blank] {
                let text = [b"x", fake, b"y\r\n"].concat();
                let (_, used, end, _) = read(rules, &text);
                assert!(!end && used == text.len(), "{}", fake.escape_ascii());
            }
        }
    }

    #[test]
    fn lf_dot_lf_ends_only_on_request() {
        let rules = DataRules { lf: Bare::Accept, cr: Bare::Refuse, lf_dot_lf: true };
        assert_eq!(read(rules, b"a\n.\nrest"), (b"a\n".to_vec(), 4, true, false));
        assert_eq!(read(rules, b"a\n.b\r\n.\r\n"), (b"a\n.b\n".to_vec(), 9, true, false));
    }

    #[test]
    fn cuts_change_nothing() {
        let text = b"a\r\n..b\rc\nd\r\n.\r\n";
        let whole = read(DataRules::default(), text);
        let mut r = DataReader::new(DataRules::default());
        let mut out = Vec::new();
        let mut ended = false;
        for byte in text {
            ended = r.read(&[*byte], &mut out).1;
        }
        assert_eq!((out, ended, r.is_refused()), (whole.0, whole.2, whole.3));
        assert!(r.bare_lf && r.bare_cr);
    }
}
