//! LMTP over a pipe, with a shell script as the server.

use crate::common::*;
use postrider::deliver::LocalDelivery;
use postrider::envelope::Origin;

const SERVER: &str = r#"
exec 3> "$1"
printf '220 ready\r\n'
while IFS= read -r line; do
  line=${line%?}; printf '%s\n' "$line" >&3
  case $line in
    LHLO*) printf '250-me\r\n250-SIZE\r\n250 8BITMIME\r\n';;
    RCPT*bad*) printf '550 5.1.1 User unknown\r\n';;
    DATA) printf '354 go\r\n'
      while IFS= read -r line; do line=${line%?}; printf '%s\n' "$line" >&3; [ "$line" = . ] && break; done
      printf '250 2.1.5 fine\r\n452-4.2.2 box\r\n452 4.2.2 full\r\n';;
    QUIT) printf '221 bye\r\n'; exit 0;;
    *) printf '250 2.0.0 ok\r\n';;
  esac
done
"#;

fn site(argument: &str) -> Site {
    let mailer = format!("Mlmtp, P=/bin/sh, F=lsmzDFM9S, E=\\r\\n, A=sh @DIR@/server {argument}");
    let site = Site::new(&mailer, &[]);
    site.write("server", SERVER);
    site
}

#[test]
fn each_recipient_has_its_reply() {
    let site = site("@DIR@/spool/log");
    let recipients = ["good", "bad", "full"].map(|u| site.recipient(u, Origin::Direct)).to_vec();
    let mut job = site.job("lmtp", recipients, "Subject: x\r\n\r\n.dot\r\nlast\r\n");
    job.eight_bit = true;
    let shown: Vec<String> = site.local.deliver(job).iter().map(show).collect();
    assert_eq!(shown, ["2.0.0 (0) ", "5.1.1 (67) User unknown", "4.2.2 (75) 452 4.2.2 box"]);
    let want = "LHLO mail.example.test\nMAIL From:<sender@example.test> SIZE=26 BODY=8BITMIME\nRCPT To:<good>\n\
        RCPT To:<bad>\nRCPT To:<full>\nDATA\nSubject: x\n\n..dot\nlast\n.\nQUIT\n";
    assert_eq!(site.read("spool/log"), want);
}

#[test]
fn a_server_that_dies_defers() {
    let site = site("/nonexistent/log");
    let answer = site.deliver("lmtp", "good", Origin::Direct, "Subject: x\r\n\r\n");
    assert!(answer.starts_with("4.4.2 (75) lost connection with lmtp mailer"), "{answer}");
}

#[test]
fn dots_are_doubled_once() {
    let mailer = "Mlmtp, P=/bin/sh, F=lsmzXDFM9S, E=\\r\\n, A=sh @DIR@/server @DIR@/spool/log";
    let site = Site::new(mailer, &[]);
    site.write("server", SERVER);
    // With F=X the message comes with its dots doubled.
    let job = site.job("lmtp", vec![site.recipient("good", Origin::Direct)], "Subject: x\r\n\r\n..dot\r\n");
    assert_eq!(site.local.deliver(job).iter().map(show).collect::<Vec<_>>(), ["2.0.0 (0) "]);
    assert!(site.read("spool/log").contains("\n\n..dot\n.\n"), "{}", site.read("spool/log"));
}

#[test]
fn a_mailer_without_a_user_speaks_smtp() {
    let site = Site::new("Mpipe, P=/bin/sh, F=lsmS, E=\\r\\n, A=sh @DIR@/server @DIR@/spool/log", &[]);
    site.write("server", SERVER);
    let job = site.job("pipe", vec![site.recipient("good", Origin::Direct)], "Subject: x\r\n\r\nhi\r\n");
    let _ = site.local.deliver(job);
    assert!(site.read("spool/log").starts_with("EHLO mail.example.test\n"), "{}", site.read("spool/log"));
}
