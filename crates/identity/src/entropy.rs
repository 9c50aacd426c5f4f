/// Randomness fit for secrets, as a port: this crate never asks the operating system.
pub trait Entropy {
    /// Fills `bytes` with bits that nobody can predict.
    ///
    /// # Errors
    /// [`NoEntropy`]: the source failed; `bytes` must not be used.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy>;
}

/// The source of randomness failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no randomness available")]
pub struct NoEntropy;
