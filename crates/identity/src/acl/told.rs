use vouchmq_mqtt::topic::{ParsedFilter, TopicLimits, TopicName};
use vouchmq_mqtt::{Authorize, Grant, QoS};

use super::Rules;

/// For brokers that ask by text and once: they check no single message later.
impl Rules {
    /// Whether the client may publish to `topic`; `false` for what is no Topic Name.
    #[must_use]
    pub fn may_publish(&self, topic: &str) -> bool {
        let is_name = TopicName::parse(topic, &TopicLimits::STANDARD).is_ok();
        is_name && self.publish(topic, QoS::AtMostOnce, false).is_allowed()
    }

    /// Whether the client may subscribe to `filter`, shared or not, and receive everything that it matches;
    /// `false` for what is no Topic Filter.
    #[must_use]
    pub fn may_subscribe(&self, filter: &str) -> bool {
        let Ok(parsed) = ParsedFilter::parse(filter, &TopicLimits::STANDARD) else { return false };
        self.subscribe(parsed.filter, parsed.share) == Grant::Whole
    }
}
