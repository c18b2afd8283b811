//! The machine that this program runs on, for reading a configuration ([`System`]).

use super::system::{Account, Interface, Resolved, System};
use crate::sys::{netdb, passwd};
use std::ffi::OsStr;
use std::net::IpAddr;
use std::os::unix::ffi::OsStrExt;

/// This machine, asked through the system's own databases. Look-ups may block on DNS.
#[derive(Debug, Clone, Copy, Default)]
pub struct Machine;

impl System for Machine {
    fn host_name(&self) -> String {
        netdb::host_name()
    }

    fn resolve(&self, name: &str) -> Option<Resolved> {
        let (v4, v6) = (netdb::host_by_name(name, false), netdb::host_by_name(name, true));
        let first = v4.as_ref().or(v6.as_ref())?;
        let mut out = Resolved { canonical: first.name.clone(), ..Resolved::default() };
        for host in [v4, v6].into_iter().flatten() {
            out.aliases.extend(host.aliases);
            out.addresses.extend(host.addresses);
        }
        Some(out)
    }

    fn names_of(&self, address: IpAddr) -> Vec<String> {
        let host = netdb::host_by_address(address);
        host.map(|h| std::iter::once(h.name).chain(h.aliases).collect()).unwrap_or_default()
    }

    fn interfaces(&self) -> Vec<Interface> {
        netdb::interfaces().into_iter().map(|(address, loopback)| Interface { address, loopback }).collect()
    }

    fn user(&self, name: &str) -> Option<Account> {
        let entry = passwd::by_name(name.as_bytes()).ok().flatten()?;
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        Some(Account { name, uid: entry.uid, gid: entry.gid })
    }

    fn group(&self, name: &str) -> Option<u32> {
        netdb::group_id(name)
    }

    fn tcp_port(&self, service: &str) -> Option<u16> {
        netdb::tcp_port(service)
    }

    fn has_program(&self, path: &[u8]) -> bool {
        std::fs::metadata(OsStr::from_bytes(path)).is_ok_and(|m| m.is_file())
    }
}
