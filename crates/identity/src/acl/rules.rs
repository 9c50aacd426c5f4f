use vouchmq_mqtt::{
    Authorize, FilterRef, Grant, Permission, QoS, TopicFilter,
    topic::{covers, matches, overlaps},
};

use super::ordered::Survey;
use super::{Names, TopicPattern};
use crate::model::words;

/// Rules about what clients may do, in which each client's names can stand.
///
/// What no rule allows is denied, so no rules deny everything; and what a rule denies is denied whatever
/// others allow, so the order of rules does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Acl(Vec<AclRule>);

/// One rule of an [`Acl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AclRule {
    /// Whether the rule allows or denies.
    pub effect: Effect,
    /// What it allows or denies.
    pub action: Action,
    /// The topics it is about.
    pub pattern: TopicPattern,
}

words! {
    /// Whether a rule allows or denies.
    Effect {
        /// Allow, unless another rule denies.
        Allow = "allow",
        /// Deny, whatever other rules allow.
        Deny = "deny",
    }
}

words! {
    /// What a rule is about.
    Action {
        /// Publishing to the topics.
        Publish = "publish",
        /// Subscribing to the topics and receiving their messages.
        Subscribe = "subscribe",
        /// Both.
        Both = "both",
    }
}

/// An [`Acl`] as it reads for one client.
///
/// A subscription is judged as a filter, so that a wildcard never reaches further than the rules:
/// * refused, unless one allowed filter covers all of it;
/// * refused, if one denied filter covers all of it;
/// * checked message by message, if a denied filter overlaps it;
/// * whole otherwise.
///
/// A shared subscription is judged by the filter behind `$share/{ShareName}/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    publish: Side,
    subscribe: Side,
}

/// The rules about one action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Side {
    allow: Vec<TopicFilter>,
    deny: Vec<TopicFilter>,
}

// === impl Acl ===

impl Acl {
    /// These rules.
    pub const fn new(rules: Vec<AclRule>) -> Self {
        Self(rules)
    }

    /// The rules for one client.
    ///
    /// Where the client's names cannot stand in a rule (see [`TopicPattern::filter_of`]), the rule allows
    /// nothing, or denies everything that its action is about: never does a strange name free a client from
    /// a rule.
    ///
    /// `${clientid}` is only as good as the check that binds client identifiers to users: without one, every
    /// client chooses its own.
    pub fn rules_of(&self, names: &Names<'_>) -> Rules {
        Rules {
            publish: self.side_of(names, Action::Publish),
            subscribe: self.side_of(names, Action::Subscribe),
        }
    }

    /// The rules as they were written.
    pub fn rules(&self) -> &[AclRule] {
        &self.0
    }

    fn side_of(&self, names: &Names<'_>, action: Action) -> Side {
        let mut side = Side::default();
        for rule in self.0.iter().filter(|rule| rule.action == action || rule.action == Action::Both) {
            match (rule.effect, rule.pattern.filter_of(names)) {
                (Effect::Allow, Some(filter)) => side.allow.push(filter),
                (Effect::Allow, None) => {}
                (Effect::Deny, Some(filter)) => side.deny.push(filter),
                (Effect::Deny, None) => return Side::default(),
            }
        }
        side
    }
}

impl FromIterator<AclRule> for Acl {
    fn from_iter<I: IntoIterator<Item = AclRule>>(rules: I) -> Self {
        Self(rules.into_iter().collect())
    }
}

// === impl Rules ===

impl Rules {
    /// The rules one by one, as others can be told them: what is denied first, and each rule about one action
    /// ([`Action::Publish`] or [`Action::Subscribe`]). What none allows is denied.
    pub fn entries(&self) -> impl Iterator<Item = (Effect, Action, &TopicFilter)> {
        let sides = [(Action::Publish, &self.publish), (Action::Subscribe, &self.subscribe)];
        let of = |effect: Effect| {
            sides.into_iter().flat_map(move |(action, side)| {
                let filters = match effect {
                    Effect::Allow => &side.allow,
                    Effect::Deny => &side.deny,
                };
                filters.iter().map(move |filter| (effect, action, filter))
            })
        };
        of(Effect::Deny).chain(of(Effect::Allow))
    }

    pub(super) fn on_publish(&self, topic: &str) -> Option<Effect> {
        self.publish.says(topic)
    }

    pub(super) fn on_receive(&self, topic: &str) -> Option<Effect> {
        self.subscribe.says(topic)
    }

    pub(super) fn survey(&self, filter: FilterRef<'_>) -> Survey {
        self.subscribe.survey(filter)
    }
}

impl Authorize for Rules {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        self.publish.permission(topic)
    }

    fn subscribe(&self, filter: FilterRef<'_>, _: Option<&str>) -> Grant {
        self.subscribe.grant(filter)
    }

    fn receive(&self, topic: &str) -> Permission {
        self.subscribe.permission(topic)
    }
}

// === impl Side ===

impl Side {
    fn says(&self, topic: &str) -> Option<Effect> {
        let hit = |filters: &[TopicFilter]| filters.iter().any(|filter| matches(filter.as_filter(), topic));
        if hit(&self.deny) {
            return Some(Effect::Deny);
        }
        hit(&self.allow).then_some(Effect::Allow)
    }

    fn permission(&self, topic: &str) -> Permission {
        if self.says(topic) == Some(Effect::Allow) { Permission::Allowed } else { Permission::Denied }
    }

    fn survey(&self, filter: FilterRef<'_>) -> Survey {
        let covered = |filters: &[TopicFilter]| filters.iter().any(|wide| covers(wide.as_filter(), filter));
        let touched =
            |filters: &[TopicFilter]| filters.iter().any(|other| overlaps(other.as_filter(), filter));
        let decides = match (covered(&self.deny), covered(&self.allow)) {
            (true, _) => Some(Effect::Deny),
            (false, true) => Some(Effect::Allow),
            (false, false) => None,
        };
        Survey { decides, is_partly_denied: touched(&self.deny), is_partly_allowed: touched(&self.allow) }
    }

    fn grant(&self, filter: FilterRef<'_>) -> Grant {
        match self.survey(filter) {
            Survey { decides: Some(Effect::Allow), is_partly_denied: true, .. } => Grant::PerMessage,
            Survey { decides: Some(Effect::Allow), is_partly_denied: false, .. } => Grant::Whole,
            Survey { decides: Some(Effect::Deny) | None, .. } => Grant::Denied,
        }
    }
}
