//! POSIX regular expressions by regcomp(3) and regexec(3): leftmost-longest, with what the C library adds to them, so that patterns
//! mean what they mean to other mail programs of the machine.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

/// How many substrings are told apart, the whole match among them.
pub const MAX_SUBSTRINGS: usize = 20;

/// A compiled expression.
pub struct Regex {
    compiled: Box<libc::regex_t>,
    groups: usize,
}

// SAFETY: regexec(3) does not change the compiled expression in a way other threads could see: glibc and musl lock what they cache in it,
// POSIX requires regexec to be thread-safe.
unsafe impl Send for Regex {}
// SAFETY: as above.
unsafe impl Sync for Regex {}

/// What kind of expression, and how it is compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Syntax {
    /// Extended syntax instead of basic.
    pub extended: bool,
    /// Upper and lower case are the same.
    pub ignore_case: bool,
}

impl Regex {
    /// Compiles `pattern`; the error is the C library's text.
    pub fn new(pattern: &[u8], syntax: Syntax) -> Result<Regex, String> {
        let pattern_text = CString::new(pattern).map_err(|_| "NUL in the pattern".to_owned())?;
        let mut flags = 0;
        if syntax.extended {
            flags |= libc::REG_EXTENDED;
        }
        if syntax.ignore_case {
            flags |= libc::REG_ICASE;
        }
        let mut compiled: Box<MaybeUninit<libc::regex_t>> = Box::new(MaybeUninit::zeroed());
        // SAFETY: the pattern is NUL-terminated and the buffer is a regex_t to be written.
        let code = unsafe { libc::regcomp(compiled.as_mut_ptr(), pattern_text.as_ptr(), flags) };
        if code != 0 {
            let mut text = [0u8; 200];
            // SAFETY: regerror(3) writes at most the given size and ends it with NUL; it accepts the regex_t of a failed regcomp.
            unsafe { libc::regerror(code, compiled.as_ptr(), text.as_mut_ptr().cast(), text.len()) };
            let text = CStr::from_bytes_until_nul(&text).map(|t| t.to_string_lossy().into_owned());
            return Err(text.unwrap_or_default());
        }
        // SAFETY: regcomp(3) succeeded, so the value is initialised; the box keeps its address.
        let compiled = unsafe { Box::from_raw(Box::into_raw(compiled).cast::<libc::regex_t>()) };
        Ok(Regex { compiled, groups: groups(pattern, syntax.extended) })
    }

    /// Number of parenthesised substrings.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Matches `text` (up to its first NUL); the ranges of the whole match and of the substrings.
    pub fn find(&self, text: &[u8]) -> Option<Vec<Option<std::ops::Range<usize>>>> {
        let upto = text.iter().position(|b| *b == 0).unwrap_or(text.len());
        let text = CString::new(text.get(..upto)?).ok()?;
        let mut found = [libc::regmatch_t { rm_so: -1, rm_eo: -1 }; MAX_SUBSTRINGS];
        // SAFETY: the expression is compiled, the text NUL-terminated, and `found` has as many places as said.
        let code = unsafe { libc::regexec(&*self.compiled, text.as_ptr(), found.len(), found.as_mut_ptr(), 0) };
        if code != 0 {
            return None;
        }
        let range = |m: &libc::regmatch_t| {
            let (start, end) = (usize::try_from(m.rm_so).ok()?, usize::try_from(m.rm_eo).ok()?);
            (start <= end && end <= upto).then_some(start..end)
        };
        Some(found.iter().take(self.groups + 1).map(range).collect())
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: compiled by regcomp(3) and freed once.
        unsafe { libc::regfree(&mut *self.compiled) };
    }
}

/// Counts the groups of a pattern that has compiled: libc hides the C library's count.
fn groups(pattern: &[u8], extended: bool) -> usize {
    let mut count = 0;
    let mut at = 0;
    while let Some(&b) = pattern.get(at) {
        at += 1;
        match b {
            b'\\' => {
                count += usize::from(!extended && pattern.get(at) == Some(&b'('));
                at += 1;
            }
            b'(' if extended => count += 1,
            b'[' => {
                at += usize::from(pattern.get(at) == Some(&b'^'));
                at += usize::from(pattern.get(at) == Some(&b']'));
                while let Some(&inner) = pattern.get(at) {
                    at += 1;
                    let class = pattern.get(at).copied();
                    match (inner, class) {
                        (b']', _) => break,
                        (b'[', Some(c @ (b':' | b'.' | b'='))) => {
                            let end =
                                pattern.get(at + 1..).and_then(|rest| rest.windows(2).position(|w| w == [c, b']']));
                            at += end.map_or(1, |e| e + 3);
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    count.min(MAX_SUBSTRINGS - 1)
}

impl std::fmt::Debug for Regex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Regex({} groups)", self.groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXTENDED: Syntax = Syntax { extended: true, ignore_case: false };

    #[test]
    fn the_longest_match_wins() {
        let found = Regex::new(b"a|ab", EXTENDED).unwrap().find(b"xabc").unwrap();
        assert_eq!(found, [Some(1..3)]);
        let found = Regex::new(b"(a)(x)?", EXTENDED).unwrap().find(b"ab").unwrap();
        assert_eq!(found, [Some(0..1), Some(0..1), None]);
        assert!(Regex::new(b"a(", EXTENDED).unwrap_err().contains("Unmatched"));
    }

    #[test]
    fn groups_are_counted() {
        assert_eq!(groups(br"(a)[(]\((b[[:alpha:](])", true), 2);
        assert_eq!(groups(br"\(a\)(b)[]\(]", false), 1);
    }
}
