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
    /// It answered that it is asked too much (429): it is there, and others may have more room.
    Declined,
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

    /// What has come of a question. Says whether this has opened or closed it.
    pub(super) fn record(
        &mut self,
        now: Duration,
        admission: Admission,
        outcome: Outcome,
        jitter: f64,
    ) -> Option<BreakerState> {
        match (self.phase, admission, outcome) {
            (_, _, Outcome::Unknown) | (_, Admission::Refused, _) | (Phase::Open { .. }, _, _) => None,
            // of before it opened
            (Phase::HalfOpen { .. }, Admission::Call, _) => None,
            (
                Phase::HalfOpen { next_probe, successes },
                Admission::Probe,
                Outcome::Good | Outcome::Declined,
            ) => {
                if successes + 1 >= PROBES_TO_CLOSE {
                    self.seen.clear();
                    self.phase = Phase::Closed;
                    return Some(BreakerState::Closed);
                }
                self.phase = Phase::HalfOpen { next_probe, successes: successes + 1 };
                None
            }
            (Phase::HalfOpen { next_probe, .. }, Admission::Probe, Outcome::Failed | Outcome::TimedOut) => {
                self.phase = Phase::HalfOpen { next_probe, successes: 0 };
                None
            }
            (Phase::Closed, Admission::Call | Admission::Probe, outcome) => self.count(now, outcome, jitter),
        }
    }

    fn count(&mut self, now: Duration, outcome: Outcome, jitter: f64) -> Option<BreakerState> {
        let has_failed = u32::from(matches!(outcome, Outcome::Failed | Outcome::TimedOut));
        self.seen.add(now, [1, has_failed, u32::from(outcome == Outcome::TimedOut)]);
        let [calls, failures, timeouts] = self.seen.sums(now);
        let fails = calls >= CALLS_MIN && u64::from(failures) * 2 >= u64::from(calls);
        // The 99th percentile is beyond the time of an answer when more than one of a hundred is.
        let is_slow = calls >= CALLS_MIN_OF_P99 && u64::from(timeouts) * 100 > u64::from(calls);
        if has_failed == 0 || !(fails || is_slow) {
            return None;
        }
        self.phase = Phase::Open { until: now + interval(jitter) };
        Some(BreakerState::Open)
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

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Asks at once and records.
    fn call(breaker: &mut Breaker, now: Duration, outcome: Outcome) -> bool {
        let admission = breaker.admit(now, 0.5);
        breaker.record(now, admission, outcome, 0.5) == Some(BreakerState::Open)
    }

    fn opened() -> Breaker {
        let mut breaker = Breaker::new();
        assert!((0..20).any(|_| call(&mut breaker, millis(0), Outcome::Failed)));
        breaker
    }

    #[test]
    fn half_of_twenty_calls_within_five_seconds_open_it() {
        for (good, failed, opens) in
            [(0, 19, false), (0, 20, true), (10, 10, true), (11, 10, false), (90, 10, false)]
        {
            let mut breaker = Breaker::new();
            (0..good).for_each(|_| assert!(!call(&mut breaker, millis(0), Outcome::Good)));
            let has_opened = (0..failed).any(|_| call(&mut breaker, millis(0), Outcome::Failed));
            assert_eq!(has_opened, opens, "{good} {failed}");
            assert_eq!(breaker.state() == BreakerState::Open, opens);
        }
    }

    #[test]
    fn to_be_told_that_one_asks_too_much_never_opens_it_and_closes_it() {
        let mut breaker = Breaker::new();
        assert!(!(0..1_000).any(|_| call(&mut breaker, millis(0), Outcome::Declined)));
        let mut breaker = opened();
        (1..=3).for_each(|probe| assert!(!call(&mut breaker, millis(200 * probe), Outcome::Declined)));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn failures_of_more_than_five_seconds_ago_do_not_count() {
        let mut breaker = Breaker::new();
        (0..19).for_each(|_| assert!(!call(&mut breaker, millis(0), Outcome::Failed)));
        assert!(!call(&mut breaker, millis(5_000), Outcome::Failed));
        assert_eq!(breaker.state(), BreakerState::Closed);
    }

    #[test]
    fn a_99th_percentile_beyond_the_time_of_an_answer_opens_it() {
        for (good, opens) in [(97, false), (98, true), (197, true), (198, false)] {
            let mut breaker = Breaker::new();
            (0..good).for_each(|_| assert!(!call(&mut breaker, millis(0), Outcome::Good)));
            let has_opened = (0..2).any(|_| call(&mut breaker, millis(0), Outcome::TimedOut));
            assert_eq!(has_opened, opens, "{good}");
        }
    }

    #[test]
    fn it_lets_one_probe_go_every_200_ms_and_closes_after_three_answers() {
        let mut breaker = opened();
        assert_eq!(breaker.admit(millis(199), 0.5), Admission::Refused);
        for probe in 1..=3 {
            let now = millis(200 * probe);
            assert!(breaker.is_passable(now));
            assert_eq!(breaker.admit(now, 0.5), Admission::Probe);
            assert_eq!(breaker.admit(now, 0.5), Admission::Refused);
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            let closes = breaker.record(now, Admission::Probe, Outcome::Good, 0.5);
            assert_eq!(closes, (probe == 3).then_some(BreakerState::Closed));
        }
        assert_eq!(breaker.state(), BreakerState::Closed);
        assert!(!call(&mut breaker, millis(601), Outcome::Failed), "what was before is forgotten");
    }

    #[test]
    fn a_probe_that_fails_starts_the_count_anew() {
        let mut breaker = opened();
        for outcome in [Outcome::Good, Outcome::Good, Outcome::TimedOut, Outcome::Good, Outcome::Good] {
            let now = match breaker.phase {
                Phase::Open { until } => until,
                Phase::HalfOpen { next_probe, .. } => next_probe,
                Phase::Closed => panic!("closed too early"),
            };
            assert_eq!(breaker.admit(now, 0.0), Admission::Probe);
            breaker.record(now, Admission::Probe, outcome, 0.0);
        }
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }

    #[test]
    fn answers_to_questions_of_before_do_not_close_it() {
        let mut breaker = opened();
        breaker.record(millis(1), Admission::Call, Outcome::Good, 0.5);
        assert_eq!(breaker.state(), BreakerState::Open);
        assert_eq!(breaker.admit(millis(200), 0.5), Admission::Probe);
        for _ in 0..5 {
            assert_eq!(breaker.record(millis(201), Admission::Call, Outcome::Good, 0.5), None);
        }
        assert_eq!(breaker.state(), BreakerState::HalfOpen);
    }

    #[test]
    fn jitter_spreads_probes_between_160_and_240_ms() {
        for (jitter, expected) in [(0.0, 160), (0.5, 200), (1.0, 240), (7.0, 240)] {
            assert_eq!(interval(jitter), millis(expected));
        }
    }

    #[test]
    fn a_breaker_that_is_open_never_lets_two_questions_go_within_160_ms() {
        arbtest::arbtest(|u| {
            let mut breaker = Breaker::new();
            let (mut now, mut last_probe) = (0, None);
            for _ in 0..300 {
                now += u64::from(u.arbitrary::<u8>()? % 64);
                let jitter = f64::from(u.arbitrary::<u8>()?) / 255.0;
                let is_passable = breaker.is_passable(millis(now));
                let admission = breaker.admit(millis(now), jitter);
                assert_eq!(is_passable, admission != Admission::Refused);
                if admission == Admission::Probe {
                    assert!(last_probe.is_none_or(|last| now >= last + 160));
                    last_probe = Some(now);
                }
                if admission == Admission::Call {
                    last_probe = None;
                }
                let outcome = *u.choose(&[
                    Outcome::Good,
                    Outcome::Declined,
                    Outcome::Failed,
                    Outcome::TimedOut,
                    Outcome::Unknown,
                ])?;
                breaker.record(millis(now), admission, outcome, jitter);
            }
            Ok(())
        });
    }
}
