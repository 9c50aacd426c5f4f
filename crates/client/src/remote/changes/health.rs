use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::remote::cache::Ttl;

/// Whether revocations would be heard of, for any number of threads: it gets worse by itself as time goes by.
///
/// | State | Heard last | Verdicts that allow and are remembered |
/// |---|---|---|
/// | healthy | at most 3 s ago | hold as long as they hold |
/// | suspect | at most 10 s ago | hold for 5 s |
/// | stale | before that, or never | are not used |
#[derive(Debug, Default)]
pub struct StreamHealth {
    /// Microseconds, and one more; zero is never.
    heard_at: AtomicU64,
}

/// What can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// Everything that changes is heard of at once.
    Healthy,
    /// It is quiet for longer than it should be.
    Suspect,
    /// Anything may have changed.
    Stale,
}

/// The service says something every second.
pub(super) const HEALTHY_MAX: Duration = Duration::from_secs(3);
const SUSPECT_MAX: Duration = Duration::from_secs(10);
const SUSPECT_TTL: Duration = Duration::from_secs(5);

impl StreamHealth {
    /// Nothing was heard yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything that changed until now is known.
    pub fn heard(&self, now: Duration) {
        let micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX - 1);
        self.heard_at.store(micros.saturating_add(1), Ordering::Release);
    }

    /// For how long changes may have gone unheard; [`Duration::MAX`] if nothing was heard yet.
    pub fn silence(&self, now: Duration) -> Duration {
        match self.heard_at.load(Ordering::Acquire) {
            0 => Duration::MAX,
            heard => now.saturating_sub(Duration::from_micros(heard - 1)),
        }
    }

    /// What can be relied on.
    pub fn state(&self, now: Duration) -> Health {
        match self.silence(now) {
            silence if silence <= HEALTHY_MAX => Health::Healthy,
            silence if silence <= SUSPECT_MAX => Health::Suspect,
            _ => Health::Stale,
        }
    }

    /// For how long verdicts that allow are good.
    pub fn cap(&self, now: Duration) -> Ttl {
        match self.state(now) {
            Health::Healthy => Ttl::Full,
            Health::Suspect => Ttl::Capped(SUSPECT_TTL),
            Health::Stale => Ttl::NotUsed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longer_nothing_is_heard_the_shorter_an_allowance_holds() {
        let health = StreamHealth::new();
        let millis = Duration::from_millis;
        assert_eq!(health.cap(Duration::ZERO), Ttl::NotUsed, "nothing was heard yet");
        health.heard(millis(5_000));
        for (now, cap) in [
            (5_000, Ttl::Full),
            (8_000, Ttl::Full),
            (8_001, Ttl::Capped(SUSPECT_TTL)),
            (15_000, Ttl::Capped(SUSPECT_TTL)),
            (15_001, Ttl::NotUsed),
        ] {
            assert_eq!(health.cap(millis(now)), cap, "{now}");
        }
        health.heard(millis(20_000));
        assert_eq!(health.state(millis(20_000)), Health::Healthy);
        assert_eq!(health.silence(millis(20_500)), millis(500));
    }

    #[test]
    fn something_heard_at_the_very_beginning_was_heard() {
        let health = StreamHealth::new();
        health.heard(Duration::ZERO);
        assert_eq!(health.state(Duration::ZERO), Health::Healthy);
    }
}
