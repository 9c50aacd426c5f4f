//! Who is let in, and what they may do.

use std::sync::Arc;

use vouchmq_mqtt::engine::{Decision, Permit};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::topic::{covers, matches, overlaps};
use vouchmq_mqtt::{Attempt, Authorize, FilterRef, Grant, Permission, QoS, ReasonCode, TopicFilter};

/// What the authenticator says to an [`Authentication`](vouchmq_mqtt::engine::Authentication).
pub(crate) enum Answer {
    /// The verdict, at once.
    Now(Decision),
    /// Nothing until the test says [`World::decide`](super::World::decide).
    Later,
}

/// Everything is allowed but what is denied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rights {
    publish_denied: Vec<TopicFilter>,
    receive_denied: Vec<TopicFilter>,
    asked: Vec<TopicFilter>,
}

impl Rights {
    /// No denials.
    pub(crate) fn all() -> Self {
        Self::default()
    }

    /// Nothing may be published to topics of `filter`.
    pub(crate) fn deny_publish(mut self, filter: &str) -> Self {
        self.publish_denied.push(filter.parse().expect("a filter"));
        self
    }

    /// No message of `filter` may be received: a subscription to it is refused, a wider one is checked.
    pub(crate) fn deny_receive(mut self, filter: &str) -> Self {
        self.receive_denied.push(filter.parse().expect("a filter"));
        self
    }

    /// Others have to be asked about publications to topics of `filter`, and about subscriptions that it covers.
    pub(crate) fn ask(mut self, filter: &str) -> Self {
        self.asked.push(filter.parse().expect("a filter"));
        self
    }
}

impl Authorize for Rights {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        if self.asked.iter().any(|asked| matches(asked.as_filter(), topic)) {
            return Permission::Asked;
        }
        permission(&self.publish_denied, topic)
    }

    fn subscribe(&self, filter: FilterRef<'_>, _: Option<&str>) -> Grant {
        if self.asked.iter().any(|asked| covers(asked.as_filter(), filter)) {
            Grant::Asked
        } else if self.receive_denied.iter().any(|denied| covers(denied.as_filter(), filter)) {
            Grant::Denied
        } else if self.receive_denied.iter().any(|denied| overlaps(denied.as_filter(), filter)) {
            Grant::PerMessage
        } else {
            Grant::Whole
        }
    }

    fn receive(&self, topic: &str) -> Permission {
        if self.asked.iter().any(|asked| matches(asked.as_filter(), topic)) {
            return Permission::Asked;
        }
        permission(&self.receive_denied, topic)
    }
}

/// An attempt as a test writes it down.
pub(crate) fn attempt_in_words(attempt: &Attempt<'_>) -> String {
    match attempt {
        Attempt::Publish { topic, qos, retain } => {
            format!("publish {topic} {}{}", qos.bits(), if *retain { " retained" } else { "" })
        }
        Attempt::Subscribe { filter, share: None, qos } => format!("subscribe {filter} {}", qos.bits()),
        Attempt::Subscribe { filter, share: Some(share), qos } => {
            format!("subscribe {filter} {} of {share}", qos.bits())
        }
    }
}

fn permission(denied: &[TopicFilter], topic: &str) -> Permission {
    if denied.iter().any(|filter| matches(filter.as_filter(), topic)) {
        Permission::Denied
    } else {
        Permission::Allowed
    }
}

/// Lets a client in, for ever.
pub(crate) fn allow(rights: Rights) -> Decision {
    Decision::Allow(Permit { authorize: Arc::new(rights), until: Timestamp::NEVER, data: None })
}

/// Does not.
pub(crate) fn refuse(reason: ReasonCode) -> Decision {
    Decision::Refuse(reason)
}
