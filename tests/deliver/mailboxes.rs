//! The built-in `mail.local`.

use crate::common::*;
use postrider::deliver::LocalDelivery;
use postrider::envelope::Origin;
use std::os::unix::fs::MetadataExt;

const MESSAGE: &str = "Subject: x\r\n\r\nhello\r\nFrom here\r\n\r\nFrom there\r\n";

/// A user whose mailbox the caller can write.
fn user() -> String {
    if is_root() { "daemon".into() } else { me() }
}

#[test]
fn mail_is_appended_for_its_owner() {
    let site = Site::new("", &[]);
    let name = user();
    assert_eq!(site.deliver("local", &name, Origin::Direct, MESSAGE), "2.1.5 (0) ");
    assert_eq!(site.deliver("local", &format!("\\{name}"), Origin::Direct, MESSAGE), "2.1.5 (0) ");
    assert_eq!(site.deliver("local", &format!("{name}+x@here"), Origin::Direct, MESSAGE), "2.1.5 (0) ");
    let text = site.read(&format!("spool/{name}"));
    assert_eq!(text.matches("From sender@example.test ").count(), 3);
    let body = "\nSubject: x\nContent-Length: 29\n\nhello\nFrom here\n\n>From there\n\n";
    assert_eq!(text.matches(body).count(), 3, "{text}");
    let meta = std::fs::metadata(site.path(&format!("spool/{name}"))).unwrap();
    let entry = postrider::sys::passwd::by_name(name.as_bytes()).unwrap().unwrap();
    assert_eq!((meta.uid(), meta.mode() & 0o7777), (entry.uid, 0o600));
    assert_eq!(std::fs::read_dir(site.path("spool")).unwrap().count(), 1, "no lock files left");
}

#[test]
fn several_recipients_have_a_status_each() {
    let site = Site::new("", &[]);
    let names = [user(), "no-such-user-here".into(), user()];
    let recipients = names.map(|n| site.recipient(&n, Origin::Direct)).to_vec();
    let statuses = site.local.deliver(site.job("local", recipients, MESSAGE));
    let shown: Vec<String> = statuses.iter().map(show).collect();
    assert_eq!(shown, ["2.1.5 (0) ", "5.1.1 (67) User unknown", "2.1.5 (0) "]);
    let reply = statuses[1].reply.as_ref().map(|r| r.to_text()).unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&reply), "550 5.1.1 User unknown");
}

#[test]
fn links_in_the_spool_lead_nowhere() {
    let site = Site::new("", &[]);
    let name = user();
    let victim = site.write("victim", "precious");
    let mailbox = site.path(&format!("spool/{name}"));
    for hard in [false, true] {
        if hard {
            std::fs::hard_link(&victim, &mailbox).unwrap();
        } else {
            std::os::unix::fs::symlink(&victim, &mailbox).unwrap();
        }
        let answer = site.deliver("local", &name, Origin::Direct, MESSAGE);
        assert!(answer.starts_with("5.2.0 (69) "), "{answer}");
        assert_eq!(site.read("victim"), "precious");
        std::fs::remove_file(&mailbox).unwrap();
    }
}

#[test]
fn a_full_disk_changes_nothing() {
    if !is_root() {
        return skipped("mounting a small file system takes root");
    }
    let site = Site::new("", &[]);
    let spool = site.path("spool");
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k,mode=1777", "tmpfs"])
        .arg(&spool)
        .status();
    if !mounted.is_ok_and(|s| s.success()) {
        return skipped("cannot mount here");
    }
    let name = user();
    let first = site.deliver("local", &name, Origin::Direct, MESSAGE);
    let before = site.read(&format!("spool/{name}"));
    let big = format!("Subject: big\r\n\r\n{}", "x".repeat(70).repeat(2000));
    let full = site.deliver("local", &name, Origin::Direct, &big);
    let after = site.read(&format!("spool/{name}"));
    let again = site.deliver("local", &name, Origin::Direct, MESSAGE);
    let unmounted = std::process::Command::new("umount").arg(&spool).status();
    assert!(unmounted.is_ok_and(|s| s.success()));
    assert_eq!((first.as_str(), again.as_str()), ("2.1.5 (0) ", "2.1.5 (0) "));
    let path = spool.join(&name);
    assert_eq!(full, format!("4.2.0 (75) Write {}: No space left on device", path.display()));
    assert_eq!(before, after);
}
