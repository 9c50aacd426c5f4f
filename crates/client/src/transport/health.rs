//! What is known of the health of a server.

use std::time::Duration;

use super::breaker::{Admission, Breaker, BreakerState, Outcome};
use super::ejection::Ejection;
use super::latency::Latency;

/// What is known of the health of a server.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) breaker: Breaker,
    pub(super) ejection: Ejection,
    latency: Latency,
}

/// How a server stands when one has to be chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Standing {
    /// It may be asked, at this cost.
    Usual(f64),
    /// It failed while others did not; at this cost.
    Ejected(f64),
    /// It may be back.
    DueForProbe,
    /// It is left alone.
    Away,
}

impl Health {
    pub(super) fn new() -> Self {
        Self { breaker: Breaker::new(), ejection: Ejection::default(), latency: Latency::default() }
    }

    pub(super) fn standing(&self, now: Duration, in_flight: usize) -> Standing {
        if !self.breaker.is_passable(now) {
            return Standing::Away;
        }
        let cost = self.latency.cost(now, in_flight);
        match (self.breaker.state(), self.ejection.is_ejected(now)) {
            (BreakerState::Open | BreakerState::HalfOpen, _) => Standing::DueForProbe,
            (BreakerState::Closed, true) => Standing::Ejected(cost),
            (BreakerState::Closed, false) => Standing::Usual(cost),
        }
    }

    /// Whether it can be asked instead of one that fails.
    pub(super) fn is_well(&self, now: Duration) -> bool {
        self.breaker.state() == BreakerState::Closed
            && self.ejection.is_well()
            && !self.ejection.is_ejected(now)
    }

    /// What has come of a question after so long. Says whether the server is left alone from now on, or no longer.
    pub(super) fn record(
        &mut self,
        now: Duration,
        (admission, outcome): (Admission, Outcome),
        took: Option<Duration>,
        others_are_well: bool,
        jitter: f64,
    ) -> Option<BreakerState> {
        if let Some(took) = took {
            self.latency.observe(now, took);
        }
        self.ejection.record(now, outcome, others_are_well, jitter);
        self.breaker.record(now, admission, outcome, jitter)
    }
}
