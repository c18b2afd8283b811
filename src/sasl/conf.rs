//! `Sendmail.conf`: Cyrus SASL's application file, `key: value` lines.

use super::cyrus::{Cyrus, CyrusPasswords};
use super::native::{self, Native};
use super::passwords::{Chain, Passwords, Shadow};
use super::saslauthd::Saslauthd;
use super::{Authenticator, Exchange, Facts};
use crate::sys::sasl::Library;
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

/// Cyrus SASL's password file, unless `sasldb_path:` names another.
const SASLDB: &str = "/etc/sasldb2";

/// What the file says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaslConf {
    /// The file, if one was found.
    pub path: Option<PathBuf>,
    /// Its lines, key and value.
    pub options: Vec<(String, String)>,
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

    /// Reads the text of a file: `key: value` lines, keys in any case, `#` comments.
    pub fn parse(text: &str) -> SaslConf {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let pair = |(key, value): (&str, &str)| (key.trim().to_ascii_lowercase(), value.trim().to_owned());
        SaslConf { path: None, options: lines.filter_map(|line| line.split_once(':')).map(pair).collect() }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.options.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// `pwcheck_method:`, in order.
    fn methods(&self) -> Vec<String> {
        let words = self.get("pwcheck_method").unwrap_or_default().split_whitespace();
        words.map(str::to_ascii_lowercase).collect()
    }

    /// `mech_list:`, in capitals; empty for all.
    fn mechanisms(&self) -> Vec<String> {
        let words = self.get("mech_list").unwrap_or_default().split_whitespace();
        words.map(str::to_ascii_uppercase).collect()
    }

    /// Folders that hold password files of this configuration, beside `/etc`.
    pub fn folders(&self) -> Vec<PathBuf> {
        let files = ["shadow_file", "sasldb_path"].into_iter().filter_map(|key| self.get(key));
        files.filter_map(|file| Some(Path::new(file).parent()?.to_path_buf())).collect()
    }

    /// The authenticator that the file asks for, for accounts of `host`, and what is to be logged about it. Cyrus SASL is loaded
    /// where something is wanted that is not native, so this is called once in a process.
    ///
    /// Without a file, Cyrus SASL serves if there is a sasldb: else nobody could authenticate.
    pub fn authenticator(&self, host: &[u8]) -> (Site, Vec<String>) {
        let mut problems = Vec::new();
        let (methods, mechanisms) = (self.methods(), self.mechanisms());
        let own = |method: &&String| matches!(method.as_str(), "shadow" | "saslauthd");
        let others: Vec<&str> = methods.iter().filter(|m| !own(m)).map(String::as_str).collect();
        let wanted = if methods.is_empty() {
            Path::new(self.get("sasldb_path").unwrap_or(SASLDB)).exists()
        } else {
            !others.is_empty() || mechanisms.iter().any(|m| !native::NAMES.contains(&m.as_str()))
        };
        let library = wanted.then(|| self.library(&others)).and_then(|loaded| {
            loaded.map_err(|e| problems.push(format!("SASL: only PLAIN, LOGIN and EXTERNAL are there: {e}"))).ok()
        });
        let mut sources: Vec<Arc<dyn Passwords>> = Vec::new();
        for method in &methods {
            match method.as_str() {
                "shadow" => sources.push(Arc::new(Shadow { file: self.get("shadow_file").map(PathBuf::from) })),
                "saslauthd" => sources.push(Arc::new(Saslauthd::new(self.get("saslauthd_path").map(Path::new)))),
                _ => {}
            }
        }
        if let Some(library) = library.as_ref().filter(|_| methods.is_empty() || !others.is_empty()) {
            sources.push(Arc::new(CyrusPasswords::new(library.clone(), host.to_vec())));
        }
        if sources.is_empty() {
            let place = self.path.as_ref().map_or("no Sendmail.conf".into(), |p| p.display().to_string());
            problems.push(format!("SASL: {place}: no password source, AUTH is not offered"));
        }
        let passwords = (!sources.is_empty()).then(|| Arc::new(Chain(sources)) as Arc<dyn Passwords>);
        let native = Native::new(passwords).narrowed(&mechanisms);
        let cyrus = library.map(|library| Cyrus::new(library, &native::NAMES));
        (Site { native, cyrus }, problems)
    }

    /// Cyrus SASL with the options of this file; `methods` are those that it is to serve.
    fn library(&self, methods: &[&str]) -> Result<Arc<Library>, String> {
        let mut options: Vec<(String, String)> =
            self.options.iter().filter(|(key, _)| key != "pwcheck_method").cloned().collect();
        let methods = if methods.is_empty() { "auxprop".to_owned() } else { methods.join(" ") };
        options.push(("pwcheck_method".into(), methods));
        let folder = self.path.as_deref().and_then(Path::parent).unwrap_or(Path::new("/etc/sasl2"));
        let log = |text: &str| crate::log::process_notice(&format!("SASL: {text}"));
        Library::load(c"Sendmail", &options, folder, log)
    }
}

/// What this site offers: the native mechanisms and, where it is there and wanted, Cyrus SASL's.
pub struct Site {
    native: Native,
    cyrus: Option<Cyrus>,
}

impl Authenticator for Site {
    fn mechanisms(&self, facts: &Facts) -> Vec<String> {
        let mut names = self.native.mechanisms(facts);
        names.extend(self.cyrus.iter().flat_map(|c| c.mechanisms(facts)));
        names
    }

    fn start(&self, mechanism: &str, facts: &Facts) -> Option<Box<dyn Exchange>> {
        let native = self.native.start(mechanism, facts);
        native.or_else(|| self.cyrus.as_ref()?.start(mechanism, facts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file() {
        let conf = SaslConf::parse("# c\nPWCheck_Method: shadow\nmech_list: plain\n");
        assert_eq!(conf.get("pwcheck_method"), Some("shadow"));
        let (site, problems) = conf.authenticator(b"h");
        assert!(problems.is_empty() && site.cyrus.is_none());
        assert_eq!(site.mechanisms(&Facts::default()), ["PLAIN"]);
        let (site, _) = SaslConf::parse("pwcheck_method: saslauthd\n").authenticator(b"h");
        assert_eq!(site.mechanisms(&Facts::default()), ["LOGIN", "PLAIN"]);
        let (site, problems) = SaslConf::parse("sasldb_path: /nonexistent/sasldb2\n").authenticator(b"h");
        assert!(site.mechanisms(&Facts::default()).is_empty());
        assert_eq!(problems, ["SASL: no Sendmail.conf: no password source, AUTH is not offered"]);
    }
}
