use std::sync::Arc;

use rustls::version::{TLS12, TLS13};

use super::world::{DAY, Wire, World, client_config, load, now, request};
use crate::issue::{Request, Usage};
use crate::{CertificateFiles, ExpiredRevocationList, Fingerprint, Refusal, ServerOptions, SessionFault};

/// What both versions say to a certificate; they say the same.
fn judged(world: &World, options: &ServerOptions, files: Option<&CertificateFiles>) -> Result<Wire, Refusal> {
    let server = load(options);
    let [old, new] = [&TLS12, &TLS13].map(|version| {
        let mut wire = Wire::new(&server, &Arc::new(client_config(world, files, &[version])));
        match wire.settle().0 {
            Ok(progress) if progress.is_established => Ok(wire),
            Ok(progress) => panic!("{progress:?}"),
            Err(SessionFault::Certificate(refusal)) => Err(refusal),
            Err(SessionFault::NoCertificate) => Err(Refusal::Missing),
            Err(fault) => panic!("{fault}"),
        }
    });
    assert_eq!(old.as_ref().err(), new.as_ref().err());
    new
}

/// What handshake and later judgement say; they say the same.
fn refused(world: &World, options: &ServerOptions, files: &CertificateFiles) -> Refusal {
    let refusal = judged(world, options, Some(files)).err().unwrap();
    let chain = crate::pem::certificates(&files.certificate).unwrap();
    assert_eq!(load(options).vouch(&chain, now()), Err(refusal));
    refusal
}

/// The authority that handshake and later judgement find.
fn vouched(world: &World, options: &ServerOptions, files: &CertificateFiles) -> Fingerprint {
    let wire = judged(world, options, Some(files)).unwrap();
    load(options).vouch(wire.session.peer_certificates(), now()).unwrap().authority
}

#[test]
fn a_device_of_the_authority_is_let_in_and_vouched_for() {
    let world = World::new();
    let authority = vouched(&world, &world.mutual(), &world.device("hw-1"));
    assert_eq!(authority, Fingerprint::of(world.authority.certificate()));
}

#[test]
fn who_has_no_certificate_is_refused_where_one_is_required() {
    let world = World::new();
    let mut options = world.mutual();
    assert_eq!(judged(&world, &options, None).err(), Some(Refusal::Missing));
    if let Some(clients) = &mut options.clients {
        clients.is_required = false;
    }
    let wire = judged(&world, &options, None).unwrap();
    assert_eq!(load(&options).vouch(wire.session.peer_certificates(), now()), Err(Refusal::Missing));
    assert_eq!(load(&world.options()).vouch(&[], now()), Err(Refusal::NotAsked));
}

#[test]
fn a_certificate_that_is_not_good_is_refused() {
    let world = World::new();
    let (revoked, other) = (world.device("revoked"), world.device("other"));
    let options = world.revoking(&[&revoked], now() + DAY);
    let says = |files: &CertificateFiles| refused(&world, &options, files);
    assert_eq!(says(&revoked), Refusal::Revoked);
    vouched(&world, &options, &other);
    let made = |request: &Request| world.files("made", &world.authority.issue(request).unwrap());
    let device = request("hw-1", Usage::Client);
    let expired = Request { not_before: now() - 3 * DAY, not_after: now() - DAY, ..device.clone() };
    assert_eq!(says(&made(&expired)), Refusal::Expired);
    assert_eq!(says(&made(&Request { not_before: now() + DAY, ..device.clone() })), Refusal::NotYetValid);
    assert_eq!(says(&made(&Request { usage: Usage::Server, ..device })), Refusal::WrongUsage);
    let authority = CertificateFiles {
        certificate: world.path("ca.crt"),
        key: world.write("ca.key", world.authority.key_pem().as_bytes()),
    };
    assert_eq!(says(&authority), Refusal::WrongUsage);
    assert_eq!(says(&World::of("stranger").device("hw-1")), Refusal::UnknownAuthority);
    let same_name = World::new();
    assert_eq!(
        says(&same_name.device("hw-1")),
        Refusal::UnknownAuthority,
        "an authority is its key, not its name"
    );
}

/// RFC 5280 §4.2.1.12
#[test]
fn a_certificate_without_a_usage_has_every_one() {
    let world = World::new();
    let issued = world.authority.issue(&request("hw-1", Usage::Unstated)).unwrap();
    vouched(&world, &world.mutual(), &world.files("unstated", &issued));
}

#[test]
fn a_chain_leads_over_others_to_the_authority() {
    let world = World::new();
    let between = world.authority.delegate(&request("plant 7", Usage::Authority)).unwrap();
    let issued = between.issue(&request("hw-1", Usage::Client)).unwrap();
    let mut files = world.files("chained", &issued);
    let chain = format!("{}{}", issued.certificate_pem(), between.certificate_pem());
    let options = world.mutual();
    assert_eq!(refused(&world, &options, &files), Refusal::UnknownAuthority, "the link is missing");
    files.certificate = world.write("chain.crt", chain);
    assert_eq!(vouched(&world, &options, &files), Fingerprint::of(world.authority.certificate()));
}

/// The file may name an authority below another: it alone vouches then.
#[test]
fn the_authority_that_vouches_is_the_one_of_the_file() {
    let world = World::new();
    let plants = ["plant 1", "plant 2"]
        .map(|name| world.authority.delegate(&request(name, Usage::Authority)).unwrap());
    let mut options = world.mutual();
    let both = format!("{}{}", plants[0].certificate_pem(), plants[1].certificate_pem());
    if let Some(clients) = &mut options.clients {
        clients.authorities = world.write("plants.crt", both);
    }
    for plant in &plants {
        let files = world.files("hw", &plant.issue(&request("hw-1", Usage::Client)).unwrap());
        assert_eq!(vouched(&world, &options, &files), Fingerprint::of(plant.certificate()));
    }
    assert_eq!(refused(&world, &options, &world.device("above")), Refusal::UnknownAuthority);
}

#[test]
fn a_revocation_list_that_has_expired_means_what_the_options_say() {
    let world = World::new();
    let (good, bad) = (world.device("good"), world.device("bad"));
    let mut options = world.revoking(&[&bad], now() - DAY);
    assert_eq!(refused(&world, &options, &good), Refusal::ExpiredRevocationList);
    assert!(load(&options).notices()[0].to_string().contains("EXPIRED"));
    if let Some(clients) = &mut options.clients {
        clients.expired_revocation_list = ExpiredRevocationList::Accept;
    }
    vouched(&world, &options, &good);
    assert_eq!(refused(&world, &options, &bad), Refusal::Revoked);
}
