use super::Frame;
use crate::dto::change::{Change, Heartbeat, Reset};

/// How far a change log is followed. Pure: frames in, what to do out.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    at: Option<Position>,
    /// The last change that the service says there is.
    head: u64,
}

/// A place in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which log.
    pub log: Box<str>,
    /// The last change that was applied.
    pub sequence: u64,
}

/// What a frame asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step {
    /// Nothing.
    Nothing,
    /// What the change names is not good any more.
    Changed(Change),
    /// Something was missed: nothing is good any more that is older than the change of this number.
    Reset(u64),
}

impl Progress {
    /// From where to go on; `None` as long as nothing was heard.
    pub const fn position(&self) -> Option<&Position> {
        self.at.as_ref()
    }

    /// Whether everything is known that the service knows.
    pub fn is_caught_up(&self) -> bool {
        // A service that has seen less than we have does not know what changes now.
        self.at.as_ref().is_some_and(|at| at.sequence == self.head)
    }

    /// Takes a frame.
    pub fn take(&mut self, frame: Frame) -> Step {
        match frame {
            Frame::Heartbeat(Heartbeat { head_seq, log, .. }) => {
                if self.is_of(&log) {
                    self.head = head_seq;
                    return Step::Nothing;
                }
                // Of what was cached before, nobody knows what became.
                self.begin(log, head_seq)
            }
            Frame::Reset(Reset { head_seq, log }) => self.begin(log, head_seq),
            Frame::Change(change, log) => self.follow(change, log),
            Frame::Other => Step::Nothing,
        }
    }

    fn follow(&mut self, change: Change, log: Option<Box<str>>) -> Step {
        let sequence = change.seq;
        let same = |at: &&mut Position| log.as_ref().is_none_or(|log| *log == at.log);
        let Some(at) = self.at.as_mut().filter(same) else {
            // How far that log goes is known with the next heartbeat.
            let step = self.begin(log.unwrap_or_default(), sequence);
            self.head = u64::MAX;
            return step;
        };
        if sequence <= at.sequence {
            return Step::Nothing;
        }
        let is_next = change.prev_seq == at.sequence;
        at.sequence = sequence;
        self.head = self.head.max(sequence);
        if is_next { Step::Changed(change) } else { Step::Reset(sequence) }
    }

    fn begin(&mut self, log: impl Into<Box<str>>, sequence: u64) -> Step {
        self.at = Some(Position { log: log.into(), sequence });
        self.head = sequence;
        Step::Reset(sequence)
    }

    fn is_of(&self, log: &str) -> bool {
        self.at.as_ref().is_some_and(|at| *at.log == *log)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heartbeat(log: &str, head_seq: u64) -> Frame {
        Frame::Heartbeat(Heartbeat { head_seq, server_time: String::new(), log: log.to_owned() })
    }

    fn change(log: Option<&str>, prev_seq: u64, seq: u64) -> Frame {
        Frame::Change(change_of(prev_seq, seq), log.map(Into::into))
    }

    fn change_of(prev_seq: u64, seq: u64) -> Change {
        Change {
            seq,
            prev_seq,
            ts: String::new(),
            kind: "device".to_owned(),
            product_id: None,
            device_id: Some("d1".to_owned()),
            credential_id: None,
            kick: "none".to_owned(),
        }
    }

    /// Each frame, what it asks for, and whether everything is known then.
    #[track_caller]
    fn steps(frames: impl IntoIterator<Item = (Frame, Step, bool)>) -> Progress {
        let mut progress = Progress::default();
        for (frame, expected, is_caught_up) in frames {
            let step = progress.take(frame.clone());
            assert_eq!((step, progress.is_caught_up()), (expected, is_caught_up), "{frame:?}");
        }
        progress
    }

    fn changed(seq: u64) -> Step {
        Step::Changed(change_of(seq - 1, seq))
    }

    #[test]
    fn the_first_heartbeat_says_where_to_begin_and_ends_what_was_known_before() {
        let progress = steps([(heartbeat("a", 7), Step::Reset(7), true)]);
        assert_eq!(progress.position(), Some(&Position { log: "a".into(), sequence: 7 }));
        assert_eq!(Progress::default().position(), None);
        assert!(!Progress::default().is_caught_up());
    }

    #[test]
    fn each_change_is_told_once_in_its_order() {
        steps([
            (heartbeat("a", 7), Step::Reset(7), true),
            (change(Some("a"), 7, 8), changed(8), true),
            (change(Some("a"), 7, 8), Step::Nothing, true),
            (change(None, 8, 9), changed(9), true),
            (Frame::Other, Step::Nothing, true),
        ]);
    }

    #[test]
    fn who_knows_that_there_is_more_has_not_caught_up() {
        steps([
            (heartbeat("a", 7), Step::Reset(7), true),
            (heartbeat("a", 9), Step::Nothing, false),
            (change(Some("a"), 7, 8), changed(8), false),
            (change(Some("a"), 8, 9), changed(9), true),
            (heartbeat("a", 9), Step::Nothing, true),
        ]);
    }

    #[test]
    fn a_server_that_has_seen_less_does_not_say_what_changes_now() {
        steps([
            (heartbeat("a", 7), Step::Reset(7), true),
            (heartbeat("a", 6), Step::Nothing, false),
            (heartbeat("a", 7), Step::Nothing, true),
        ]);
    }

    #[test]
    fn what_was_missed_ends_everything() {
        steps([
            (heartbeat("a", 7), Step::Reset(7), true),
            (change(Some("a"), 8, 9), Step::Reset(9), true),
            (change(Some("a"), 9, 10), changed(10), true),
            // As after a rollback: there is no change 10 in its log.
            (change(Some("a"), 9, 11), Step::Reset(11), true),
        ]);
    }

    #[test]
    fn another_log_ends_everything_however_it_is_noticed() {
        let begun = || (heartbeat("a", 7), Step::Reset(7), true);
        let reset = Frame::Reset(Reset { head_seq: 2, log: "b".to_owned() });
        steps([begun(), (heartbeat("b", 7), Step::Reset(7), true)]);
        steps([begun(), (reset, Step::Reset(2), true), (change(Some("b"), 2, 3), changed(3), true)]);
        let progress = steps([
            begun(),
            (change(Some("b"), 7, 8), Step::Reset(8), false),
            (heartbeat("b", 8), Step::Nothing, true),
        ]);
        assert_eq!(progress.position(), Some(&Position { log: "b".into(), sequence: 8 }));
    }

    /// Whatever comes: nothing that changed is passed over without a word.
    #[test]
    fn from_one_number_to_the_next_there_is_a_change_or_a_reset() {
        arbtest::arbtest(|u| {
            let mut progress = Progress::default();
            for _ in 0..u.int_in_range(0..=40)? {
                let before = progress.position().cloned();
                let (first, second) = (u.int_in_range(0..=9)?, u.int_in_range(0..=9)?);
                let log = *u.choose(&["a", "a", "a", "b"])?;
                let frame = match u.int_in_range(0..=3)? {
                    0 => heartbeat(log, first),
                    1 => Frame::Reset(Reset { head_seq: first, log: log.to_owned() }),
                    _ => change(u.arbitrary::<bool>()?.then_some(log), first, second),
                };
                let step = progress.take(frame);
                let after = progress.position().cloned();
                match step {
                    Step::Nothing => assert_eq!(before, after),
                    Step::Changed(change) => {
                        let before = before.unwrap();
                        assert_eq!(change.prev_seq, before.sequence);
                        let expected = Position { sequence: change.seq, ..before };
                        assert_eq!(after, Some(expected));
                    }
                    Step::Reset(head) => assert_eq!(after.map(|at| at.sequence), Some(head)),
                }
            }
            Ok(())
        });
    }
}
