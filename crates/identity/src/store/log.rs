use std::fmt;
use std::str::FromStr;

use crate::UnixMillis;
use crate::model::{CredentialId, DeviceId, ProductId, UnknownWord};
use crate::{BlockTarget, Entropy, NoEntropy};

use crate::model::words;

/// Which log it is: another one after a database was restored from a backup, so that who followed it knows.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct LogId([u8; 16]);

/// One change of what verifies devices, in the order of the commits, without gaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// Its number; the first is 1.
    pub sequence: u64,
    /// When it was made.
    pub at: UnixMillis,
    /// What changed.
    pub change: NewEntry,
}

/// What an entry of the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// The product that changed.
    pub product: Option<ProductId>,
    /// The device that changed.
    pub device: Option<DeviceId>,
    /// The credential that changed.
    pub credential: Option<CredentialId>,
    /// Whose block changed.
    pub block: Option<BlockTarget>,
    /// What happens to connections that may stay.
    pub kick: Kick,
}

words! {
    /// What kind of change an entry of the log tells.
    ChangeKind {
        /// A product is new or changed, or gone.
        Product = "product",
        /// A device is new or changed, or one of its credentials is.
        Device = "device",
        /// Blocks changed.
        Blocks = "blocks",
        /// A certificate authority is new or changed, or gone.
        Authorities = "authorities",
    }
}

words! {
    /// What happens to the connections of a device whose credential is replaced.
    Kick {
        /// They stay.
        None = "none",
        /// They are closed, and may come back with the old credential until its grace is over.
        Soft = "soft",
        /// They are closed, and the old credential is revoked at once.
        Hard = "hard",
    }
}

// === impl LogId ===

impl LogId {
    /// A new one.
    ///
    /// # Errors
    /// [`NoEntropy`]: no randomness.
    pub fn generate(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = [0; 16];
        entropy.fill(&mut bytes)?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for LogId {
    /// Thirty-two hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LogId({self})")
    }
}

impl FromStr for LogId {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord { found: text.into(), known: &["32 hexadecimal digits"] };
        if text.len() != 32 || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(unknown());
        }
        u128::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| unknown())
    }
}

// === impl NewEntry ===

impl NewEntry {
    /// A product is new or changed.
    pub fn product(id: ProductId) -> Self {
        Self { kind: ChangeKind::Product, product: Some(id), ..Self::blocks() }
    }

    /// A device or one of its credentials is new or changed.
    pub fn device(id: DeviceId, credential: Option<CredentialId>) -> Self {
        Self { kind: ChangeKind::Device, device: Some(id), credential, ..Self::blocks() }
    }

    /// The block of this target is new, changed or gone.
    pub fn block(target: BlockTarget) -> Self {
        Self { block: Some(target), ..Self::blocks() }
    }

    /// Blocks changed, whoever they are of: whoever follows reads all of them. Entries were so before they said
    /// which.
    pub const fn blocks() -> Self {
        let (product, device, credential, block) = (None, None, None, None);
        Self { kind: ChangeKind::Blocks, product, device, credential, block, kick: Kick::None }
    }

    /// A certificate authority of a product is new or changed, or gone.
    pub fn authorities() -> Self {
        Self { kind: ChangeKind::Authorities, ..Self::blocks() }
    }

    /// The same, and connections that used the credential are closed.
    #[must_use]
    pub fn kicking(self, kick: Kick) -> Self {
        Self { kick, ..self }
    }
}
