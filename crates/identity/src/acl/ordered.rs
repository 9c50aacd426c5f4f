//! Rules of which the first that fits decides.

use std::{fmt, str::FromStr, sync::Arc};

use vouchmq_mqtt::TopicFilter;

use super::{Action, Condition, Effect, Names, PatternFault, Selector, TopicPattern};

mod index;
mod rules;

#[cfg(test)]
mod tests;

pub(crate) use index::Index;
pub use rules::{Decision, OrderedRules};
pub(super) use rules::{Entry, Partial, Reach, Survey};

/// Rules in an order, each about some clients, topics and actions: the first that fits decides, and where none
/// fits, `no_match` does.
///
/// [`Acl`](super::Acl) is the other kind, in which what is denied is denied whatever stands before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderedAcl {
    /// The rules, the first first.
    pub rules: Vec<OrderedRule>,
    /// What holds where no rule fits.
    pub no_match: Effect,
}

/// One rule of an [`OrderedAcl`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderedRule {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// What it allows or denies.
    pub action: Action,
    /// The topics it is about.
    pub topics: Topics,
    /// The clients it is about.
    pub whom: Selector,
}

/// Which topics an [`OrderedRule`] is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topics {
    /// Every topic. Those that start with `$` are the broker's own: this lets nobody publish to them.
    Every,
    /// What one of these names.
    Of(Vec<RuleTopic>),
}

/// How an [`OrderedRule`] names topics: a filter, or `@` and a filter that is compared as it is written.
///
/// `@` is about the text of a subscription, not about what it matches: `@a/+` lets a client subscribe to `a/+`,
/// and so receive what that matches, and to nothing else by this rule. Denied, it keeps off that filter and each
/// wider one, which would be the same by another name, and no message. Without a wildcard `@` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct RuleTopic {
    pattern: TopicPattern,
    is_literal: bool,
    /// The filter, where no name of a client stands in it: all clients share it.
    fixed: Option<Arc<TopicFilter>>,
}

// === impl OrderedAcl ===

impl OrderedAcl {
    /// The rules for one client: those that are about it, with its names in them.
    ///
    /// Where its names cannot stand in a rule (see [`TopicPattern::filter_of`]), the rule allows nothing, or
    /// denies everything that its action is about.
    pub fn rules_of(&self, names: &Names<'_>) -> OrderedRules {
        self.read(0..self.rules.len(), names)
    }

    /// The same, found by an index of these rules.
    pub(crate) fn rules_by(&self, index: &Index, names: &Names<'_>) -> OrderedRules {
        self.read(index.numbers(names), names)
    }

    fn read(&self, numbers: impl IntoIterator<Item = usize>, names: &Names<'_>) -> OrderedRules {
        let mut entries = Vec::new();
        for number in numbers {
            if let Some(rule) = self.rules.get(number) {
                rule.read_for(names, number, &mut entries);
            }
        }
        OrderedRules::new(entries, self.no_match, Partial::Refused)
    }
}

impl OrderedRule {
    fn read_for(&self, names: &Names<'_>, number: usize, entries: &mut Vec<Entry>) {
        let is_about = self.whom.is_about(names);
        if !is_about.unwrap_or(self.effect == Effect::Deny) {
            return;
        }
        let condition = Condition::NONE;
        let entry = |reach| Entry { number, effect: self.effect, action: self.action, condition, reach };
        match &self.topics {
            Topics::Every => entries.push(entry(Reach::Every)),
            Topics::Of(topics) => {
                let reaches = topics.iter().filter_map(|topic| topic.reach_for(names, self.effect));
                entries.extend(reaches.map(entry));
            }
        }
    }
}

impl fmt::Display for OrderedRule {
    /// In words, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.action {
            Action::Publish => "publish",
            Action::Subscribe => "subscribe",
            Action::Both => "publish and subscribe",
        };
        write!(f, "{} {} to {action} to", self.effect, self.whom)?;
        match &self.topics {
            Topics::Every => f.write_str(" every topic"),
            Topics::Of(topics) => topics.iter().try_for_each(|topic| write!(f, " {topic:?}")),
        }
    }
}

// === impl RuleTopic ===

impl RuleTopic {
    /// Topics by a filter.
    pub fn matching(pattern: TopicPattern) -> Self {
        Self::new(pattern, false)
    }

    /// A filter that is compared as it is written.
    pub fn literal(pattern: TopicPattern) -> Self {
        Self::new(pattern, true)
    }

    fn new(pattern: TopicPattern, is_literal: bool) -> Self {
        let is_fixed = pattern.variables().next().is_none();
        let fixed = pattern.filter_of(&Names::default()).filter(|_| is_fixed).map(Arc::new);
        Self { pattern, is_literal, fixed }
    }

    /// How far it reaches with the names of a client; `None` if it is about nothing.
    pub(super) fn reach_for(&self, names: &Names<'_>, effect: Effect) -> Option<Reach> {
        let filter = self.fixed.clone().or_else(|| self.pattern.filter_of(names).map(Arc::new));
        match (filter, effect) {
            (Some(filter), _) if self.is_literal && filter.as_filter().has_wildcard() => {
                Some(Reach::Literal(filter))
            }
            (Some(filter), _) => Some(Reach::Filter(filter)),
            (None, Effect::Allow) => None,
            (None, Effect::Deny) => Some(Reach::Every),
        }
    }
}

impl FromStr for RuleTopic {
    type Err = PatternFault;

    fn from_str(text: &str) -> Result<Self, PatternFault> {
        match text.strip_prefix('@') {
            Some(literal) => literal.parse().map(Self::literal),
            None => text.parse().map(Self::matching),
        }
    }
}

impl fmt::Display for RuleTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_literal { "@" } else { "" };
        write!(f, "{mark}{}", self.pattern)
    }
}

impl fmt::Debug for RuleTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
