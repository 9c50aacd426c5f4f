use std::fmt;
use std::sync::Arc;

use vouchmq_mqtt::{Authorize, FilterRef, Grant, Permission, QoS};

use super::ordered::Survey;
use super::{Access, Effect, Index, Names, OrderedRules, Rules};

/// What the files say about one client, and apart from it, what holds where they say nothing.
pub(super) enum OwnRules {
    /// They never say anything.
    None(Arc<dyn Authorize>),
    Unordered(Rules),
    Ordered(OrderedRules),
}

impl OwnRules {
    pub(super) fn new(access: &Access, index: Option<&Index>, names: &Names<'_>) -> Self {
        match (access, index) {
            (Access::Same(authorize), _) => Self::None(Arc::clone(authorize)),
            (Access::Rules(acl), _) => Self::Unordered(acl.rules_of(names)),
            (Access::Ordered(acl), Some(index)) => Self::Ordered(acl.rules_by(index, names)),
            (Access::Ordered(acl), None) => Self::Ordered(acl.rules_of(names)),
            (Access::Mosquitto(acl), _) => Self::Ordered(acl.rules_of(names)),
        }
    }

    pub(super) fn on_publish(&self, topic: &str, qos: QoS, retain: bool) -> Option<Effect> {
        match self {
            Self::None(_) => None,
            Self::Unordered(rules) => rules.on_publish(topic),
            Self::Ordered(rules) => rules.on_publish(topic, qos, retain),
        }
    }

    pub(super) fn on_receive(&self, topic: &str) -> Option<Effect> {
        match self {
            Self::None(_) => None,
            Self::Unordered(rules) => rules.on_receive(topic),
            Self::Ordered(rules) => rules.on_receive(topic),
        }
    }

    pub(super) fn on_subscribe(&self, filter: FilterRef<'_>) -> Survey {
        match self {
            Self::None(_) => Survey::default(),
            Self::Unordered(rules) => rules.survey(filter),
            Self::Ordered(rules) => rules.survey(filter, None),
        }
    }

    /// A subscription of which nothing is allowed from here on, but perhaps a part was before.
    pub(super) fn denied(&self, is_partly_allowed: bool) -> Grant {
        match self {
            Self::None(_) | Self::Unordered(_) => Grant::Denied,
            Self::Ordered(rules) => rules.denied(is_partly_allowed),
        }
    }

    pub(super) fn no_match_on_publish(&self, topic: &str, qos: QoS, retain: bool) -> Grant {
        let permission = match self {
            Self::None(authorize) => authorize.publish(topic, qos, retain),
            Self::Unordered(_) => Permission::Denied,
            Self::Ordered(rules) => rules.no_match(),
        };
        if permission.is_allowed() { Grant::Whole } else { Grant::Denied }
    }

    pub(super) fn no_match_on_receive(&self, topic: &str) -> Permission {
        match self {
            Self::None(authorize) => authorize.receive(topic),
            Self::Unordered(_) => Permission::Denied,
            Self::Ordered(rules) => rules.no_match(),
        }
    }

    pub(super) fn no_match_on_subscribe(
        &self,
        filter: FilterRef<'_>,
        share: Option<&str>,
        is_partly_allowed: bool,
    ) -> Grant {
        match self {
            Self::None(authorize) => authorize.subscribe(filter, share),
            Self::Unordered(_) => Grant::Denied,
            Self::Ordered(rules) if rules.no_match().is_allowed() => Grant::Whole,
            Self::Ordered(rules) => rules.denied(is_partly_allowed),
        }
    }
}

impl fmt::Debug for OwnRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None(_) => f.write_str("None(..)"),
            Self::Unordered(rules) => rules.fmt(f),
            Self::Ordered(rules) => rules.fmt(f),
        }
    }
}
