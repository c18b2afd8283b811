//! Mailer programs: whose rights they get, what they see, what their exit codes mean.

use crate::common::*;
use postrider::deliver::LocalDelivery;
use postrider::envelope::Origin;

const MESSAGE: &str = "Subject: x\n\nhello\n";

fn from_alias(name: &str) -> Origin {
    Origin::Alias(line(name))
}

#[test]
fn exit_codes_become_statuses() {
    let commands = [0, 1, 67, 70, 75, 77, 127].map(|n| (format!("ex{n}"), format!("\"|echo out-{n}; exit {n}\"")));
    let table: Vec<(&str, &str)> = commands.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let site = Site::new("", &table);
    let run = |n: u32| {
        let (name, value) = (format!("ex{n}"), format!("\"|echo out-{n}; exit {n}\""));
        site.deliver("prog", &value, from_alias(&name), MESSAGE)
    };
    assert_eq!(run(0), "2.0.0 (0)  [out-0]");
    assert_eq!(run(1), "5.3.0 (69) unknown mailer error 1 [out-1]");
    assert_eq!(run(67), "5.1.1 (67) User unknown [out-67]");
    assert_eq!(run(70), "5.3.0 (70) Internal error [out-70]");
    assert_eq!(run(75), "4.0.0 (75) prog mailer (/bin/sh) exited with EX_TEMPFAIL [out-75]");
    assert_eq!(run(77), "5.0.0 (77) Insufficient permission [out-77]");
    assert_eq!(run(127), "5.3.0 (69) unknown mailer error 127 [out-127]");
}

#[test]
fn a_signal_defers() {
    let site = Site::new("", &[("die", "\"|kill -9 $$\"")]);
    let want = "4.0.0 (75) prog mailer (/bin/sh) exited with EX_TEMPFAIL [451 4.3.0 /bin/sh died with signal 9]";
    assert_eq!(site.deliver("prog", "|kill -9 $$", from_alias("die"), MESSAGE), want);
}

#[test]
fn only_what_an_alias_names_is_run() {
    let site = Site::new("", &[("p", "\"|touch @DIR@/spool/ran\""), ("q", "bob, |/bin/true")]);
    let refused = |user: &str, origin| {
        let answer = site.deliver("prog", user, origin, MESSAGE);
        assert!(answer.starts_with("5.7.1 (77) "), "{answer}");
        assert!(!site.path("spool/ran").exists());
    };
    refused("|touch @DIR@/spool/ran", Origin::Direct);
    refused("|touch @DIR@/spool/ran", from_alias("q"));
    refused("|touch @DIR@/spool/ran", from_alias("nobody-at-all"));
    refused("|touch @DIR@/spool/ran; id", from_alias("p"));
    refused("|touch @DIR@/spool/ran", Origin::Forward(line(&me())));
    refused("|touch @DIR@/spool/ran", Origin::Include(Box::new(from_alias("p")), line("/etc/passwd")));
    assert_eq!(site.deliver("prog", "|/bin/true", from_alias("q"), MESSAGE), "2.0.0 (0) ");
    assert_eq!(site.deliver("prog", "\"|touch @DIR@/spool/ran\"", from_alias("p"), MESSAGE), "2.0.0 (0) ");
    assert!(site.path("spool/ran").exists());
}

#[test]
fn the_world_of_a_program() {
    let script = "\"|(env | sort; pwd; umask; ls /proc/self/fd | tr '\\\\n' ' '; cat) > @DIR@/spool/out 2>&1\"";
    let site = Site::new("EFOO=bar\n", &[("env", script)]);
    assert_eq!(site.deliver("prog", script, from_alias("env"), MESSAGE), "2.0.0 (0) ");
    let spool = site.path("spool").display().to_string();
    let want = format!("AGENT=sendmail\nFOO=bar\nPWD={spool}\n{spool}\n0022\n0 1 2 3 Subject: x\n\nhello\n");
    assert_eq!(site.read("spool/out"), want);
}

#[test]
fn no_shell_sees_an_address() {
    let mailer = "Mecho, P=/bin/echo, F=lm, A=echo -- $g $h $u";
    let site = Site::new(mailer, &[]);
    let users = ["$(id)", "`id`; id", "x\ty"].map(|u| site.recipient(u, Origin::Direct)).to_vec();
    let statuses = site.local.deliver(site.job("echo", users, MESSAGE));
    let all: Vec<String> = statuses.iter().map(show).collect();
    let one = "2.0.0 (0)  [-- sender@example.test  $(id) `id`; id x\ty]";
    assert_eq!(all, [one, one, one]);
}

#[test]
fn a_time_limit_ends_a_program() {
    let site = Site::new("Mslow, P=/bin/sleep, F=l, W=1s, A=sleep $u", &[]);
    assert_eq!(site.deliver("slow", "20", Origin::Direct, MESSAGE), "4.4.7 (75) slow mailer (/bin/sleep) timed out");
}

#[test]
fn a_missing_program_is_an_error() {
    let site = Site::new("Mgone, P=/nonexistent/x, F=l, A=x $u", &[]);
    let answer = site.deliver("gone", "u", Origin::Direct, MESSAGE);
    let want = "4.0.0 (71) Operating system error [451 4.3.0 Cannot exec /nonexistent/x: No such file or directory]";
    assert_eq!(answer, want);
}

#[test]
fn rights_are_those_of_the_default_user() {
    if !is_root() {
        return skipped("only root can become another user");
    }
    let site = Site::new(
        "Mwho, P=/bin/sh, F=lo, A=sh -c id $u\nMnobody, P=/bin/sh, F=l, U=daemon, A=sh -c id $u",
        &[("id", "|id")],
    );
    assert!(site.deliver("prog", "|id", from_alias("id"), MESSAGE).starts_with("2.0.0 (0)  [uid=65534(nobody)"));
    assert!(site.deliver("who", "x", Origin::Direct, MESSAGE).starts_with("2.0.0 (0)  [uid=65534(nobody)"));
    assert!(
        site.deliver("nobody", "x", Origin::Direct, MESSAGE)
            .starts_with("2.0.0 (0)  [uid=1(daemon) gid=1(daemon) groups=1(daemon)]")
    );
}
