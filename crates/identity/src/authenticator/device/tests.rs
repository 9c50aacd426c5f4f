use std::sync::{Mutex, Weak};

use secrecy::SecretSlice;
use vouchmq_mqtt::topic::HashSeed;

use super::*;
use crate::authenticator::Replied;
use crate::follower::{Follower, Loaded};
use crate::model::{CredentialKind, CredentialState, Device, DeviceState, Strategy, Validity};
use crate::registry::tests::{World, now};
use crate::registry::{AddCredential, Added, ChangeProduct, NewProof, ProductPatch, RevokeCredential};
use crate::scram::{Iterations, ScramClient};
use crate::store::{Kick, StoreFault};
use crate::testing::Counting;
use crate::{Pending, Sessions, Whom};

mod certificates;

/// Runs each task to its end at once.
struct AtOnce;

impl Spawn for AtOnce {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        now(task);
    }

    fn after(&self, delay: Duration, then: Box<dyn FnOnce() + Send>) {
        DELAYS.with_borrow_mut(|delays| delays.push(delay));
        then();
    }
}

std::thread_local! {
    /// What was waited for, in this test.
    static DELAYS: std::cell::RefCell<Vec<Duration>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn delays() -> Vec<Duration> {
    DELAYS.with_borrow_mut(std::mem::take)
}

/// Nobody is connected.
struct Nobody;

impl Sessions for Nobody {
    fn reconsider(&self, _: Whom) -> Pending<'_, usize> {
        Box::pin(async { 0 })
    }

    fn disconnect(&self, _: Whom, _: Option<CredentialId>, _: crate::Farewell) -> Pending<'_, usize> {
        Box::pin(async { 0 })
    }

    fn connected(&self, devices: Vec<crate::model::DeviceId>) -> Pending<'_, Vec<bool>> {
        Box::pin(async move { devices.iter().map(|_| false).collect() })
    }
}

struct Door {
    world: World,
    follower: Follower,
    authenticator: DeviceAuthenticator,
}

impl Door {
    fn of(world: World) -> Self {
        let registry = world.registry.clone();
        let resident =
            Arc::new(Resident::new(registry.keyring(), HashSeed::new([3, 4]), world.clock.clone()));
        let follower =
            now(Loaded::load(world.store.clone(), resident.clone())).unwrap().follow(Arc::new(Nobody));
        let cost = HashCost::new(8, 1, 1).unwrap();
        let authenticator = DeviceAuthenticator::new(resident, registry, AtOnce, cost);
        Self { world, follower, authenticator }
    }

    fn follow(&mut self) {
        now(self.follower.catch_up()).unwrap();
    }

    /// As a broker asks.
    fn judge(&self, request: AuthRequest) -> Verdict {
        match self.authenticator.cost(&request) {
            Cost::Cheap | Cost::Expensive => self.authenticator.verify(&request),
            Cost::Elsewhere => {
                let (answered, wanted) = (Arc::new(Mutex::new(None)), Arc::new(()));
                let slot = answered.clone();
                let reply =
                    Reply::new(Arc::downgrade(&wanted), move |verdict| *slot.lock().unwrap() = Some(verdict));
                self.authenticator.verify_elsewhere(request, reply);
                let replied = answered.lock().unwrap().take().unwrap();
                match replied {
                    Replied::Verdict(verdict) => verdict,
                    Replied::Expensive(work) => {
                        let slot = answered.clone();
                        let give = move |verdict| *slot.lock().unwrap() = Some(verdict);
                        work.run(Reply::new(Weak::new(), give));
                        let replied = answered.lock().unwrap().take().unwrap();
                        let Replied::Verdict(verdict) = replied else { panic!("handed back twice") };
                        verdict
                    }
                }
            }
        }
    }
}

fn login(device: &Device, password: &str) -> AuthRequest {
    AuthRequest {
        client_id: device.id.as_str().into(),
        username: Some(device.id.as_str().into()),
        password: Some(SecretSlice::from(password.as_bytes().to_vec())),
        peer: None,
        certificate: None,
        arrival: Default::default(),
    }
}

fn secret_of(added: &Added) -> String {
    added.secret.as_ref().unwrap().expose().to_owned()
}

#[test]
fn a_first_use_is_durable_before_the_device_is_let_in() {
    let world = World::new(60);
    let (device, added) = world.made(&world.product(Strategy::Off));
    let mut door = Door::of(world);
    let request = || login(&device, &secret_of(&added));
    assert_eq!(door.authenticator.cost(&request()), Cost::Elsewhere);
    assert!(matches!(door.authenticator.verify(&request()), Verdict::Unavailable(Unavailable::NotRecorded)));
    door.world.store.fail_with(Some(StoreFault::Busy));
    assert!(matches!(door.judge(request()), Verdict::Unavailable(Unavailable::NotRecorded)));
    door.world.store.fail_with(None);
    assert!(matches!(door.judge(request()), Verdict::Allow(_)));
    assert_eq!(door.world.device(&device.id).state, DeviceState::Active);
    // From then on the database is not asked.
    door.follow();
    door.world.store.fail_with(Some(StoreFault::Busy));
    assert_eq!(door.authenticator.cost(&request()), Cost::Cheap);
    assert!(matches!(door.judge(request()), Verdict::Allow(_)));
}

#[test]
fn a_secret_that_is_revoked_while_it_is_first_used_lets_nobody_in() {
    let world = World::new(61);
    let (device, added) = world.made(&world.product(Strategy::Off));
    let door = Door::of(world);
    // What is resident does not know of it yet.
    door.world.administer(RevokeCredential { id: added.credential.id, reason: "".into() }).unwrap();
    let verdict = door.judge(login(&device, &secret_of(&added)));
    assert!(matches!(verdict, Verdict::Deny(Denial::Credential(Unusable::Revoked))), "{verdict:?}");
}

#[test]
fn the_first_use_of_a_new_secret_ends_the_old_one() {
    let world = World::new(62);
    let (device, old) = world.made(&world.product(Strategy::Off));
    let mut door = Door::of(world);
    assert!(matches!(door.judge(login(&device, &secret_of(&old))), Verdict::Allow(_)));
    let new = door.world.rotate(&device.id, 60_000, Kick::None);
    door.follow();
    for added in [&old, &new] {
        assert!(matches!(door.judge(login(&device, &secret_of(added))), Verdict::Allow(_)), "both are good");
    }
    door.follow();
    assert!(matches!(door.judge(login(&device, &secret_of(&old))), Verdict::Deny(Denial::WrongPassword)));
    assert!(matches!(door.judge(login(&device, &secret_of(&new))), Verdict::Allow(_)));
}

fn with_kind(world: &World, kind: CredentialKind) -> Device {
    let product = world.product(Strategy::Off);
    let patch = ProductPatch { kinds: Some(vec![CredentialKind::Secret, kind]), ..ProductPatch::default() };
    world.administer(ChangeProduct { id: product.id, expected: None, patch }).unwrap();
    world.made(&product).0
}

#[test]
fn a_password_of_another_scheme_is_hashed_anew_at_its_first_success() {
    let world = World::new(63);
    let device = with_kind(&world, CredentialKind::Password);
    // SHA-256 of "saltpassword".
    let text = "$sha256$salt=before$c2FsdA$E2Ab2k6njlWge5iGbSvmvgdE44ZvE8AMgRyrYIoo8yI";
    let hash: PasswordHash = text.parse().unwrap();
    assert!(hash.matches(b"password").unwrap());
    let (proof, validity) = (NewProof::Password(hash), Validity::default());
    let added = world.administer(AddCredential { device: device.id.clone(), proof, validity }).unwrap();
    let mut door = Door::of(world);
    assert!(matches!(door.judge(login(&device, "passwort")), Verdict::Deny(Denial::WrongPassword)));
    assert!(matches!(door.judge(login(&device, "password")), Verdict::Allow(_)));
    door.follow();
    let read = async { door.world.registry.read().await?.credential(added.credential.id).await };
    let Proof::Password(hash) = now(read).unwrap().unwrap().proof else { panic!() };
    assert!(hash.to_string().starts_with("$argon2id$"), "{hash}");
    assert!(matches!(door.judge(login(&device, "password")), Verdict::Allow(_)));
}

#[test]
fn a_wrong_password_is_refused_as_late_as_an_unknown_name() {
    let world = World::new(65);
    let device = with_kind(&world, CredentialKind::Password);
    let product = now(async { world.registry.read().await?.product(device.product).await }).unwrap().unwrap();
    let (other, _) = world.made(&product);
    let cost = HashCost::new(8, 1, 1).unwrap();
    let hash = PasswordHash::create(b"right", cost, &mut Counting::from(5)).unwrap();
    let (proof, validity) = (NewProof::Password(hash), Validity::default());
    world.administer(AddCredential { device: device.id.clone(), proof, validity }).unwrap();
    let door = Door::of(world);
    let mut unknown = login(&device, "wrong");
    unknown.username = Some("nobody".into());
    for request in [login(&device, "wrong"), login(&other, "wrong"), unknown] {
        assert!(matches!(door.judge(request), Verdict::Deny(_) | Verdict::NotMine));
        assert_eq!(delays(), [Duration::from_millis(250)]);
    }
    assert!(matches!(door.judge(login(&device, "right")), Verdict::Allow(_)));
    assert!(delays().is_empty());
}

#[test]
fn a_device_proves_itself_by_scram() {
    let world = World::new(64);
    let device = with_kind(&world, CredentialKind::Scram);
    let verifier = ScramVerifier::create("pencil", Iterations::default(), &mut Counting::from(7)).unwrap();
    let (proof, validity) = (NewProof::Scram(Arc::new(verifier)), Validity::default());
    let added = world.administer(AddCredential { device: device.id.clone(), proof, validity }).unwrap();
    let door = Door::of(world);
    let server = crate::scram::ScramServer::new(
        Arc::new(door.authenticator.scram()),
        zeroize::Zeroizing::new([7; 32]),
        Iterations::default(),
        Box::new(Counting::from(8)),
    );
    for (password, is_right) in [("pencil", true), ("pen", false)] {
        let mut entropy = Counting::from(9);
        let mut request = login(&device, "");
        request.password = None;
        let verdict = converse(&server, &request, password, &mut entropy);
        match verdict {
            Verdict::Allow(allowance) => {
                assert!(is_right);
                let expected = crate::Principal::Device(device.id.clone(), added.credential.id);
                assert_eq!(allowance.principal, expected);
            }
            Verdict::Deny(Denial::WrongPassword) => assert!(!is_right),
            Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_) => panic!("{verdict:?}"),
        }
    }
    let states = door.world.states(&device.id);
    assert_eq!(states, [CredentialState::Active, CredentialState::Active]);
}

fn converse(
    server: &crate::scram::ScramServer,
    request: &AuthRequest,
    password: &str,
    entropy: &mut Counting,
) -> Verdict {
    use crate::{ExchangeMethod, Step};
    let username = request.username.as_deref().unwrap();
    let (first, expected) = ScramClient::begin(username, password, entropy).unwrap();
    let mut exchange = server.begin(request);
    let Step::Continue(challenge) = exchange.step(&first) else { panic!("no challenge") };
    let (last, _) = expected.answer(&challenge).unwrap();
    match exchange.step(&last) {
        Step::Done(verdict, _) => verdict,
        Step::Later(inquiry, _) => {
            let (wanted, slot) = (Arc::new(()), Arc::new(Mutex::new(None)));
            let given = slot.clone();
            inquiry.begin(Reply::new(Arc::downgrade(&wanted), move |replied| {
                *given.lock().unwrap() = Some(replied);
            }));
            match slot.lock().unwrap().take() {
                Some(Replied::Verdict(verdict)) => verdict,
                other @ (Some(Replied::Expensive(_)) | None) => panic!("{other:?}"),
            }
        }
        Step::Continue(_) => panic!("not over"),
    }
}
