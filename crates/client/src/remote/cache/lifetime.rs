use std::time::Duration;

use crate::remote::options::CacheOptions;

/// For how long a service lets an answer be remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// `Cache-Control: max-age` (RFC 9111 §5.2.2.1); zero where the answer may not be stored.
    pub max_age: Option<Duration>,
    /// Until the verdict itself is over, as `expire_at` says: then it is not even good while no server answers.
    pub ends_in: Option<Duration>,
}

/// How a verdict ages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// For so long it is good.
    pub(super) fresh: Duration,
    /// After so long it is good for nothing.
    pub(super) gone: Duration,
}

/// A first refusal is remembered for this long.
const REFUSED_FIRST: Duration = Duration::from_secs(2);
/// And one that repeats, at most for this long.
const REFUSED_MAX: Duration = Duration::from_mins(1);
/// A refusal that comes again within this time after the last one was over is a repetition.
const REPEATS_WITHIN: Duration = Duration::from_mins(1);

impl Lifetime {
    /// Of a verdict that allows: up to a fifth shorter than it might be, so that those who came together do not come
    /// back together.
    pub(super) fn of_allowed(options: &CacheOptions, bounds: Bounds, random: u32) -> Self {
        let longest = bounds.shortest_with(options.ttl);
        let fresh = longest - portion(longest / 5, random);
        if fresh.is_zero() {
            return Self { fresh, gone: fresh };
        }
        let gone = fresh.saturating_add(options.stale_if_error.unwrap_or_default());
        Self { fresh, gone: bounds.ends_in.map_or(gone, |end| gone.min(end)) }
    }

    /// Of one that denies for the `repetitions + 1`st time: twice as long as the last time, half of it up or down.
    pub(super) fn of_denied(options: &CacheOptions, bounds: Bounds, repetitions: u8, random: u32) -> Self {
        let middle = REFUSED_FIRST.saturating_mul(1 << repetitions.min(5)).min(REFUSED_MAX);
        let fresh = bounds.shortest_with((middle / 2 + portion(middle, random)).min(options.negative_ttl));
        Self { fresh, gone: fresh.saturating_add(REPEATS_WITHIN) }
    }
}

impl Bounds {
    fn shortest_with(self, longest: Duration) -> Duration {
        [self.max_age, self.ends_in].into_iter().flatten().fold(longest, Duration::min)
    }
}

/// A random part of it.
fn portion(whole: Duration, random: u32) -> Duration {
    whole.mul_f64(f64::from(random) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> CacheOptions {
        CacheOptions {
            ttl: Duration::from_secs(300),
            negative_ttl: Duration::from_mins(2),
            stale_if_error: Some(Duration::from_mins(15)),
            ..CacheOptions::default()
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_verdict_that_allows_holds_no_longer_than_configured_and_than_the_service_says() {
        let fresh = |max_age: Option<u64>, ends_in: Option<u64>, random| {
            let bounds = Bounds { max_age: max_age.map(seconds), ends_in: ends_in.map(seconds) };
            Lifetime::of_allowed(&options(), bounds, random).fresh
        };
        assert_eq!(fresh(None, None, 0), seconds(300));
        assert_eq!(fresh(None, None, u32::MAX), seconds(240));
        assert_eq!(fresh(Some(600), None, 0), seconds(300));
        assert_eq!(fresh(Some(100), None, 0), seconds(100));
        assert_eq!(fresh(Some(100), Some(10), 0), seconds(10));
        assert_eq!(fresh(Some(100), Some(10), u32::MAX), seconds(8));
        assert_eq!(fresh(Some(0), None, 0), Duration::ZERO);
    }

    #[test]
    fn an_outage_prolongs_a_verdict_but_not_beyond_its_own_end() {
        let gone = |bounds| Lifetime::of_allowed(&options(), bounds, 0).gone;
        assert_eq!(gone(Bounds::default()), seconds(1_200));
        assert_eq!(gone(Bounds { max_age: Some(seconds(60)), ends_in: None }), seconds(960));
        assert_eq!(gone(Bounds { max_age: Some(seconds(60)), ends_in: Some(seconds(90)) }), seconds(90));
        let unstored = Bounds { max_age: Some(Duration::ZERO), ends_in: None };
        assert_eq!(gone(unstored), Duration::ZERO, "what may not be stored is not there in an outage either");
    }

    #[test]
    fn a_refusal_that_repeats_holds_twice_as_long_up_to_a_minute_and_never_longer_than_configured() {
        let middle = |repetitions| {
            let bound =
                |random| Lifetime::of_denied(&options(), Bounds::default(), repetitions, random).fresh;
            (bound(0) + bound(u32::MAX)) / 2
        };
        let middles: Vec<_> = (0..8).map(|repetitions| middle(repetitions).as_secs()).collect();
        assert_eq!(middles, [2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(middle(u8::MAX), seconds(60));
        let short = CacheOptions { negative_ttl: seconds(3), ..options() };
        assert_eq!(Lifetime::of_denied(&short, Bounds::default(), 7, u32::MAX).fresh, seconds(3));
        let bounds = Bounds { max_age: Some(seconds(1)), ends_in: None };
        assert_eq!(Lifetime::of_denied(&options(), bounds, 7, 0).fresh, seconds(1));
    }
}
