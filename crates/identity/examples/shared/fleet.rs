//! Devices to be measured, the same in each run.

use std::sync::Arc;

use vouchmq_identity::model::{CredentialId, DeviceId, DeviceState, Product, ProductId, Proof, Validity};
use vouchmq_identity::resident::{
    Change, HashSeed, Resident, ResidentCredential, ResidentDevice, ResidentProduct,
};
use vouchmq_identity::{Clock, Entropy, Keyring, NoEntropy, Secret, SecretUse, UnixMillis};

pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What is resident of a product, and what its devices are made of.
pub(crate) struct Fleet {
    pub(crate) resident: Resident,
    pub(crate) entropy: Repeatable,
    product: ProductId,
    maker: Keyring,
}

/// A clock that does not go.
pub(crate) struct Standing;

/// Spread over all bits, and the same in each run.
pub(crate) struct Repeatable(u64);

pub(crate) const NOW: UnixMillis = UnixMillis::new(1_700_000_000_000);

impl Fleet {
    /// A product without devices.
    pub(crate) fn try_new() -> Result<Self, Failure> {
        let mut entropy = Repeatable(0);
        let keyring = Keyring::generate(&mut entropy)?;
        let maker = Keyring::parse(&keyring.expose())?;
        let resident = Resident::new(keyring, HashSeed::new([1, 2]), Arc::new(Standing));
        let product = ProductId::generate(NOW, &mut entropy)?;
        let sensor = Product::new(product, "sensor".parse()?, "Sensor".parse()?, NOW);
        resident.apply(1, [Change::Product(ResidentProduct::from(&sensor))]);
        Ok(Self { resident, entropy, product, maker })
    }

    /// One more device, which is not resident yet, and its secret.
    pub(crate) fn device(&mut self) -> Result<(ResidentDevice, Secret), Failure> {
        let id = CredentialId::generate(NOW, &mut self.entropy)?;
        let secret = Secret::generate(SecretUse::Device, &mut self.entropy)?;
        let verifier = self.maker.verifier_of(&id.to_string(), secret.expose().as_bytes());
        let proof = Proof::Secret(secret.key_id(), verifier);
        let (validity, ends_at, is_unconfirmed) = (Validity::default(), None, false);
        let device = ResidentDevice {
            id: DeviceId::generate(NOW, &mut self.entropy)?,
            product: self.product,
            state: DeviceState::Active,
            expires_at: None,
            attributes: Vec::new(),
            credentials: [ResidentCredential { id, proof, validity, ends_at, is_unconfirmed }].into(),
        };
        Ok((device, secret))
    }
}

impl Clock for Standing {
    fn now(&self) -> UnixMillis {
        NOW
    }
}

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
