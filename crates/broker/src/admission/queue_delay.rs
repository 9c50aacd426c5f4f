use std::time::Duration;

use vouchmq_mqtt::time::Timestamp;

/// How long everybody has to wait too long before anything follows.
const INTERVAL: Duration = Duration::from_secs(1);
/// The first pause of accepting; each further interval doubles it.
const PAUSE_MIN: Duration = Duration::from_millis(5);
/// The longest pause. With 64 connections in a batch a full backlog of the system (4,096) is accepted within
/// half of the default CONNECT deadline, so that nobody is lost in it who is judged at once.
const PAUSE_MAX: Duration = Duration::from_millis(50);
/// Intervals after which accepting more slowly has had its chance: the longest pause was reached.
const REFUSED_FROM: u64 = 5;

/// How long CONNECTs wait for this machine in one queue, and whether that is too long: controlled delay (`CoDel`,
/// RFC 8289).
///
/// What counts is the *minimum*: a burst waits long, and is gone within an *interval*; a queue in which even the luckiest
/// waits longer than the *target* for a whole interval is standing. Nothing here is a rate, so that a machine that keeps
/// up with its clients never refuses any, however many there are: ten thousand that come back at once with generated
/// secrets take less than an interval of one processor.
///
/// A standing queue first slows accepting down, which leaves newcomers to the system's backlog. When that has not helped
/// and who waits has lost a good part of the time that it has (`long`), who needs much of this machine is refused.
/// One who did not wait for the target ends all of it.
#[derive(Debug)]
pub(crate) struct QueueDelay {
    /// Since when everybody waits longer than the target.
    above_since: Option<Timestamp>,
    /// When somebody's waiting was over last.
    seen_at: Timestamp,
    interval_since: Timestamp,
    /// The shortest of this interval so far.
    shortest: Duration,
    /// The shortest of the interval before, or of this if that is shorter.
    standing: Duration,
}

/// What is too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patience {
    /// The *target*; zero = there is none, and nothing follows.
    pub(crate) target: Duration,
    /// A good part of the time that a client has to connect.
    pub(crate) long: Duration,
}

/// What follows; the worse is the greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pressure {
    /// Who needs much of this machine is refused.
    pub(crate) is_refusing: bool,
    /// How long accepting pauses after each batch.
    pub(crate) pause: Duration,
}

impl Default for QueueDelay {
    fn default() -> Self {
        Self {
            above_since: None,
            seen_at: Timestamp::ZERO,
            interval_since: Timestamp::ZERO,
            shortest: Duration::MAX,
            standing: Duration::ZERO,
        }
    }
}

impl Patience {
    /// Of clients that have to be connected by this deadline.
    pub(crate) fn new(target: Duration, connect_deadline: Duration) -> Self {
        Self { target, long: (connect_deadline / 4).max(target) }
    }
}

impl QueueDelay {
    /// Somebody waited for so long, its *sojourn time*.
    pub(crate) fn observe(&mut self, now: Timestamp, sojourn: Duration, patience: Patience) {
        if self.is_stale(now) {
            *self = Self::default();
        }
        self.seen_at = now;
        if now.since(self.interval_since) >= INTERVAL {
            self.standing = if self.shortest == Duration::MAX { sojourn } else { self.shortest };
            self.interval_since = now;
            self.shortest = Duration::MAX;
        }
        self.shortest = self.shortest.min(sojourn);
        self.standing = self.standing.min(sojourn);
        if sojourn < patience.target {
            self.above_since = None;
        } else if self.above_since.is_none() {
            self.above_since = Some(now);
        }
    }

    /// Nobody waits.
    pub(crate) fn empty(&mut self, now: Timestamp, patience: Patience) {
        self.observe(now, Duration::ZERO, patience);
    }

    /// What follows from it now.
    pub(crate) fn pressure(&self, now: Timestamp, patience: Patience) -> Pressure {
        let Some(since) = self.above_since.filter(|_| !patience.target.is_zero()) else {
            return Pressure::default();
        };
        let intervals = now.since(since).as_secs() / INTERVAL.as_secs();
        if intervals == 0 || self.is_stale(now) {
            return Pressure::default();
        }
        let doublings = u32::try_from(intervals - 1).unwrap_or(u32::MAX).min(8);
        Pressure {
            is_refusing: intervals >= REFUSED_FROM && self.standing >= patience.long,
            pause: (PAUSE_MIN * 2u32.pow(doublings)).min(PAUSE_MAX),
        }
    }

    /// How long everybody waits: the minimum of the last interval.
    pub(crate) fn standing(&self, now: Timestamp) -> Duration {
        if self.is_stale(now) { Duration::ZERO } else { self.standing }
    }

    /// Nobody has waited lately: what was before says nothing of who comes now.
    fn is_stale(&self, now: Timestamp) -> bool {
        now.since(self.seen_at) > 2 * INTERVAL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience =
        Patience { target: Duration::from_millis(100), long: Duration::from_millis(2500) };

    fn millis(millis: u64) -> Timestamp {
        Timestamp::from_micros(millis * 1000)
    }

    /// Whoever comes within this time, every 10 ms, waits as long as `sojourn` says; what follows at the end.
    fn after(
        delay: &mut QueueDelay,
        from_to: std::ops::Range<u64>,
        sojourn: impl Fn(u64) -> u64,
    ) -> Pressure {
        let end = from_to.end;
        for at in from_to.step_by(10) {
            delay.observe(millis(at), Duration::from_millis(sojourn(at)), PATIENCE);
        }
        delay.pressure(millis(end), PATIENCE)
    }

    #[test]
    fn what_follows_a_standing_queue_by_the_time_that_it_stands() {
        for (stands_for, waits, is_refusing, pause) in [
            (0, 5000, false, 0),
            (900, 5000, false, 0),
            (1000, 100, false, 5),
            (1990, 5000, false, 5),
            (2000, 5000, false, 10),
            (3000, 5000, false, 20),
            (4000, 5000, false, 40),
            (5000, 5000, true, 50),
            (60_000, 5000, true, 50),
            (60_000, 2500, true, 50),
            // Slowly, and still in time for everybody.
            (60_000, 2400, false, 50),
            (60_000, 99, false, 0),
        ] {
            let mut delay = QueueDelay::default();
            let pressure = after(&mut delay, 7..7 + stands_for, |_| waits);
            let expected = Pressure { is_refusing, pause: Duration::from_millis(pause) };
            assert_eq!(pressure, expected, "{stands_for} ms of {waits} ms");
        }
    }

    #[test]
    fn a_burst_that_is_gone_within_an_interval_changes_nothing() {
        let mut delay = QueueDelay::default();
        // Everybody of a crowd that comes at once waits longer than the one before.
        assert_eq!(after(&mut delay, 0..1000, |at| at), Pressure::default());
        assert_eq!(after(&mut delay, 1000..1010, |_| 0), Pressure::default());
        assert_eq!(after(&mut delay, 1010..1900, |at| at), Pressure::default());
    }

    #[test]
    fn one_who_did_not_wait_ends_all_of_it() {
        let mut delay = QueueDelay::default();
        assert!(after(&mut delay, 0..20_000, |_| 5000).is_refusing);
        delay.observe(millis(20_000), Duration::from_millis(99), PATIENCE);
        assert_eq!(delay.pressure(millis(20_000), PATIENCE), Pressure::default());
        assert!(after(&mut delay, 20_000..40_000, |_| 5000).is_refusing);
        delay.empty(millis(40_000), PATIENCE);
        assert_eq!(delay.pressure(millis(40_000), PATIENCE), Pressure::default());
    }

    #[test]
    fn who_waits_less_long_is_enough_to_let_others_in_again() {
        let mut delay = QueueDelay::default();
        assert!(after(&mut delay, 0..20_000, |_| 5000).is_refusing);
        let pressure = after(&mut delay, 20_000..20_010, |_| 2000);
        assert_eq!(pressure, Pressure { is_refusing: false, pause: PAUSE_MAX });
    }

    #[test]
    fn what_was_long_ago_says_nothing_of_who_comes_now() {
        let mut delay = QueueDelay::default();
        assert!(after(&mut delay, 0..20_000, |_| 5000).is_refusing);
        assert_eq!(delay.pressure(millis(30_000), PATIENCE), Pressure::default());
        assert_eq!(delay.standing(millis(30_000)), Duration::ZERO);
        assert_eq!(after(&mut delay, 30_000..30_900, |_| 5000), Pressure::default(), "it begins anew");
    }

    #[test]
    fn without_a_target_nothing_follows() {
        let mut delay = QueueDelay::default();
        after(&mut delay, 0..20_000, |_| 5000);
        let off = Patience::new(Duration::ZERO, Duration::from_secs(10));
        assert_eq!(delay.pressure(millis(20_000), off), Pressure::default());
    }

    /// Whatever happens: nothing follows within an interval of one who did not wait, nobody is refused while somebody
    /// has lately waited less than is long, and the pause has its bound.
    #[test]
    fn the_shortest_decides() {
        arbtest::arbtest(|u| {
            let (mut delay, mut now, mut lucky_at) =
                (QueueDelay::default(), Timestamp::ZERO, Timestamp::ZERO);
            for _ in 0..u.int_in_range(1..=200)? {
                now = now.after(Duration::from_millis(u.int_in_range(0..=900)?));
                let sojourn = Duration::from_millis(*u.choose(&[0, 50, 99, 100, 101, 2499, 2500, 60_000])?);
                delay.observe(now, sojourn, PATIENCE);
                if sojourn < PATIENCE.target {
                    lucky_at = now;
                }
                let pressure = delay.pressure(now, PATIENCE);
                assert!(pressure.pause <= PAUSE_MAX);
                assert!(!pressure.is_refusing || (sojourn >= PATIENCE.long && pressure.pause == PAUSE_MAX));
                assert!(now.since(lucky_at) >= INTERVAL || pressure == Pressure::default());
                assert!(delay.standing(now) <= sojourn);
            }
            Ok(())
        });
    }
}
