//! Judges one login many times, to be counted: `verify_instructions OPERATION COUNT` under
//! `valgrind --tool=callgrind`. `cargo xtask bench --instructions` knows the operations, records the counts, and
//! compares them: who guesses must not learn from the cost whether a device exists.
#![expect(clippy::unwrap_used, clippy::panic, reason = "an example fails loudly")]

use std::hint::black_box;
use std::sync::Arc;

use secrecy::SecretSlice;
use vouchmq_identity::model::{CredentialId, DeviceId, DeviceState, Product, ProductId, Proof, Validity};
use vouchmq_identity::resident::{Change, Resident, ResidentCredential, ResidentDevice, ResidentProduct};
use vouchmq_identity::{
    AuthRequest, Authenticator, Clock, Entropy, Keyring, NoEntropy, Secret, SecretUse, UnixMillis, Verdict,
};
use vouchmq_mqtt::topic::HashSeed;

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
const DEVICES: usize = 10_000;

struct Standing;

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        NOW
    }
}

/// Spread over all bits, and the same in each run.
struct Repeatable(u64);

impl Entropy for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            let word = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).to_le_bytes();
            chunk.copy_from_slice(word.get(..chunk.len()).unwrap_or_default());
        }
        Ok(())
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let operation = arguments.next().unwrap();
    let count: u64 = arguments.next().unwrap().parse().unwrap();
    let (resident, request) = prepare(&operation);
    for _ in 0..count {
        let verdict = black_box(resident.verify(black_box(&request)));
        assert_eq!(matches!(verdict, Verdict::Allow(_)), operation == "verify_known");
    }
}

/// A registry, and a login: of a device with its secret, with another one, and of nobody's device. All ids and
/// secrets are equally long.
fn prepare(operation: &str) -> (Resident, AuthRequest) {
    let mut entropy = Repeatable(0);
    let keyring = Keyring::generate(&mut entropy).unwrap();
    let maker = Keyring::parse(&keyring.expose()).unwrap();
    let resident = Resident::new(keyring, HashSeed::new([1, 2]), Arc::new(Standing));
    let product = ProductId::generate(NOW, &mut entropy).unwrap();
    let row = Product::new(product, "sensor".parse().unwrap(), "Sensor".parse().unwrap(), NOW);
    resident.apply(1, [Change::Product(ResidentProduct::from(&row))]);
    let mut known = Vec::new();
    let mut devices = Vec::new();
    for _ in 0..DEVICES {
        let (device, secret) = device_of(product, &maker, &mut entropy);
        known.push((device.id.to_string(), secret));
        devices.push(device);
    }
    resident.load(devices);
    let (id, secret) = known.first().unwrap();
    let stranger = DeviceId::generate(NOW, &mut entropy).unwrap().to_string();
    let guess = Secret::generate(SecretUse::Device, &mut entropy).unwrap();
    let request = match operation {
        "verify_known" => login(id, secret),
        "verify_wrong" => login(id, &guess),
        "verify_unknown" => login(&stranger, &guess),
        other => panic!("there is no operation {other}"),
    };
    (resident, request)
}

fn device_of(product: ProductId, maker: &Keyring, entropy: &mut Repeatable) -> (ResidentDevice, Secret) {
    let credential = CredentialId::generate(NOW, entropy).unwrap();
    let secret = Secret::generate(SecretUse::Device, entropy).unwrap();
    let verifier = maker.verifier_of(&credential.to_string(), secret.expose().as_bytes());
    let proof = Proof::Secret(secret.key_id(), verifier);
    let validity = Validity::default();
    let device = ResidentDevice {
        id: DeviceId::generate(NOW, entropy).unwrap(),
        product,
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
    };
    (device, secret)
}

fn login(id: &str, secret: &Secret) -> AuthRequest {
    AuthRequest {
        client_id: id.into(),
        username: Some(id.into()),
        password: Some(SecretSlice::from(secret.expose().as_bytes().to_vec())),
        peer: None,
    }
}
