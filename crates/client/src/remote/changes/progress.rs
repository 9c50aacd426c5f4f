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
