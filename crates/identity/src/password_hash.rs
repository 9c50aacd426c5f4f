use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Cost, Entropy};

mod argon2id;
mod bcrypt;
mod fault;
mod pbkdf2;
mod plain;
mod recipe;
mod salted_sha;
mod sha;
mod text;

#[cfg(test)]
mod tests;

pub use argon2id::HashCost;
pub use fault::{HashFault, HashPart, NoHash, OutOfMemory};
pub(crate) use pbkdf2::Pbkdf2;
pub use plain::PlainPassword;
pub use recipe::HashScheme;
pub(crate) use recipe::Recipe;
pub(crate) use salted_sha::{SaltPosition, SaltedSha};
pub(crate) use sha::Sha;
pub(crate) use text::{Parts, decimal, decode_base64, split, with_base64};

/// One password as it is stored: its hash, its salt, and how to compute the hash again.
///
/// Passwords of our own are Argon2id. All else comes from other systems ([`crate::password_import`]) and
/// [asks to be replaced](Self::needs_upgrade) as soon as its password has been seen. A password is any
/// bytes, NUL included; the empty one never matches, whatever was hashed.
///
/// # Text
/// `Display` writes, and `FromStr` reads, one line of ASCII with at most 207 characters. Base64 is the
/// standard alphabet without padding, save for bcrypt, which has an alphabet of its own. Numbers are decimal
/// without leading zeros. Nothing else is read: no white space, no other order, no optional parts.
///
/// | Text | Salt, hash in bytes | Bounds |
/// |---|---|---|
/// | `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` | 8 to 64, 16 to 64 | [`HashCost::new`] |
/// | `$2b$10$` and 22 characters of salt, 31 of hash | 16, 23 | cost 04 to 14 |
/// | `$pbkdf2-sha256$i=4096$salt$hash`, `$pbkdf2-sha512$…` | 1 to 64, 16 to 64 | i 1 to 1,000,000 |
/// | `$sha256$salt=before$salt$hash`, `$sha512$…` | 1 to 64, 32 or 64 | |
/// | `$sha256$salt=after$salt$hash`, `$sha512$…` | 1 to 64, 32 or 64 | |
/// | `$sha256$salt=none$$hash`, `$sha512$…` | none, 32 or 64 | |
///
/// `$2a$` and `$2y$` are read too, as other names of `$2b$`, which is what is written. The bounds keep a row
/// from outside from asking for all memory or for minutes: the worst takes about a second by PBKDF2, a second
/// and a half by bcrypt, four seconds and 256 MiB by Argon2id.
///
/// `Debug` shows scheme and parameters only: a hash is to be guarded like a secret.
///
/// # Specification
/// Argon2id: RFC 9106. PBKDF2: RFC 8018 §5.2 with HMAC-SHA-2. The form: the PHC string format, which leaves
/// `$sha256$` and `$sha512$` to us and bcrypt to its authors.
#[derive(Clone)]
pub struct PasswordHash {
    recipe: Recipe,
    salt: Bytes,
    hash: Bytes,
}

/// Up to [`LEN_MAX`] bytes.
type Bytes = Box<[u8]>;

/// No salt and no hash is longer, in bytes.
pub(crate) const LEN_MAX: usize = 64;
/// Of hashes that we make, in bytes.
const SALT_LEN: usize = 16;
const HASH_LEN: usize = 32;

// === impl PasswordHash ===

impl PasswordHash {
    /// Hashes `password` by Argon2id with a fresh salt.
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
        Ok(Self { recipe: Recipe::Argon2id(cost), salt: salt.into(), hash: hash.into() })
    }

    /// What a text said that claims to be of `scheme`: the one way in for what we did not compute.
    pub(crate) fn of_parts(scheme: HashScheme, parts: Parts) -> Result<Self, HashFault> {
        let fault = |part| HashFault::Malformed { scheme, part };
        let (recipe, salt, hash) = parts.map_err(fault)?;
        if !recipe.salt_lens().contains(&salt.len()) {
            return Err(fault(HashPart::Salt));
        }
        if !recipe.hash_lens().contains(&hash.len()) {
            return Err(fault(HashPart::Hash));
        }
        Ok(Self { recipe, salt, hash })
    }

    /// Whether this is the hash of `password`; compares in constant time.
    ///
    /// Never of an empty password. Two schemes have limits of their own, which end with the
    /// [upgrade](Self::needs_upgrade):
    /// * bcrypt looks at the first 72 bytes only, and so does this. A password with a NUL never matches: some
    ///   programs stop there, and others cannot tell `abc` from `abc\0abc`.
    /// * PBKDF2 fills the key with NULs, so those at the end of a password do not count; all programs agree.
    ///
    /// # Errors
    /// [`OutOfMemory`]: not known.
    pub fn matches(&self, password: &[u8]) -> Result<bool, OutOfMemory> {
        let mut buffer = Zeroizing::new([0; LEN_MAX]);
        let hash = buffer.get_mut(..self.hash.len()).ok_or(OutOfMemory)?;
        self.recipe.compute(password, &self.salt, hash)?;
        // A password that proves nothing is hashed all the same, or a quick answer told that the user exists.
        Ok(bool::from(self.hash.ct_eq(hash)) && self.recipe.can_prove(password))
    }

    /// How long [`Self::matches`] keeps its thread: salted SHA-2 is cheap, each other scheme belongs on a
    /// pool, however small its parameters.
    pub const fn cost(&self) -> Cost {
        self.recipe.cost()
    }

    /// Which scheme it is of.
    pub const fn scheme(&self) -> HashScheme {
        self.recipe.scheme()
    }

    /// Whether the password, once it has been seen and has matched, is to be hashed anew by
    /// [`Self::create`] with `current`: always, unless this could be the result of that.
    ///
    /// A hash that takes more than `current` is replaced too: what is current was chosen to be bearable.
    pub fn needs_upgrade(&self, current: HashCost) -> bool {
        let lens = (self.salt.len(), self.hash.len());
        self.recipe != Recipe::Argon2id(current) || lens != (SALT_LEN, HASH_LEN)
    }

    /// Roughly how long [`Self::matches`] takes, in nanoseconds: to compare hashes with each other.
    pub(crate) fn work(&self) -> u64 {
        self.recipe.work(self.hash.len())
    }

    /// Whether it is the same hash of the same salt by the same recipe. Not for what a client presents.
    pub(crate) fn is_alike(&self, other: &Self) -> bool {
        self.recipe == other.recipe && self.salt == other.salt && self.hash == other.hash
    }

    /// A hash that takes as long to compare with as this one, and is that of no known password.
    pub(crate) fn decoy(&self) -> Self {
        let zeros = |bytes: &Bytes| vec![0; bytes.len()].into();
        Self { recipe: self.recipe, salt: zeros(&self.salt), hash: zeros(&self.hash) }
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHash").field("recipe", &self.recipe).finish_non_exhaustive()
    }
}
