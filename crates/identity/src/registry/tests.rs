use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use secrecy::SecretString;

use super::*;
use crate::blocks::Block;
use crate::model::{
    ClaimFault, ClaimToken, CredentialState, Device, DeviceId, DeviceState, HardwareId, PENDING_MILLIS,
    Product, Registration, RegistrationId, RegistrationState, Strategy, Transition, Validity,
};
use crate::store::memory::MemoryStore;
use crate::store::{AuditChain, ChangeKind, Kick, PageRequest};
use crate::testing::Counting;
use crate::{Keyring, Secret};

mod api_keys;
pub(crate) mod arrive;
mod housekeeping;
mod keys;
mod registration;
mod rotate_own;

/// A clock that tests turn.
#[derive(Debug, Default)]
pub(crate) struct Dial(AtomicU64);

impl Clock for Dial {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.load(Ordering::Relaxed))
    }
}

impl Dial {
    pub(crate) fn turn(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

/// A registry in memory, where nothing ever waits.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) clock: Arc<Dial>,
}

/// The result of a future that does not wait.
pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    let mut future = std::pin::pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("the store in memory never waits"),
    }
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let store = Arc::new(MemoryStore::default());
        let clock = Arc::new(Dial::default());
        clock.turn(1_700_000_000_000);
        let keyring = Arc::new(Keyring::generate(&mut Counting::from(seed)).unwrap());
        let registry = Registry::new(store.clone(), keyring, clock.clone(), Counting::from(seed + 1));
        Self { store, registry: Arc::new(registry), clock }
    }

    pub(crate) fn by<C: Command>(&self, actor: Actor, command: C) -> Result<Done<C::Outcome>, Refusal> {
        // Time goes on: what is made later sorts later.
        self.clock.turn(1);
        now(self.registry.execute(actor, command))
    }

    pub(crate) fn administer<C: Command>(&self, command: C) -> Result<C::Outcome, Refusal> {
        let actor = Actor::administrator(&"admin".parse().unwrap(), None);
        self.by(actor, command).map(|done| done.outcome)
    }

    pub(crate) fn product(&self, strategy: Strategy) -> Product {
        let rest = ProductPatch { strategy: Some(strategy), ..ProductPatch::default() };
        let new = NewProduct { key: "sensor".parse().unwrap(), name: "Sensor".parse().unwrap(), rest };
        self.administer(CreateProduct(new)).unwrap()
    }

    fn claim(&self, product: &Product, uses_max: Option<u32>) -> (ClaimToken, Secret) {
        let (expires_at, networks, hardware_ids) = (None, Vec::new(), None);
        self.administer(CreateClaimToken {
            product: product.id,
            uses_max,
            expires_at,
            networks,
            hardware_ids,
        })
        .unwrap()
    }

    fn register(&self, hardware_id: &str, claim: &Secret) -> Result<Registered, Refusal> {
        let command = Register {
            product: "sensor".parse().unwrap(),
            hardware_id: hardware_id.parse().unwrap(),
            claim: SecretString::from(claim.expose().to_owned()),
        };
        self.by(Actor::stranger(None), command).map(|done| done.outcome)
    }

    fn issue(&self, hardware_id: &str, claim: &Secret) -> Issued {
        match self.register(hardware_id, claim).unwrap() {
            Registered::Issued(issued) => *issued,
            Registered::Quarantined(registration) => panic!("{registration:?}"),
        }
    }

    pub(crate) fn device(&self, id: &DeviceId) -> Device {
        now(async { self.registry.read().await?.device(id).await }).unwrap().unwrap()
    }

    pub(crate) fn states(&self, id: &DeviceId) -> Vec<CredentialState> {
        let all = now(async { self.registry.read().await?.credentials_of(id).await }).unwrap();
        all.iter().map(|credential| credential.state).collect()
    }

    fn token_uses(&self, token: &ClaimToken) -> u32 {
        now(async { self.registry.read().await?.claim_token(token.id).await }).unwrap().unwrap().uses
    }

    fn quarantined(&self, hardware_id: &str, claim: &Secret) -> Registration {
        match self.register(hardware_id, claim).unwrap() {
            Registered::Quarantined(registration) => registration,
            Registered::Issued(issued) => panic!("{issued:?}"),
        }
    }

    fn reject(&self, id: RegistrationId) {
        let decision = DecideRegistration { id, is_approved: false, expected: None, reason: "".into() };
        self.administer(decision).unwrap();
    }

    pub(crate) fn made(&self, product: &Product) -> (Device, Added) {
        let new = NewDevice {
            id: None,
            product: product.id,
            hardware_id: None,
            tags: Vec::new(),
            attributes: Vec::new(),
            expires_at: None,
            origin: crate::model::DeviceOrigin::Manual,
        };
        let (device, added) = self.administer(CreateDevice { new, with_secret: true }).unwrap();
        (device, added.unwrap())
    }

    pub(crate) fn rotate(&self, device: &DeviceId, grace_millis: u64, kick: Kick) -> Added {
        self.administer(Rotate {
            device: device.clone(),
            grace_millis,
            kick,
            not_before: None,
            not_after: None,
        })
        .unwrap()
    }
}

#[test]
fn a_key_names_one_product() {
    let world = World::new(1);
    let product = world.product(Strategy::Off);
    let again =
        NewProduct { key: product.key.clone(), name: product.name.clone(), rest: ProductPatch::default() };
    let refused = world.administer(CreateProduct(again)).unwrap_err();
    assert_eq!(refused, Refusal::Exists { what: What::Product, field: "key" });
}

#[test]
fn a_change_that_is_based_on_an_old_version_is_refused() {
    let world = World::new(2);
    let product = world.product(Strategy::Off);
    let patch = ProductPatch { strategy: Some(Strategy::Auto), ..ProductPatch::default() };
    let change = |expected| ChangeProduct { id: product.id, expected, patch: patch.clone() };
    assert_eq!(world.administer(change(Some(1))).unwrap().version, 2);
    let refused = world.administer(change(Some(1))).unwrap_err();
    assert_eq!(refused, Refusal::Stale { what: What::Product, expected: 1, current: 2 });
    assert_eq!(world.administer(change(None)).unwrap().version, 3);
}

#[test]
fn a_rotation_overlaps_until_the_new_secret_is_used() {
    use CredentialState::{Active, Grace, Revoked};
    let world = World::new(3);
    let (device, first) = world.made(&world.product(Strategy::Off));
    world.by(Actor::system(), Confirm(first.credential.id)).unwrap();
    assert_eq!(world.device(&device.id).state, DeviceState::Active);
    let second = world.rotate(&device.id, 1000, Kick::None);
    assert_eq!(world.states(&device.id), [Grace, Active]);
    let confirmed = world.by(Actor::system(), Confirm(second.credential.id)).unwrap();
    assert_eq!(confirmed.outcome, Confirmed { revoked_count: 1 });
    assert_eq!(world.states(&device.id), [Revoked, Active]);
    // A second use of the same credential changes nothing, and nobody has to follow.
    let again = world.by(Actor::system(), Confirm(second.credential.id)).unwrap();
    assert_eq!(again, Done { outcome: Confirmed::default(), sequence: None });
}

#[test]
fn a_rotation_without_grace_ends_the_old_secret_at_once() {
    use CredentialState::{Active, Revoked};
    let world = World::new(4);
    let (device, _) = world.made(&world.product(Strategy::Off));
    world.rotate(&device.id, 0, Kick::None);
    world.rotate(&device.id, 60_000, Kick::Hard);
    assert_eq!(world.states(&device.id), [Revoked, Revoked, Active]);
}

#[test]
fn a_device_never_has_more_live_credentials_than_four() {
    let world = World::new(5);
    let (device, _) = world.made(&world.product(Strategy::Off));
    for _ in 0..6 {
        world.rotate(&device.id, 60_000, Kick::None);
    }
    let live = world.states(&device.id).iter().filter(|state| **state != CredentialState::Revoked).count();
    assert_eq!(live, 4);
    let add = AddCredential { device: device.id, proof: NewProof::Secret, validity: Validity::default() };
    assert_eq!(world.administer(add).unwrap_err(), Refusal::CredentialLimit);
}

#[test]
fn a_revoked_credential_is_not_confirmed() {
    let world = World::new(6);
    let (_, added) = world.made(&world.product(Strategy::Off));
    let revoke = || RevokeCredential { id: added.credential.id, reason: "lost".into() };
    let revoked = world.by(Actor::system(), revoke()).unwrap();
    assert_eq!(revoked.outcome.state, CredentialState::Revoked);
    assert!(revoked.sequence.is_some());
    assert_eq!(world.by(Actor::system(), revoke()).unwrap().sequence, None, "once is enough");
    let refused = world.by(Actor::system(), Confirm(added.credential.id)).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Credential));
}

#[test]
fn a_use_is_not_confirmed_for_a_device_that_may_not_connect() {
    let world = World::new(12);
    let (device, added) = world.made(&world.product(Strategy::Off));
    world.by(Actor::system(), Confirm(added.credential.id)).unwrap();
    world.administer(MoveDevice::new(device.id, Transition::Suspend)).unwrap();
    // Also one that was confirmed before: whoever judged it may not know yet.
    let refused = world.by(Actor::system(), Confirm(added.credential.id)).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Device));
}

#[test]
fn a_product_with_devices_is_deleted_only_with_them() {
    let world = World::new(7);
    let product = world.product(Strategy::Off);
    let (device, _) = world.made(&product);
    let delete = |is_cascading| DeleteProduct { id: product.id, expected: None, is_cascading };
    assert_eq!(world.administer(delete(false)).unwrap_err(), Refusal::HasDevices { count: 1 });
    world.administer(delete(true)).unwrap();
    let gone = now(async { world.registry.read().await?.device(&device.id).await }).unwrap();
    assert!(gone.is_none_or(|device| device.state == DeviceState::Retired));
}

#[test]
fn the_change_log_has_no_gaps_and_refusals_leave_nothing() {
    let world = World::new(8);
    let product = world.product(Strategy::Off);
    let (device, added) = world.made(&product);
    let _ = world.administer(MoveDevice::new(device.id.clone(), Transition::Suspend)).unwrap();
    let _ = world.administer(CreateProduct(NewProduct {
        key: product.key,
        name: product.name,
        rest: ProductPatch::default(),
    }));
    let _ = world.administer(RevokeCredential { id: added.credential.id, reason: "".into() }).unwrap();
    let target = crate::BlockTarget::parse("ip", "192.0.2.1").unwrap();
    let _ = world.administer(PutBlock(Block { target, reason: "".into(), until: None })).unwrap();
    let entries = now(async { world.registry.read().await?.log_after(0, 100).await }).unwrap();
    let kinds: Vec<ChangeKind> = entries.iter().map(|entry| entry.change.kind).collect();
    use ChangeKind::{Blocks, Device, Product};
    assert_eq!(kinds, [Product, Device, Device, Device, Blocks]);
    assert!((1..).zip(&entries).all(|(number, entry)| entry.sequence == number));
}

#[test]
fn what_is_administered_is_audited_in_a_chain_and_what_devices_do_is_not() {
    let world = World::new(9);
    let product = world.product(Strategy::Auto);
    let (_, claim) = world.claim(&product, Some(1));
    let before = now(async { world.registry.read().await?.audit(PageRequest::first(100)).await }).unwrap();
    assert_eq!(before.items.len(), 2);
    let issued = world.issue("hw-1", &claim);
    world.by(Actor::system(), Confirm(issued.credential.id)).unwrap();
    let after = now(async { world.registry.read().await?.audit(PageRequest::first(100)).await }).unwrap();
    assert_eq!(after.items.len(), 2, "strangers cannot write to the audit log");
    let mut chain = AuditChain::default();
    after.items.iter().try_for_each(|entry| chain.follow(entry)).unwrap();
    let text = format!("{after:?}");
    assert!(!text.contains("vmq"), "{text}");
}

#[test]
fn a_kick_is_audited_told_to_every_node_and_changes_nothing() {
    let world = World::new(13);
    let (device, _) = world.made(&world.product(Strategy::Off));
    let kick = |id: &DeviceId| {
        let admin = Actor::administrator(&"admin".parse().unwrap(), None);
        world.by(admin, KickDevice { id: id.clone(), reason: "it floods".into() })
    };
    let sequence = kick(&device.id).unwrap().sequence.unwrap();
    let entry = now(async { world.registry.read().await?.log_after(sequence - 1, 1).await }).unwrap();
    let told = &entry[0].change;
    assert_eq!(
        (&told.device, told.kick),
        (&Some(device.id.clone()), Kick::Soft),
        "every node disconnects it"
    );
    let audit = now(async { world.registry.read().await?.audit(PageRequest::first(100)).await }).unwrap();
    let record = &audit.items.last().unwrap().record;
    assert_eq!((&*record.action, &*record.reason), ("device.kick", "it floods"));
    assert!(record.before.is_some() && record.before == record.after);
    let refused = kick(&"nobody".parse().unwrap()).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Device));
    let after = now(async { world.registry.read().await?.audit(PageRequest::first(100)).await }).unwrap();
    assert_eq!(after.items.len(), audit.items.len(), "and nobody else is kicked");
}

#[test]
fn when_the_database_is_down_nothing_is_done() {
    let world = World::new(10);
    let fault = StoreFault::Unavailable("it is down".into());
    world.store.fail_with(Some(fault.clone()));
    let new =
        NewProduct { key: "a".parse().unwrap(), name: "A".parse().unwrap(), rest: ProductPatch::default() };
    assert_eq!(world.administer(CreateProduct(new)).unwrap_err(), Refusal::Store(fault));
    world.store.fail_with(None);
    assert!(
        now(async { world.registry.read().await?.products(PageRequest::first(9)).await })
            .unwrap()
            .items
            .is_empty()
    );
}

#[test]
fn a_database_opens_only_with_its_keys() {
    let world = World::new(11);
    let (opened, _) = world.by(Actor::system(), AdoptKeys::default()).unwrap().outcome.unwrap();
    assert_eq!(opened.head, 0);
    let (again, _) = world.by(Actor::system(), AdoptKeys::default()).unwrap().outcome.unwrap();
    assert_eq!(again.log, opened.log);
    let (restored, _) = world.by(Actor::system(), AdoptKeys { is_new_log: true }).unwrap().outcome.unwrap();
    assert_ne!(restored.log, opened.log);
    world.registry.set_keyring(Arc::new(Keyring::generate(&mut Counting::from(99)).unwrap()));
    let fault = world.by(Actor::system(), AdoptKeys::default()).unwrap().outcome.unwrap_err();
    assert_eq!(fault, KeysFault::Wrong(crate::PepperVersion::FIRST));
}
