//! Passwords of operators: few, and proven again with every request.

use std::collections::{BTreeMap, HashMap};
use std::hint;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, iter};

use aws_lc_rs::hmac;
use vouchmq_mqtt::time::Timestamp;

use crate::password_import::{ImportFault, from_configuration, looks_hashed};
use crate::{Cost, Entropy, HashCost, NoEntropy, NoHash, OutOfMemory, PasswordHash};

#[cfg(test)]
mod tests;

/// Names, hashes of passwords, and a memory of what was right a moment ago.
///
/// A name that is not known costs as much as a wrong password, as long as all hashes have the same scheme and
/// parameters, which those have that are made here. What was right is remembered as a code under a key that lives as
/// long as this value. `Debug` shows how many there are.
pub struct Passwords {
    hashes: BTreeMap<Box<str>, PasswordHash>,
    /// What unknown names are compared with; `None` without names.
    nobody: Option<PasswordHash>,
    key: hmac::Key,
    right: Mutex<HashMap<Code, Timestamp>>,
}

type Code = [u8; 32];

/// Why a configured password is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFault {
    /// It looks like a hash, and is none that is read.
    #[error(transparent)]
    Import(#[from] ImportFault),
    /// It cannot be hashed.
    #[error(transparent)]
    Hash(#[from] NoHash),
}

/// How long a password that was right is not hashed again.
const REMEMBERED: Duration = Duration::from_secs(300);
/// How many are remembered.
const RIGHT_MAX: usize = 256;

impl Passwords {
    /// Nobody's.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn new(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut key = zeroize::Zeroizing::new([0; 32]);
        entropy.fill(&mut *key)?;
        let key = hmac::Key::new(hmac::HMAC_SHA256, &*key);
        Ok(Self { hashes: BTreeMap::new(), nobody: None, key, right: Mutex::default() })
    }

    /// One more, as a configuration has it: a hash, or the password itself, which is hashed by Argon2id. Takes its
    /// time.
    ///
    /// # Errors
    /// [`PasswordFault`].
    pub fn add(&mut self, name: &str, text: &str, entropy: &mut dyn Entropy) -> Result<(), PasswordFault> {
        let hash = if looks_hashed(text) {
            from_configuration(text)?
        } else {
            PasswordHash::create(text.as_bytes(), HashCost::default(), entropy)?
        };
        self.hashes.insert(name.into(), hash);
        let most = self.hashes.values().max_by_key(|hash| (hash.cost(), hash.work()));
        self.nobody = most.map(PasswordHash::decoy);
        Ok(())
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Whether this was right a moment ago; cheap, and `false` says nothing.
    pub fn remembers(&self, name: &str, password: &[u8], now: Timestamp) -> bool {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        let until = right.get(&self.code(name, password)).copied();
        until.is_some_and(|until| now < until)
    }

    /// Whether this is the password of that name; takes its time. What is right is remembered.
    ///
    /// # Errors
    /// [`OutOfMemory`]: not known.
    pub fn proves(&self, name: &str, password: &[u8], now: Timestamp) -> Result<bool, OutOfMemory> {
        let Some(hash) = self.hashes.get(name) else {
            self.pass_time(password);
            return Ok(false);
        };
        let is_right = hash.matches(password)?;
        if is_right {
            self.remember(self.code(name, password), now);
        } else if hash.cost() == Cost::Cheap {
            // Compared at once, it would tell that the name exists.
            self.pass_time(password);
        }
        Ok(is_right)
    }

    fn pass_time(&self, password: &[u8]) {
        if let Some(nobody) = self.nobody.as_ref().filter(|nobody| nobody.cost() != Cost::Cheap) {
            // The result does not count, the time does.
            let _ = hint::black_box(nobody.matches(password));
        }
    }

    fn remember(&self, code: Code, now: Timestamp) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= RIGHT_MAX {
            right.retain(|_, until| now < *until);
        }
        // Only who knows a password gets here: a full table is no attack.
        if right.len() < RIGHT_MAX {
            right.insert(code, now.after(REMEMBERED));
        }
    }

    fn code(&self, name: &str, password: &[u8]) -> Code {
        let mut context = hmac::Context::with_key(&self.key);
        // The length first, so that no name and password are another name and another password.
        for part in [&name.len().to_be_bytes(), name.as_bytes(), password] {
            context.update(part);
        }
        let tag = context.sign();
        let mut code = [0; 32];
        iter::zip(&mut code, tag.as_ref()).for_each(|(byte, of)| *byte = *of);
        code
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("len", &self.hashes.len()).finish_non_exhaustive()
    }
}
