//! The date macros of an envelope: `$a` `$b` `$d` `$t`, and the calendar of queue identifiers.

use crate::cf::Macros;
use crate::sys::clock;

/// Sets `$a` (origin date), `$b` (current date), `$d` (ctime), `$t` (compact) for the moment `now`.
pub fn set(macros: &mut Macros, now: i64) {
    let local = clock::local(now);
    let date = mail_date(now);
    macros.set("a", &date);
    macros.set("b", &date);
    macros.set("d", local.ctime());
    let utc = clock::utc(now);
    let (y, mo, d, h, mi) = (utc.year, utc.month + 1, utc.day, utc.hour, utc.minute);
    macros.set("t", format!("{y:04}{mo:02}{d:02}{h:02}{mi:02}"));
    macros.set("{time}", now.to_string());
}

/// The date as the original writes it into headers: with `GMT` where the zone has no offset.
pub fn mail_date(now: i64) -> String {
    let local = clock::local(now);
    let text = local.rfc5322();
    if local.offset != 0 {
        return text;
    }
    match text.split_once(" +0000") {
        Some((date, _)) => format!("{date} GMT"),
        None => text,
    }
}

/// The fields that [`crate::envelope::IdGenerator::next`] wants.
pub fn id_fields(now: i64) -> (i32, u32, u32, u32, u32, u32) {
    let t = clock::utc(now);
    (t.year, t.month, t.day, t.hour, t.minute, t.second)
}
