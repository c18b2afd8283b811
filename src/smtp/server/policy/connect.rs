//! A connection was made: its macros, `check_relay`, `srv_features`, `greet_pause`, the greeting.

use super::{Flow, Ruled, State, ask, ruled};
use crate::dns::Families;
use crate::log;
use crate::reply::Reply;
use crate::rewrite::Verdict;
use crate::service::Services;
use crate::smtp::server::dates;
use crate::smtp::server::facts::{Peer, address_text};
use crate::smtp::server::hosts_access::{self, Client};
use crate::text::Line;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The longest `greet_pause` heeded.
const MAX_PAUSE: Duration = Duration::from_secs(300);

pub(super) fn connect(state: &mut State, services: &Services) -> Flow {
    identify(state, services);
    log::server::connect(&state.client);
    if state.facts.modifier(b's') && state.features.starttls {
        return super::tls::start_at_once(state, services);
    }
    welcome(state, services)
}

/// What follows once the connection is as it will be: checks and the greeting.
pub(super) fn welcome(state: &mut State, services: &Services) -> Flow {
    if let Some(flow) = relay_check(state, services) {
        return flow;
    }
    state.queue_id(services);
    if services.config.milters.is_empty() {
        log::server::no_filter(state.log_id());
    }
    let now = state.now();
    dates::set(&mut state.macros, now);
    features(state, services);
    super::auth::offer(state, services);
    let greeting = greeting(state);
    match pause(state, services) {
        Some(time) => Flow::Pause(time, greeting),
        None => {
            state.greeted = true;
            Flow::Reply(greeting)
        }
    }
}

/// Says 421, or the text of `check_relay`'s refusal for a session that only looks open; `None` goes on.
fn relay_check(state: &mut State, services: &Services) -> Option<Flow> {
    let Some(address) = state.facts.address() else { return None };
    let (name, address) = (state.client_name.clone(), address_text(address).into_bytes());
    let args: [&[u8]; 2] = [&name, &address];
    let verdict = ask(services, &mut state.macros, "check_relay", &args);
    match ruled(state, verdict, "check_relay", &args, b"") {
        Ruled::Accept => {}
        Ruled::Discard => state.discard = true,
        Ruled::Quarantine(reason) => state.quarantine = Some(reason),
        Ruled::Reject(reply) if reply.code == 421 => {
            state.rejected = Some(reply.clone());
            return Some(Flow::Close(reply));
        }
        Ruled::Reject(reply) => state.rejected = Some(reply),
    }
    wrappers(state)
}

/// `/etc/hosts.allow` and `/etc/hosts.deny`: those kept out hear it at every command.
fn wrappers(state: &mut State) -> Option<Flow> {
    let address = state.facts.address().filter(|_| state.rejected.is_none())?;
    let known = state.macros.get("{client_resolve}").is_some_and(|r| r == b"OK");
    let client = Client {
        name: Some(&*state.client_name).filter(|_| known),
        forged: state.macros.get("{client_resolve}").is_some_and(|r| r == b"FORGED"),
        address,
        local: state.facts.local.map(|l| l.ip().to_canonical()),
    };
    if !hosts_access::allowed(&client) {
        log::server::wrappers(&state.client_name, address);
        state.rejected = Some(Reply::coded(550, (5, 0, 0), "Access denied"));
    }
    None
}

/// Who the client is: `${client_*}`, `$_`, the text of logs.
pub(super) fn identify(state: &mut State, services: &Services) {
    let facts = std::sync::Arc::clone(&state.facts);
    let macros = &mut state.macros;
    match &facts.peer {
        Peer::User { name, .. } => {
            let shown = [name.as_slice(), b"@localhost"].concat();
            macros.set("{client_name}", "localhost");
            macros.set("{client_resolve}", "OK");
            macros.set("_", &shown);
            state.client_name = b"localhost".to_vec();
            state.client = shown;
        }
        Peer::Net(socket) => {
            let (ip, port) = (socket.ip().to_canonical(), socket.port());
            let text = address_text(ip);
            let (resolve, pointer) = look_up(ip, services);
            let name = match (&pointer, resolve) {
                (Some(name), "OK") => name.clone(),
                _ => format!("[{text}]").into_bytes(),
            };
            state.client = match (&pointer, resolve) {
                (Some(name), "OK") => [name, &b" ["[..], text.as_bytes(), b"]"].concat(),
                (Some(name), "FORGED") => [name, &b" ["[..], text.as_bytes(), b"] (may be forged)"].concat(),
                _ => name.clone(),
            };
            if let Some(user) = &state.ident {
                state.client = [user, &b"@"[..], &state.client].concat();
            }
            macros.set("{client_addr}", &text);
            macros.set("{client_port}", port.to_string());
            macros.set("{client_name}", &name);
            macros.set("{client_ptr}", pointer.as_deref().unwrap_or(&name));
            macros.set("{client_resolve}", resolve);
            macros.set("_", &state.client);
            state.client_name = name;
        }
    }
    macros.set("{client_connections}", facts.client_connections.to_string());
    macros.set("{client_rate}", facts.client_rate.to_string());
    macros.set("{total_rate}", facts.total_rate.to_string());
    macros.set("{daemon_name}", &facts.daemon);
    macros.set("{daemon_flags}", flags(&facts.modifiers));
    let mode = facts.mode.unwrap_or(services.config.options.delivery_mode).letter().to_string();
    macros.set("{deliveryMode}", mode);
    macros.set("r", "SMTP");
    macros.set("s", &state.client_name);
    if let Some(local) = facts.local {
        interface(state, services, local);
    }
}

/// `${if_*}` and `${daemon_*}` of our end.
fn interface(state: &mut State, services: &Services, local: SocketAddr) {
    let ip = local.ip().to_canonical();
    let family = if ip.is_ipv4() { "inet" } else { "inet6" };
    let text = address_text(ip);
    state.macros.set("{daemon_family}", family);
    state.macros.set("{daemon_port}", local.port().to_string());
    state.macros.set("{daemon_addr}", &text);
    state.macros.set("{if_family}", if ip.is_ipv4() { "2" } else { "10" });
    if ip.is_loopback() {
        return;
    }
    let name = services.resolver.reverse(ip).unwrap_or_else(|_| format!("[{text}]").into_bytes());
    state.macros.set("{if_addr}", &text);
    state.macros.set("{if_name}", name);
}

/// The letters as `${daemon_flags}` has them: separated by blanks, capitals doubled.
fn flags(letters: &[u8]) -> Vec<u8> {
    crate::cf::options::Modifiers::new(letters).as_macro()
}

/// The client's name by its address, and whether that name has the address (`${client_resolve}`).
fn look_up(ip: IpAddr, services: &Services) -> (&'static str, Option<Vec<u8>>) {
    use crate::dns::DnsError::TempFail;
    let name = match services.resolver.reverse(ip) {
        Ok(name) => name,
        Err(TempFail(_)) => return ("TEMP", None),
        Err(_) => return ("FAIL", None),
    };
    let families = if ip.is_ipv4() { Families::V4 } else { Families::V6 };
    match services.resolver.addresses(&name, families) {
        Ok(list) if list.iter().any(|a| a.to_canonical() == ip) => ("OK", Some(name)),
        Err(TempFail(_)) => ("TEMP", Some(name)),
        _ => ("FORGED", Some(name)),
    }
}

/// `srv_features`: letters that switch things on and off.
fn features(state: &mut State, services: &Services) {
    let Some(address) = state.facts.address() else { return };
    let (name, address) = (state.client_name.clone(), address_text(address).into_bytes());
    match ask(services, &mut state.macros, "srv_features", &[&name, &address]).verdict {
        Verdict::Accept { mailer, host, user, .. } if !mailer.is_empty() => {
            if mailer.eq_ignore_ascii_case(b"temp") {
                state.rejected = Some(Reply::coded(450, (4, 3, 0), "Please try again later."));
                return;
            }
            let words = [mailer, host.unwrap_or_default(), user.unwrap_or_default()].join(&b' ');
            for letter in state.features.apply(&words) {
                log::server::unknown_feature(state.log_id(), &letter);
            }
        }
        Verdict::TempFail => state.rejected = Some(Reply::coded(450, (4, 3, 0), "Please try again later.")),
        _ => {}
    }
}

/// `greet_pause`: milliseconds of silence before the greeting.
fn pause(state: &mut State, services: &Services) -> Option<Duration> {
    let address = state.facts.address()?;
    if state.rejected.is_some() {
        return None;
    }
    let (name, address) = (state.client_name.clone(), address_text(address).into_bytes());
    match ask(services, &mut state.macros, "greet_pause", &[&name, &address]).verdict {
        Verdict::Accept { mailer, .. } => {
            let millis: u64 = std::str::from_utf8(&mailer).ok()?.trim().parse().ok()?;
            (millis > 0).then(|| Duration::from_millis(millis).min(MAX_PAUSE))
        }
        _ => None,
    }
}

/// `SmtpGreetingMessage`, with `ESMTP` after its first word.
fn greeting(state: &State) -> Reply {
    let text = state.macros.expand(&state.settings.greeting);
    let mut lines = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end);
    let first = lines.next().unwrap_or_default();
    let (host, rest) = first.split_at(first.iter().position(|b| *b == b' ').unwrap_or(first.len()));
    let mut reply = Reply::new(220, None, [host, b" ESMTP", rest].concat());
    reply.lines.extend(lines.filter(|l| !l.is_empty()).map(Line::cleaned));
    reply
}
