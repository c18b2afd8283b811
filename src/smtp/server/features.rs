//! What a session offers and allows: the listener's modifiers, PrivacyOptions and the letters of `srv_features`.

use super::facts::ConnectionFacts;
use super::settings::Settings;
use crate::cf::options::Privacy;
use crate::smtp::codec::data::{Bare, DataRules};

/// Switches of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Features {
    /// AUTH (`A`/`a`, `M=A`).
    pub auth: bool,
    /// AUTH is required before MAIL (`l`, `M=a`).
    pub auth_required: bool,
    /// Plain-text mechanisms only below TLS (`c`, AuthOptions `p`).
    pub plain_needs_tls: bool,
    /// VERB (`B`/`b`).
    pub verb: bool,
    /// DSN (`D`/`d`).
    pub dsn: bool,
    /// ETRN (`E`/`e`, `M=E`).
    pub etrn: bool,
    /// EXPN (`X`/`x`).
    pub expn: bool,
    /// PIPELINING (`P`/`p`).
    pub pipelining: bool,
    /// STARTTLS (`S`/`s`, `M=S`).
    pub starttls: bool,
    /// Ask for a client certificate (`V`/`v`).
    pub request_certificate: bool,
    /// Input ahead of replies is allowed (`F`).
    pub early_talk: bool,
    /// Close at HTTP commands at any time (`h`).
    pub close_on_http: bool,
    /// Rules for bare CR and LF in messages (`g G g2 u U u2 o O`).
    pub data: DataRules,
}

impl Features {
    /// What stands before `srv_features` is asked.
    pub fn new(settings: &Settings, facts: &ConnectionFacts) -> Features {
        Features {
            auth: !facts.modifier(b'A'),
            auth_required: facts.modifier(b'a') && !facts.modifier(b'A'),
            plain_needs_tls: settings.auth_options.contains('p'),
            verb: !settings.privacy.has(Privacy::NO_VERB) && !settings.privacy.has(Privacy::NO_EXPN),
            dsn: !settings.privacy.has(Privacy::NO_RECEIPTS),
            etrn: !settings.privacy.has(Privacy::NO_ETRN) && !facts.modifier(b'E'),
            expn: !settings.privacy.has(Privacy::NO_EXPN),
            pipelining: true,
            starttls: !facts.modifier(b'S'),
            request_certificate: !settings.tls_no_verify,
            early_talk: settings.batch,
            close_on_http: false,
            data: DataRules::default(),
        }
    }

    /// Takes over the `srv_features` letters in `text`; gives those it does not know, for the log.
    pub fn apply(&mut self, text: &[u8]) -> Vec<String> {
        let mut unknown = Vec::new();
        for word in text.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()) {
            let (letter, variant) = match word {
                [l] => (*l, None),
                [l, v, ..] => (*l, Some(*v)),
                [] => continue,
            };
            if !self.set(letter, variant) {
                unknown.push(String::from_utf8_lossy(word).into_owned());
            }
        }
        unknown
    }

    fn set(&mut self, letter: u8, variant: Option<u8>) -> bool {
        let on = letter.is_ascii_lowercase();
        if variant.is_some() && !matches!((letter, variant), (b'g' | b'u', Some(b'2'))) {
            return false;
        }
        match letter {
            b'A' | b'a' => self.auth = on,
            b'B' | b'b' => self.verb = on,
            b'C' | b'c' => self.plain_needs_tls = on,
            b'D' | b'd' => self.dsn = on,
            b'E' | b'e' => self.etrn = on,
            b'F' | b'f' => self.early_talk = !on,
            b'G' => self.data.lf = Bare::Accept,
            b'g' if variant.is_some() => self.data.lf = Bare::Blank,
            b'g' => self.data.lf = Bare::Refuse,
            b'H' | b'h' => self.close_on_http = on,
            b'L' | b'l' => self.auth_required = on,
            b'N' | b'n' | b'R' | b'r' => {}
            b'O' | b'o' => self.data.lf_dot_lf = !on,
            b'P' | b'p' => self.pipelining = on,
            b'S' | b's' => self.starttls = on,
            b'U' => self.data.cr = Bare::Accept,
            b'u' if variant.is_some() => self.data.cr = Bare::Blank,
            b'u' => self.data.cr = Bare::Refuse,
            b'V' | b'v' => self.request_certificate = on,
            b'X' | b'x' => self.expn = on,
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cf::Config;

    #[test]
    fn letters() {
        let facts = ConnectionFacts::stdin(b"x", 0);
        let mut f = Features::new(&Settings::new(&Config::default(), false), &facts);
        assert_eq!(f.apply(b"V g2 U S zz l"), ["zz"]);
        assert!(!f.request_certificate && !f.starttls && f.auth_required);
        assert_eq!((f.data.lf, f.data.cr), (Bare::Blank, Bare::Accept));
    }
}
