//! newaliases as a program: its summary, its complaints, its exit codes, and the table it makes.

use std::os::unix::fs::symlink;
use std::process::Command;

const CF: &str = "V10/Berkeley
O OperatorChars=.:%@!^/[]+
O BlankSub=.
O ResolverOptions=-dnsrch
Mlocal,\tP=/bin/true, F=lsDFMAw5:/|@qPrmn9, S=0, R=0, A=mail -d $u
Mprog,\tP=/bin/sh, F=lsDFMoqeu9, S=0, R=0, A=sh -c $u
Msmtp,\tP=[IPC], F=mDFMuX, S=0, R=0, A=TCP $h
S3
R$* < $+ > $*\t\t$2
S0
R|$*\t\t\t$#prog $: $1
R$- @ here.test\t\t$#local $: $1
R$* @ $*\t\t\t$#smtp $@ $2 $: $1 @ $2
R$*\t\t\t$#local $: $1
";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        for name in ["newaliases", "makemap"] {
            symlink(env!("CARGO_BIN_EXE_sendmail"), dir.path().join(name)).unwrap();
        }
        let file = dir.path().join("aliases");
        std::fs::write(dir.path().join("cf"), format!("{CF}O AliasFile={}\n", file.display())).unwrap();
        Place(dir)
    }

    fn run(&self, program: &str, args: &[&str]) -> (String, i32) {
        let out = Command::new(self.0.path().join(program)).args(args).current_dir(self.0.path()).output().unwrap();
        let dir = format!("{}/", self.0.path().display());
        let text = [out.stdout, out.stderr].concat();
        (String::from_utf8_lossy(&text).replace(&dir, ""), out.status.code().unwrap())
    }

    fn build(&self, text: &str, extra: &[&str]) -> (String, i32) {
        std::fs::write(self.0.path().join("aliases"), text).unwrap();
        self.run("newaliases", &[&["-Ccf"], extra].concat())
    }

    fn table(&self, name: &str) -> Vec<String> {
        let (text, _) = self.run("makemap", &["-C", "cf", "-u", "hash", name]);
        let mut lines: Vec<String> = text.lines().filter(|l| !l.starts_with("WARNING")).map(str::to_owned).collect();
        lines.sort();
        lines
    }
}

#[test]
fn a_table_is_made() {
    let p = Place::new();
    let text = "root: alice\npostmaster: root\n# c\nlist: \"|/bin/x y\", alice,\n  bob@example.com\nList2: :include:/x\nu@here.test: y\n\"q r\": x\n";
    assert_eq!(p.build(text, &[]), ("aliases: 6 aliases, longest 36 bytes, 87 bytes total\n".into(), 0));
    assert_eq!(
        p.table("aliases"),
        [
            "\"q r\"\tx",
            "@\t@",
            "list\t\"|/bin/x y\", alice,  bob@example.com",
            "list2\t:include:/x",
            "postmaster\troot",
            "root\talice",
            "u\ty"
        ]
    );
    let table = postrider::db::Table::open(std::fs::File::open(p.0.path().join("aliases.db")).unwrap(), false).unwrap();
    assert_eq!(table.get(b"root\0").unwrap(), Some(b"alice\0".to_vec()));
}

#[test]
fn faults_have_lines() {
    let p = Place::new();
    let cases = [
        (
            "a: b\nbad line\n",
            "aliases: line 2: missing colon\naliases: 1 aliases, longest 1 bytes, 2 bytes total\n",
            70,
        ),
        (
            "a: b\n: x\n",
            "aliases: line 2: : x... illegal alias name\naliases: 1 aliases, longest 1 bytes, 2 bytes total\n",
            70,
        ),
        (
            "a: b\nc:\n",
            "aliases: line 2: c:... missing value for alias\naliases: 1 aliases, longest 1 bytes, 2 bytes total\n",
            70,
        ),
        (
            "d: e\nD: f\n",
            "aliases: line 2: D... Warning: duplicate alias name d\naliases: 2 aliases, longest 1 bytes, 4 bytes total\n",
            0,
        ),
        (
            "|prog: x\n",
            "aliases: line 1: |prog... cannot alias non-local names\naliases: 0 aliases, longest 0 bytes, 0 bytes total\n",
            70,
        ),
        (
            " a: b\n",
            "aliases: line 1: Non-continuation line starts with space\naliases: 0 aliases, longest 0 bytes, 0 bytes total\n",
            70,
        ),
    ];
    for (text, said, code) in cases {
        assert_eq!(p.build(text, &[]), (said.to_owned(), code), "{text:?}");
    }
}

#[test]
fn sources_differ() {
    let p = Place::new();
    let file = |spec: &str| format!("-OAliasFile={}", spec.replace("DIR", p.0.path().to_str().unwrap()));
    let merged = p.build("d: e\nd: f\nd: g\n", &[&file("hash:-A DIR/aliases")]);
    assert_eq!(merged, ("aliases: 3 aliases, longest 1 bytes, 6 bytes total\n".into(), 0));
    assert_eq!(p.table("aliases"), ["@\t@", "d\tg,f,e"]);
    let two = p.build("d: e\n", &[&file("DIR/aliases, DIR/missing")]);
    assert_eq!(
        two,
        ("aliases: 1 aliases, longest 1 bytes, 2 bytes total\nnewaliases: cannot open missing: No such file or directory\n".into(), 0)
    );
    assert_eq!(
        p.build("d: e\n", &[&file("nosuch:DIR/aliases")]),
        ("setalias: unknown alias class nosuch\n".into(), 70)
    );
    assert_eq!(p.build("d: e\n", &[&file("text:DIR/aliases")]), (String::new(), 0));
    assert_eq!(p.build("d: e\n", &[&file("cdb:DIR/aliases")]).1, 0);
    assert!(p.0.path().join("aliases.cdb").exists());
    std::os::unix::fs::symlink("aliases.db", p.0.path().join("lk.db")).unwrap();
    std::fs::write(p.0.path().join("lk"), "a: b\n").unwrap();
    let refused = p.build("d: e\n", &[&file("DIR/lk")]);
    assert_eq!(
        refused,
        ("WARNING: cannot open alias database lk\nCannot create database for alias file lk\n".into(), 70)
    );
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o664);
    std::fs::set_permissions(p.0.path().join("aliases"), mode).unwrap();
    let refused = p.run("newaliases", &["-Ccf"]);
    assert_eq!(refused, ("newaliases: cannot open aliases: Group writable file\n".into(), 0));
}
