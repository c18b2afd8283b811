//! The answer of an RFC 1413 server.

/// Longest name taken.
const LONGEST: usize = 99;

/// The user that `answer` names for the connection from `peer_port` to `local_port`; `None` when it names none, or an
/// answer to something else. What could mean anything in an address or a log is left out.
pub fn user(answer: &[u8], peer_port: u16, local_port: u16) -> Option<Vec<u8>> {
    let line = answer.split(|b| matches!(b, b'\r' | b'\n')).next()?;
    let mut fields = line.splitn(4, |b| *b == b':').map(<[u8]>::trim_ascii);
    let (ports, kind, system, user) = (fields.next()?, fields.next()?, fields.next()?, fields.next()?);
    let mut ports = ports.split(|b| *b == b',').map(|p| std::str::from_utf8(p.trim_ascii()).ok()?.parse::<u16>().ok());
    if ports.next()?? != peer_port || ports.next()?? != local_port || !kind.eq_ignore_ascii_case(b"USERID") {
        return None;
    }
    let plain = |b: &u8| matches!(b, b'!'..=b'~') && !b"<>()[]\\\",;:@|".contains(b);
    let name: Vec<u8> = user.iter().copied().filter(plain).take(LONGEST).collect();
    let system = system.split(|b| *b == b',').next().unwrap_or_default().trim_ascii();
    match name.is_empty() {
        true => None,
        // What is no login name there is marked.
        false if system.eq_ignore_ascii_case(b"OTHER") => Some([b"IDENT:", &*name].concat()),
        false => Some(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        assert_eq!(user(b"1000 , 25 : USERID : UNIX : joe\r\n", 1000, 25), Some(b"joe".to_vec()));
        assert_eq!(user(b"1000,25:USERID:UNIX,US-ASCII:j:oe", 1000, 25), Some(b"joe".to_vec()));
        assert_eq!(user(b"1001,25:USERID:UNIX:joe", 1000, 25), None);
        assert_eq!(user(b"1000,25:ERROR:NO-USER", 1000, 25), None);
        assert_eq!(user(b"1000,25:USERID:UNIX:\x1b<>", 1000, 25), None);
        assert_eq!(user(b"", 1, 1), None);
    }
}
