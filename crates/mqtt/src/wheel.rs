use std::time::Duration;

use crate::time::Timestamp;

/// Width of a bucket: a timer fires at most this much late, never early.
const TICK: Duration = Duration::from_millis(100);
/// Buckets: a timer further away fires at the horizon, and its owner arms it again.
const BUCKETS: u64 = 640;

/// Timers of one engine in buckets of 100 ms.
///
/// Nothing is ever cancelled: an entry that fires is compared with the state it was armed for, and is
/// forgotten when that has moved on. The horizon of 64 s bounds what stale entries can cost.
#[derive(Debug)]
pub(crate) struct Wheel<T> {
    buckets: Vec<Vec<T>>,
    /// Every bucket before this tick has fired.
    next_tick: u64,
    /// The first bucket that holds something.
    earliest_tick: u64,
}

/// No bucket holds anything.
const NEVER: u64 = u64::MAX;

impl<T> Wheel<T> {
    pub(crate) fn new(now: Timestamp) -> Self {
        let buckets = (0..BUCKETS).map(|_| Vec::new()).collect();
        Self { buckets, next_tick: tick_of(now), earliest_tick: NEVER }
    }

    /// Entries, those included that will find nothing to do.
    pub(crate) fn len(&self) -> usize {
        self.buckets.iter().map(Vec::len).sum()
    }

    /// When a timer that is armed now for `deadline` fires: within a tick after it, or earlier when the
    /// deadline lies beyond the horizon, which ends the sooner the longer nothing was fired.
    pub(crate) fn fires_at(&self, deadline: Timestamp) -> Timestamp {
        instant_of(self.tick_for(deadline))
    }

    /// Arms `timer` for `deadline`.
    pub(crate) fn arm(&mut self, deadline: Timestamp, timer: T) {
        let tick = self.tick_for(deadline);
        if let Some(bucket) = self.buckets.get_mut(index_of(tick)) {
            bucket.push(timer);
            self.earliest_tick = self.earliest_tick.min(tick);
        }
    }

    fn tick_for(&self, deadline: Timestamp) -> u64 {
        let horizon = self.next_tick + BUCKETS - 1;
        tick_of(deadline).saturating_add(1).clamp(self.next_tick, horizon)
    }

    /// The instant at which [`Wheel::fire`] has something to do.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        (self.earliest_tick != NEVER).then(|| instant_of(self.earliest_tick))
    }

    /// Moves every timer that is due at `now` into `due`.
    pub(crate) fn fire(&mut self, now: Timestamp, due: &mut Vec<T>) {
        let now_tick = tick_of(now);
        if now_tick < self.next_tick {
            return;
        }
        // After a long pause one turn of the wheel visits every bucket.
        let last_tick = now_tick.min(self.next_tick + BUCKETS - 1);
        for tick in self.next_tick..=last_tick {
            if let Some(bucket) = self.buckets.get_mut(index_of(tick)) {
                due.append(bucket);
                if bucket.capacity() > 1024 {
                    *bucket = Vec::new();
                }
            }
        }
        self.next_tick = now_tick + 1;
        let is_used = |tick: &u64| self.buckets.get(index_of(*tick)).is_some_and(|bucket| !bucket.is_empty());
        self.earliest_tick = (self.next_tick..self.next_tick + BUCKETS).find(is_used).unwrap_or(NEVER);
    }
}

fn tick_of(at: Timestamp) -> u64 {
    at.micros() / tick_micros()
}

fn instant_of(tick: u64) -> Timestamp {
    Timestamp::from_micros(tick.saturating_mul(tick_micros()))
}

fn index_of(tick: u64) -> usize {
    usize::try_from(tick % BUCKETS).unwrap_or(0)
}

fn tick_micros() -> u64 {
    u64::try_from(TICK.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(n: u64) -> Timestamp {
        Timestamp::from_micros(n * 1000)
    }

    #[test]
    fn fires_within_a_tick_after_the_deadline_and_never_before() {
        let mut wheel = Wheel::new(Timestamp::ZERO);
        wheel.arm(millis(250), "a");
        let mut due = Vec::new();
        wheel.fire(millis(249), &mut due);
        assert!(due.is_empty());
        let at = wheel.next_deadline().unwrap();
        assert!(at >= millis(250) && at <= millis(350), "{at:?}");
        wheel.fire(at, &mut due);
        assert_eq!(due, ["a"]);
        assert_eq!(wheel.next_deadline(), None);
    }

    #[test]
    fn a_timer_beyond_the_horizon_fires_at_the_horizon() {
        let mut wheel = Wheel::new(Timestamp::ZERO);
        wheel.arm(Timestamp::NEVER, ());
        assert!(wheel.next_deadline().unwrap() <= millis(64_000));
    }

    #[test]
    fn says_when_it_fires_even_if_that_is_early() {
        let mut wheel = Wheel::new(Timestamp::ZERO);
        for deadline in [millis(0), millis(250), millis(70_000), millis(1_000_000)] {
            let at = wheel.fires_at(deadline);
            wheel.arm(deadline, ());
            assert_eq!(wheel.next_deadline(), Some(at), "armed for {deadline:?}");
            let mut due = Vec::new();
            wheel.fire(at, &mut due);
            assert_eq!(due.len(), 1);
        }
    }

    #[test]
    fn a_pause_longer_than_the_wheel_fires_everything_once() {
        let mut wheel = Wheel::new(Timestamp::ZERO);
        for n in 0..100 {
            wheel.arm(millis(n * 600), n);
        }
        let mut due = Vec::new();
        wheel.fire(millis(10_000_000), &mut due);
        assert_eq!(due.len(), 100);
        wheel.arm(millis(10_000_050), 7);
        due.clear();
        wheel.fire(millis(10_000_200), &mut due);
        assert_eq!(due, [7]);
    }
}
