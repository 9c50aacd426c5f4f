//! Rights that came with the verdict of an authentication service.

use std::sync::Arc;

use super::ordered::{Entry, Partial, Survey};
use super::{Action, Condition, Effect, Names, OrderedRules, RuleTopic, Rules, Selector};
use vouchmq_mqtt::{FilterRef, QoS};

/// Rules that came with a login.
#[derive(Clone, Debug, PartialEq)]
pub enum CarriedAcl {
    /// The first that fits decides; where none does, others decide.
    List(Vec<CarriedRule>),
    /// The first that fits decides; where none does, it is denied.
    Map(Vec<CarriedRule>),
    /// What one denies, no other allows; what none allows is denied.
    Native(Arc<Rules>),
}

/// One rule of a [`CarriedAcl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CarriedRule {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// What it allows or denies.
    pub action: Action,
    /// The topics it is about; one without any is about nothing.
    pub topics: Vec<RuleTopic>,
    /// How it has to be done.
    pub condition: Condition,
    /// The clients it is about: it may know of them by more than the login did.
    pub whom: Selector,
}

/// A [`CarriedAcl`] as it reads for one client.
#[derive(Debug)]
pub(super) enum CarriedRights {
    Ordered { rules: OrderedRules, is_closed: bool },
    Unordered(Arc<Rules>),
}

impl CarriedAcl {
    /// How many rules there are, each topic of each counted.
    pub fn rule_count(&self) -> usize {
        match self {
            Self::List(rules) | Self::Map(rules) => rules.iter().map(|rule| rule.topics.len()).sum(),
            Self::Native(rules) => rules.entries().count(),
        }
    }

    pub(super) fn rights_of(&self, names: &Names<'_>) -> CarriedRights {
        let (rules, is_closed) = match self {
            Self::List(rules) => (rules, false),
            Self::Map(rules) => (rules, true),
            Self::Native(rules) => return CarriedRights::Unordered(Arc::clone(rules)),
        };
        let mut entries = Vec::new();
        for (number, rule) in rules.iter().enumerate() {
            rule.read_for(names, number, &mut entries);
        }
        let rules = OrderedRules::new(entries, Effect::Deny, Partial::Refused);
        CarriedRights::Ordered { rules, is_closed }
    }
}

impl CarriedRule {
    fn read_for(&self, names: &Names<'_>, number: usize, entries: &mut Vec<Entry>) {
        if !self.whom.is_about(names).unwrap_or(self.effect == Effect::Deny) {
            return;
        }
        let reaches = self.topics.iter().filter_map(|topic| topic.reach_for(names, self.effect));
        entries.extend(reaches.map(|reach| Entry {
            number,
            effect: self.effect,
            action: self.action,
            condition: self.condition,
            reach,
        }));
    }
}

impl CarriedRights {
    /// Whether what no rule is about is denied.
    pub(super) fn is_closed(&self) -> bool {
        match self {
            Self::Ordered { is_closed, .. } => *is_closed,
            Self::Unordered(_) => true,
        }
    }

    /// Whether subscriptions are judged by their QoS.
    pub(super) fn has_qos(&self) -> bool {
        match self {
            Self::Ordered { rules, .. } => rules.has_qos(),
            Self::Unordered(_) => false,
        }
    }

    pub(super) fn on_publish(&self, topic: &str, qos: QoS, retain: bool) -> Option<Effect> {
        match self {
            Self::Ordered { rules, .. } => rules.on_publish(topic, qos, retain),
            Self::Unordered(rules) => rules.on_publish(topic),
        }
    }

    pub(super) fn on_receive(&self, topic: &str) -> Option<Effect> {
        match self {
            Self::Ordered { rules, .. } => rules.on_receive(topic),
            Self::Unordered(rules) => rules.on_receive(topic),
        }
    }

    pub(super) fn on_subscribe(&self, filter: FilterRef<'_>, qos: Option<QoS>) -> Survey {
        match self {
            Self::Ordered { rules, .. } => rules.survey(filter, qos),
            Self::Unordered(rules) => rules.survey(filter),
        }
    }
}
