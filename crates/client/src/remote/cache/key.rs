use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};

use aws_lc_rs::hmac;

/// What a verdict is remembered under: 128 bits of a keyed hash over everything that the question says, and who is
/// asked about. Nothing that was hashed can be had back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    digest: Digest,
    client: u64,
    user: Option<u64>,
}

/// Makes keys. They mean nothing to another process.
pub struct Keys {
    mac: hmac::Key,
    names: RandomState,
}

pub(super) type Digest = [u8; 16];

/// The bytes of the key of a process.
pub const SECRET_BYTES: usize = 32;

// === impl Keys ===

impl Keys {
    /// With a random secret of this process.
    pub fn new(secret: &[u8; SECRET_BYTES]) -> Self {
        Self { mac: hmac::Key::new(hmac::HMAC_SHA256, secret), names: RandomState::new() }
    }

    /// The key of a question: who is asked about, and whatever else the requests say, `others` always in the same
    /// order. A field that is not there is not an empty one.
    pub fn key(
        &self,
        client_id: &str,
        username: Option<&str>,
        password: Option<&[u8]>,
        others: &[Option<&[u8]>],
    ) -> Key {
        let mut mac = hmac::Context::with_key(&self.mac);
        let known = [Some(client_id.as_bytes()), username.map(str::as_bytes), password];
        for field in known.iter().chain(others) {
            // Lengths first: no field can pass for the end of one and the beginning of the next.
            let length = field.map_or(u64::MAX, |field| u64::try_from(field.len()).unwrap_or(u64::MAX - 1));
            mac.update(&length.to_be_bytes());
            mac.update(field.unwrap_or_default());
        }
        let mut digest = Digest::default();
        digest.iter_mut().zip(mac.sign().as_ref()).for_each(|(into, byte)| *into = *byte);
        Key { digest, client: self.name(client_id), user: username.map(|name| self.name(name)) }
    }

    /// A name as indexes know it. Two names that look alike there are dropped together, which harms nobody.
    pub(super) fn name(&self, name: &str) -> u64 {
        self.names.hash_one(name)
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

// === impl Key ===

impl Key {
    pub(super) const fn digest(&self) -> &Digest {
        &self.digest
    }

    pub(super) const fn client(&self) -> u64 {
        self.client
    }

    pub(super) const fn user(&self) -> Option<u64> {
        self.user
    }

    /// Who is asked about: a client id with a user name, whatever the password.
    pub(super) const fn identity(&self) -> u64 {
        match self.user {
            Some(user) => self.client.rotate_left(17) ^ user,
            None => self.client,
        }
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.digest.hash(state);
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}
