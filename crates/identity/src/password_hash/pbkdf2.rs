use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;

use super::Sha;

/// PBKDF2 with HMAC, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pbkdf2 {
    pub(super) sha: Sha,
    pub(super) iteration_count: NonZeroU32,
}

/// Above what OWASP recommends (600,000), below what lets a row burn CPU: with SHA-512 it takes nearly a second.
const ITERATION_COUNT_MAX: u32 = 1_000_000;

impl Pbkdf2 {
    /// `None` beyond 1 to 1,000,000 iterations.
    pub(crate) const fn new(sha: Sha, iteration_count: u32) -> Option<Self> {
        match NonZeroU32::new(iteration_count) {
            Some(iteration_count) if iteration_count.get() <= ITERATION_COUNT_MAX => {
                Some(Self { sha, iteration_count })
            }
            _ => None,
        }
    }

    /// Nanoseconds, roughly. A hash longer than a digest takes as many rounds again.
    pub(super) const fn work(self, hash_len: usize) -> u64 {
        self.sha.iteration_nanos()
            * self.iteration_count.get() as u64
            * hash_len.div_ceil(self.sha.len()) as u64
    }

    pub(super) fn compute(self, password: &[u8], salt: &[u8], hash: &mut [u8]) {
        pbkdf2::derive(self.sha.pbkdf2(), self.iteration_count, salt, password, hash);
    }
}
