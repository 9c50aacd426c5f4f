use std::fs;

use super::world::{DAY, World, data, load, now, request};
use crate::issue::{Request, Revocations, Usage};
use crate::{CertificateFiles, Client, Server, ServerOptions, TlsFault, TlsVersion, TlsVersions};

fn of(world: &World, files: CertificateFiles) -> Result<Server, TlsFault> {
    Server::load(&ServerOptions { certificates: vec![files], ..world.options() }, now())
}

fn fixture(certificate: &str, key: &str) -> CertificateFiles {
    CertificateFiles { certificate: data(certificate), key: data(key) }
}

/// What is said about files, which names one of them and has this in it.
fn told(world: &World, files: CertificateFiles, parts: &[&str]) -> TlsFault {
    let fault = of(world, files).unwrap_err();
    let text = fault.to_string();
    for part in parts {
        assert!(text.contains(part), "{text}\nhas no {part}");
    }
    fault
}

#[test]
fn an_encrypted_key_is_refused_with_what_decrypts_it() {
    let world = World::new();
    let certificate = world.path("broker.example.crt");
    world.server("broker.example");
    for name in ["encrypted.key", "encrypted-sec1.key"] {
        let files = CertificateFiles { certificate: certificate.clone(), key: data(name) };
        told(&world, files, &[name, "encrypted", "openssl pkey -in ", "chmod 600"]);
    }
}

#[test]
fn a_certificate_that_can_be_forged_is_refused_with_what_makes_a_better_one() {
    let world = World::new();
    let sha1 =
        told(&world, fixture("sha1.crt", "sha1.key"), &["sha1.crt", "SHA-1", "openssl x509 -req", "-sha256"]);
    assert!(matches!(sha1, TlsFault::Weak { .. }));
    told(
        &world,
        fixture("short.crt", "short.key"),
        &["short.crt", "1024 bits", "openssl genpkey", "openssl req -x509"],
    );
}

#[test]
fn a_key_of_a_kind_that_is_not_spoken_is_told_so() {
    told(
        &World::new(),
        fixture("k1.crt", "k1.key"),
        &["k1.key", "no kind that is spoken", "openssl genpkey"],
    );
}

#[test]
fn a_key_of_another_certificate_is_told_so() {
    let world = World::new();
    let (one, other) = (world.server("one.example"), world.server("other.example"));
    let files = CertificateFiles { certificate: one.certificate, key: other.key };
    told(
        &world,
        files,
        &["other.example.key", "not that of the certificate", "one.example.crt", "openssl pkey"],
    );
}

#[test]
fn a_certificate_for_clients_is_none_for_a_server() {
    let world = World::new();
    told(&world, world.device("hw-1"), &["hw-1.crt", "for clients only", "openssl"]);
}

#[test]
fn a_binary_file_is_refused_with_what_makes_text_of_it() {
    let world = World::new();
    let good = world.server("broker.example");
    for (name, command) in [("server.der", "openssl x509 -inform DER"), ("server.p12", "openssl pkcs12")] {
        let certificate = world.write(name, world.authority.certificate());
        told(&world, CertificateFiles { certificate, ..good.clone() }, &[name, "DER", command]);
    }
    let mut options = world.mutual();
    if let Some(clients) = &mut options.clients {
        clients.revocation_lists = vec![world.write("list.der", world.authority.certificate())];
    }
    let text = Server::load(&options, now()).unwrap_err().to_string();
    assert!(text.contains("openssl crl -inform DER"), "{text}");
}

#[test]
fn a_file_without_what_it_is_for_is_told_so() {
    let world = World::new();
    let good = world.server("broker.example");
    let swapped = CertificateFiles { certificate: good.key.clone(), key: good.certificate.clone() };
    told(&world, swapped, &["broker.example.key", "has no certificate"]);
    let empty = CertificateFiles { key: world.write("empty.key", ""), ..good.clone() };
    told(&world, empty, &["empty.key", "has no private key"]);
    let missing = CertificateFiles { key: world.path("missing.key"), ..good };
    told(&world, missing, &["missing.key", "cannot be read", "No such file"]);
}

#[test]
fn who_cannot_vouch_is_no_authority() {
    let world = World::new();
    let mut options = world.mutual();
    if let Some(clients) = &mut options.clients {
        clients.authorities = world.device("hw-1").certificate;
    }
    let text = Server::load(&options, now()).unwrap_err().to_string();
    assert!(text.contains("hw-1.crt") && text.contains("CA:TRUE"), "{text}");
}

/// It would refuse everybody.
#[test]
fn a_list_that_the_authority_has_not_signed_is_refused() {
    let (world, forger) = (World::new(), World::new());
    let mut options = world.mutual();
    let empty =
        Revocations { revoked: Vec::new(), this_update: now() - DAY, next_update: now() + DAY, number: 1 };
    let forged = forger.authority.revocation_list(&empty).unwrap();
    if let Some(clients) = &mut options.clients {
        clients.revocation_lists = vec![world.write("forged.crl", forged)];
    }
    let text = Server::load(&options, now()).unwrap_err().to_string();
    assert!(text.contains("forged.crl") && text.contains("has not signed"), "{text}");
    let foreign = World::of("another").authority.revocation_list(&empty).unwrap();
    world.write("forged.crl", foreign);
    assert!(load(&options).notices()[0].to_string().contains("none of the authorities"));
}

#[test]
fn what_expires_is_noticed() {
    let world = World::new();
    let until = |not_after| {
        let request =
            Request { not_before: now() - 90 * DAY, not_after, ..request("broker.example", Usage::Server) };
        let server = of(&world, world.files("dated", &world.authority.issue(&request).unwrap())).unwrap();
        server.notices().first().map(ToString::to_string)
    };
    assert_eq!(until(now() + 60 * DAY), None);
    assert!(until(now() + 3 * DAY + DAY / 2).unwrap().contains("expires in 3 days"));
    assert!(until(now() - DAY).unwrap().contains("EXPIRED"));
}

/// `openssl req -x509` makes these: OpenSSL's clients take them, others do not.
#[test]
fn a_self_signed_authority_as_a_server_is_noticed() {
    let world = World::new();
    let files = CertificateFiles {
        certificate: world.path("ca.crt"),
        key: world.write("ca.key", world.authority.key_pem().as_bytes()),
    };
    assert!(of(&world, files).unwrap().notices()[0].to_string().contains("CA:TRUE"));
}

#[test]
fn options_that_leave_nothing_are_refused() {
    let world = World::new();
    let none = ServerOptions { certificates: Vec::new(), ..world.options() };
    assert!(matches!(Server::load(&none, now()), Err(TlsFault::Options(_))));
    let versions = TlsVersions { min: TlsVersion::V1_3, max: TlsVersion::V1_2 };
    assert!(matches!(
        Server::load(&ServerOptions { versions, ..world.options() }, now()),
        Err(TlsFault::Options(_))
    ));
    let mut client = world.client(None);
    client.server_name = Some("not a name".to_owned());
    assert!(matches!(Client::load(&client), Err(TlsFault::ServerName { .. })));
}

/// A file of 100 MiB by mistake must not fill the memory.
#[test]
fn a_file_that_is_no_such_file_by_its_size_is_not_read() {
    let world = World::new();
    let good = world.server("broker.example");
    let huge = world.path("huge.key");
    fs::File::create(&huge).unwrap().set_len(100 << 20).unwrap();
    told(&world, CertificateFiles { key: huge, ..good }, &["huge.key", "larger than 32 MiB"]);
}

#[test]
fn nothing_that_is_secret_is_shown() {
    let world = World::new();
    let issued = world.authority.issue(&request("hw-1", Usage::Client)).unwrap();
    let pem = issued.key_pem().unwrap();
    let secret = pem.lines().nth(1).unwrap();
    let shown = format!("{:?} {:?} {issued:?}", load(&world.options()), world.authority);
    assert!(!shown.contains(secret) && !shown.contains("PRIVATE"), "{shown}");
}
