//! The text of hashes: the only place that knows how they are written.

use std::{fmt, str::FromStr};

use base64ct::{Base64Bcrypt, Base64Unpadded, Encoding};

use super::bcrypt::BcryptCost;
use super::{
    Bytes, HashCost, HashFault, HashPart, HashScheme, LEN_MAX, PasswordHash, Pbkdf2, Recipe, SaltPosition,
    SaltedSha, Sha,
};

/// Recipe, salt and hash, whose lengths are still to be checked; or what cannot be read.
pub(crate) type Parts = Result<(Recipe, Bytes, Bytes), HashPart>;

impl FromStr for PasswordHash {
    type Err = HashFault;

    fn from_str(text: &str) -> Result<Self, HashFault> {
        let named = text.strip_prefix('$').and_then(|text| text.split_once('$'));
        let (name, rest) = named.ok_or(HashFault::UnknownScheme)?;
        let (scheme, parts) = match name {
            "argon2id" => (HashScheme::Argon2id, argon2id(rest)),
            "2a" | "2b" | "2y" => (HashScheme::Bcrypt, bcrypt(rest)),
            "2" | "2x" => return Err(HashFault::BrokenBcrypt),
            "pbkdf2-sha256" => (HashScheme::Pbkdf2, pbkdf2(Sha::Sha256, rest)),
            "pbkdf2-sha512" => (HashScheme::Pbkdf2, pbkdf2(Sha::Sha512, rest)),
            "sha256" => (HashScheme::SaltedSha, salted_sha(Sha::Sha256, rest)),
            "sha512" => (HashScheme::SaltedSha, salted_sha(Sha::Sha512, rest)),
            _ => return Err(HashFault::UnknownScheme),
        };
        Self::of_parts(scheme, parts)
    }
}

impl fmt::Display for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.recipe {
            Recipe::Argon2id(HashCost { memory_kib, pass_count, lane_count }) => {
                write!(f, "$argon2id$v=19$m={memory_kib},t={pass_count},p={lane_count}$")?;
            }
            Recipe::Bcrypt(cost) => {
                write!(f, "$2b${:02}$", cost.log_rounds())?;
                write_base64::<Base64Bcrypt>(f, &self.salt)?;
                return write_base64::<Base64Bcrypt>(f, &self.hash);
            }
            Recipe::Pbkdf2(Pbkdf2 { sha, iteration_count }) => {
                write!(f, "$pbkdf2-{}$i={iteration_count}$", sha.name())?;
            }
            Recipe::SaltedSha(SaltedSha { sha, position }) => {
                write!(f, "${}$salt={}$", sha.name(), position.name())?;
            }
        }
        write_base64::<Base64Unpadded>(f, &self.salt)?;
        f.write_str("$")?;
        write_base64::<Base64Unpadded>(f, &self.hash)
    }
}

fn argon2id(text: &str) -> Parts {
    let [version, cost, salt, hash] = split(text, '$').ok_or(HashPart::Shape)?;
    if version != "v=19" {
        return Err(HashPart::Version);
    }
    let [memory, passes, lanes] = split(cost, ',').ok_or(HashPart::Parameters)?;
    let parameters = (parameter(memory, "m="), parameter(passes, "t="), parameter(lanes, "p="));
    let (Some(memory_kib), Some(pass_count), Some(lane_count)) = parameters else {
        return Err(HashPart::Parameters);
    };
    let cost = HashCost::new(memory_kib, pass_count, lane_count).ok_or(HashPart::Bounds)?;
    with_base64::<Base64Unpadded>(Recipe::Argon2id(cost), salt, hash)
}

fn bcrypt(text: &str) -> Parts {
    let [cost, rest] = split(text, '$').ok_or(HashPart::Shape)?;
    let digits = cost.bytes().filter(u8::is_ascii_digit).count();
    if (cost.len(), digits) != (2, 2) {
        return Err(HashPart::Parameters);
    }
    let cost = cost.parse().ok().and_then(BcryptCost::new).ok_or(HashPart::Bounds)?;
    let (salt, hash) = rest.split_at_checked(22).filter(|_| rest.len() == 53).ok_or(HashPart::Shape)?;
    with_base64::<Base64Bcrypt>(Recipe::Bcrypt(cost), salt, hash)
}

fn pbkdf2(sha: Sha, text: &str) -> Parts {
    let [iterations, salt, hash] = split(text, '$').ok_or(HashPart::Shape)?;
    let iteration_count = parameter(iterations, "i=").ok_or(HashPart::Parameters)?;
    let pbkdf2 = Pbkdf2::new(sha, iteration_count).ok_or(HashPart::Bounds)?;
    with_base64::<Base64Unpadded>(Recipe::Pbkdf2(pbkdf2), salt, hash)
}

fn salted_sha(sha: Sha, text: &str) -> Parts {
    let [position, salt, hash] = split(text, '$').ok_or(HashPart::Shape)?;
    let name = position.strip_prefix("salt=").ok_or(HashPart::Parameters)?;
    let position = SaltPosition::ALL.into_iter().find(|position| position.name() == name);
    let position = position.ok_or(HashPart::Parameters)?;
    with_base64::<Base64Unpadded>(Recipe::SaltedSha(SaltedSha { sha, position }), salt, hash)
}

/// Decodes salt and hash.
pub(crate) fn with_base64<E: Encoding>(recipe: Recipe, salt: &str, hash: &str) -> Parts {
    let salt = decode_base64::<E>(salt).ok_or(HashPart::Salt)?;
    let hash = decode_base64::<E>(hash).ok_or(HashPart::Hash)?;
    Ok((recipe, salt, hash))
}

/// Exactly `N` fields.
pub(crate) fn split<const N: usize>(text: &str, separator: char) -> Option<[&str; N]> {
    let mut fields = text.split(separator);
    let mut array = [""; N];
    for field in &mut array {
        *field = fields.next()?;
    }
    fields.next().is_none().then_some(array)
}

/// The number of `name=number`; `name` has its `=`.
fn parameter(text: &str, name: &str) -> Option<u32> {
    decimal(text.strip_prefix(name)?)
}

/// A positive number as it is written here: no sign, no leading zero.
pub(crate) fn decimal(text: &str) -> Option<u32> {
    let canonical = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| canonical)
}

/// At most [`LEN_MAX`] bytes, in the one encoding they have.
pub(crate) fn decode_base64<E: Encoding>(text: &str) -> Option<Bytes> {
    let mut buffer = [0; LEN_MAX];
    E::decode(text, &mut buffer).ok().map(Into::into)
}

fn write_base64<E: Encoding>(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    let mut buffer = [0; 2 * LEN_MAX];
    f.write_str(E::encode(bytes, &mut buffer).map_err(|_| fmt::Error)?)
}
