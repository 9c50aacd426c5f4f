use std::sync::Arc;

use vouchmq_mqtt::{
    Authorize, FilterRef, Grant, Permission, QoS, TopicFilter,
    topic::{covers, matches, overlaps},
};

use crate::acl::{Action, Condition, Effect};

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
    pub(in crate::acl) condition: Condition,
    pub(in crate::acl) reach: Reach,
}

/// What rules say about a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::acl) struct Survey {
    /// What one says that is about all of it.
    pub(in crate::acl) decides: Option<Effect>,
    /// Whether one before that denies part of it.
    pub(in crate::acl) is_partly_denied: bool,
    /// Whether one before that allows part of it.
    pub(in crate::acl) is_partly_allowed: bool,
}

/// The same, with the rules.
#[derive(Default)]
struct Found {
    decides: Option<(usize, Effect)>,
    partly_denied: Option<usize>,
    partly_allowed: Option<usize>,
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
        match self.publisher(topic, QoS::AtMostOnce, false) {
            None if topic.starts_with('$') => Decision::new(None, Grant::Denied),
            found => self.decided(found),
        }
    }

    /// Whether the client may receive what is published to `topic`, and by which rule.
    pub fn decide_receive(&self, topic: &str) -> Decision {
        self.decided(self.receiver(topic))
    }

    /// Whether the client may subscribe to `filter`, and by which rule.
    pub fn decide_subscribe(&self, filter: FilterRef<'_>) -> Decision {
        let Found { decides, partly_denied, partly_allowed } = self.find(filter, None);
        match decides {
            Some((rule, Effect::Deny)) => self.not_allowed(Some(rule), partly_allowed),
            Some((rule, Effect::Allow)) => allowed(Some(rule), partly_denied),
            None => match self.no_match {
                Effect::Deny => self.not_allowed(None, partly_allowed),
                Effect::Allow => allowed(None, partly_denied),
            },
        }
    }

    pub(in crate::acl) fn on_publish(&self, topic: &str, qos: QoS, retain: bool) -> Option<Effect> {
        self.publisher(topic, qos, retain).map(|entry| entry.effect)
    }

    pub(in crate::acl) fn on_receive(&self, topic: &str) -> Option<Effect> {
        self.receiver(topic).map(|entry| entry.effect)
    }

    /// Where `qos` is not known, rules about some QoS allow nothing, and deny.
    pub(in crate::acl) fn survey(&self, filter: FilterRef<'_>, qos: Option<QoS>) -> Survey {
        let Found { decides, partly_denied, partly_allowed } = self.find(filter, qos);
        Survey {
            decides: decides.map(|(_, effect)| effect),
            is_partly_denied: partly_denied.is_some(),
            is_partly_allowed: partly_allowed.is_some(),
        }
    }

    /// Whether subscriptions are judged by their QoS.
    pub(in crate::acl) fn has_qos(&self) -> bool {
        self.about(Action::Subscribe).any(|entry| !entry.condition.fits_every_qos())
    }

    pub(in crate::acl) const fn no_match(&self) -> Permission {
        match self.no_match {
            Effect::Allow => Permission::Allowed,
            Effect::Deny => Permission::Denied,
        }
    }

    /// What a subscription comes to of which nothing is allowed from here on, but perhaps a part was before.
    pub(in crate::acl) const fn denied(&self, is_partly_allowed: bool) -> Grant {
        match self.partial {
            Partial::Checked if is_partly_allowed => Grant::PerMessage,
            Partial::Checked | Partial::Refused => Grant::Denied,
        }
    }

    fn find(&self, filter: FilterRef<'_>, qos: Option<QoS>) -> Found {
        let mut found = Found::default();
        for entry in self.about(Action::Subscribe).filter(|entry| entry.fits_subscription(qos)) {
            let rule = entry.number;
            match (entry.effect, entry.extent(filter)) {
                (_, Extent::None) => {}
                (effect, Extent::Whole) => {
                    found.decides = Some((rule, effect));
                    break;
                }
                (Effect::Deny, Extent::Part) => found.partly_denied = found.partly_denied.or(Some(rule)),
                (Effect::Allow, Extent::Part) => found.partly_allowed = found.partly_allowed.or(Some(rule)),
            }
        }
        found
    }

    fn not_allowed(&self, rule: Option<usize>, partly_allowed: Option<usize>) -> Decision {
        let grant = self.denied(partly_allowed.is_some());
        let rule = if grant == Grant::PerMessage { partly_allowed } else { rule };
        Decision::new(rule, grant)
    }

    fn publisher(&self, topic: &str, qos: QoS, retain: bool) -> Option<&Entry> {
        self.about(Action::Publish)
            .find(|entry| entry.condition.fits_publication(qos, retain) && entry.is_about_publishing(topic))
    }

    fn receiver(&self, topic: &str) -> Option<&Entry> {
        self.about(Action::Subscribe).find(|entry| entry.is_about_receiving(topic))
    }

    fn decided(&self, found: Option<&Entry>) -> Decision {
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
    fn publish(&self, topic: &str, qos: QoS, retain: bool) -> Permission {
        match self.on_publish(topic, qos, retain) {
            Some(Effect::Allow) => Permission::Allowed,
            Some(Effect::Deny) => Permission::Denied,
            None if topic.starts_with('$') => Permission::Denied,
            None => self.no_match(),
        }
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
    fn fits_subscription(&self, qos: Option<QoS>) -> bool {
        match qos {
            Some(qos) => self.condition.fits_subscription(qos),
            None => self.effect == Effect::Deny || self.condition.fits_every_qos(),
        }
    }

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
