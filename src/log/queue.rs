//! Log lines of the queue.

use super::{Field, Id, Severity, emit};
use crate::envelope::QueueId;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// `ID: Losing PATH: REASON` (level 0).
pub fn losing(id: &QueueId, path: &str, reason: &str) {
    emit(0, Severity::Alert, Id::Queue(id), format_args!("Losing {path}: {reason}"));
}

/// `ID: bogus queue file, uid=U, gid=G, mode=M` (level 0).
pub fn bogus_file(id: &QueueId, uid: u32, gid: u32, mode: u32) {
    emit(0, Severity::Alert, Id::Queue(id), format_args!("bogus queue file, uid={uid}, gid={gid}, mode={mode:o}"));
}

/// `ID: quarantine=REASON` (level 0).
pub fn quarantined(id: &QueueId, reason: &[u8]) {
    emit(0, Severity::Info, Id::Queue(id), format_args!("quarantine={}", Field(reason)));
}

/// `ID: unquarantine` (level 0).
pub fn unquarantined(id: &QueueId) {
    emit(0, Severity::Info, Id::Queue(id), format_args!("unquarantine"));
}

/// `ID: locked` (level 20): a queue run passes by a job that another process has.
pub fn locked(id: &QueueId) {
    emit(20, Severity::Debug, Id::Queue(id), format_args!("locked"));
}

/// A queue run does not take place (level 9).
pub fn skipping_run(reason: &str) {
    emit(9, Severity::Info, Id::Bare, format_args!("Skipping queue run -- {reason}"));
}

/// `ID: split: [maxrcpts=M, rcpts=N, ]count=C, id=ID` (level 9): recipients part by queue group, or by how many a group takes.
pub fn split(id: &QueueId, limit: Option<(usize, usize)>, ids: &[QueueId]) {
    let limit = limit.map(|(most, count)| format!("maxrcpts={most}, rcpts={count}, ")).unwrap_or_default();
    let names: Vec<&str> = ids.iter().map(QueueId::as_str).collect();
    let (count, plural) = (ids.len(), if ids.len() == 1 { "" } else { "s" });
    let names = names.join("; ");
    emit(9, Severity::Notice, Id::Queue(id), format_args!("split: {limit}count={count}, id{plural}={names}"));
}

/// `removing stale file PATH` (level 8): left by a crash.
pub fn stale_file(path: &Path) {
    let path = Field(path.as_os_str().as_bytes());
    emit(8, Severity::Notice, Id::Bare, format_args!("removing stale file {path}"));
}

/// `low on space (CLIENT needs 0 bytes + N blocks in DIRECTORY), max avail: M`.
pub fn low_on_space(id: Id<'_>, client: &[u8], directory: &Path, wanted: u64, free: u64) {
    let (client, directory) = (Field(client), directory.display());
    let text =
        format_args!("low on space ({client} needs 0 bytes + {wanted} blocks in {directory}), max avail: {free}");
    emit(0, Severity::Alert, id, text);
}
