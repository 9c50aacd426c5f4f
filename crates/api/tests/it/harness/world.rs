use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use vouchmq_api::authentication_service::{
    AuthenticationService, AuthenticationServiceOptions, Confirm, Judge,
};
use vouchmq_identity::model::{
    CredentialId, CredentialKind, DeviceId, DeviceState, Product, ProductId, Proof, Validity,
};
use vouchmq_identity::resident::{
    Change, HashSeed, Resident, ResidentCredential, ResidentDevice, ResidentProduct,
};
use vouchmq_identity::{
    Clock, Entropy, HashCost, Keyring, NoEntropy, PasswordHash, Secret, SecretUse, UnixMillis,
};

use super::Server;

/// The time at which every test begins, in seconds.
pub(crate) const NOW: u64 = 1_700_000_000;
/// A password with everything in it that somebody could get wrong.
pub(crate) const PASSWORD: &[u8] = b"p@ss w+rd\0&=%\xFF";

/// A registry that is filled by hand: one product, a device `d1` with a secret, and `pw` with a password.
pub(crate) struct World {
    pub(crate) resident: Arc<Resident>,
    pub(crate) clock: Arc<Standing>,
    pub(crate) product: Product,
    pub(crate) secret: Secret,
    pub(crate) confirmed: Arc<Confirmed>,
    maker: Keyring,
    entropy: Counting,
    sequence: u64,
}

/// A clock that stands where it is put.
pub(crate) struct Standing(AtomicU64);

/// Remembers what it confirmed, or refuses.
#[derive(Default)]
pub(crate) struct Confirmed {
    pub(crate) devices: Mutex<Vec<String>>,
    pub(crate) refuses: std::sync::atomic::AtomicBool,
}

struct Counting(u64);

impl World {
    pub(crate) fn new() -> Self {
        let mut entropy = Counting(0);
        let keyring = Keyring::generate(&mut entropy).unwrap();
        let maker = Keyring::parse(&keyring.expose()).unwrap();
        let clock = Arc::new(Standing(AtomicU64::new(NOW * 1000)));
        let resident = Arc::new(Resident::new(keyring, HashSeed::new([1, 2]), clock.clone()));
        let id = ProductId::generate(clock.now(), &mut entropy).unwrap();
        let mut product = Product::new(id, "sensor".parse().unwrap(), "Sensor".parse().unwrap(), clock.now());
        product.kinds.push(CredentialKind::Password);
        let secret = Secret::generate(SecretUse::Device, &mut entropy).unwrap();
        let confirmed = Arc::default();
        let mut world = Self { resident, clock, product, secret, confirmed, maker, entropy, sequence: 0 };
        world.apply(Change::Product(ResidentProduct::from(&world.product)));
        let device = world.device("d1");
        world.apply(Change::Device(device));
        let cost = HashCost::new(8, 1, 1).unwrap();
        let hash = PasswordHash::create(PASSWORD, cost, &mut world.entropy).unwrap();
        let mut device = world.device("pw");
        device.credentials[0].proof = Proof::Password(hash);
        world.apply(Change::Device(device));
        world
    }

    pub(crate) fn apply(&mut self, change: Change) {
        self.sequence += 1;
        self.resident.apply(self.sequence, [change]);
    }

    /// A device with the one secret of this world.
    pub(crate) fn device(&mut self, id: &str) -> ResidentDevice {
        let credential = CredentialId::generate(self.clock.now(), &mut self.entropy).unwrap();
        let verifier = self.maker.verifier_of(&credential.to_string(), self.secret.expose().as_bytes());
        let proof = Proof::Secret(self.secret.key_id(), verifier);
        let validity = Validity::default();
        ResidentDevice {
            id: id.parse().unwrap(),
            product: self.product.id,
            state: DeviceState::Active,
            expires_at: None,
            attributes: Vec::new(),
            credentials: [ResidentCredential {
                id: credential,
                proof,
                validity,
                ends_at: None,
                is_unconfirmed: false,
            }]
            .into(),
        }
    }

    pub(crate) fn serve(&self, options: &AuthenticationServiceOptions) -> Server {
        self.serve_with(options, self.resident.clone())
    }

    pub(crate) fn serve_with(&self, options: &AuthenticationServiceOptions, judge: Arc<dyn Judge>) -> Server {
        Server::start(self.router_with(options, judge))
    }

    pub(crate) fn router(&self, options: &AuthenticationServiceOptions) -> axum::Router {
        self.router_with(options, self.resident.clone())
    }

    fn router_with(&self, options: &AuthenticationServiceOptions, judge: Arc<dyn Judge>) -> axum::Router {
        let service =
            AuthenticationService::try_new(options, judge, self.confirmed.clone(), self.clock.clone());
        service.unwrap().build().router
    }
}

/// Options under which everybody may ask.
pub(crate) fn trusting() -> AuthenticationServiceOptions {
    AuthenticationServiceOptions { trust_loopback: true, ..AuthenticationServiceOptions::default() }
}

impl Standing {
    pub(crate) fn put(&self, secs: u64) {
        self.0.store(secs * 1000, Ordering::SeqCst);
    }
}

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl Confirm for Confirmed {
    async fn confirm(&self, device: &DeviceId, _: CredentialId) -> Option<u64> {
        self.devices.lock().unwrap().push(device.to_string());
        (!self.refuses.load(Ordering::SeqCst)).then_some(0)
    }
}

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = self.0.to_be_bytes()[0];
        }
        Ok(())
    }
}
