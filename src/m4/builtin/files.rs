//! Files, diversions and commands: `include`, `divert`, `undivert`, `syscmd`, `mkstemp` and their kin.
use super::super::Stop;
use super::super::engine::M4;
use super::super::number::decimal;
use super::Call;

type Done = Result<(), Stop>;

pub(super) fn include(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    read(m4, call, false)
}

pub(super) fn sinclude(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    read(m4, call, true)
}

fn read(m4: &mut M4, call: &Call, silent: bool) -> Done {
    if !m4.enough(call, 2, 2)? {
        return Ok(());
    }
    match m4.find_file(call.text(1))? {
        Ok((name, text)) => {
            m4.included = true;
            m4.read(&name, text)
        }
        Err(_) if silent => Ok(()),
        Err(e) => {
            m4.exit_code = 1;
            m4.error(&[b"cannot open `", call.text(1), b"': ", e.as_bytes()])
        }
    }
}

pub(super) fn divert(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 2)?;
    let mut number = 0;
    if call.count() > 1 {
        match m4.number(call.name, call.text(1))? {
            Some(n) => number = n,
            None => return Ok(()),
        }
    }
    m4.output.divert(number);
    Ok(())
}

pub(super) fn divnum(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    m4.enough(call, 1, 1)?;
    out.extend_from_slice(m4.output.current.to_string().as_bytes());
    Ok(())
}

pub(super) fn undivert(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if call.count() == 1 {
        for number in m4.output.pending() {
            m4.output.undivert(number);
        }
    }
    for n in 1..call.count() {
        let text = call.text(n);
        let number = decimal(text);
        if number.used == text.len() && number.spaces == 0 && !text.is_empty() {
            m4.output.undivert(i32::try_from(number.value).unwrap_or(0));
        } else if text.is_empty() {
        } else if m4.options.traditional {
            m4.error(&[b"non-numeric argument to builtin `", call.name, b"'"])?;
        } else {
            match m4.find_file(text)? {
                Ok((_, text)) => m4.output.insert(&text),
                Err(e) => m4.error(&[b"cannot undivert `", text, b"': ", e.as_bytes()])?,
            }
        }
    }
    m4.check_output()
}

pub(super) fn syscmd(m4: &mut M4, call: &Call, _: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 2, 2)? || call.text(1).is_empty() {
        m4.sysval = 0;
        return Ok(());
    }
    m4.flush()?;
    match m4.io.system(call.text(1)) {
        Ok(value) => m4.sysval = value,
        Err(e) => refused(m4, call, &e)?,
    }
    Ok(())
}

pub(super) fn esyscmd(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 2, 2)? || call.text(1).is_empty() {
        m4.sysval = 0;
        return Ok(());
    }
    m4.flush()?;
    match m4.io.capture(call.text(1)) {
        Ok((text, value)) => {
            m4.sysval = value;
            out.extend_from_slice(&text);
        }
        Err(e) => refused(m4, call, &e)?,
    }
    Ok(())
}

fn refused(m4: &mut M4, call: &Call, why: &str) -> Done {
    m4.sysval = 127;
    m4.error(&[b"cannot run command `", call.text(1), b"': ", why.as_bytes()])
}

pub(super) fn sysval(m4: &mut M4, _: &Call, out: &mut Vec<u8>) -> Done {
    out.extend_from_slice(m4.sysval.to_string().as_bytes());
    Ok(())
}

pub(super) fn maketemp(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if !m4.enough(call, 2, 2)? {
        return Ok(());
    }
    if !m4.options.traditional {
        return temporary(m4, call, out);
    }
    m4.warn(&[b"recommend using mkstemp instead"])?;
    // As traditional programs do: the process id in the place of the last letters.
    let text = call.text(1);
    let kept = text.iter().rposition(|c| *c != b'X').map_or(0, |i| i + 1);
    let id = std::process::id().to_string();
    let room = text.len() - kept;
    out.extend_from_slice(text.get(..kept).unwrap_or_default());
    out.resize(out.len() + room.saturating_sub(id.len()), b'0');
    out.extend_from_slice(id.as_bytes().get(id.len().saturating_sub(room)..).unwrap_or_default());
    Ok(())
}

pub(super) fn mkstemp(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    if m4.enough(call, 2, 2)? { temporary(m4, call, out) } else { Ok(()) }
}

fn temporary(m4: &mut M4, call: &Call, out: &mut Vec<u8>) -> Done {
    let mut template = call.text(1).to_vec();
    let have = template.iter().rev().take_while(|c| **c == b'X').count();
    template.resize(template.len() + 6usize.saturating_sub(have), b'X');
    match m4.io.temporary(&template) {
        Ok(name) => {
            out.extend_from_slice(&m4.syntax.left);
            out.extend_from_slice(&name);
            out.extend_from_slice(&m4.syntax.right);
        }
        Err(e) => m4.complain(&[call.name, b": cannot create tempfile `", call.text(1), b"': ", e.as_bytes()]),
    }
    Ok(())
}
