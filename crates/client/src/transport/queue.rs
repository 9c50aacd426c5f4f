//! Who waits, and whose turn it is.

use std::collections::VecDeque;
use std::time::Duration;

/// Those that wait, first come first served; last come first served while more than half of the places are taken, or
/// the first has lost half of its time: who has waited long then is about to give up anyway, and to serve only those
/// would be to serve nobody.
#[derive(Debug)]
pub(super) struct Queue<T> {
    /// In the order in which they came.
    waiting: VecDeque<Waiting<T>>,
    max: usize,
    came: u64,
}

#[derive(Debug)]
struct Waiting<T> {
    ticket: u64,
    since: Duration,
    deadline: Duration,
    who: T,
}

impl<T> Queue<T> {
    /// A queue of at most `max`.
    pub(super) const fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), max, came: 0 }
    }

    /// Waits from now until then at most; gives the ticket to leave early by.
    ///
    /// # Errors
    /// The queue is full.
    pub(super) fn join(&mut self, now: Duration, deadline: Duration, who: T) -> Result<u64, T> {
        if self.is_full() {
            return Err(who);
        }
        self.came += 1;
        self.waiting.push_back(Waiting { ticket: self.came, since: now, deadline, who });
        Ok(self.came)
    }

    /// Waits no longer.
    pub(super) fn leave(&mut self, ticket: u64) {
        if let Ok(at) = self.waiting.binary_search_by_key(&ticket, |waiting| waiting.ticket) {
            self.waiting.remove(at);
        }
    }

    /// Whose turn it is, where an answer takes so long. Those that have no more time left than that are dropped.
    pub(super) fn next(&mut self, now: Duration, takes: Duration) -> Option<T> {
        loop {
            let is_crowded = self.waiting.len() > self.max / 2;
            let is_late = self.waiting.front()?.is_late(now, takes);
            let next =
                if is_crowded || is_late { self.waiting.pop_back() } else { self.waiting.pop_front() }?;
            if next.left(now) > takes {
                return Some(next.who);
            }
        }
    }

    /// Sends everybody away.
    pub(super) fn dismiss(&mut self) -> impl Iterator<Item = T> + use<T> {
        std::mem::take(&mut self.waiting).into_iter().map(|waiting| waiting.who)
    }

    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= self.max
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl<T> Waiting<T> {
    fn left(&self, now: Duration) -> Duration {
        self.deadline.saturating_sub(now)
    }

    /// Whether half of its time is over, or no more is left than two answers take: half of them take longer than the
    /// average.
    fn is_late(&self, now: Duration, takes: Duration) -> bool {
        self.left(now) < now.saturating_sub(self.since).max(takes * 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_is_served_first_until_the_queue_is_half_full() {
        let mut queue = Queue::new(8);
        (1..=6).for_each(|who| assert!(queue.join(Duration::ZERO, LATER, who).is_ok()));
        let served: Vec<_> = std::iter::from_fn(|| queue.next(Duration::ZERO, Duration::ZERO)).collect();
        assert_eq!(served, [6, 5, 1, 2, 3, 4]);
    }

    #[test]
    fn a_full_queue_refuses() {
        let mut queue = Queue::new(1);
        assert_eq!(queue.join(Duration::ZERO, LATER, 'a'), Ok(1));
        assert_eq!(queue.join(Duration::ZERO, LATER, 'b'), Err('b'));
        queue.leave(1);
        assert_eq!(queue.join(Duration::ZERO, LATER, 'c'), Ok(2));
        assert_eq!(Queue::new(0).join(Duration::ZERO, LATER, 'd'), Err('d'));
    }

    #[test]
    fn who_is_past_its_deadline_is_dropped_when_its_turn_comes() {
        let mut queue = Queue::new(8);
        for (deadline, who) in [(1, 'a'), (3, 'b'), (1, 'c')] {
            queue.join(Duration::ZERO, Duration::from_secs(deadline), who).unwrap();
        }
        assert_eq!(queue.next(Duration::from_secs(1), Duration::ZERO), Some('b'));
        assert_eq!((queue.next(Duration::from_secs(1), Duration::ZERO), queue.len()), (None, 0));
    }

    #[test]
    fn the_last_is_served_first_once_the_first_has_lost_half_of_its_time() {
        let queue_of = |joined: &[u64]| {
            let mut queue = Queue::new(100);
            for secs in joined {
                let since = Duration::from_secs(*secs);
                queue.join(since, since + Duration::from_secs(10), *secs).unwrap();
            }
            queue
        };
        for (now, takes, first) in [(5, 0, 0), (6, 0, 4), (5, 2, 0), (5, 3, 4), (0, 5, 0), (0, 6, 4)] {
            let (now, takes) = (Duration::from_secs(now), Duration::from_secs(takes));
            assert_eq!(queue_of(&[0, 1, 4]).next(now, takes), Some(first), "{now:?} {takes:?}");
        }
        let mut queue = queue_of(&[0, 2, 4]);
        let now = Duration::from_secs(7);
        let served: Vec<_> = std::iter::from_fn(|| queue.next(now, Duration::ZERO)).collect();
        assert_eq!(served, [4, 2, 0]);
    }

    #[test]
    fn who_has_less_time_left_than_an_answer_takes_is_dropped() {
        let mut queue = Queue::new(8);
        for (deadline, who) in [(1, 'a'), (4, 'b'), (2, 'c'), (9, 'd')] {
            queue.join(Duration::ZERO, Duration::from_secs(deadline), who).unwrap();
        }
        let served: Vec<_> =
            std::iter::from_fn(|| queue.next(Duration::ZERO, Duration::from_secs(2))).collect();
        assert_eq!(served, ['d', 'b']);
    }

    #[test]
    fn a_queue_serves_each_that_has_not_left_once() {
        arbtest::arbtest(|u| {
            let mut queue = Queue::new(u.int_in_range(0..=6)?);
            let mut inside = Vec::new();
            for _ in 0..40 {
                match u.int_in_range(0..=2)? {
                    0 => {
                        let is_full = inside.len() >= queue.max;
                        match queue.join(Duration::ZERO, LATER, queue.came + 1) {
                            Ok(ticket) => inside.push(ticket),
                            Err(_) => assert!(is_full),
                        }
                    }
                    1 if !inside.is_empty() => {
                        let at = u.choose_index(inside.len())?;
                        queue.leave(inside.remove(at));
                    }
                    _ => match queue.next(Duration::ZERO, Duration::ZERO) {
                        Some(who) => {
                            let at = inside.iter().position(|ticket| *ticket == who).unwrap();
                            inside.remove(at);
                        }
                        None => assert!(inside.is_empty()),
                    },
                }
                assert_eq!(queue.len(), inside.len());
            }
            Ok(())
        });
    }
}
