use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Clients that may be held; beyond that the next is told at once.
const HELD_MAX: usize = 1024;
/// What part of all connections they may be.
const OF_CONNECTIONS: usize = 16;
const DELAY_MIN: Duration = Duration::from_millis(200);
const DELAY_MAX: Duration = Duration::from_secs(3);

/// Holds clients that are refused because there are too many at once, and has them told only after a while: who is
/// told at once comes again at once, and all of them together.
#[derive(Debug, Default)]
pub(crate) struct Tarpit(AtomicUsize);

/// A client that is held; not any more once this is dropped.
#[derive(Debug)]
pub(crate) struct Held(Arc<Tarpit>);

impl Tarpit {
    /// Holds one more client, where so many connections are allowed (0 = any number); `None` when too many are held.
    pub(crate) fn hold(self: &Arc<Self>, connections_max: usize) -> Option<Held> {
        let held_max =
            if connections_max == 0 { HELD_MAX } else { HELD_MAX.min(connections_max / OF_CONNECTIONS) };
        let held = Held(self.clone());
        (self.0.fetch_add(1, Ordering::Relaxed) < held_max).then_some(held)
    }
}

impl Held {
    /// For how long: another time for each.
    pub(crate) fn delay(&self) -> Duration {
        let span = DELAY_MAX - DELAY_MIN;
        let chance = RandomState::new().hash_one(0) % (1 << 16);
        DELAY_MIN + span * u32::try_from(chance).unwrap_or(0) / (1 << 16)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_who_are_held_are_bounded() {
        for (connections_max, held_max) in [(0, HELD_MAX), (1_000_000, HELD_MAX), (1600, 100), (15, 0)] {
            let tarpit = Arc::<Tarpit>::default();
            let held: Vec<_> = (0..2 * HELD_MAX).filter_map(|_| tarpit.hold(connections_max)).collect();
            assert_eq!(held.len(), held_max);
            drop(held);
            assert_eq!(tarpit.0.load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn each_is_held_for_another_time() {
        let held = Arc::<Tarpit>::default().hold(0).unwrap();
        let delays: std::collections::BTreeSet<_> = (0..100).map(|_| held.delay()).collect();
        assert!(delays.len() > 50);
        assert!(delays.iter().all(|delay| (DELAY_MIN..DELAY_MAX).contains(delay)));
    }
}
