//! Who may do what, in one rule that engine and oracle apply separately.

use vouchmq_mqtt::{Attempt, Authorize, FilterRef, Grant, Inquired, InquiryReply, Permission, QoS};

/// Nobody publishes or subscribes below this level.
pub(crate) const CLOSED: &str = "closed/";
/// Only privileged clients receive from below this level.
pub(crate) const SECRET: &str = "secret/";

/// What one client may do, as the engine asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) is_privileged: bool,
    /// Others have to be asked whether it may publish and subscribe; they say what the rule says, if anything.
    pub(crate) must_ask: bool,
}

impl Rights {
    /// May anybody publish to `topic`?
    pub(crate) fn may_publish(topic: &str) -> bool {
        !topic.starts_with(CLOSED)
    }

    /// May this client receive what is published to `topic`?
    pub(crate) fn may_receive(self, topic: &str) -> bool {
        self.is_privileged || !topic.starts_with(SECRET)
    }

    /// May this client subscribe to `filter`, without `$share/…`?
    pub(crate) fn may_subscribe(self, filter: &str) -> bool {
        !filter.starts_with(CLOSED) && (self.is_privileged || !filter.starts_with(SECRET))
    }

    fn grant(self, filter: FilterRef<'_>) -> Grant {
        if !self.may_subscribe(filter.as_str()) {
            Grant::Denied
        } else if self.is_privileged || !filter.starts_with_wildcard() {
            Grant::Whole
        } else {
            Grant::PerMessage
        }
    }
}

impl Authorize for Rights {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        if self.must_ask {
            Permission::Asked
        } else if Self::may_publish(topic) {
            Permission::Allowed
        } else {
            Permission::Denied
        }
    }

    fn subscribe(&self, filter: FilterRef<'_>, _: Option<&str>) -> Grant {
        if self.must_ask { Grant::Asked } else { self.grant(filter) }
    }

    fn receive(&self, topic: &str) -> Permission {
        if self.may_receive(topic) { Permission::Allowed } else { Permission::Denied }
    }

    fn inquire(&self, attempt: Attempt<'_>, reply: InquiryReply) {
        reply.answer(Inquired::Granted(match attempt {
            Attempt::Publish { topic, .. } if Self::may_publish(topic) => Grant::Whole,
            Attempt::Publish { .. } => Grant::Denied,
            Attempt::Subscribe { filter, .. } => self.grant(filter),
        }));
    }
}
