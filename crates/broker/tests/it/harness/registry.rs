use std::collections::HashMap;
use std::sync::Arc;

use vouchmq_broker::SystemClock;
use vouchmq_identity::acl::{Acl, AclRule, Action, Effect};
use vouchmq_identity::model::{CredentialId, DeviceId, DeviceState, Product, ProductId, Proof, Validity};
use vouchmq_identity::resident::{Change, Resident, ResidentCredential, ResidentDevice, ResidentProduct};
use vouchmq_identity::{
    Block, BlockTarget, Blocks, Clock, Entropy, Keyring, NoEntropy, Secret, SecretUse, UnixMillis,
};
use vouchmq_mqtt::ProtocolVersion;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::topic::HashSeed;

use super::connect;

/// Devices of one product and their secrets, as a registry has them resident.
pub(crate) struct Registry {
    pub(crate) resident: Arc<Resident>,
    maker: Keyring,
    product: Product,
    devices: HashMap<String, ResidentDevice>,
    blocks: Blocks,
    entropy: Repeatable,
    sequence: u64,
}

/// Spread over all bits, and the same in each run.
struct Repeatable(u64);

impl Entropy for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            let word = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl Registry {
    /// No device, and a product whose devices may publish and receive `t/#`.
    pub(crate) fn new() -> Self {
        let mut entropy = Repeatable(0);
        let keyring = Keyring::generate(&mut entropy).unwrap();
        let maker = Keyring::parse(&keyring.expose()).unwrap();
        let resident = Arc::new(Resident::new(keyring, HashSeed::new([1, 2]), Arc::new(SystemClock)));
        let id = ProductId::generate(SystemClock.now(), &mut entropy).unwrap();
        let (key, name) = ("sensor".parse().unwrap(), "Sensor".parse().unwrap());
        let product = Product::new(id, key, name, SystemClock.now());
        let (devices, blocks) = (HashMap::new(), Blocks::default());
        let mut registry = Self { resident, maker, product, devices, blocks, entropy, sequence: 0 };
        registry.allow(&[(Action::Both, "t/#")]);
        registry
    }

    fn apply(&mut self, change: Change) {
        self.sequence += 1;
        self.resident.apply(self.sequence, [change]);
    }

    /// A device with one credential; its secret.
    pub(crate) fn add(&mut self, id: &str) -> Secret {
        let device = ResidentDevice {
            id: id.parse().unwrap(),
            product: self.product.id,
            state: DeviceState::Active,
            expires_at: None,
            attributes: Vec::new(),
            credentials: Box::new([]),
        };
        self.devices.insert(id.to_owned(), device);
        self.add_secret(id)
    }

    /// One more secret of a device.
    pub(crate) fn add_secret(&mut self, id: &str) -> Secret {
        let credential = CredentialId::generate(SystemClock.now(), &mut self.entropy).unwrap();
        let secret = Secret::generate(SecretUse::Device, &mut self.entropy).unwrap();
        let verifier = self.maker.verifier_of(&credential.to_string(), secret.expose().as_bytes());
        let proof = Proof::Secret(secret.key_id(), verifier);
        let known = ResidentCredential {
            id: credential,
            proof,
            validity: Validity::default(),
            ends_at: None,
            is_unconfirmed: false,
        };
        self.change(id, |device| {
            device.credentials = device.credentials.iter().cloned().chain([known]).collect();
        });
        secret
    }

    /// The oldest credential of a device.
    pub(crate) fn credential(&self, id: &str) -> CredentialId {
        self.devices[id].credentials[0].id
    }

    /// A device changes.
    pub(crate) fn change(&mut self, id: &str, change: impl FnOnce(&mut ResidentDevice)) {
        let device = self.devices.get_mut(id).unwrap();
        change(device);
        let device = device.clone();
        self.apply(Change::Device(device));
    }

    /// No credential of a device is good for anything any more.
    pub(crate) fn revoke(&mut self, id: &str) {
        self.change(id, |device| device.credentials = Box::new([]));
    }

    pub(crate) fn remove(&mut self, id: &str) {
        self.apply(Change::DeviceGone(device_id(id)));
    }

    /// What devices may do from now on.
    pub(crate) fn allow(&mut self, rules: &[(Action, &str)]) {
        let rule = |(action, pattern): &(Action, &str)| AclRule {
            effect: Effect::Allow,
            action: *action,
            pattern: pattern.parse().unwrap(),
        };
        self.change_product(|product| product.acl = Acl::new(rules.iter().map(rule).collect()));
    }

    pub(crate) fn change_product(&mut self, change: impl FnOnce(&mut Product)) {
        change(&mut self.product);
        self.apply(Change::Product(ResidentProduct::from(&self.product)));
    }

    /// Keeps out whom this names.
    pub(crate) fn block(&mut self, kind: &str, value: &str) {
        let target = BlockTarget::parse(kind, value).unwrap();
        self.blocks.insert(Block { target, reason: "test".into(), until: None }).unwrap();
        self.apply(Change::Blocks(self.blocks.clone().into()));
    }
}

pub(crate) fn device_id(id: &str) -> DeviceId {
    id.parse().unwrap()
}

/// So much later than now.
pub(crate) fn in_millis(millis: u64) -> UnixMillis {
    UnixMillis::new(SystemClock.now().millis() + millis)
}

/// CONNECT of a device, by its id and its secret.
pub(crate) fn login<'a>(version: ProtocolVersion, id: &'a str, secret: &'a Secret) -> Connect<'a> {
    Connect { username: Some(id), password: Some(secret.expose().as_bytes()), ..connect(version, id) }
}
