//! The rest: quotes and comments, the end of the input, messages, and what the program knows about itself.
use super::super::Stop;
use super::super::engine::M4;
use super::super::input::Ch;
use super::Call;

type Done = Result<(), Stop>;

pub(super) fn file(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 1)?;
    out.extend_from_slice(&m4.syntax.left);
    out.extend_from_slice(&m4.input.file);
    out.extend_from_slice(&m4.syntax.right);
    Ok(())
}

pub(super) fn line(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 1)?;
    out.extend_from_slice(m4.input.line.to_string().as_bytes());
    Ok(())
}

pub(super) fn program(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 1)?;
    out.extend_from_slice(&m4.syntax.left);
    out.extend_from_slice(&m4.options.program);
    out.extend_from_slice(&m4.syntax.right);
    Ok(())
}

/// The two marks that a call sets: its arguments, or `default` for an absent second one.
fn marks(call: &Call, default: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (open, close) = (call.text(1), call.text(2));
    let absent = call.count() < 3 || (!open.is_empty() && close.is_empty());
    (open.to_vec(), if absent { default } else { close }.to_vec())
}

pub(super) fn changequote(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 3)?;
    (m4.syntax.left, m4.syntax.right) =
        if call.count() == 1 { (b"`".to_vec(), b"'".to_vec()) } else { marks(call, b"'") };
    Ok(())
}

pub(super) fn changecom(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 3)?;
    (m4.syntax.comment, m4.syntax.comment_end) =
        if call.count() == 1 { (Vec::new(), Vec::new()) } else { marks(call, b"\n") };
    Ok(())
}

pub(super) fn dnl(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 1)?;
    let place = (m4.input.file.clone(), m4.input.line);
    loop {
        match m4.input.next() {
            Ch::Byte(b'\n') => break,
            Ch::Byte(_) | Ch::Macro(_) => {}
            Ch::Eof => {
                let end = (m4.input.file.clone(), m4.input.line);
                (m4.input.file, m4.input.line) = place.clone();
                m4.warn(&[b"end of file treated as newline"])?;
                (m4.input.file, m4.input.line) = end;
                break;
            }
        }
    }
    // The place is put back after the call; if the line ended elsewhere, it must be found again.
    if (m4.input.file.clone(), m4.input.line) != place {
        m4.input.moved();
    }
    Ok(())
}

pub(super) fn errprint(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 0)? {
        let mut text = Vec::new();
        call.join(1, b" ", None, &mut text);
        m4.flush()?;
        m4.tell_reverted()?;
        m4.io.diagnostic(&text);
    }
    Ok(())
}

pub(super) fn shift(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 0)? {
        call.join(2, b",", Some((&m4.syntax.left, &m4.syntax.right)), out);
    }
    Ok(())
}

pub(super) fn m4wrap(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 0)? {
        let mut text = Vec::new();
        if m4.options.traditional {
            text.extend_from_slice(call.text(1));
        } else {
            call.join(1, b" ", None, &mut text);
        }
        m4.input.push_wrapped(text);
    }
    Ok(())
}

pub(super) fn m4exit(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 2)?;
    let mut code = 0;
    if call.count() > 1 {
        code = m4.number(call.name, call.text(1))?.unwrap_or(1);
    }
    let mut code = match u8::try_from(code) {
        Ok(code) => code,
        Err(_) => {
            let shown = code.to_string();
            m4.error(&[b"exit status out of range: `", shown.as_bytes(), b"'"])?;
            1
        }
    };
    if code == 0 {
        code = m4.exit_code;
    }
    Err(Stop(code))
}

pub(super) fn debugmode(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 2)?;
    if call.count() == 1 {
        m4.tracer.debug = Default::default();
    } else if m4.tracer.debug.change(call.text(1)) {
        m4.tracer.changed = true;
    } else {
        m4.error(&[b"Debugmode: bad debug flags: `", call.text(1), b"'"])?;
    }
    Ok(())
}

pub(super) fn debugfile(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 2)?;
    let path = (call.count() > 1).then(|| call.text(1));
    m4.set_debug_file(path, call.text(1))
}
