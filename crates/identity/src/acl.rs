//! What clients may do: ACL rules, and how they answer as an [`Authorize`].

use std::fmt;
use std::sync::{Arc, LazyLock};

use vouchmq_mqtt::{Authorize, FilterRef, Grant, Permission, QoS};

mod carried;
mod condition;
mod decisions;
mod explain;
mod mosquitto;
mod ordered;
mod own;
mod pattern;
mod rights;
mod rules;
mod selector;
mod service;
mod told;

#[cfg(test)]
mod tests;

pub use carried::{CarriedAcl, CarriedRule};
pub use condition::Condition;
pub use decisions::Decisions;
pub use explain::Attempt;
pub use mosquitto::{LineFault, MosquittoAcl, MosquittoAclFault, MosquittoRule};
pub(crate) use ordered::Index;
pub use ordered::{Decision, OrderedAcl, OrderedRule, OrderedRules, RuleTopic, Topics};
pub use pattern::{Names, PatternFault, TopicPattern, Variable};
pub use rights::{Rights, RightsOf};
pub use rules::{Acl, AclRule, Action, Effect, Rules};
pub use selector::Selector;
pub use service::{AskPermission, Said, SaidReply};

/// What the clients of an authenticator get: the same for all, or rules with their names in them.
#[derive(Clone)]
pub enum Access {
    /// The same for every client.
    Same(Arc<dyn Authorize>),
    /// The rules as they read for each client.
    Rules(Arc<Acl>),
    /// Rules in an order, as they read for each client.
    Ordered(Arc<OrderedAcl>),
    /// Rules of a file of Mosquitto, as they read for each client.
    Mosquitto(Arc<MosquittoAcl>),
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
        static EVERYTHING: LazyLock<Arc<dyn Authorize>> = LazyLock::new(|| Arc::new(AllowAll));
        Self::Same(EVERYTHING.clone())
    }

    /// [`DenyAll`] for every client.
    pub fn nothing() -> Self {
        static NOTHING: LazyLock<Arc<dyn Authorize>> = LazyLock::new(|| Arc::new(DenyAll));
        Self::Same(NOTHING.clone())
    }

    /// Whether every client gets the same from both; `false` where that is not known.
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Same(one), Self::Same(other)) => Arc::ptr_eq(one, other),
            (Self::Rules(one), Self::Rules(other)) => one == other,
            (Self::Ordered(one), Self::Ordered(other)) => one == other,
            (Self::Mosquitto(one), Self::Mosquitto(other)) => one == other,
            (Self::Same(_) | Self::Rules(_) | Self::Ordered(_) | Self::Mosquitto(_), _) => false,
        }
    }

    /// What one client may do.
    pub fn of(&self, names: &Names<'_>) -> Arc<dyn Authorize> {
        match self {
            Self::Same(authorize) => Arc::clone(authorize),
            Self::Rules(acl) => Arc::new(acl.rules_of(names)),
            Self::Ordered(acl) => Arc::new(acl.rules_of(names)),
            Self::Mosquitto(acl) => Arc::new(acl.rules_of(names)),
        }
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same(_) => f.write_str("Same(..)"),
            Self::Rules(acl) => f.debug_tuple("Rules").field(acl).finish(),
            Self::Ordered(acl) => f.debug_tuple("Ordered").field(acl).finish(),
            Self::Mosquitto(acl) => f.debug_tuple("Mosquitto").field(acl).finish(),
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
