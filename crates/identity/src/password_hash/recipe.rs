use std::{fmt, ops::RangeInclusive};

use super::{HashCost, LEN_MAX, OutOfMemory, Pbkdf2, SaltedSha, bcrypt::BcryptCost};
use crate::Cost;

/// How a hash is computed from a password and a salt, within bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recipe {
    Argon2id(HashCost),
    Bcrypt(BcryptCost),
    Pbkdf2(Pbkdf2),
    SaltedSha(SaltedSha),
}

/// A way of hashing passwords, without its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HashScheme {
    /// Our own.
    Argon2id,
    /// bcrypt, as EMQX, Hono and htpasswd have it.
    Bcrypt,
    /// PBKDF2 with HMAC-SHA-256 or HMAC-SHA-512, as EMQX and Mosquitto 2 have it.
    Pbkdf2,
    /// One round of SHA-256 or SHA-512, as EMQX, Hono and Mosquitto 1 have it.
    SaltedSha,
}

// === impl Recipe ===

impl Recipe {
    /// Fills `hash`, whose length was checked against [`Self::hash_lens`].
    pub(super) fn compute(self, password: &[u8], salt: &[u8], hash: &mut [u8]) -> Result<(), OutOfMemory> {
        match self {
            Self::Argon2id(cost) => return cost.compute(password, salt, hash),
            Self::Bcrypt(cost) => cost.compute(password, salt, hash),
            Self::Pbkdf2(pbkdf2) => pbkdf2.compute(password, salt, hash),
            Self::SaltedSha(salted) => salted.compute(password, salt, hash),
        }
        Ok(())
    }

    /// Whether a match says that somebody knew the password.
    pub(super) fn can_prove(self, password: &[u8]) -> bool {
        let without_nul = !matches!(self, Self::Bcrypt(_)) || !password.contains(&0);
        without_nul && !password.is_empty()
    }

    /// Lengths of its salts, in bytes.
    pub(super) const fn salt_lens(self) -> RangeInclusive<usize> {
        match self {
            Self::Argon2id(_) => 8..=LEN_MAX,
            Self::Bcrypt(_) => 16..=16,
            Self::Pbkdf2(_) => 1..=LEN_MAX,
            Self::SaltedSha(salted) => salted.salt_lens(),
        }
    }

    /// Lengths of its hashes, in bytes.
    pub(super) const fn hash_lens(self) -> RangeInclusive<usize> {
        match self {
            Self::Argon2id(_) | Self::Pbkdf2(_) => 16..=LEN_MAX,
            Self::Bcrypt(_) => 23..=23,
            Self::SaltedSha(salted) => salted.sha.len()..=salted.sha.len(),
        }
    }

    pub(super) const fn cost(self) -> Cost {
        match self {
            Self::Argon2id(_) | Self::Bcrypt(_) | Self::Pbkdf2(_) => Cost::Expensive,
            Self::SaltedSha(_) => Cost::Cheap,
        }
    }

    /// Nanoseconds, roughly, for a hash of this length and a short password, as measured on a server of 2026.
    pub(super) const fn work(self, hash_len: usize) -> u64 {
        match self {
            Self::Argon2id(cost) => cost.work(),
            Self::Bcrypt(cost) => cost.work(),
            Self::Pbkdf2(pbkdf2) => pbkdf2.work(hash_len),
            Self::SaltedSha(_) => 1_000,
        }
    }

    pub(super) const fn scheme(self) -> HashScheme {
        match self {
            Self::Argon2id(_) => HashScheme::Argon2id,
            Self::Bcrypt(_) => HashScheme::Bcrypt,
            Self::Pbkdf2(_) => HashScheme::Pbkdf2,
            Self::SaltedSha(_) => HashScheme::SaltedSha,
        }
    }
}

impl fmt::Display for HashScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Argon2id => "Argon2id",
            Self::Bcrypt => "bcrypt",
            Self::Pbkdf2 => "PBKDF2",
            Self::SaltedSha => "salted SHA-2",
        })
    }
}
