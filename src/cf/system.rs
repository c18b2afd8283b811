//! What reading a configuration asks of the machine, behind a trait so that tests need none of it.

use std::net::IpAddr;

/// An account of the machine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group.
    pub gid: u32,
}

/// The machine, as the configuration sees it.
pub trait System {
    /// The name that gethostname(2) gives.
    fn host_name(&self) -> String;
    /// The canonical name of `name` and its other names and addresses, from the resolver; `None` if it has none.
    fn resolve(&self, name: &str) -> Option<Resolved>;
    /// The names of an address; empty if it has none.
    fn names_of(&self, addr: IpAddr) -> Vec<String>;
    /// The addresses of the interfaces that are up.
    fn interfaces(&self) -> Vec<Interface>;
    /// An account by name.
    fn user(&self, name: &str) -> Option<Account>;
    /// A group's id by name.
    fn group(&self, name: &str) -> Option<u32>;
    /// The port of a TCP service by name.
    fn tcp_port(&self, service: &str) -> Option<u16>;
    /// Whether there is a program at `path`.
    fn has_program(&self, _path: &[u8]) -> bool {
        true
    }
}

/// An answer of [`System::resolve`].
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Resolved {
    /// The canonical name.
    pub canonical: String,
    /// Other names.
    pub aliases: Vec<String>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
}

/// An address of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// The address.
    pub address: IpAddr,
    /// Whether it belongs to a loopback interface.
    pub loopback: bool,
}

/// A machine with a fixed name and nothing else: for tests, and where nothing may be asked.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The host's full name.
    pub host: String,
}

impl System for Fixed {
    fn host_name(&self) -> String {
        self.host.clone()
    }
    fn resolve(&self, name: &str) -> Option<Resolved> {
        (name == self.host).then(|| Resolved { canonical: name.to_string(), ..Resolved::default() })
    }
    fn names_of(&self, _: IpAddr) -> Vec<String> {
        Vec::new()
    }
    fn interfaces(&self) -> Vec<Interface> {
        Vec::new()
    }
    fn user(&self, name: &str) -> Option<Account> {
        (name == "root").then(|| Account { name: "root".into(), uid: 0, gid: 0 })
    }
    fn group(&self, name: &str) -> Option<u32> {
        (name == "root").then_some(0)
    }
    fn has_program(&self, path: &[u8]) -> bool {
        !path.starts_with(b"/absent/")
    }
    fn tcp_port(&self, service: &str) -> Option<u16> {
        match service {
            "smtp" => Some(25),
            "submission" => Some(587),
            "smtps" | "submissions" => Some(465),
            _ => None,
        }
    }
}
