//! Names and numbers of hosts and services from the system's databases (`hosts`, `services` of nsswitch.conf), and the
//! machine's own interfaces.

use std::ffi::{CStr, CString, c_char, c_int};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

unsafe extern "C" {
    fn gethostbyname2_r(
        name: *const c_char,
        family: c_int,
        result: *mut libc::hostent,
        buffer: *mut c_char,
        length: libc::size_t,
        found: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn gethostbyaddr_r(
        address: *const libc::c_void,
        address_length: libc::socklen_t,
        family: c_int,
        result: *mut libc::hostent,
        buffer: *mut c_char,
        length: libc::size_t,
        found: *mut *mut libc::hostent,
        error: *mut c_int,
    ) -> c_int;
    fn getservbyname_r(
        name: *const c_char,
        protocol: *const c_char,
        result: *mut libc::servent,
        buffer: *mut c_char,
        length: libc::size_t,
        found: *mut *mut libc::servent,
    ) -> c_int;
}

/// Room for an answer; a larger one is taken as none.
const BUFFER: usize = 32 * 1024;

/// A host as the `hosts` database has it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// The official name.
    pub name: String,
    /// Its other names.
    pub aliases: Vec<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// The IPv4 (or IPv6) addresses and the names of the host called `name`. May block on DNS.
pub fn host_by_name(name: &str, ipv6: bool) -> Option<Host> {
    let name = CString::new(name).ok()?;
    let family = if ipv6 { libc::AF_INET6 } else { libc::AF_INET };
    query(|result, buffer, found, error| {
        // SAFETY: all pointers are to live memory of the types and sizes that the function wants.
        unsafe { gethostbyname2_r(name.as_ptr(), family, result, buffer.as_mut_ptr(), buffer.len(), found, error) }
    })
}

/// The host with this address. May block on DNS.
pub fn host_by_address(address: IpAddr) -> Option<Host> {
    let (octets, family) = match address.to_canonical() {
        IpAddr::V4(a) => (a.octets().to_vec(), libc::AF_INET),
        IpAddr::V6(a) => (a.octets().to_vec(), libc::AF_INET6),
    };
    query(|result, buffer, found, error| {
        let length = octets.len() as libc::socklen_t;
        let address = octets.as_ptr().cast();
        // SAFETY: as above; `address` has `length` octets.
        unsafe { gethostbyaddr_r(address, length, family, result, buffer.as_mut_ptr(), buffer.len(), found, error) }
    })
}

type Ask<'a> = &'a dyn Fn(&mut libc::hostent, &mut [c_char], &mut *mut libc::hostent, &mut c_int) -> c_int;

fn query(
    ask: impl Fn(&mut libc::hostent, &mut [c_char], &mut *mut libc::hostent, &mut c_int) -> c_int,
) -> Option<Host> {
    let ask: Ask<'_> = &ask;
    // SAFETY: all zeroes (null pointers) is a valid `hostent`.
    let mut result: libc::hostent = unsafe { std::mem::zeroed() };
    let mut buffer = vec![0 as c_char; BUFFER];
    let (mut found, mut error) = (std::ptr::null_mut(), 0);
    if ask(&mut result, &mut buffer, &mut found, &mut error) != 0 || found.is_null() {
        return None;
    }
    let size = result.h_length as usize;
    let mut host = Host::default();
    // SAFETY: on success `result` holds a NUL-terminated name and NULL-terminated lists of names and of addresses of
    // `h_length` octets, all in `buffer`, which lives to the end of this function.
    unsafe {
        host.name = text(result.h_name);
        let mut alias = result.h_aliases;
        while !alias.is_null() && !(*alias).is_null() {
            host.aliases.push(text(*alias));
            alias = alias.add(1);
        }
        let mut address = result.h_addr_list;
        while !address.is_null() && !(*address).is_null() {
            let octets = std::slice::from_raw_parts((*address).cast::<u8>(), size);
            if let Ok(v4) = <[u8; 4]>::try_from(octets) {
                host.addresses.push(Ipv4Addr::from(v4).into());
            } else if let Ok(v6) = <[u8; 16]>::try_from(octets) {
                host.addresses.push(Ipv6Addr::from(v6).into());
            }
            address = address.add(1);
        }
    }
    (!host.name.is_empty()).then_some(host)
}

/// # Safety
/// `p` is null or points to a NUL-terminated string.
unsafe fn text(p: *const c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    // SAFETY: see above.
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

/// The port of the TCP service called `name`.
pub fn tcp_port(name: &str) -> Option<u16> {
    let name = CString::new(name).ok()?;
    // SAFETY: all zeroes is a valid `servent`.
    let mut result: libc::servent = unsafe { std::mem::zeroed() };
    let mut buffer = vec![0 as c_char; 4096];
    let mut found = std::ptr::null_mut();
    // SAFETY: all pointers are to live memory of the types and sizes that the function wants.
    let code = unsafe {
        getservbyname_r(name.as_ptr(), c"tcp".as_ptr(), &mut result, buffer.as_mut_ptr(), buffer.len(), &mut found)
    };
    (code == 0 && !found.is_null()).then(|| u16::from_be(result.s_port as u16))
}

/// The addresses of interfaces that are up, and whether each is a loopback interface's.
pub fn interfaces() -> Vec<(IpAddr, bool)> {
    use nix::net::if_::InterfaceFlags;
    let mut out = Vec::new();
    for interface in nix::ifaddrs::getifaddrs().into_iter().flatten() {
        if !interface.flags.contains(InterfaceFlags::IFF_UP) {
            continue;
        }
        let loopback = interface.flags.contains(InterfaceFlags::IFF_LOOPBACK);
        if let Some(address) = interface.address {
            if let Some(v4) = address.as_sockaddr_in() {
                out.push((v4.ip().into(), loopback));
            } else if let Some(v6) = address.as_sockaddr_in6() {
                out.push((v6.ip().into(), loopback));
            }
        }
    }
    out
}

/// The name that gethostname(2) gives.
pub fn host_name() -> String {
    nix::unistd::gethostname().map(|n| n.to_string_lossy().into_owned()).unwrap_or_else(|_| "localhost".into())
}

/// The id of the group called `name`.
pub fn group_id(name: &str) -> Option<u32> {
    nix::unistd::Group::from_name(name).ok().flatten().map(|g| g.gid.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_knows_itself() {
        assert_eq!(tcp_port("smtp"), Some(25));
        assert!(host_by_name("localhost", false).is_some_and(|h| h.addresses.contains(&IpAddr::from([127, 0, 0, 1]))));
        assert!(!host_name().is_empty());
        assert_eq!(group_id("root"), Some(0));
        assert!(host_by_name("a\0b", false).is_none());
    }
}
