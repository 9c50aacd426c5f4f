//! The computations of RFC 5802 §3 with SHA-256, in its words.

use aws_lc_rs::{digest, hmac as aws_hmac, pbkdf2};
use zeroize::Zeroizing;

use super::Iterations;

pub(super) const KEY_LEN: usize = 32;

/// A key, a signature or a proof. Wiped when it is dropped.
pub(super) type Key = Zeroizing<[u8; KEY_LEN]>;

/// What a password yields with a salt: enough to play either side.
pub(super) struct PasswordKeys {
    pub(super) client_key: Key,
    pub(super) stored_key: Key,
    pub(super) server_key: Key,
}

impl PasswordKeys {
    /// Takes as long as `iterations` say, whatever the password.
    pub(super) fn derive(password: &[u8], salt: &[u8], iterations: Iterations) -> Self {
        let mut salted = Key::default();
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations.0, salt, password, &mut *salted);
        let client_key = hmac(&*salted, b"Client Key");
        let stored_key = hash(&*client_key);
        Self { client_key, stored_key, server_key: hmac(&*salted, b"Server Key") }
    }
}

/// HMAC-SHA-256.
pub(super) fn hmac(key: &[u8], data: &[u8]) -> Key {
    #[cfg(test)]
    HMAC_COUNT.set(HMAC_COUNT.get() + 1);
    key_of(aws_hmac::sign(&aws_hmac::Key::new(aws_hmac::HMAC_SHA256, key), data).as_ref())
}

/// SHA-256.
pub(super) fn hash(data: &[u8]) -> Key {
    key_of(digest::digest(&digest::SHA256, data).as_ref())
}

/// A proof is the key XOR the signature, and the key the proof XOR the signature.
pub(super) fn xor(left: &Key, right: &Key) -> Key {
    let mut both = left.clone();
    both.iter_mut().zip(right.iter()).for_each(|(byte, other)| *byte ^= other);
    both
}

/// What SHA-256 made, which is as long as a key.
fn key_of(bytes: &[u8]) -> Key {
    let mut key = Key::default();
    key.copy_from_slice(bytes);
    key
}

#[cfg(test)]
thread_local! {
    /// HMACs that this thread has computed: what makes a user known or unknown must not change it.
    pub(super) static HMAC_COUNT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}
