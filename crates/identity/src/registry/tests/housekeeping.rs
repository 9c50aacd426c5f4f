use async_trait::async_trait;

use super::*;
use crate::model::{DeviceOrigin, ProductId, ProductState};
use crate::store::{LogEntry, NewEntry};

const DAY: u64 = 86_400_000;

impl World {
    /// Every chore once.
    pub(super) fn sweep(&self) -> Swept {
        let mut swept = Swept::default();
        for chore in Chore::ALL {
            swept.add(self.by(Actor::system(), Sweep(chore)).unwrap().outcome);
        }
        swept
    }

    fn log(&self) -> Vec<LogEntry> {
        now(async { self.registry.read().await?.log_after(0, u32::MAX).await }).unwrap()
    }

    pub(super) fn audited(&self, action: &str) -> Vec<String> {
        let page = PageRequest::first(u32::MAX);
        let entries = now(async { self.registry.read().await?.audit(page).await }).unwrap().items;
        let mut chain = AuditChain::default();
        entries.iter().for_each(|entry| chain.follow(entry).unwrap());
        let of = entries.iter().filter(|entry| *entry.record.action == *action);
        of.map(|entry| entry.record.actor.to_string()).collect()
    }

    fn find(&self, id: ProductId) -> Option<Product> {
        now(async { self.registry.read().await?.product(id).await }).unwrap()
    }
}

#[test]
fn a_credential_whose_time_is_over_is_revoked_an_hour_later() {
    use CredentialState::{Active, Grace, Revoked};
    let world = World::new(70);
    let (device, _) = world.made(&world.product(Strategy::Off));
    world.rotate(&device.id, 1_000, Kick::None);
    world.clock.turn(EXPIRED_KEPT_MILLIS);
    assert_eq!(world.sweep(), Swept::default());
    assert_eq!(world.states(&device.id), [Grace, Active]);
    world.clock.turn(1_001);
    let before = world.log().len();
    assert_eq!(world.sweep(), Swept { expired_count: 1, ..Swept::default() });
    assert_eq!(world.states(&device.id), [Revoked, Active]);
    assert_eq!(world.log().len(), before + 1, "whoever follows forgets it");
    assert_eq!(world.sweep(), Swept::default());
}

#[test]
fn blocks_that_are_over_are_removed_in_portions_and_through_the_log() {
    let world = World::new(71);
    let block = |number: u64, until: Option<u64>| {
        let target = crate::BlockTarget::parse("clientid", &number.to_string()).unwrap();
        let until = until.map(|more| UnixMillis::new(world.registry.now().millis() + more));
        world.administer(PutBlock(Block { target, reason: "".into(), until })).unwrap().0
    };
    let over: Vec<_> = (0..5).map(|number| block(number, Some(100))).collect();
    let stay = [block(8, None), block(9, Some(10_000))];
    world.clock.turn(BLOCK_KEPT_MILLIS);
    assert_eq!(world.sweep(), Swept::default(), "a clock may be wrong, and others' are not");
    world.clock.turn(1_000);
    let before = world.log().len();
    assert_eq!(world.sweep(), Swept { block_count: 3, is_more: true, ..Swept::default() });
    assert_eq!(world.sweep(), Swept { block_count: 2, ..Swept::default() });
    let all = now(async { world.registry.read().await?.blocks(PageRequest::first(9)).await }).unwrap().items;
    let left: Vec<_> = all.iter().map(|entry| entry.id).collect();
    assert_eq!(left, stay.map(|entry| entry.id));
    let told: Vec<_> = world.log().drain(before..).map(|entry| entry.change).collect();
    let expected: Vec<_> = over.into_iter().map(|entry| NewEntry::block(entry.block.target)).collect();
    assert_eq!(told, expected);
}

#[test]
fn what_was_over_for_long_is_forgotten_and_the_audit_log_is_not() {
    let world = World::new(72);
    let (_, claim) = world.claim(&world.product(Strategy::Auto), None);
    let used = world.issue("hw-1", &claim);
    world.by(Actor::system(), Confirm(used.credential.id)).unwrap();
    world.issue("hw-2", &claim);
    world.administer(RevokeCredential { id: used.credential.id, reason: "".into() }).unwrap();
    world.clock.turn(PENDING_MILLIS + 1);
    assert_eq!(world.sweep().credential_count, 1);
    let audited = world.audited("credential.revoke");
    world.clock.turn(REGISTRATION_KEPT_MILLIS - 2 * PENDING_MILLIS);
    assert_eq!(world.sweep(), Swept::default());
    world.clock.turn(2 * PENDING_MILLIS);
    assert_eq!(world.sweep().forgotten_count, 2, "both registrations");
    assert_eq!(world.states(&used.device.id), [CredentialState::Revoked]);
    world.clock.turn(REVOKED_KEPT_MILLIS);
    assert_eq!(world.sweep().forgotten_count, 2, "both credentials");
    assert_eq!(world.states(&used.device.id), []);
    assert_eq!(world.audited("credential.revoke"), audited);
}

/// Appends so many entries to the log.
#[derive(Debug)]
struct Entries(u64);

#[async_trait]
impl Command for Entries {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        for _ in 0..self.0 {
            desk.log(NewEntry::blocks()).await?;
        }
        Ok(())
    }
}

#[test]
fn the_change_log_loses_its_beginning_when_it_is_old_and_long() {
    let world = World::new(73);
    let ends =
        |world: &World| world.log().first().zip(world.log().last()).map(|(a, b)| (a.sequence, b.sequence));
    world.by(Actor::system(), Entries(50)).unwrap();
    world.clock.turn(8 * DAY);
    assert_eq!(world.sweep(), Swept::default(), "it is old and short");
    world.by(Actor::system(), Entries(LOG_KEPT_MIN)).unwrap();
    assert_eq!(world.sweep(), Swept { forgotten_count: 50, ..Swept::default() });
    assert_eq!(ends(&world), Some((51, LOG_KEPT_MIN + 50)));
    world.by(Actor::system(), Entries(150)).unwrap();
    assert_eq!(world.sweep(), Swept::default(), "it is long and new");
    world.clock.turn(8 * DAY);
    assert_eq!(world.sweep(), Swept { forgotten_count: 100, is_more: true, ..Swept::default() });
    assert_eq!(world.sweep(), Swept { forgotten_count: 50, ..Swept::default() });
    assert_eq!(ends(&world), Some((201, LOG_KEPT_MIN + 200)));
}

#[test]
fn a_product_with_many_devices_is_out_of_service_at_once_and_deleted_in_portions() {
    let world = World::new(74);
    let product = world.product(Strategy::Quarantine);
    let (_, claim) = world.claim(&product, None);
    let waiting: Vec<_> = (0..4).map(|number| world.quarantined(&format!("w-{number}"), &claim)).collect();
    world.reject(waiting[0].id);
    let devices: Vec<_> = (0..7).map(|_| world.made(&product)).collect();
    let delete = DeleteProduct { id: product.id, expected: Some(1), is_cascading: true };
    assert!(!world.administer(delete.clone()).unwrap(), "there are more than one transaction takes");
    assert_eq!(world.find(product.id).unwrap().state, ProductState::Deleting);
    let retired = |world: &World| {
        let is_retired = |device: &&(Device, Added)| world.device(&device.0.id).state == DeviceState::Retired;
        devices.iter().filter(is_retired).count()
    };
    assert_eq!(retired(&world), 3);

    // Nobody comes in, whoever asks.
    let (last, added) = devices.last().unwrap();
    assert_eq!(world.device(&last.id).state, DeviceState::Registered);
    let gone = Refusal::NotFound(What::Product);
    assert_eq!(world.by(Actor::system(), Confirm(added.credential.id)).unwrap_err(), gone);
    assert!(matches!(world.register("hw-9", &claim).unwrap_err(), Refusal::NotListed(_)));
    let new =
        NewDevice { origin: DeviceOrigin::Manual, ..NewDevice::claimed(product.id, "x".parse().unwrap()) };
    assert_eq!(world.administer(CreateDevice { new, with_secret: true }).unwrap_err(), gone);
    let patch = ProductPatch { state: Some(ProductState::Active), ..ProductPatch::default() };
    let change = ChangeProduct { id: product.id, expected: None, patch };
    assert_eq!(world.administer(change).unwrap_err(), gone);

    // Who begins anew on the same database goes on, with a portion in each transaction.
    let registry =
        Registry::new(world.store.clone(), world.registry.keyring(), world.clock.clone(), Counting::from(9));
    let again =
        World { store: world.store.clone(), registry: Arc::new(registry), clock: world.clock.clone() };
    assert!(again.sweep().is_more);
    assert_eq!((retired(&again), again.find(product.id).is_some()), (6, true));
    while again.sweep().is_more {}
    assert_eq!((retired(&again), again.find(product.id).is_some()), (7, false));
    for registration in waiting {
        let read = now(async { again.registry.read().await?.registration(registration.id).await }).unwrap();
        assert_eq!(read.unwrap().state, RegistrationState::Expired);
    }
    assert_eq!(again.audited("product.delete"), ["admin"]);
    assert_eq!(
        again.audited("device.retire"),
        ["admin", "admin", "admin", "system", "system", "system", "system"]
    );
    let rest = ProductPatch::default();
    again.administer(CreateProduct(NewProduct { key: product.key, name: product.name, rest })).unwrap();
}

#[test]
fn a_product_is_not_deleted_by_a_change() {
    let world = World::new(75);
    let product = world.product(Strategy::Off);
    let patch = ProductPatch { state: Some(ProductState::Deleting), ..ProductPatch::default() };
    let refused = world.administer(ChangeProduct { id: product.id, expected: None, patch }).unwrap_err();
    assert!(matches!(refused, Refusal::Field { pointer: "/state", .. }), "{refused}");
}

#[test]
fn a_row_that_is_corrupt_is_passed_over_and_told_and_stops_no_other() {
    use CredentialState::{Pending, Revoked};
    let world = World::new(76);
    let (token, claim) = world.claim(&world.product(Strategy::Auto), None);
    let issued: Vec<_> = (0..6).map(|number| world.issue(&format!("hw-{number}"), &claim)).collect();
    let target = |number: u64| crate::BlockTarget::parse("clientid", &number.to_string()).unwrap();
    let until = Some(UnixMillis::new(world.registry.now().millis() + 100));
    let blocks = [0, 1].map(|number| {
        world.administer(PutBlock(Block { target: target(number), reason: "".into(), until })).unwrap().0
    });
    // As many credentials as a portion has, a registration whose credential is sound, and a block.
    issued[..3].iter().for_each(|known| world.store.corrupt_row(known.credential.id));
    let registration =
        now(async { world.registry.read().await?.registration_of(issued[3].credential.id).await });
    world.store.corrupt_row(registration.unwrap().unwrap().id);
    world.store.corrupt_row(blocks[0].id);
    world.clock.turn(PENDING_MILLIS.max(BLOCK_KEPT_MILLIS) + 1_000);
    let swept = world.sweep();
    assert_eq!((swept.credential_count, swept.block_count), (3, 1));
    let told: Vec<_> = swept.corrupt.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    let state = |number: usize| world.states(&issued[number].device.id)[0];
    assert_eq!([0, 1, 2, 3, 4, 5].map(state), [Pending, Pending, Pending, Revoked, Revoked, Revoked]);
    assert_eq!(world.token_uses(&token), 4, "uses of rows that can be read are given back");
    let again = world.sweep();
    assert_eq!((again.credential_count, again.is_more, again.corrupt.len()), (0, false, 4));
}
