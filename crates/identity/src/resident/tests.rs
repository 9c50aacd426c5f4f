use std::net::IpAddr;
use std::sync::atomic::AtomicU64 as Millis;

use secrecy::SecretSlice;
use vouchmq_mqtt::{Authorize, Permission, QoS};

use super::*;
use crate::acl::Acl;
use crate::blocks::{Block, BlockTarget};
use crate::model::{
    Binding, CredentialId, CredentialKind, DeviceState, Product, ProductState, Proof, Unusable, Validity,
};
use crate::testing::Counting;
use crate::{
    AuthRequest, Authenticator, Cost, Denial, HashCost, OutwardDenial, PasswordHash, Principal, Secret,
    SecretUse, Unavailable, UnixMillis, Verdict,
};

mod certificates;
mod equal_work;
mod reconsider;

const NOW: u64 = 1_700_000_000_000;

/// A clock that stands where it is put.
#[derive(Debug, Default)]
struct Standing(Millis);

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.load(Ordering::Relaxed))
    }
}

/// A registry with one product, and what fills it.
struct World {
    resident: Resident,
    clock: Arc<Standing>,
    product: Product,
    entropy: Counting,
    sequence: u64,
}

impl World {
    fn new() -> Self {
        let mut entropy = Counting::default();
        let clock = Arc::new(Standing(Millis::new(NOW)));
        let keyring = Keyring::generate(&mut entropy).unwrap();
        let resident = Resident::new(keyring, HashSeed::new([1, 2]), clock.clone());
        let id = ProductId::generate(clock.now(), &mut entropy).unwrap();
        let product = Product::new(id, "sensor".parse().unwrap(), "Sensor".parse().unwrap(), clock.now());
        let mut world = Self { resident, clock, product, entropy, sequence: 0 };
        world.apply(Change::Product(ResidentProduct::from(&world.product)));
        world
    }

    fn apply(&mut self, change: Change) {
        self.sequence += 1;
        self.resident.apply(self.sequence, [change]);
    }

    /// A credential of a fresh secret.
    fn secret(&mut self) -> (ResidentCredential, Secret) {
        let id = CredentialId::generate(self.clock.now(), &mut self.entropy).unwrap();
        let secret = Secret::generate(SecretUse::Device, &mut self.entropy).unwrap();
        let keyring = self.resident.keyring.load();
        let verifier = keyring.verifier_of(&id.to_string(), secret.expose().as_bytes());
        let proof = Proof::Secret(secret.key_id(), verifier);
        (
            ResidentCredential {
                id,
                proof,
                validity: Validity::default(),
                ends_at: None,
                is_unconfirmed: false,
            },
            secret,
        )
    }

    fn device(&self, id: &str, credentials: impl Into<Box<[ResidentCredential]>>) -> ResidentDevice {
        ResidentDevice {
            id: id.parse().unwrap(),
            product: self.product.id,
            state: DeviceState::Active,
            expires_at: None,
            attributes: Vec::new(),
            credentials: credentials.into(),
        }
    }

    /// A device that is in force, and its secret.
    fn add(&mut self, id: &str) -> Secret {
        let (credential, secret) = self.secret();
        self.apply(Change::Device(self.device(id, [credential])));
        secret
    }

    fn judge(&self, username: &str, password: &str) -> Verdict {
        self.resident.judge(&request(username, username, password)).verdict
    }

    #[track_caller]
    fn denied(&self, username: &str, password: &str) -> Denial {
        let verdict = self.judge(username, password);
        let Verdict::Deny(denial) = verdict else { panic!("{verdict:?}") };
        denial
    }

    #[track_caller]
    fn allowed(&self, username: &str, password: &str) {
        let verdict = self.judge(username, password);
        assert!(matches!(verdict, Verdict::Allow(_)), "{verdict:?}");
    }
}

fn request(client_id: &str, username: &str, password: &str) -> AuthRequest {
    AuthRequest {
        client_id: client_id.into(),
        username: Some(username.into()),
        password: Some(SecretSlice::from(password.as_bytes().to_vec())),
        peer: Some(IpAddr::from([10, 0, 0, 9])),
        certificate: None,
        arrival: Default::default(),
    }
}

#[test]
fn a_device_is_let_in_with_its_secret_and_nothing_else() {
    let mut world = World::new();
    let (secret, other) = (world.add("d1"), world.add("d2"));
    let judged = world.resident.judge(&request("d1", "d1", secret.expose()));
    let Verdict::Allow(allowance) = judged.verdict else { panic!("{judged:?}") };
    let proven = judged.proven.unwrap();
    assert_eq!(allowance.principal, Principal::Device("d1".parse().unwrap(), proven.credential));
    assert_eq!((judged.as_of, allowance.expires_at), (3, None));
    let may = |topic| allowance.authorize.publish(topic, QoS::AtMostOnce, false);
    assert_eq!((may("dev/d1/up"), may("dev/d2/up")), (Permission::Allowed, Permission::Denied));
    for wrong in [other.expose(), "", "s3cr3t", &secret.expose()[..63], &secret.expose().to_uppercase()] {
        assert_eq!(world.denied("d1", wrong), Denial::WrongPassword, "{wrong}");
    }
    let without = AuthRequest { password: None, ..request("d1", "d1", "") };
    assert!(matches!(world.resident.verify(&without), Verdict::Deny(Denial::NoPassword)));
}

#[test]
fn who_is_not_known_is_left_to_the_next_authenticator() {
    let mut world = World::new();
    let secret = world.add("d1");
    for name in ["d2", "D1", "d1 ", "", "d1\0"] {
        let judged = world.resident.judge(&request("d1", name, secret.expose()));
        assert!(matches!(judged.verdict, Verdict::NotMine), "{name:?}");
        assert_eq!(judged.device, None);
    }
    let nameless = AuthRequest { username: None, ..request("d1", "", secret.expose()) };
    assert!(matches!(world.resident.verify(&nameless), Verdict::NotMine));
}

#[test]
fn a_device_has_several_secrets_at_once() {
    let mut world = World::new();
    let pairs: Vec<_> = (0..4).map(|_| world.secret()).collect();
    let (credentials, secrets): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    world.apply(Change::Device(world.device("d1", credentials.clone())));
    for (credential, secret) in credentials.iter().zip(&secrets) {
        let judged = world.resident.judge(&request("d1", "d1", secret.expose()));
        assert_eq!(judged.proven.unwrap().credential, credential.id);
    }
    // One is revoked: it is not resident any more, and the others are as good as before.
    world.apply(Change::Device(world.device("d1", &credentials[1..])));
    assert_eq!(world.denied("d1", secrets[0].expose()), Denial::WrongPassword);
    world.allowed("d1", secrets[1].expose());
}

/// Everything that keeps a device out although its secret is right, and what it may learn of it.
#[test]
fn what_speaks_against_a_device_is_told_exactly_inside_and_roughly_outside() {
    type Spoil = fn(&mut ResidentDevice, &mut Product);
    let cases: [(Denial, OutwardDenial, Spoil); 7] = [
        (Denial::Suspended, OutwardDenial::NotAllowed, |device, _| device.state = DeviceState::Suspended),
        (Denial::Retired, OutwardDenial::NotAllowed, |device, _| device.state = DeviceState::Retired),
        (Denial::DeviceExpired, OutwardDenial::NotAllowed, |device, _| {
            device.expires_at = Some(UnixMillis::new(NOW));
        }),
        (Denial::ProductDisabled, OutwardDenial::NotAllowed, |_, product| {
            product.state = ProductState::Disabled;
        }),
        (Denial::ClientId, OutwardDenial::NotAllowed, |device, _| device.id = "d2".parse().unwrap()),
        (Denial::Credential(Unusable::Expired), OutwardDenial::BadCredential, |device, _| {
            device.credentials[0].validity.not_after = Some(UnixMillis::new(NOW));
        }),
        (Denial::Credential(Unusable::NotYet), OutwardDenial::BadCredential, |device, _| {
            device.credentials[0].validity.not_before = Some(UnixMillis::new(NOW + 1));
        }),
    ];
    for (denial, outward, spoil) in cases {
        let mut world = World::new();
        let (credential, secret) = world.secret();
        let mut device = world.device("d1", [credential]);
        let mut product = world.product.clone();
        spoil(&mut device, &mut product);
        let name = device.id.clone();
        world.apply(Change::Product(ResidentProduct::from(&product)));
        world.apply(Change::Device(device));
        let judged = world.resident.judge(&request("d1", name.as_str(), secret.expose()));
        let Verdict::Deny(found) = judged.verdict else { panic!("{judged:?}") };
        assert_eq!((found, found.outward()), (denial, outward));
        assert!(judged.proven.is_some(), "an operator sees that the secret was right");
        let wrong = world.resident.judge(&request("d1", name.as_str(), "wrong"));
        assert!(matches!(wrong.verdict, Verdict::Deny(Denial::WrongPassword)), "only who proves it is told");
    }
}

#[test]
fn a_block_keeps_out_whoever_it_names() {
    let mut world = World::new();
    let secret = world.add("d1");
    let credential = world.resident.device("d1").unwrap().credentials[0].id.to_string();
    let product = world.product.id.to_string();
    for (kind, value) in [
        ("device", "d1"),
        ("clientid", "d1"),
        ("username", "d1"),
        ("ip", "10.0.0.9"),
        ("cidr", "10.0.0.0/24"),
        ("product", &product),
        ("credential", &credential),
    ] {
        let target = BlockTarget::parse(kind, value).unwrap();
        let until = Some(UnixMillis::new(NOW + 1000));
        let mut blocks = Blocks::default();
        blocks.insert(Block { target, reason: "test".into(), until }).unwrap();
        world.apply(Change::Blocks(blocks.into()));
        assert_eq!(world.denied("d1", secret.expose()), Denial::Blocked, "{kind}");
        world.clock.0.store(NOW + 1000, Ordering::Relaxed);
        world.allowed("d1", secret.expose());
        world.clock.0.store(NOW, Ordering::Relaxed);
    }
    world.apply(Change::Blocks(Arc::default()));
    world.allowed("d1", secret.expose());
}

#[test]
fn a_product_chooses_client_ids_and_rules_for_all_its_devices() {
    let mut world = World::new();
    let secret = world.add("d1");
    world.product.binding = Binding::Prefix;
    world.product.acl = Acl::default();
    world.apply(Change::Product(ResidentProduct::from(&world.product)));
    for (client_id, is_let_in) in [("d1", true), ("d1~2", true), ("d1-2", false)] {
        let verdict = world.resident.verify(&request(client_id, "d1", secret.expose()));
        assert_eq!(matches!(verdict, Verdict::Allow(_)), is_let_in, "{client_id}");
    }
    world.apply(Change::ProductGone(world.product.id));
    assert_eq!(world.denied("d1", secret.expose()), Denial::ProductDisabled);
}

/// What another broker asks about a device that it let in before.
#[test]
fn what_a_connected_device_may_do_ends_with_whatever_would_keep_it_out() {
    let mut world = World::new();
    let _secret = world.add("d1");
    let good = ResidentDevice::clone(&world.resident.device("d1").unwrap());
    let named = |username, client_id| Named { username, client_id, peer: Some(IpAddr::from([10, 0, 0, 9])) };
    let permitted = world.resident.permit(&named("d1", "d1")).unwrap();
    assert_eq!(permitted.rules.publish("dev/d1/up", QoS::AtMostOnce, false), Permission::Allowed);
    assert_eq!(permitted.product.key, world.product.key);
    assert_eq!(world.resident.permit(&named("d2", "d2")).unwrap_err(), Denial::UnknownUser);
    assert_eq!(world.resident.permit(&named("d1", "d2")).unwrap_err(), Denial::ClientId);
    let mut expired = good.credentials[0].clone();
    expired.validity.not_after = Some(UnixMillis::new(NOW));
    for (credentials, denial) in [
        (vec![], Some(Denial::Credential(Unusable::Revoked))),
        (vec![expired.clone()], Some(Denial::Credential(Unusable::Expired))),
        (vec![expired.clone(), good.credentials[0].clone(), expired], None),
    ] {
        world.apply(Change::Device(ResidentDevice { credentials: credentials.into(), ..good.clone() }));
        assert_eq!(world.resident.permit(&named("d1", "d1")).err(), denial);
    }
    let mut blocks = Blocks::default();
    let target = BlockTarget::parse("ip", "10.0.0.9").unwrap();
    blocks.insert(Block { target, reason: "test".into(), until: None }).unwrap();
    world.apply(Change::Blocks(blocks.into()));
    assert_eq!(world.resident.permit(&named("d1", "d1")).unwrap_err(), Denial::Blocked);
    let suspended = ResidentDevice { state: DeviceState::Suspended, ..good };
    world.apply(Change::Device(suspended));
    assert_eq!(world.resident.permit(&named("d1", "d1")).unwrap_err(), Denial::Suspended);
}

#[test]
fn what_a_connected_device_may_do_ends_with_the_last_credential_that_lets_it_in() {
    let mut world = World::new();
    let (first, second) = (world.secret().0, world.secret().0);
    world.apply(Change::Device(world.device("d1", [first.clone(), second.clone()])));
    let denial = |world: &World| {
        let named = Named { username: "d1", client_id: "d1", peer: None };
        world.resident.permit(&named).err()
    };
    let mut blocks = Blocks::default();
    for (credential, expected) in [(&first, None), (&second, Some(Denial::Blocked))] {
        let target = BlockTarget::parse("credential", &credential.id.to_string()).unwrap();
        blocks.insert(Block { target, reason: "stolen".into(), until: None }).unwrap();
        world.apply(Change::Blocks(blocks.clone().into()));
        assert_eq!(denial(&world), expected);
    }
    world.apply(Change::Blocks(Blocks::default().into()));
    assert_eq!(denial(&world), None);
    world.product.kinds = vec![CredentialKind::Scram];
    world.apply(Change::Product(ResidentProduct::from(&world.product)));
    assert_eq!(denial(&world), Some(Denial::CredentialKind), "it could not connect any more");
}

#[test]
fn a_verdict_tells_the_rules_that_it_was_given_with() {
    let mut world = World::new();
    let secret = world.add("d1");
    let judged = world.resident.judge(&request("d1", "d1", secret.expose()));
    let allowed = judged.allowed.unwrap();
    let entries: Vec<_> = allowed
        .rules
        .entries()
        .map(|(effect, action, filter)| (effect, action, filter.to_string()))
        .collect();
    use crate::acl::{Action, Effect};
    assert_eq!(
        entries,
        [Action::Publish, Action::Subscribe].map(|action| (Effect::Allow, action, "dev/d1/#".to_owned()))
    );
    assert!(world.resident.judge(&request("d1", "d1", "wrong")).allowed.is_none());
}

#[test]
fn a_verdict_ends_with_the_credential_or_the_device() {
    for (of_credential, of_device, expected) in
        [(None, None, None), (Some(5), None, Some(5)), (None, Some(7), Some(7)), (Some(9), Some(7), Some(7))]
    {
        let mut world = World::new();
        let (mut credential, secret) = world.secret();
        let at = |secs: u64| UnixMillis::new(NOW + secs);
        credential.validity.not_after = of_credential.map(at);
        credential.ends_at = credential.validity.not_after;
        let device = ResidentDevice { expires_at: of_device.map(at), ..world.device("d1", [credential]) };
        world.apply(Change::Device(device));
        let Verdict::Allow(allowance) = world.judge("d1", secret.expose()) else { panic!() };
        assert_eq!(allowance.expires_at, expected.map(at));
    }
}

#[test]
fn a_secret_whose_pepper_is_gone_is_our_fault_and_no_denial() {
    let mut world = World::new();
    let secret = world.add("d1");
    let mut keyring = Keyring::parse(&world.resident.keyring.load().expose()).unwrap();
    let old = keyring.current();
    keyring.rotate(&mut world.entropy).unwrap();
    world.resident.set_keyring(Keyring::parse(&keyring.expose()).unwrap());
    world.allowed("d1", secret.expose());
    keyring.retire(old);
    world.resident.set_keyring(keyring);
    assert!(matches!(world.judge("d1", secret.expose()), Verdict::Unavailable(Unavailable::NoKey)));
}

#[test]
fn passwords_go_to_the_pool_and_secrets_never_do() {
    let mut world = World::new();
    let (secret_credential, secret) = world.secret();
    let (template, _) = world.secret();
    let cost = HashCost::new(8, 1, 1).unwrap();
    let hash = PasswordHash::create(b"hunter2", cost, &mut world.entropy).unwrap();
    let password = ResidentCredential { proof: Proof::Password(hash), ..template };
    world.product.kinds.push(CredentialKind::Password);
    world.apply(Change::Product(ResidentProduct::from(&world.product)));
    world.apply(Change::Device(world.device("both", [secret_credential, password])));
    let only = world.add("secret-only");
    let cost = |name: &str, password: &str| world.resident.cost(&request(name, name, password));
    for (name, password, expected) in [
        ("both", "hunter2", Cost::Expensive),
        ("both", secret.expose(), Cost::Cheap),
        ("both", only.expose(), Cost::Cheap),
        ("secret-only", "hunter2", Cost::Cheap),
        ("nobody", "hunter2", Cost::Cheap),
    ] {
        assert_eq!(cost(name, password), expected, "{name} {password}");
        // Nobody is asked behind it about a device that it knows, and everybody about another.
        assert_eq!(world.resident.decides(&request(name, name, password)), name != "nobody");
    }
    world.allowed("both", "hunter2");
    world.allowed("both", secret.expose());
    assert_eq!(world.denied("both", "hunter3"), Denial::WrongPassword);
    // A kind that is allowed no more lets nobody in, whatever it proves.
    world.product.kinds.pop();
    world.apply(Change::Product(ResidentProduct::from(&world.product)));
    assert_eq!(world.denied("both", "hunter2"), Denial::CredentialKind);
    world.allowed("both", secret.expose());
}

#[test]
fn many_devices_are_found_each_and_only_while_they_are_there() {
    let mut world = World::new();
    let (template, secret) = world.secret();
    let device = |number: u32| world.device(&format!("d{number}"), [template.clone()]);
    world.resident.load((0..20_000).map(device));
    // Loaded again, nobody is there twice.
    world.resident.load((10_000..20_000).map(device));
    assert_eq!(world.resident.len(), 20_000);
    // What comes later is what holds, within one load and after another.
    for state in [DeviceState::Suspended, DeviceState::Active] {
        let old = ResidentDevice { state: DeviceState::Retired, ..device(7) };
        world.resident.load([old, ResidentDevice { state, ..device(7) }]);
        assert_eq!(world.resident.device("d7").unwrap().state, state);
    }
    for number in (0..20_000).step_by(7) {
        assert_eq!(world.resident.device(&format!("d{number}")).unwrap().id.as_str(), format!("d{number}"));
    }
    for number in 0..100 {
        world.apply(Change::DeviceGone(format!("d{number}").parse().unwrap()));
    }
    assert_eq!((world.resident.len(), world.resident.applied()), (19_900, world.sequence));
    assert!(matches!(world.judge("d5", secret.expose()), Verdict::NotMine));
    world.allowed("d500", secret.expose());
    assert!(world.resident.device("d20000").is_none());
}

/// A reader sees a change as soon as it is counted, and never half of it.
#[test]
fn readers_and_the_writer_do_not_wait_for_each_other() {
    let mut world = World::new();
    let secret = world.add("d1");
    let good = ResidentDevice::clone(&world.resident.device("d1").unwrap());
    let bad = ResidentDevice { state: DeviceState::Suspended, ..good.clone() };
    let resident = &world.resident;
    let start = world.sequence;
    std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = 0;
                    while seen < start + 2000 {
                        let judged = resident.judge(&request("d1", "d1", secret.expose()));
                        assert!(judged.as_of >= seen, "never backwards");
                        seen = judged.as_of;
                        let is_whole =
                            matches!(judged.verdict, Verdict::Allow(_) | Verdict::Deny(Denial::Suspended));
                        assert!(is_whole, "{judged:?}");
                    }
                })
            })
            .collect();
        for step in 1..=2000 {
            let device = if step % 2 == 0 { good.clone() } else { bad.clone() };
            resident.apply(start + step, [Change::Device(device)]);
            let is_let_in =
                matches!(resident.verify(&request("d1", "d1", secret.expose())), Verdict::Allow(_));
            assert_eq!(is_let_in, step % 2 == 0, "at once");
        }
        for reader in readers {
            reader.join().unwrap();
        }
    });
}
