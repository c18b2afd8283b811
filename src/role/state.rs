//! SIGUSR1: the parent's state in the log.

use crate::log;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Most descriptors listed.
const MAX_LISTED: usize = 256;

/// Writes the state, one record a line.
pub fn dump(host: &[u8], children: u32) {
    let host = String::from_utf8_lossy(host);
    log::state(&format!("--- dumping state on user signal: $j = {host} ---"));
    log::state(&format!("CurChildren = {children}"));
    log::state("--- open file descriptors: ---");
    let mut numbers: Vec<u32> = std::fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    numbers.sort_unstable();
    for number in numbers.into_iter().take(MAX_LISTED) {
        if let Some(line) = describe(number) {
            log::state(&line);
        }
    }
    log::state("--- connection cache: ---");
    log::state("--- end of state dump ---");
}

fn describe(number: u32) -> Option<String> {
    let link = format!("/proc/self/fd/{number}");
    let meta = std::fs::metadata(Path::new(&link)).ok()?;
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}")).unwrap_or_default();
    let flags = info.lines().find_map(|l| l.strip_prefix("flags:")).map_or("0", str::trim);
    let flags = u32::from_str_radix(flags, 8).unwrap_or(0);
    let kind = meta.file_type();
    let head = format!("{number:3}: fl=0x{flags:x}, mode={:o}: ", meta.mode());
    if kind.is_socket() {
        let target = std::fs::read_link(&link).ok()?;
        return Some(format!("{head}SOCK {}", target.display()));
    }
    let kind = match kind {
        k if k.is_char_device() => "CHR",
        k if k.is_block_device() => "BLK",
        k if k.is_fifo() => "FIFO",
        k if k.is_dir() => "DIR",
        _ => "REG",
    };
    let (major, minor) = (meta.dev() >> 8, meta.dev() & 0xff);
    Some(format!(
        "{head}{kind}: dev={major}/{minor}, ino={}, nlink={}, u/gid={}/{}, size={}",
        meta.ino(),
        meta.nlink(),
        meta.uid(),
        meta.gid(),
        meta.size()
    ))
}
