use super::*;
use crate::keyring::HMAC_COUNT;

/// HMACs that a login costs, and whether it is let in.
fn hmacs(world: &World, request: &AuthRequest) -> (u32, bool) {
    let before = HMAC_COUNT.get();
    let _ = world.resident.cost(request);
    let is_allowed = matches!(world.resident.verify(request), Verdict::Allow(_));
    (HMAC_COUNT.get() - before, is_allowed)
}

/// Threat: names guessed by what a wrong one costs.
#[test]
fn every_login_costs_one_keyed_hash_whoever_is_named() {
    let mut world = World::new();
    let (secret, other) = (world.add("d1"), world.add("d2"));
    let (credential, of_suspended) = world.secret();
    let suspended = ResidentDevice { state: DeviceState::Suspended, ..world.device("d3", [credential]) };
    world.apply(Change::Device(suspended));
    world.apply(Change::Device(world.device("d4", [])));
    let mistyped = secret.expose().replace("vmq1_", "vmq1-");
    for (name, password, expected) in [
        ("d1", secret.expose(), true),
        ("d1", other.expose(), false),
        ("d1", &*mistyped, false),
        ("d1", "", false),
        ("d3", of_suspended.expose(), false),
        ("d3", other.expose(), false),
        ("d4", secret.expose(), false),
        ("nobody", secret.expose(), false),
        ("nobody", "hunter2", false),
        ("", "", false),
        ("d1\0", secret.expose(), false),
    ] {
        assert_eq!(hmacs(&world, &request(name, name, password)), (1, expected), "{name:?}");
    }
    for username in [None, Some("d1".into()), Some("nobody".into())] {
        let without = AuthRequest { username, password: None, ..request("d1", "d1", "") };
        assert_eq!(hmacs(&world, &without), (1, false), "{without:?}");
    }
}

/// The key id tells which credential is meant, and nothing else: with it but another key it costs the same.
#[test]
fn a_secret_with_a_known_key_id_costs_no_more() {
    let mut world = World::new();
    let (mut credential, secret) = world.secret();
    let (other, _) = world.secret();
    let Proof::Secret(_, verifier) = other.proof else { panic!("a secret") };
    credential.proof = Proof::Secret(secret.key_id(), verifier);
    world.apply(Change::Device(world.device("d1", [credential])));
    assert_eq!(hmacs(&world, &request("d1", "d1", secret.expose())), (1, false));
}
