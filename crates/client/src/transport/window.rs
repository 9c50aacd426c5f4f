//! What was counted in the last seconds.

use std::time::Duration;

/// Counts of the last `WIDTH` × `COUNTS` buckets of time: what is older than all of them is forgotten, bucket by bucket.
#[derive(Clone, Debug)]
pub(super) struct Window<const BUCKETS: usize, const COUNTS: usize> {
    width: Duration,
    /// Which bucket of time, from the start on, was counted last.
    newest: u64,
    buckets: [[u32; COUNTS]; BUCKETS],
    sums: [u32; COUNTS],
}

impl<const BUCKETS: usize, const COUNTS: usize> Window<BUCKETS, COUNTS> {
    /// As long as `BUCKETS` times `width`.
    pub(super) const fn new(width: Duration) -> Self {
        Self { width, newest: 0, buckets: [[0; COUNTS]; BUCKETS], sums: [0; COUNTS] }
    }

    /// Adds to the counts.
    pub(super) fn add(&mut self, now: Duration, counts: [u32; COUNTS]) {
        self.turn(now);
        let at = self.at(self.newest);
        let Some(bucket) = self.buckets.get_mut(at) else { return };
        for ((count, sum), more) in bucket.iter_mut().zip(&mut self.sums).zip(counts) {
            let before = *count;
            *count = before.saturating_add(more);
            *sum = sum.saturating_add(*count - before);
        }
    }

    /// What was counted in the window that ends now.
    pub(super) fn sums(&mut self, now: Duration) -> [u32; COUNTS] {
        self.turn(now);
        self.sums
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.buckets = [[0; COUNTS]; BUCKETS];
        self.sums = [0; COUNTS];
    }

    /// Time that goes back counts as no time.
    fn turn(&mut self, now: Duration) {
        let current = u64::try_from(now.as_nanos() / self.width.as_nanos().max(1)).unwrap_or(u64::MAX);
        if current.saturating_sub(self.newest) >= BUCKETS as u64 {
            self.clear();
            self.newest = current;
        }
        while self.newest < current {
            self.newest += 1;
            let at = self.at(self.newest);
            let Some(bucket) = self.buckets.get_mut(at) else { return };
            for (sum, count) in self.sums.iter_mut().zip(std::mem::replace(bucket, [0; COUNTS])) {
                *sum = sum.saturating_sub(count);
            }
        }
    }

    fn at(&self, bucket: u64) -> usize {
        usize::try_from(bucket % BUCKETS as u64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten_bucket_by_bucket() {
        let mut window = Window::<3, 1>::new(millis(10));
        window.add(millis(0), [1]);
        window.add(millis(12), [2]);
        window.add(millis(29), [4]);
        assert_eq!(window.sums(millis(29)), [7]);
        assert_eq!(window.sums(millis(30)), [6]);
        assert_eq!(window.sums(millis(25)), [6], "time does not go back");
        assert_eq!(window.sums(millis(41)), [4]);
        assert_eq!(window.sums(millis(1_000_000)), [0]);
    }

    #[test]
    fn a_window_has_what_was_counted_in_its_buckets() {
        arbtest::arbtest(|u| {
            let mut window = Window::<4, 2>::new(millis(5));
            let mut seen: Vec<(u64, [u32; 2])> = Vec::new();
            let mut now = 0;
            for _ in 0..60 {
                now += u64::from(u.arbitrary::<u8>()? % 16);
                let counts = [u32::from(u.arbitrary::<u8>()?), u32::from(u.arbitrary::<bool>()?)];
                window.add(millis(now), counts);
                seen.push((now / 5, counts));
                let inside = || seen.iter().filter(|(bucket, _)| bucket + 4 > now / 5);
                let expected = [0, 1].map(|of| inside().map(|(_, counts)| counts[of]).sum::<u32>());
                assert_eq!(window.sums(millis(now)), expected);
            }
            Ok(())
        });
    }
}
