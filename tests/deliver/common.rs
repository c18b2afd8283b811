//! A configuration with its own directories, aliases from a list, and jobs for it.

use postrider::alias::Aliases;
use postrider::cf::system::Fixed;
use postrider::cf::{Config, LoadOptions};
use postrider::deliver::local::Local;
use postrider::deliver::{LocalDelivery, LocalJob, LocalRecipient};
use postrider::envelope::{Origin, Status};
use postrider::rewrite::service::Lookup;
use postrider::text::Line;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

pub struct Table(Vec<(String, String)>);

impl Aliases for Table {
    fn lookup(&self, name: &[u8]) -> Lookup {
        let hit = self.0.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(name));
        hit.map_or(Lookup::NotFound, |(_, v)| Lookup::Found(v.clone().into_bytes()))
    }
}

pub struct Site {
    pub dir: tempfile::TempDir,
    pub local: Local,
    pub config: Arc<Config>,
}

pub fn line(text: &str) -> Line {
    Line::cleaned(text.as_bytes())
}

/// The name of who runs the tests.
pub fn me() -> String {
    let entry = postrider::sys::passwd::by_uid(postrider::sys::cred::effective_uid());
    let entry = entry.ok().flatten().expect("the caller has an account");
    String::from_utf8(entry.name).expect("a plain name")
}

pub fn is_root() -> bool {
    postrider::sys::cred::is_root()
}

/// Says that a test is left out.
pub fn skipped(why: &str) {
    eprintln!("SKIPPED: {why}");
}

impl Site {
    /// `@DIR@` in the mailers and aliases stands for the site's directory.
    pub fn new(mailers: &str, aliases: &[(&str, &str)]) -> Site {
        let dir = tempfile::tempdir().expect("a directory");
        let spool = dir.path().join("spool");
        std::fs::create_dir(&spool).expect("a spool");
        std::fs::set_permissions(dir.path(), PermissionsExt::from_mode(0o755)).expect("mode");
        std::fs::set_permissions(&spool, PermissionsExt::from_mode(0o1777)).expect("mode");
        let own = std::env::current_exe().expect("own path");
        std::os::unix::fs::symlink(own, dir.path().join("mail.local")).expect("a link");
        let place = |text: &str| text.replace("@DIR@", &dir.path().display().to_string());
        let text = format!(
            "V10\nDjmail.example.test\nO DefaultUser=nobody\nO DontBlameSendmail=TrustStickyBit\n\
             O ForwardPath=@DIR@/$u.forward.$h:@DIR@/$u.forward\n\
             Mlocal, P=@DIR@/mail.local, F=lsDFMAw5:/|@qPSXmnz9, E=\\r\\n, A=mail.local -l -p @DIR@/spool\n\
             Mprog, P=/bin/sh, F=lsDFMoqeu9, D=@DIR@/spool:/, A=sh -c $u\n{mailers}\n"
        );
        let (config, problems) = Config::parse(place(&text).as_bytes(), "test.cf", &LoadOptions::new(&Machine));
        assert!(problems.is_empty(), "{problems:?}");
        let config = Arc::new(config);
        let aliases = Table(aliases.iter().map(|(n, v)| (n.to_string(), place(v))).collect());
        let local = Local::direct(Arc::clone(&config), Arc::new(aliases));
        Site { dir, local, config }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, text.replace("@DIR@", &self.dir.path().display().to_string())).expect("a file");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).expect("mode");
        path
    }

    pub fn recipient(&self, user: &str, origin: Origin) -> LocalRecipient {
        let user = user.replace("@DIR@", &self.dir.path().display().to_string());
        LocalRecipient { user: line(&user), host: line(""), origin, control: None }
    }

    pub fn job(&self, mailer: &str, recipients: Vec<LocalRecipient>, message: &str) -> LocalJob {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(message.as_bytes()).expect("written");
        LocalJob {
            mailer: self.config.mailer_index(mailer.as_bytes()).expect("a mailer"),
            recipients,
            macros: Vec::new(),
            sender: line("sender@example.test"),
            message: file,
            size: message.len() as u64,
            eight_bit: false,
        }
    }

    /// One recipient; the status as `5.1.1 (67) User unknown`.
    pub fn deliver(&self, mailer: &str, user: &str, origin: Origin, message: &str) -> String {
        let job = self.job(mailer, vec![self.recipient(user, origin)], message);
        self.local.deliver(job).iter().map(show).collect::<Vec<_>>().join("; ")
    }
}

pub fn show(status: &Status) -> String {
    let mut text = format!("{} ({}) {}", status.enhanced, status.exit, String::from_utf8_lossy(&status.text));
    for line in &status.transcript {
        text.push_str(&format!(" [{}]", String::from_utf8_lossy(line)));
    }
    text
}

/// Users and groups are real, all else is fixed.
struct Machine;

impl postrider::cf::System for Machine {
    fn host_name(&self) -> String {
        Fixed { host: "mail.example.test".into() }.host_name()
    }
    fn resolve(&self, _: &str) -> Option<postrider::cf::system::Resolved> {
        None
    }
    fn names_of(&self, _: std::net::IpAddr) -> Vec<String> {
        Vec::new()
    }
    fn interfaces(&self) -> Vec<postrider::cf::system::Interface> {
        Vec::new()
    }
    fn user(&self, name: &str) -> Option<postrider::cf::system::Account> {
        let entry = postrider::sys::passwd::by_name(name.as_bytes()).ok().flatten()?;
        Some(postrider::cf::system::Account { name: name.into(), uid: entry.uid, gid: entry.gid })
    }
    fn group(&self, name: &str) -> Option<u32> {
        postrider::sys::passwd::group_by_name(name)
    }
    fn tcp_port(&self, _: &str) -> Option<u16> {
        None
    }
}
