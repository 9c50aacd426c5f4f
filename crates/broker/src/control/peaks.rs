use std::sync::atomic::{AtomicU64, Ordering};

/// High-water marks of a broker.
#[derive(Debug, Default)]
pub(crate) struct Peaks {
    connections: AtomicU64,
    sessions: AtomicU64,
    subscriptions: AtomicU64,
    filters: AtomicU64,
}

/// The most that there were at once since the start of a broker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeakStats {
    /// Open connections.
    pub connections: u64,
    /// Sessions, of clients that are connected or not.
    pub sessions: u64,
    /// Subscriptions.
    pub subscriptions: u64,
    /// Topic filters that somebody has subscribed to.
    pub filters: u64,
}

impl Peaks {
    /// There are as many now; yields the most that there ever were.
    pub(crate) fn note(&self, now: &PeakStats) -> PeakStats {
        let raise = |peak: &AtomicU64, now: u64| peak.fetch_max(now, Ordering::Relaxed).max(now);
        PeakStats {
            connections: raise(&self.connections, now.connections),
            sessions: raise(&self.sessions, now.sessions),
            subscriptions: raise(&self.subscriptions, now.subscriptions),
            filters: raise(&self.filters, now.filters),
        }
    }
}
