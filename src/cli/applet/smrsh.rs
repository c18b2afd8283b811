//! smrsh(8): a shell for mailer programs that runs only what an administrator put into one directory.
//!
//! The command is checked and rewritten, word by word, before a shell sees it: paths are cut down to names in
//! [`DIRECTORY`], and characters with which a command could break out are refused.

use super::tables::{EX_USAGE, complain};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Where the programs are.
const DIRECTORY: &str = "/etc/mail/smrsh";
/// Where programs that these start are looked for.
const SEARCH: &str = "/bin:/usr/bin:/usr/ucb";
const EX_UNAVAILABLE: u8 = 69;
const EX_OSFILE: u8 = 72;

/// Why a command is refused.
#[derive(Debug, PartialEq, Eq)]
enum Refused {
    Character(u8),
    Program(Vec<u8>, &'static str),
}

/// Runs smrsh.
pub fn main(argv: &[OsString]) -> u8 {
    let name = argv.first().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let command = match argv {
        [_, flag, command] if flag == "-c" && !command.as_bytes().trim_ascii().is_empty() => command,
        _ => {
            complain(format_args!("Usage: {name} -c command"));
            return EX_USAGE;
        }
    };
    match rewrite(command.as_bytes(), Path::new(DIRECTORY)) {
        Ok(safe) => {
            let error =
                Command::new("/bin/sh").arg("-c").arg(OsString::from_vec(safe)).env_clear().env("PATH", SEARCH).exec();
            complain(format_args!("{name}: cannot exec /bin/sh: {error}"));
            EX_OSFILE
        }
        Err(Refused::Character(c)) => {
            complain(format_args!("{name}: cannot use {} in command", c as char));
            EX_UNAVAILABLE
        }
        Err(Refused::Program(program, why)) => {
            let program = String::from_utf8_lossy(&program).into_owned();
            complain(format_args!("{name}: \"{program}\" not available for sendmail programs ({why})"));
            EX_UNAVAILABLE
        }
    }
}

/// The command with every program in `directory`.
fn rewrite(command: &[u8], directory: &Path) -> Result<Vec<u8>, Refused> {
    if let Some(bad) = command.iter().find(|b| b"`<>;$()\r\n\0".contains(b)) {
        return Err(Refused::Character(*bad));
    }
    let mut out = Vec::new();
    let mut rest = command;
    loop {
        let end = rest.iter().position(|b| matches!(b, b'|' | b'&'));
        simple(rest.get(..end.unwrap_or(rest.len())).unwrap_or_default(), directory, &mut out)?;
        let Some(end) = end else { return Ok(out) };
        let joint = rest.get(end..end + 2).unwrap_or_default();
        let single = rest.get(end).copied().unwrap_or_default();
        if joint != [single, single] {
            return Err(Refused::Character(single));
        }
        out.extend_from_slice(b" ");
        out.extend_from_slice(joint);
        out.extend_from_slice(b" ");
        rest = rest.get(end + 2..).unwrap_or_default();
    }
}

/// One command without `||` and `&&`.
fn simple(text: &[u8], directory: &Path, out: &mut Vec<u8>) -> Result<(), Refused> {
    let mut text = text.trim_ascii();
    let (mut word, mut tail) = split_word(text);
    if word == b"exec" {
        out.extend_from_slice(b"exec ");
        text = tail.trim_ascii_start();
        (word, tail) = split_word(text);
    }
    if matches!(word, b"" | b"exit" | b"echo") {
        out.extend_from_slice(text);
        return Ok(());
    }
    let program = word.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let refuse = |why| Err(Refused::Program(program.to_vec(), why));
    // Quotes, patterns and the like would make the shell see another word than the one checked here.
    let plain = program.iter().all(|b| b.is_ascii_alphanumeric() || b"._+-@%,:=".contains(b));
    if !plain || program.is_empty() || program == b"." || program == b".." {
        return refuse("not a plain name");
    }
    let path = directory.join(OsStr::from_bytes(program));
    match std::fs::metadata(&path) {
        Err(_) => return refuse("stat failed"),
        Ok(meta) if !meta.is_file() => return refuse("not a file"),
        Ok(meta) if meta.permissions().mode() & 0o111 == 0 => return refuse("not executable"),
        Ok(_) => {}
    }
    out.extend_from_slice(path.as_os_str().as_bytes());
    out.extend_from_slice(tail);
    Ok(())
}

fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| b.is_ascii_whitespace()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_of_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, mode| {
            std::fs::write(dir.path().join(name), "").unwrap();
            std::fs::set_permissions(dir.path().join(name), PermissionsExt::from_mode(mode)).unwrap();
        };
        make("vacation", 0o755);
        make("text", 0o644);
        let base = dir.path().display().to_string();
        let ok = |command: &str| {
            rewrite(command.as_bytes(), dir.path()).map(|c| String::from_utf8(c).unwrap().replace(&base, "D"))
        };
        assert_eq!(ok("vacation bob").unwrap(), "D/vacation bob");
        assert_eq!(ok("/usr/ucb/vacation -a \"x y\" bob").unwrap(), "D/vacation -a \"x y\" bob");
        assert_eq!(ok("exec ../../vacation bob || exit 75").unwrap(), "exec D/vacation bob || exit 75");
        assert_eq!(ok("echo hi&&vacation").unwrap(), "echo hi && D/vacation");
        let program = |name: &str, why| Err(Refused::Program(name.as_bytes().to_vec(), why));
        assert_eq!(ok("nosuch x"), program("nosuch", "stat failed"));
        assert_eq!(ok("text"), program("text", "not executable"));
        assert_eq!(ok("vacation || /bin/sh"), program("sh", "stat failed"));
        assert_eq!(ok("exec /bin/sh"), program("sh", "stat failed"));
        assert_eq!(ok("exec exec sh"), program("exec", "stat failed"));
        assert_eq!(ok(".."), program("..", "not a plain name"));
        assert_eq!(ok("\"vacation"), program("\"vacation", "not a plain name"));
        assert_eq!(ok("vaca*"), program("vaca*", "not a plain name"));
        for (command, bad) in [
            ("vacation; id", b';'),
            ("vacation|id", b'|'),
            ("vacation & id", b'&'),
            ("echo `id`", b'`'),
            ("echo $HOME", b'$'),
            ("echo (x)", b'('),
            ("vacation\nid", b'\n'),
            ("vacation >x", b'>'),
            ("vacation |& id", b'|'),
        ] {
            assert_eq!(ok(command), Err(Refused::Character(bad)), "{command}");
        }
    }
}
