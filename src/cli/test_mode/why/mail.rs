//! `/why mail from rcpt client`: the checks of a session, in the server's order, up to the first refusal.

use super::super::TestMode;
use super::plain;
use super::tell::Teller;
use crate::cf::RulesetId;
use crate::dns::{DnsError, Families};
use crate::rewrite::{Explainer, Kind, Scope, Verdict, check, run_sequence};
use crate::smtp::server::facts::address_text;
use std::net::IpAddr;

/// Who asks.
struct Client {
    address: IpAddr,
    name: Vec<u8>,
    pointer: Option<Vec<u8>>,
    resolve: &'static str,
}

/// Whether the session goes on.
#[derive(PartialEq)]
enum Go {
    On,
    Stop,
}

impl TestMode {
    pub(super) fn why_mail(&mut self, from: &[u8], rcpt: &[u8], client: &[u8]) {
        let Some(client) = self.client(client) else {
            return self.out.text("client: an address, name[address], or a host name that has one");
        };
        let session = self.macros.clone();
        self.session(&bracketed(from), &bracketed(rcpt), &client);
        self.macros = session;
    }

    fn session(&mut self, from: &[u8], rcpt: &[u8], client: &Client) {
        self.identify(client);
        let address = address_text(client.address).into_bytes();
        if self.ask("check_relay", &[&client.name, &address]) == Go::Stop {
            return;
        }
        if self.sender(from) == Go::Stop
            || self.ask("tls_client", &[b"NONE", b"MAIL"]) == Go::Stop
            || self.ask("check_mail", &[from]) == Go::Stop
        {
            return;
        }
        self.macros.set("{addr_type}", "e r");
        self.macros.set("{nrcpts}", "1");
        self.macros.set("{nbadrcpts}", "0");
        self.out.line(&plain(&[b"recipient ", rcpt, b":"].concat()));
        let Some((resolved, ..)) = self.resolve(rcpt, Kind::EnvelopeRecipient, false) else { return };
        self.macros.set("{rcpt_mailer}", &resolved.mailer);
        self.macros.set("{rcpt_host}", &resolved.host);
        self.macros.set("{rcpt_addr}", &resolved.user);
        if self.ask("check_rcpt", &[rcpt]) == Go::Stop || self.ask("check_compat", &[from, rcpt]) == Go::Stop {
            return;
        }
        self.out.text("verdict: accepted");
    }

    /// Asks one check, and tells why it says what it says.
    fn ask(&mut self, name: &str, args: &[&[u8]]) -> Go {
        if self.config.rulesets.hook(name).is_none() {
            return Go::On;
        }
        let mut explainer = Explainer::new(&self.config);
        let mut scope = Scope::new(&self.config, &mut self.macros, &*self.maps);
        scope.trace = Some(&mut explainer);
        let verdict = check(&mut scope, name, args);
        Teller::new(&self.config, &self.out).facts(&explainer.into_facts());
        let (text, go) = match verdict {
            Verdict::Undefined | Verdict::Accept { .. } => return Go::On,
            Verdict::Quarantine(reason) => ([b"quarantined: ", reason.as_slice()].concat(), Go::On),
            Verdict::Discard => (b"accepted and thrown away".to_vec(), Go::Stop),
            Verdict::TempFail => (b"refused: 451 4.3.0 the rules come to no end".to_vec(), Go::Stop),
            Verdict::Reject { code, enhanced, text } => {
                ([format!("refused: {code} {enhanced} ").as_bytes(), &text].concat(), Go::Stop)
            }
        };
        self.out.line(&plain(&[b"verdict: ", name.as_bytes(), b": ", &text].concat()));
        go
    }

    /// The macros of MAIL: what the sender's address comes to.
    fn sender(&mut self, from: &[u8]) -> Go {
        let bare = from.strip_prefix(b"<").and_then(|a| a.strip_suffix(b">")).unwrap_or(from).to_vec();
        self.macros.set("{mail_from}", from);
        self.macros.set("f", &bare);
        self.macros.set("{addr_type}", "e s");
        self.macros.set("{msg_size}", "0");
        if bare.is_empty() {
            self.macros.set("g", "");
            self.macros.set("{mail_mailer}", "local");
            self.macros.set("{mail_host}", "");
            self.macros.set("{mail_addr}", "");
            return Go::On;
        }
        self.out.line(&plain(&[b"sender ", from, b":"].concat()));
        let Some((resolved, ..)) = self.resolve(from, Kind::EnvelopeSender, false) else { return Go::Stop };
        let mut scope = Scope::new(&self.config, &mut self.macros, &*self.maps);
        let outcome = run_sequence(&mut scope, &[3, 1, 4].map(RulesetId), &bare, None).0;
        let shown = outcome.filter(|o| o.status == 0 && !o.text.is_empty()).map_or(bare, |o| o.text);
        self.macros.set("f", &shown);
        self.macros.set("{mail_mailer}", &resolved.mailer);
        self.macros.set("{mail_host}", &resolved.host);
        self.macros.set("{mail_addr}", &resolved.user);
        self.macros.set("{addr_type}", "e s");
        Go::On
    }

    /// The macros of a connection to the first listener.
    fn identify(&mut self, client: &Client) {
        let text = address_text(client.address);
        let shown = match client.resolve {
            "OK" => [client.name.as_slice(), b" [", text.as_bytes(), b"]"].concat(),
            _ => client.name.clone(),
        };
        let port = self.config.options.daemon_port_options.0.first();
        let flags = port.map(|p| p.modifiers.as_macro()).unwrap_or_default();
        let daemon = port.and_then(|p| p.name.clone()).unwrap_or_else(|| b"Daemon0".to_vec());
        let pointer = client.pointer.clone().unwrap_or_else(|| client.name.clone());
        for (name, value) in [
            ("{client_addr}", text.as_bytes()),
            ("{client_port}", b"0"),
            ("{client_name}", &client.name),
            ("{client_ptr}", &pointer),
            ("{client_resolve}", client.resolve.as_bytes()),
            ("{client_connections}", b"1"),
            ("{client_rate}", b"1"),
            ("{total_rate}", b"1"),
            ("{daemon_name}", &daemon),
            ("{daemon_flags}", &flags),
            ("_", &shown),
            ("r", b"ESMTP"),
            ("s", &client.name),
        ] {
            self.macros.set(name, value);
        }
        self.out.line(&plain(&[b"client: ", shown.as_slice(), b", name ", client.resolve.as_bytes()].concat()));
    }

    /// `192.0.2.7`, `[192.0.2.7]`, `name[192.0.2.7]` with a name to be believed, or a name.
    fn client(&self, text: &[u8]) -> Option<Client> {
        let text = std::str::from_utf8(text).ok()?;
        let (name, address) = match text.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']').unwrap_or(rest)),
            None => ("", text),
        };
        let bare = address.strip_prefix("IPv6:").unwrap_or(address);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            let ip = ip.to_canonical();
            return Some(match name {
                "" => self.by_address(ip),
                name => Client { address: ip, name: name.into(), pointer: Some(name.into()), resolve: "OK" },
            });
        }
        let found = self.resolver.addresses(address.as_bytes(), Families::Both).ok()?;
        found.first().map(|ip| self.by_address(ip.to_canonical()))
    }

    /// The client's name by its address, and whether that name has the address.
    fn by_address(&self, ip: IpAddr) -> Client {
        let bracketed = format!("[{}]", address_text(ip)).into_bytes();
        let unnamed = |resolve| Client { address: ip, name: bracketed.clone(), pointer: None, resolve };
        let pointer = match self.resolver.reverse(ip) {
            Ok(name) => name,
            Err(DnsError::TempFail(_)) => return unnamed("TEMP"),
            Err(_) => return unnamed("FAIL"),
        };
        let families = if ip.is_ipv4() { Families::V4 } else { Families::V6 };
        match self.resolver.addresses(&pointer, families) {
            Ok(list) if list.iter().any(|a| a.to_canonical() == ip) => {
                Client { address: ip, name: pointer.clone(), pointer: Some(pointer), resolve: "OK" }
            }
            Err(DnsError::TempFail(_)) => Client { pointer: Some(pointer), ..unnamed("TEMP") },
            _ => Client { pointer: Some(pointer), ..unnamed("FORGED") },
        }
    }
}

/// The address as a client would write it.
fn bracketed(address: &[u8]) -> Vec<u8> {
    match address.first() {
        Some(b'<') => address.to_vec(),
        _ => [b"<", address, b">"].concat(),
    }
}
