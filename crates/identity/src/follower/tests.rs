use std::sync::Mutex;

use vouchmq_mqtt::topic::HashSeed;

use super::*;
use crate::acl::{AclRule, Action, Effect};
use crate::blocks::Block;
use crate::model::{CredentialId, Transition};
use crate::registry::tests::{World, now};
use crate::registry::{
    AdoptKeys, ChangeDevice, ChangeProduct, Confirm, DevicePatch, MoveDevice, ProductPatch, PutBlock,
    RevokeCredential,
};
use crate::{BlockTarget, Pending};
use crate::{model::Strategy, registry::Actor};

/// Takes down what it is asked.
#[derive(Default)]
struct Asked(Mutex<Vec<(Whom, Option<Farewell>)>>);

impl Asked {
    fn take(&self) -> Vec<(Whom, Option<Farewell>)> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Sessions for Asked {
    fn reconsider(&self, whom: Whom) -> Pending<'_, usize> {
        self.0.lock().unwrap().push((whom, None));
        Box::pin(async { 1 })
    }

    fn disconnect(&self, whom: Whom, _: Option<CredentialId>, farewell: Farewell) -> Pending<'_, usize> {
        self.0.lock().unwrap().push((whom, Some(farewell)));
        Box::pin(async { 1 })
    }

    fn connected(&self, devices: Vec<DeviceId>) -> Pending<'_, Vec<bool>> {
        Box::pin(async move { devices.iter().map(|_| false).collect() })
    }
}

struct Following {
    world: World,
    resident: Arc<Resident>,
    asked: Arc<Asked>,
    follower: Follower,
}

impl Following {
    fn begin(world: World) -> Self {
        let keyring = world.registry.keyring();
        let resident = Arc::new(Resident::new(keyring, HashSeed::new([1, 2]), world.clock.clone()));
        let asked = Arc::new(Asked::default());
        let follower =
            now(Loaded::load(world.store.clone(), resident.clone())).unwrap().follow(asked.clone());
        Self { world, resident, asked, follower }
    }

    fn follow(&mut self) -> Followed {
        now(self.follower.catch_up()).unwrap()
    }
}

fn only(device: &DeviceId) -> Whom {
    Whom::Devices([device.clone()].into())
}

#[test]
fn what_was_there_before_is_loaded_and_what_comes_later_is_followed() {
    let world = World::new(50);
    let product = world.product(Strategy::Off);
    let (early, _) = world.made(&product);
    let mut following = Following::begin(world);
    assert_eq!(following.resident.applied(), 2);
    assert!(following.resident.device(early.id.as_str()).is_some());
    let (late, _) = following.world.made(&product);
    assert!(following.resident.device(late.id.as_str()).is_none());
    assert_eq!(following.follow(), Followed { sequence: 3, closed: Vec::new(), corrupt: Vec::new() });
    assert!(following.resident.device(late.id.as_str()).is_some());
    assert_eq!(following.asked.take(), [], "nobody is connected with what is new");
}

#[test]
fn what_ends_a_right_reaches_the_connections_it_concerns() {
    let world = World::new(51);
    let product = world.product(Strategy::Off);
    let ((device, added), (other, _)) = (world.made(&product), world.made(&product));
    let mut following = Following::begin(world);
    following.world.administer(RevokeCredential { id: added.credential.id, reason: "".into() }).unwrap();
    assert_eq!(following.follow().closed, [(4, 1)]);
    assert_eq!(following.asked.take(), [(only(&device.id), None)]);
    assert!(following.resident.device(device.id.as_str()).unwrap().credentials.is_empty());
    following.world.administer(MoveDevice::new(other.id.clone(), Transition::Suspend)).unwrap();
    following.follow();
    assert_eq!(following.asked.take(), [(only(&other.id), None)]);
    following.world.administer(MoveDevice::new(other.id.clone(), Transition::Retire)).unwrap();
    following.follow();
    assert!(following.resident.device(other.id.as_str()).is_none());
    let target = BlockTarget::parse("cidr", "192.0.2.0/24").unwrap();
    following.world.administer(PutBlock(Block { target, reason: "".into(), until: None })).unwrap();
    following.follow();
    assert_eq!(following.asked.take().last(), Some(&(Whom::Everybody, None)));
    assert_eq!(following.resident.block_count(), 1);
}

#[test]
fn a_kick_closes_what_may_stay() {
    let world = World::new(52);
    let (device, _) = world.made(&world.product(Strategy::Off));
    let mut following = Following::begin(world);
    following.world.rotate(&device.id, 60_000, Kick::Soft);
    assert_eq!(following.follow().closed, [(3, 1), (3, 1)]);
    assert_eq!(following.asked.take(), [(only(&device.id), None), (only(&device.id), Some(Farewell::Asked))]);
}

#[test]
fn a_first_use_is_followed_and_concerns_only_its_device() {
    let world = World::new(53);
    let (device, added) = world.made(&world.product(Strategy::Off));
    let mut following = Following::begin(world);
    assert!(following.resident.device(device.id.as_str()).unwrap().credentials[0].is_unconfirmed);
    following.world.by(Actor::system(), Confirm(added.credential.id)).unwrap();
    following.follow();
    assert!(!following.resident.device(device.id.as_str()).unwrap().credentials[0].is_unconfirmed);
    assert_eq!(following.asked.take(), [], "it is judged as before");
}

#[test]
fn only_attributes_that_rules_name_are_resident() {
    let world = World::new(54);
    let product = world.product(Strategy::Off);
    let (device, _) = world.made(&product);
    let attributes = vec![("site".into(), "north".into()), ("note".into(), "long".into())];
    let patch = DevicePatch { attributes: Some(attributes), ..DevicePatch::default() };
    world.administer(ChangeDevice { id: device.id.clone(), expected: None, patch }).unwrap();
    let mut following = Following::begin(world);
    let names = |following: &Following| {
        let device = following.resident.device(device.id.as_str()).unwrap();
        device.attributes.iter().map(|(name, _)| name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(names(&following), [] as [&str; 0]);
    let pattern = "site/${attr.site}/#".parse().unwrap();
    let acl = [AclRule { effect: Effect::Allow, action: Action::Both, pattern }].into_iter().collect();
    let patch = ProductPatch { acl: Some(acl), ..ProductPatch::default() };
    following.world.administer(ChangeProduct { id: product.id, expected: None, patch }).unwrap();
    following.follow();
    assert_eq!(names(&following), ["site"]);
    assert_eq!(following.asked.take(), [(Whom::Everybody, None)]);
}

#[test]
fn another_log_is_noticed() {
    let world = World::new(55);
    world.by(Actor::system(), AdoptKeys::default()).unwrap().outcome.unwrap();
    let mut following = Following::begin(world);
    following.world.by(Actor::system(), AdoptKeys { is_new_log: true }).unwrap().outcome.unwrap();
    assert_eq!(now(following.follower.catch_up()), Err(FollowFault::Exchanged));
}

#[test]
fn without_a_database_everybody_who_is_resident_stays() {
    let world = World::new(56);
    let (device, _) = world.made(&world.product(Strategy::Off));
    let mut following = Following::begin(world);
    following.world.store.fail_with(Some(StoreFault::Busy));
    assert_eq!(now(following.follower.catch_up()), Err(FollowFault::Store(StoreFault::Busy)));
    assert!(following.resident.device(device.id.as_str()).is_some());
}
