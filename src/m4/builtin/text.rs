//! Text and numbers: `eval`, `incr`, `len`, `index`, `substr`, `translit`, `format`, `regexp`, `patsubst`.
use super::super::Stop;
use super::super::engine::M4;
use super::super::eval::{Fault, evaluate};
use super::super::number::in_radix;
use super::super::regex::Match;
use super::Call;

type Done = Result<(), Stop>;

pub(super) fn eval(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 2, 4)? {
        return Ok(());
    }
    let mut radix = 10;
    if !call.text(2).is_empty() {
        match m4.number(call.name, call.text(2))? {
            Some(n) => radix = n,
            None => return Ok(()),
        }
    }
    if !(1..=36).contains(&radix) {
        let shown = radix.to_string();
        return m4.error(&[b"radix ", shown.as_bytes(), b" in builtin `", call.name, b"' out of range"]);
    }
    let mut width = 1;
    if call.count() > 3 {
        match m4.number(call.name, call.text(3))? {
            Some(n) => width = n,
            None => return Ok(()),
        }
    }
    let Ok(width) = usize::try_from(width) else {
        return m4.error(&[b"negative width to builtin `", call.name, b"'"]);
    };
    let mut value = 0;
    if call.text(1).is_empty() {
        m4.error(&[b"empty string treated as 0 in builtin `", call.name, b"'"])?;
    } else {
        let result = evaluate(call.text(1));
        for _ in 0..result.assigned {
            m4.warn(&[b"recommend ==, not =, for equality operator"])?;
        }
        match result.value {
            Ok(v) => value = v,
            Err(fault) => return complain(m4, fault, call.text(1)),
        }
    }
    let digits = if radix == 1 { value.unsigned_abs() as usize } else { 32 };
    if digits.max(width) as u64 > m4.room() {
        return Err(m4.fatal(&[b"ERROR: expansion limit exceeded in builtin `", call.name, b"'"]));
    }
    in_radix(value, radix.unsigned_abs(), width, out);
    Ok(())
}

fn complain(m4: &mut M4, fault: Fault, text: &[u8]) -> Done {
    if fault == Fault::Operator {
        m4.exit_code = 1;
    }
    m4.error(&[fault.text().as_bytes(), text])
}

pub(super) fn incr(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    add(m4, call, 1, out)
}

pub(super) fn decr(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    add(m4, call, -1, out)
}

fn add(m4: &mut M4, call: &Call, by: i32, out: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 2)?
        && let Some(n) = m4.number(call.name, call.text(1))?
    {
        out.extend_from_slice(n.wrapping_add(by).to_string().as_bytes());
    }
    Ok(())
}

pub(super) fn len(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 2)? {
        out.extend_from_slice(call.text(1).len().to_string().as_bytes());
    }
    Ok(())
}

pub(super) fn index(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 3, 3)? {
        if call.count() == 2 {
            out.push(b'0');
        }
        return Ok(());
    }
    match memchr::memmem::find(call.text(1), call.text(2)) {
        Some(at) => out.extend_from_slice(at.to_string().as_bytes()),
        None => out.extend_from_slice(b"-1"),
    }
    Ok(())
}

pub(super) fn substr(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    let text = call.text(1);
    if !m4.enough(call, 3, 4)? {
        out.extend_from_slice(text);
        return Ok(());
    }
    let Some(start) = m4.number(call.name, call.text(2))? else { return Ok(()) };
    let mut length = i32::MAX;
    if call.count() > 3 {
        match m4.number(call.name, call.text(3))? {
            Some(n) => length = n,
            None => return Ok(()),
        }
    }
    if let (Ok(start), Ok(length)) = (usize::try_from(start), usize::try_from(length)) {
        let rest = text.get(start..).unwrap_or_default();
        out.extend_from_slice(rest.get(..length).unwrap_or(rest));
    }
    Ok(())
}

/// A set of characters with its ranges written out; a range may run backwards.
fn ranges(text: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut i = 0;
    while let Some(&c) = text.get(i) {
        match (all.last().copied(), text.get(i + 1)) {
            (Some(from), Some(&to)) if c == b'-' => {
                if from <= to {
                    all.extend((from..=to).skip(1));
                } else {
                    all.extend((to..from).rev());
                }
                i += 2;
                // A range ends here: what follows begins anew.
                if let Some(&next) = text.get(i) {
                    all.push(next);
                    i += 1;
                }
            }
            _ => {
                all.push(c);
                i += 1;
            }
        }
    }
    all
}

pub(super) fn translit(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 3, 4)? {
        out.extend_from_slice(call.text(1));
        return Ok(());
    }
    let (from, to) = (ranges(call.text(2)), ranges(call.text(3)));
    let mut map: [Option<u8>; 256] = std::array::from_fn(|c| u8::try_from(c).ok());
    let mut seen = [false; 256];
    for (i, &c) in from.iter().enumerate() {
        if let (Some(place), Some(seen)) = (map.get_mut(usize::from(c)), seen.get_mut(usize::from(c)))
            && !std::mem::replace(seen, true)
        {
            *place = to.get(i).copied();
        }
    }
    out.extend(call.text(1).iter().filter_map(|c| map.get(usize::from(*c)).copied().flatten()));
    Ok(())
}

pub(super) fn format(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 0)? { m4.format(call, out) } else { Ok(()) }
}

impl M4<'_> {
    /// Appends a replacement, with `\&` and `\1` to `\9` filled in.
    fn replacement(&mut self, text: &[u8], victim: &[u8], found: &Match, groups: usize, out: &mut Vec<u8>) -> Done {
        let mut rest = text;
        while let Some(at) = memchr::memchr(b'\\', rest) {
            let (plain, tail) = rest.split_at(at);
            out.extend_from_slice(plain);
            let Some((&c, tail)) = tail.get(1..).unwrap_or_default().split_first() else {
                return self.warn(&[b"trailing \\ ignored in replacement"]);
            };
            rest = tail;
            if c == b'0' && !std::mem::replace(&mut self.warned_of_zero, true) {
                self.warn(&[b"\\0 will disappear, use \\& instead in replacements"])?;
            }
            let group = match c {
                b'&' | b'0' => 0,
                b'1'..=b'9' => usize::from(c - b'0'),
                _ => {
                    out.push(c);
                    continue;
                }
            };
            if group > groups {
                let shown = group.to_string();
                self.warn(&[b"sub-expression ", shown.as_bytes(), b" not present"])?;
            } else if let Some((a, b)) = found.get(group) {
                out.extend_from_slice(victim.get(a..b).unwrap_or_default());
            }
        }
        out.extend_from_slice(rest);
        Ok(())
    }

    fn too_complex(&mut self, pattern: &[u8]) -> Done {
        self.error(&[b"error matching regular expression `", pattern, b"'"])
    }

    fn bad_regex(&mut self, what: &[u8], pattern: &[u8], why: &str) -> Done {
        self.error(&[what, b" `", pattern, b"': ", why.as_bytes()])
    }
}

pub(super) fn regexp(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 3, 4)? {
        if call.count() == 2 {
            out.push(b'0');
        }
        return Ok(());
    }
    let (victim, pattern) = (call.text(1), call.text(2));
    let regex = match m4.regexes.get(pattern) {
        Ok(regex) => regex,
        Err(why) => return m4.bad_regex(b"bad regular expression:", pattern, why),
    };
    let found = match regex.search(victim, 0) {
        Ok(found) => found,
        Err(_) => return m4.too_complex(pattern),
    };
    if call.count() == 3 {
        match found.and_then(|f| f.get(0)) {
            Some((at, _)) => out.extend_from_slice(at.to_string().as_bytes()),
            None => out.extend_from_slice(b"-1"),
        }
    } else if let Some(found) = found {
        m4.replacement(call.text(3), victim, &found, regex.groups(), out)?;
    }
    Ok(())
}

pub(super) fn patsubst(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    let (victim, pattern) = (call.text(1), call.text(2));
    if !m4.enough(call, 3, 4)? {
        out.extend_from_slice(victim);
        return Ok(());
    }
    let regex = match m4.regexes.get(pattern) {
        Ok(regex) => regex,
        Err(why) => return m4.bad_regex(b"bad regular expression", pattern, why),
    };
    let Ok(mut searcher) = regex.searcher(victim) else { return m4.too_complex(pattern) };
    let mut from = 0;
    while from <= victim.len() {
        let found = match searcher.find(from) {
            Ok(Some(found)) => found,
            Ok(None) => break,
            Err(_) => {
                m4.too_complex(pattern)?;
                break;
            }
        };
        let Some((start, end)) = found.get(0) else { break };
        out.extend_from_slice(victim.get(from..start).unwrap_or_default());
        m4.replacement(call.text(3), victim, &found, regex.groups(), out)?;
        if out.len() as u64 > m4.room() {
            return Ok(());
        }
        from = end;
        if start == end {
            out.extend(victim.get(end));
            from += 1;
        }
    }
    out.extend_from_slice(victim.get(from..).unwrap_or_default());
    m4.tracer.shows_empty = true;
    Ok(())
}
