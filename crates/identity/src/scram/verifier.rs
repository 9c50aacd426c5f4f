use std::{fmt, str::FromStr};

use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

use super::{
    Iterations, NoScram, SCRAM_SHA_256,
    keys::{KEY_LEN, Key, PasswordKeys, hash, hmac, xor},
    syntax::{Salt, base64_of, key_from_base64},
    usable,
};
use crate::Entropy;

#[cfg(test)]
mod tests;

/// What a server keeps of a password: it recognises who knows the password, and proves itself to them.
///
/// `FromStr` and [`ScramVerifier::to_text`] use the form of PostgreSQL,
/// `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`, the latter three in padded base64. `Debug`
/// shows the iterations only. Whoever has it can play the server, and the client too after listening to one
/// login: it is to be guarded like a secret.
#[derive(Clone)]
pub struct ScramVerifier {
    salt: Salt,
    iterations: Iterations,
    stored_key: Key,
    server_key: Key,
}

/// Why this is no verifier that can be used. Never repeats what it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifierFault {
    /// Another scheme, or a password in plain text.
    #[error("not a SCRAM-SHA-256 verifier: it does not start with SCRAM-SHA-256$")]
    NotScramSha256,
    /// A part is missing.
    #[error("not of the form SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>")]
    Shape,
    /// The iterations are beyond the bounds of [`Iterations::new`].
    #[error("iterations are not a number from 4096 to 1000000")]
    Iterations,
    /// The salt does not decode to 8 to 64 bytes.
    #[error("salt is not 8 to 64 bytes")]
    Salt,
    /// `StoredKey` does not decode to 32 bytes.
    #[error("StoredKey is not 32 bytes")]
    StoredKey,
    /// `ServerKey` does not decode to 32 bytes.
    #[error("ServerKey is not 32 bytes")]
    ServerKey,
}

/// What came of a proof.
pub(super) struct Checked {
    /// Whether the client knows the password.
    pub(super) is_right: Choice,
    /// What proves to the client that this is its server.
    pub(super) server_signature: Key,
}

/// Bytes of a salt that we make; a made-up one is as long.
pub(super) const SALT_LEN: usize = 16;

// === impl ScramVerifier ===

impl ScramVerifier {
    /// Makes the verifier of `password` with a fresh salt of 16 bytes.
    ///
    /// Takes as long as a client takes for a login: about a millisecond for 4,096 iterations.
    ///
    /// # Errors
    /// [`NoScram`] says why not.
    pub fn create(
        password: &str,
        iterations: Iterations,
        entropy: &mut dyn Entropy,
    ) -> Result<Self, NoScram> {
        let password = usable(password)?;
        let mut salt = [0; SALT_LEN];
        entropy.fill(&mut salt)?;
        let salt = Salt::of_16(salt);
        let PasswordKeys { stored_key, server_key, .. } =
            PasswordKeys::derive(password, salt.bytes(), iterations);
        Ok(Self { salt, iterations, stored_key, server_key })
    }

    /// The verifier that EMQX describes by these fields, the first three in hexadecimal of either case, with
    /// `sha256` as algorithm.
    ///
    /// # Errors
    /// [`VerifierFault`] names the field that is wrong.
    pub fn from_emqx(
        stored_key: &str,
        server_key: &str,
        salt: &str,
        iterations: u32,
    ) -> Result<Self, VerifierFault> {
        Ok(Self {
            salt: bytes_from_hex(salt).and_then(|salt| Salt::new(&salt)).ok_or(VerifierFault::Salt)?,
            iterations: Iterations::new(iterations).ok_or(VerifierFault::Iterations)?,
            stored_key: key_from_hex(stored_key).ok_or(VerifierFault::StoredKey)?,
            server_key: key_from_hex(server_key).ok_or(VerifierFault::ServerKey)?,
        })
    }

    /// As text, for storage. A method and not `Display`, so that no log shows it by accident.
    pub fn to_text(&self) -> Zeroizing<String> {
        let (iterations, salt) = (self.iterations.count(), base64_of(self.salt.bytes()));
        let stored_key = Zeroizing::new(base64_of(&*self.stored_key));
        let server_key = Zeroizing::new(base64_of(&*self.server_key));
        let capacity = SCRAM_SHA_256.len() + salt.len() + stored_key.len() + server_key.len() + 16;
        // Text that grows leaves copies behind, which nobody wipes.
        let mut text = Zeroizing::new(String::with_capacity(capacity));
        for part in
            [SCRAM_SHA_256, "$", &iterations.to_string(), ":", &salt, "$", &stored_key, ":", &server_key]
        {
            text.push_str(part);
        }
        text
    }

    /// How often the password was hashed.
    pub const fn iterations(&self) -> Iterations {
        self.iterations
    }

    pub(super) const fn salt(&self) -> &Salt {
        &self.salt
    }

    /// Compares in constant time, and signs whatever comes of it (RFC 5802 §3).
    pub(super) fn check(&self, transcript: &str, proof: &Key) -> Checked {
        let client_signature = hmac(&*self.stored_key, transcript.as_bytes());
        let client_key = xor(proof, &client_signature);
        let is_right = hash(&*client_key).ct_eq(&*self.stored_key);
        Checked { is_right, server_signature: hmac(&*self.server_key, transcript.as_bytes()) }
    }

    /// A verifier that no proof is known for.
    pub(super) fn of_nobody() -> Self {
        Self {
            salt: Salt::of_16([0; SALT_LEN]),
            iterations: Iterations::default(),
            stored_key: Key::default(),
            server_key: Key::default(),
        }
    }
}

impl FromStr for ScramVerifier {
    type Err = VerifierFault;

    fn from_str(text: &str) -> Result<Self, VerifierFault> {
        let rest = text.strip_prefix(SCRAM_SHA_256).and_then(|rest| rest.strip_prefix('$'));
        let (parameters, keys) =
            rest.ok_or(VerifierFault::NotScramSha256)?.split_once('$').ok_or(VerifierFault::Shape)?;
        let (iterations, salt) = parameters.split_once(':').ok_or(VerifierFault::Shape)?;
        let (stored_key, server_key) = keys.split_once(':').ok_or(VerifierFault::Shape)?;
        Ok(Self {
            salt: Salt::parse(salt).ok_or(VerifierFault::Salt)?,
            iterations: Iterations::parse(iterations).ok_or(VerifierFault::Iterations)?,
            stored_key: key_from_base64(stored_key).ok_or(VerifierFault::StoredKey)?,
            server_key: key_from_base64(server_key).ok_or(VerifierFault::ServerKey)?,
        })
    }
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramVerifier").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

fn bytes_from_hex(hex: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? * 16 + digit(low)?).ok();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(byte).collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}

fn key_from_hex(hex: &str) -> Option<Key> {
    // Too long a text is not read at all.
    let bytes = Some(hex).filter(|hex| hex.len() == 2 * KEY_LEN).and_then(bytes_from_hex)?;
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}
