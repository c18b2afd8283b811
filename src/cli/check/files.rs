//! Files that a configuration names: tables missing or older than their source, keys and certificates, paths that
//! everybody may write to.
//!
//! A folder that does not exist says that the configuration is for another machine: that is one warning, and nothing
//! in it is judged.

use super::Subject;
use super::report::{Level, Report};
use crate::alias::source;
use crate::cf::MapDef;
use crate::cf::options::{Blame, Text};
use crate::map::{TableFile, safe, table_file};
use crate::tls::files::Safety;
use openssl::pkey::PKey;
use openssl::x509::X509;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Whether the folder of `path` exists.
fn beside(path: &Path) -> bool {
    path.parent().is_none_or(|p| p.as_os_str().is_empty() || p.is_dir())
}

/// A complaint about a class file whose folder is not on this machine; told as that.
pub(super) fn elsewhere(text: &str, name: &str, line: u32, report: &mut Report) -> bool {
    let path = text.split_once('\'').and_then(|(_, rest)| rest.split_once('\'')).map(|(path, _)| Path::new(path));
    path.is_some_and(|p| no_folder(p, name, line, report))
}

fn no_folder(path: &Path, name: &str, line: u32, report: &mut Report) -> bool {
    if beside(path) {
        return false;
    }
    let folder = path.parent().unwrap_or(path).display().to_string();
    let text = format!("folder {folder} is not on this machine: files in it were not looked at");
    if !report.findings().iter().any(|f| f.message == text) {
        report.warning("folder-missing", name, line, text, "");
    }
    true
}

/// The configuration file itself.
pub(super) fn of_configuration(path: &Path, report: &mut Report) {
    let name = path.display().to_string();
    writable(path, &name, 0, report);
    let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if let Some(why) = safe::unsafe_path(&full, Blame::default(), None).filter(|w| w.starts_with("World")) {
        let text = format!("lies in a folder that everybody may write to ({why})");
        report.warning("world-writable", &name, 0, text, "take the right to write from others on the way to it");
    }
}

/// A file or folder that everybody may write to.
fn writable(path: &Path, name: &str, line: u32, report: &mut Report) {
    let Ok(meta) = std::fs::metadata(path) else { return };
    let sticky = meta.is_dir() && meta.mode() & 0o1000 != 0;
    if meta.mode() & 0o002 != 0 && !sticky && (meta.is_file() || meta.is_dir()) {
        let shown = path.display();
        report.error(
            "world-writable",
            name,
            line,
            format!("{shown}: everybody may write to it"),
            format!("chmod o-w {shown}"),
        );
    }
}

pub(super) fn tell(subject: &Subject<'_>, report: &mut Report) {
    let options = &subject.config.options;
    for def in subject.config.maps.iter().filter(|m| m.line > 0) {
        if let Some(file) = table_file(def) {
            table(subject, &format!("map {}", def.name), def, &file, report);
        }
    }
    let line = line_of(subject, "AliasFile");
    for value in &options.alias_file.0 {
        for s in source::parse(value).into_iter().filter(source::Source::is_known) {
            let def = MapDef { name: "aliases".into(), class: s.class, args: s.args, file: subject.name.into(), line };
            if let Some(mut file) = table_file(&def) {
                // Without a table the text is read.
                file.tables.push(file.source.clone());
                table(subject, "aliases", &def, &file, report);
            }
        }
    }
    secrets(subject, report);
    folders(subject, report);
}

fn table(subject: &Subject<'_>, what: &str, def: &MapDef, file: &TableFile, report: &mut Report) {
    let Some(there) = file.tables.iter().find(|p| p.exists()) else {
        let Some(first) = file.tables.first() else { return };
        if !file.optional && first.is_absolute() && !no_folder(first, subject.name, def.line, report) {
            let text = format!("{what}: {} is not there", first.display());
            // Without aliases mail still goes to users.
            let level = if def.name == "aliases" { Level::Warning } else { subject.absent(Some(first)) };
            report.note(level, "map-missing", subject.name, def.line, text, make(def, file));
        }
        return;
    };
    let blame = subject.config.options.dont_blame_sendmail;
    if let Some(why) = safe::unsafe_path(there, blame, subject.config.options.trusted_user.uid) {
        let text = format!("{what}: {} is not believed: {why}", there.display());
        report.error(
            "unsafe-folder",
            subject.name,
            def.line,
            text,
            "take the right to write from the folders on its way",
        );
    }
    writable(there, subject.name, def.line, report);
    if *there == file.source {
        return;
    }
    writable(&file.source, subject.name, def.line, report);
    if let (Ok(made), Ok(source)) = (std::fs::metadata(there), std::fs::metadata(&file.source))
        && (made.mtime(), made.mtime_nsec()) < (source.mtime(), source.mtime_nsec())
    {
        let text = format!("{what}: {} is older than {}", there.display(), file.source.display());
        report.warning("map-stale", subject.name, def.line, text, make(def, file));
    }
}

/// How the table is made.
fn make(def: &MapDef, file: &TableFile) -> String {
    let source = file.source.display();
    match (def.name.as_str(), def.class.as_str()) {
        ("aliases", _) => "run newaliases".into(),
        (_, class @ ("hash" | "btree" | "cdb")) => format!("run: makemap {class} {source} < {source}"),
        (_, "implicit") => format!("run: makemap hash {source} < {source}"),
        _ => "make the file, or write -o before its name when it may be missing".into(),
    }
}

/// The line that sets an option, 0 for none.
fn line_of(subject: &Subject<'_>, option: &str) -> u32 {
    let wanted = format!("O {option}=");
    let at = subject
        .text
        .split(|b| *b == b'\n')
        .position(|l| l.get(..wanted.len()).is_some_and(|start| start.eq_ignore_ascii_case(wanted.as_bytes())));
    at.and_then(|n| u32::try_from(n + 1).ok()).unwrap_or_default()
}

fn secrets(subject: &Subject<'_>, report: &mut Report) {
    let options = &subject.config.options;
    let group = options.dont_blame_sendmail.has(Blame::GROUP_READABLE_KEY);
    let secret = if group { Safety::GroupSecret } else { Safety::Secret };
    let pairs = [
        ("ServerKeyFile", &options.server_key_file, "ServerCertFile", &options.server_cert_file),
        ("ClientKeyFile", &options.client_key_file, "ClientCertFile", &options.client_cert_file),
    ];
    for (key_name, key_file, cert_name, cert_file) in pairs {
        let (keys, certs) = (paths(key_file), paths(cert_file));
        for (i, path) in keys.iter().enumerate() {
            let key = read(subject, key_name, path, secret, report)
                .and_then(|text| key(subject, key_name, path, &text, report));
            let cert = certs.get(i).and_then(|path| certificate(subject, cert_name, path, report));
            if let (Some(key), Some(cert)) = (key, cert)
                && !cert.public_key().is_ok_and(|public| public.public_eq(&key))
            {
                let text = format!("{key_name} {} does not belong to the certificate", path.display());
                report.error(
                    "key-mismatch",
                    subject.name,
                    line_of(subject, key_name),
                    text,
                    "name the pair that was made together",
                );
            }
        }
        for path in certs.iter().skip(keys.len()) {
            certificate(subject, cert_name, path, report);
        }
    }
    for path in paths(&options.ca_cert_file) {
        certificate(subject, "CACertFile", &path, report);
    }
}

/// The absolute paths of an option's value.
fn paths(value: &Text) -> Vec<PathBuf> {
    let text = value.to_display();
    text.split(',').map(str::trim).filter(|p| p.starts_with('/')).map(PathBuf::from).collect()
}

fn read(subject: &Subject<'_>, option: &str, path: &Path, safety: Safety, report: &mut Report) -> Option<Vec<u8>> {
    let line = line_of(subject, option);
    match crate::tls::files::read(path, safety) {
        Ok(text) => Some(text),
        Err(_) if no_folder(path, subject.name, line, report) => None,
        Err(why) => {
            let shown = path.display();
            let text = format!("{option} {shown}: {why}");
            // Root reads it; whoever checks may not.
            if why == "Permission denied" && !nix::unistd::geteuid().is_root() {
                report.warning("key-unreadable", subject.name, line, text, "check as root");
            } else if why.contains("readable") || why.contains("writable") {
                let mode = if safety == Safety::Public { "go-w" } else { "go-rwx" };
                report.error("key-permissions", subject.name, line, text, format!("chmod {mode} {shown}"));
            } else {
                let level = subject.absent(Some(path));
                report.note(level, "key-unreadable", subject.name, line, text, "make the file, or take the option out");
            }
            None
        }
    }
}

fn key(
    subject: &Subject<'_>,
    option: &str,
    path: &Path,
    text: &[u8],
    report: &mut Report,
) -> Option<PKey<openssl::pkey::Private>> {
    // Nobody is asked for a passphrase here.
    match PKey::private_key_from_pem_callback(text, |_| Ok(0)) {
        Ok(key) => Some(key),
        Err(_) => {
            let text = format!("{option} {} is no private key in PEM without a passphrase", path.display());
            report.error("key-unreadable", subject.name, line_of(subject, option), text, "");
            None
        }
    }
}

fn certificate(subject: &Subject<'_>, option: &str, path: &Path, report: &mut Report) -> Option<X509> {
    let text = read(subject, option, path, Safety::Public, report)?;
    let line = line_of(subject, option);
    let Some(cert) = X509::stack_from_pem(&text).ok().and_then(|stack| stack.into_iter().next()) else {
        let text = format!("{option} {} is no certificate in PEM", path.display());
        report.error("key-unreadable", subject.name, line, text, "");
        return None;
    };
    let now = openssl::asn1::Asn1Time::days_from_now(0).ok();
    if option != "CACertFile" && now.is_some_and(|now| cert.not_after() < now) {
        let text = format!("{option} {}: the certificate expired on {}", path.display(), cert.not_after());
        report.warning("certificate-expired", subject.name, line, text, "have it renewed");
    }
    Some(cert)
}

/// The queue, and folders of `.forward` files.
fn folders(subject: &Subject<'_>, report: &mut Report) {
    let options = &subject.config.options;
    if let Some(path) = options.queue_directory.path() {
        // A name with a wildcard stands for folders beside each other.
        let wild = path.file_name().is_some_and(|n| n.as_encoded_bytes().contains(&b'*'));
        let path = if wild { path.parent().unwrap_or(path) } else { path };
        let line = line_of(subject, "QueueDirectory");
        writable(path, subject.name, line, report);
        if !path.exists() && !no_folder(path, subject.name, line, report) {
            let text = format!("queue directory {} is not there", path.display());
            report.warning(
                "queue-missing",
                subject.name,
                line,
                text,
                "make it, for the user that the program runs as alone",
            );
        }
    }
    let line = line_of(subject, "ForwardPath");
    for part in options.forward_path.to_display().split(':').filter(|p| p.starts_with('/')) {
        let fixed = part.split('$').next().unwrap_or_default();
        let folder = fixed.rsplit_once('/').map_or("/", |(folder, _)| folder);
        writable(Path::new(folder), subject.name, line, report);
    }
}
