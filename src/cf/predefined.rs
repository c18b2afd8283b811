//! Macros and classes that exist without a line that defines them (sendmail operations guide 5.2, 5.3).

use super::class::Classes;
use super::config::Config;
use super::load::LoadOptions;
use super::macros::{MacroName, Macros};
use super::options::Probe;
use super::system::System;
use super::template::Template;

/// Fills in what stands before the first line is read: `$j $w $m $k $n $v` and the classes `w m k t e n q s`.
pub(super) fn before(macros: &mut Macros, classes: &mut Classes, options: &LoadOptions<'_>) {
    let system = options.system;
    let own = system.host_name();
    let found = system.resolve(&own);
    let full = match &found {
        Some(r) if r.canonical.contains('.') => r.canonical.clone(),
        Some(r) => r.aliases.iter().find(|a| a.contains('.')).cloned().unwrap_or_else(|| own.clone()),
        None => own.clone(),
    };
    let full = full.trim_end_matches('.').to_string();
    let (short, domain) = match full.split_once('.') {
        Some((short, domain)) => (short.to_string(), Some(domain.to_string())),
        None => (full.clone(), None),
    };
    let mut add = |class: &str, word: &str| classes.insert(&MacroName::new(class), word.as_bytes());
    macros.set("w", &short);
    macros.set("j", &full);
    add("w", &short);
    add("w", &full);
    if let Some(domain) = domain {
        macros.set("m", &domain);
        add("m", &domain);
    }
    macros.set("k", &own);
    add("k", &own);
    add("w", &own);
    macros.set("n", "MAILER-DAEMON");
    macros.set("v", options.version);
    macros.set("{opMode}", [options.op_mode]);
    if let Some(r) = found {
        for name in &r.aliases {
            add("w", name);
        }
        for addr in &r.addresses {
            add("w", &format!("[{}]", literal(*addr)));
        }
    }
    for word in ["7bit", "8bit", "binary"] {
        add("e", word);
    }
    add("n", "multipart/signed");
    add("s", "rfc822");
    for word in ["r", "s", "_", "{if_addr}", "{daemon_flags}"] {
        add("persistentMacros", word);
    }
    for word in ["content-transfer-encoding", "content-id", "mime-version", "content-disposition", "content-type"] {
        add("checkMIMEHeaders", word);
    }
    add("checkMIMETextHeaders", "content-description");
    for word in ["content-disposition", "content-type"] {
        add("checkMIMEFieldHeaders", word);
    }
}

/// An address as it stands between brackets.
pub fn literal(addr: std::net::IpAddr) -> String {
    match addr {
        std::net::IpAddr::V4(a) => a.to_string(),
        std::net::IpAddr::V6(a) => format!("IPv6:{}", uncompressed(a)),
    }
}

/// An IPv6 address without `::`, leading zeros dropped.
pub fn uncompressed(a: std::net::Ipv6Addr) -> String {
    a.segments().iter().map(|s| format!("{s:x}")).collect::<Vec<_>>().join(":")
}

/// Fills in what depends on the whole configuration: the interfaces' names and addresses in `$=w`, old macros.
pub(super) fn after(macros: &mut Macros, config: &mut Config, system: &dyn System) {
    let w = MacroName::new("w");
    if config.level < 7 {
        adopt_old_macros(macros, config);
    }
    if config.options.dont_probe_interfaces != Probe::Never {
        for interface in system.interfaces() {
            let v6_loopback = matches!(interface.address, std::net::IpAddr::V6(a) if a.is_loopback());
            if v6_loopback || interface.loopback && config.options.dont_probe_interfaces == Probe::NotLoopback {
                continue;
            }
            config.classes.insert(&w, format!("[{}]", literal(interface.address)).as_bytes());
            if interface.loopback {
                continue;
            }
            for name in system.names_of(interface.address) {
                let mut rest = name.as_str();
                while !rest.is_empty() {
                    config.classes.insert(&w, rest.as_bytes());
                    rest = match rest.split_once('.') {
                        Some((first, _)) if rest == name && !first.is_empty() => first,
                        _ => "",
                    };
                }
            }
        }
    }
    let full = macros.expanded("j");
    config.classes.insert(&w, &full);
}

/// Before version 7, macros held what options hold now.
fn adopt_old_macros(macros: &mut Macros, config: &mut Config) {
    use super::options::Source;
    use super::system::Fixed;
    let system = Fixed { host: String::new() };
    for (name, option) in [("e", "SmtpGreetingMessage"), ("l", "UnixFromLine"), ("o", "OperatorChars")] {
        if config.options.given.contains(option) {
            continue;
        }
        if let Some(template) = macros.template(&MacroName::new(name)).map(|t| Template::clone(t)) {
            config.options.set(option.as_bytes(), &template.source(), Source::File, &system);
        }
    }
}
