//! ETRN: starts a queue run for a host, a domain (`@domain`) or a queue group (`#group`).

use super::{Flow, State, ask, printable, ruled};
use crate::queue::Selection;
use crate::reply::Reply;
use crate::service::Services;
use crate::text::Line;

pub(super) fn etrn(state: &State, services: &Services, argument: &[u8]) -> Flow {
    let mut macros = state.macros.clone();
    let verdict = ask(services, &mut macros, "check_etrn", &[argument]);
    match ruled(state, verdict, "check_etrn", &[argument], b"") {
        super::Ruled::Reject(reply) => return Flow::Reply(reply),
        super::Ruled::Accept | super::Ruled::Discard | super::Ruled::Quarantine(_) => {}
    }
    let node = argument.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    let shown = printable(node);
    if let Some(group) = node.strip_prefix(b"#") {
        let known = services.config.queue_groups.iter().find(|g| g.name.as_bytes().eq_ignore_ascii_case(group));
        let Some(known) = known else {
            return Flow::Reply(Reply::coded(459, (4, 5, 4), [b"Queue ", &*printable(group), b" unknown"].concat()));
        };
        let name = known.name.to_string();
        let text = format!("Queuing for queue group {name} started");
        services.scheduler.run_queue(Selection { group: Some(name), ..Selection::default() });
        return Flow::Reply(Reply::coded(250, (2, 0, 0), text));
    }
    // `@domain` takes its subdomains along: it is matched without the at sign.
    let wanted = node.strip_prefix(b"@").map_or_else(|| [b"@", node].concat(), <[u8]>::to_vec);
    let selection = Selection { recipients: vec![(false, Line::cleaned(&wanted))], ..Selection::default() };
    services.scheduler.run_queue(selection);
    Flow::Reply(Reply::coded(250, (2, 0, 0), [b"Queuing for node ", &*shown, b" started"].concat()))
}
