use std::sync::Arc;

use vouchmq_mqtt::{
    Authorize, FilterRef, Grant, Permission, QoS, TopicFilter,
    topic::{covers, matches, overlaps},
};

use crate::acl::{Action, Effect};

/// Rules of which the first that fits decides, as they read for one client.
///
/// A message is judged by the first rule that names its topic. A subscription is judged as a filter, so that it
/// never reaches further than the rules, which are asked in their order:
/// * one that denies all of it, refuses it;
/// * one that denies part of it, has its messages checked one by one, whatever follows;
/// * one that allows all of it, lets it be;
/// * one that allows part of it, decides nothing: the client may subscribe to that part.
///
/// A shared subscription is judged by the filter behind `$share/{ShareName}/`.
#[derive(Clone, Debug)]
pub struct OrderedRules {
    entries: Box<[Entry]>,
    no_match: Effect,
    partial: Partial,
}

/// What one of several rules says about one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Decision {
    /// Which rule decides, counted from 0; `None` if none fits.
    pub rule: Option<usize>,
    /// What it comes to: [`Grant::Whole`] or [`Grant::Denied`] for a message.
    pub grant: Grant,
    /// Of a subscription whose messages are checked one by one: the first rule that denies some; `None` if it
    /// only reaches beyond what is allowed.
    pub checked_for: Option<usize>,
}

/// A rule, or one of its topics, that is about the client.
#[derive(Clone, Debug)]
pub(in crate::acl) struct Entry {
    pub(in crate::acl) number: usize,
    pub(in crate::acl) effect: Effect,
    pub(in crate::acl) action: Action,
    pub(in crate::acl) reach: Reach,
}

/// Which topics and subscriptions an entry is about.
#[derive(Clone, Debug)]
pub(in crate::acl) enum Reach {
    Every,
    Filter(Arc<TopicFilter>),
    /// The filter itself, which has a wildcard.
    Literal(Arc<TopicFilter>),
}

/// What a subscription comes to that reaches beyond what is allowed, and into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::acl) enum Partial {
    Refused,
    /// It delivers what is allowed.
    Checked,
}

// === impl OrderedRules ===

impl OrderedRules {
    pub(in crate::acl) fn new(entries: Vec<Entry>, no_match: Effect, partial: Partial) -> Self {
        Self { entries: entries.into(), no_match, partial }
    }

    /// Whether the client may publish to `topic`, and by which rule.
    ///
    /// Topics that start with `$` are the broker's own: only a rule that names them lets a client publish there.
    pub fn decide_publish(&self, topic: &str) -> Decision {
        let decision = self.first(Action::Publish, |entry| entry.is_about_publishing(topic));
        match decision {
            Decision { rule: None, .. } if topic.starts_with('$') => Decision::new(None, Grant::Denied),
            decision => decision,
        }
    }

    /// Whether the client may receive what is published to `topic`, and by which rule.
    pub fn decide_receive(&self, topic: &str) -> Decision {
        self.first(Action::Subscribe, |entry| entry.is_about_receiving(topic))
    }

    /// Whether the client may subscribe to `filter`, and by which rule.
    pub fn decide_subscribe(&self, filter: FilterRef<'_>) -> Decision {
        let (mut partly_denied, mut partly_allowed) = (None, None);
        for entry in self.about(Action::Subscribe) {
            let rule = Some(entry.number);
            match (entry.effect, entry.extent(filter)) {
                (_, Extent::None) => {}
                (Effect::Deny, Extent::Whole) => return self.not_allowed(rule, partly_allowed),
                (Effect::Deny, Extent::Part) => partly_denied = partly_denied.or(rule),
                (Effect::Allow, Extent::Whole) => return allowed(rule, partly_denied),
                (Effect::Allow, Extent::Part) => partly_allowed = partly_allowed.or(rule),
            }
        }
        match self.no_match {
            Effect::Deny => self.not_allowed(None, partly_allowed),
            Effect::Allow => allowed(None, partly_denied),
        }
    }

    /// A subscription of which nothing is allowed from here on, but perhaps a part was before.
    fn not_allowed(&self, rule: Option<usize>, partly_allowed: Option<usize>) -> Decision {
        match self.partial {
            Partial::Checked if partly_allowed.is_some() => Decision::new(partly_allowed, Grant::PerMessage),
            Partial::Checked | Partial::Refused => Decision::new(rule, Grant::Denied),
        }
    }

    fn first(&self, action: Action, is_about: impl Fn(&Entry) -> bool) -> Decision {
        let found = self.about(action).find(|entry| is_about(entry));
        let grant = match found.map_or(self.no_match, |entry| entry.effect) {
            Effect::Allow => Grant::Whole,
            Effect::Deny => Grant::Denied,
        };
        Decision::new(found.map(|entry| entry.number), grant)
    }

    fn about(&self, action: Action) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.action == action || entry.action == Action::Both)
    }
}

impl Authorize for OrderedRules {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        self.decide_publish(topic).permission()
    }

    fn subscribe(&self, filter: FilterRef<'_>, _: Option<&str>) -> Grant {
        self.decide_subscribe(filter).grant
    }

    fn receive(&self, topic: &str) -> Permission {
        self.decide_receive(topic).permission()
    }
}

// === impl Decision ===

impl Decision {
    const fn new(rule: Option<usize>, grant: Grant) -> Self {
        Self { rule, grant, checked_for: None }
    }

    /// What it comes to for a message.
    pub const fn permission(&self) -> Permission {
        match self.grant {
            Grant::Whole => Permission::Allowed,
            Grant::PerMessage | Grant::Denied | Grant::Asked => Permission::Denied,
        }
    }
}

const fn allowed(rule: Option<usize>, partly_denied: Option<usize>) -> Decision {
    let grant = if partly_denied.is_some() { Grant::PerMessage } else { Grant::Whole };
    Decision { rule, grant, checked_for: partly_denied }
}

// === impl Entry ===

/// How much of a subscription an entry is about.
enum Extent {
    None,
    Part,
    Whole,
}

impl Entry {
    fn is_about_publishing(&self, topic: &str) -> bool {
        match &self.reach {
            Reach::Every => self.effect == Effect::Deny || !topic.starts_with('$'),
            Reach::Filter(filter) => matches(filter.as_filter(), topic),
            // No topic has a wildcard.
            Reach::Literal(_) => false,
        }
    }

    fn is_about_receiving(&self, topic: &str) -> bool {
        match &self.reach {
            Reach::Every => true,
            Reach::Filter(filter) => matches(filter.as_filter(), topic),
            // Who may have the subscription, may have what it brings; who may not, is not kept from a message
            // that another one brings.
            Reach::Literal(filter) => self.effect == Effect::Allow && matches(filter.as_filter(), topic),
        }
    }

    fn extent(&self, filter: FilterRef<'_>) -> Extent {
        let (is_whole, is_part) = match (&self.reach, self.effect) {
            (Reach::Every, _) => (true, true),
            (Reach::Filter(own), _) => {
                let is_whole = covers(own.as_filter(), filter);
                (is_whole, is_whole || overlaps(own.as_filter(), filter))
            }
            (Reach::Literal(own), Effect::Allow) => (own.as_filter() == filter, false),
            (Reach::Literal(own), Effect::Deny) => (covers(filter, own.as_filter()), false),
        };
        match (is_whole, is_part) {
            (true, _) => Extent::Whole,
            (false, true) => Extent::Part,
            (false, false) => Extent::None,
        }
    }
}
