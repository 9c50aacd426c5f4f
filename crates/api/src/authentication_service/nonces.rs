use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use vouchmq_identity::signature::{AGE_SECS_MAX, AHEAD_SECS_MAX};

/// Nonces of signed requests, for as long as the same request would not be stale.
///
/// They are kept by the second in which their request says that it was made: a replay says the same, since that
/// is signed too. Of each only 128 bits of a keyed hash are kept.
pub(super) struct Nonces {
    seen: Mutex<Seen>,
    keys: [RandomState; 2],
    nonces_max: usize,
}

#[derive(Default)]
struct Seen {
    by_second: BTreeMap<u64, HashSet<u128>>,
    count: usize,
}

/// Why a nonce is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotTaken {
    /// It was there before.
    Replayed,
    /// There is no room to remember it.
    Full,
}

impl Nonces {
    pub(super) fn new(nonces_max: usize) -> Self {
        Self { seen: Mutex::default(), keys: Default::default(), nonces_max }
    }

    /// Takes the nonce of a request that was verified: made at `created`, taken at `now`, seconds since 1970.
    pub(super) fn take(&self, key_id: &str, nonce: &str, created: u64, now: u64) -> Result<(), NotTaken> {
        let [high, low] = self.keys.each_ref().map(|key| key.hash_one((key_id, nonce)));
        let hash = (u128::from(high) << 64) | u128::from(low);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.forget_before(now.saturating_sub(AGE_SECS_MAX + AHEAD_SECS_MAX));
        if seen.by_second.get(&created).is_some_and(|nonces| nonces.contains(&hash)) {
            return Err(NotTaken::Replayed);
        }
        if seen.count >= self.nonces_max {
            return Err(NotTaken::Full);
        }
        seen.by_second.entry(created).or_default().insert(hash);
        seen.count += 1;
        Ok(())
    }
}

impl Seen {
    fn forget_before(&mut self, second: u64) {
        while let Some(oldest) = self.by_second.first_entry()
            && *oldest.key() < second
        {
            self.count = self.count.saturating_sub(oldest.remove().len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_taken_once_by_each_key_and_forgotten_when_it_is_stale() {
        let nonces = Nonces::new(3);
        assert_eq!(nonces.take("a", "n1", 100, 100), Ok(()));
        assert_eq!(nonces.take("a", "n1", 100, 160), Err(NotTaken::Replayed));
        assert_eq!(nonces.take("b", "n1", 100, 160), Ok(()));
        assert_eq!(nonces.take("a", "n2", 160, 160), Ok(()));
        assert_eq!(nonces.take("a", "n3", 160, 160), Err(NotTaken::Full));
        assert_eq!(nonces.take("a", "n3", 166, 166), Ok(()), "two are forgotten");
        assert_eq!(nonces.seen.lock().unwrap().count, 2);
    }
}
