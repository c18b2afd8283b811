//! `-bv`, EXPN and VRFY: what an address leads to, without a message.

use super::expand::{Fault, expand};
use super::{Known, parse};
use crate::alias::list;
use crate::envelope::{Envelope, Origin, Recipient, RecipientState, Target};
use crate::reply::Reply;
use crate::service::Services;

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Verified {
    /// Faults in the order in which they were met, with the place: `550 5.1.1 FILE: line 1: nosuch... User unknown`.
    pub faults: Vec<Reply>,
    /// The recipients that mail would go to, in the order of delivery.
    pub recipients: Vec<Recipient>,
    /// The exit code of sysexits(3): 0, or that of the last fault.
    pub exit: u8,
}

impl Verified {
    /// The lines that `-bv` prints: faults, then `ADDRESS... deliverable: mailer M, host H, user U`.
    pub fn lines(&self, svc: &Services) -> Vec<Vec<u8>> {
        let mut out: Vec<Vec<u8>> = self.faults.iter().filter_map(|f| f.lines.first().map(|l| l.to_vec())).collect();
        for recipient in &self.recipients {
            let Some(target) = &recipient.target else { continue };
            let name = svc.config.mailers.get(target.mailer).map(|m| m.name.as_str()).unwrap_or_default();
            let mut line = [&recipient.address[..], b"... deliverable: mailer ", name.as_bytes()].concat();
            if !target.host.is_empty() {
                line.extend_from_slice(b", host ");
                line.extend_from_slice(&target.host);
            }
            line.extend_from_slice(b", user ");
            line.extend_from_slice(&target.user);
            out.push(line);
        }
        out
    }
}

/// Verifies the addresses of `text`, separated by commas, or by blanks where there is no comma (the old style).
/// `follow`: expand aliases and `.forward` files; else only look whether the addresses are there.
pub fn verify(svc: &Services, text: &[u8], follow: bool) -> Verified {
    let mut seen = Vec::new();
    verify_more(svc, text, follow, &mut seen)
}

/// [`verify`] after others: what `seen` has was told already; what is found now joins it.
pub fn verify_more(svc: &Services, text: &[u8], follow: bool, seen: &mut Vec<Target>) -> Verified {
    let mut verified = Verified::default();
    let (mut env, mut known) = (scratch(svc), Known::default());
    for element in elements(text).into_iter().rev() {
        let target = super::parse_recipient(svc, &mut svc.config.layer(), element).ok().map(|p| p.target);
        if target.as_ref().is_some_and(|t| seen.contains(t)) {
            continue;
        }
        let mut macros = svc.config.layer();
        let added =
            super::recipient(svc, &mut macros, (&mut env, &mut known), element, &Default::default(), &Origin::Direct);
        if let Err(reply) = added {
            let enhanced = reply.enhanced.map_or((5, 0, 0), |e| (e.0, e.1, e.2));
            verified.exit = exit_code(enhanced, &reply);
            seen.extend(target);
            verified.faults.push(reply);
        }
    }
    if follow {
        let mut note = |fault: Fault<'_>| {
            verified.exit = if matches!(fault.exit, 67 | 68 | 75) { fault.exit } else { 64 };
            verified.faults.push(fault.reply);
        };
        expand(svc, &mut env, true, &mut note);
    }
    let all = std::mem::take(&mut env.recipients);
    let found: Vec<Target> = all.iter().filter_map(|r| r.target.clone()).collect();
    let open = |r: &Recipient| matches!(r.state, RecipientState::Pending);
    let told = |r: &Recipient| r.target.as_ref().is_some_and(|t| seen.contains(t));
    verified.recipients = all.into_iter().filter(|r| open(r) && !told(r)).collect();
    seen.extend(found);
    verified
}

fn exit_code(enhanced: (u8, u16, u16), reply: &Reply) -> u8 {
    match enhanced {
        (5, 1, 1) => 67,
        (5, 1, 2) => 68,
        _ if reply.is_transient() => 75,
        _ => 64,
    }
}

/// The addresses of a list: split at commas, or at blanks when nothing in it is of the new style.
fn elements(text: &[u8]) -> Vec<&[u8]> {
    if text.iter().any(|b| b",;<(\"".contains(b)) || text.trim_ascii().starts_with(b"|") {
        return list::split(text);
    }
    text.split(u8::is_ascii_whitespace).filter(|e| !e.is_empty()).collect()
}

/// An envelope that is never sent.
pub fn scratch(svc: &Services) -> Envelope {
    let at = crate::sys::clock::utc(svc.clock.now().0);
    Envelope::new(svc.ids.next((at.year, at.month, at.day, at.hour, at.minute, at.second)), svc.clock.now().0)
}

/// Where a program or file from the queue comes from: its final recipient is expanded again, and the same address looked for.
pub(super) fn origin_again(svc: &Services, recipient: &Recipient) -> Option<Origin> {
    let text = recipient.final_recipient.as_ref()?;
    let at = text.iter().position(|b| *b == b';')?;
    let address = text.get(at + 1..)?.trim_ascii();
    let mut env = scratch(svc);
    let mut macros = svc.config.layer();
    super::recipient(
        svc,
        &mut macros,
        (&mut env, &mut Known::default()),
        address,
        &Default::default(),
        &Origin::Direct,
    )
    .ok()?;
    expand(svc, &mut env, true, &mut |_| ());
    let wanted = recipient.target.as_ref()?;
    let found = env.recipients.into_iter().find(|r| r.target.as_ref() == Some(wanted))?;
    svc.config.mailers.get(wanted.mailer).and_then(parse::special)?;
    Some(found.origin)
}
