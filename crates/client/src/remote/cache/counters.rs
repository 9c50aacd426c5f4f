use std::iter::Sum;

/// What happened to verdicts so far, and what there is now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheCounters {
    /// Those that allow.
    pub allowed: SegmentCounters,
    /// Those that deny.
    pub denied: SegmentCounters,
    /// Those that were found past their time, while no server answered.
    pub stale_hits: u64,
    /// Questions that nothing was remembered of.
    pub misses: u64,
    /// Verdicts that were dropped because what they are about has changed.
    pub invalidated: u64,
    /// Answers that were not taken for the same reason.
    pub discarded: u64,
}

/// One segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SegmentCounters {
    /// Verdicts that were found.
    pub hits: u64,
    /// Verdicts that were taken.
    pub stores: u64,
    /// Verdicts that were still good and gave their place to others.
    pub evictions: u64,
    /// Verdicts whose time was over when they gave their place.
    pub expired: u64,
    /// Verdicts that are there.
    pub entries: usize,
    /// What they take, in bytes, with all indexes.
    pub bytes: usize,
}

impl Sum for CacheCounters {
    fn sum<I: Iterator<Item = Self>>(parts: I) -> Self {
        parts.fold(Self::default(), |sum, part| Self {
            allowed: sum.allowed.plus(part.allowed),
            denied: sum.denied.plus(part.denied),
            stale_hits: sum.stale_hits + part.stale_hits,
            misses: sum.misses + part.misses,
            invalidated: sum.invalidated + part.invalidated,
            discarded: sum.discarded + part.discarded,
        })
    }
}

impl SegmentCounters {
    const fn plus(self, other: Self) -> Self {
        Self {
            hits: self.hits + other.hits,
            stores: self.stores + other.stores,
            evictions: self.evictions + other.evictions,
            expired: self.expired + other.expired,
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
        }
    }
}
