use base64ct::Base64;

use super::{ImportFault, of_scheme};
use crate::password_hash::{Recipe, SaltPosition, SaltedSha, Sha, with_base64};
use crate::{HashScheme, PasswordHash};

/// A secret of the `hashed-password` credentials of Eclipse Hono, as its registry lists it.
#[derive(Clone, Copy)]
pub struct HonoSecret<'a> {
    /// `hash-function`: `sha-256`, which is also the default, `sha-512` or `bcrypt`.
    pub hash_function: Option<&'a str>,
    /// `pwd-hash`: base64, or bcrypt's own text.
    pub pwd_hash: &'a str,
    /// `salt`: base64. bcrypt has it in its text.
    pub salt: Option<&'a str>,
}

/// Reads a secret of Hono's. Its SHA-2 is that of salt and password.
///
/// # Errors
/// [`ImportFault::Unknown`] hash function, or [`ImportFault::Hash`].
pub fn from_hono(secret: &HonoSecret<'_>) -> Result<PasswordHash, ImportFault> {
    let sha = match secret.hash_function.unwrap_or("sha-256") {
        "sha-256" => Sha::Sha256,
        "sha-512" => Sha::Sha512,
        "bcrypt" => return of_scheme(secret.pwd_hash, HashScheme::Bcrypt),
        _ => {
            let known = "sha-256, sha-512 and bcrypt";
            return Err(ImportFault::Unknown { field: "hash-function", known });
        }
    };
    let salt = secret.salt.unwrap_or_default();
    let position = if salt.is_empty() { SaltPosition::None } else { SaltPosition::Before };
    let recipe = Recipe::SaltedSha(SaltedSha { sha, position });
    let parts = with_base64::<Base64>(recipe, salt, secret.pwd_hash);
    Ok(PasswordHash::of_parts(HashScheme::SaltedSha, parts)?)
}

impl std::fmt::Debug for HonoSecret<'_> {
    /// The function only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HonoSecret").field("hash_function", &self.hash_function).finish_non_exhaustive()
    }
}
