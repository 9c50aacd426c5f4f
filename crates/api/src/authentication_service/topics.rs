use vouchmq_identity::acl::Rules;

/// What a broker asks about a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Publish,
    Subscribe,
}

/// More topics in one question are denied.
const TOPICS_MAX: usize = 256;

impl Act {
    /// Reads NanoMQ's and EMQX's `access`, or EMQX's `action`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "1" | "subscribe" => Some(Self::Subscribe),
            "2" | "publish" => Some(Self::Publish),
            _ => None,
        }
    }

    /// Whether the rules allow it for one topic.
    pub(super) fn is_allowed(self, rules: &Rules, topic: &str) -> bool {
        match self {
            Self::Publish => rules.may_publish(topic),
            Self::Subscribe => rules.may_subscribe(topic),
        }
    }

    /// Whether the rules allow it for each of a list that is joined by commas.
    ///
    /// Topics may have commas themselves, so that a list reads in several ways: every piece has to be allowed,
    /// and the whole as one topic too.
    pub(super) fn is_allowed_for_all(self, rules: &Rules, joined: &str) -> bool {
        joined.split(',').count() <= TOPICS_MAX
            && self.is_allowed(rules, joined)
            && joined.split(',').all(|topic| self.is_allowed(rules, topic))
    }
}
