//! The rule set `check_compat`: whether this sender's mail may go to that recipient, asked once more before delivery.

use super::account::Account;
use crate::deliver::message::bare;
use crate::envelope::{Envelope, RecipientState, Status};
use crate::log;
use crate::reply::Reply;
use crate::rewrite::errors::exit_code;
use crate::rewrite::{Scope, Verdict, check};
use crate::service::Services;

/// Asks for each recipient that would be tried now. Who is refused fails, or waits; who is discarded is gone without a word
/// but in the log.
pub(super) fn ask(svc: &Services, envelope: &mut Envelope, account: &mut Account<'_>, now: i64) {
    if svc.config.rulesets.hook("check_compat").is_none() {
        return;
    }
    let mut macros = svc.config.layer();
    for (name, value) in &envelope.macros {
        macros.set(name.as_str(), value);
    }
    macros.set("f", &envelope.sender);
    macros.set("i", envelope.id.as_str());
    let mut gone = Vec::new();
    for n in 0..envelope.recipients.len() {
        let Some(r) = envelope.recipients.get(n).filter(|r| r.state == RecipientState::Pending) else { continue };
        let (from, to) = (bare(&envelope.sender).to_vec(), bare(&r.address).to_vec());
        let mut scope = Scope::new(&svc.config, &mut macros, svc.maps.as_ref());
        let status = match check(&mut scope, "check_compat", &[&from, &to]) {
            Verdict::Reject { code, enhanced, text } => {
                let reply = Reply::new(code, Some(enhanced), text);
                log::delivery::incompatible(&envelope.id, &from, &to, &reply.to_text());
                let later = code / 100 == 4;
                let text = if later { reply.to_text() } else { b"Service unavailable".to_vec() };
                let exit = if later { 75 } else { exit_code(enhanced) };
                let class = if later { 4 } else { 5 };
                Status { reply: Some(reply), ..Status::new((class, enhanced.1, enhanced.2), exit, text) }
            }
            Verdict::TempFail => Status::new((4, 3, 0), 75, "check_compat cannot answer now"),
            Verdict::Discard => {
                log::delivery::incompatible(&envelope.id, &from, &to, b"discard");
                gone.push(n);
                continue;
            }
            Verdict::Accept { .. } | Verdict::Quarantine(_) | Verdict::Undefined => continue,
        };
        account.judge(envelope, n, &status, now);
    }
    let (mut n, mut gone) = (0.., gone.into_iter().peekable());
    envelope.recipients.retain(|_| gone.next_if_eq(&n.next().unwrap_or_default()).is_none());
}
