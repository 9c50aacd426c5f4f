//! The keys that live outside the database, and what is computed with them.

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::hmac;
use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::model::UnknownWord;
use crate::{Entropy, NoEntropy};

#[cfg(test)]
mod tests;

/// Peppers by version: without them a copy of the database is of no use for testing guesses.
///
/// A credential keeps the version its verifier was made with. New verifiers use the highest one; an older
/// version stays as long as a credential needs it.
///
/// The text form is that of a file of mode 0600, or of an environment variable, one key a line or separated
/// by commas: `1:{base64url of 32 bytes}`. Lines that start with `#` say something to people.
///
/// `Debug` shows versions only.
pub struct Keyring {
    keys: BTreeMap<PepperVersion, Pepper>,
    current: PepperVersion,
}

/// Which pepper a verifier was made with; from 1 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PepperVersion(u16);

/// What the store keeps of a secret: `HMAC-SHA-256(pepper, "vouchmq.v1\0secret\0" ‖ credential id ‖ "\0" ‖
/// secret)`. `Debug` does not show it, and `==`, which would take its time by the first byte that differs, is not
/// there: [`Keyring::matches`] compares.
#[derive(Clone, Copy)]
pub struct SecretVerifier {
    /// The pepper.
    pub version: PepperVersion,
    /// The code.
    pub mac: [u8; MAC_LEN],
}

/// What tells that a database and a key belong together: the first 8 bytes of
/// `HMAC-SHA-256(pepper, "vouchmq.v1\0check\0")`. Not secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckValue([u8; CHECK_LEN]);

/// Why a text is not a [`Keyring`]. Never repeats the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringFault {
    /// There is no key in it.
    #[error("there is no key: write 1:{{43 characters of base64url}}")]
    Empty,
    /// A line is no key.
    #[error("key {number} is not version:key, a number from 1 to 65535 and 43 characters of base64url")]
    Shape {
        /// Which one, counted from 1, comments left out.
        number: usize,
    },
    /// A version is there twice.
    #[error("key {number} has version {} again", .version.0)]
    Twice {
        /// Which one, counted from 1, comments left out.
        number: usize,
        /// The version.
        version: PepperVersion,
    },
}

/// One pepper: its bytes, to be written down again, and the key that is computed with.
struct Pepper {
    bytes: Zeroizing<[u8; KEY_LEN]>,
    key: hmac::Key,
}

const KEY_LEN: usize = 32;
const MAC_LEN: usize = 32;
const CHECK_LEN: usize = 8;
const SECRET_LABEL: &[u8] = b"vouchmq.v1\0secret\0";
const CHECK_LABEL: &[u8] = b"vouchmq.v1\0check\0";
const FAKE_LABEL: &[u8] = b"vouchmq.v1\0fake\0";

// === impl Keyring ===

impl Keyring {
    /// A keyring of one random pepper, version 1.
    ///
    /// # Errors
    /// [`NoEntropy`]: there is none.
    pub fn generate(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let version = PepperVersion::FIRST;
        Ok(Self { keys: BTreeMap::from([(version, Pepper::generate(entropy)?)]), current: version })
    }

    /// Adds a random pepper above all others, with which new verifiers are made from now on.
    ///
    /// `None` when the highest version is taken.
    ///
    /// # Errors
    /// [`NoEntropy`]: there is none, and nothing changed.
    pub fn rotate(&mut self, entropy: &mut dyn Entropy) -> Result<Option<PepperVersion>, NoEntropy> {
        let Some(version) = self.current.0.checked_add(1).map(PepperVersion) else { return Ok(None) };
        self.keys.insert(version, Pepper::generate(entropy)?);
        self.current = version;
        Ok(Some(version))
    }

    /// Forgets a pepper that no credential needs any more; `false` for the current one and unknown ones.
    pub fn retire(&mut self, version: PepperVersion) -> bool {
        version != self.current && self.keys.remove(&version).is_some()
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`KeyringFault`] says which key is at fault.
    pub fn parse(text: &str) -> Result<Self, KeyringFault> {
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let keys = lines.flat_map(|line| line.split(',')).map(str::trim).filter(|key| !key.is_empty());
        let mut ring = BTreeMap::new();
        for (number, key) in (1..).zip(keys) {
            let (version, pepper) = parse_key(key).ok_or(KeyringFault::Shape { number })?;
            if ring.insert(version, pepper).is_some() {
                return Err(KeyringFault::Twice { number, version });
            }
        }
        let current = *ring.last_key_value().ok_or(KeyringFault::Empty)?.0;
        Ok(Self { keys: ring, current })
    }

    /// The text form, a key a line: all of it is secret.
    pub fn expose(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(64 * self.keys.len()));
        for (version, pepper) in &self.keys {
            let key = Zeroizing::new(Base64UrlUnpadded::encode_string(&*pepper.bytes));
            text.push_str(&version.to_string());
            text.push(':');
            text.push_str(&key);
            text.push('\n');
        }
        text
    }

    /// The version that new verifiers are made with.
    pub const fn current(&self) -> PepperVersion {
        self.current
    }

    /// Every version and what the database knows it by.
    pub fn check_values(&self) -> impl Iterator<Item = (PepperVersion, CheckValue)> {
        self.keys.iter().map(|(version, pepper)| (*version, pepper.check_value()))
    }

    /// What the store may keep of a secret that was just made, or that the device proved.
    pub fn verifier_of(&self, credential: &str, secret: &[u8]) -> SecretVerifier {
        let mac = self.keys.get(&self.current).map_or([0; MAC_LEN], |pepper| pepper.mac(credential, secret));
        SecretVerifier { version: self.current, mac }
    }

    /// Whether `secret` is the one that `verifier` was made of; compares in constant time.
    ///
    /// `None` when the pepper is not there: it cannot be decided.
    #[must_use]
    pub fn matches(&self, verifier: &SecretVerifier, credential: &str, secret: &[u8]) -> Option<bool> {
        let pepper = self.keys.get(&verifier.version)?;
        Some(bool::from(pepper.mac(credential, secret).ct_eq(&verifier.mac)))
    }

    /// Does the work of [`matches`](Self::matches) for a client that nobody knows, so that time does not
    /// tell who is known.
    pub fn match_nobody(&self, secret: &[u8]) {
        let nobody = SecretVerifier { version: self.current, mac: [0; MAC_LEN] };
        std::hint::black_box(self.matches(&nobody, "00000000-0000-0000-0000-000000000000", secret));
    }

    /// Bytes that depend on `name` and on the oldest pepper alone: what a server that has to answer
    /// strangers with something, and always the same, makes it of.
    pub fn fake(&self, name: &[u8]) -> [u8; MAC_LEN] {
        let Some((_, pepper)) = self.keys.first_key_value() else { return [0; MAC_LEN] };
        pepper.compute(&[FAKE_LABEL, name])
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.keys()).finish()
    }
}

fn parse_key(text: &str) -> Option<(PepperVersion, Pepper)> {
    let (version, key) = text.split_once(':')?;
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    let decoded_len = Base64UrlUnpadded::decode(key, &mut *bytes).ok()?.len();
    (decoded_len == KEY_LEN).then_some((version.parse().ok()?, Pepper::new(bytes)))
}

// === impl Pepper ===

impl Pepper {
    fn new(bytes: Zeroizing<[u8; KEY_LEN]>) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*bytes);
        Self { bytes, key }
    }

    fn generate(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut bytes = Zeroizing::new([0; KEY_LEN]);
        entropy.fill(&mut *bytes)?;
        Ok(Self::new(bytes))
    }

    fn mac(&self, credential: &str, secret: &[u8]) -> [u8; MAC_LEN] {
        self.compute(&[SECRET_LABEL, credential.as_bytes(), b"\0", secret])
    }

    fn check_value(&self) -> CheckValue {
        let [a, b, c, d, e, f, g, h, ..] = self.compute(&[CHECK_LABEL]);
        CheckValue([a, b, c, d, e, f, g, h])
    }

    fn compute(&self, parts: &[&[u8]]) -> [u8; MAC_LEN] {
        #[cfg(test)]
        HMAC_COUNT.set(HMAC_COUNT.get() + 1);
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(part);
        }
        let mut mac = [0; MAC_LEN];
        mac.copy_from_slice(context.sign().as_ref());
        mac
    }
}

// === impl PepperVersion ===

impl PepperVersion {
    /// The first one.
    pub const FIRST: Self = Self(1);

    /// This version; `None` for 0.
    pub const fn new(version: u16) -> Option<Self> {
        if version == 0 { None } else { Some(Self(version)) }
    }

    /// Its number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

impl fmt::Display for PepperVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for PepperVersion {
    type Err = KeyringFault;

    fn from_str(text: &str) -> Result<Self, KeyringFault> {
        let number = text.parse().ok().filter(|_| !text.starts_with('+'));
        number.and_then(Self::new).ok_or(KeyringFault::Shape { number: 1 })
    }
}

// === impl CheckValue ===

impl fmt::Display for CheckValue {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl std::str::FromStr for CheckValue {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let number = Some(text).filter(|text| text.len() == 2 * CHECK_LEN && text.bytes().all(is_digit));
        let number = number.and_then(|text| u64::from_str_radix(text, 16).ok());
        let unknown = || UnknownWord { found: text.into(), known: &["16 hexadecimal digits"] };
        number.map(|number| Self(number.to_be_bytes())).ok_or_else(unknown)
    }
}

// === impl SecretVerifier ===

impl fmt::Debug for SecretVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretVerifier").field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
thread_local! {
    /// HMACs that this thread has computed: whether a device is known must not change it.
    pub(crate) static HMAC_COUNT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}
