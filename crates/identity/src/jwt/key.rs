use std::fmt;

use jsonwebtoken::DecodingKey;

use super::{KEYS_MAX, KeyFault, Policy, TokenFault, jwks, pem, token};
use crate::UnixMillis;
use crate::model::words;

words! {
    /// How a token is signed.
    Algorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256.
        Rs256 = "RS256",
        /// ECDSA on P-256 with SHA-256.
        Es256 = "ES256",
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

/// A public key, and the one algorithm that it is for. `Debug` shows its name only.
#[derive(Clone)]
pub struct Key {
    pub(super) id: Option<Box<str>>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Public keys, each name once.
#[derive(Clone, Debug, Default)]
pub struct Keys(Vec<Key>);

impl Algorithm {
    pub(super) const fn of_library(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Es384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
        }
    }
}

impl Key {
    /// The one public key of a file in PEM: RSA, EC (P-256, P-384) or Ed25519.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub fn from_pem(text: &str) -> Result<Self, KeyFault> {
        pem::public(text)
    }

    /// What it is for.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The `kid` that tokens name it by.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// RSA by its numbers, big-endian.
    pub(super) fn rsa(id: Option<Box<str>>, modulus: &[u8], exponent: &[u8]) -> Result<Self, KeyFault> {
        let (modulus, exponent) = (without_zeros(modulus), without_zeros(exponent));
        let zeros = modulus.first().map_or(0, |first| usize::try_from(first.leading_zeros()).unwrap_or(0));
        let bits = (modulus.len() * 8).saturating_sub(zeros);
        if !(BITS_MIN..=BITS_MAX).contains(&bits) {
            return Err(KeyFault::Bits { bits });
        }
        // Even ones are no keys, and 1 signs nothing.
        if exponent.last().is_none_or(|last| last % 2 == 0) || exponent == [1] {
            return Err(KeyFault::Malformed);
        }
        let key = DecodingKey::from_rsa_raw_components(modulus, exponent);
        Ok(Self { id, algorithm: Algorithm::Rs256, key })
    }

    /// EC by its point, uncompressed.
    pub(super) fn ec(id: Option<Box<str>>, algorithm: Algorithm, point: &[u8]) -> Result<Self, KeyFault> {
        let len = match algorithm {
            Algorithm::Es256 => 65,
            Algorithm::Es384 => 97,
            Algorithm::Rs256 | Algorithm::EdDsa => return Err(KeyFault::Kind),
        };
        if point.len() != len || point.first() != Some(&UNCOMPRESSED) {
            return Err(KeyFault::Malformed);
        }
        Ok(Self { id, algorithm, key: DecodingKey::from_ec_der(point) })
    }

    /// Ed25519 by its 32 bytes.
    pub(super) fn ed25519(id: Option<Box<str>>, bytes: &[u8]) -> Result<Self, KeyFault> {
        if bytes.len() != ED25519_LEN {
            return Err(KeyFault::Malformed);
        }
        Ok(Self { id, algorithm: Algorithm::EdDsa, key: DecodingKey::from_ed_der(bytes) })
    }
}

const BITS_MIN: usize = 2048;
/// Whoever sends a token has it verified: the work has a bound.
const BITS_MAX: usize = 4096;
const UNCOMPRESSED: u8 = 4;
const ED25519_LEN: usize = 32;

fn without_zeros(number: &[u8]) -> &[u8] {
    let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len());
    number.get(start..).unwrap_or_default()
}

impl Keys {
    /// The keys of a JWKS document (RFC 7517); those for encryption are left out.
    ///
    /// # Errors
    /// [`KeyFault`], also where none is left.
    pub fn from_jwks(text: &str) -> Result<Self, KeyFault> {
        jwks::read(text)
    }

    /// One more.
    ///
    /// # Errors
    /// [`KeyFault::Twice`], [`KeyFault::TooMany`]: nothing changed.
    pub fn add(&mut self, key: Key) -> Result<(), KeyFault> {
        if key.id.is_some() && self.0.iter().any(|other| other.id == key.id) {
            return Err(KeyFault::Twice);
        }
        if self.0.len() >= KEYS_MAX {
            return Err(KeyFault::TooMany);
        }
        self.0.push(key);
        Ok(())
    }

    /// All of others, too.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub fn extend(&mut self, others: Self) -> Result<(), KeyFault> {
        others.0.into_iter().try_for_each(|key| self.add(key))
    }

    /// Makes sure that all of them are for this algorithm.
    ///
    /// # Errors
    /// [`KeyFault::Algorithm`].
    pub fn all_for(self, algorithm: Algorithm) -> Result<Self, KeyFault> {
        match self.0.iter().find(|key| key.algorithm != algorithm) {
            Some(key) => Err(KeyFault::Algorithm { found: key.algorithm }),
            None => Ok(self),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Key> {
        self.0.iter()
    }

    /// What a token says that one of these keys has signed, and that `policy` takes at this time.
    ///
    /// # Errors
    /// [`TokenFault`].
    pub fn verify(&self, token: &str, now: UnixMillis, policy: &Policy) -> Result<super::Claims, TokenFault> {
        token::verify(self, token, now, policy)
    }

    /// The keys that a token with this `kid` may be signed by: the one that is called so, and no other. Where none
    /// is, those that have no name; without a `kid` also the only one there is.
    pub(super) fn of(&self, id: Option<&str>) -> impl Iterator<Item = &Key> {
        let is_only = self.0.len() == 1;
        let named = id.filter(|id| self.0.iter().any(|key| key.id() == Some(id)));
        self.0.iter().filter(move |key| match (key.id(), named) {
            (known, Some(named)) => known == Some(named),
            (None, None) => true,
            (Some(_), None) => is_only && id.is_none(),
        })
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}
