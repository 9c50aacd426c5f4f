use std::sync::Arc;

use vouchmq_mqtt::Message as MqttMessage;
use vouchmq_mqtt::topic::{Progress, TopicCursor, TopicFilter};

use super::{Control, RetainedCursor};

/// Places of the tree that are looked at before others may store and read.
const STEPS: usize = 512;
/// Places that one page looks at.
const STEPS_OF_PAGE: usize = 64 * 1024;

/// Which retained messages are wanted, and how many of them at once.
#[derive(Clone, Debug)]
pub struct RetainedQuery {
    /// Those whose topics it matches; `None`: all, those included whose topics begin with `$`.
    pub filter: Option<TopicFilter>,
    /// Where the page before ended, of the same filter; `None`: at the beginning.
    pub after: Option<RetainedCursor>,
    /// Messages of one page, at least 1.
    pub limit: usize,
}

/// Some retained messages.
#[derive(Clone, Debug)]
pub struct RetainedPage {
    /// In no particular order. One that stays is on one page of those that follow each other, and on no other.
    pub items: Vec<Arc<MqttMessage>>,
    /// Where the next page begins; `None` when there is none. Where few messages match, a page may have fewer than
    /// it could, or none, and others follow: what one page looks at has a bound.
    pub next: Option<RetainedCursor>,
}

impl Control {
    /// Some of the retained messages, without those that have expired. The store is locked for a bounded step at a time.
    pub fn retained_page(&self, wanted: RetainedQuery) -> RetainedPage {
        let RetainedQuery { filter, after, limit } = wanted;
        let (now, limit) = (self.now(), limit.max(1));
        let mut cursor = after.map_or_else(TopicCursor::default, |after| after.0);
        let (mut items, mut steps_left) = (Vec::new(), STEPS_OF_PAGE);
        while items.len() < limit && steps_left > 0 {
            // A step finds one message at most.
            let steps = STEPS.min(limit - items.len()).min(steps_left);
            let progress = match &filter {
                Some(filter) => self.retained.read(filter.as_filter(), &mut cursor, steps, &mut items),
                None => self.retained.read_all(&mut cursor, steps, &mut items),
            };
            items.retain(|message| message.expires_at() > now);
            if progress == Progress::Done {
                return RetainedPage { items, next: None };
            }
            steps_left -= steps;
        }
        RetainedPage { items, next: Some(RetainedCursor(cursor)) }
    }

    /// The retained message of a topic, unless it has expired.
    pub fn retained(&self, topic: &str) -> Option<Arc<MqttMessage>> {
        self.retained.get(topic).filter(|message| message.expires_at() > self.now())
    }

    /// Removes the retained message of a topic; `false` when there is none. Nobody is told.
    pub fn delete_retained(&self, topic: &str) -> bool {
        self.retained.remove(topic)
    }
}
