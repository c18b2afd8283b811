//! The server's TLS over socket pairs: certificates by name, client certificates and revocation lists, sessions' own wishes.

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::ssl::{Ssl, SslConnector, SslMethod, SslStream, SslVerifyMode, SslVersion};
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509Name};
use postrider::cf::system::Fixed;
use postrider::cf::{Config, LoadOptions, Options};
use postrider::tls::TlsFacts;
use postrider::tls::server::{Server, Wishes, open};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

struct Signed {
    certificate: X509,
    key: PKey<Private>,
}

fn signed(name: &str, by: Option<&Signed>, ec: bool) -> Signed {
    let key = match ec {
        true => {
            let group = openssl::ec::EcGroup::from_curve_name(openssl::nid::Nid::X9_62_PRIME256V1).unwrap();
            PKey::from_ec_key(openssl::ec::EcKey::generate(&group).unwrap()).unwrap()
        }
        false => PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap(),
    };
    let mut subject = X509Name::builder().unwrap();
    subject.append_entry_by_text("CN", name).unwrap();
    let subject = subject.build();
    let mut b = X509::builder().unwrap();
    b.set_version(2).unwrap();
    b.set_serial_number(&BigNum::from_u32(name.len() as u32 + 1).unwrap().to_asn1_integer().unwrap()).unwrap();
    b.set_subject_name(&subject).unwrap();
    b.set_issuer_name(by.map_or(&*subject, |ca| ca.certificate.subject_name())).unwrap();
    b.set_pubkey(&key).unwrap();
    b.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    b.set_not_after(&Asn1Time::days_from_now(30).unwrap()).unwrap();
    if by.is_none() {
        b.append_extension(BasicConstraints::new().critical().ca().build().unwrap()).unwrap();
    } else {
        let names = SubjectAlternativeName::new().dns(name).build(&b.x509v3_context(None, None)).unwrap();
        b.append_extension(names).unwrap();
    }
    b.sign(by.map_or(&key, |ca| &ca.key), MessageDigest::sha256()).unwrap();
    Signed { certificate: b.build(), key }
}

/// A folder with what a test needs; gone when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("tls-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
    fn put(&self, name: &str, bytes: &[u8], mode: u32) {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    fn pair(&self, name: &str, pair: &Signed) {
        self.put(&format!("{name}.pem"), &pair.certificate.to_pem().unwrap(), 0o644);
        self.put(&format!("{name}.key"), &pair.key.private_key_to_pem_pkcs8().unwrap(), 0o600);
    }
    fn options(&self, lines: &str) -> Options {
        let text = format!("V10\n{}", lines.replace("DIR", self.0.to_str().unwrap()));
        let system = Fixed { host: "mail.example.test".into() };
        Config::parse(text.as_bytes(), "test.cf", &LoadOptions::new(&system)).0.options.clone()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

struct Client<'a> {
    name: Option<&'a str>,
    certificate: Option<&'a Signed>,
    version: SslVersion,
    ciphers: &'a str,
}

const PLAIN: Client<'static> = Client { name: None, certificate: None, version: SslVersion::TLS1_2, ciphers: "ALL" };

/// Both ends of a handshake: what the server knows, and the client's stream.
fn shake(server: &Server, wishes: &Wishes, client: Client<'_>) -> Option<(TlsFacts, SslStream<UnixStream>)> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let ssl = server.session(true, wishes).ok()?;
    let mut b = SslConnector::builder(SslMethod::tls_client()).unwrap();
    b.set_verify(SslVerifyMode::NONE);
    b.set_max_proto_version(Some(client.version)).unwrap();
    b.set_cipher_list(client.ciphers).unwrap();
    if let Some(pair) = client.certificate {
        b.set_certificate(&pair.certificate).unwrap();
        b.set_private_key(&pair.key).unwrap();
    }
    let mut theirs_ssl = Ssl::new(&b.build().into_context()).unwrap();
    if let Some(name) = client.name {
        theirs_ssl.set_hostname(name).unwrap();
    }
    let there = std::thread::spawn(move || theirs_ssl.connect(theirs));
    let here = ssl.accept(ours).ok()?;
    let there = there.join().unwrap().ok()?;
    Some((server.facts(here.ssl()), there))
}

fn subject(stream: &SslStream<UnixStream>) -> String {
    let certificate = stream.ssl().peer_certificate().unwrap();
    let name = certificate.subject_name().entries().next().unwrap();
    String::from_utf8_lossy(name.data().as_slice()).into_owned()
}

#[test]
fn certificates_by_name_and_kind() {
    let folder = Folder::new("names");
    let ca = signed("Test CA", None, false);
    for (file, name, ec) in
        [("a", "mail.example.test", false), ("b", "mail.example.test", true), ("c", "other.example.test", false)]
    {
        folder.pair(file, &signed(name, Some(&ca), ec));
    }
    let options = folder
        .options("O ServerCertFile=DIR/a.pem,DIR/b.pem,DIR/c.pem\nO ServerKeyFile=DIR/a.key,DIR/b.key,DIR/c.key\n");
    let server = Server::new(&options, &mut open).expect("certificates");
    let none = Wishes::default();
    for ciphers in ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"] {
        let (facts, stream) = shake(&server, &none, Client { ciphers, ..PLAIN }).unwrap();
        assert_eq!((facts.cipher.as_str(), subject(&stream).as_str()), (ciphers, "mail.example.test"));
    }
    let named = Client { name: Some("OTHER.example.test"), ..PLAIN };
    let (facts, stream) = shake(&server, &none, named).unwrap();
    assert_eq!(subject(&stream), "other.example.test");
    assert_eq!(facts.verify, "NO");
    let newest = Client { name: Some("nobody.example.test"), version: SslVersion::TLS1_3, ..PLAIN };
    let (facts, stream) = shake(&server, &none, newest).unwrap();
    assert_eq!((facts.version.as_str(), subject(&stream).as_str()), ("TLSv1.3", "mail.example.test"));
    let wishes = Wishes::parse(b"CipherList=AES128-SHA256", &options, b"x").unwrap();
    assert_eq!(shake(&server, &wishes, PLAIN).unwrap().0.cipher, "AES128-SHA256");
}

#[test]
fn a_missing_revocation_list_covers_no_fault() {
    let folder = Folder::new("lists");
    let ca = signed("Test CA", None, false);
    folder.pair("a", &signed("mail.example.test", Some(&ca), false));
    folder.put("ca.pem", &ca.certificate.to_pem().unwrap(), 0o644);
    // An empty folder: no list for anybody.
    std::fs::create_dir_all(folder.0.join("crl")).unwrap();
    let options = folder
        .options("O ServerCertFile=DIR/a.pem\nO ServerKeyFile=DIR/a.key\nO CACertFile=DIR/ca.pem\nO CRLPath=DIR/crl\n");
    let server = Server::new(&options, &mut open).expect("certificates");
    let known = signed("client.example.test", Some(&ca), false);
    let stranger = signed("stranger.example.test", None, false);
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let verify = |certificate, wishes: &Wishes| {
            shake(&server, wishes, Client { certificate: Some(certificate), version, ..PLAIN }).unwrap().0.verify
        };
        assert_eq!(verify(&known, &Wishes::default()), "OK");
        assert_eq!(verify(&stranger, &Wishes::default()), "FAIL");
        let strict = Wishes::parse(b"Flags=R", &options, b"x").unwrap();
        assert_eq!(verify(&known, &strict), "FAIL");
    }
}

#[test]
fn keys_that_others_may_read_are_refused() {
    let folder = Folder::new("modes");
    let own = signed("mail.example.test", None, false);
    folder.pair("a", &own);
    let lines = "O ServerCertFile=DIR/a.pem\nO ServerKeyFile=DIR/a.key\n";
    assert!(Server::new(&folder.options(lines), &mut open).is_some());
    let key = own.key.private_key_to_pem_pkcs8().unwrap();
    for (mode, blame, good) in
        [(0o640, "", false), (0o644, "", false), (0o640, "O DontBlameSendmail=groupreadablekeyfile\n", true)]
    {
        folder.put("a.key", &key, mode);
        assert_eq!(Server::new(&folder.options(&format!("{lines}{blame}")), &mut open).is_some(), good, "{mode:o}");
    }
    folder.put("a.key", &signed("x", None, false).key.private_key_to_pem_pkcs8().unwrap(), 0o600);
    assert!(Server::new(&folder.options(lines), &mut open).is_none());
    assert!(Path::new(&folder.0).exists());
}
