//! Ways to a session: a kept connection, a new one to an address of the host.

use super::{Connection, Run};
use crate::envelope::Status;
use crate::log::client as log;
use crate::log::traffic::{self, Kind};
use crate::smtp::client::cache::Key;
use crate::smtp::client::hosts::{Finder, Host, Place};
use crate::smtp::client::outcome::Lost;
use crate::smtp::client::session::{Session, Setup};
use crate::smtp::client::settings::{families, seconds, source, times};
use crate::smtp::client::wire::{Wire, words};
use crate::smtp::server::facts::address_text;
use crate::text::Line;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

impl Run<'_, '_> {
    /// A session with `host` that is ready for a transaction, a kept one or a new one.
    pub(super) fn session(&mut self, finder: &Finder<'_>, host: &Host) -> Result<Connection, Status> {
        let options = &self.config.options;
        if let Some(connection) = self.cached(&self.key(host), seconds(options.connection_cache_timeout.secs())) {
            return Ok(connection);
        }
        let port = match &host.place {
            Place::Name(_, port) | Place::Address(_, port) if *port != 25 => format!(" port {port}"),
            _ => String::new(),
        };
        let found = match &host.place {
            Place::Socket(_) => Ok(Vec::new()),
            _ => finder.addresses(host, families(options)),
        };
        let shown = if found.is_ok() { &host.shown } else { host.given.as_ref().unwrap_or(&host.shown) };
        self.announce(&format!("Connecting to {shown}{port} via {}...", self.mailer.name));
        let only = options.connect_only_to.get().and_then(|t| std::str::from_utf8(t).ok()?.trim().parse().ok());
        self.dial(host, &found?, only)
    }

    /// A kept connection that still answers, or that is to be asked with the next command.
    fn cached(&mut self, key: &Key, idle: Duration) -> Option<Connection> {
        // A dead one is dropped, and the next one tried; there are few.
        while let Some(mut connection) = self.pool.take(key, idle) {
            // Who watches is to see one answer after the other.
            if self.verbose.is_none() && connection.session.reset_with_next() {
                return Some(connection);
            }
            connection.session.reset();
            if self.drive(&mut connection).is_ok() && connection.session.is_reusable() {
                let kind = match (self.mailer.flags.has(b'z'), connection.session.peer().extended) {
                    (true, _) => "LMTP",
                    (_, true) => "ESMTP",
                    _ => "SMTP",
                };
                let text =
                    format!("Using cached {kind} connection to {} via {}...", connection.shown, self.mailer.name);
                self.announce(&text);
                return Some(connection);
            }
        }
        None
    }

    /// The same as [`Run::connect`]; a host that is dialled up first (F=Z) gets a second chance after DialDelay.
    fn dial(&mut self, host: &Host, addresses: &[(IpAddr, u16)], only: Option<IpAddr>) -> Result<Connection, Status> {
        let delay = seconds(self.config.options.dial_delay.secs());
        match self.connect(host, addresses, only) {
            Err(status) if status.exit == 75 && self.mailer.flags.has(b'Z') && !delay.is_zero() => {
                std::thread::sleep(delay);
                self.connect(host, addresses, only)
            }
            done => done,
        }
    }

    /// The name of our end of a connection, or its address, for a detailed log.
    fn log_our_end(&self, wire: &Wire) {
        if let Some(ip) = wire.local().filter(|_| crate::log::wanted(12)) {
            let name = self.svc.resolver.reverse(ip).unwrap_or_else(|_| bracketed(ip).into());
            log::outgoing_connect(&self.env.id, &name);
        }
    }

    /// A new connection with a session that is ready, to the first address that gives one.
    fn connect(
        &mut self,
        host: &Host,
        addresses: &[(IpAddr, u16)],
        only: Option<IpAddr>,
    ) -> Result<Connection, Status> {
        if let Place::Socket(path) = &host.place {
            let wire = Wire::unix(path).map_err(|e| unreachable(&e, &host.shown))?;
            return self.open(host, wire, None);
        }
        let timeouts = &self.config.options.timeouts;
        let first = self.env.attempts == 0 && timeouts.iconnect > 0;
        let limit = seconds(if first { timeouts.iconnect } else { timeouts.connect });
        let mut failure = Status::new((4, 4, 1), 75, format!("No address for {}", host.shown));
        for (ip, port) in addresses {
            let ip = only.unwrap_or(*ip);
            let source = source(&self.config.options, ip);
            traffic::line(Kind::Event, &[b"CONNECT ", host.shown.as_bytes()].concat());
            match Wire::tcp(SocketAddr::new(ip, *port), &source, limit) {
                Ok(wire) => {
                    self.svc.statistics.connection(crate::stats::Connection::Out);
                    self.log_our_end(&wire);
                    match self.open(host, wire, Some(ip)) {
                        // A server that is busy or gone may be better at another address; a refusal counts for all.
                        Err(status) if status.is_transient() => failure = status,
                        done => return done,
                    }
                }
                Err(error) => {
                    log::connection_failed(&self.env.id, &host.shown, &bracketed(ip), &words(&error));
                    failure = unreachable(&error, &host.shown);
                    failure.remote = Some(relay(&host.shown, Some(ip)));
                }
            }
        }
        Err(failure)
    }

    /// Sets a session up over a new connection.
    fn open(&mut self, host: &Host, wire: Wire, ip: Option<IpAddr>) -> Result<Connection, Status> {
        let options = &self.config.options;
        let macros = self.message.macros();
        let own = Line::cleaned(&macros.expanded("j"));
        let name = match options.helo_name.get() {
            Some(name) => Line::cleaned(name),
            None => own.clone(),
        };
        let flags = self.mailer.flags;
        let setup = Setup {
            lmtp: flags.has(b'z'),
            try_ehlo: flags.has(b'a'),
            helo_only: flags.has(b'2'),
            name,
            own_name: (!flags.has(b'k') && !flags.has(b'z')).then_some(own),
            host: host.shown.clone(),
            tls: !self.clear_only && ip.is_some() && self.pool.context(self.config).is_some(),
            verbose: self.verbose.is_some() && options.use_msp,
            mechanisms: String::from_utf8_lossy(options.auth_mechanisms.as_bytes()).into_owned(),
            times: times(options),
        };
        let mut connection = Connection {
            wire,
            session: Session::new(setup),
            shown: host.shown.clone(),
            relay: relay(&host.shown, ip),
            name: host.shown.trim_end_matches('.').as_bytes().to_vec(),
            address: ip.map(|ip| address_text(ip).into_bytes()).unwrap_or_default(),
            facts: None,
            messages: 0,
            quit_limit: seconds(options.timeouts.quit),
        };
        let lost = self.drive(&mut connection).err();
        if connection.session.is_reusable() {
            return Ok(connection);
        }
        if lost == Some(Lost::Tls) && options.tls_fallback_to_clear && !self.clear_only {
            self.clear_only = true;
            let addresses: Vec<_> = ip.into_iter().zip(port_of(&host.place)).collect();
            return self.connect(host, &addresses, None);
        }
        let mut status = connection.session.failure().cloned().unwrap_or_else(|| Lost::Reset.status(&host.shown));
        status.remote = Some(connection.relay.clone());
        Err(status)
    }
}

fn unreachable(error: &io::Error, host: &str) -> Status {
    use io::ErrorKind::*;
    let text = match error.kind() {
        ConnectionRefused => format!("Connection refused by {host}"),
        TimedOut | WouldBlock => format!("Connection timed out with {host}"),
        ConnectionReset => format!("Connection reset by {host}"),
        _ => words(error),
    };
    Status::new((4, 4, 1), 75, text)
}

fn relay(shown: &str, ip: Option<IpAddr>) -> Line {
    match ip {
        Some(ip) => Line::cleaned(format!("{shown} {}", bracketed(ip)).as_bytes()),
        None => Line::cleaned(shown.as_bytes()),
    }
}

fn bracketed(ip: IpAddr) -> String {
    format!("[{}]", address_text(ip))
}

fn port_of(place: &Place) -> Option<u16> {
    match place {
        Place::Name(_, port) | Place::Address(_, port) => Some(*port),
        Place::Socket(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relay_is_shown_as_a_client_is() {
        let of = |ip: &str| relay("mx.example.test.", ip.parse().ok());
        assert_eq!(*of("192.0.2.1"), *b"mx.example.test. [192.0.2.1]");
        assert_eq!(*of("2001:db8::1"), *b"mx.example.test. [IPv6:2001:db8:0:0:0:0:0:1]");
    }
}
