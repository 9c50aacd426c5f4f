use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{QoS, ReasonCode};

use super::Oracle;
use super::message::{Message, MessageNo, Origin};
use crate::coverage::Behaviour;
use crate::rights::Rights;

/// A message without acknowledgement is processed within this time of being read.
const PROCESSED_WITHIN: Duration = Duration::from_secs(15);

/// Whether a retained message was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stored {
    Surely,
    Perhaps,
    No,
}

impl Oracle {
    /// What a fresh subscriber to everything was sent is what was published last to each topic.
    pub(crate) fn judge_retained(&mut self, found: &BTreeMap<Rc<str>, MessageNo>, now: Timestamp) {
        let mut topics: BTreeMap<Rc<str>, Vec<MessageNo>> = BTreeMap::new();
        for number in self.message_numbers() {
            let message = self.message(number);
            if message.facts.retain && stored(message) != Stored::No {
                topics.entry(message.facts.topic.clone()).or_default().push(number);
            }
        }
        for (topic, writes) in &topics {
            let last = self.last_writes(writes);
            match found.get(topic) {
                Some(message) if last.contains(message) => self.hit(Behaviour::RetainedStored),
                Some(message) => {
                    let what = format!("{message} is retained on {topic}, and {last:?} came later");
                    return self.fail(now, what);
                }
                None if self.may_be_absent(writes, &last, now) => self.hit(Behaviour::RetainedCleared),
                None => {
                    return self.fail(now, format!("nothing is retained on {topic}, and {last:?} should be"));
                }
            }
        }
    }

    /// A topic on which something is surely retained.
    pub(crate) fn surely_retained(&self, now: Timestamp) -> Option<Rc<str>> {
        let is_sure = |number: &MessageNo| {
            let message = self.message(*number);
            message.facts.retain && stored(message) == Stored::Surely
        };
        let topics =
            self.message_numbers().filter(is_sure).map(|number| self.message(number).facts.topic.clone());
        topics.into_iter().find(|topic| {
            let writes: Vec<MessageNo> = self
                .message_numbers()
                .filter(|number| {
                    let message = self.message(*number);
                    message.facts.retain && message.facts.topic == *topic && stored(message) != Stored::No
                })
                .collect();
            !self.may_be_absent(&writes, &self.last_writes(&writes), now)
        })
    }

    /// Those that nothing surely came after.
    fn last_writes(&self, writes: &[MessageNo]) -> BTreeSet<MessageNo> {
        let is_last = |number: &&MessageNo| !writes.iter().any(|other| self.is_superseded(**number, *other));
        writes.iter().filter(is_last).copied().collect()
    }

    fn is_superseded(&self, earlier: MessageNo, later: MessageNo) -> bool {
        let (before, after) = (self.message(earlier), self.message(later));
        if stored(after) != Stored::Surely {
            return false;
        }
        let (Some(stored_from), Some((_, last))) = (after.owed_from(), before.read) else { return false };
        let is_same_link = matches!((before.facts.origin, after.facts.origin),
            (Origin::Client { link, .. }, Origin::Client { link: other, .. }) if link == other);
        if is_same_link && earlier < later && before.sends == 1 {
            return true;
        }
        // What waits for an answer about rights is handled nobody knows when.
        if let Origin::Client { link, .. } = before.facts.origin
            && self.rights_of(link).is_some_and(|rights| rights.must_ask)
        {
            return false;
        }
        let stored_until = match before.answer {
            Some((_, at)) if before.facts.qos != QoS::AtMostOnce => at,
            _ if matches!(before.facts.origin, Origin::Client { .. }) => last.after(PROCESSED_WITHIN),
            _ => last,
        };
        stored_until < stored_from
    }

    fn may_be_absent(&self, writes: &[MessageNo], last: &BTreeSet<MessageNo>, now: Timestamp) -> bool {
        let is_gone = |number: &MessageNo| {
            let message = self.message(*number);
            message.is_clear() || message.may_be_expired(now)
        };
        let is_sure = writes.iter().any(|number| stored(self.message(*number)) == Stored::Surely);
        !is_sure || last.iter().any(is_gone)
    }
}

fn stored(message: &Message) -> Stored {
    if message.read.is_none() || !Rights::may_publish(&message.facts.topic) {
        return Stored::No;
    }
    match (message.facts.origin, message.answer) {
        (Origin::Client { .. }, Some((reason, _))) if reason == ReasonCode::NOT_AUTHORIZED => Stored::No,
        (Origin::Client { .. }, Some((reason, _))) if !reason.is_error() => Stored::Surely,
        _ => Stored::Perhaps,
    }
}
