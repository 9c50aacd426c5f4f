use crate::{QoS, topic::FilterRef};

/// What one authenticated client may publish, subscribe to and receive.
///
/// The engine asks before it acts, without waiting: an implementation answers from memory. Rules that
/// change give the client a new `Authorize`; one value always answers alike.
pub trait Authorize: Send + Sync {
    /// May the client publish to `topic`, a valid Topic Name? Asked for a Will as well.
    fn publish(&self, topic: &str, qos: QoS, retain: bool) -> Permission;

    /// May the client subscribe to `filter`, and must its messages be checked one by one?
    ///
    /// `share` is the ShareName of a shared subscription; `filter` is without `$share/{ShareName}/`.
    fn subscribe(&self, filter: FilterRef<'_>, share: Option<&str>) -> Grant;

    /// May the client receive a message published to `topic`? Asked for every message, retained ones too,
    /// that reaches the client through a [`Grant::PerMessage`] subscription.
    fn receive(&self, topic: &str) -> Permission;
}

/// Whether something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Permission {
    /// It may.
    Allowed,
    /// It may not.
    Denied,
}

/// Whether a subscription may exist, and what it may deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Grant {
    /// Every topic that the filter matches may be received: nothing is checked at delivery.
    Whole,
    /// The subscription may exist, but [`Authorize::receive`] decides on each message.
    PerMessage,
    /// The subscription is refused.
    Denied,
}

impl Permission {
    /// Whether it is [`Permission::Allowed`].
    pub const fn is_allowed(self) -> bool {
        matches!(self, Self::Allowed)
    }
}
