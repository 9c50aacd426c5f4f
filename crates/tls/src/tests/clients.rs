use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use rcgen::{
    CertificateRevocationListParams, CrlDistributionPoint, CrlIssuingDistributionPoint, Issuer, KeyIdMethod,
    KeyPair,
};
use rustls::version::{TLS12, TLS13};

use super::world::{DAY, Wire, World, client_config, load, now, request};
use crate::issue::{Request, Usage};
use crate::{
    CertificateFiles, ExpiredRevocationList, Fingerprint, Refusal, Server, ServerOptions, SessionFault,
    TlsFault,
};

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

#[test]
fn of_a_long_chain_nothing_is_looked_at() {
    let world = World::new();
    let issued = world.authority.issue(&request("hw-1", Usage::Client)).unwrap();
    let mut files = world.files("long", &issued);
    let (options, more) = (world.mutual(), world.authority.certificate_pem());
    let mut chain_of = |count: usize| {
        let text = issued.certificate_pem() + &more.repeat(count - 1);
        files.certificate = world.write("long.crt", text);
        files.clone()
    };
    vouched(&world, &options, &chain_of(8));
    assert_eq!(refused(&world, &options, &chain_of(9)), Refusal::LongChain);
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

#[test]
fn of_two_lists_of_one_authority_the_newest_counts_wherever_it_is() {
    let world = World::new();
    let bad = world.device("bad");
    let mut options = world.mutual();
    // (thisUpdate, cRLNumber) of the list that revokes nobody and of the one that revokes: the date comes first
    for (old, new) in [((3, 9), (2, 1)), ((2, 9), (2, 10)), ((2, 255), (2, 256))] {
        let old = world.write("old.crl", world.list(&[], old.0, old.1));
        let new = world.write("new.crl", world.list(&[&bad], new.0, new.1));
        let both = [fs::read_to_string(&old).unwrap(), fs::read_to_string(&new).unwrap()].concat();
        let both = world.write("both.crl", both);
        for lists in [vec![old.clone(), new.clone()], vec![new.clone(), old.clone()], vec![both]] {
            let ignored = if lists.len() == 1 { "both.crl" } else { "old.crl" };
            if let Some(clients) = &mut options.clients {
                clients.revocation_lists = lists;
            }
            assert_eq!(refused(&world, &options, &bad), Refusal::Revoked);
            let notices = load(&options).notices();
            assert!(
                matches!(&*notices, [one] if one.to_string().contains(&format!("{ignored}: "))),
                "{notices:?}"
            );
        }
    }
}

#[test]
fn lists_that_count_only_together_are_refused() {
    let world = World::new();
    let mut options = world.mutual();
    let part = |number: u64, uri: &str| {
        let list = CertificateRevocationListParams {
            this_update: (now() - DAY).into(),
            next_update: (now() + DAY).into(),
            crl_number: number.into(),
            issuing_distribution_point: Some(CrlIssuingDistributionPoint {
                distribution_point: CrlDistributionPoint { uris: vec![uri.to_owned()] },
                scope: None,
            }),
            revoked_certs: Vec::new(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let key = KeyPair::from_pem(&world.authority.key_pem()).unwrap();
        let issuer = Issuer::from_ca_cert_der(world.authority.certificate(), &key).unwrap();
        world.write(&format!("{number}.crl"), list.signed_by(&issuer).unwrap().pem().unwrap())
    };
    let (one, two) = (part(1, "http://crl.example/1"), part(2, "http://crl.example/2"));
    let whole = world.write("whole.crl", world.list(&[], 1, 3));
    let mut with = |lists: &[&PathBuf]| {
        options.clients.as_mut().unwrap().revocation_lists = lists.iter().map(|&list| list.clone()).collect();
        Server::load(&options, now())
    };
    with(&[&one]).unwrap();
    with(&[&one, &one]).unwrap();
    for lists in [[&one, &two], [&whole, &one], [&one, &whole]] {
        assert!(matches!(with(&lists).unwrap_err(), TlsFault::PartitionedLists { .. }));
    }
}
