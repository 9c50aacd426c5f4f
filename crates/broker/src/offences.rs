use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use vouchmq_mqtt::time::Timestamp;

const WINDOW: Duration = Duration::from_secs(60);
const BLOCK: Duration = Duration::from_secs(60);
/// How long an attempt waits that is not free.
const DELAY: Duration = Duration::from_secs(1);
/// Offenders that are remembered; beyond it those who are not blocked are forgotten.
const OFFENDERS_MAX: usize = 16_384;

/// Counts what somebody does too often: failed logins of an address, takeovers of a client id.
///
/// So many a minute are free (`free`; 0 = any number, and nothing is counted), then each further attempt is delayed,
/// and from twice as many on the offender is blocked for 60 seconds.
#[derive(Debug)]
pub(crate) struct Offences<K> {
    offenders: HashMap<K, Offender>,
    /// No sooner is it worth to look for offenders that can be forgotten.
    sweep_at: Timestamp,
}

#[derive(Clone, Copy, Debug)]
struct Offender {
    since: Timestamp,
    count: u32,
    blocked_until: Timestamp,
}

/// What an attempt meets; the worse is the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Judgement {
    Free,
    Delayed(Duration),
    Blocked,
}

impl<K: Eq + Hash + Clone> Offences<K> {
    pub(crate) fn new() -> Self {
        Self { offenders: HashMap::new(), sweep_at: Timestamp::ZERO }
    }

    /// Takes an offence down.
    pub(crate) fn record(&mut self, now: Timestamp, who: &K, free: u32) {
        if free == 0 {
            return;
        }
        let is_full = self.offenders.len() >= OFFENDERS_MAX && !self.offenders.contains_key(who);
        if is_full && !self.make_room(now) {
            return;
        }
        let fresh = Offender { since: now, count: 0, blocked_until: Timestamp::ZERO };
        let offender = self.offenders.entry(who.clone()).or_insert(fresh);
        if now.since(offender.since) >= WINDOW {
            // A block lasts, whenever it began.
            *offender = Offender { blocked_until: offender.blocked_until, ..fresh };
        }
        offender.count = offender.count.saturating_add(1);
        if offender.count >= free.saturating_mul(2) {
            *offender = Offender { count: free, blocked_until: now.after(BLOCK), ..*offender };
        }
    }

    /// What an attempt of `who` meets now.
    pub(crate) fn judge(&self, now: Timestamp, who: &K, free: u32) -> Judgement {
        let offender = self.offenders.get(who).filter(|_| free > 0);
        let Some(offender) = offender else { return Judgement::Free };
        if now < offender.blocked_until {
            Judgement::Blocked
        } else if offender.count >= free && now.since(offender.since) < WINDOW {
            Judgement::Delayed(DELAY)
        } else {
            Judgement::Free
        }
    }

    /// Forgets whose time is over; where nobody's is, half of those who are not blocked, beginning with the
    /// fewest offences. `false` when all are blocked: then nobody is forgotten, and looked for again in a
    /// second.
    fn make_room(&mut self, now: Timestamp) -> bool {
        if now < self.sweep_at {
            return false;
        }
        self.offenders.retain(|_, known| now < known.blocked_until || now.since(known.since) < WINDOW);
        if self.offenders.len() < OFFENDERS_MAX {
            return true;
        }
        let rank = |known: &Offender| (now >= known.blocked_until).then_some((known.count, known.since));
        let mut ranks: Vec<_> = self.offenders.values().filter_map(rank).collect();
        if ranks.is_empty() {
            self.sweep_at = now.after(Duration::from_secs(1));
            return false;
        }
        let middle = ranks.len() / 2;
        let (_, last, _) = ranks.select_nth_unstable(middle);
        let last = *last;
        self.offenders.retain(|_, known| rank(known).is_none_or(|rank| rank > last));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: u32 = 30;

    fn secs(secs: u64) -> Timestamp {
        Timestamp::from_micros(secs * 1_000_000)
    }

    #[test]
    fn thirty_a_minute_are_free_then_delayed_then_blocked_for_a_minute() {
        let mut offences = Offences::new();
        for _ in 0..29 {
            offences.record(secs(1), &"a", FREE);
        }
        assert_eq!(offences.judge(secs(1), &"a", FREE), Judgement::Free);
        offences.record(secs(1), &"a", FREE);
        assert_eq!(offences.judge(secs(1), &"a", FREE), Judgement::Delayed(DELAY));
        for _ in 0..30 {
            offences.record(secs(2), &"a", FREE);
        }
        assert_eq!(offences.judge(secs(61), &"a", FREE), Judgement::Blocked);
        assert_eq!(offences.judge(secs(62), &"a", FREE), Judgement::Free);
        assert_eq!(offences.judge(secs(2), &"b", FREE), Judgement::Free, "others are not touched");
    }

    #[test]
    fn a_block_outlasts_the_minute_in_which_its_offences_were_counted() {
        let mut offences = Offences::new();
        for _ in 0..59 {
            offences.record(secs(1), &"a", FREE);
        }
        offences.record(secs(59), &"a", FREE);
        assert_eq!(offences.judge(secs(60), &"a", FREE), Judgement::Blocked);
        offences.record(secs(61), &"a", FREE);
        assert_eq!(offences.judge(secs(62), &"a", FREE), Judgement::Blocked);
        assert_eq!(offences.judge(secs(119), &"a", FREE), Judgement::Free);
    }

    #[test]
    fn offenders_without_number_take_bounded_memory() {
        let mut offences = Offences::new();
        for n in 0..100_000u64 {
            offences.record(secs(1), &n, FREE);
        }
        assert!(offences.offenders.len() <= OFFENDERS_MAX);
    }

    #[test]
    fn offenders_without_number_free_nobody_who_is_blocked() {
        let mut offences = Offences::new();
        for _ in 0..2 * FREE {
            offences.record(secs(1), &u64::MAX, FREE);
        }
        for n in 0..100_000u64 {
            offences.record(secs(1), &n, FREE);
        }
        assert_eq!(offences.judge(secs(1), &u64::MAX, FREE), Judgement::Blocked);
    }

    #[test]
    fn where_any_number_is_free_nothing_is_counted() {
        let mut offences = Offences::new();
        for _ in 0..1000 {
            offences.record(secs(1), &"a", 0);
        }
        assert!(offences.offenders.is_empty());
        (0..60).for_each(|_| offences.record(secs(1), &"a", FREE));
        assert_eq!(offences.judge(secs(1), &"a", 0), Judgement::Free, "turned off meanwhile");
    }
}
