use super::*;
use crate::model::{CredentialId, ProductState};

/// Keeps a device from connecting.
type KeepOut = fn(&World, Product, DeviceId);

impl World {
    fn rotate_own(&self, device: &Device, credential: CredentialId) -> Result<Added, Refusal> {
        let rotate = RotateOwn { credential, grace_millis: 1000 };
        self.by(Actor::device(&device.id, None), rotate).map(|done| done.outcome)
    }

    /// A device that has connected.
    fn connected(&self) -> (Product, Device, CredentialId) {
        let product = self.product(Strategy::Off);
        let (device, added) = self.made(&product);
        self.by(Actor::system(), Confirm(added.credential.id)).unwrap();
        (product, device, added.credential.id)
    }
}

#[test]
fn a_device_replaces_the_secret_that_it_proved_and_by_the_next_one_only_the_next() {
    use CredentialState::{Active, Grace, Revoked};
    let world = World::new(50);
    let (_, device, first) = world.connected();
    let second = world.rotate_own(&device, first).unwrap();
    assert_eq!(world.states(&device.id), [Grace, Active]);
    // Good for logging in still; whoever stole it does not get the next.
    let refused = world.rotate_own(&device, first).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Credential));
    world.by(Actor::system(), Confirm(second.credential.id)).unwrap();
    world.rotate_own(&device, second.credential.id).unwrap();
    assert_eq!(world.states(&device.id), [Revoked, Grace, Active]);
}

#[test]
fn a_device_that_rotates_again_and_again_leaves_no_more_rows() {
    let world = World::new(54);
    let (_, device, mut current) = world.connected();
    for _ in 0..10 {
        current = world.rotate_own(&device, current).unwrap().credential.id;
        world.by(Actor::system(), Confirm(current)).unwrap();
    }
    let revoked = world.states(&device.id).into_iter().filter(|state| *state == CredentialState::Revoked);
    assert_eq!(revoked.count(), desk::REVOKED_OF_DEVICE_MAX + 1, "the last rotation has added one");
    assert_eq!(world.states(&device.id).last(), Some(&CredentialState::Active));
}

#[test]
fn the_secret_that_a_device_gives_itself_is_good_no_longer_than_the_one_it_replaces() {
    let world = World::new(51);
    let (_, device, _) = world.connected();
    let end = UnixMillis::new(world.registry.now().millis() + 500);
    let first = world
        .administer(Rotate {
            device: device.id.clone(),
            grace_millis: 0,
            kick: Kick::None,
            not_before: None,
            not_after: Some(end),
        })
        .unwrap();
    let second = world.rotate_own(&device, first.credential.id).unwrap();
    assert_eq!(second.credential.validity.not_after, Some(end));
    world.clock.turn(500);
    let refused = world.rotate_own(&device, second.credential.id).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Credential));
}

#[test]
fn what_is_revoked_since_it_was_proven_replaces_nothing() {
    let world = World::new(52);
    let (_, device, credential) = world.connected();
    world.administer(RevokeCredential { id: credential, reason: "".into() }).unwrap();
    let refused = world.rotate_own(&device, credential).unwrap_err();
    assert_eq!(refused, Refusal::NotFound(What::Credential));
    assert_eq!(world.states(&device.id), [CredentialState::Revoked]);
}

/// Confirming a first use asks the same.
#[test]
fn a_device_that_may_not_connect_any_more_replaces_nothing() {
    let disable = |world: &World, product: Product, _: DeviceId| {
        let patch = ProductPatch { state: Some(ProductState::Disabled), ..ProductPatch::default() };
        world.administer(ChangeProduct { id: product.id, expected: None, patch }).unwrap();
    };
    let expire = |world: &World, _: Product, id: DeviceId| {
        let patch = DevicePatch { expires_at: Some(Some(world.registry.now())), ..DevicePatch::default() };
        world.administer(ChangeDevice { id, expected: None, patch }).unwrap();
    };
    let suspend = |world: &World, _: Product, id: DeviceId| {
        world.administer(MoveDevice::new(id, Transition::Suspend)).unwrap();
    };
    let ways: [(&str, KeepOut); 3] = [("disabled", disable), ("expired", expire), ("suspended", suspend)];
    for (name, keep_out) in ways {
        let world = World::new(53);
        let (product, device, credential) = world.connected();
        keep_out(&world, product, device.id.clone());
        let refused = world.rotate_own(&device, credential).unwrap_err();
        assert_eq!(refused, Refusal::NotFound(What::Device), "{name}");
        let refused = world.by(Actor::system(), Confirm(credential)).unwrap_err();
        assert_eq!(refused, Refusal::NotFound(What::Device), "{name}");
        assert_eq!(world.states(&device.id), [CredentialState::Active], "{name}");
    }
}
