//! Who was let in, and something has changed since.

use super::*;
use crate::acl::{AclRule, Action, Effect};
use crate::model::Name;
use crate::{Access, Anonymous, Reconsidered, Unblocked};

/// A device that was let in, and what it is judged by.
struct Connected {
    world: World,
    device: ResidentDevice,
    principal: Principal,
}

impl Connected {
    fn new() -> Self {
        let mut world = World::new();
        let (credential, secret) = world.secret();
        let device = world.device("d1", [credential]);
        world.apply(Change::Device(device.clone()));
        let Verdict::Allow(allowance) = world.judge("d1", secret.expose()) else { panic!("it is let in") };
        Self { world, device, principal: allowance.principal }
    }

    fn standing(&self) -> crate::Standing<'_> {
        crate::Standing {
            principal: &self.principal,
            client_id: "d1",
            username: Some("d1"),
            peer: Some(IpAddr::from([10, 0, 0, 9])),
        }
    }

    #[track_caller]
    fn ended(&self) -> Denial {
        match self.world.resident.reconsider(&self.standing()) {
            Reconsidered::Ended(denial) => denial,
            other @ (Reconsidered::Unchanged | Reconsidered::Changed(_)) => panic!("{other:?}"),
        }
    }
}

/// All that ends a connection ends it as it would keep the device out.
#[test]
fn what_keeps_a_device_out_ends_its_connections() {
    type Spoil = fn(&mut ResidentDevice, &mut Product, &mut World);
    let cases: [(Denial, Spoil); 10] = [
        (Denial::Suspended, |device, _, _| device.state = DeviceState::Suspended),
        (Denial::Retired, |device, _, _| device.state = DeviceState::Retired),
        (Denial::DeviceExpired, |device, _, _| device.expires_at = Some(UnixMillis::new(NOW))),
        (Denial::ProductDisabled, |_, product, _| product.state = ProductState::Disabled),
        (Denial::Credential(Unusable::Expired), |device, _, _| {
            device.credentials[0].validity.not_after = Some(UnixMillis::new(NOW));
        }),
        (Denial::Credential(Unusable::NotYet), |device, _, _| {
            device.credentials[0].validity.not_before = Some(UnixMillis::new(NOW + 1));
        }),
        (Denial::Credential(Unusable::Revoked), |device, _, _| device.credentials = Box::new([])),
        // Another secret of the same device does not stand in for the one that was proven.
        (Denial::Credential(Unusable::Revoked), |device, _, world| {
            device.credentials = Box::new([world.secret().0]);
        }),
        (Denial::Blocked, |_, _, world| block(world, "device", "d1", None)),
        (Denial::Blocked, |_, _, world| block(world, "cidr", "10.0.0.0/8", None)),
    ];
    for (denial, spoil) in cases {
        let mut connected = Connected::new();
        let Connected { world, device, .. } = &mut connected;
        let mut product = world.product.clone();
        spoil(device, &mut product, world);
        world.apply(Change::Product(ResidentProduct::from(&product)));
        world.apply(Change::Device(device.clone()));
        assert_eq!(connected.ended(), denial);
    }
}

#[test]
fn a_device_that_is_gone_is_ended() {
    let mut connected = Connected::new();
    connected.world.apply(Change::DeviceGone("d1".parse().unwrap()));
    assert_eq!(connected.ended(), Denial::Retired);
}

#[test]
fn another_binding_ends_a_client_id_that_it_does_not_admit() {
    let mut connected = Connected::new();
    connected.world.product.binding = Binding::Prefix;
    let product = ResidentProduct::from(&connected.world.product);
    connected.world.apply(Change::Product(product));
    let of = |client_id| {
        let standing = crate::Standing { client_id, ..connected.standing() };
        connected.world.resident.reconsider(&standing)
    };
    assert!(matches!(of("d1"), Reconsidered::Changed(_)));
    assert!(matches!(of("d2"), Reconsidered::Ended(Denial::ClientId)));
}

#[test]
fn a_device_that_may_stay_is_told_what_holds_now() {
    let mut connected = Connected::new();
    let pattern = "new/#".parse().unwrap();
    let rule = AclRule { effect: Effect::Allow, action: Action::Publish, pattern };
    connected.world.product.acl = Acl::new(vec![rule]);
    connected.world.product.name = "Renamed".parse::<Name>().unwrap();
    let product = ResidentProduct::from(&connected.world.product);
    connected.world.apply(Change::Product(product));
    let ends = UnixMillis::new(NOW + 5000);
    let device = ResidentDevice { expires_at: Some(ends), ..connected.device.clone() };
    connected.world.apply(Change::Device(device));
    let Reconsidered::Changed(allowance) = connected.world.resident.reconsider(&connected.standing()) else {
        panic!("it may stay")
    };
    assert_eq!((&allowance.principal, allowance.expires_at), (&connected.principal, Some(ends)));
    let may = |topic| allowance.authorize.publish(topic, QoS::AtMostOnce, false);
    assert_eq!((may("new/x"), may("dev/d1/up")), (Permission::Allowed, Permission::Denied));
}

/// Keeps somebody out, beside whoever is.
fn block(world: &mut World, kind: &str, value: &str, until: Option<UnixMillis>) {
    let mut blocks = Blocks::clone(&world.resident.blocks.load());
    let target = BlockTarget::parse(kind, value).unwrap();
    blocks.insert(Block { target, reason: "test".into(), until }).unwrap();
    world.apply(Change::Blocks(blocks.into()));
}

/// Whoever let a client in, a block of its name, its client id or its address ends it.
#[test]
fn a_block_ends_those_who_are_no_devices() {
    let user = Principal::User("proven".into());
    for principal in [&user, &Principal::Anonymous] {
        for (kind, value, is_hit) in [
            ("clientid", "c1", true),
            ("clientid", "c2", false),
            ("username", "said", true),
            ("username", "proven", principal.user_name().is_some()),
            ("ip", "192.0.2.7", true),
            ("ip", "192.0.2.8", false),
            ("cidr", "192.0.2.0/24", true),
            ("device", "c1", false),
            ("credential", "c1", false),
        ] {
            let mut world = World::new();
            let standing = crate::Standing {
                principal,
                client_id: "c1",
                username: Some("said"),
                peer: Some(IpAddr::from([192, 0, 2, 7])),
            };
            assert!(matches!(world.resident.reconsider(&standing), Reconsidered::Unchanged));
            block(&mut world, kind, value, Some(UnixMillis::new(NOW + 1)));
            let found = world.resident.reconsider(&standing);
            let is_ended = matches!(found, Reconsidered::Ended(Denial::Blocked));
            assert_eq!(is_ended, is_hit, "{kind} {value} of {principal}: {found:?}");
            world.clock.0.store(NOW + 1, Ordering::Relaxed);
            assert!(matches!(world.resident.reconsider(&standing), Reconsidered::Unchanged), "it is over");
        }
    }
}

/// A block keeps out whom anybody would let in, and costs nothing.
#[test]
fn blocks_hold_for_whoever_is_known_elsewhere() {
    /// Would have to compute.
    struct Costly(Anonymous);
    impl Authenticator for Costly {
        fn cost(&self, _: &AuthRequest) -> Cost {
            Cost::Expensive
        }
        fn verify(&self, request: &AuthRequest) -> Verdict {
            self.0.verify(request)
        }
    }
    let World { resident, .. } = World::new();
    let resident = Arc::new(resident);
    let inner = Costly(Anonymous::everybody(Access::everything()));
    let unblocked = Unblocked::new(resident.clone(), inner);
    let ask = || request("c1", "u1", "p");
    let standing = crate::Standing {
        principal: &Principal::Anonymous,
        client_id: "c1",
        username: Some("u1"),
        peer: Some(IpAddr::from([10, 0, 0, 9])),
    };
    for (kind, value) in [("clientid", "c1"), ("username", "u1"), ("ip", "10.0.0.9"), ("cidr", "10.0.0.0/8")]
    {
        resident.apply(1, [Change::Blocks(Arc::default())]);
        assert_eq!(unblocked.cost(&ask()), Cost::Expensive);
        assert!(matches!(unblocked.verify(&ask()), Verdict::Allow(_)));
        assert!(matches!(unblocked.reconsider(&standing), Reconsidered::Unchanged));
        let mut blocks = Blocks::default();
        let target = BlockTarget::parse(kind, value).unwrap();
        blocks.insert(Block { target, reason: "test".into(), until: None }).unwrap();
        resident.apply(2, [Change::Blocks(blocks.into())]);
        assert_eq!((unblocked.cost(&ask()), unblocked.decides(&ask())), (Cost::Cheap, true));
        assert!(matches!(unblocked.verify(&ask()), Verdict::Deny(Denial::Blocked)), "{kind}");
        assert!(matches!(unblocked.reconsider(&standing), Reconsidered::Ended(Denial::Blocked)), "{kind}");
        let (tell, told) = std::sync::mpsc::channel();
        let reply = crate::Reply::new(std::sync::Weak::new(), move |replied| tell.send(replied).unwrap());
        unblocked.verify_elsewhere(ask(), reply);
        let replied = told.recv().unwrap();
        assert!(matches!(replied, crate::Replied::Verdict(Verdict::Deny(Denial::Blocked))), "{replied:?}");
    }
}
