use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vouchmq_identity::{Histogram, HistogramSnapshot};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::engine::Decision;

/// How many verdicts of each class there were, and how long clients waited for them.
#[derive(Debug, Default)]
pub(crate) struct VerdictCounters {
    allowed: AtomicU64,
    denied: AtomicU64,
    unavailable: AtomicU64,
    busy: AtomicU64,
    took: Histogram,
}

/// What was decided about clients that wanted to connect, or to authenticate again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VerdictStats {
    /// Let in.
    pub allowed: u64,
    /// Refused for what they are or have proven, or for what was before.
    pub denied: u64,
    /// Refused because it could not be decided (0x88).
    pub unavailable: u64,
    /// Refused because there were too many at once (0x89).
    pub busy: u64,
    /// How long it took, from when this machine turned to the client until the verdict was there.
    pub took: HistogramSnapshot,
}

impl VerdictCounters {
    /// Counts a verdict that took so long. A step of an exchange that goes on is none.
    pub(crate) fn count(&self, decision: &Decision, took: Duration) {
        let counter = match decision {
            Decision::Continue(_) => return,
            Decision::Allow(_) => &self.allowed,
            Decision::Refuse(ReasonCode::SERVER_BUSY) => &self.busy,
            Decision::Refuse(ReasonCode::SERVER_UNAVAILABLE) => &self.unavailable,
            Decision::Refuse(_) => &self.denied,
        };
        counter.fetch_add(1, Ordering::Relaxed);
        self.took.observe(took);
    }

    /// What was counted so far.
    pub(crate) fn stats(&self) -> VerdictStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        VerdictStats {
            allowed: read(&self.allowed),
            denied: read(&self.denied),
            unavailable: read(&self.unavailable),
            busy: read(&self.busy),
            took: self.took.snapshot(),
        }
    }
}
