use std::{fmt, str::FromStr};

use argon2::{Algorithm, Argon2, Params, Version};
use base64ct::{Base64Unpadded, Encoding};
use subtle::ConstantTimeEq;

use crate::{Entropy, NoEntropy};

#[cfg(test)]
mod tests;

/// The Argon2id hash of one password, with salt and parameters.
///
/// `Display` and `FromStr` use the PHC string `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. `Debug` shows the
/// parameters only: a hash is to be guarded like a secret.
#[derive(Clone)]
pub struct PasswordHash {
    cost: HashCost,
    salt: Bytes,
    hash: Bytes,
}

/// What computing a hash takes, within bounds: a file cannot ask for all memory or for hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HashCost {
    memory_kib: u32,
    pass_count: u32,
    lane_count: u32,
}

/// Why a string is not a hash that can be used. Never repeats the string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashFault {
    /// Another scheme, or a password in plain text.
    #[error("not an Argon2id hash: it does not start with $argon2id$")]
    NotArgon2id,
    /// Not version 1.3 of Argon2.
    #[error("Argon2 version other than 19")]
    Version,
    /// The parameters are not `m=…,t=…,p=…`.
    #[error("parameters are not m=…,t=…,p=… in decimal")]
    Parameters,
    /// The parameters are beyond the bounds of [`HashCost::new`].
    #[error("parameters out of bounds: m 8 per lane to 262144 (256 MiB), t 1 to 16, p 1 to 16")]
    Bounds,
    /// The salt is not 8 to 64 bytes in base64.
    #[error("salt is not 8 to 64 bytes in unpadded base64")]
    Salt,
    /// The hash is not 16 to 64 bytes in base64.
    #[error("hash is not 16 to 64 bytes in unpadded base64")]
    Hash,
    /// A part is missing, or something follows the last one.
    #[error("not of the form $argon2id$v=19$m=…,t=…,p=…$salt$hash")]
    Shape,
}

/// Why no hash was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHash {
    /// An empty password protects nothing.
    #[error("the password is empty")]
    EmptyPassword,
    /// No randomness for the salt.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
    /// No memory for the computation.
    #[error(transparent)]
    OutOfMemory(#[from] OutOfMemory),
}

/// There was not enough memory for the computation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not enough memory to hash a password")]
pub struct OutOfMemory;

/// Up to 64 bytes.
type Bytes = Box<[u8]>;

const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;
const SALT_LENS: std::ops::RangeInclusive<usize> = 8..=64;
const HASH_LENS: std::ops::RangeInclusive<usize> = 16..=64;

// === impl PasswordHash ===

impl PasswordHash {
    /// Hashes `password` with a fresh salt.
    ///
    /// # Errors
    /// [`NoHash`] says why not.
    pub fn create(password: &[u8], cost: HashCost, entropy: &mut dyn Entropy) -> Result<Self, NoHash> {
        if password.is_empty() {
            return Err(NoHash::EmptyPassword);
        }
        let mut salt = [0; SALT_LEN];
        entropy.fill(&mut salt)?;
        let mut hash = [0; HASH_LEN];
        cost.compute(password, &salt, &mut hash)?;
        Ok(Self { cost, salt: salt.into(), hash: hash.into() })
    }

    /// Whether this is the hash of `password`; compares in constant time.
    ///
    /// # Errors
    /// [`OutOfMemory`]: not known.
    pub fn matches(&self, password: &[u8]) -> Result<bool, OutOfMemory> {
        let mut buffer = [0; *HASH_LENS.end()];
        let hash = buffer.get_mut(..self.hash.len()).ok_or(OutOfMemory)?;
        self.cost.compute(password, &self.salt, hash)?;
        Ok(bool::from(self.hash.ct_eq(hash)))
    }

    /// What it takes to compute.
    pub const fn cost(&self) -> HashCost {
        self.cost
    }

    /// A hash that takes `cost` to compare with and is that of no known password.
    pub(crate) fn of_nobody(cost: HashCost) -> Self {
        Self { cost, salt: [0; SALT_LEN].into(), hash: [0; HASH_LEN].into() }
    }
}

impl FromStr for PasswordHash {
    type Err = HashFault;

    fn from_str(text: &str) -> Result<Self, HashFault> {
        let rest = text.strip_prefix("$argon2id$").ok_or(HashFault::NotArgon2id)?;
        let mut parts = rest.split('$');
        let (Some(version), Some(cost), Some(salt), Some(hash), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HashFault::Shape);
        };
        if version != "v=19" {
            return Err(HashFault::Version);
        }
        Ok(Self {
            cost: HashCost::parse(cost)?,
            salt: decode(salt).filter(|salt| SALT_LENS.contains(&salt.len())).ok_or(HashFault::Salt)?,
            hash: decode(hash).filter(|hash| HASH_LENS.contains(&hash.len())).ok_or(HashFault::Hash)?,
        })
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let HashCost { memory_kib, pass_count, lane_count } = self.cost;
        write!(f, "$argon2id$v=19$m={memory_kib},t={pass_count},p={lane_count}")?;
        for bytes in [&self.salt, &self.hash] {
            let mut buffer = [0; 2 * *HASH_LENS.end()];
            write!(f, "${}", Base64Unpadded::encode(bytes, &mut buffer).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("cost", &self.cost).finish_non_exhaustive()
    }
}

// === impl HashCost ===

impl HashCost {
    /// What one hash may take: memory in KiB, at least 8 for each lane and at most 262,144 (256 MiB);
    /// passes over it, 1 to 16; lanes, 1 to 16. `None` beyond.
    pub const fn new(memory_kib: u32, pass_count: u32, lane_count: u32) -> Option<Self> {
        let lanes = 1 <= lane_count && lane_count <= 16;
        let passes = 1 <= pass_count && pass_count <= 16;
        if lanes && passes && 8 * lane_count <= memory_kib && memory_kib <= 256 * 1024 {
            return Some(Self { memory_kib, pass_count, lane_count });
        }
        None
    }

    /// Memory that one verification holds while it runs, in KiB.
    pub const fn memory_kib(self) -> u32 {
        self.memory_kib
    }

    /// How long a verification takes, in arbitrary units.
    pub(crate) const fn work(self) -> u64 {
        self.memory_kib as u64 * self.pass_count as u64
    }

    fn parse(text: &str) -> Result<Self, HashFault> {
        let mut parts = text.split(',');
        let mut number = |name: &str| {
            let digits = parts.next()?.strip_prefix(name)?.strip_prefix('=')?;
            let canonical = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
            digits.parse().ok().filter(|_| canonical)
        };
        let (Some(memory_kib), Some(pass_count), Some(lane_count)) = (number("m"), number("t"), number("p"))
        else {
            return Err(HashFault::Parameters);
        };
        if parts.next().is_some() {
            return Err(HashFault::Parameters);
        }
        Self::new(memory_kib, pass_count, lane_count).ok_or(HashFault::Bounds)
    }

    fn compute(self, password: &[u8], salt: &[u8], hash: &mut [u8]) -> Result<(), OutOfMemory> {
        // Everything but memory was checked when this value was made.
        let params = Params::new(self.memory_kib, self.pass_count, self.lane_count, Some(hash.len()));
        let params = params.map_err(|_| OutOfMemory)?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        argon2.hash_password_into(password, salt, hash).map_err(|_| OutOfMemory)
    }
}

impl Default for HashCost {
    /// 19 MiB, two passes, one lane: what OWASP recommends at least; about 20 ms.
    fn default() -> Self {
        Self { memory_kib: 19 * 1024, pass_count: 2, lane_count: 1 }
    }
}

/// Unpadded base64 of at most 64 bytes.
fn decode(text: &str) -> Option<Bytes> {
    let mut buffer = [0; *HASH_LENS.end()];
    Base64Unpadded::decode(text, &mut buffer).ok().map(Into::into)
}
