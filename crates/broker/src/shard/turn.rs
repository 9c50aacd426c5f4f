use std::time::Duration;

/// Whoever keeps the shard busy for longer than this leaves the rest for its next turn.
const TURN: Duration = Duration::from_millis(2);
/// Bytes that a read takes at least.
const BYTES_MIN: usize = 4 * 1024;
/// Bytes of the first read.
const BYTES_FIRST: usize = 32 * 1024;

/// How many bytes a read takes: as many as are handled within a turn, so that a client whose messages make
/// much work holds up nobody for long, and one whose messages make little is read in large pieces.
#[derive(Debug)]
pub(super) struct Portion(usize);

/// A turn is over.
pub(super) fn is_over(spent: Duration) -> bool {
    spent > TURN
}

impl Portion {
    pub(super) const fn new() -> Self {
        Self(BYTES_FIRST)
    }

    /// Bytes that the next read may bring.
    pub(super) const fn size(&self) -> usize {
        self.0
    }

    /// A read brought `count` bytes, which took this long to handle.
    pub(super) fn learn(&mut self, count: usize, spent: Duration, bytes_max: usize) {
        if is_over(spent) {
            self.0 = (self.0 / 2).max(BYTES_MIN);
        } else if count >= self.0 && spent < TURN / 4 {
            self.0 = (self.0 * 2).min(bytes_max);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_portion_follows_the_work_that_its_bytes_make() {
        let (slow, quick, max) = (Duration::from_millis(50), Duration::from_micros(10), 256 * 1024);
        let mut portion = Portion::new();
        for _ in 0..10 {
            portion.learn(portion.0, slow, max);
        }
        assert_eq!(portion.0, BYTES_MIN);
        portion.learn(10, quick, max);
        assert_eq!(portion.0, BYTES_MIN, "a small packet says nothing about large portions");
        for _ in 0..10 {
            portion.learn(portion.0, quick, max);
        }
        assert_eq!(portion.0, max);
    }
}
