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
/// parameters, which those have that are made here. What was right is remembered as a code under a key; where another
/// value has the same key, it can [inherit](Self::inherit) that. `Debug` shows how many there are.
pub struct Passwords {
    hashes: BTreeMap<Box<str>, PasswordHash>,
    /// What unknown names are compared with; `None` without names.
    nobody: Option<PasswordHash>,
    /// What each name was added with, as codes: whether it is the same as before.
    sources: BTreeMap<Box<str>, Code>,
    key: hmac::Key,
    right: Mutex<HashMap<Code, Right>>,
}

/// By what a memory of passwords is kept. `Debug` does not show it.
#[derive(Clone)]
pub struct MemoryKey(hmac::Key);

/// Whose password was right, and until when that is remembered.
struct Right {
    name: Box<str>,
    until: Timestamp,
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
    /// Nobody's, with a key of its own.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn new(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        Ok(Self::under(&MemoryKey::new(entropy)?))
    }

    /// Nobody's, with this key.
    pub fn under(MemoryKey(key): &MemoryKey) -> Self {
        let (hashes, sources) = (BTreeMap::new(), BTreeMap::new());
        Self { hashes, nobody: None, sources, key: key.clone(), right: Mutex::default() }
    }

    /// Remembers what `previous` remembers of names that were added with the very same password or hash; of nobody
    /// if that has another key.
    pub fn inherit(&self, previous: &Self) {
        let is_same = |name: &str| {
            self.sources.get(name).is_some_and(|source| previous.sources.get(name) == Some(source))
        };
        let known = previous.right.lock().unwrap_or_else(PoisonError::into_inner);
        let known: Vec<_> = known
            .iter()
            .filter(|(_, right)| is_same(&right.name))
            .map(|(code, right)| (*code, right.name.clone(), right.until))
            .collect();
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.extend(known.into_iter().map(|(code, name, until)| (code, Right { name, until })));
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
        self.sources.insert(name.into(), self.code(name, text.as_bytes()));
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
        right.get(&self.code(name, password)).is_some_and(|right| now < right.until)
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
            self.remember(name, self.code(name, password), now);
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

    fn remember(&self, name: &str, code: Code, now: Timestamp) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.len() >= RIGHT_MAX {
            right.retain(|_, right| now < right.until);
        }
        // Only who knows a password gets here: a full table is no attack.
        if right.len() < RIGHT_MAX {
            right.insert(code, Right { name: name.into(), until: now.after(REMEMBERED) });
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

impl MemoryKey {
    /// A new one.
    ///
    /// # Errors
    /// [`NoEntropy`].
    pub fn new(entropy: &mut dyn Entropy) -> Result<Self, NoEntropy> {
        let mut key = zeroize::Zeroizing::new([0; 32]);
        entropy.fill(&mut *key)?;
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &*key)))
    }
}

impl fmt::Debug for MemoryKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryKey(..)")
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords").field("len", &self.hashes.len()).finish_non_exhaustive()
    }
}
