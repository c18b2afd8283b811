//! Mail to files.

use crate::common::*;
use postrider::envelope::Origin;
use std::os::unix::fs::PermissionsExt;

const MESSAGE: &str = "From s Sun Nov 22 18:40:18 2026\nSubject: x\n\nhello\n\n";

#[test]
fn only_safe_files() {
    let names = ["new", "link", "hard", "exec", "pipe", "dir"];
    let table: Vec<(&str, String)> = names.iter().map(|n| (*n, format!("@DIR@/spool/{n}"))).collect();
    let table: Vec<(&str, &str)> = table.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let site = Site::new("", &table);
    let victim = site.write("victim", "precious");
    std::fs::set_permissions(&victim, PermissionsExt::from_mode(0o666)).unwrap();
    let open = |name: &str| {
        let path = site.write(name, "");
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o777)).unwrap();
    };
    std::os::unix::fs::symlink(&victim, site.path("spool/link")).unwrap();
    std::fs::hard_link(&victim, site.path("spool/hard")).unwrap();
    open("spool/exec");
    nix::unistd::mkfifo(&site.path("spool/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::fs::create_dir(site.path("spool/dir")).unwrap();
    let run = |name: &str| site.deliver("*file*", &format!("@DIR@/spool/{name}"), Origin::Alias(line(name)), MESSAGE);
    for name in &names[1..] {
        let answer = run(name);
        assert!(answer.starts_with("5.0.0 (73) Can't create output"), "{name}: {answer}");
        assert_eq!(site.read("victim"), "precious");
    }
    assert_eq!(run("new"), "2.0.0 (0) ");
    assert_eq!(run("new"), "2.0.0 (0) ");
    assert_eq!(site.read("spool/new"), format!("{MESSAGE}\n").repeat(2));
    let refused = site.deliver("*file*", "@DIR@/spool/other", Origin::Alias(line("new")), MESSAGE);
    assert!(refused.starts_with("5.7.1 (77) "), "{refused}");
    assert!(!site.path("spool/other").exists());
}

#[test]
fn only_below_the_safe_directory() {
    let table = [("a", "@DIR@/spool/a"), ("b", "@DIR@/b"), ("c", "@DIR@/spool/../c"), ("n", "/dev/null")];
    let site = Site::new("O SafeFileEnvironment=@DIR@/spool", &table);
    let run = |name: &str, path: &str| site.deliver("*file*", path, Origin::Alias(line(name)), MESSAGE);
    assert_eq!(run("a", "@DIR@/spool/a"), "2.0.0 (0) ");
    assert!(run("b", "@DIR@/b").starts_with("5.0.0 (73) Can't create output"));
    assert!(run("c", "@DIR@/spool/../c").starts_with("5.0.0 (73) Can't create output"));
    assert_eq!(run("n", "/dev/null"), "2.0.0 (0) ");
}

#[test]
fn the_configuration_may_name_the_file() {
    let site = Site::new("Mbox, P=[FILE], F=lS, A=FILE @DIR@/spool/$u\nMrel, P=[FILE], F=lS, A=FILE box", &[]);
    for _ in 0..2 {
        assert_eq!(site.deliver("box", "kept", Origin::Direct, MESSAGE), "2.0.0 (0) ");
    }
    assert_eq!(site.read("spool/kept").matches("Subject:").count(), 2);
    assert!(site.deliver("rel", "x", Origin::Direct, MESSAGE).starts_with("5.0.0 (73)"));
    // What an alias names stays with the mailer that is there for it.
    assert!(site.deliver("*file*", "@DIR@/spool/other", Origin::Direct, MESSAGE).starts_with("5.7.1 (77)"));
}
