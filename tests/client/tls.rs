//! STARTTLS as a client: offered, refused by rules, failing.

use super::*;
use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::Rsa;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::{X509, X509NameBuilder};

fn acceptor() -> Arc<SslAcceptor> {
    let key = PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("O", "Test <Org>").unwrap();
    name.append_entry_by_text("CN", "sink.test").unwrap();
    let name = name.build();
    let mut cert = X509::builder().unwrap();
    cert.set_version(2).unwrap();
    cert.set_serial_number(&BigNum::from_u32(1).unwrap().to_asn1_integer().unwrap()).unwrap();
    cert.set_subject_name(&name).unwrap();
    cert.set_issuer_name(&name).unwrap();
    cert.set_pubkey(&key).unwrap();
    cert.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    cert.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    cert.sign(&key, MessageDigest::sha256()).unwrap();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&cert.build()).unwrap();
    Arc::new(acceptor.build())
}

/// Reads lines from `stream` and answers them until DATA is done or STARTTLS is accepted (`true`).
fn talk(stream: &mut (impl Read + Write), hello: &str, seen: &mut Vec<u8>) -> bool {
    let mut line = Vec::new();
    let mut data = false;
    let mut byte = [0u8];
    while matches!(stream.read(&mut byte), Ok(1)) {
        line.push(byte[0]);
        if byte[0] != b'\n' {
            continue;
        }
        seen.extend_from_slice(&line);
        let text = String::from_utf8_lossy(&line).trim_end().to_string();
        line.clear();
        let verb = text.split(' ').next().unwrap_or_default();
        let reply = match verb {
            "." => "250 2.0.0 X accepted",
            _ if data => continue,
            "EHLO" => hello,
            "STARTTLS" => "220 go",
            "DATA" => "354 go",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        data = verb == "DATA";
        let _ = stream.write_all(format!("{reply}\r\n").as_bytes());
        if verb == "STARTTLS" {
            return true;
        }
        if verb == "QUIT" {
            return false;
        }
    }
    false
}

fn tls_server() -> (u16, Receiver<Vec<u8>>) {
    let acceptor = acceptor();
    server(move |mut stream, _| {
        let mut seen = Vec::new();
        let _ = stream.write_all(b"220 sink.test ESMTP\r\n");
        if talk(&mut stream, "250-sink.test\r\n250-AUTH CRAM-MD5\r\n250 STARTTLS", &mut seen)
            && let Ok(mut stream) = acceptor.accept(stream)
        {
            seen.extend_from_slice(b"[TLS]");
            talk(&mut stream, "250 sink.test", &mut seen);
            let _ = stream.shutdown();
        }
        seen
    })
}

#[test]
fn starttls_when_offered() {
    let (port, seen) = tls_server();
    let rules = "Stls_server\nROK\t$#error $@ 4.7.0 $: 403 impossible\nRFAIL\t$: good\nR$*\t$: $&{tls_version} $&{cn_subject} $&{cert_subject} $&{server_name} $&{server_addr}\nRTLSv1.3 sink.test/O=Test+20+3COrg+3E/CN=sink.test[127.0.0.1]127.0.0.1\t$@ OK\nR$*\t$#error $@ 4.7.0 $: 403 $1\n";
    let bench = bench(port, FakeResolver::new(), &[("@RULES@", rules)]);
    let (found, lines) = bench.send(&["a@x"]);
    assert_eq!(found, ["2.0.0 2.0.0 X accepted"], "{:?}", lines.0);
    bench.pool.close_all(None);
    let seen = String::from_utf8(seen.recv_timeout(Duration::from_secs(5)).unwrap()).unwrap();
    let want = "EHLO mail.example.test\r\nSTARTTLS\r\n[TLS]EHLO mail.example.test\r\nMAIL From:<";
    assert!(seen.starts_with(want), "{seen}");
}

#[test]
fn try_tls_can_say_no() {
    let (port, seen) = tls_server();
    let rules = "Stry_tls\nR$*\t$#error $@ 5.7.1 $: 550 do not try\n";
    let bench = bench(port, FakeResolver::new(), &[("@RULES@", rules)]);
    assert_eq!(bench.send(&["a@x"]).0, ["2.0.0 2.0.0 X accepted"]);
    bench.pool.close_all(None);
    let seen = String::from_utf8(seen.recv_timeout(Duration::from_secs(5)).unwrap()).unwrap();
    assert!(!seen.contains("STARTTLS"), "{seen}");
}

#[test]
fn a_failed_handshake_defers_or_falls_back() {
    let broken = || {
        server(|mut stream, n| {
            let mut seen = Vec::new();
            let _ = stream.write_all(b"220 sink.test ESMTP\r\n");
            let tls = talk(&mut stream, "250-sink.test\r\n250 STARTTLS", &mut seen);
            if tls {
                let _ = stream.write_all(b"this is not TLS at all\r\n");
            }
            let _ = n;
            seen
        })
    };
    let (port, _seen) = broken();
    assert_eq!(bench(port, FakeResolver::new(), &[]).send(&["a@x"]).0, ["4.7.0 403 4.7.0 TLS handshake failed."]);
    let (port, _seen) = broken();
    let options = [("@OPTS@", "O TLSFallbacktoClear=true")];
    assert_eq!(bench(port, FakeResolver::new(), &options).send(&["a@x"]).0, ["2.0.0 2.0.0 X accepted"]);
}
