use vouchmq_mqtt::topic::{ParsedFilter, TopicFault, TopicLimits, TopicName};
use vouchmq_mqtt::{Grant, QoS};

use super::{Access, Decision, Names};

/// What a client would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt<'a> {
    /// Publish to this topic.
    Publish(&'a str),
    /// Subscribe to this filter, shared or not.
    Subscribe(&'a str),
}

impl Access {
    /// Whether a client may do something, and which rule says so.
    ///
    /// [`Decision::rule`] and [`Decision::checked_for`] are places in [`OrderedAcl::rules`](super::OrderedAcl) or
    /// [`MosquittoAcl::rules`](super::MosquittoAcl::rules); rules without an order decide together, and none is
    /// named.
    ///
    /// # Errors
    /// [`TopicFault`]: what the client would publish to, or subscribe to, is no topic or filter.
    pub fn decide(&self, names: &Names<'_>, attempt: Attempt<'_>) -> Result<Decision, TopicFault> {
        let rules = match self {
            Self::Ordered(acl) => Some(acl.rules_of(names)),
            Self::Mosquitto(acl) => Some(acl.rules_of(names)),
            Self::Same(_) | Self::Rules(_) => None,
        };
        let grant = match attempt {
            Attempt::Publish(topic) => {
                TopicName::parse(topic, &TopicLimits::STANDARD)?;
                if let Some(rules) = rules {
                    return Ok(rules.decide_publish(topic));
                }
                let is_allowed = self.of(names).publish(topic, QoS::AtMostOnce, false).is_allowed();
                if is_allowed { Grant::Whole } else { Grant::Denied }
            }
            Attempt::Subscribe(filter) => {
                let ParsedFilter { filter, share } = ParsedFilter::parse(filter, &TopicLimits::STANDARD)?;
                if let Some(rules) = rules {
                    return Ok(rules.decide_subscribe(filter));
                }
                self.of(names).subscribe(filter, share)
            }
        };
        Ok(Decision { rule: None, grant, checked_for: None })
    }

    /// The same for people, line by line. `place_of` tells where a rule stands, by its place among the rules, where
    /// that is known.
    ///
    /// # Errors
    /// As [`Self::decide`].
    pub fn explain(
        &self,
        names: &Names<'_>,
        attempt: Attempt<'_>,
        place_of: &dyn Fn(usize) -> Option<String>,
    ) -> Result<Vec<String>, TopicFault> {
        let decision = self.decide(names, attempt)?;
        let mut lines = vec![headline(names, attempt, decision.grant)];
        lines.push(match decision.rule {
            Some(rule) => format!("decided by {}", self.rule_at(rule, place_of)),
            None => format!("decided by {}", self.without_rule(attempt)),
        });
        if let Some(rule) = decision.checked_for {
            lines.push(format!("messages are checked because of {}", self.rule_at(rule, place_of)));
        }
        Ok(lines)
    }

    fn rule_at(&self, number: usize, place_of: &dyn Fn(usize) -> Option<String>) -> String {
        let place = place_of(number).map(|place| format!(" ({place})")).unwrap_or_default();
        let (name, text) = match self {
            Self::Ordered(acl) => {
                let text = acl.rules.get(number).map(ToString::to_string);
                (format!("rule {}", number.saturating_add(1)), text)
            }
            Self::Mosquitto(acl) => {
                let rule = acl.rules().get(number);
                let line = rule.map_or(0, |rule| rule.line);
                (format!("line {line}"), rule.map(ToString::to_string))
            }
            Self::Same(_) | Self::Rules(_) => (String::new(), None),
        };
        format!("{name}{place}: {}", text.unwrap_or_default())
    }

    fn without_rule(&self, attempt: Attempt<'_>) -> String {
        match (self, attempt) {
            (Self::Same(_), _) => "what holds for every client: there are no rules".to_owned(),
            (Self::Rules(_), _) => "rules without an order: what one denies, none allows".to_owned(),
            (Self::Mosquitto(_), _) => "the end of the file: no line of this client's allows it".to_owned(),
            (Self::Ordered(_), Attempt::Publish(topic)) if topic.starts_with('$') => {
                "nobody: topics that start with $ are the broker's own, unless a rule names them".to_owned()
            }
            (Self::Ordered(acl), _) => format!("no_match = {}: no rule fits", acl.no_match),
        }
    }
}

fn headline(names: &Names<'_>, attempt: Attempt<'_>, grant: Grant) -> String {
    let user = names.username.map_or_else(|| "no user name".to_owned(), |name| format!("user {name:?}"));
    let address = names.address.map(|address| format!(" from {address}")).unwrap_or_default();
    let verb = match grant {
        Grant::Denied => "may not",
        Grant::Asked => "may, if the authentication service says so,",
        Grant::Whole | Grant::PerMessage => "may",
    };
    let what = match attempt {
        Attempt::Publish(topic) => format!("publish to {topic:?}"),
        Attempt::Subscribe(filter) => format!("subscribe to {filter:?}"),
    };
    let how = if grant == Grant::PerMessage { ", and gets the messages that it may receive" } else { "" };
    format!("client {:?} ({user}){address} {verb} {what}{how}", names.client_id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::acl::{Action, Effect, MosquittoAcl, OrderedAcl, OrderedRule, Selector, Topics};

    const ALICE: Names<'_> = Names {
        client_id: "c1",
        username: Some("alice"),
        device: None,
        product: None,
        address: None,
        attributes: &[],
    };

    fn ordered() -> Access {
        let rule = |effect, topics: &[&str], whom| OrderedRule {
            effect,
            action: Action::Both,
            topics: Topics::Of(topics.iter().map(|topic| topic.parse().unwrap()).collect()),
            whom,
        };
        let rules = vec![
            rule(Effect::Deny, &["secret/#"], Selector::Everybody),
            rule(Effect::Allow, &["#"], Selector::of_user_name("alice")),
        ];
        Access::Ordered(Arc::new(OrderedAcl { rules, no_match: Effect::Deny }))
    }

    fn explain(access: &Access, names: &Names<'_>, attempt: Attempt<'_>) -> String {
        let place = |number: usize| (number == 1).then(|| "acl.conf:7".to_owned());
        access.explain(names, attempt, &place).unwrap().join("\n")
    }

    #[test]
    fn the_rule_that_decides_is_named() {
        let access = ordered();
        let from = Names { address: Some([10, 0, 0, 1].into()), ..ALICE };
        assert_eq!(
            explain(&access, &from, Attempt::Publish("secret/x")),
            "client \"c1\" (user \"alice\") from 10.0.0.1 may not publish to \"secret/x\"\n\
             decided by rule 1: deny everybody to publish and subscribe to \"secret/#\""
        );
        assert_eq!(
            explain(&access, &ALICE, Attempt::Subscribe("$share/g/#")),
            "client \"c1\" (user \"alice\") may subscribe to \"$share/g/#\", and gets the messages that it may receive\n\
             decided by rule 2 (acl.conf:7): allow user \"alice\" to publish and subscribe to \"#\"\n\
             messages are checked because of rule 1: deny everybody to publish and subscribe to \"secret/#\""
        );
        assert_eq!(
            explain(&access, &Names { username: None, ..ALICE }, Attempt::Publish("a")),
            "client \"c1\" (no user name) may not publish to \"a\"\ndecided by no_match = deny: no rule fits"
        );
        assert!(explain(&access, &ALICE, Attempt::Publish("$SYS/x")).contains("the broker's own"));
    }

    #[test]
    fn a_line_of_mosquitto_is_named() {
        let acl = MosquittoAcl::parse("\nuser alice\ntopic read a/#\ntopic deny a/x\n").unwrap();
        let access = Access::Mosquitto(Arc::new(acl));
        let said = access.explain(&ALICE, Attempt::Subscribe("a/+"), &|_| None).unwrap();
        assert_eq!(
            said.get(1..).unwrap(),
            ["decided by line 3: read a/#", "messages are checked because of line 4: deny a/x",]
        );
        let said = access.explain(&ALICE, Attempt::Publish("b"), &|_| None).unwrap();
        assert_eq!(
            said.last().unwrap(),
            "decided by the end of the file: no line of this client's allows it"
        );
    }

    #[test]
    fn what_no_client_can_ask_for_is_refused() {
        for access in [ordered(), Access::everything()] {
            for attempt in [Attempt::Publish("a/+"), Attempt::Publish(""), Attempt::Subscribe("a/#/b")] {
                assert!(access.decide(&ALICE, attempt).is_err(), "{attempt:?}");
            }
        }
        let open = Access::everything();
        assert_eq!(open.decide(&ALICE, Attempt::Subscribe("$share/g/a")).unwrap().grant, Grant::Whole);
        assert_eq!(open.decide(&ALICE, Attempt::Publish("$SYS/x")).unwrap().grant, Grant::Denied);
    }
}
