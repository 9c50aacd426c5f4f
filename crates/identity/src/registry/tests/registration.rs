use async_trait::async_trait;

use super::*;
use crate::model::{Voucher, WAITING_PER_PRODUCT_MAX, WAITING_PER_TOKEN_MAX};

#[test]
fn a_device_that_lost_the_answer_asks_again_and_the_newest_secret_wins() {
    let world = World::new(20);
    let (token, claim) = world.claim(&world.product(Strategy::Auto), Some(1));
    let first = world.issue("hw-1", &claim);
    let second = world.issue("hw-1", &claim);
    assert_eq!(first.device.id, second.device.id);
    assert_ne!(first.secret.expose(), second.secret.expose());
    assert_eq!(world.states(&first.device.id), [CredentialState::Pending], "nobody ever used the other one");
    let refused = world.by(Actor::system(), Confirm(first.credential.id)).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Credential));
    assert_eq!(world.token_uses(&token), 1, "it is one device");
    let refused = world.register("hw-2", &claim).unwrap_err();
    assert_eq!(refused, Refusal::Claim(ClaimFault::UsedUp));
}

#[test]
fn asking_again_and_again_leaves_no_more_rows() {
    let world = World::new(19);
    let (_, claim) = world.claim(&world.product(Strategy::Auto), Some(1));
    let device = world.issue("hw-1", &claim).device.id;
    // What an operator gave it and took away stays.
    let proof = NewProof::Secret;
    let added = world
        .administer(AddCredential { device: device.clone(), proof, validity: Validity::default() })
        .unwrap();
    world.administer(RevokeCredential { id: added.credential.id, reason: "".into() }).unwrap();
    for _ in 0..10 {
        world.issue("hw-1", &claim);
    }
    assert_eq!(world.states(&device), [CredentialState::Revoked, CredentialState::Pending]);
}

#[test]
fn a_device_that_has_connected_gets_nothing_from_registration() {
    let world = World::new(21);
    let (_, claim) = world.claim(&world.product(Strategy::Auto), None);
    let issued = world.issue("hw-1", &claim);
    world.by(Actor::system(), Confirm(issued.credential.id)).unwrap();
    for transition in [None, Some(Transition::Suspend)] {
        if let Some(transition) = transition {
            world.administer(MoveDevice::new(issued.device.id.clone(), transition)).unwrap();
        }
        let refused = world.register("hw-1", &claim).unwrap_err();
        assert!(matches!(refused, Refusal::AlreadyRegistered(_)), "{refused}");
    }
    assert_eq!(world.states(&issued.device.id), [CredentialState::Active]);
    // An operator may let it begin anew: what it had is over.
    world.administer(MoveDevice::new(issued.device.id.clone(), Transition::Reset)).unwrap();
    let again = world.issue("hw-1", &claim);
    assert_eq!(again.device.id, issued.device.id);
    assert_eq!(world.states(&issued.device.id), [CredentialState::Revoked, CredentialState::Pending]);
}

#[test]
fn a_secret_that_is_not_used_within_an_hour_is_over_and_gives_its_use_back() {
    let world = World::new(22);
    let (token, claim) = world.claim(&world.product(Strategy::Auto), Some(1));
    let issued = world.issue("hw-1", &claim);
    world.clock.turn(PENDING_MILLIS + 1);
    let refused = world.by(Actor::system(), Confirm(issued.credential.id)).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Credential));
    let swept = world.sweep();
    assert_eq!(swept, Swept { credential_count: 1, ..Swept::default() });
    assert_eq!(world.token_uses(&token), 0);
    assert!(world.register("hw-1", &claim).is_ok());
    assert_eq!(world.token_uses(&token), 1);
}

#[test]
fn a_rotation_before_the_first_use_gives_a_secret_no_more_than_its_hour() {
    let world = World::new(34);
    let (_, claim) = world.claim(&world.product(Strategy::Auto), None);
    let issued = world.issue("hw-1", &claim);
    world.rotate(&issued.device.id, 24 * PENDING_MILLIS, Kick::None);
    world.clock.turn(PENDING_MILLIS);
    let refused = world.by(Actor::system(), Confirm(issued.credential.id)).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Credential));
}

#[test]
fn a_registration_is_confirmed_by_the_secret_that_replaced_its_own() {
    let world = World::new(35);
    let (token, claim) = world.claim(&world.product(Strategy::Auto), Some(1));
    let issued = world.issue("hw-1", &claim);
    let second = world.rotate(&issued.device.id, 1_000, Kick::None);
    world.by(Actor::system(), Confirm(second.credential.id)).unwrap();
    // What an operator does later does not give back a use of the token that a device took.
    world.administer(MoveDevice::new(issued.device.id, Transition::Reset)).unwrap();
    assert_eq!(world.token_uses(&token), 1);
}

#[test]
fn an_allow_list_lets_in_who_was_entered() {
    let world = World::new(23);
    let product = world.product(Strategy::AllowList);
    let (_, claim) = world.claim(&product, None);
    assert!(matches!(world.register("hw-1", &claim), Err(Refusal::NotListed(_))));
    let new = NewDevice {
        id: Some("pump-1".parse().unwrap()),
        product: product.id,
        hardware_id: Some("hw-1".parse().unwrap()),
        tags: Vec::new(),
        attributes: Vec::new(),
        expires_at: None,
        origin: crate::model::DeviceOrigin::Manual,
    };
    world.administer(CreateDevice { new, with_secret: false }).unwrap();
    assert_eq!(world.issue("hw-1", &claim).device.id.as_str(), "pump-1");
}

#[test]
fn who_is_seen_first_in_quarantine_waits_for_approval() {
    let world = World::new(24);
    let (_, claim) = world.claim(&world.product(Strategy::Quarantine), None);
    let ask = || match world.register("hw-1", &claim).unwrap() {
        Registered::Quarantined(registration) => registration,
        Registered::Issued(issued) => panic!("{issued:?}"),
    };
    let waiting = ask();
    assert_eq!(ask().id, waiting.id, "the same one, however often it asks");
    let decide =
        |is_approved| DecideRegistration { id: waiting.id, is_approved, expected: None, reason: "".into() };
    let approved = world.administer(decide(true)).unwrap();
    assert_eq!(approved.state, RegistrationState::Approved);
    assert_eq!(world.administer(decide(false)).unwrap_err(), Refusal::Decided(RegistrationState::Approved));
    let issued = world.issue("hw-1", &claim);
    assert_eq!(Some(issued.device.id), approved.device);
}

#[test]
fn who_is_rejected_stays_out_until_its_registration_is_deleted() {
    let world = World::new(25);
    let product = world.product(Strategy::Quarantine);
    let ((_, claim), (_, other)) = (world.claim(&product, None), world.claim(&product, None));
    let waiting = world.quarantined("hw-1", &claim);
    let delete = || DeleteRegistration { id: waiting.id, expected: None };
    let refused = world.administer(delete()).unwrap_err();
    assert_eq!(refused, Refusal::Undecided(RegistrationState::Quarantined));
    world.reject(waiting.id);
    world.clock.turn(365 * 86_400_000);
    world.sweep();
    for claim in [&claim, &other] {
        assert_eq!(world.register("hw-1", claim).unwrap_err(), Refusal::Rejected);
    }
    world.quarantined("hw-2", &claim);
    world.administer(delete()).unwrap();
    assert_ne!(world.quarantined("hw-1", &claim).id, waiting.id);
}

#[test]
fn who_waits_too_long_has_to_ask_anew() {
    let world = World::new(33);
    let (_, claim) = world.claim(&world.product(Strategy::Quarantine), None);
    let waiting = world.quarantined("hw-1", &claim);
    world.clock.turn(crate::model::QUARANTINE_MILLIS);
    let swept = world.sweep();
    assert_eq!(swept, Swept { registration_count: 1, ..Swept::default() });
    assert_ne!(world.quarantined("hw-1", &claim).id, waiting.id);
}

/// Devices that wait already.
#[derive(Debug)]
struct Crowd(Registration, std::ops::Range<u32>);

#[async_trait]
impl Command for Crowd {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        for number in self.1.clone() {
            let now = desk.now();
            let id = RegistrationId::generate(now, desk)?;
            let hardware_id = format!("crowd-{number}").parse()?;
            let registration = Registration { id, hardware_id, ..self.0.clone() };
            desk.rows().put_registration(&registration).await?;
        }
        Ok(())
    }
}

#[test]
fn one_claim_token_does_not_fill_the_quarantine() {
    let world = World::new(34);
    let product = world.product(Strategy::Quarantine);
    let ((limited, few), (_, many)) = (world.claim(&product, Some(2)), world.claim(&product, None));
    let first = world.quarantined("hw-1", &few);
    world.quarantined("hw-2", &few);
    let full = |max| Refusal::QuarantineFull { what: What::ClaimToken, max };
    assert_eq!(world.register("hw-3", &few).unwrap_err(), full(2));
    assert_eq!(world.quarantined("hw-1", &few).id, first.id, "who waits may ask again");
    let waiting = world.quarantined("hw-3", &many);
    world.by(Actor::system(), Crowd(waiting, 1..WAITING_PER_TOKEN_MAX)).unwrap();
    assert_eq!(world.register("hw-4", &many).unwrap_err(), full(WAITING_PER_TOKEN_MAX));
    world.reject(first.id);
    let voucher = world.quarantined("hw-4", &few).voucher;
    assert_eq!(voucher, Voucher::Claim(limited.id), "there is room again");
}

#[test]
fn many_claim_tokens_do_not_fill_the_quarantine() {
    let world = World::new(35);
    let product = world.product(Strategy::Quarantine);
    let (_, claim) = world.claim(&product, Some(u32::MAX));
    let waiting = world.quarantined("hw-1", &claim);
    world.by(Actor::system(), Crowd(waiting.clone(), 1..WAITING_PER_PRODUCT_MAX)).unwrap();
    let full = Refusal::QuarantineFull { what: What::Product, max: WAITING_PER_PRODUCT_MAX };
    for claim in [&claim, &world.claim(&product, None).1] {
        assert_eq!(world.register("hw-2", claim).unwrap_err(), full);
    }
    assert_eq!(world.quarantined("hw-1", &claim).id, waiting.id);
}

#[test]
fn a_second_claimant_is_flagged() {
    let world = World::new(26);
    let product = world.product(Strategy::Auto);
    let ((first_token, first), (second_token, second)) =
        (world.claim(&product, Some(1)), world.claim(&product, Some(1)));
    assert!(!world.issue("hw-1", &first).has_rivals);
    assert!(world.issue("hw-1", &second).has_rivals);
    assert_eq!(world.token_uses(&first_token), 0, "its secret was never used");
    assert_eq!(world.token_uses(&second_token), 1);
}

#[test]
fn what_an_operator_gave_a_device_is_not_replaced_by_registration() {
    let world = World::new(28);
    let product = world.product(Strategy::AllowList);
    let (_, claim) = world.claim(&product, None);
    let new = NewDevice {
        id: None,
        product: product.id,
        hardware_id: Some("hw-7".parse().unwrap()),
        tags: Vec::new(),
        attributes: Vec::new(),
        expires_at: None,
        origin: crate::model::DeviceOrigin::Manual,
    };
    let (device, _) = world.administer(CreateDevice { new, with_secret: true }).unwrap();
    let refused = world.register("hw-7", &claim).unwrap_err();
    assert_eq!(refused, Refusal::AlreadyRegistered(DeviceState::Registered));
    assert_eq!(world.states(&device.id), [CredentialState::Active]);
}

#[test]
fn what_was_approved_is_given_to_who_asked_for_it() {
    let world = World::new(29);
    let product = world.product(Strategy::Quarantine);
    let ((_, first), (_, second)) = (world.claim(&product, None), world.claim(&product, None));
    let Registered::Quarantined(waiting) = world.register("hw-1", &first).unwrap() else { panic!() };
    for _ in 0..2 {
        let Registered::Quarantined(rival) = world.register("hw-1", &second).unwrap() else { panic!() };
        assert_eq!((rival.id, rival.voucher, rival.rival_count), (waiting.id, waiting.voucher, 1));
    }
    let decision =
        DecideRegistration { id: waiting.id, is_approved: true, expected: None, reason: "".into() };
    world.administer(decision).unwrap();
    assert!(matches!(world.register("hw-1", &second), Ok(Registered::Quarantined(_))));
    assert!(world.issue("hw-1", &first).has_rivals);
}

#[test]
fn a_secret_that_was_revoked_is_not_given_again_by_the_same_token() {
    let world = World::new(31);
    let (_, claim) = world.claim(&world.product(Strategy::Auto), Some(1));
    let issued = world.issue("hw-1", &claim);
    world.administer(RevokeCredential { id: issued.credential.id, reason: "suspicious".into() }).unwrap();
    assert_eq!(world.register("hw-1", &claim).unwrap_err(), Refusal::Rejected);
    world.administer(MoveDevice::new(issued.device.id, Transition::Reset)).unwrap();
    assert_eq!(world.register("hw-1", &claim).unwrap_err(), Refusal::Claim(ClaimFault::UsedUp));
}

#[test]
fn a_device_that_never_connected_may_register_after_a_suspension() {
    let world = World::new(32);
    let (_, claim) = world.claim(&world.product(Strategy::Auto), None);
    let issued = world.issue("hw-1", &claim);
    for transition in [Transition::Suspend, Transition::Resume] {
        world.administer(MoveDevice::new(issued.device.id.clone(), transition)).unwrap();
    }
    assert_eq!(world.issue("hw-1", &claim).device.id, issued.device.id);
}

#[test]
fn a_device_that_has_connected_does_not_register_after_a_suspension_however_long_ago_that_was() {
    let world = World::new(33);
    let (_, claim) = world.claim(&world.product(Strategy::Auto), None);
    let issued = world.issue("hw-1", &claim);
    world.by(Actor::system(), Confirm(issued.credential.id)).unwrap();
    world.administer(RevokeCredential { id: issued.credential.id, reason: "".into() }).unwrap();
    world.clock.turn(REVOKED_KEPT_MILLIS + 1);
    while world.sweep().is_more {}
    assert_eq!(world.states(&issued.device.id), [], "it is forgotten that it connected");
    for transition in [Transition::Suspend, Transition::Resume] {
        world.administer(MoveDevice::new(issued.device.id.clone(), transition)).unwrap();
    }
    let refused = world.register("hw-1", &claim).unwrap_err();
    assert_eq!(refused, Refusal::AlreadyRegistered(DeviceState::Active));
}

#[test]
fn a_claim_token_holds_for_its_product_networks_hardware_ids_and_time() {
    let world = World::new(27);
    let product = world.product(Strategy::Auto);
    let now = world.registry.now().millis();
    let token = |expires_at: Option<u64>, network: Option<&str>, pattern: Option<&str>| {
        let command = CreateClaimToken {
            product: product.id,
            uses_max: None,
            expires_at: expires_at.map(UnixMillis::new),
            networks: network.iter().map(|text| text.parse().unwrap()).collect(),
            hardware_ids: pattern.map(|text| text.parse().unwrap()),
        };
        world.administer(command).unwrap().1
    };
    let register = |claim: &Secret, peer: Option<&str>| {
        let command = Register {
            product: "sensor".parse().unwrap(),
            hardware_id: "hw-1".parse().unwrap(),
            claim: SecretString::from(claim.expose().to_owned()),
        };
        let peer = peer.map(|text| text.parse().unwrap());
        world.by(Actor::stranger(peer), command).err()
    };
    let faults = [
        (register(&token(Some(now), None, None), None), Some(ClaimFault::Expired)),
        (register(&token(Some(now + 1000), None, None), None), None),
        (register(&token(None, Some("10.0.0.0/8"), None), Some("192.0.2.1")), Some(ClaimFault::Address)),
        (register(&token(None, Some("10.0.0.0/8"), None), None), Some(ClaimFault::Address)),
        (register(&token(None, Some("10.0.0.0/8"), None), Some("10.1.2.3")), None),
        (register(&token(None, None, Some("sn-*")), None), Some(ClaimFault::HardwareId)),
        (register(&token(None, None, Some("h?-*")), None), None),
    ];
    for (number, (refused, fault)) in faults.into_iter().enumerate() {
        assert_eq!(refused, fault.map(Refusal::Claim), "{number}");
    }
    let (known, secret) = world.claim(&product, None);
    world.administer(RevokeClaimToken(known.id)).unwrap();
    assert_eq!(register(&secret, None), Some(Refusal::Claim(ClaimFault::Revoked)));
    let forged = Secret::generate(crate::SecretUse::Claim, &mut Counting::from(77)).unwrap();
    assert_eq!(register(&forged, None), Some(Refusal::Claim(ClaimFault::Unknown)));
}

#[test]
fn a_claim_token_is_found_by_its_text_whether_it_is_good_or_not() {
    let world = World::new(33);
    let (token, claim) = world.claim(&world.product(Strategy::Off), None);
    let find = |text: &str| now(world.registry.claim_token(text.as_bytes())).unwrap();
    let found = find(claim.expose()).unwrap();
    assert_eq!((found.id, found.holds(world.registry.now())), (token.id, Ok(())));
    world.administer(RevokeClaimToken(token.id)).unwrap();
    let found = find(claim.expose()).unwrap();
    assert_eq!(found.holds(world.registry.now()), Err(ClaimFault::Revoked));
    let forged = Secret::generate(crate::SecretUse::Claim, &mut Counting::from(78)).unwrap();
    for text in [forged.expose(), "guess", ""] {
        assert!(find(text).is_none(), "{text}");
    }
    let fault = StoreFault::Unavailable("it is down".into());
    world.store.fail_with(Some(fault.clone()));
    assert_eq!(now(world.registry.claim_token(claim.expose().as_bytes())).unwrap_err(), fault);
}

#[test]
fn a_pattern_matches_as_wildcards_do() {
    for (pattern, text, fits) in [
        ("*", "", true),
        ("a*c", "abbbc", true),
        ("a*c", "abbb", false),
        ("a?c", "abc", true),
        ("a?c", "ac", false),
        ("**a*", "xxa", true),
        ("?", "é", true),
        ("abc", "abcd", false),
        ("*ab*ab", "abxabab", true),
    ] {
        let pattern: crate::model::HardwareIdPattern = pattern.parse().unwrap();
        assert_eq!(pattern.matches(text), fits, "{pattern:?} {text}");
    }
}

/// Whatever devices, thieves and operators do, in whatever order, the promises of registration hold.
#[test]
fn registration_keeps_its_promises_in_any_order() {
    arbtest::arbtest(|u| {
        let world = World::new(30);
        let product =
            world.product(*u.choose(&[Strategy::Auto, Strategy::Quarantine, Strategy::AllowList])?);
        let claims = [world.claim(&product, Some(2)), world.claim(&product, Some(1))];
        let mut seen = std::collections::BTreeSet::new();
        let mut issued: Vec<Issued> = Vec::new();
        for _ in 0..u.int_in_range(1..=24)? {
            let hardware_id: HardwareId = (*u.choose(&["hw-1", "hw-2", "hw-3"])?).parse().unwrap();
            match u.int_in_range(0..=6)? {
                0..=2 => {
                    let (_, claim) = u.choose(&claims)?;
                    let before = standing(&world, &product, &hardware_id);
                    let result = world.register(hardware_id.as_str(), claim);
                    if let Ok(Registered::Issued(new)) = result {
                        assert!(seen.insert(new.secret.expose().to_owned()), "a secret leaves once");
                        assert_ne!(
                            before,
                            Some(DeviceState::Active),
                            "an active device's secret never changes"
                        );
                        issued.push(*new);
                    }
                }
                3 => {
                    if let Some(new) = issued.last() {
                        let _ = world.by(Actor::system(), Confirm(new.credential.id));
                    }
                }
                4 => decide_all(&world, u.arbitrary()?),
                5 => {
                    let device = issued.iter().map(|new| new.device.id.clone()).next();
                    if let Some(device) = device {
                        let transition = *u.choose(Transition::ALL)?;
                        let _ = world.administer(MoveDevice::new(device, transition));
                    }
                }
                _ => {
                    world.clock.turn(u.int_in_range(0..=2 * PENDING_MILLIS)?);
                    world.sweep();
                }
            }
            for new in &issued {
                let states = world.states(&new.device.id);
                let pending = states.iter().filter(|state| **state == CredentialState::Pending).count();
                assert!(pending <= 1, "at most one secret waits for its first use: {states:?}");
            }
            for (token, _) in &claims {
                assert!(world.token_uses(token) <= token.uses_max.unwrap(), "no more devices than it says");
            }
        }
        Ok(())
    });
}

fn standing(world: &World, product: &Product, hardware_id: &HardwareId) -> Option<DeviceState> {
    let device =
        now(async { world.registry.read().await?.device_by_hardware_id(product.id, hardware_id).await });
    device.unwrap().map(|device| device.state)
}

fn decide_all(world: &World, is_approved: bool) {
    let filter = crate::store::RegistrationFilter::default();
    let page = PageRequest::first(100);
    let all = now(async { world.registry.read().await?.registrations(&filter, page).await }).unwrap();
    for registration in all.items {
        let decision =
            DecideRegistration { id: registration.id, is_approved, expected: None, reason: "".into() };
        let _ = world.administer(decision);
    }
}
