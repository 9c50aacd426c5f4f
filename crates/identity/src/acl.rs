//! What clients may do: ACL rules, and how they answer as an [`Authorize`].

use std::{fmt, sync::Arc};

use vouchmq_mqtt::{Authorize, FilterRef, Grant, Permission, QoS};

mod ordered;
mod pattern;
mod rules;
mod selector;
mod told;

#[cfg(test)]
mod tests;

pub use ordered::{Decision, OrderedAcl, OrderedRule, OrderedRules, RuleTopic, Topics};
pub use pattern::{Names, PatternFault, TopicPattern, Variable};
pub use rules::{Acl, AclRule, Action, Effect, Rules};
pub use selector::Selector;

/// What the clients of an authenticator get: the same for all, or rules with their names in them.
#[derive(Clone)]
pub enum Access {
    /// The same for every client.
    Same(Arc<dyn Authorize>),
    /// The rules as they read for each client.
    Rules(Arc<Acl>),
    /// Rules in an order, as they read for each client.
    Ordered(Arc<OrderedAcl>),
}

/// May do everything but publish to topics that start with `$`, which are the broker's own.
#[derive(Clone, Copy, Debug, Default)]
pub struct AllowAll;

/// May do nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct DenyAll;

// === impl Access ===

impl Access {
    /// [`AllowAll`] for every client.
    pub fn everything() -> Self {
        Self::Same(Arc::new(AllowAll))
    }

    /// [`DenyAll`] for every client.
    pub fn nothing() -> Self {
        Self::Same(Arc::new(DenyAll))
    }

    /// What one client may do.
    pub fn of(&self, names: &Names<'_>) -> Arc<dyn Authorize> {
        match self {
            Self::Same(authorize) => Arc::clone(authorize),
            Self::Rules(acl) => Arc::new(acl.rules_of(names)),
            Self::Ordered(acl) => Arc::new(acl.rules_of(names)),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(_) => f.write_str("Same(..)"),
            Self::Rules(acl) => f.debug_tuple("Rules").field(acl).finish(),
            Self::Ordered(acl) => f.debug_tuple("Ordered").field(acl).finish(),
        }
    }
}

// === impl AllowAll ===

impl Authorize for AllowAll {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        if topic.starts_with('$') { Permission::Denied } else { Permission::Allowed }
    }

    fn subscribe(&self, _: FilterRef<'_>, _: Option<&str>) -> Grant {
        Grant::Whole
    }

    fn receive(&self, _: &str) -> Permission {
        Permission::Allowed
    }
}

// === impl DenyAll ===

impl Authorize for DenyAll {
    fn publish(&self, _: &str, _: QoS, _: bool) -> Permission {
        Permission::Denied
    }

    fn subscribe(&self, _: FilterRef<'_>, _: Option<&str>) -> Grant {
        Grant::Denied
    }

    fn receive(&self, _: &str) -> Permission {
        Permission::Denied
    }
}
