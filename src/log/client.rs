//! Log lines of the SMTP client.

use super::{Field, Id, Severity, emit};
use crate::envelope::QueueId;

/// `STARTTLS=client, relay=R, version=V, verify=X, cipher=C, bits=A/B` (level 9).
pub fn starttls(id: &QueueId, relay: &str, facts: &crate::tls::TlsFacts) {
    emit(
        9,
        Severity::Info,
        Id::Queue(id),
        format_args!(
            "STARTTLS=client, relay={}, version={}, verify={}, cipher={}, bits={}/{}",
            Field(relay.as_bytes()),
            facts.version,
            facts.verify,
            facts.cipher,
            facts.bits,
            facts.algorithm_bits
        ),
    );
}

/// `STARTTLS=client, cert-subject=S, cert-issuer=I, verifymsg=M` (level 14).
pub fn starttls_certificate(id: &QueueId, facts: &crate::tls::TlsFacts) {
    emit(
        14,
        Severity::Info,
        Id::Queue(id),
        format_args!(
            "STARTTLS=client, cert-subject={}, cert-issuer={}, verifymsg={}",
            Field(&facts.cert_subject),
            Field(&facts.cert_issuer),
            facts.verify_message
        ),
    );
}

/// `STARTTLS=client, error: connect failed=-1, reason=R, relay=R` (level 5).
pub fn starttls_failed(id: &QueueId, relay: &str, reason: &str) {
    emit(
        5,
        Severity::Warning,
        Id::Queue(id),
        format_args!(
            "STARTTLS=client, error: connect failed=-1, reason={}, relay={}",
            Field(reason.as_bytes()),
            Field(relay.as_bytes())
        ),
    );
}

/// A line about files of the client's TLS context (level 9).
pub fn starttls_problem(text: &str) {
    emit(9, Severity::Warning, Id::Bare, format_args!("{}", Field(text.as_bytes())));
}

/// `AUTH=client, relay=R, mech=M, bits=N` (level 9).
pub fn auth(id: &QueueId, relay: &str, mechanism: &str, bits: u32) {
    emit(
        9,
        Severity::Info,
        Id::Queue(id),
        format_args!("AUTH=client, relay={}, mech={mechanism}, bits={bits}", Field(relay.as_bytes())),
    );
}

/// `makeconnection (HOST [IP]) failed: REASON` (level 14).
pub fn connection_failed(id: &QueueId, host: &str, address: &str, reason: &str) {
    emit(
        14,
        Severity::Info,
        Id::Queue(id),
        format_args!("makeconnection ({} {address}) failed: {}", Field(host.as_bytes()), Field(reason.as_bytes())),
    );
}

/// `SMTP outgoing connect on NAME` (level 12): the name of our end.
pub fn outgoing_connect(id: &QueueId, name: &[u8]) {
    emit(12, Severity::Info, Id::Queue(id), format_args!("SMTP outgoing connect on {}", Field(name)));
}

/// `<-- COMMAND` and `--- REPLY` of a session (level 15 and up).
pub fn trace(id: &QueueId, mark: &str, line: &[u8]) {
    emit(15, Severity::Info, Id::Queue(id), format_args!("{mark} {}", Field(line)));
}

/// `SYSERR: MX list for DOMAIN points back to HOST`.
pub fn mx_points_back(id: &QueueId, domain: &str, host: &str) {
    super::syserr(Id::Queue(id), b"root", &format!("MX list for {domain} points back to {host}"));
}

/// `ruleset=NAME, arg1=A, relay=R, reject=403 4.7.0 TEXT` (level 4).
pub fn refused(id: &QueueId, ruleset: &str, argument: &[u8], relay: &str, reply: &[u8]) {
    emit(
        4,
        Severity::Notice,
        Id::Queue(id),
        format_args!(
            "ruleset={ruleset}, arg1={}, relay={}, reject={}",
            Field(argument),
            Field(relay.as_bytes()),
            Field(reply)
        ),
    );
}
