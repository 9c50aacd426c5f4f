//! What verification costs: `resident DEVICES VERIFICATIONS`. Fills a registry, then judges its devices in
//! turn on one thread, and prints bytes per device, verifications per second, and percentiles.

#![expect(clippy::disallowed_methods, reason = "a measurement needs a clock")]
#![expect(clippy::print_stdout, reason = "and tells what it found")]

use std::sync::Arc;
use std::time::Instant;

use secrecy::SecretSlice;
use vouchmq_identity::model::{CredentialId, DeviceId, DeviceState, Product, ProductId, Proof, Validity};
use vouchmq_identity::resident::{Change, Resident, ResidentCredential, ResidentDevice, ResidentProduct};
use vouchmq_identity::{
    AuthRequest, Authenticator, Clock, Entropy, Keyring, NoEntropy, Secret, SecretUse, UnixMillis, Verdict,
};
use vouchmq_mqtt::topic::HashSeed;

const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);
const LOGINS: usize = 10_000;

type Failure = Box<dyn std::error::Error>;

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

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let device_count: usize = arguments.next().as_deref().unwrap_or("1000000").parse()?;
    let round_count: usize = arguments.next().as_deref().unwrap_or("1000000").parse()?;
    let mut entropy = Repeatable(0);
    let keyring = Keyring::generate(&mut entropy)?;
    let maker = Keyring::parse(&keyring.expose())?;
    let resident = Resident::new(keyring, HashSeed::new([1, 2]), Arc::new(Standing));
    let id = ProductId::generate(NOW, &mut entropy)?;
    let product = Product::new(id, "sensor".parse()?, "Sensor".parse()?, NOW);
    resident.apply(1, [Change::Product(ResidentProduct::from(&product))]);

    let before = resident_bytes();
    let mut logins = Vec::with_capacity(LOGINS);
    let mut took = std::time::Duration::ZERO;
    for portion in portions(device_count) {
        let mut devices = Vec::with_capacity(portion);
        for _ in 0..portion {
            let (device, secret) = device_of(id, &maker, &mut entropy)?;
            if logins.len() < LOGINS {
                logins.push(login(device.id.as_str(), &secret));
            }
            devices.push(device);
        }
        let start = Instant::now();
        resident.load(devices);
        took += start.elapsed();
    }
    let bytes = resident_bytes().saturating_sub(before) / device_count.max(1);
    println!("{device_count} devices: {bytes} bytes of RSS each, loaded in {took:?}");
    measure(&resident, &logins, round_count)
}

/// Loaded a portion at a time, so that what the loader holds does not count as what is resident.
fn portions(device_count: usize) -> impl Iterator<Item = usize> {
    let size = 100_000;
    (0..device_count).step_by(size).map(move |from| size.min(device_count - from))
}

fn device_of(
    product: ProductId,
    maker: &Keyring,
    entropy: &mut Repeatable,
) -> Result<(ResidentDevice, Secret), Failure> {
    let credential = CredentialId::generate(NOW, entropy)?;
    let secret = Secret::generate(SecretUse::Device, entropy)?;
    let verifier = maker.verifier_of(&credential.to_string(), secret.expose().as_bytes());
    let proof = Proof::Secret(secret.key_id(), verifier);
    let validity = Validity::default();
    let device = ResidentDevice {
        id: DeviceId::generate(NOW, entropy)?,
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
    Ok((device, secret))
}

fn login(id: &str, secret: &Secret) -> AuthRequest {
    AuthRequest {
        client_id: id.into(),
        username: Some(id.into()),
        password: Some(SecretSlice::from(secret.expose().as_bytes().to_vec())),
        peer: None,
    }
}

fn measure(resident: &Resident, logins: &[AuthRequest], round_count: usize) -> Result<(), Failure> {
    let mut nanos = Vec::with_capacity(round_count);
    let start = Instant::now();
    for request in logins.iter().cycle().take(round_count) {
        let each = Instant::now();
        if !matches!(resident.verify(request), Verdict::Allow(_)) {
            return Err("a right secret was refused".into());
        }
        nanos.push(each.elapsed().as_nanos());
    }
    let elapsed = start.elapsed();
    nanos.sort_unstable();
    let at = |percent: usize| nanos.get((nanos.len() * percent / 100).min(nanos.len() - 1)).copied();
    let rate = round_count as u128 * 1_000_000_000 / elapsed.as_nanos().max(1);
    println!(
        "{rate} verifications/s, p50 {} ns, p99 {} ns",
        at(50).unwrap_or_default(),
        at(99).unwrap_or_default()
    );
    Ok(())
}

/// Memory of this process, in bytes.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}
