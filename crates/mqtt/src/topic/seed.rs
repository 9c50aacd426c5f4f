use std::{fmt, hash::Hasher};

use foldhash::{SharedSeed, quality::FoldHasher};

/// The secret that every hash depends on, so that clients cannot choose topics that collide.
///
/// Random for each process in production, fixed in tests and simulation: the maps' contents do not depend
/// on it, their speed under attack does.
#[derive(Clone)]
pub struct HashSeed {
    hasher: u64,
    shared: SharedSeed,
}

impl HashSeed {
    /// A seed from 128 bits drawn by the caller.
    pub const fn new(bits: [u64; 2]) -> Self {
        let [hasher, shared] = bits;
        Self { hasher, shared: SharedSeed::from_u64(shared) }
    }

    /// The hash of `bytes` under this seed. Not stable between versions: never store it.
    #[inline]
    pub fn hash(&self, bytes: &[u8]) -> u64 {
        let mut hasher = FoldHasher::with_seed(self.hasher, &self.shared);
        hasher.write(bytes);
        hasher.finish()
    }

    /// The hash of a path from the hash of the path before its last level and the [`HashSeed::hash`] of that
    /// level.
    #[inline]
    pub(super) const fn join(path: u64, level: u64) -> u64 {
        // Folded multiplication; clients know neither factor.
        let product = ((path ^ ODD[0]) as u128).wrapping_mul((level ^ ODD[1]) as u128);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

/// Arbitrary odd constants, so that a factor is zero only by accident.
const ODD: [u64; 2] = [0x9E37_79B9_7F4A_7C15, 0xD6E8_FEB8_6659_FD93];

impl fmt::Debug for HashSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashSeed(..)")
    }
}
