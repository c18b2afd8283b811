//! The built-in configuration: with no file in /etc/mail, `cf/cf/sendmail.mc` or `submit.mc` of the tree in the binary,
//! through our own m4, which runs no commands here.

use crate::cf::Config;
use crate::cf::load::LoadOptions;
use crate::cf::problem::{Problem, Severity};
use crate::m4::{Io, Options, Step, process};

/// The macro tree: path below `cf/` and text.
pub(crate) static TREE: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/tree.rs"));

/// Where m4 believes the tree to be.
const ROOT: &[u8] = b"built-in/";

/// The configuration of the MTA, or of the submission program.
pub fn config(submission: bool, options: &LoadOptions<'_>) -> (Config, Vec<Problem>) {
    let mc: &[u8] = if submission { b"built-in/cf/submit.mc" } else { b"built-in/cf/sendmail.mc" };
    let mut io = TreeIo::default();
    let steps = [
        Step::Define(b"_CF_DIR_".to_vec(), ROOT.to_vec()),
        Step::File(b"built-in/m4/cf.m4".to_vec()),
        Step::File(mc.to_vec()),
    ];
    let code = process(&Options::default(), &steps, &mut io);
    let name = "built-in configuration";
    let (config, mut problems) = Config::parse(&io.output, name, options);
    if code != 0 || !io.messages.is_empty() {
        let text = format!("{name}: {}", String::from_utf8_lossy(&io.messages).trim_end());
        problems.push(Problem { file: name.into(), line: 0, text, severity: Severity::Fatal(78) });
    }
    (config, problems)
}

/// m4's view of the tree: its own files and nothing else.
#[derive(Default)]
struct TreeIo {
    output: Vec<u8>,
    messages: Vec<u8>,
}

impl Io for TreeIo {
    fn open(&mut self, path: &[u8]) -> Result<Vec<u8>, String> {
        let inside = path.strip_prefix(ROOT).and_then(|p| std::str::from_utf8(p).ok());
        let found = inside.and_then(|p| TREE.iter().find(|(name, _)| *name == p));
        found.map(|(_, text)| text.to_vec()).ok_or_else(|| "No such file or directory".into())
    }

    fn output(&mut self, text: &[u8]) -> bool {
        self.output.extend_from_slice(text);
        true
    }

    fn diagnostic(&mut self, text: &[u8]) {
        self.messages.extend_from_slice(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_configurations_build_without_a_word() {
        for submission in [false, true] {
            let machine = crate::cf::machine::Machine;
            let (_, problems) = config(submission, &LoadOptions::new(&machine));
            assert!(problems.iter().all(|p| !p.text.contains("built-in")), "{problems:?}");
        }
    }
}
