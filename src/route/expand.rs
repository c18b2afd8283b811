//! The expansion of aliases, `.forward` and `:include:` files into the recipients that mail really goes to.
//!
//! Every address found becomes a node below the one that named it. A node is looked at once: a duplicate adds nothing, and an
//! address that leads back to itself is delivered to itself if it is a user, else it is a loop. Depth is bounded by
//! `MaxAliasRecursion`, breadth by [`MAX_RECIPIENTS`].

use super::MAX_RECIPIENTS;
use super::parse::{self, Bad, MAX_LOCALADDR, Resolved};
use crate::alias::list;
use crate::cf::Macros;
use crate::deliver::Listed;
use crate::envelope::{Control, Envelope, Notify, Origin, Recipient, RecipientState, Status, Target};
use crate::log::{self, Id};
use crate::reply::Reply;
use crate::rewrite::service::Lookup;
use crate::service::Services;
use crate::text::Line;
use std::collections::HashMap;

/// Aliases that lead to each other and to nobody.
pub(super) const CIRCLE: &str = "aliasing/forwarding loop broken";

/// What an expansion tells whoever watches it (`-bv`, EXPN): faults with the place where they are.
pub(super) struct Fault<'a> {
    /// The recipient, with its status.
    pub recipient: &'a Recipient,
    /// `550 5.1.1 /home/x/.forward: line 1: nosuch... User unknown`.
    pub reply: Reply,
    /// The status of sysexits(3).
    pub exit: u8,
}

/// A recipient on its way.
struct Node {
    recipient: Recipient,
    parent: Option<usize>,
    level: i64,
    owner: Option<Line>,
    /// May it name programs and files? What to say if not.
    programs: Result<(), Line>,
    /// `FILE: line N: ` where it was found.
    place: Vec<u8>,
    skip_ruleset_5: bool,
}

/// What addresses are compared by; programs and files of different users are different.
type Key = (usize, Line, Line, Option<u32>);

struct Expansion<'a> {
    svc: &'a Services,
    id: Id<'a>,
    macros: Macros,
    nodes: Vec<Node>,
    seen: HashMap<Key, usize>,
    sender: Option<Target>,
    fault: &'a mut dyn FnMut(Fault<'_>),
    /// Only to tell: what a map cannot answer now counts as it looks now.
    telling: bool,
}

/// Expands `env.recipients`; gives the owner of each of the new ones, in their order. `telling`: nothing is to be delivered.
pub(super) fn expand(
    svc: &Services,
    env: &mut Envelope,
    telling: bool,
    fault: &mut dyn FnMut(Fault<'_>),
) -> Vec<Option<Line>> {
    let id = env.id.clone();
    let mut macros = svc.config.layer();
    for (name, value) in &env.macros {
        macros.set(name.as_str(), value);
    }
    macros.set("f", &env.sender);
    macros.set("i", id.as_str());
    let mut work = Expansion {
        svc,
        id: Id::Queue(&id),
        macros,
        nodes: Vec::new(),
        seen: HashMap::new(),
        sender: None,
        fault,
        telling,
    };
    if !svc.config.options.me_too {
        work.sender = parse::resolve(svc, &mut work.macros, &env.sender).ok().map(|r| r.target);
    }
    for recipient in std::mem::take(&mut env.recipients) {
        let is_open =
            matches!(recipient.state, RecipientState::Pending | RecipientState::Deferred | RecipientState::Queued);
        let node = Node {
            recipient,
            parent: None,
            level: 0,
            owner: None,
            programs: Ok(()),
            place: Vec::new(),
            skip_ruleset_5: false,
        };
        if is_open {
            work.primary(node);
        } else {
            work.nodes.push(node);
        }
    }
    let mut nodes = work.nodes;
    // Hosts stand together, so that one connection takes them; the order within one stays.
    nodes.sort_by(|a, b| lower(host(&a.recipient)).cmp(lower(host(&b.recipient))));
    let (recipients, owners) = nodes.into_iter().map(|n| (n.recipient, n.owner)).unzip();
    env.recipients = recipients;
    owners
}

/// The status of an address that cannot be taken apart now.
fn unparsed(why: Line) -> Status {
    Status { queued_as: Some(why), ..Status::new((4, 3, 0), 75, "Transient parse error") }
}

fn lower(text: &[u8]) -> impl Iterator<Item = u8> + '_ {
    text.iter().map(u8::to_ascii_lowercase)
}

fn host(recipient: &Recipient) -> &[u8] {
    recipient.target.as_ref().map(|t| &t.host[..]).unwrap_or_default()
}

impl Expansion<'_> {
    /// A recipient that the envelope came with.
    fn primary(&mut self, mut node: Node) {
        if node.recipient.target.is_none() {
            match parse::resolve(self.svc, &mut self.macros, &node.recipient.address) {
                Ok(Resolved { later: Some(why), .. }) if !self.telling => {
                    node.recipient.state = RecipientState::Deferred;
                    node.recipient.status = Some(unparsed(why));
                    self.nodes.push(node);
                    return;
                }
                Ok(resolved) => {
                    node.recipient.target = Some(resolved.target);
                    node.skip_ruleset_5 = resolved.skip_ruleset_5;
                }
                Err(bad) => {
                    self.fail(&mut node, &bad);
                    self.nodes.push(node);
                    return;
                }
            }
        }
        if node.recipient.alias {
            // An earlier attempt expanded it.
            self.again(node);
            return;
        }
        self.add(node);
    }

    /// A recipient from the queue that needs no expansion: programs and files must have come from somewhere.
    fn again(&mut self, mut node: Node) {
        let special = self.mailer(&node).and_then(parse::special).is_some();
        if special && node.recipient.origin == Origin::Direct {
            match super::verify::origin_again(self.svc, &node.recipient) {
                Some(origin) => node.recipient.origin = origin,
                None => {
                    let bad = Bad::new(550, (5, 7, 1), 77, "No alias or forward file names this address any more");
                    self.fail(&mut node, &bad);
                }
            }
        } else if let (Origin::Direct, Some(control)) = (&node.recipient.origin, &node.recipient.control)
            && self.svc.users.by_name(&control.user).is_ok_and(|u| u.is_some_and(|u| u.uid == control.uid))
        {
            node.recipient.origin = Origin::Forward(control.user.clone());
        }
        if let Some(key) = self.key(&node) {
            self.seen.entry(key).or_insert(self.nodes.len());
        }
        self.nodes.push(node);
    }

    fn mailer(&self, node: &Node) -> Option<&crate::cf::Mailer> {
        node.recipient.target.as_ref().and_then(|t| self.svc.config.mailers.get(t.mailer))
    }

    fn key(&self, node: &Node) -> Option<Key> {
        let target = node.recipient.target.as_ref()?;
        let special = self.mailer(node).and_then(parse::special).is_some();
        let owner = node.recipient.control.as_ref().map(|c| c.uid).filter(|_| special);
        Some((target.mailer, target.host.clone(), target.user.clone(), owner))
    }

    /// Takes in a node whose target is known, and what it expands to.
    fn add(&mut self, mut node: Node) {
        if self.nodes.len() >= MAX_RECIPIENTS {
            self.fail(&mut node, &Bad::new(552, (5, 5, 3), 69, "Too many recipients after expansion"));
            return;
        }
        if let Some(what) = self.mailer(&node).and_then(parse::special)
            && let Err(bad) = allowed(&node, what)
        {
            self.fail(&mut node, &bad);
            self.nodes.push(node);
            return;
        }
        let Some(key) = self.key(&node) else { return };
        if let Some(&first) = self.seen.get(&key) {
            self.duplicate(first, node);
            return;
        }
        if node.parent.is_some() && self.sender.is_some() && node.recipient.target == self.sender {
            // MeToo is off: whoever wrote to the list does not get it back.
            return;
        }
        let index = self.nodes.len();
        self.seen.insert(key, index);
        self.nodes.push(node);
        self.look(index);
    }

    fn node(&mut self, index: usize) -> Option<&mut Node> {
        self.nodes.get_mut(index)
    }

    /// An address that is there already. If it led here itself, it keeps its mail if it is a user, else the first user on the way.
    fn duplicate(&mut self, first: usize, node: Node) {
        let mut way = Vec::new();
        let mut at = node.parent;
        while let Some(index) = at {
            way.push(index);
            at = self.nodes.get(index).and_then(|n| n.parent);
        }
        let Some(end) = way.iter().position(|i| *i == first) else { return };
        let circle = way.get(..=end).unwrap_or_default();
        for index in circle.iter().rev() {
            let target = self.nodes.get(*index).and_then(|n| n.recipient.target.clone());
            let Some(target) = target else { continue };
            let mailer = self.svc.config.mailers.get(target.mailer);
            if mailer.is_some_and(|m| m.flags.has(b'w')) && parse::user(self.svc, &target.user).is_ok() {
                if let Some(own) = self.node(*index) {
                    own.recipient.state = RecipientState::Pending;
                    own.recipient.alias = true;
                }
                return;
            }
        }
        if circle.len() == 1 && node.recipient.target.is_some() {
            // An alias for itself and nobody's name.
            return self.fail_at(first, &Bad::user_unknown());
        }
        self.fail_at(first, &Bad::new(554, (5, 4, 6), 64, CIRCLE));
    }

    /// Expands the node at `index`, if there is something to expand.
    fn look(&mut self, index: usize) {
        for _ in 0..MAX_LOCALADDR {
            let Some(node) = self.nodes.get(index) else { return };
            let Some(target) = node.recipient.target.clone() else { return };
            let Some(mailer) = self.svc.config.mailers.get(target.mailer) else { return };
            let skip = node.skip_ruleset_5;
            if mailer.name == "*include*" {
                return self.include(index, &target);
            }
            if mailer.flags.has(b'A') {
                match parse::alias(self.svc, &target.user) {
                    Lookup::Found(value) | Lookup::FoundTemp(value) => {
                        return self.alias(index, &target, &value);
                    }
                    Lookup::TempFail(why) => return self.fail_at(index, &Bad::later(why)),
                    Lookup::NotFound | Lookup::NoSuchMap => {}
                }
            }
            if mailer.flags.has(b'5') && !skip && !target.user.contains(&b'\\') {
                match parse::localaddr(self.svc, &target) {
                    Ok(Some(next)) => {
                        let Some(node) = self.node(index) else { return };
                        node.recipient.target = Some(next);
                        if !self.claim(index) {
                            return;
                        }
                        continue;
                    }
                    Ok(None) => {}
                    Err(bad) => return self.fail_at(index, &bad),
                }
            }
            if mailer.flags.has(b'w') {
                self.forward(index, &target);
            }
            return;
        }
        self.fail_at(index, &Bad::new(554, (5, 4, 6), 70, "rule set 5 has no end"));
    }

    /// A node whose target changed: is it a duplicate now? Then it goes.
    fn claim(&mut self, index: usize) -> bool {
        let Some(key) = self.nodes.get(index).and_then(|n| self.key(n)) else { return false };
        match self.seen.get(&key) {
            Some(&first) if first != index => {
                // Its own place stays, so that indices hold; it is nothing to be delivered any more.
                let Some(node) = self.nodes.get_mut(index) else { return false };
                node.recipient.state = RecipientState::Discarded;
                let copy = Node {
                    recipient: node.recipient.clone(),
                    parent: node.parent,
                    level: node.level,
                    owner: None,
                    programs: Ok(()),
                    place: Vec::new(),
                    skip_ruleset_5: false,
                };
                self.duplicate(first, copy);
                false
            }
            Some(_) => true,
            None => {
                self.seen.insert(key, index);
                true
            }
        }
    }

    fn alias(&mut self, index: usize, target: &Target, value: &[u8]) {
        let Some(node) = self.nodes.get(index) else { return };
        log::route::alias(self.id, &node.recipient.address, value);
        let address = node.recipient.address.clone();
        let default = &self.svc.config.options.default_user;
        let control = Control { user: target.user.clone(), uid: default.uid.unwrap_or(1), gid: 0, alias: address };
        let found = Found {
            origin: Origin::Alias(target.user.clone()),
            control: Some(control),
            programs: Ok(()),
            owner: self.owner(&target.user),
            place: None,
        };
        self.list(index, &found, [(0, value)].into_iter());
    }

    /// The owner of a list: what `owner-NAME` stands for if that is one address, else `owner-NAME` itself.
    fn owner(&self, name: &[u8]) -> Option<Line> {
        let lower = name.to_ascii_lowercase();
        let own = if lower.starts_with(b"owner-") || lower.ends_with(b"-request") {
            b"owner-owner".to_vec()
        } else {
            [b"owner-", name].concat()
        };
        match self.svc.aliases.lookup(&own) {
            Lookup::Found(value) if value.iter().any(|b| b",:/|\"".contains(b)) => Some(Line::cleaned(&own)),
            Lookup::Found(value) => Some(Line::cleaned(value.trim_ascii())),
            _ => None,
        }
    }

    fn include(&mut self, index: usize, target: &Target) {
        let Some(node) = self.nodes.get(index) else { return };
        let path = Line::cleaned(target.user.trim_ascii());
        let outer = node.recipient.origin.clone();
        match self.svc.local.include(&path, &outer) {
            Ok(listed) => {
                let found = Found {
                    origin: Origin::Include(Box::new(outer), path),
                    control: Some(Control {
                        user: listed.owner.clone(),
                        uid: listed.uid,
                        gid: listed.gid,
                        alias: node.recipient.address.clone(),
                    }),
                    programs: listed.programs.clone(),
                    owner: None,
                    place: Some(listed.path.clone()),
                };
                self.file(index, &found, &listed, false);
            }
            Err(status) => {
                let code = if status.is_transient() { 450 } else { 550 };
                let bad = Bad { code, enhanced: status.enhanced, text: status.text, exit: status.exit };
                self.fail_at(index, &bad);
            }
        }
    }

    fn forward(&mut self, index: usize, target: &Target) {
        let user = match parse::user(self.svc, &target.user) {
            Ok(user) => user,
            Err(bad) => return self.fail_at(index, &bad),
        };
        if self.svc.config.options.match_gecos && !user.name.eq_ignore_ascii_case(&list::unquoted(&target.user)) {
            // Found by the full name: the login name takes its place, and may be an alias.
            let Some(node) = self.node(index) else { return };
            node.recipient.target = Some(Target { user: Line::cleaned(&user.name), ..target.clone() });
            if self.claim(index) {
                self.look(index);
            }
            return;
        }
        // `\user` and `"user"` stop here: the mailbox is meant.
        let quoted = target.user.contains(&b'\\') || target.user.contains(&b'"');
        if quoted || self.svc.config.options.forward_path.get().is_none() {
            return;
        }
        let found = match self.svc.local.forward(&user.name, &target.host) {
            Ok(found) => found,
            Err(status) => {
                let bad = Bad { code: 451, enhanced: status.enhanced, text: status.text, exit: 75 };
                return self.fail_at(index, &bad);
            }
        };
        for (path, why) in &found.refused {
            log::route::forward_refused(self.id, path, why);
        }
        let (Some(listed), Some(node)) = (found.file, self.nodes.get(index)) else { return };
        let name = Line::cleaned(&user.name);
        let key = if target.host.is_empty() { name.to_vec() } else { [&name[..], b"+", &target.host[..]].concat() };
        let found = Found {
            origin: Origin::Forward(Line::cleaned(&key)),
            control: Some(Control { user: name, uid: user.uid, gid: user.gid, alias: node.recipient.address.clone() }),
            programs: listed.programs.clone(),
            owner: None,
            place: Some(listed.path.clone()),
        };
        self.file(index, &found, &listed, true);
    }

    /// The lines of a file. One without addresses expands to nothing: the mail stays with whom it was for.
    fn file(&mut self, index: usize, found: &Found, listed: &Listed, forward: bool) {
        if forward && let Some(address) = self.nodes.get(index).map(|n| n.recipient.address.clone()) {
            for (_, line) in list::file_elements(&listed.text) {
                log::route::forward(self.id, &address, line);
            }
        }
        self.list(index, found, list::file_elements(&listed.text));
    }

    /// Makes the addresses of `lines` children of the node at `index`.
    fn list<'t>(&mut self, index: usize, found: &Found, lines: impl Iterator<Item = (usize, &'t [u8])>) {
        let Some(parent) = self.nodes.get_mut(index) else { return };
        let elements: Vec<(usize, Vec<&[u8]>)> = lines.map(|(n, line)| (n, list::split(line))).collect();
        if elements.iter().all(|(_, e)| e.is_empty()) {
            // An empty `.forward` is none; an empty list has no members.
            if !matches!(found.origin, Origin::Forward(_)) {
                parent.recipient.state = RecipientState::Expanded;
            }
            return;
        }
        let level = parent.level + 1;
        let most = self.svc.config.options.max_alias_recursion;
        if level > most {
            let text = format!("aliasing/forwarding loop broken ({level} aliases deep; {most} max)");
            return self.fail_at(index, &Bad::new(554, (5, 4, 6), 64, text));
        }
        let Some(parent) = self.nodes.get_mut(index) else { return };
        parent.recipient.state = RecipientState::Expanded;
        let list_owner = found.owner.clone();
        let template = Recipient {
            primary: false,
            alias: true,
            // A list is a destination of its own (RFC 3461 5.2.7.3): nobody is told of its members.
            notify: if list_owner.is_some() { Notify::default() } else { parent.recipient.notify },
            orcpt: if list_owner.is_some() { None } else { parent.recipient.orcpt.clone() },
            final_recipient: parent.recipient.final_recipient.clone(),
            control: found.control.clone(),
            origin: found.origin.clone(),
            ..Recipient::new(Line::default())
        };
        let owner = list_owner.or_else(|| parent.owner.clone());
        for (number, elements) in elements {
            // The original takes a line from its end.
            for element in elements.into_iter().rev() {
                let place = match &found.place {
                    Some(path) => [&path[..], format!(": line {number}: ").as_bytes()].concat(),
                    None => self.nodes.get(index).map(|n| n.place.clone()).unwrap_or_default(),
                };
                let node = Node {
                    recipient: Recipient { address: Line::cleaned(element), ..template.clone() },
                    parent: Some(index),
                    level,
                    owner: owner.clone(),
                    programs: found.programs.clone(),
                    place,
                    skip_ruleset_5: false,
                };
                self.child(node, element);
            }
        }
    }

    fn child(&mut self, mut node: Node, element: &[u8]) {
        match parse::resolve(self.svc, &mut self.macros, element) {
            Ok(Resolved { later: Some(why), .. }) if !self.telling => {
                // To be looked at again as a whole: its own expansion is still to come.
                node.recipient.alias = false;
                node.recipient.state = RecipientState::Deferred;
                node.recipient.status = Some(unparsed(why));
                self.nodes.push(node);
            }
            Ok(resolved) => {
                node.recipient.target = Some(resolved.target);
                node.skip_ruleset_5 = resolved.skip_ruleset_5;
                self.add(node);
            }
            Err(bad) => {
                self.fail(&mut node, &bad);
                self.nodes.push(node);
            }
        }
    }

    fn fail_at(&mut self, index: usize, bad: &Bad) {
        if index >= self.nodes.len() {
            return;
        }
        // Taken out for the moment, so that both can be borrowed.
        let blank = Node {
            recipient: blank_recipient(),
            parent: None,
            level: 0,
            owner: None,
            programs: Ok(()),
            place: Vec::new(),
            skip_ruleset_5: false,
        };
        let Some(slot) = self.nodes.get_mut(index) else { return };
        let mut node = std::mem::replace(slot, blank);
        self.fail(&mut node, bad);
        if let Some(slot) = self.nodes.get_mut(index) {
            *slot = node;
        }
    }

    /// Gives a node its fault as status.
    fn fail(&mut self, node: &mut Node, bad: &Bad) {
        let recipient = &mut node.recipient;
        let transient = bad.exit == 75 || bad.enhanced.0 == 4;
        let e = bad.enhanced;
        let mut status = Status::new((e.0, e.1, e.2), bad.exit, &bad.text);
        if transient {
            recipient.state = RecipientState::Deferred;
            recipient.alias = false;
        } else {
            recipient.state = RecipientState::Failed;
            if bad.exit == 67 {
                status.reply = Some(Reply::new(bad.code, Some(e), &bad.text));
            }
        }
        recipient.status = Some(status);
        let named = [&recipient.address[..], b"... ", &bad.text[..]].concat();
        // A loop is nobody's address.
        let looped = bad.enhanced == crate::reply::Enhanced(5, 4, 6);
        let said = if looped { bad.text.to_vec() } else { named };
        let text = [&node.place[..], &said[..]].concat();
        if looped {
            log::route::loop_broken(self.id, &text);
        } else if !transient {
            log::route::user_error(self.id, &text);
        }
        let reply = Reply::new(bad.code, Some(e), text);
        (self.fault)(Fault { recipient: &node.recipient, reply, exit: bad.exit });
    }
}

/// Where addresses were found.
struct Found {
    origin: Origin,
    control: Option<Control>,
    programs: Result<(), Line>,
    owner: Option<Line>,
    place: Option<Line>,
}

/// Programs, files and includes: not from outside, and not from a list that others could have written.
fn allowed(node: &Node, what: &str) -> Result<(), Bad> {
    if node.parent.is_none() && node.recipient.origin == Origin::Direct {
        return Err(Bad::new(550, (5, 7, 1), 64, format!("Cannot mail directly to {what}")));
    }
    match &node.programs {
        Err(why) if what != ":include:s" => {
            let text = String::from_utf8_lossy(why).replace("programs", what);
            Err(Bad::new(550, (5, 7, 1), 77, text))
        }
        _ => Ok(()),
    }
}

fn blank_recipient() -> Recipient {
    Recipient { primary: false, state: RecipientState::Discarded, ..Recipient::new(Line::default()) }
}
