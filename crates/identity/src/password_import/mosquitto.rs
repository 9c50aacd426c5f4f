use base64ct::Base64;

use super::{ImportFault, of_scheme};
use crate::password_hash::{
    Parts, Pbkdf2, Recipe, SaltPosition, SaltedSha, Sha, decimal, split, with_base64,
};
use crate::{HashPart, HashScheme, PasswordHash};

/// What stands behind `username:` in a Mosquitto password file, and in `encoded_password` of its
/// `dynamic-security.json`.
///
/// # Shape
/// `$6$salt$hash`, SHA-512 of password and salt (Mosquitto 1); `$7$iterations$salt$hash`,
/// PBKDF2-HMAC-SHA-512 (Mosquitto 2); both in padded base64. `$argon2id$…` (Mosquitto 2.1).
///
/// # Errors
/// [`ImportFault::NotMosquitto`] or [`ImportFault::Hash`].
pub fn from_mosquitto(text: &str) -> Result<PasswordHash, ImportFault> {
    if let Some([salt, hash]) = text.strip_prefix("$6$").and_then(|text| split(text, '$')) {
        return Ok(PasswordHash::of_parts(HashScheme::SaltedSha, salted_sha(salt, hash))?);
    }
    if let Some([iterations, salt, hash]) = text.strip_prefix("$7$").and_then(|text| split(text, '$')) {
        return Ok(PasswordHash::of_parts(HashScheme::Pbkdf2, pbkdf2(iterations, salt, hash))?);
    }
    if text.starts_with("$argon2id$") {
        return of_scheme(text, HashScheme::Argon2id);
    }
    Err(ImportFault::NotMosquitto)
}

fn salted_sha(salt: &str, hash: &str) -> Parts {
    let salted = SaltedSha { sha: Sha::Sha512, position: SaltPosition::After };
    with_base64::<Base64>(Recipe::SaltedSha(salted), salt, hash)
}

fn pbkdf2(iterations: &str, salt: &str, hash: &str) -> Parts {
    let iteration_count = decimal(iterations).ok_or(HashPart::Parameters)?;
    let pbkdf2 = Pbkdf2::new(Sha::Sha512, iteration_count).ok_or(HashPart::Bounds)?;
    with_base64::<Base64>(Recipe::Pbkdf2(pbkdf2), salt, hash)
}
