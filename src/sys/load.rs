//! The load average.

/// The load of the last minute, rounded as the original does; 0 when the system does not tell.
pub fn average() -> i64 {
    let mut loads = [0f64; 1];
    // SAFETY: the pointer is to one f64, as the count says.
    let got = unsafe { libc::getloadavg(loads.as_mut_ptr(), 1) };
    let [load] = loads;
    if got == 1 && load.is_finite() { (load + 0.5) as i64 } else { 0 }
}
