//! The log lines of TLS.

use super::{Field, Id, Severity, emit};
use openssl::error::ErrorStack;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `STARTTLS=SIDE, init=1`.
pub fn initialized(side: &str) {
    emit(9, Severity::Info, Id::Bare, format_args!("STARTTLS={side}, init=1"));
}

/// `STARTTLS: OPTION missing`.
pub fn missing(option: &str) {
    emit(14, Severity::Warning, Id::Bare, format_args!("STARTTLS: {option} missing"));
}

/// `STARTTLS: CACertFile missing`.
pub fn missing_authorities() {
    emit(10, Severity::Warning, Id::Bare, format_args!("STARTTLS: CACertFile missing"));
}

/// `STARTTLS: CRLFile missing`.
pub fn missing_crl() {
    emit(14, Severity::Warning, Id::Bare, format_args!("STARTTLS: CRLFile missing"));
}

/// `STARTTLS=SIDE, error: TEXT`, and a line for each of the library's errors.
pub fn error(side: &str, text: &str, errors: &ErrorStack) {
    emit(9, Severity::Warning, Id::Bare, format_args!("STARTTLS={side}, error: {}", Field(text.as_bytes())));
    stack(side, errors);
}

/// `STARTTLS=SIDE: error:CODE:LIBRARY::REASON:FILE:LINE:DATA` for each error.
pub fn stack(side: &str, errors: &ErrorStack) {
    for e in errors.errors() {
        let (library, reason) = (e.library().unwrap_or_default(), e.reason().unwrap_or_default());
        let (code, file, line, data) = (e.code(), e.file(), e.line(), e.data().unwrap_or_default());
        let text = format!("error:{code:08X}:{library}::{reason}:{file}:{line}:{data}");
        emit(9, Severity::Warning, Id::Bare, format_args!("STARTTLS={side}: {}", Field(text.as_bytes())));
    }
}

/// `STARTTLS=server, Diffie-Hellman init, key=N bit (SOURCE)`.
pub fn ephemeral(bits: i32, source: char) {
    let text = format_args!("STARTTLS=server, Diffie-Hellman init, key={bits} bit ({source})");
    emit(13, Severity::Info, Id::Bare, text);
}

/// `STARTTLS: X509 cert verify: depth=N SUBJECT, state=0, reason=TEXT`, and the same for TLS.
pub fn bad_certificate(depth: u32, subject: &[u8], reason: &str) {
    for what in ["X509", "TLS"] {
        let subject = Field(subject);
        let text = format_args!("STARTTLS: {what} cert verify: depth={depth} {subject}, state=0, reason={reason}");
        emit(14, Severity::Info, Id::Bare, text);
    }
}

/// `STARTTLS=server: certificate FILE ends in N days`.
pub fn near_end(file: &Path, days: i64) {
    let file = Field(file.as_os_str().as_bytes());
    match days {
        ..0 => emit(1, Severity::Error, Id::Bare, format_args!("STARTTLS=server: certificate {file} has expired")),
        0 => emit(4, Severity::Warning, Id::Bare, format_args!("STARTTLS=server: certificate {file} expires today")),
        _ => {
            let text = format_args!("STARTTLS=server: certificate {file} expires in {days} days");
            emit(4, Severity::Warning, Id::Bare, text);
        }
    }
}

/// `STARTTLS=server: certificates reloaded`.
pub fn reloaded(taken: bool) {
    let what = if taken { "certificates reloaded" } else { "new certificates are unusable, the old ones stay" };
    emit(8, Severity::Notice, Id::Bare, format_args!("STARTTLS=server: {what}"));
}

/// `tls_srv_features=TEXT, relay=NAME [IP]`.
pub fn features(text: &[u8], relay: &[u8]) {
    let shown = if text.is_empty() { &b"\"\""[..] } else { text };
    let (shown, relay) = (Field(shown), Field(relay));
    emit(10, Severity::Info, Id::Bare, format_args!("tls_srv_features={shown}, relay={relay}"));
}

/// `tls_srv_features=parsed, KEY=VALUE, relay=NAME [IP]`.
pub fn feature_read(name: &[u8], value: &[u8], relay: &[u8]) {
    let (name, value, relay) = (Field(name), Field(value), Field(relay));
    emit(12, Severity::Debug, Id::Bare, format_args!("tls_srv_features=parsed, {name}={value}, relay={relay}"));
}

/// `tls_srv_features=unknown_option, opt=KEY, relay=NAME [IP]`.
pub fn unknown_feature(name: &[u8], relay: &[u8]) {
    let (name, relay) = (Field(name), Field(relay));
    emit(9, Severity::Info, Id::Bare, format_args!("tls_srv_features=unknown_option, opt={name}, relay={relay}"));
}

/// `STARTTLS=server, error: accept failed=-1, reason=R, SSL_error=1, errno=0, retry=-1, relay=NAME [IP]`, and the library's
/// own account: a handshake that came to nothing.
pub fn accept_failed(relay: &[u8], reason: &str, errors: &ErrorStack) {
    let (relay, reason) = (Field(relay), Field(reason.as_bytes()));
    let text = format_args!(
        "STARTTLS=server, error: accept failed=-1, reason={reason}, SSL_error=1, errno=0, retry=-1, relay={relay}"
    );
    emit(5, Severity::Warning, Id::Bare, text);
    stack("server", errors);
}
