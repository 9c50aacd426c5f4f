use std::collections::VecDeque;

use vouchmq_mqtt::{Attempt, QoS, time::Timestamp};

use super::Said;

#[cfg(test)]
mod tests;

/// What a service said about single rights of one client, for as long as that holds; of these only the latest.
///
/// A right is known by all of it: a topic and a filter of the same text are two, and so are two QoS. A filter is
/// never taken for the topics that it matches, nor for a narrower one.
#[derive(Clone, Debug)]
pub struct Decisions {
    /// The one that was used last is the last.
    entries: VecDeque<Decision>,
    entries_max: usize,
}

#[derive(Clone, Debug)]
struct Decision {
    right: Right,
    said: Said,
    until: Timestamp,
}

#[derive(Clone, Debug)]
enum Right {
    Publish { topic: Box<str>, qos: QoS, retain: bool },
    Subscribe { filter: Box<str>, share: Option<Box<str>>, qos: QoS },
}

/// As many as EMQX keeps for a client.
const ENTRIES_MAX: usize = 32;

impl Decisions {
    /// At most `entries_max`; none, if that is 0.
    pub const fn new(entries_max: usize) -> Self {
        Self { entries: VecDeque::new(), entries_max }
    }

    /// What was said, if it still holds.
    pub fn get(&mut self, attempt: Attempt<'_>, now: Timestamp) -> Option<Said> {
        let at = self.entries.iter().position(|entry| entry.right.is(attempt))?;
        let entry = self.entries.remove(at)?;
        if entry.until <= now {
            return None;
        }
        let said = entry.said;
        self.entries.push_back(entry);
        Some(said)
    }

    /// Keeps what was said, until then. The one that was not used for longest goes.
    pub fn insert(&mut self, attempt: Attempt<'_>, said: Said, until: Timestamp) {
        self.entries.retain(|entry| !entry.right.is(attempt));
        if self.entries_max == 0 {
            return;
        }
        while self.entries.len() >= self.entries_max {
            self.entries.pop_front();
        }
        self.entries.push_back(Decision { right: Right::of(attempt), said, until });
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

impl Default for Decisions {
    fn default() -> Self {
        Self::new(ENTRIES_MAX)
    }
}

impl Right {
    fn of(attempt: Attempt<'_>) -> Self {
        match attempt {
            Attempt::Publish { topic, qos, retain } => Self::Publish { topic: topic.into(), qos, retain },
            Attempt::Subscribe { filter, share, qos } => {
                Self::Subscribe { filter: filter.as_str().into(), share: share.map(Into::into), qos }
            }
        }
    }

    fn is(&self, attempt: Attempt<'_>) -> bool {
        match (self, attempt) {
            (Self::Publish { topic, qos, retain }, Attempt::Publish { topic: other, qos: q, retain: r }) => {
                **topic == *other && (*qos, *retain) == (q, r)
            }
            (
                Self::Subscribe { filter, share, qos },
                Attempt::Subscribe { filter: other, share: s, qos: q },
            ) => **filter == *other.as_str() && share.as_deref() == s && *qos == q,
            (Self::Publish { .. } | Self::Subscribe { .. }, _) => false,
        }
    }
}
