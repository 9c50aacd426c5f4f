//! Who waits, and whose turn it is.

use std::collections::VecDeque;
use std::time::Duration;

/// Those that wait, first come first served; while more than half of the places are taken, last come first served: who
/// has waited long then is about to give up anyway.
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
    deadline: Duration,
    who: T,
}

impl<T> Queue<T> {
    /// A queue of at most `max`.
    pub(super) const fn new(max: usize) -> Self {
        Self { waiting: VecDeque::new(), max, came: 0 }
    }

    /// Waits until then at most; gives the ticket to leave early by.
    ///
    /// # Errors
    /// The queue is full.
    pub(super) fn join(&mut self, deadline: Duration, who: T) -> Result<u64, T> {
        if self.is_full() {
            return Err(who);
        }
        self.came += 1;
        self.waiting.push_back(Waiting { ticket: self.came, deadline, who });
        Ok(self.came)
    }

    /// Waits no longer.
    pub(super) fn leave(&mut self, ticket: u64) {
        if let Ok(at) = self.waiting.binary_search_by_key(&ticket, |waiting| waiting.ticket) {
            self.waiting.remove(at);
        }
    }

    /// Whose turn it is. Those past their deadline are dropped.
    pub(super) fn next(&mut self, now: Duration) -> Option<T> {
        loop {
            let is_crowded = self.waiting.len() > self.max / 2;
            let next = if is_crowded { self.waiting.pop_back() } else { self.waiting.pop_front() }?;
            if next.deadline > now {
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

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: Duration = Duration::from_secs(1);

    #[test]
    fn the_first_is_served_first_until_the_queue_is_half_full() {
        let mut queue = Queue::new(8);
        (1..=6).for_each(|who| assert!(queue.join(LATER, who).is_ok()));
        let served: Vec<_> = std::iter::from_fn(|| queue.next(Duration::ZERO)).collect();
        assert_eq!(served, [6, 5, 1, 2, 3, 4]);
    }

    #[test]
    fn a_full_queue_refuses() {
        let mut queue = Queue::new(1);
        assert_eq!(queue.join(LATER, 'a'), Ok(1));
        assert_eq!(queue.join(LATER, 'b'), Err('b'));
        queue.leave(1);
        assert_eq!(queue.join(LATER, 'c'), Ok(2));
        assert_eq!(Queue::new(0).join(LATER, 'd'), Err('d'));
    }

    #[test]
    fn who_is_past_its_deadline_is_dropped_when_its_turn_comes() {
        let mut queue = Queue::new(8);
        for (deadline, who) in [(1, 'a'), (3, 'b'), (1, 'c')] {
            queue.join(Duration::from_secs(deadline), who).unwrap();
        }
        assert_eq!(queue.next(Duration::from_secs(1)), Some('b'));
        assert_eq!((queue.next(Duration::from_secs(1)), queue.len()), (None, 0));
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
                        match queue.join(LATER, queue.came + 1) {
                            Ok(ticket) => inside.push(ticket),
                            Err(_) => assert!(is_full),
                        }
                    }
                    1 if !inside.is_empty() => {
                        let at = u.choose_index(inside.len())?;
                        queue.leave(inside.remove(at));
                    }
                    _ => match queue.next(Duration::ZERO) {
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
