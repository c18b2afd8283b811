//! Names: `define`, `undefine`, `pushdef`, `popdef`, `defn`, `ifdef`, `ifelse`, `dumpdef`, `traceon`, `traceoff`.
use std::rc::Rc;

use super::super::Stop;
use super::super::engine::M4;
use super::super::symbol::Definition;
use super::super::trace::Debug;
use super::Call;

type Done = Result<(), Stop>;

impl M4<'_> {
    /// Warns of what `--warn-macro-sequence` looks for in a definition.
    pub(in super::super) fn check_sequence(&mut self, name: &[u8], text: &[u8]) -> Done {
        let Some(regex) = self.sequence.clone() else { return Ok(()) };
        let mut from = 0;
        while let Ok(Some(found)) = regex.search(text, from) {
            let Some((start, end)) = found.get(0) else { break };
            if start == end {
                from = end + 1;
            } else {
                let part = text.get(start..end).unwrap_or_default();
                self.warn(&[b"definition of `", name, b"' contains sequence `", part, b"'"])?;
                from = end;
            }
            if from > text.len() {
                break;
            }
        }
        Ok(())
    }

    /// The definition that argument 2 of a call is.
    fn definition(&mut self, call: &Call) -> Result<Option<Definition>, Stop> {
        if !self.enough(call, 2, 3)? {
            return Ok(None);
        }
        if call.builtin(1).is_some() {
            self.warn(&[call.name, b": invalid macro name ignored"])?;
            return Ok(None);
        }
        if let Some(b) = call.builtin(2) {
            return Ok(Some(Definition::Builtin(b)));
        }
        self.check_sequence(call.text(1), call.text(2))?;
        Ok(Some(Definition::Text(Rc::from(call.text(2)))))
    }
}

pub(super) fn define(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if let Some(definition) = m4.definition(call)? {
        m4.symbols.define(call.text(1), definition);
    }
    Ok(())
}

pub(super) fn pushdef(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if let Some(definition) = m4.definition(call)? {
        m4.symbols.push(call.text(1), definition);
    }
    Ok(())
}

pub(super) fn undefine(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 0)? {
        (1..call.count()).for_each(|n| m4.symbols.undefine(call.text(n)));
    }
    Ok(())
}

pub(super) fn popdef(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 0)? {
        (1..call.count()).for_each(|n| m4.symbols.pop(call.text(n)));
    }
    Ok(())
}

pub(super) fn defn(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 2, 0)? {
        return Ok(());
    }
    for n in 1..call.count() {
        match m4.symbols.get(call.text(n)).map(|(_, d)| d.clone()) {
            Some(Definition::Text(text)) => {
                out.extend_from_slice(&m4.syntax.left);
                out.extend_from_slice(&text);
                out.extend_from_slice(&m4.syntax.right);
            }
            Some(Definition::Builtin(b)) => {
                if call.count() > 2 {
                    m4.warn(&[b"cannot concatenate builtin `", call.text(n), b"'"])?;
                } else {
                    m4.given = Some(b);
                }
            }
            None => {}
        }
    }
    Ok(())
}

pub(super) fn ifdef(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if m4.enough(call, 3, 4)? {
        let chosen = if m4.symbols.get(call.text(1)).is_some() { 2 } else { 3 };
        out.extend_from_slice(call.text(chosen));
    }
    Ok(())
}

pub(super) fn ifelse(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if call.count() == 2 {
        return Ok(());
    }
    if !m4.enough(call, 4, 0)? {
        return Ok(());
    }
    // With 5 arguments, or 8, 11, ..., one is left over.
    if call.count() % 3 == 0 {
        m4.enough(call, 4, call.count() - 1)?;
    }
    let mut n = 1;
    loop {
        if call.text(n) == call.text(n + 1) {
            out.extend_from_slice(call.text(n + 2));
            return Ok(());
        }
        match call.count().saturating_sub(n + 3) {
            0 => return Ok(()),
            1 | 2 => {
                out.extend_from_slice(call.text(n + 3));
                return Ok(());
            }
            _ => n += 3,
        }
    }
}

pub(super) fn dumpdef(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    let mut names = Vec::new();
    if call.count() == 1 {
        names = m4.symbols.names();
    } else {
        for n in 1..call.count() {
            if m4.symbols.get(call.text(n)).is_some() {
                names.push(call.text(n).to_vec());
            } else {
                m4.error(&[b"undefined macro `", call.text(n), b"'"])?;
            }
        }
        names.sort();
    }
    let quote = m4.tracer.debug.has(Debug::QUOTE);
    for name in names {
        let mut line = name.clone();
        line.extend_from_slice(b":\t");
        match m4.symbols.get(&name).map(|(_, d)| d) {
            Some(Definition::Text(text)) if quote => {
                line.extend_from_slice(&m4.syntax.left);
                line.extend_from_slice(text);
                line.extend_from_slice(&m4.syntax.right);
            }
            Some(Definition::Text(text)) => line.extend_from_slice(text),
            Some(Definition::Builtin(b)) => line.extend_from_slice(format!("<{}>", b.name).as_bytes()),
            None => {}
        }
        line.push(b'\n');
        m4.debug_write(&line)?;
    }
    Ok(())
}

pub(super) fn traceon(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if call.count() == 1 {
        for name in m4.symbols.names() {
            m4.symbols.trace(&name, true);
        }
    }
    (1..call.count()).for_each(|n| m4.symbols.trace(call.text(n), true));
    Ok(())
}

pub(super) fn traceoff(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if call.count() == 1 {
        m4.symbols.trace_none();
    }
    (1..call.count()).for_each(|n| m4.symbols.trace(call.text(n), false));
    Ok(())
}
