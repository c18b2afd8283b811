//! What rule sets say of a server: `try_tls`, `tls_server`, `tls_rcpt`, `authinfo`.

use super::auth::Credentials;
use super::token;
use crate::cf::{Config, Macros};
use crate::envelope::{QueueId, Status};
use crate::reply::{Enhanced, Reply};
use crate::rewrite::service::Maps;
use crate::rewrite::{Scope, Verdict, check};
use base64::Engine;
use std::io::Read;
use zeroize::Zeroizing;

/// Longest `DefaultAuthInfo` file.
const MAX_FILE: u64 = 16 * 1024;

/// Asks rule sets about one server. `macros` has `{server_name}`, `{server_addr}` and, after a handshake, those of TLS.
pub struct Policy<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Its maps.
    pub maps: &'a dyn Maps,
    /// The macros.
    pub macros: Macros,
    /// The message and the server's name, for the log.
    pub id: &'a QueueId,
    /// See `id`.
    pub relay: &'a str,
}

impl Policy<'_> {
    fn check(&mut self, name: &str, args: &[&[u8]]) -> Verdict {
        let mut scope = Scope::new(self.config, &mut self.macros, self.maps);
        let verdict = check(&mut scope, name, args);
        if let Verdict::Reject { code, enhanced, text } = &verdict {
            let reply = Reply::new(*code, Some(*enhanced), text);
            let argument = args.first().copied().unwrap_or_default();
            crate::log::client::refused(self.id, name, argument, self.relay, &reply.to_text());
        }
        verdict
    }

    /// Whether STARTTLS is to be used with `server`.
    pub fn try_tls(&mut self, server: &[u8]) -> bool {
        self.check("try_tls", &[server]).is_accept()
    }

    /// Whether the connection is good enough; `verify` is `${verify}`.
    pub fn tls_server(&mut self, verify: &[u8]) -> Result<(), Status> {
        self.macros.set("{verify}", verify);
        judged(self.check("tls_server", &[verify]))
    }

    /// Whether it is good enough for `recipient`.
    pub fn tls_rcpt(&mut self, recipient: &[u8]) -> Result<(), Status> {
        judged(self.check("tls_rcpt", &[recipient]))
    }

    /// Who we are to the server: rule set `authinfo`, else the file `DefaultAuthInfo`.
    pub fn auth_info(&mut self, server: &[u8], address: &[u8]) -> Result<Option<Credentials>, Status> {
        let found = match self.check("authinfo", &[server, address]) {
            Verdict::Undefined => self.default_auth_info(),
            Verdict::Accept { text, .. } => parse_auth_info(&text),
            Verdict::TempFail => return Err(temporary()),
            _ => None,
        };
        let Some(mut credentials) = found else { return Ok(None) };
        if !credentials.command.is_empty() {
            credentials.token = token::of(&credentials.command).map_err(|problem| {
                crate::log::process_notice(&format!("AuthInfo of {}: token: {problem}", server.escape_ascii()));
                temporary()
            })?;
        }
        Ok(Some(credentials))
    }

    fn default_auth_info(&self) -> Option<Credentials> {
        let path = self.config.options.default_auth_info.path()?;
        let mut text = Zeroizing::new(Vec::new());
        std::fs::File::open(path).ok()?.take(MAX_FILE).read_to_end(&mut text).ok()?;
        let mut lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
        let mut next = || lines.next().unwrap_or_default().to_vec();
        let (author, authen, password, realm, mechanisms) = (next(), next(), next(), next(), next());
        if authen.is_empty() {
            return None;
        }
        let (password, mechanisms) = (Zeroizing::new(password), words(&mechanisms));
        Some(Credentials { author, authen, password, realm, mechanisms, ..Credentials::default() })
    }
}

fn temporary() -> Status {
    Status::new((4, 4, 3), 75, "451 4.3.0 Temporary system failure. Please try again later.")
}

fn judged(verdict: Verdict) -> Result<(), Status> {
    match verdict {
        Verdict::Reject { code, enhanced, text } => {
            let reply = Reply::new(code, Some(enhanced), text);
            let mut status = match code / 100 {
                5 => Status::new((5, 7, 0), 69, "Service unavailable"),
                _ => Status::new((4, 7, 0), 75, reply.to_text()),
            };
            if u16::from(enhanced.0) == code / 100 {
                status.enhanced = Enhanced(enhanced.0, enhanced.1, enhanced.2);
            }
            if status.enhanced.0 == 5 {
                status.reply = Some(reply);
            }
            Err(status)
        }
        Verdict::TempFail => Err(temporary()),
        Verdict::Discard | Verdict::Quarantine(_) | Verdict::Undefined | Verdict::Accept { .. } => Ok(()),
    }
}

/// Reads `"U:user" "I:user" "P=base64" "R:realm" "M:PLAIN LOGIN" "C:/path/to/command argument"`.
fn parse_auth_info(text: &[u8]) -> Option<Credentials> {
    let mut credentials = Credentials::default();
    for item in text.split(|b| *b == b'"').map(<[u8]>::trim_ascii) {
        let [key, mark, value @ ..] = item else { continue };
        let value = match mark {
            b':' => Zeroizing::new(value.to_vec()),
            b'=' => Zeroizing::new(base64::engine::general_purpose::STANDARD.decode(value).ok()?),
            _ => continue,
        };
        match key.to_ascii_uppercase() {
            b'U' => credentials.author = value.to_vec(),
            b'I' => credentials.authen = value.to_vec(),
            b'P' => credentials.password = value,
            b'R' => credentials.realm = value.to_vec(),
            b'C' => credentials.command = value.to_vec(),
            b'M' => credentials.mechanisms = words(&value),
            _ => {}
        }
    }
    if credentials.authen.is_empty() {
        credentials.authen = credentials.author.clone();
    }
    (!credentials.authen.is_empty()).then_some(credentials)
}

fn words(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text).split_ascii_whitespace().map(str::to_string).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_info_is_read() {
        let found = parse_auth_info(b"\"U:smmsp\" \"I:joe\" \"P=c2VjcmV0\" \"R:r\" \"M:PLAIN LOGIN\"").unwrap();
        assert_eq!((found.author.as_slice(), found.authen.as_slice()), (&b"smmsp"[..], &b"joe"[..]));
        assert_eq!((found.password.as_slice(), found.mechanisms.len()), (&b"secret"[..], 2));
        assert!(parse_auth_info(b"").is_none());
        assert!(!format!("{found:?}").contains("secret"));
    }
}
