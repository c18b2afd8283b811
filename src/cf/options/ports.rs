//! `DaemonPortOptions` and `ClientPortOptions`: one structure for a socket of either kind.

use super::value::{Context, OptionValue, number};
use super::words::DeliveryMode;
use crate::cf::problem::printable;

/// The family of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// IPv4.
    Inet,
    /// IPv6.
    Inet6,
    /// A path in the file system.
    Local,
}

/// The `M=` letters of a port.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Modifiers(Vec<u8>);

impl Modifiers {
    /// Letters as they are written.
    pub fn new(letters: &[u8]) -> Modifiers {
        Modifiers(letters.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect())
    }
    /// Whether a letter is among them.
    pub fn has(&self, letter: u8) -> bool {
        self.0.contains(&letter)
    }
    /// The letters as `${daemon_flags}` and `${client_flags}` have them: separated by blanks, capitals doubled.
    pub fn as_macro(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for (i, b) in self.0.iter().enumerate() {
            if i > 0 {
                out.push(b' ');
            }
            out.push(*b);
            if b.is_ascii_uppercase() {
                out.push(*b);
            }
        }
        out
    }
    /// The letters.
    pub fn letters(&self) -> &[u8] {
        &self.0
    }
}

/// One value of `DaemonPortOptions` or `ClientPortOptions`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Port {
    /// `Name=`.
    pub name: Option<Vec<u8>>,
    /// `Family=`.
    pub family: Family,
    /// `Addr=`: an address, a host name or a path; all addresses when absent.
    pub addr: Option<Vec<u8>>,
    /// `Port=` as a number; the service's usual one when absent.
    pub port: Option<u16>,
    /// `Modifier=`.
    pub modifiers: Modifiers,
    /// `InputMailFilters=`: names of milters in place of the global ones.
    pub filters: Option<Vec<Vec<u8>>>,
    /// `Listen=`: length of the queue of connections.
    pub listen: Option<i64>,
    /// `SndBufSize=`.
    pub send_buffer: i64,
    /// `RcvBufSize=`.
    pub receive_buffer: i64,
    /// `children=`.
    pub children: Option<i64>,
    /// `DeliveryMode=`.
    pub delivery_mode: Option<DeliveryMode>,
    /// `queueLA=`.
    pub queue_la: Option<i64>,
    /// `delayLA=`.
    pub delay_la: Option<i64>,
    /// `refuseLA=`.
    pub refuse_la: Option<i64>,
}

impl Default for Port {
    fn default() -> Port {
        Port {
            name: None,
            family: Family::Inet,
            addr: None,
            port: None,
            modifiers: Modifiers::default(),
            filters: None,
            listen: None,
            send_buffer: 0,
            receive_buffer: 0,
            children: None,
            delivery_mode: None,
            queue_la: None,
            delay_la: None,
            refuse_la: None,
        }
    }
}

impl Port {
    /// Reads the comma-separated equates of `text`.
    pub fn parse(text: &[u8], ctx: &mut Context<'_>) -> Port {
        let mut port = Port::default();
        for part in text.split(|b| *b == b',') {
            let part = part.trim_ascii();
            let Some(eq) = part.iter().position(|b| *b == b'=') else { continue };
            let key = part.get(..eq).unwrap_or_default().trim_ascii().to_ascii_lowercase();
            let value = part.get(eq + 1..).unwrap_or_default().trim_ascii();
            port.set(&key, value, ctx);
        }
        port
    }

    fn set(&mut self, key: &[u8], value: &[u8], ctx: &mut Context<'_>) {
        match key {
            b"deliverymode" | b"dm" => {
                self.delivery_mode = value.first().and_then(|b| DeliveryMode::from_letter(*b));
            }
            b"delayla" => self.delay_la = Some(number(value)),
            b"queuela" => self.queue_la = Some(number(value)),
            b"refusela" => self.refuse_la = Some(number(value)),
            _ => match key.first() {
                Some(b'a') => self.addr = Some(value.to_vec()),
                Some(b'c') => self.children = Some(number(value)),
                Some(b'd') => self.delivery_mode = value.first().and_then(|b| DeliveryMode::from_letter(*b)),
                Some(b'f') => match value.to_ascii_lowercase().as_slice() {
                    b"inet" => self.family = Family::Inet,
                    b"inet6" => self.family = Family::Inet6,
                    b"local" | b"unix" => self.family = Family::Local,
                    _ => ctx.error(format!("Unknown address family {} in Family=option", printable(value))),
                },
                Some(b'i') => {
                    let names = value.split(|b| *b == b';').map(<[u8]>::trim_ascii).filter(|n| !n.is_empty());
                    self.filters = Some(names.map(<[u8]>::to_vec).collect());
                }
                Some(b'l') => self.listen = Some(number(value)),
                Some(b'm') => self.modifiers = Modifiers::new(value),
                Some(b'n') => self.name = Some(value.to_vec()),
                Some(b'p') => self.set_port(value, ctx),
                Some(b'q') => self.queue_la = Some(number(value)),
                Some(b'r') => self.receive_buffer = number(value),
                Some(b's') => self.send_buffer = number(value),
                _ => ctx.error(format!("554 5.3.5 PortOptions parameter \"{}\" unknown", printable(key))),
            },
        }
    }

    fn set_port(&mut self, value: &[u8], ctx: &mut Context<'_>) {
        let text = printable(value);
        if value.first().is_some_and(u8::is_ascii_digit) {
            self.port = u16::try_from(number(value)).ok();
        } else {
            self.port = ctx.system.tcp_port(&text);
            if self.port.is_none() {
                ctx.error(format!("service \"{text}\" unknown"));
            }
        }
    }

    /// The equates as they could be written.
    pub fn show(&self) -> Vec<u8> {
        let mut parts: Vec<Vec<u8>> = Vec::new();
        let mut push = |key: &str, value: &[u8]| parts.push([key.as_bytes(), b"=", value].concat());
        if let Some(name) = &self.name {
            push("Name", name);
        }
        let family: &[u8] = match self.family {
            Family::Inet => b"inet",
            Family::Inet6 => b"inet6",
            Family::Local => b"local",
        };
        push("Family", family);
        if let Some(addr) = &self.addr {
            push("Addr", addr);
        }
        if let Some(port) = self.port {
            push("Port", port.to_string().as_bytes());
        }
        if !self.modifiers.letters().is_empty() {
            push("M", self.modifiers.letters());
        }
        parts.join(&b", "[..])
    }
}

/// All values of `DaemonPortOptions` or `ClientPortOptions`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct PortList(pub Vec<Port>);

impl OptionValue for PortList {
    fn take(&mut self, text: &[u8], ctx: &mut Context<'_>) {
        let port = Port::parse(text, ctx);
        self.0.push(port);
    }
    fn show(&self) -> Vec<u8> {
        self.0.iter().map(Port::show).collect::<Vec<_>>().join(&b"\n"[..])
    }
}
