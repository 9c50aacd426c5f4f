use std::fmt;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};

/// So many a period for each key, as many at once, and no more keys than `keys_max`: who comes when the table
/// is full shares what is left with all others who do.
pub struct Limiter<K: Hash + Eq + Clone> {
    each: RateLimiter<K, HashMapStateStore<K>, DefaultClock>,
    rest: RateLimiter<governor::state::NotKeyed, governor::state::InMemoryState, DefaultClock>,
    clock: DefaultClock,
    keys_max: usize,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    /// `count` for each key in each `period`.
    pub fn new(count: NonZeroU32, period: Duration, keys_max: usize) -> Self {
        let between = period.checked_div(count.get()).unwrap_or_default().max(Duration::from_nanos(1));
        // A period of zero is the one that there is no quota for.
        let quota = Quota::with_period(between)
            .map_or_else(|| Quota::per_second(count), |quota| quota.allow_burst(count));
        Self {
            each: RateLimiter::hashmap(quota),
            rest: RateLimiter::direct(quota),
            clock: DefaultClock::default(),
            keys_max,
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// There is none left: so long to wait for the next.
    pub fn take(&self, key: &K) -> Result<(), Duration> {
        self.take_many(key, NonZeroU32::MIN)
    }

    /// Takes `count` at once, or none.
    ///
    /// # Errors
    /// There are not so many left: so long to wait for them; a minute if there never are.
    pub fn take_many(&self, key: &K, count: NonZeroU32) -> Result<(), Duration> {
        if self.each.len() >= self.keys_max {
            self.each.retain_recent();
        }
        let taken = if self.each.len() >= self.keys_max {
            self.rest.check_n(count).map(|ok| ok.map_err(|until| until.wait_time_from(self.clock.now())))
        } else {
            self.each
                .check_key_n(key, count)
                .map(|ok| ok.map_err(|until| until.wait_time_from(self.clock.now())))
        };
        taken.unwrap_or(Err(NEVER))
    }
}

/// More than there ever are at once.
const NEVER: Duration = Duration::from_secs(60);

impl<K: Hash + Eq + Clone> fmt::Debug for Limiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limiter").field("keys", &self.each.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_count_and_the_table_a_bound() {
        let limiter = Limiter::new(NonZeroU32::new(2).unwrap(), Duration::from_secs(3600), 2);
        assert_eq!([limiter.take(&1), limiter.take(&1)], [Ok(()), Ok(())]);
        let wait = limiter.take(&1).unwrap_err();
        assert!(wait > Duration::from_secs(1700) && wait <= Duration::from_secs(1800), "{wait:?}");
        assert_eq!(limiter.take(&2), Ok(()));
        // The table is full: all others are one.
        assert_eq!([limiter.take(&3), limiter.take(&4)], [Ok(()), Ok(())]);
        assert!(limiter.take(&5).is_err());
        assert_eq!(limiter.each.len(), 2);
    }
}
