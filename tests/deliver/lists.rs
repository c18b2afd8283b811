//! `.forward` and `:include:` files, read with their owners' rights.

use crate::common::*;
use postrider::deliver::LocalDelivery;
use postrider::envelope::Origin;

fn found(site: &Site, detail: &str) -> String {
    match site.local.forward(me().as_bytes(), detail.as_bytes()) {
        Ok(found) => {
            let text = found.file.map(|l| String::from_utf8_lossy(&l.text).into_owned()).unwrap_or("none".into());
            let refused: Vec<String> =
                found.refused.iter().map(|(_, why)| String::from_utf8_lossy(why).into_owned()).collect();
            format!("{} {}", text.trim(), refused.join("; ")).trim().to_string()
        }
        Err(status) => show(&status),
    }
}

#[test]
fn the_first_safe_file_is_taken() {
    let site = Site::new("", &[]);
    let name = me();
    assert_eq!(found(&site, ""), "none");
    site.write(&format!("{name}.forward"), "plain");
    assert_eq!(found(&site, ""), "plain");
    assert_eq!(found(&site, "x"), "plain");
    let detail = site.write(&format!("{name}.forward.x"), "detail");
    assert_eq!(found(&site, "x"), "detail");
    std::fs::set_permissions(&detail, std::os::unix::fs::PermissionsExt::from_mode(0o666)).unwrap();
    assert_eq!(found(&site, "x"), "plain Group writable file");
    std::fs::remove_file(&detail).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &detail).unwrap();
    assert_eq!(found(&site, "x"), "plain Regular files only");
}

#[test]
fn others_cannot_write_my_forward() {
    if !is_root() {
        return skipped("making a file of another user takes root");
    }
    let site = Site::new("", &[]);
    let path = site.write("daemon.forward", "stolen");
    std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
    let found = site.local.forward(b"daemon", b"").unwrap();
    assert_eq!(found.file, None);
    assert_eq!(found.refused.first().map(|(_, why)| why.clone()), Some(line("Permission denied")));
}

#[test]
fn no_secrets_through_links() {
    if !is_root() {
        return skipped("reading as another user takes root");
    }
    let site = Site::new("", &[("l", ":include:@DIR@/list")]);
    std::os::unix::fs::symlink("/etc/shadow", site.path("daemon.forward")).unwrap();
    std::os::unix::fs::symlink("/etc/shadow", site.path("list")).unwrap();
    let found = site.local.forward(b"daemon", b"").unwrap();
    assert_eq!((found.file, found.refused.len()), (None, 1));
    let path = site.path("list").display().to_string();
    let status = site.local.include(path.as_bytes(), &Origin::Alias(line("l"))).unwrap_err();
    assert_eq!(show(&status), format!("5.2.4 (66) Cannot open {path}: Permission denied"));
}

#[test]
fn an_include_must_be_named() {
    let site = Site::new("", &[("l", "bob, :include:@DIR@/list"), ("gone", ":include:@DIR@/gone")]);
    let path = site.write("list", "alice\n|/bin/true\n").display().to_string();
    let listed = site.local.include(path.as_bytes(), &Origin::Alias(line("l"))).unwrap();
    assert_eq!(listed.text, b"alice\n|/bin/true\n");
    let other = site.write("other", "x").display().to_string();
    let refused = site.local.include(other.as_bytes(), &Origin::Alias(line("l"))).unwrap_err();
    assert_eq!(refused.exit, 77);
    let gone = site.path("gone").display().to_string();
    let status = site.local.include(gone.as_bytes(), &Origin::Alias(line("gone"))).unwrap_err();
    assert_eq!(show(&status), format!("5.2.4 (66) Cannot open {gone}: No such file or directory"));
}

#[test]
fn programs_of_lists_are_found_again() {
    let name = me();
    let shell = postrider::sys::passwd::by_name(name.as_bytes()).unwrap().unwrap().shell;
    if !is_root() && !postrider::user::shells::is_valid(std::path::Path::new(&shell)) {
        return skipped("the caller's shell lets no program run from a .forward");
    }
    let site = Site::new("", &[("l", ":include:@DIR@/list")]);
    let list = site.write("list", "|/bin/true\n").display().to_string();
    let include = || Origin::Include(Box::new(Origin::Alias(line("l"))), line(&list));
    site.write(&format!("{name}.forward"), "\"|exit 0\", :include:@DIR@/list2\n");
    let list2 = site.write("list2", "|exit 67\n").display().to_string();
    let forward = || Origin::Forward(line(&name));
    let run = |user: &str, origin| site.deliver("prog", user, origin, "Subject: x\n\n");
    assert_eq!(run("|/bin/true", include()), "2.0.0 (0) ");
    assert_eq!(run("|/bin/false", include()), "5.7.1 (77) Include file no longer names this address");
    assert_eq!(run("|exit 0", forward()), "2.0.0 (0) ");
    assert_eq!(run("|exit 1", forward()), "5.7.1 (77) Forward file no longer names this address");
    let nested = Origin::Include(Box::new(forward()), line(&list2));
    assert_eq!(run("|exit 67", nested), "5.1.1 (67) User unknown");
}

#[test]
fn who_has_no_shell_runs_no_programs() {
    if !is_root() {
        return skipped("asking for another user takes root");
    }
    let site = Site::new("", &[]);
    let path = site.write("daemon.forward", "|/bin/true, /tmp/x\n");
    std::os::unix::fs::chown(&path, Some(1), None).unwrap();
    let listed = site.local.forward(b"daemon", b"").unwrap().file.unwrap();
    let want = "User daemon@mail.example.test doesn't have a valid shell for mailing to programs";
    assert_eq!(listed.programs, Err(line(want)));
    let answer = site.deliver("prog", "|/bin/true", Origin::Forward(line("daemon")), "Subject: x\n\n");
    assert_eq!(answer, format!("5.7.1 (77) {want}"));
}

#[test]
fn dead_letters_are_kept() {
    let Ok(home) = std::env::var("HOME") else { return skipped("no home") };
    if is_root() {
        return skipped("root's dead letters are not saved by a worker");
    }
    let site = Site::new("", &[]);
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, b"Subject: dead\n\nletter\n").unwrap();
    match site.local.dead_letter(me().as_bytes(), file) {
        Some(path) => assert_eq!(path, line(&format!("{home}/dead.letter"))),
        None => skipped("the home directory is not writable"),
    }
}
