//! What the tests of several modules need.

use crate::{Entropy, NoEntropy};

/// Bytes that count up from somewhere.
#[derive(Debug, Default)]
pub(crate) struct Counting(u64);

/// There is no randomness.
#[derive(Debug)]
pub(crate) struct Empty;

impl From<u64> for Counting {
    fn from(start: u64) -> Self {
        Self(start << 32)
    }
}

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            // Spread over all bits, so that no two are alike.
            let word = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes();
            chunk.copy_from_slice(word.get(..chunk.len()).unwrap_or_default());
        }
        Ok(())
    }
}

impl Entropy for Empty {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), NoEntropy> {
        Err(NoEntropy)
    }
}
