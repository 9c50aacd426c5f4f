//! What has changed, so that an answer from before is known as one when it comes.

use std::collections::{HashMap, VecDeque};

use super::index::Name;

/// When a question was put, among everything that was invalidated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked(u64);

/// What an answer has to show to be newer than a change.
#[derive(Clone, Copy, Debug)]
pub(super) enum Evidence {
    /// Its number is this at least; or, if it has none, that its question was put afterwards.
    Sequence(u64),
    /// That its question was put afterwards.
    Nothing,
}

/// The names that changed last, and what held for all those before them.
#[derive(Default)]
pub(super) struct Marks {
    now: u64,
    /// What every answer has to show.
    floor: Mark,
    marks: HashMap<Name, Mark>,
    /// In the order in which they were marked first.
    order: VecDeque<Name>,
}

#[derive(Clone, Copy, Default)]
struct Mark {
    /// Answers with a number have to have this one at least,
    sequence: u64,
    /// and their questions were put then or later.
    asked: u64,
    /// Questions of answers without a number were put then or later.
    asked_unnumbered: u64,
}

/// Names that are kept apart. Those before are forgotten in the safe direction: by then everybody has to show what
/// the last answers about them had to show.
const NAMES_MAX: usize = 16_384;

impl Marks {
    pub(super) const fn ask(&self) -> Asked {
        Asked(self.now)
    }

    /// Whether an answer is newer than everything that changed.
    pub(super) fn admit(&self, names: &[Option<Name>], asked: Asked, as_of: Option<u64>) -> bool {
        let marks = names.iter().flatten().filter_map(|name| self.marks.get(name));
        marks.chain([&self.floor]).all(|mark| mark.admits(asked, as_of))
    }

    /// Something changed: what has this name, or everything.
    pub(super) fn mark(&mut self, name: Option<Name>, evidence: Evidence) {
        self.now += 1;
        let now = self.now;
        let mark = match name {
            None => &mut self.floor,
            Some(name) => {
                if !self.marks.contains_key(&name) {
                    self.make_room();
                    self.order.push_back(name);
                }
                self.marks.entry(name).or_default()
            }
        };
        mark.asked_unnumbered = now;
        match evidence {
            Evidence::Sequence(sequence) => mark.sequence = mark.sequence.max(sequence),
            Evidence::Nothing => mark.asked = now,
        }
    }

    /// Numbers begin anew, and the last one is `head`.
    pub(super) fn reset(&mut self, head: u64) {
        let now = self.now + 1;
        *self = Self {
            now,
            floor: Mark { sequence: head, asked: now, asked_unnumbered: now },
            ..Self::default()
        };
    }

    fn make_room(&mut self) {
        while self.order.len() >= NAMES_MAX {
            let Some(oldest) = self.order.pop_front() else { return };
            if let Some(mark) = self.marks.remove(&oldest) {
                self.floor = self.floor.and(mark);
            }
        }
    }
}

impl Mark {
    const fn admits(&self, asked: Asked, as_of: Option<u64>) -> bool {
        match as_of {
            Some(as_of) => as_of >= self.sequence && asked.0 >= self.asked,
            None => asked.0 >= self.asked_unnumbered,
        }
    }

    fn and(self, other: Self) -> Self {
        Self {
            sequence: self.sequence.max(other.sequence),
            asked: self.asked.max(other.asked),
            asked_unnumbered: self.asked_unnumbered.max(other.asked_unnumbered),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_forgotten_are_remembered_for_everybody() {
        let mut marks = Marks::default();
        let before = marks.ask();
        let last = u64::try_from(NAMES_MAX).unwrap();
        for name in 1..=last + 10 {
            marks.mark(Some(Name::Device(name)), Evidence::Sequence(name));
        }
        assert_eq!((marks.marks.len(), marks.order.len()), (NAMES_MAX, NAMES_MAX));
        let unheard = [Some(Name::Device(u64::MAX))];
        assert!(!marks.admit(&unheard, before, Some(9)) && marks.admit(&unheard, before, Some(10)));
        assert!(!marks.admit(&unheard, before, None) && marks.admit(&unheard, marks.ask(), None));
        assert!(!marks.admit(&[Some(Name::Device(11))], before, Some(10)));
    }

    #[test]
    fn after_a_reset_smaller_numbers_are_right_again() {
        let mut marks = Marks::default();
        marks.mark(None, Evidence::Sequence(1_000));
        let before = marks.ask();
        marks.reset(5);
        assert!(marks.admit(&[], marks.ask(), Some(5)));
        assert!(!marks.admit(&[], marks.ask(), Some(4)));
        assert!(!marks.admit(&[], before, Some(2_000)), "that is a number of the log before");
    }
}
