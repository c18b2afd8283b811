//! `AliasFile`: a list of sources, each `class:flags file` or just a file.

/// One source of aliases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The class in lower case; `implicit` when none is given.
    pub class: String,
    /// Flags and file as on a `K` line.
    pub args: Vec<u8>,
    /// The file.
    pub file: Vec<u8>,
}

impl Source {
    /// Whether newaliases makes a table file for this class, in whatever format.
    pub fn is_rebuilt(&self) -> bool {
        matches!(self.class.as_str(), "implicit" | "hash" | "btree" | "cdb")
    }

    /// Whether the class can be a source of aliases at all.
    pub fn is_known(&self) -> bool {
        self.is_rebuilt()
            || matches!(
                self.class.as_str(),
                "text" | "stab" | "null" | "user" | "program" | "socket" | "ldap" | "nis" | "nisplus"
            )
    }
}

/// The sources of a value of `AliasFile`, parted by commas.
pub fn parse(value: &[u8]) -> Vec<Source> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii).filter(|s| !s.is_empty()).map(one).collect()
}

fn one(spec: &[u8]) -> Source {
    let is_class = |c: &[u8]| !c.is_empty() && c.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let colon = spec.iter().position(|b| *b == b':').filter(|at| is_class(&spec[..*at]));
    let (class, args) = match colon {
        Some(at) => (String::from_utf8_lossy(&spec[..at]).to_ascii_lowercase(), spec[at + 1..].trim_ascii()),
        None => ("implicit".to_owned(), spec),
    };
    let mut words = args.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
    let file = words.find(|w| !w.starts_with(b"-")).unwrap_or_default();
    Source { class, args: args.to_vec(), file: file.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_classes() {
        let all = parse(b"/etc/mail/aliases, hash:-o /etc/mail/lists,nis:mail.aliases@example, ");
        let seen: Vec<_> = all.iter().map(|s| (s.class.as_str(), s.file.as_slice())).collect();
        assert_eq!(
            seen,
            [("implicit", &b"/etc/mail/aliases"[..]), ("hash", b"/etc/mail/lists"), ("nis", b"mail.aliases@example")]
        );
        assert_eq!(all[1].args, b"-o /etc/mail/lists");
    }
}
