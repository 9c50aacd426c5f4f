use std::sync::Arc;

use rustls::version::{TLS12, TLS13};

use super::world::{DAY, Wire, World, client_config, load, now};
use crate::{Refusal, SessionFault, TlsFault};

/// Comes twice; the second time by its ticket.
fn resumed(wire: impl Fn() -> Wire) -> Wire {
    let mut first = wire().established();
    assert!(!first.session.is_resumed());
    first.echo();
    let second = wire().established();
    assert!(second.session.is_resumed());
    second
}

#[test]
fn a_client_comes_back_by_its_ticket_and_with_its_certificate() {
    let world = World::new();
    let server = load(&world.mutual());
    let device = world.device("hw-1");
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(client_config(&world, Some(&device), &[version]));
        let wire = resumed(|| Wire::new(&server, &config));
        let chain = wire.session.peer_certificates();
        assert!(server.vouch(chain, now()).is_ok());
        assert_eq!(server.vouch(chain, now() + 60 * DAY), Err(Refusal::Expired), "a ticket does not prolong");
    }
}

#[test]
fn without_tickets_nobody_comes_back() {
    let world = World::new();
    let mut options = world.options();
    options.has_tickets = false;
    let server = load(&options);
    for version in [&TLS12, &TLS13] {
        let config = Arc::new(client_config(&world, None, &[version]));
        for _ in 0..2 {
            let mut wire = Wire::new(&server, &config).established();
            wire.echo();
            assert!(!wire.session.is_resumed());
        }
    }
}

#[test]
fn a_new_certificate_of_the_server_drops_nobody() {
    let world = World::new();
    let options = world.mutual();
    let server = load(&options);
    let device = world.device("hw-1");
    let config = Arc::new(client_config(&world, Some(&device), &[&TLS13]));
    let mut open = resumed(|| Wire::new(&server, &config));
    let old = open.client.peer_certificates().unwrap()[0].clone();
    world.server("broker.example");
    let reloaded = server.reload(&options, now()).unwrap();
    assert!(reloaded.certificates && !reloaded.clients && !reloaded.settings);
    open.echo();
    let fresh = Arc::new(client_config(&world, Some(&device), &[&TLS13]));
    let wire = Wire::new(&server, &fresh).established();
    assert_ne!(wire.client.peer_certificates().unwrap()[0], old);
    assert!(Wire::new(&server, &config).established().session.is_resumed(), "tickets stay good");
    assert!(server.reload(&options, now()).unwrap().is_unchanged());
}

#[test]
fn a_revoked_client_does_not_come_back_by_its_ticket() {
    let world = World::new();
    let device = world.device("hw-1");
    let other = world.device("hw-2");
    for version in [&TLS12, &TLS13] {
        let server = load(&world.revoking(&[], now() + DAY));
        let config = Arc::new(client_config(&world, Some(&device), &[version]));
        let others = Arc::new(client_config(&world, Some(&other), &[version]));
        let mut open = resumed(|| Wire::new(&server, &config));
        let mut bystander = resumed(|| Wire::new(&server, &others));
        let reloaded = server.reload(&world.revoking(&[&device], now() + DAY), now()).unwrap();
        assert!(reloaded.clients);
        // the session itself lives on until the broker looks at it
        open.echo();
        bystander.echo();
        assert_eq!(server.vouch(open.session.peer_certificates(), now()), Err(Refusal::Revoked));
        assert!(server.vouch(bystander.session.peer_certificates(), now()).is_ok());
        let fault = Wire::new(&server, &config).refused();
        assert_eq!(fault, SessionFault::Certificate(Refusal::Revoked));
        assert!(
            !Wire::new(&server, &others).established().session.is_resumed(),
            "its ticket is void, it is not"
        );
    }
}

#[test]
fn another_authority_ends_what_the_old_one_vouched_for() {
    let world = World::new();
    let options = world.mutual();
    let server = load(&options);
    let device = world.device("hw-1");
    let config = Arc::new(client_config(&world, Some(&device), &[&TLS13]));
    let open = resumed(|| Wire::new(&server, &config));
    world.write("ca.crt", World::of("another").authority.certificate_pem());
    assert!(server.reload(&options, now()).unwrap().clients);
    assert_eq!(server.vouch(open.session.peer_certificates(), now()), Err(Refusal::UnknownAuthority));
    assert!(matches!(Wire::new(&server, &config).refused(), SessionFault::Certificate(_)));
}

#[test]
fn what_is_noticed_is_of_the_newest_reading_also_where_nothing_else_changed() {
    let world = World::new();
    let options = world.revoking(&[], now() + DAY);
    let server = load(&options);
    assert!(server.notices().is_empty());
    for _ in 0..2 {
        let reloaded = server.reload(&options, now() + 2 * DAY).unwrap();
        assert!(reloaded.is_unchanged());
        assert!(reloaded.notices[0].to_string().contains("EXPIRED"));
        assert_eq!(server.notices(), reloaded.notices);
    }
    server.reload(&options, now()).unwrap();
    assert!(server.notices().is_empty());
}

#[test]
fn a_bad_file_changes_nothing() {
    let world = World::new();
    let options = world.revoking(&[], now() + DAY);
    let server = load(&options);
    let device = world.device("hw-1");
    let config = Arc::new(client_config(&world, Some(&device), &[&TLS13]));
    let mut open = Wire::new(&server, &config).established();
    for name in ["broker.example.crt", "broker.example.key", "ca.crt", "ca.crl"] {
        let good = std::fs::read(world.path(name)).unwrap();
        for garbage in
            [&b""[..], b"garbage", b"-----BEGIN CERTIFICATE-----\ngarbage\n", &good[..good.len() / 2]]
        {
            world.write(name, garbage);
            let fault = server.reload(&options, now()).unwrap_err();
            assert!(fault.to_string().contains(name), "{fault}");
        }
        world.write(name, good);
        Wire::new(&server, &config).established();
        open.echo();
    }
    std::fs::remove_file(world.path("ca.crl")).unwrap();
    assert!(matches!(server.reload(&options, now()), Err(TlsFault::Unreadable { .. })));
    assert!(server.vouch(open.session.peer_certificates(), now()).is_ok());
}

#[test]
fn whether_a_certificate_is_required_may_change() {
    let world = World::new();
    let server = load(&world.options());
    assert!(!server.asks_for_certificates());
    let config = Arc::new(client_config(&world, None, &[&TLS13]));
    let mut open = Wire::new(&server, &config).established();
    let reloaded = server.reload(&world.mutual(), now()).unwrap();
    assert!(reloaded.clients && server.asks_for_certificates());
    open.echo();
    assert_eq!(server.vouch(open.session.peer_certificates(), now()), Err(Refusal::Missing));
    assert_eq!(Wire::new(&server, &config).refused(), SessionFault::NoCertificate);
}
