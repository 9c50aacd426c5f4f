//! What became of connections.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use hdrhistogram::errors::CreationError;
use vouchmq_mqtt::ReasonCode;

/// What became of connections.
#[derive(Clone, Debug)]
pub(super) struct Tally {
    pub(super) accepted: u32,
    /// Of them, by a ticket.
    pub(super) resumed: u32,
    pub(super) failed: u32,
    /// Refused, by reason code.
    pub(super) refusals: BTreeMap<u8, u32>,
    /// Time to CONNACK in microseconds, whatever it says.
    pub(super) latencies: Histogram<u64>,
}

impl Tally {
    pub(super) fn new() -> Result<Self, CreationError> {
        let (accepted, resumed, failed, refusals) = (0, 0, 0, BTreeMap::new());
        let latencies = Histogram::new_with_bounds(1, 600_000_000, 3)?;
        Ok(Self { accepted, resumed, failed, refusals, latencies })
    }

    pub(super) fn accept(&mut self, micros: u64, is_resumed: bool) {
        self.latencies.saturating_record(micros);
        self.accepted += 1;
        self.resumed += u32::from(is_resumed);
    }

    pub(super) fn refuse(&mut self, micros: u64, reason: ReasonCode) {
        self.latencies.saturating_record(micros);
        *self.refusals.entry(reason.0).or_default() += 1;
    }

    pub(super) fn refused(&self) -> u32 {
        self.refusals.values().sum()
    }

    /// Those that got an answer.
    pub(super) fn answered(&self) -> u32 {
        self.accepted + self.refused()
    }

    /// Together with another one's.
    pub(super) fn add(&mut self, other: &Self) {
        let Self { accepted, resumed, failed, refusals, latencies } = other;
        self.accepted += accepted;
        self.resumed += resumed;
        self.failed += failed;
        for (reason, count) in refusals {
            *self.refusals.entry(*reason).or_default() += count;
        }
        // It fails only where bounds differ.
        let _ = self.latencies.add(latencies);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_added_up() {
        let mut one = Tally::new().unwrap();
        one.accept(10, false);
        one.accept(10, true);
        one.refuse(10, ReasonCode(0x86));
        let mut two = one.clone();
        two.refuse(10, ReasonCode(0x88));
        one.add(&two);
        assert_eq!((one.accepted, one.resumed, one.refused(), one.answered()), (4, 2, 3, 7));
        assert_eq!(one.latencies.len(), 7);
        assert_eq!(one.refusals, BTreeMap::from([(0x86, 2), (0x88, 1)]));
    }
}
