//! Who may do what, in one rule that engine and oracle apply separately.

use vouchmq_mqtt::{Authorize, FilterRef, Grant, Permission, QoS};

/// Nobody publishes or subscribes below this level.
pub(crate) const CLOSED: &str = "closed/";
/// Only privileged clients receive from below this level.
pub(crate) const SECRET: &str = "secret/";

/// What one client may do, as the engine asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) is_privileged: bool,
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
}

impl Authorize for Rights {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        if Self::may_publish(topic) { Permission::Allowed } else { Permission::Denied }
    }

    fn subscribe(&self, filter: FilterRef<'_>, _: Option<&str>) -> Grant {
        if !self.may_subscribe(filter.as_str()) {
            Grant::Denied
        } else if self.is_privileged || !filter.starts_with_wildcard() {
            Grant::Whole
        } else {
            Grant::PerMessage
        }
    }

    fn receive(&self, topic: &str) -> Permission {
        if self.may_receive(topic) { Permission::Allowed } else { Permission::Denied }
    }
}
