//! How long things take, counted in fixed buckets.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long things took, counted by many at once. Its buckets are fixed, so that those of several can be added.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

/// What a [`Histogram`] had counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistogramSnapshot {
    /// How many took at most as long as [`Histogram::BOUNDS`] has it in the same place, and longer than the one before;
    /// the last: longer than any of them.
    pub buckets: [u64; BUCKETS],
    /// All of it together.
    pub sum: Duration,
}

const BUCKETS: usize = Histogram::BOUNDS.len() + 1;

impl Histogram {
    /// Upper ends of the buckets, included.
    pub const BOUNDS: [Duration; 16] = [
        Duration::from_micros(100),
        Duration::from_micros(250),
        Duration::from_micros(500),
        Duration::from_millis(1),
        Duration::from_micros(2_500),
        Duration::from_millis(5),
        Duration::from_millis(10),
        Duration::from_millis(25),
        Duration::from_millis(50),
        Duration::from_millis(100),
        Duration::from_millis(250),
        Duration::from_millis(500),
        Duration::from_secs(1),
        Duration::from_millis(2_500),
        Duration::from_secs(5),
        Duration::from_secs(10),
    ];

    /// Something took so long.
    pub fn observe(&self, took: Duration) {
        let bucket = Self::BOUNDS.partition_point(|bound| *bound < took);
        if let Some(bucket) = self.buckets.get(bucket) {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What it has counted by now.
    pub fn snapshot(&self) -> HistogramSnapshot {
        HistogramSnapshot {
            buckets: std::array::from_fn(|at| {
                self.buckets.get(at).map_or(0, |bucket| bucket.load(Ordering::Relaxed))
            }),
            sum: Duration::from_micros(self.sum_micros.load(Ordering::Relaxed)),
        }
    }
}

impl HistogramSnapshot {
    /// How many were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The upper end of the bucket below which `percent` of 100 are; `None` where nothing was counted, or it is beyond
    /// the last one.
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let count = self.count();
        let rank = (count * u64::from(percent.min(100))).div_ceil(100).max(1);
        let mut below = 0;
        let within = |(bucket, bound): (&u64, &Duration)| {
            below += bucket;
            (below >= rank).then_some(*bound)
        };
        self.buckets.iter().zip(&Histogram::BOUNDS).find_map(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duration_is_counted_in_the_bucket_that_ends_with_it_or_behind_it() {
        let histogram = Histogram::default();
        for (at, bound) in Histogram::BOUNDS.into_iter().enumerate() {
            histogram.observe(bound);
            histogram.observe(bound + Duration::from_micros(1));
            assert_eq!(histogram.snapshot().buckets[at + 1], 1, "{bound:?}");
        }
        let counted = histogram.snapshot();
        assert_eq!(counted.buckets[0], 1);
        assert!(counted.buckets[1..BUCKETS - 1].iter().all(|bucket| *bucket == 2));
        assert_eq!(counted.count(), 32);
        let sum: Duration = Histogram::BOUNDS.into_iter().map(|it| it * 2 + Duration::from_micros(1)).sum();
        assert_eq!(counted.sum, sum);
    }

    #[test]
    fn a_percentile_is_the_end_of_a_bucket() {
        let histogram = Histogram::default();
        assert_eq!(histogram.snapshot().percentile(50), None);
        (0..99).for_each(|_| histogram.observe(Duration::from_millis(1)));
        histogram.observe(Duration::from_millis(80));
        let counted = histogram.snapshot();
        assert_eq!(counted.percentile(0), Some(Duration::from_millis(1)));
        assert_eq!(counted.percentile(99), Some(Duration::from_millis(1)));
        assert_eq!(counted.percentile(100), Some(Duration::from_millis(100)));
        histogram.observe(Duration::from_mins(1));
        assert_eq!(histogram.snapshot().percentile(100), None);
    }
}
