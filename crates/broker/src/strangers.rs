use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that a connection may send before it is let in, whatever others do: enough for the CONNECT of an honest
/// client, and not more than a connection costs anyway.
const FREE: u32 = 4096;
/// The budget is never smaller, however little memory there is.
const BYTES_MIN: u64 = 8 * 1024 * 1024;

/// Bounds what the process holds of clients that it does not know yet.
///
/// One of them may send as much as a large CONNECT takes; thousands of them together may not. What counts is what was
/// received, since it waits in one place or another (for the rest of its packet, for its verdict) until the client
/// is let in or is gone.
#[derive(Debug)]
pub(crate) struct Strangers {
    bytes: AtomicU64,
    bytes_max: u64,
}

/// Bytes that one connection sent before it was let in. What is beyond [`FREE`] is taken of the budget.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken(u32);

impl Strangers {
    /// An eighth of the memory that the process may take.
    pub(crate) fn new(memory_bytes_max: Option<u64>) -> Self {
        let share = memory_bytes_max.map_or(BYTES_MIN, |max| max / 8);
        Self { bytes: AtomicU64::new(0), bytes_max: share.max(BYTES_MIN) }
    }

    /// A stranger sent `count` bytes; `false` when they are too many, and must not be kept.
    pub(crate) fn take(&self, taken: &mut Taken, count: usize) -> bool {
        let received = u32::try_from(count).ok().and_then(|count| taken.0.checked_add(count));
        let Some(received) = received.map(Taken) else { return false };
        let more = received.charge() - taken.charge();
        if more > 0 && self.bytes.fetch_add(more, Ordering::Relaxed) + more > self.bytes_max {
            self.bytes.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        *taken = received;
        true
    }

    /// A connection is no stranger any more, or is gone.
    pub(crate) fn give_back(&self, taken: Taken) {
        if taken.charge() > 0 {
            self.bytes.fetch_sub(taken.charge(), Ordering::Relaxed);
        }
    }

    /// Bytes that strangers have taken of the budget.
    pub(crate) fn byte_count(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Taken {
    fn charge(self) -> u64 {
        u64::from(self.0.saturating_sub(FREE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 60_000;

    #[test]
    fn many_large_beginnings_are_bounded_and_a_small_one_is_always_taken() {
        let strangers = Strangers::new(Some(0));
        let mut crowd = Vec::new();
        for _ in 0..1000 {
            let mut taken = Taken::default();
            if !strangers.take(&mut taken, LARGE) {
                break;
            }
            crowd.push(taken);
        }
        assert!(strangers.byte_count() <= BYTES_MIN && crowd.len() < 200, "{}", crowd.len());
        let mut honest = Taken::default();
        assert!(strangers.take(&mut honest, 300) && strangers.take(&mut honest, 300));
        crowd.into_iter().for_each(|taken| strangers.give_back(taken));
        assert_eq!(strangers.byte_count(), 0);
        assert!(strangers.take(&mut honest, LARGE), "there is room again");
    }

    #[test]
    fn what_comes_in_small_pieces_counts_as_well() {
        let (strangers, mut taken) = (Strangers::new(Some(0)), Taken::default());
        for _ in 0..LARGE {
            assert!(strangers.take(&mut taken, 1));
        }
        assert_eq!(strangers.byte_count(), LARGE as u64 - u64::from(FREE));
    }

    #[test]
    fn the_budget_is_a_share_of_the_memory() {
        assert_eq!(Strangers::new(Some(800 << 20)).bytes_max, 100 << 20);
        assert_eq!(Strangers::new(Some(1)).bytes_max, BYTES_MIN);
        assert_eq!(Strangers::new(None).bytes_max, BYTES_MIN);
    }
}
