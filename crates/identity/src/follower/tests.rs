use std::sync::Mutex;
use std::time::Duration;

use vouchmq_mqtt::topic::HashSeed;

use super::*;
use crate::acl::{AclRule, Action, Effect};
use crate::blocks::Block;
use crate::model::{BlockEntry, BlockId, CredentialId, Transition};
use crate::registry::tests::{World, now};
use crate::registry::{
    AdoptKeys, ChangeDevice, ChangeProduct, Command, Confirm, Desk, DevicePatch, MoveDevice, ProductPatch,
    PutBlock, Refusal, RemoveBlock, RevokeCredential,
};
use crate::store::NewEntry;
use crate::{
    AuthRequest, Authenticator, BlockTarget, Clock, Denial, Pending, Principal, Reconsidered, Standing,
    Unavailable, UnixMillis, Verdict,
};
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
        Self::begin_with(world, |resident, _| resident)
    }

    fn begin_with(world: World, change: impl FnOnce(Resident, Arc<dyn Clock>) -> Resident) -> Self {
        let keyring = world.registry.keyring();
        let resident = Resident::new(keyring, HashSeed::new([1, 2]), world.clock.clone());
        let resident = Arc::new(change(resident, world.clock.clone()));
        let asked = Arc::new(Asked::default());
        let follower =
            now(Loaded::load(world.store.clone(), resident.clone())).unwrap().follow(asked.clone());
        Self { world, resident, asked, follower }
    }

    fn follow(&mut self) -> Followed {
        now(self.follower.catch_up()).unwrap()
    }
}

/// Writes rows of which the log says nothing, and entries of which the rows know nothing.
#[derive(Debug, Default)]
struct Behind(Vec<BlockEntry>, Vec<NewEntry>);

#[async_trait::async_trait]
impl Command for Behind {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let Self(blocks, entries) = self;
        for block in blocks {
            desk.rows().put_block(block).await?;
        }
        for entry in entries {
            desk.log(entry.clone()).await?;
        }
        Ok(())
    }
}

/// Deletes entries of the log.
#[derive(Debug)]
struct Forget(u64);

#[async_trait::async_trait]
impl Command for Forget {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        Ok(desk.rows().delete_log(self.0).await?)
    }
}

fn block(kind: &str, value: &str) -> Block {
    Block { target: BlockTarget::parse(kind, value).unwrap(), reason: "".into(), until: None }
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
    assert_eq!(
        following.follow(),
        Followed { sequence: 3, closed: Vec::new(), corrupt: Vec::new(), is_behind: false }
    );
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
    following.world.administer(PutBlock(block("cidr", "192.0.2.0/24"))).unwrap();
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
fn attributes_that_rules_name_again_are_read_again_of_all_devices() {
    let world = World::new(60);
    let product = world.product(Strategy::Off);
    let devices: Vec<DeviceId> = (0..5).map(|_| world.made(&product).0.id).collect();
    let mut following = Following::begin(world);
    let change_all = |following: &Following, value: &str| {
        for id in devices.clone() {
            let attributes = Some(vec![("site".into(), value.into()), ("room".into(), value.into())]);
            let patch = DevicePatch { attributes, ..DevicePatch::default() };
            following.world.administer(ChangeDevice { id, expected: None, patch }).unwrap();
        }
    };
    let name = |following: &Following, attributes: &[&str]| {
        let rule = |name: &&str| {
            let pattern = format!("${{attr.{name}}}/#").parse().unwrap();
            AclRule { effect: Effect::Allow, action: Action::Both, pattern }
        };
        let acl = Some(attributes.iter().map(rule).collect());
        let patch = ProductPatch { acl, ..ProductPatch::default() };
        following.world.administer(ChangeProduct { id: product.id, expected: None, patch }).unwrap();
    };
    let values = |following: &Following, attribute: &str| {
        let all = devices.iter().map(|id| following.resident.device(id.as_str()).unwrap());
        let values = all.filter_map(|device| {
            let found = device.attributes.iter().find(|(name, _)| **name == *attribute);
            found.map(|(_, value)| value.to_string())
        });
        values.collect::<Vec<_>>()
    };
    change_all(&following, "a");
    name(&following, &["site", "room"]);
    following.follow();
    assert_eq!(values(&following, "site"), ["a"; 5]);
    name(&following, &["room"]);
    following.follow();
    change_all(&following, "b");
    following.follow();
    assert_eq!((values(&following, "site").len(), values(&following, "room")), (0, vec!["b".to_owned(); 5]));
    name(&following, &["room", "site"]);
    following.follow();
    assert_eq!(values(&following, "site"), ["b"; 5]);
    assert_eq!(following.resident.len(), 5);
}

#[test]
fn entries_that_were_deleted_before_they_were_followed_are_missed() {
    let world = World::new(61);
    let product = world.product(Strategy::Off);
    let mut following = Following::begin(world);
    for _ in 0..3 {
        following.world.made(&product);
    }
    for up_to in [3, 4] {
        following.world.by(Actor::system(), Forget(up_to)).unwrap();
        assert_eq!(now(following.follower.catch_up()), Err(FollowFault::Gap(2)), "{up_to}");
    }
    assert_eq!(following.resident.applied(), 1);
}

#[test]
fn a_portion_of_many_changes_is_told_before_the_next_is_read() {
    let world = World::new(65);
    let product = world.product(Strategy::Off);
    let mut following = Following::begin(world);
    for _ in 0..20 {
        following.world.made(&product);
    }
    let steps: Vec<_> =
        (0..4).map(|_| following.follow()).map(|step| (step.sequence, step.is_behind)).collect();
    assert_eq!(steps, [(9, true), (17, true), (21, false), (21, false)]);
    // Somebody writes all the time: who waits for the first change does not wait for the last.
    following.world.made(&product);
    assert_eq!((following.follow().sequence, following.resident.len()), (22, 21));
}

#[test]
fn entries_that_nobody_can_read_end_following_as_missing_ones_do() {
    let world = World::new(64);
    let product = world.product(Strategy::Off);
    let mut following = Following::begin(world);
    following.world.made(&product);
    following.world.store.corrupt_log();
    assert_eq!(now(following.follower.catch_up()), Err(FollowFault::Gap(2)));
    // Who begins anew reads rows, and no entries.
    let begun = Following::begin(World { ..following.world });
    assert_eq!((begun.resident.applied(), begun.resident.len()), (2, 1));
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

#[test]
fn without_a_database_nobody_is_let_in_after_a_while_and_everybody_stays() {
    let world = World::new(58);
    let (device, added) = world.made(&world.product(Strategy::Off));
    world.by(Actor::system(), Confirm(added.credential.id)).unwrap();
    let secret = added.secret.unwrap();
    let mut following =
        Following::begin_with(world, |resident, clock| resident.bounded(Duration::from_secs(60), clock));
    let login = |following: &Following, password: &str| {
        let (client_id, username) = (device.id.as_str().into(), Some(device.id.as_str().into()));
        let password = Some(password.as_bytes().to_vec().into());
        let request = AuthRequest {
            client_id,
            username,
            password,
            peer: None,
            certificate: None,
            arrival: Default::default(),
        };
        following.resident.judge(&request).verdict
    };
    let is_let_in = |following: &Following| match login(following, secret.expose()) {
        Verdict::Allow(_) => true,
        Verdict::Unavailable(Unavailable::Stale) => false,
        verdict @ (Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_)) => panic!("{verdict:?}"),
    };
    let stays = |following: &Following| {
        let principal = Principal::Device(device.id.clone(), added.credential.id);
        let standing = Standing {
            principal: &principal,
            client_id: device.id.as_str(),
            username: Some(device.id.as_str()),
            peer: None,
        };
        matches!(following.resident.reconsider(&standing), Reconsidered::Changed(_))
    };
    following.world.store.fail_with(Some(StoreFault::Busy));
    following.world.clock.turn(60_000);
    now(following.follower.catch_up()).unwrap_err();
    assert!(is_let_in(&following) && !following.follower.is_stale());
    following.world.clock.turn(1);
    assert!(!is_let_in(&following) && following.follower.is_stale());
    assert!(stays(&following));
    let guess = login(&following, "vmq1_guess");
    assert!(matches!(guess, Verdict::Deny(Denial::WrongPassword)), "{guess:?}");
    following.world.store.fail_with(None);
    following.follow();
    assert!(is_let_in(&following));
}

#[test]
fn of_blocks_only_those_that_changed_are_read() {
    let mut following = Following::begin(World::new(57));
    let known = BlockId::generate(UnixMillis::new(1), &mut crate::testing::Counting::from(1)).unwrap();
    let created_by = "admin".parse().unwrap();
    let silent = BlockEntry {
        id: known,
        block: block("ip", "::1"),
        created_by,
        version: 1,
        created_at: UnixMillis::new(1),
    };
    following.world.by(Actor::system(), Behind(vec![silent], Vec::new())).unwrap();
    let (put, _) = following.world.administer(PutBlock(block("cidr", "10.0.0.0/8"))).unwrap();
    following.follow();
    assert_eq!(following.resident.block_count(), 1, "nothing was said of the other one");
    assert_eq!(following.asked.take(), [(Whom::Everybody, None)]);
    following.world.administer(RemoveBlock { id: put.id, expected: None }).unwrap();
    following.follow();
    assert_eq!((following.resident.block_count(), following.asked.take()), (0, vec![]), "nobody goes for it");
    // An entry from before entries said which.
    following.world.by(Actor::system(), Behind(Vec::new(), vec![NewEntry::blocks()])).unwrap();
    following.follow();
    assert_eq!(following.resident.block_count(), 1);
    assert_eq!(following.asked.take(), [(Whom::Everybody, None)]);
}

#[test]
fn a_block_of_a_device_concerns_its_connections_only() {
    let world = World::new(58);
    let (device, _) = world.made(&world.product(Strategy::Off));
    let mut following = Following::begin(world);
    following.world.administer(PutBlock(block("device", device.id.as_str()))).unwrap();
    following.world.administer(PutBlock(block("device", "no/device"))).unwrap();
    assert_eq!(following.follow().closed, [(3, 1)]);
    assert_eq!(following.asked.take(), [(only(&device.id), None)]);
    assert_eq!(following.resident.block_count(), 2);
}

#[test]
fn a_block_that_nobody_can_read_holds() {
    let world = World::new(59);
    world.product(Strategy::Off);
    let mut following = Following::begin(world);
    let until = Some(UnixMillis::new(1_700_000_001_000));
    following.world.administer(PutBlock(Block { until, ..block("ip", "::1") })).unwrap();
    following.world.store.corrupt_blocks(true);
    let followed = following.follow();
    assert!(matches!(*followed.corrupt, [StoreFault::Corrupt { table: "blocks", .. }]), "{followed:?}");
    let blocks = following.resident.blocks();
    assert_eq!(blocks.iter().map(|block| block.until).collect::<Vec<_>>(), [None]);
    assert_eq!(following.asked.take(), [(Whom::Everybody, None)]);
}
