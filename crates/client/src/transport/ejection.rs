//! Leaves out a server that fails while others do not.

use std::time::Duration;

use super::breaker::Outcome;

/// Whether one of several servers is left out. Time is since the start; `jitter` is anything from 0 to 1.
#[derive(Debug, Default)]
pub(super) struct Ejection {
    failures_in_a_row: u32,
    /// How often it was, without a longer time of peace between.
    times: u32,
    until: Duration,
}

/// So many failures in a row are no accident.
const FAILURES: u32 = 5;
/// The first time.
const SHORTEST: Duration = Duration::from_secs(1);
/// Twice as long each time, but never longer; after as long a time of peace all is forgotten.
const LONGEST: Duration = Duration::from_secs(30);

impl Ejection {
    /// What has come of a question. `others_are_well`: somebody is there to be asked instead.
    pub(super) fn record(&mut self, now: Duration, outcome: Outcome, others_are_well: bool, jitter: f64) {
        match outcome {
            Outcome::Unknown => return,
            Outcome::Good | Outcome::Declined => {
                self.failures_in_a_row = 0;
                return;
            }
            Outcome::Failed | Outcome::TimedOut => {}
        }
        self.failures_in_a_row = self.failures_in_a_row.saturating_add(1);
        if self.failures_in_a_row < FAILURES || !others_are_well || self.is_ejected(now) {
            return;
        }
        if now.saturating_sub(self.until) > LONGEST {
            self.times = 0;
        }
        let grown = SHORTEST.saturating_mul(1 << self.times.min(16)).min(LONGEST);
        self.times = self.times.saturating_add(1);
        self.until = now + grown.mul_f64(0.8 + 0.4 * jitter.clamp(0.0, 1.0)).min(LONGEST);
    }

    /// Whether it is left out.
    pub(super) fn is_ejected(&self, now: Duration) -> bool {
        now < self.until
    }

    /// Whether its last answer was a good one, or it was never asked.
    pub(super) const fn is_well(&self) -> bool {
        self.failures_in_a_row == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: f64) -> Duration {
        Duration::from_secs_f64(secs)
    }

    fn fail(ejection: &mut Ejection, times: u32, now: Duration, others_are_well: bool) {
        (0..times).for_each(|_| ejection.record(now, Outcome::Failed, others_are_well, 0.5));
    }

    #[test]
    fn five_failures_in_a_row_leave_a_server_out_for_a_while() {
        let mut ejection = Ejection::default();
        fail(&mut ejection, 4, secs(0.0), true);
        ejection.record(secs(0.0), Outcome::Good, true, 0.5);
        fail(&mut ejection, 4, secs(0.0), true);
        ejection.record(secs(0.0), Outcome::Unknown, true, 0.5);
        assert!(!ejection.is_ejected(secs(0.0)) && !ejection.is_well());
        ejection.record(secs(0.0), Outcome::TimedOut, true, 0.5);
        assert!(ejection.is_ejected(secs(0.9)) && !ejection.is_ejected(secs(1.0)));
    }

    #[test]
    fn a_server_is_not_left_out_while_the_others_fail_too() {
        let mut ejection = Ejection::default();
        fail(&mut ejection, 50, secs(0.0), false);
        assert!(!ejection.is_ejected(secs(0.0)));
        fail(&mut ejection, 1, secs(0.0), true);
        assert!(ejection.is_ejected(secs(0.0)));
    }

    #[test]
    fn each_time_is_twice_as_long_and_none_is_longer_than_the_longest() {
        let mut ejection = Ejection::default();
        let mut now = secs(0.0);
        for expected in [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0] {
            fail(&mut ejection, 5, now, true);
            assert!(ejection.is_ejected(now + secs(expected - 0.01)), "{expected}");
            now += secs(expected);
            assert!(!ejection.is_ejected(now), "{expected}");
        }
        now += secs(31.0);
        fail(&mut ejection, 5, now, true);
        assert!(!ejection.is_ejected(now + secs(1.0)), "peace was made");
    }

    #[test]
    fn no_jitter_makes_it_longer_than_the_longest() {
        arbtest::arbtest(|u| {
            let mut ejection = Ejection::default();
            for _ in 0..40 {
                let now = secs(f64::from(u.arbitrary::<u8>()?));
                let outcome =
                    *u.choose(&[Outcome::Good, Outcome::Failed, Outcome::TimedOut, Outcome::Failed])?;
                ejection.record(now, outcome, u.arbitrary()?, f64::from(u.arbitrary::<u8>()?) / 255.0);
                assert!(!ejection.is_ejected(now.max(ejection.until)));
                assert!(ejection.until <= secs(255.0) + LONGEST);
            }
            Ok(())
        });
    }
}
