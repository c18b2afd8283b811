//! makemap, editmap and praliases as programs: texts, exit codes and files, as the original has them.

use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

struct Place(tempfile::TempDir);

/// `O:` lines of standard output, `E:` lines of standard error, the exit code.
fn transcript(out: &std::process::Output) -> String {
    let mut text = String::new();
    for (mark, bytes) in [("O:", &out.stdout), ("E:", &out.stderr)] {
        for line in String::from_utf8_lossy(bytes).lines().filter(|l| !l.starts_with("WARNING: ")) {
            text += &format!("{mark}{line}\n");
        }
    }
    text + &format!("{}", out.status.code().unwrap_or(-1))
}

impl Place {
    fn new() -> Place {
        let dir = tempfile::tempdir().unwrap();
        for name in ["makemap", "editmap", "praliases"] {
            symlink(env!("CARGO_BIN_EXE_sendmail"), dir.path().join(name)).unwrap();
        }
        std::fs::write(dir.path().join("cf"), "O MaxHopCount=7\n").unwrap();
        Place(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, words: &str, input: &[u8]) -> String {
        let mut words = words.split_whitespace();
        let name = words.next().unwrap();
        let mut child = Command::new(self.path().join(name))
            .args(["-C", "cf"])
            .args(words)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _ = child.stdin.take().unwrap().write_all(input);
        let dir = format!("{}/", self.path().display());
        transcript(&child.wait_with_output().unwrap()).replace(&dir, "")
    }
}

const MAKEMAP_USAGE: &str = "E:Usage: makemap [-C cffile] [-N] [-c cachesize] [-D commentchar]
E:               [-d] [-e] [-f] [-i type] [-l] [-o] [-r] [-s] [-t delimiter]
E:               [-u] [-v] type mapname
64";

#[test]
fn makemap_reads_lines() {
    let p = Place::new();
    assert_eq!(p.run("makemap hash x", b"a 1\nb 2\n"), "0");
    assert_eq!(p.run("makemap -u hash x", b""), "O:b\t2\nO:a\t1\n0");
    let mode = std::fs::metadata(p.path().join("x.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o640);
    assert_eq!(p.run("makemap hash x", b"a 1\nA 2\n"), "E:makemap: x: line 2: key a: duplicate key\n65");
    assert_eq!(p.run("makemap -u hash x", b""), "O:a\t1\n0");
    assert_eq!(p.run("makemap -r hash x", b"a 1\nA 2\n"), "0");
    assert_eq!(p.run("makemap -u hash x", b""), "O:a\t2\n0");
    assert_eq!(
        p.run("makemap hash x", b"a\n b 2\n\n#c\nc  3 4 \nd\t \n"),
        "E:makemap: x: line 1: no RHS for LHS a\nE:makemap: x: line 2: syntax error (leading space)\n\
         E:makemap: x: line 6: no RHS for LHS d\n65"
    );
    assert_eq!(p.run("makemap -u hash x", b""), "O:c\t3 4 \n0");
    assert_eq!(p.run("makemap -e -f hash x", b"A\nb 1"), "0");
    assert_eq!(p.run("makemap -u hash x", b""), "O:b\t1\nO:A\t\n0");
    assert_eq!(p.run("makemap -t: hash x", b"a:1 2\nB: 2\nc\n"), "E:makemap: x: line 3: no RHS for LHS c\n65");
    assert_eq!(p.run("makemap -u -t= hash x", b""), "O:b= 2\nO:a=1 2\n0");
    assert_eq!(p.run("makemap -D; -v hash x", b";b 1\n#c 3\n"), "O:key=`#c', val=`3'\n0");
}

#[test]
fn makemap_knows_its_limits() {
    let p = Place::new();
    let long = |n: usize| [b"k ", vec![b'v'; n].as_slice(), b"\nb 1\n"].concat();
    assert_eq!(p.run("makemap hash x", &long(1020)), "0");
    assert_eq!(p.run("makemap hash x", &long(1021)), "E:makemap: x: line 1: line too long (1024 bytes max)\n65");
    assert_eq!(
        p.run("makemap hash x", &long(1030)),
        "E:makemap: x: line 1: line too long (1024 bytes max)\nE:makemap: x: line 2: no RHS for LHS vvvvvvvvv\n65"
    );
    assert_eq!(p.run("makemap hash x", b"a\0b 1\nd 2\r\n"), "E:makemap: x: line 1: line too long (1024 bytes max)\n65");
}

#[test]
fn makemap_adds_and_doubles() {
    let p = Place::new();
    assert_eq!(
        p.run("makemap -o hash x", b""),
        "E:makemap: error opening type hash map x: No such file or directory\n73"
    );
    assert_eq!(p.run("makemap -d btree x", b"a 1\nA 2\n"), "0");
    assert_eq!(p.run("makemap -o btree x", b"z 1\n"), "0");
    assert_eq!(p.run("makemap -u btree x", b""), "O:a\t1\nO:a\t2\nO:z\t1\n0");
    assert_eq!(p.run("makemap -o hash x", b"z 1\n"), "E:makemap: error opening type hash map x: Invalid argument\n73");
    assert_eq!(p.run("makemap hash x", b"a 1\nb 2\n"), "0");
    assert_eq!(p.run("makemap -or hash x", b"a 5\nq 6\n"), "0");
    assert_eq!(p.run("makemap -u hash x", b""), "O:b\t2\nO:a\t5\nO:q\t6\n0");
    assert_eq!(p.run("makemap cdb c", b"a 1\n"), "0");
    assert_eq!(p.run("makemap -u cdb c", b""), "O:a\t1\n0");
}

#[test]
fn makemap_refuses() {
    let p = Place::new();
    assert_eq!(p.run("makemap", b""), MAKEMAP_USAGE);
    assert_eq!(p.run("makemap hash x y", b""), MAKEMAP_USAGE);
    assert_eq!(p.run("makemap -X hash x", b""), format!("E:makemap: invalid option -- 'X'\n{MAKEMAP_USAGE}"));
    assert_eq!(p.run("makemap -t", b""), format!("E:makemap: option requires an argument -- 't'\n{MAKEMAP_USAGE}"));
    assert_eq!(p.run("makemap -l", b""), "O:hash\nO:btree\nO:cdb\nO:implicit\n0");
    assert_eq!(p.run("makemap nosuch x", b""), "E:makemap: error opening type nosuch map x: Unknown database type\n73");
    assert_eq!(p.run("makemap dbm x", b""), "E:makemap: Need to recompile with -DNDBM for dbm support\n73");
    assert_eq!(p.run("makemap -C /nonexist hash x", b""), "E:makemap: /nonexist: No such file or directory\n66");
    let nowhere = p.run("makemap hash /nonexist/x", b"");
    assert_eq!(nowhere, "E:makemap: error opening type hash map /nonexist/x: No such file or directory\n73");
    std::fs::create_dir(p.path().join("d.db")).unwrap();
    assert_eq!(p.run("makemap hash d", b""), "E:makemap: error opening type hash map d: Regular files only\n73");
    assert_eq!(p.run("makemap hash x", b"a 1\n"), "0");
    symlink("x.db", p.path().join("ln.db")).unwrap();
    assert_eq!(
        p.run("makemap hash ln", b"a 2\n"),
        "E:makemap: error opening type hash map ln: Symbolic links not allowed\n73"
    );
    assert_eq!(p.run("makemap -s hash ln", b"a 2\n"), "0");
    assert_eq!(p.run("makemap -u hash x", b""), "O:a\t2\n0");
    std::fs::write(p.path().join("g.db"), "garbage").unwrap();
    assert_eq!(p.run("makemap -u hash g", b""), "E:makemap: error opening type hash map g: Invalid argument\n73");
}

/// A reader that has the table open keeps a whole table, and a writer waits for it no longer than it must.
#[test]
fn a_table_is_replaced_whole() {
    use std::os::unix::fs::MetadataExt;
    let p = Place::new();
    p.run("makemap hash x", b"a 1\n");
    let file = std::fs::File::open(p.path().join("x.db")).unwrap();
    let before = file.metadata().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(20));
    p.run("makemap hash x", b"a 2\n");
    let after = std::fs::metadata(p.path().join("x.db")).unwrap();
    assert_ne!(before.ino(), after.ino());
    // Whoever has the old file open learns it from its times.
    assert_ne!(before.modified().unwrap(), file.metadata().unwrap().modified().unwrap());
    let table = postrider::db::Table::open(file, false).unwrap();
    assert_eq!(table.get(b"a").unwrap(), Some(b"1".to_vec()));
    assert_eq!(
        std::fs::read_dir(p.path())
            .unwrap()
            .filter(|f| f.as_ref().unwrap().file_name().to_string_lossy().starts_with('.'))
            .count(),
        0
    );
}

#[test]
fn editmap_changes_one_key() {
    let p = Place::new();
    let usage = "E:Usage: editmap [-C cffile] [-N] [-f] [-q|-u|-x] maptype mapname key [ \"value ...\" ]\n64";
    p.run("makemap hash x", b"a 1\nb 2\n");
    for words in ["editmap", "editmap -q hash x", "editmap -q -u hash x a", "editmap hash x a", "editmap -u hash x d"] {
        assert_eq!(p.run(words, b""), usage, "{words}");
    }
    assert_eq!(p.run("editmap -q hash x A", b""), "O:1\n0");
    assert_eq!(p.run("editmap -qf hash x A", b""), "E:editmap: couldn't find key A in map x\n69");
    assert_eq!(p.run("editmap -u hash x A new", b""), "0");
    assert_eq!(p.run("editmap -q hash x a", b""), "O:new\n0");
    assert_eq!(p.run("editmap -u hash x c cc", b""), "0");
    assert_eq!(p.run("editmap -x hash x c", b""), "0");
    assert_eq!(p.run("editmap -x hash x c", b""), "E:editmap: key c doesn't exist in map x\n0");
    assert_eq!(p.run("editmap -N -u hash x a nul", b""), "0");
    assert_eq!(p.run("editmap -N -q hash x a", b""), "O:nul\n0");
    assert_eq!(p.run("editmap -q hash x a", b""), "O:new\n0");
    assert_eq!(
        p.run("editmap -q hash nox a", b""),
        "E:editmap: error opening type hash map nox: No such file or directory\n73"
    );
    assert_eq!(p.run("editmap -u hash nox a b", b""), "0");
    assert_eq!(p.run("editmap -q hash nox a", b""), "O:b\n0");
    assert_eq!(
        p.run("editmap -q text x a", b""),
        "E:editmap: error opening type text map x: Unknown database type\n73"
    );
}

#[test]
fn praliases_shows() {
    let p = Place::new();
    p.run("makemap -N hash al", b"a b\nc d, e\n@ @\n");
    std::fs::write(p.path().join("cf"), "O AliasFile=al, hash:-o al\n").unwrap();
    assert_eq!(p.run("praliases -f al a C @", b""), "O:a:b\nO:C: No such key\nO:@:@\n0");
    let one = p.run("praliases -f hash:al", b"");
    assert_eq!(one.lines().count(), 4);
    assert_eq!(p.run("praliases", b"").lines().count(), 7);
    assert_eq!(p.run("praliases -f nosuch", b""), "E:praliases: nosuch: open: Unknown database type\n0");
    assert_eq!(
        p.run("praliases -X", b""),
        "E:praliases: invalid option -- 'X'\nE:usage: praliases [-C cffile] [-f aliasfile] [key ...]\n64"
    );
}
