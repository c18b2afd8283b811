//! Calendar time: the local time zone's view of a moment, and the date forms that mail uses.

use std::fmt::Write;

/// A moment in some time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    /// Year, e.g. 2026.
    pub year: i32,
    /// 0 to 11.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 60.
    pub second: u32,
    /// 0 is Sunday.
    pub weekday: u32,
    /// Seconds east of Greenwich.
    pub offset: i64,
    /// The zone's abbreviation, e.g. `CET`.
    pub zone: String,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

/// `seconds` since 1970 in the local zone (`TZ`).
pub fn local(seconds: i64) -> Calendar {
    calendar(seconds, libc::localtime_r)
}

/// `seconds` since 1970 in UTC.
pub fn utc(seconds: i64) -> Calendar {
    calendar(seconds, libc::gmtime_r)
}

type Convert = unsafe extern "C" fn(*const libc::time_t, *mut libc::tm) -> *mut libc::tm;

fn calendar(seconds: i64, convert: Convert) -> Calendar {
    // SAFETY: all zeroes is a valid `tm`.
    let mut tm: libc::tm = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live values of the right types; on failure the `tm` stays zeroed.
    unsafe { convert(&seconds, &mut tm) };
    let zone = if tm.tm_zone.is_null() {
        String::new()
    } else {
        // SAFETY: `tm_zone` points to a NUL-terminated name that the C library keeps.
        unsafe { std::ffi::CStr::from_ptr(tm.tm_zone) }.to_string_lossy().into_owned()
    };
    Calendar {
        year: tm.tm_year + 1900,
        month: tm.tm_mon.clamp(0, 11) as u32,
        day: tm.tm_mday.max(0) as u32,
        hour: tm.tm_hour.max(0) as u32,
        minute: tm.tm_min.max(0) as u32,
        second: tm.tm_sec.max(0) as u32,
        weekday: tm.tm_wday.clamp(0, 6) as u32,
        offset: tm.tm_gmtoff,
        zone,
    }
}

impl Calendar {
    /// `Mon`.
    pub fn weekday_name(&self) -> &'static str {
        DAYS.get(self.weekday as usize).copied().unwrap_or("Sun")
    }

    /// `Nov`.
    pub fn month_name(&self) -> &'static str {
        MONTHS.get(self.month as usize).copied().unwrap_or("Jan")
    }

    /// RFC 5322 3.3 with the zone's name as comment, as sendmail writes it: `Sun, 22 Nov 2026 16:12:00 +0100 (CET)`, and
    /// `GMT` alone where that is the time.
    pub fn rfc5322(&self) -> String {
        let (sign, minutes) = if self.offset < 0 { ('-', -self.offset / 60) } else { ('+', self.offset / 60) };
        let mut out = format!(
            "{}, {} {} {} {:02}:{:02}:{:02} {sign}{:02}{:02}",
            self.weekday_name(),
            self.day,
            self.month_name(),
            self.year,
            self.hour,
            self.minute,
            self.second,
            minutes / 60,
            minutes % 60
        );
        if self.offset == 0 {
            out.truncate(out.len() - "+0000".len());
            out.push_str("GMT");
        } else if !self.zone.is_empty() && self.zone.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let _ = write!(out, " ({})", self.zone);
        }
        out
    }

    /// ctime(3) without the line end: `Sun Nov 22 16:12:00 2026`.
    pub fn ctime(&self) -> String {
        format!(
            "{} {} {:2} {:02}:{:02}:{:02} {}",
            self.weekday_name(),
            self.month_name(),
            self.day,
            self.hour,
            self.minute,
            self.second,
            self.year
        )
    }

    /// RFC 3164's time stamp: `Nov 22 16:12:00`.
    pub fn syslog(&self) -> String {
        format!("{} {:2} {:02}:{:02}:{:02}", self.month_name(), self.day, self.hour, self.minute, self.second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_have_their_forms() {
        let t = utc(1_795_363_920);
        assert_eq!(t.rfc5322(), "Sun, 22 Nov 2026 16:12:00 GMT");
        assert_eq!(t.ctime(), "Sun Nov 22 16:12:00 2026");
        assert_eq!(utc(1_772_323_200).syslog(), "Mar  1 00:00:00");
    }
}
