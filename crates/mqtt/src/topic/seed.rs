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

    /// The hash of the edge from the node `parent` to the level whose [`HashSeed::hash`] is `level`.
    #[inline]
    pub(super) const fn hash_edge(parent: u32, level: u64) -> u64 {
        // Folded multiplication by two odd constants; `level` is unknown to clients.
        let mixed = level ^ (parent as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let product = (mixed as u128).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        (product as u64) ^ ((product >> 64) as u64)
    }
}

impl fmt::Debug for HashSeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashSeed(..)")
    }
}
