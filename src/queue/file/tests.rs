//! Control files as the original writes them go through both ways unchanged.

use super::*;
use crate::envelope::{QueueId, RecipientState};
use crate::header::Condition;

fn id() -> QueueId {
    QueueId::parse(b"6AMIXRXP004517").unwrap_or_else(|| panic!("id"))
}

fn round_trip(text: &[u8]) -> ControlFile {
    let read = decode(id(), text).unwrap_or_else(|e| panic!("{e}"));
    let written = encode(&read.envelope, &read.data);
    assert_eq!(written.escape_ascii().to_string(), text.escape_ascii().to_string());
    read
}

const DEFERRED: &[u8] = b"V8\nT1795372407\nK1795372409\nN2\nP378094\nI254/0/1026296\nB8BITMIME\n\
MDeferred: Connection refused by [127.0.0.9]\nF8dns\n$_root@localhost\n$rESMTP\n$sx\n${daemon_flags}c u\n\
S<alice@mail.example.test>\nZe+2Bq\nA<>\n!\x02 3600\nQrfc822;a+2Bb@c\nrRFC822; U.Ser@[127.0.0.9]\n\
RPND:<U.Ser@[127.0.0.9]>\nH?P?Return-Path: <\x81g>\nH??Received: from x (root@localhost)\n\
\tby mail.example.test with ESMTP id 6AMIXRXP004517;\n\tSun, 22 Nov 2026 18:33:27 GMT\n\
H?${daemon_flags}?X-Cond: $j cost $5\n\
H??Subject: hi \xff\xff \xff\x80\xff\x81\xff\x82\xff\x9f \xa0\nH??X-Long:\n empty first\nH??X-Empty:\n.\n";

#[test]
fn a_deferred_message() {
    let file = round_trip(DEFERRED);
    let e = &file.envelope;
    assert_eq!((e.attempts, e.priority, e.last_attempt), (2, 378094, 1795372409));
    assert_eq!(file.data.inode, Some((254, 0, 1026296)));
    assert!(e.deliver_by.is_some_and(|by| by.return_mode && !by.trace && by.seconds == 3600));
    let r = &e.recipients[0];
    assert!(r.primary && r.notify.explicit && r.notify.delay && !r.notify.failure);
    assert_eq!(e.headers.fields[0].value, b" <$g>");
    assert!(e.headers.fields[0].template && !e.headers.fields[2].template);
    assert_eq!(e.headers.fields[2].condition, Some(Condition::MacroSet("daemon_flags".into())));
    assert_eq!(e.headers.fields[3].value, b" hi \xff \x80\x81\x82\x9f \xa0");
}

#[test]
fn controlling_users_and_quarantine() {
    let file = round_trip(
        b"V8\nT1\nK0\nN0\nP30018\nMx\nqbecause I want\nFrs\n$_root@localhost\nSbob\nrRFC822; a@b\nRPFD:first\n\
Clist:8:0:<list@mail.example.test>\nrRFC822; list@mail.example.test\nRNFDA:\"|exit 75\"\nRPFDA:zed@elsewhere.test\n\
C\nRPFD:last\nH??Subject: x\n.\n",
    );
    let users: Vec<bool> = file.envelope.recipients.iter().map(|r| r.control.is_some()).collect();
    assert_eq!(users, [false, true, true, false]);
    assert_eq!(&*file.envelope.recipients[1].address, b"\"|exit 75\"");
    assert!(file.envelope.flags.response);
}

#[test]
fn answers_of_single_recipients() {
    let file = round_trip(
        b"V8\nT1\nK0\nN0\nP30018\nMInsufficient permission\nS<alice@x>\nMDeferred: 450 4.2.1 try later\nCpt:8:0:<pt@x>\n\
Qrfc822;pt\nrRFC822; pt@x\nRPFDA:tmp@[127.0.0.9]\nH??Subject: x\n.\n",
    );
    let status = file.envelope.recipients[0].status.as_ref().unwrap_or_else(|| panic!("status"));
    assert_eq!(status.enhanced.to_string(), "4.2.1");
    assert_eq!(status.reply.as_ref().map(|r| r.code), Some(450));
}

#[test]
fn done_recipients_are_left_out() {
    let mut file = round_trip(DEFERRED);
    file.envelope.recipients[0].state = RecipientState::Delivered;
    let text = encode(&file.envelope, &file.data);
    assert!(!text.windows(2).any(|w| w == b"\nR"));
}

#[test]
fn damaged_files_are_refused() {
    assert_eq!(decode(id(), b"").map(|_| ()), Err(Error::Empty));
    let cut = &DEFERRED[..DEFERRED.len() - 2];
    assert_eq!(decode(id(), cut).map(|_| ()), Err(Error::Incomplete));
    for len in 1..DEFERRED.len() {
        assert!(decode(id(), &DEFERRED[..len]).is_err(), "cut at {len}");
    }
    let longer = [DEFERRED, b"Rmore\n"].concat();
    assert_eq!(decode(id(), &longer).map(|_| ()), Err(Error::ExtraData));
    assert!(matches!(decode(id(), b"V8\nYwhat\n.\n"), Err(Error::BadLine(2, _))));
    assert_eq!(decode(id(), b"V9\n.\n").map(|_| ()), Err(Error::Version(9)));
    assert!(matches!(decode(id(), b"V8\n\n.\n"), Err(Error::BadLine(2, _))));
}

#[test]
fn a_header_cannot_become_a_record() {
    let mut file = round_trip(DEFERRED);
    let field = &mut file.envelope.headers.fields[3];
    field.value = b" hi\nRPFD:<evil@example.test>\n.\n".to_vec();
    let text = encode(&file.envelope, &file.data);
    let read = decode(id(), &text).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(read.envelope.recipients.len(), 1);
    assert_eq!(read.envelope.headers.fields[3].value, b" hi\n\tRPFD:<evil@example.test>\n\t.");
}

#[test]
fn old_versions() {
    let v0 = decode(id(), b"P5\nT1\nDdfAA00000\nSjoe\nRann\nHReceived: x\nHSubject: y\n.\n")
        .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(&*v0.envelope.recipients[0].address, b"ann");
    assert!(v0.envelope.recipients[0].notify.failure);
    let old = decode(id(), b"V4\nT1\nCeric:list:more\nRPFD:ann\n.\n").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(old.envelope.recipients[0].control.as_ref().map(|c| c.alias.to_vec()), Some(b"list:more".to_vec()));
}

#[test]
fn numbers_have_bounds() {
    let text = format!("V8\nT{}\nK{}\nN1\nP{}\nSx\n.\n", i64::MIN, i64::MAX, i64::MAX);
    let e = decode(id(), text.as_bytes()).unwrap_or_else(|e| panic!("{e}")).envelope;
    assert!((e.last_attempt - e.created) + e.priority < i64::MAX);
    assert!(decode(id(), b"V8\nT99999999999999999999\nSx\n.\n").is_err());
}

#[test]
fn lists_files_and_programs_as_the_original_leaves_them() {
    // An alias of addresses, a file and a program; quarantined, partly done.
    let file = round_trip(
        b"V8\nT1795384059\nK1795384061\nN1\nP240239\nI254/0/1026297\nMDeferred: 450 4.2.1 try later\nqheld for you\nFbs\n\
$_root@localhost\n${daemon_flags}c u\nSroot\nZenv1\nAroot@mail.example.test\nC:plain\nrRFC822; plain@mail.example.test\n\
RFDA:root\nCfilea:8:0:filea\nrRFC822; filea@mail.example.test\nRPFDA:/var/mail/file\nCproga:8:0:proga\n\
rRFC822; proga@mail.example.test\nRPFDA:\"|cat >> /var/mail/prog; exit 0\"\nCplain:8:0:plain\n\
rRFC822; plain@mail.example.test\nRFDA:p2@[127.0.0.9]\nH?P?Return-Path: <\x81g>\nH?x?Full-Name: root\nH??X-Empty:\n.\n",
    );
    let users: Vec<_> = file.envelope.recipients.iter().map(|r| r.control.clone().map(|c| (c.user, c.alias))).collect();
    let of = |user: &str, alias: &str| Some((Line::cleaned(user.as_bytes()), Line::cleaned(alias.as_bytes())));
    assert_eq!(users, [of("", "plain"), of("filea", "filea"), of("proga", "proga"), of("plain", "plain")]);
}
