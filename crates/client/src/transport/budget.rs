//! How often may be asked twice.

use std::time::Duration;

use super::window::Window;

/// Lets a tenth of all questions of the last ten seconds be asked twice, and few beyond that: servers that are in
/// trouble do not get twice as many.
#[derive(Debug)]
pub(super) struct RepeatBudget(Window<10, 2>);

const BUCKET: Duration = Duration::from_secs(1);
/// One repeat for so many calls.
const CALLS_FOR_ONE: u32 = 10;
/// So that a first failure may be repeated.
const RESERVE: u32 = 3;

impl RepeatBudget {
    pub(super) const fn new() -> Self {
        Self(Window::new(BUCKET))
    }

    /// Something is asked.
    pub(super) fn call(&mut self, now: Duration) {
        self.0.add(now, [1, 0]);
    }

    /// Whether something may be asked twice; it is, then.
    pub(super) fn repeat(&mut self, now: Duration) -> bool {
        let [calls, repeats] = self.0.sums(now);
        let may = repeats < (calls / CALLS_FOR_ONE).saturating_add(RESERVE);
        if may {
            self.0.add(now, [0, 1]);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failures_may_be_repeated_and_then_a_tenth_of_all() {
        let mut budget = RepeatBudget::new();
        let now = Duration::ZERO;
        budget.call(now);
        assert_eq!((0..10).filter(|_| budget.repeat(now)).count(), 3);
        (0..1_000).for_each(|_| budget.call(now));
        assert_eq!((0..1_000).filter(|_| budget.repeat(now)).count(), 100);
        let later = Duration::from_secs(30);
        assert_eq!((0..10).filter(|_| budget.repeat(later)).count(), 3);
    }

    #[test]
    fn repeats_are_never_more_than_a_tenth_and_the_reserve_in_any_window() {
        arbtest::arbtest(|u| {
            let mut budget = RepeatBudget::new();
            let mut now = Duration::ZERO;
            let (mut calls, mut repeats) = (Vec::new(), Vec::new());
            for _ in 0..200 {
                now += Duration::from_millis(u64::from(u.arbitrary::<u8>()?) * 4);
                if u.arbitrary()? {
                    budget.call(now);
                    calls.push(now);
                } else if budget.repeat(now) {
                    repeats.push(now);
                    let within = |times: &[Duration]| {
                        times.iter().filter(|at| **at + Duration::from_secs(9) > now).count()
                    };
                    let ten = calls.iter().filter(|at| **at + Duration::from_secs(10) >= now).count();
                    assert!(within(&repeats) <= ten / 10 + 4);
                }
            }
            Ok(())
        });
    }
}
