//! The program as its callers meet it: exit codes, what `-v` shows, what `-X` writes; a server of the test's own takes the mail.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A server that refuses `bad`, puts off `later`, and offers VERB and AUTH; its port.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || talk(stream));
        }
    });
    port
}

fn talk(stream: TcpStream) -> Option<()> {
    let mut out = stream.try_clone().ok()?;
    let mut say = |text: &str| out.write_all(text.replace('\n', "\r\n").as_bytes()).ok();
    say("220 sink.test ESMTP\n")?;
    let mut lines = BufReader::new(stream).lines();
    while let Some(Ok(line)) = lines.next() {
        match line.split_once(' ').map_or(line.as_str(), |(verb, _)| verb) {
            "EHLO" => say("250-sink.test\n250-VERB\n250-AUTH PLAIN\n250 SIZE\n")?,
            "RCPT" if line.contains("bad") => say("550 5.1.1 no\n")?,
            "RCPT" if line.contains("later") => say("451 4.1.1 wait\n")?,
            "DATA" => {
                say("354 go\n")?;
                let _ = lines.by_ref().map_while(Result::ok).take_while(|l| l != ".").count();
                say("050 <x>... Sent\n250 2.0.0 ok\n")?
            }
            "QUIT" => return say("221 bye\n"),
            _ => say("250 2.0.0 ok\n")?,
        }
    }
    Some(())
}

struct Site {
    dir: tempfile::TempDir,
    cf: PathBuf,
}

impl Site {
    fn new(options: &str) -> Site {
        let dir = tempfile::tempdir().expect("a directory");
        let spool = dir.path().join("q");
        std::fs::create_dir(&spool).expect("a spool");
        let cf = dir.path().join("x.cf");
        let text = format!(
            "V10\nDjmail.example.test\nDnMAILER-DAEMON\nO QueueDirectory={}\nO DeliveryMode=i\n\
             {options}\nS3\nS0\nR$*\t$#sink $@ [127.0.0.1] $: $1\nS5\n\
             Mlocal, P=/bin/true, F=lsDFMm, A=true\n\
             Msink, P=[IPC], F=mDFMuXak, E=\\r\\n, A=TCP $h {}\n",
            spool.display(),
            server()
        );
        std::fs::write(&cf, text).expect("configuration");
        Site { dir, cf }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn send(&self, arguments: &[&str]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sendmail"))
            .arg(format!("-C{}", self.cf.display()))
            .args(arguments)
            .env("POSTRIDER_LOG", "stderr")
            .env("HOME", self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program");
        match child.stdin.take().expect("input").write_all(b"Subject: s\n\nbody\n") {
            // A bad command line is refused before the message is read.
            Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => panic!("{e}"),
            _ => {}
        }
        child.wait_with_output().expect("its end")
    }
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn text(path: &Path) -> String {
    let pid = |line: &str| line.split_once(' ').map_or_else(String::new, |(_, rest)| rest.to_owned());
    std::fs::read_to_string(path).expect("traffic log").lines().map(pid).collect::<Vec<_>>().join("\n")
}

#[test]
fn one_refused_recipient_decides_the_exit_code() {
    let site = Site::new("");
    assert_eq!(code(&site.send(&["-oem", "good@x.test"])), Some(0));
    assert_eq!(code(&site.send(&["-oem", "later@x.test"])), Some(0));
    assert_eq!(code(&site.send(&["-oem", "good@x.test", "bad@x.test", "later@x.test"])), Some(67));
    assert_eq!(code(&site.send(&["-oem", "bad@x.test", "good@x.test"])), Some(67));
}

#[test]
fn partly_nonsense_is_told_and_counts() {
    let site = Site::new("");
    let output = site.send(&["-OTimeout.connect=3q", "good@x.test"]);
    assert_eq!(code(&output), Some(64));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "Invalid time unit `q'\n");
    let output = site.send(&["-ODeliveryMode=z", "good@x.test"]);
    assert_eq!((code(&output), output.stdout), (Some(64), b"Unknown delivery mode z\n".to_vec()));
}

#[test]
fn who_watches_a_submission_sees_the_next_hop_at_work() {
    let seen = |options| {
        let output = Site::new(options).send(&["-v", "-fa@x.test", "good@x.test"]);
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let (submission, other) = (seen("O UseMSP=True"), seen(""));
    assert!(submission.contains("250 SIZE\n>>> VERB\n250 2.0.0 ok\n>>> MAIL From:<a@x.test> SIZE="), "{submission}");
    assert!(submission.contains(" AUTH=a@x.test\n"), "{submission}");
    assert!(
        submission.contains(">>> .\n050 <x>... Sent\n250 2.0.0 ok\ngood@x.test... Sent (2.0.0 ok)\n"),
        "{submission}"
    );
    assert!(!other.contains("VERB\n>>>") && !other.contains(">>> VERB"), "{other}");
}

#[test]
fn traffic_in_and_out() {
    let site = Site::new("");
    let log = site.path("traffic");
    let output = site.send(&["-X", &log.display().to_string(), "-fa@x.test", "good@x.test"]);
    assert_eq!(code(&output), Some(0));
    let text = text(&log);
    assert!(
        text.starts_with("<<< Subject: s\n<<< \n<<< body\n<<< [EOF]\n=== CONNECT [127.0.0.1]\n<<< 220 sink.test ESMTP"),
        "{text}"
    );
    assert!(text.contains("\n>>> EHLO mail.example.test\n<<< 250-sink.test"), "{text}");
    assert!(text.contains("\n>>> body\n>>> .\n<<< 050 <x>... Sent"), "{text}");
    assert!(text.ends_with("\n>>> QUIT\n<<< 221 bye"), "{text}");
    let output = site.send(&["-X", "/nonexistent/file", "good@x.test"]);
    let complaint = "cannot open /nonexistent/file: No such file or directory\n";
    assert_eq!((code(&output), String::from_utf8_lossy(&output.stdout).as_ref()), (Some(73), complaint));
}

#[test]
fn traffic_of_a_session_without_its_passwords() {
    let site = Site::new("");
    let log = site.path("traffic");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sendmail"))
        .args(["-bs", "-X"])
        .arg(&log)
        .arg(format!("-C{}", site.cf.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let mut input = child.stdin.take().expect("input");
    input.write_all(b"AUTH PLAIN AGEAc2VjcmV0\r\n").expect("command");
    std::thread::sleep(std::time::Duration::from_millis(300));
    input.write_all(b"QUIT\r\n").expect("command");
    drop(input);
    child.wait().expect("its end");
    let text = text(&log);
    assert!(text.contains("<<< AUTH PLAIN\n>>> ") && !text.contains("AGEAc2"), "{text}");
    assert!(text.contains("\n>>> 221 "), "{text}");
}
