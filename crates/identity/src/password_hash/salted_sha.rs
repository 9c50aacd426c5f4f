use std::ops::RangeInclusive;

use aws_lc_rs::digest;

use super::{LEN_MAX, Sha};

/// One round of SHA-2 over salt and password.
///
/// Guessing is as quick as verifying: such a hash protects long random secrets only, which is one more reason
/// to replace it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SaltedSha {
    pub(crate) sha: Sha,
    pub(crate) position: SaltPosition,
}

/// Where the salt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SaltPosition {
    Before,
    After,
    /// There is none.
    None,
}

impl SaltedSha {
    pub(super) const fn salt_lens(self) -> RangeInclusive<usize> {
        match self.position {
            SaltPosition::Before | SaltPosition::After => 1..=LEN_MAX,
            SaltPosition::None => 0..=0,
        }
    }

    pub(super) fn compute(self, password: &[u8], salt: &[u8], hash: &mut [u8]) {
        let parts = match self.position {
            SaltPosition::Before => [salt, password],
            SaltPosition::After | SaltPosition::None => [password, salt],
        };
        let mut context = digest::Context::new(self.sha.digest());
        parts.into_iter().for_each(|part| context.update(part));
        for (byte, from) in hash.iter_mut().zip(context.finish().as_ref()) {
            *byte = *from;
        }
    }
}

impl SaltPosition {
    pub(super) const ALL: [Self; 3] = [Self::Before, Self::After, Self::None];

    /// Its name in our text.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
            Self::None => "none",
        }
    }
}
