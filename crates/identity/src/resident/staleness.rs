use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Resident;
use crate::{Clock, UnixMillis};

/// When it was last known that nothing is missing, and how long ago that may be.
pub(super) struct Staleness {
    max_millis: u64,
    clock: Arc<dyn Clock>,
    confirmed_at: AtomicU64,
}

impl Resident {
    /// Lets no device in any more once its follower has not confirmed for longer than `max` that every
    /// change is applied. `clock` must not jump: only its differences count. Nobody is disconnected for it.
    #[must_use]
    pub fn bounded(mut self, max: Duration, clock: Arc<dyn Clock>) -> Self {
        let max_millis = u64::try_from(max.as_millis()).unwrap_or(u64::MAX);
        let confirmed_at = AtomicU64::new(clock.now().millis());
        self.staleness = Some(Staleness { max_millis, clock, confirmed_at });
        self
    }

    /// What the time is for [`confirm`](Self::confirm): taken before the database is asked.
    pub(crate) fn looks_at(&self) -> UnixMillis {
        self.staleness.as_ref().map_or(UnixMillis::new(0), |known| known.clock.now())
    }

    /// Everything that had changed by then is applied.
    pub(crate) fn confirm(&self, at: UnixMillis) {
        if let Some(known) = &self.staleness {
            known.confirmed_at.fetch_max(at.millis(), Ordering::Release);
        }
    }

    /// Whether too much may have changed since for anybody to be let in.
    pub fn is_stale(&self) -> bool {
        self.staleness.as_ref().is_some_and(|known| {
            let confirmed_at = known.confirmed_at.load(Ordering::Acquire);
            known.clock.now().millis().saturating_sub(confirmed_at) > known.max_millis
        })
    }
}
