//! Leaves a server alone that fails, and finds out when it is back.

use std::time::Duration;

use super::window::Window;

/// Whether a server is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// As usual.
    Closed,
    /// Not at all.
    Open,
    /// Now and then, to see whether it is back.
    HalfOpen,
}

/// Leaves a server alone that fails. Time is since the start of the process; `jitter` is anything from 0 to 1.
#[derive(Debug)]
pub(super) struct Breaker {
    phase: Phase,
    /// Calls, failures and timeouts; a timeout is a failure as well.
    seen: Window<10, 3>,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Closed,
    Open { until: Duration },
    HalfOpen { next_probe: Duration, successes: u32 },
}

/// Whether a question may go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// As any other.
    Call,
    /// As one by which is seen whether the server is back.
    Probe,
    /// It may not.
    Refused,
}

/// What came of a question, as the server's health goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It answered.
    Good,
    /// It did not, or that it cannot.
    Failed,
    /// It did not in time.
    TimedOut,
    /// Nobody knows: whoever asked went away.
    Unknown,
}

/// The window is ten of these.
const BUCKET: Duration = Duration::from_millis(500);
/// With fewer calls nobody can tell.
const CALLS_MIN: u32 = 20;
/// With fewer calls there is no 99th percentile.
const CALLS_MIN_OF_P99: u32 = 100;
/// From one probe to the next, about.
const PROBE_INTERVAL: Duration = Duration::from_millis(200);
/// After so many probes in a row that were answered the server is back.
const PROBES_TO_CLOSE: u32 = 3;

impl Breaker {
    pub(super) const fn new() -> Self {
        Self { phase: Phase::Closed, seen: Window::new(BUCKET) }
    }

    /// Whether it may be asked; to be called once for each question that is then sent.
    pub(super) fn admit(&mut self, now: Duration, jitter: f64) -> Admission {
        let successes = match self.phase {
            Phase::Closed => return Admission::Call,
            Phase::Open { until } if now >= until => 0,
            Phase::HalfOpen { next_probe, successes } if now >= next_probe => successes,
            Phase::Open { .. } | Phase::HalfOpen { .. } => return Admission::Refused,
        };
        self.phase = Phase::HalfOpen { next_probe: now + interval(jitter), successes };
        Admission::Probe
    }

    /// Whether [`admit`](Self::admit) would let a question go.
    pub(super) fn is_passable(&self, now: Duration) -> bool {
        match self.phase {
            Phase::Closed => true,
            Phase::Open { until } => now >= until,
            Phase::HalfOpen { next_probe, .. } => now >= next_probe,
        }
    }

    /// What has come of a question. True if this has opened it.
    pub(super) fn record(
        &mut self,
        now: Duration,
        admission: Admission,
        outcome: Outcome,
        jitter: f64,
    ) -> bool {
        match (self.phase, admission, outcome) {
            (_, _, Outcome::Unknown) | (_, Admission::Refused, _) | (Phase::Open { .. }, _, _) => false,
            // of before it opened
            (Phase::HalfOpen { .. }, Admission::Call, _) => false,
            (Phase::HalfOpen { next_probe, successes }, Admission::Probe, Outcome::Good) => {
                self.phase = if successes + 1 >= PROBES_TO_CLOSE {
                    self.seen.clear();
                    Phase::Closed
                } else {
                    Phase::HalfOpen { next_probe, successes: successes + 1 }
                };
                false
            }
            (Phase::HalfOpen { next_probe, .. }, Admission::Probe, Outcome::Failed | Outcome::TimedOut) => {
                self.phase = Phase::HalfOpen { next_probe, successes: 0 };
                false
            }
            (Phase::Closed, Admission::Call | Admission::Probe, outcome) => self.count(now, outcome, jitter),
        }
    }

    fn count(&mut self, now: Duration, outcome: Outcome, jitter: f64) -> bool {
        let has_failed = u32::from(outcome != Outcome::Good);
        self.seen.add(now, [1, has_failed, u32::from(outcome == Outcome::TimedOut)]);
        let [calls, failures, timeouts] = self.seen.sums(now);
        let fails = calls >= CALLS_MIN && u64::from(failures) * 2 >= u64::from(calls);
        // The 99th percentile is beyond the time of an answer when more than one of a hundred is.
        let is_slow = calls >= CALLS_MIN_OF_P99 && u64::from(timeouts) * 100 > u64::from(calls);
        let opens = has_failed == 1 && (fails || is_slow);
        if opens {
            self.phase = Phase::Open { until: now + interval(jitter) };
        }
        opens
    }

    pub(super) const fn state(&self) -> BreakerState {
        match self.phase {
            Phase::Closed => BreakerState::Closed,
            Phase::Open { .. } => BreakerState::Open,
            Phase::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }
}

/// From 0.8 to 1.2 of it: many brokers do not come back at one moment.
fn interval(jitter: f64) -> Duration {
    PROBE_INTERVAL.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0))
}
