use std::fmt;

use aws_lc_rs::hmac;

/// A key that one caller and this service share, and its name.
///
/// It signs with HMAC-SHA-256 and nothing else. `Debug` shows the name only.
#[derive(Clone)]
pub struct SigningKey {
    id: Box<str>,
    key: hmac::Key,
}

/// Why something is not a [`SigningKey`]. Never repeats the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakKey {
    /// The key is too short.
    #[error("a signing key has at least {LEN_MIN} bytes, this one has {found}")]
    Short {
        /// How many it has.
        found: usize,
    },
    /// The name cannot stand in a header field.
    #[error("the name of a signing key is 1 to 64 of the characters A-Z a-z 0-9 . _ : -")]
    Name,
}

const LEN_MIN: usize = 32;
const ID_LEN_MAX: usize = 64;

impl SigningKey {
    /// The key that is called `id`: at least 32 bytes that nobody can guess.
    ///
    /// # Errors
    /// [`WeakKey`].
    pub fn new(id: &str, bytes: &[u8]) -> Result<Self, WeakKey> {
        if !is_id(id) {
            return Err(WeakKey::Name);
        }
        if bytes.len() < LEN_MIN {
            return Err(WeakKey::Short { found: bytes.len() });
        }
        Ok(Self { id: id.into(), key: hmac::Key::new(hmac::HMAC_SHA256, bytes) })
    }

    /// What it is called: its `keyid`.
    pub fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn sign(&self, base: &str) -> hmac::Tag {
        hmac::sign(&self.key, base.as_bytes())
    }

    /// In constant time.
    pub(super) fn verify(&self, base: &str, tag: &[u8]) -> bool {
        hmac::verify(&self.key, base.as_bytes(), tag).is_ok()
    }
}

pub(super) fn is_id(text: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
    (1..=ID_LEN_MAX).contains(&text.len()) && text.bytes().all(is_usual)
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}
