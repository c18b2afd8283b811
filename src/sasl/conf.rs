//! `Sendmail.conf`: Cyrus SASL's application file, `key: value` lines.

use super::native::Native;
use super::passwords::{Passwords, Shadow};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the file is looked for, in order; the first there is counts.
pub const DIRECTORIES: [&str; 7] = [
    "/etc/mail/sasl",
    "/usr/lib/sasl",
    "/usr/lib/sasl2",
    "/etc/sasl2",
    "/etc/sasl",
    "/usr/lib/x86_64-linux-gnu/sasl2",
    "/usr/local/lib/sasl2",
];

/// The file's name, for SASL 1 and 2.
const NAMES: [&str; 2] = ["Sendmail.conf", "Sendmail.conf.2"];

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaslConf {
    /// The file, if one was found.
    pub path: Option<PathBuf>,
    /// `pwcheck_method:`, in order.
    pub methods: Vec<String>,
    /// `mech_list:`, in capitals; empty for all.
    pub mechanisms: Vec<String>,
    /// `shadow_file:`: a file in shadow(5)'s format in place of the system's.
    pub shadow_file: Option<PathBuf>,
}

impl SaslConf {
    /// Reads the first file found in `directories` (normally [`DIRECTORIES`]).
    pub fn load<P: AsRef<Path>>(directories: &[P]) -> SaslConf {
        let places = directories.iter().flat_map(|d| NAMES.map(|n| d.as_ref().join(n)));
        for path in places {
            if let Ok(text) = std::fs::read_to_string(&path) {
                return SaslConf { path: Some(path), ..SaslConf::parse(&text) };
            }
        }
        SaslConf::default()
    }

    /// Reads the text of a file.
    pub fn parse(text: &str) -> SaslConf {
        let mut conf = SaslConf::default();
        for line in text.lines() {
            let line = line.trim();
            let Some((key, value)) = line.split_once(':').filter(|_| !line.starts_with('#')) else { continue };
            let words = || value.split_whitespace();
            match key.trim() {
                "pwcheck_method" => conf.methods = words().map(str::to_ascii_lowercase).collect(),
                "mech_list" => conf.mechanisms = words().map(str::to_ascii_uppercase).collect(),
                "shadow_file" => conf.shadow_file = Some(value.trim().into()),
                _ => {}
            }
        }
        conf
    }

    /// The authenticator that the file asks for, and what is to be logged about it.
    pub fn authenticator(&self) -> (Native, Vec<String>) {
        let mut problems = Vec::new();
        let mut passwords: Option<Arc<dyn Passwords>> = None;
        for method in &self.methods {
            match method.as_str() {
                "shadow" => passwords = Some(Arc::new(Shadow { file: self.shadow_file.clone() })),
                other => problems.push(format!("SASL: unknown password verifier(s) {other}")),
            }
        }
        if self.methods.is_empty() {
            let place = self.path.as_ref().map_or("no Sendmail.conf".into(), |p| p.display().to_string());
            problems.push(format!("SASL: {place}: no pwcheck_method, AUTH is not offered"));
        }
        (Native::new(passwords).narrowed(&self.mechanisms), problems)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sasl::{Authenticator, Facts};

    #[test]
    fn the_file() {
        let conf = SaslConf::parse("# c\npwcheck_method: shadow\nmech_list: plain\n");
        assert_eq!(conf.methods, ["shadow"]);
        let (native, problems) = conf.authenticator();
        assert!(problems.is_empty());
        assert_eq!(native.mechanisms(&Facts::default()), ["PLAIN"]);
        let (native, problems) = SaslConf::parse("pwcheck_method: saslauthd\n").authenticator();
        assert_eq!(problems, ["SASL: unknown password verifier(s) saslauthd"]);
        assert!(native.mechanisms(&Facts::default()).is_empty());
    }
}
