//! Generated secrets: `vmq1_{key id}_{key}_{check}`, and their like for claim tokens and API keys.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use zeroize::Zeroizing;

use crate::{Entropy, NoEntropy};

#[cfg(test)]
mod tests;

/// A generated secret, as its holder keeps it and as it is shown once.
///
/// ASCII: the prefix of its [use](SecretUse), 8 characters of base64url that name it among others
/// ([`KeyId`]), `_`, 43 of base64url for a key of 256 random bits, `_`, and 6 of base64url for the CRC-32
/// (IEEE, big-endian) of everything before the last `_`. The check digits refuse typing errors before any
/// cryptography; the prefix lets scanners find secrets that leaked.
///
/// `Debug` shows the key id only; the text is wiped when it is dropped.
pub struct Secret {
    text: Zeroizing<String>,
    key_id: KeyId,
}

/// What a generated secret is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretUse {
    /// A device proves itself: `vmq1_`.
    Device,
    /// A claim token lets a new device register: `vmqc1_`.
    Claim,
    /// An API key opens the management API: `vmqk1_`.
    ApiKey,
}

/// Which of several a [`Secret`] is. Not secret.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KEY_ID_LEN]);

/// Why a text is not a [`Secret`]. Never repeats the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// It does not start with the prefix of its use: a secret of another origin.
    #[error("not a generated secret: it does not start with its prefix, as vmq1_")]
    Foreign,
    /// It does, and has another length or other characters.
    #[error("a generated secret is its prefix, 8, _, 43, _ and 6 characters of A-Z a-z 0-9 - _")]
    Shape,
    /// The check digits are those of another text.
    #[error("the check digits do not fit: a character is missing or wrong")]
    Check,
}

const KEY_ID_LEN: usize = 6;
const KEY_LEN: usize = 32;
const CHECK_LEN: usize = 4;
/// Where the parts are, behind the prefix.
const KEY_ID_AT: std::ops::Range<usize> = 0..8;
const KEY_AT: std::ops::Range<usize> = 9..52;
const CHECK_AT: std::ops::Range<usize> = 53..59;
const REST_LEN: usize = CHECK_AT.end;

// === impl Secret ===

impl Secret {
    /// A new secret of 256 random bits.
    ///
    /// # Errors
    /// [`NoEntropy`]: there is none.
    pub fn generate(used_for: SecretUse, entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut key_id = [0; KEY_ID_LEN];
        entropy.fill(&mut key_id)?;
        let mut key = Zeroizing::new([0; KEY_LEN]);
        entropy.fill(&mut *key)?;
        Ok(Self::of(used_for, KeyId(key_id), &key))
    }

    fn of(used_for: SecretUse, key_id: KeyId, key: &[u8; KEY_LEN]) -> Self {
        // Of the final size from the start: a string that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(used_for.prefix().len() + REST_LEN));
        let key = Zeroizing::new(Base64UrlUnpadded::encode_string(key));
        text.push_str(used_for.prefix());
        text.push_str(&key_id.to_string());
        text.push('_');
        text.push_str(&key);
        let check = check_of(text.as_bytes());
        text.push('_');
        text.push_str(&check);
        Self { text, key_id }
    }

    /// Reads the key id out of what somebody presents.
    ///
    /// Only the shape and the check digits are looked at: whether the secret is the right one is for
    /// [`Keyring`](crate::Keyring) to say.
    ///
    /// # Errors
    /// [`SecretFault`] says what it is instead.
    pub fn key_id_in(used_for: SecretUse, text: &[u8]) -> Result<KeyId, SecretFault> {
        let rest = text.strip_prefix(used_for.prefix().as_bytes()).ok_or(SecretFault::Foreign)?;
        let part = |range: std::ops::Range<usize>| rest.get(range).ok_or(SecretFault::Shape);
        let separators = [KEY_ID_AT.end, KEY_AT.end].map(|at| rest.get(at) == Some(&b'_'));
        if rest.len() != REST_LEN || separators.contains(&false) {
            return Err(SecretFault::Shape);
        }
        let mut key = Zeroizing::new([0; KEY_LEN]);
        let mut check = [0; CHECK_LEN];
        let mut key_id = [0; KEY_ID_LEN];
        decode(part(KEY_AT)?, &mut *key)?;
        decode(part(CHECK_AT)?, &mut check)?;
        decode(part(KEY_ID_AT)?, &mut key_id)?;
        let checked = text.get(..text.len() - (REST_LEN - KEY_AT.end)).ok_or(SecretFault::Shape)?;
        if check != crc32fast::hash(checked).to_be_bytes() {
            return Err(SecretFault::Check);
        }
        Ok(KeyId(key_id))
    }

    /// Which of several it is.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The text, to be shown once and forgotten.
    pub fn expose(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

// === impl SecretUse ===

impl SecretUse {
    /// What every secret of this use starts with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Device => "vmq1_",
            Self::Claim => "vmqc1_",
            Self::ApiKey => "vmqk1_",
        }
    }
}

// === impl KeyId ===

impl KeyId {
    /// These six bytes.
    pub const fn new(bytes: [u8; KEY_ID_LEN]) -> Self {
        Self(bytes)
    }

    /// Its six bytes.
    pub const fn bytes(self) -> [u8; KEY_ID_LEN] {
        self.0
    }
}

impl fmt::Display for KeyId {
    /// Eight characters of base64url.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Base64UrlUnpadded::encode_string(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl std::str::FromStr for KeyId {
    type Err = SecretFault;

    fn from_str(text: &str) -> Result<Self, SecretFault> {
        let mut bytes = [0; KEY_ID_LEN];
        decode(text.as_bytes(), &mut bytes)?;
        Ok(Self(bytes))
    }
}

fn check_of(bytes: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(&crc32fast::hash(bytes).to_be_bytes())
}

/// Decodes base64url that yields exactly `into.len()` bytes; bits that stand for nothing must be zero.
fn decode(text: &[u8], into: &mut [u8]) -> Result<(), SecretFault> {
    let len = into.len();
    match Base64UrlUnpadded::decode(text, into) {
        Ok(bytes) if bytes.len() == len => Ok(()),
        Ok(_) | Err(_) => Err(SecretFault::Shape),
    }
}
