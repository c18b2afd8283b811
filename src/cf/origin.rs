//! Where the lines of a configuration come from: the marks that the macro tree leaves in comments (`cf/README`, "Where a
//! line comes from"). `#> FEATURE(access_db) site.mc:12` stands for the lines that follow, up to the next mark or `#<`.

use super::macros::MacroName;
use super::problem::printable;

/// The longest mark that is kept.
const MAX_MARK: usize = 300;
/// The most marks and class lines that are kept.
const MAX_KEPT: usize = 20_000;

/// The marks of a configuration, and the lines that fill its classes.
#[derive(Clone, Debug, Default)]
pub struct Origins {
    /// Line of the mark, and what it says; nothing for `#<`.
    marks: Vec<(u32, Option<Box<str>>)>,
    classes: Vec<(MacroName, u32)>,
}

impl Origins {
    /// Reads a comment line; all but marks are passed over.
    pub(super) fn comment(&mut self, line: u32, text: &[u8]) {
        if self.marks.len() >= MAX_KEPT || text.len() > MAX_MARK {
            return;
        }
        match text.strip_prefix(b"#>") {
            Some(word) => self.marks.push((line, Some(shown(word).into()))),
            None if text.trim_ascii_end() == b"#<" => self.marks.push((line, None)),
            None => {}
        }
    }

    /// A `C` or `F` line fills `class`.
    pub(super) fn class_line(&mut self, class: &MacroName, line: u32) {
        if self.classes.len() < MAX_KEPT {
            self.classes.push((class.clone(), line));
        }
    }

    /// What the line is there for (`FEATURE(access_db) site.mc:12`), if a mark says so.
    pub fn of(&self, line: u32) -> Option<&str> {
        let after = self.marks.partition_point(|(at, _)| *at <= line);
        let (_, word) = self.marks.get(after.checked_sub(1)?)?;
        word.as_deref()
    }

    /// The classes that a `C` or `F` line fills.
    pub fn classes(&self) -> impl Iterator<Item = &MacroName> {
        self.classes.iter().map(|(class, _)| class)
    }

    /// The lines that fill the class called `name`.
    pub fn class_lines<'s>(&'s self, name: &'s str) -> impl Iterator<Item = u32> + 's {
        let name = MacroName::new(name);
        self.classes.iter().filter(move |(class, _)| *class == name).map(|(_, line)| *line)
    }

    /// The `.mc` file: where its OSTYPE stands.
    pub fn mc_file(&self) -> Option<&str> {
        let mark = self.marks.iter().filter_map(|(_, word)| word.as_deref()).find(|w| w.starts_with("OSTYPE("))?;
        let place = mark.split_once(' ')?.1;
        Some(place.rsplit_once(':')?.0)
    }
}

/// A mark's text, control characters replaced.
fn shown(text: &[u8]) -> String {
    printable(text.trim_ascii()).chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_stand_for_what_follows() {
        let mut o = Origins::default();
        for (line, text) in [
            (2, "#> OSTYPE(linux) a b.mc:3"),
            (3, "#<"),
            (10, "#> FEATURE(x) a b.mc:7"),
            (11, "# a comment"),
            (14, "#> LOCAL_RULE_0 a b.mc:9"),
            (20, "#<"),
        ] {
            o.comment(line, text.as_bytes());
        }
        assert_eq!(o.of(1), None);
        assert_eq!(o.of(5), None);
        assert_eq!(o.of(13), Some("FEATURE(x) a b.mc:7"));
        assert_eq!(o.of(15), Some("LOCAL_RULE_0 a b.mc:9"));
        assert_eq!(o.of(21), None);
        assert_eq!(o.mc_file(), Some("a b.mc"));
    }
}
