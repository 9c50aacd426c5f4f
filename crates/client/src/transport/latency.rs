//! How long a server takes, lately.

use std::time::Duration;

/// A moving average of how long a server takes. Its weights follow time, not the number of answers.
#[derive(Debug, Default)]
pub(super) struct Latency {
    /// In seconds; `None` before the first answer.
    average: Option<f64>,
    seen: Duration,
}

/// After so long an answer weighs a third.
const MEMORY_SECS: f64 = 1.0;
/// A server that nobody asks looks better after so long, by two thirds: it may be well again.
const FORGIVING_SECS: f64 = 10.0;
/// Of a server that nobody knows, while it has not answered its first question.
const UNKNOWN_SECS: f64 = 1.0;
/// No server costs less: how many are on their way counts in any case.
const LEAST_SECS: f64 = 1e-6;

impl Latency {
    /// A question took so long; one that failed, as long as it might have.
    pub(super) fn observe(&mut self, now: Duration, took: Duration) {
        let weight = (-now.saturating_sub(self.seen).as_secs_f64() / MEMORY_SECS).exp();
        // answers of one moment count too
        let weight = weight.min(0.99);
        let took = took.as_secs_f64();
        self.average = Some(self.average.map_or(took, |average| average * weight + took * (1.0 - weight)));
        self.seen = self.seen.max(now);
    }

    /// How long the next one takes, as far as one can tell; zero: nobody knows.
    pub(super) fn expected(&self) -> Duration {
        self.average.and_then(|secs| Duration::try_from_secs_f64(secs).ok()).unwrap_or_default()
    }

    /// What it costs to ask, in seconds, where so many questions are on their way. Nothing costs less than a first
    /// question to a server that nobody knows.
    pub(super) fn cost(&self, now: Duration, in_flight: usize) -> f64 {
        let average = match self.average {
            Some(average) => average * (-now.saturating_sub(self.seen).as_secs_f64() / FORGIVING_SECS).exp(),
            None if in_flight == 0 => return 0.0,
            None => UNKNOWN_SECS,
        };
        #[expect(clippy::cast_precision_loss, reason = "nobody waits in such numbers")]
        let others = in_flight as f64;
        (others + 1.0) * average.max(LEAST_SECS)
    }
}

/// Of two servers that chance picks, the one that costs less (power of two choices). `costs` has each server's number
/// and cost.
pub(super) fn choose(costs: &[(usize, f64)], random: u64) -> Option<usize> {
    let count = u64::try_from(costs.len()).ok()?;
    if count < 2 {
        return costs.first().map(|(server, _)| *server);
    }
    let one = (random >> 32) % count;
    let other = (one + 1 + (random & u64::from(u32::MAX)) % (count - 1)) % count;
    let at = |index: u64| costs.get(usize::try_from(index).ok()?);
    let (one, other) = (at(one)?, at(other)?);
    Some(if other.1 < one.1 { other.0 } else { one.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn the_average_follows_what_a_server_takes_lately() {
        let mut latency = Latency::default();
        assert!(latency.cost(millis(0), 0) <= 0.0 && latency.cost(millis(0), 1) > 1.0);
        latency.observe(millis(0), millis(20));
        assert!((latency.cost(millis(0), 0) - 0.02).abs() < 1e-9);
        assert!((latency.cost(millis(0), 3) - 0.08).abs() < 1e-9);
        (0..5_000).for_each(|at| latency.observe(millis(at), millis(100)));
        let cost = latency.cost(millis(5_000), 0);
        assert!((0.098..=0.1).contains(&cost), "{cost}");
    }

    #[test]
    fn a_server_that_is_not_asked_looks_better_with_time() {
        let mut latency = Latency::default();
        latency.observe(millis(0), Duration::from_secs(5));
        assert!(latency.cost(millis(60_000), 0) < 0.02);
    }

    #[test]
    fn the_average_never_leaves_what_was_seen() {
        arbtest::arbtest(|u| {
            let mut latency = Latency::default();
            let (mut now, mut least, mut most) = (0, u16::MAX, 0);
            for _ in 0..50 {
                now += u64::from(u.arbitrary::<u8>()?);
                let took = u.arbitrary::<u16>()?.max(1);
                (least, most) = (least.min(took), most.max(took));
                latency.observe(millis(now), millis(u64::from(took)));
                let cost = latency.cost(millis(now), 0) * 1_000.0;
                assert!(cost >= f64::from(least) - 1e-3 && cost <= f64::from(most) + 1e-3, "{cost}");
            }
            Ok(())
        });
    }

    #[test]
    fn of_two_servers_the_cheaper_one_is_chosen() {
        assert_eq!(choose(&[], 7), None);
        assert_eq!(choose(&[(4, 9.0)], u64::MAX), Some(4));
        arbtest::arbtest(|u| {
            let count = u.int_in_range(2..=9_usize)?;
            let costs: Vec<_> =
                (0..count).map(|at| (at + 100, f64::from(u32::try_from(at).unwrap()))).collect();
            let chosen = choose(&costs, u.arbitrary()?).unwrap();
            // the dearest of all is never the cheaper of two different ones
            assert!((100..100 + count - 1).contains(&chosen));
            Ok(())
        });
    }
}
