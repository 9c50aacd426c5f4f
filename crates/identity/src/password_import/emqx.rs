use base64ct::Base64;

use super::{ImportFault, Imported, of_scheme};
use crate::password_hash::{LEN_MAX, Parts, Pbkdf2, Recipe, SaltPosition, SaltedSha, Sha, decode_base64};
use crate::{HashPart, HashScheme, PasswordHash, PlainPassword};

/// A row of EMQX's built-in database, or of an SQL table that EMQX reads, with the
/// `password_hash_algorithm` of its authenticator.
#[derive(Clone, Copy)]
pub struct EmqxRow<'a> {
    /// `name`: `sha256`, `sha512`, `bcrypt`, `pbkdf2` or `plain`.
    pub algorithm: &'a str,
    /// `salt_position`: `prefix`, which is also the default, `suffix` or `disable`. Of `sha256` and `sha512`.
    pub salt_position: Option<&'a str>,
    /// `mac_fun`: `sha256` or `sha512`. Of `pbkdf2`.
    pub mac_fun: Option<&'a str>,
    /// `iterations`. Of `pbkdf2`.
    pub iterations: Option<u32>,
    /// `password_hash`: hexadecimal, or padded base64 as other programs write it; bcrypt's own text; or the
    /// password. The length of a PBKDF2 key (`dk_length`) is that of this.
    pub password_hash: &'a str,
    /// `salt`, whose characters themselves are the salt, even if they are hexadecimal digits. bcrypt has it
    /// in its text, and this one is not looked at.
    pub salt: &'a str,
}

/// Reads a row of EMQX's.
///
/// # Errors
/// [`ImportFault`] says what is wrong with the row, or with the algorithm.
pub fn from_emqx(row: &EmqxRow<'_>) -> Result<Imported, ImportFault> {
    let hash = match row.algorithm {
        "sha256" => salted_sha(Sha::Sha256, row)?,
        "sha512" => salted_sha(Sha::Sha512, row)?,
        "pbkdf2" => pbkdf2(row)?,
        "bcrypt" => of_scheme(row.password_hash, HashScheme::Bcrypt)?,
        "plain" => return plain(row).map(Imported::Plain),
        "md5" => return Err(ImportFault::Unfit("MD5")),
        "sha" => return Err(ImportFault::Unfit("SHA-1")),
        _ => {
            let known = "sha256, sha512, bcrypt, pbkdf2 and plain";
            return Err(ImportFault::Unknown { field: "the algorithm", known });
        }
    };
    Ok(Imported::Hash(hash))
}

fn salted_sha(sha: Sha, row: &EmqxRow<'_>) -> Result<PasswordHash, ImportFault> {
    let position = position(row)?;
    let salt = if position == SaltPosition::None { "" } else { row.salt };
    let parts = parts(Recipe::SaltedSha(SaltedSha { sha, position }), salt, row.password_hash);
    Ok(PasswordHash::of_parts(HashScheme::SaltedSha, parts)?)
}

fn pbkdf2(row: &EmqxRow<'_>) -> Result<PasswordHash, ImportFault> {
    let name = row.mac_fun.ok_or(ImportFault::Missing("mac_fun"))?;
    let sha = Sha::ALL.into_iter().find(|sha| sha.name() == name);
    let sha = sha.ok_or(ImportFault::Unknown { field: "mac_fun", known: "sha256 and sha512" })?;
    let iteration_count = row.iterations.ok_or(ImportFault::Missing("iterations"))?;
    let pbkdf2 = Pbkdf2::new(sha, iteration_count).ok_or(HashPart::Bounds);
    let parts = pbkdf2.and_then(|pbkdf2| parts(Recipe::Pbkdf2(pbkdf2), row.salt, row.password_hash));
    Ok(PasswordHash::of_parts(HashScheme::Pbkdf2, parts)?)
}

/// EMQX compares the password with a salt before or after it if there is one; it makes none itself.
fn plain(row: &EmqxRow<'_>) -> Result<PlainPassword, ImportFault> {
    if position(row)? != SaltPosition::None {
        return Err(ImportFault::SaltedPlain);
    }
    PlainPassword::new(row.password_hash.as_bytes()).ok_or(ImportFault::PasswordLength)
}

/// Where the salt stands; nowhere if it is empty.
fn position(row: &EmqxRow<'_>) -> Result<SaltPosition, ImportFault> {
    let position = match row.salt_position.unwrap_or("prefix") {
        "prefix" => SaltPosition::Before,
        "suffix" => SaltPosition::After,
        "disable" => SaltPosition::None,
        _ => {
            let known = "prefix, suffix and disable";
            return Err(ImportFault::Unknown { field: "salt_position", known });
        }
    };
    Ok(if row.salt.is_empty() { SaltPosition::None } else { position })
}

fn parts(recipe: Recipe, salt: &str, hash: &str) -> Parts {
    let hash = decode_hex(hash).or_else(|| decode_base64::<Base64>(hash)).ok_or(HashPart::Hash)?;
    // Bounded before it is copied.
    let salt = Some(salt.as_bytes()).filter(|salt| salt.len() <= LEN_MAX).ok_or(HashPart::Salt)?;
    Ok((recipe, salt.into(), hash))
}

/// Hexadecimal, in either case. That the base64 of a hash has hexadecimal digits only does not happen by
/// chance: of 44 characters, once in 10²⁰ hashes.
fn decode_hex(text: &str) -> Option<Box<[u8]>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() > LEN_MAX {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(16 * hex_digit(*high)? + hex_digit(*low)?)).collect()
}

fn hex_digit(character: u8) -> Option<u8> {
    let digit = char::from(character).to_digit(16)?;
    u8::try_from(digit).ok()
}

impl std::fmt::Debug for EmqxRow<'_> {
    /// The algorithm only: the hash may be a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmqxRow").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
